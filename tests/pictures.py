"""What the example programs draw, each drawn once for all tests of a run."""

from __future__ import annotations

from functools import cache

import tnlang
from tests.conftest import PROGRAMS
from tnlang.draw.scene import Scene
from tnlang.draw.svg import to_svg
from tnlang.verification import Verifier


@cache
def program(name: str) -> tnlang.Program:
    """An example by its name."""
    return tnlang.load(PROGRAMS[name])


def shown(name: str) -> tuple[str, str]:
    """What an example shows first: its first figure; where it has none, its last net."""
    found = program(name)
    return ("figure", next(iter(found.figures))) if found.figures else ("net", found.ir.exported[-1])


@cache
def scene(name: str, kind: str, shown: str) -> Scene:
    """The scene of one of its figures or nets, as ``kind`` says."""
    found = program(name)
    return (found.figures if kind == "figure" else found.nets)[shown].scene()


@cache
def svg(name: str, kind: str, shown: str) -> str:
    """The same as the text of an SVG file."""
    return to_svg(scene(name, kind, shown))


@cache
def verifier(name: str, module: bool = False) -> Verifier:
    """What pictures of an example are compared with."""
    return Verifier(program(name).ir, module=module)
