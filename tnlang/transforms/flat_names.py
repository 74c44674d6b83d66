"""Paths of values, and the names that values have in a cache, and in a net that is written out flat."""

from __future__ import annotations

import re

from tnlang.transforms.request import Step, ValuePath


def is_named(name: str, path: ValuePath) -> bool:
    """Whether a path (``attention{0}.A``, ``attention.A``, ``*.A``, ``A``) means ``attention.0.A``."""
    pattern = re.compile(r"\.".join(map(_pattern, path)))
    if len(path) > 1:
        return pattern.fullmatch(name) is not None
    starts = (0, *(found.end() for found in re.finditer(r"\.", name)))
    return any(pattern.fullmatch(name, at) for at in starts)


def bare_name(name: str) -> str:
    """What a value is called in the net that makes it."""
    return re.sub(r"(\.\d+)*(#\d+)?$", "", name).rpartition(".")[2]


def _pattern(step: Step) -> str:
    """A part of a path as it stands in the name of a value."""
    if step.name == "*":
        return r".+?"
    subs = r"(\.\d+)*" if step.subs is None else "".join(rf"\.{sub}" for sub in step.subs)
    return re.escape(step.name) + subs + r"(#\d+)?"
