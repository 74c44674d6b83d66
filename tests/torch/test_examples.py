"""Every net of the examples: the generated module gives what the reference gives, all named values too."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.conftest import PROGRAMS
from tests.torch.modules import agree
from tnlang.elaborate.program import build
from tnlang.files import read_source
from tnlang.ir.program import Program
from tnlang.source import Diagnostics
from tnlang.syntax import parse

WIDTHS = {"layer": 2, "hidden": 12, "vocab": 31}
GPT2 = WIDTHS | {"head": 3, "head_size": 4, "position": 16}
SMALL = {
    "gpt2": GPT2,
    "C9_bert": GPT2,
    "C9_encoder_decoder": WIDTHS | {"head": 3, "head_size": 4, "mlp": 20, "side": 4, "far": 16},
    "C9_parallel": {"layer": 2, "hidden": 12, "gpt2.head": 3, "gpt2.head_size": 4},
    "C9_llama": WIDTHS | {"mlp": 20, "kv": 2, "rep": 3, "half": 2},
}
"""Sizes of what is too large as it is, by the names of the files."""

NOT_YET = {"TN900", "TN862"}
"""Transforms that this version does not have, and what imports nets made by them."""


@cache
def elaborated(path: Path) -> Program:
    """An example as far as this version goes: nets made by transforms that it lacks are left out."""
    found = Diagnostics()
    source = read_source(path)
    dims = SMALL.get(path.stem, {})
    if not dims and 'from "gpt2.tn"' in source.text:
        dims = {f"gpt2.{name}": size for name, size in GPT2.items()}
    program = build(parse(source), found, dims, None)
    assert {d.code for d in found.errors} <= NOT_YET, "\n".join(map(str, found.errors))
    return program


def nets() -> list[tuple[Path, str]]:
    return [(path, net) for path in PROGRAMS.values() for net in elaborated(path).exported]


@pytest.mark.parametrize(("path", "net"), nets(), ids=lambda value: getattr(value, "stem", value))
def test_example(path: Path, net: str) -> None:
    program = elaborated(path)
    dims = {dim.name: 5 for dim in program.dims if dim.default is None}
    agree(program, net, dims)


def test_there_are_examples() -> None:
    assert len(nets()) > 80
