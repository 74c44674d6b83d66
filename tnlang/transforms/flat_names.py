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


def is_net(path: ValuePath, net: str) -> bool:
    """Whether a path is the name of a net; of one that is imported also its own name there."""
    return path in ((Step(net),), (Step(net.rpartition(".")[2]),))


def bare_name(name: str) -> str:
    """What a value is called in the net that makes it."""
    return re.sub(r"(\.\d+)*(#\d+)?$", "", name).rpartition(".")[2]


def without_turns(name: str) -> str:
    """``attention.0.A`` as the path of it in all turns: ``attention.A``."""
    return re.sub(r"(\.\d+)+|#\d+", "", name)


def written_path(name: str) -> str:
    """``attention.0.A`` as it is written: ``attention{0}.A``."""
    turns = re.sub(r"((\.\d+)+)", lambda found: f"{{{found[0][1:].replace('.', ', ')}}}", name)
    return re.sub(r"#\d+", "", turns)


def _pattern(step: Step) -> str:
    """A part of a path as it stands in the name of a value."""
    if step.name == "*":
        return r".+?"
    subs = r"(\.\d+)*" if step.subs is None else "".join(rf"\.{sub}" for sub in step.subs)
    return re.escape(step.name) + subs + r"(#\d+)?"
