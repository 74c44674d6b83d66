"""The text of the runtime: the classes and functions that generated modules share, copied as far as used."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Sequence
from importlib import resources

from tnlang.lower.names import RUNTIME

WORD = re.compile(r"[^\W\d]\w*")
_ALWAYS = ("Value", "Net", "refuse", "legs")


@functools.cache
def definitions() -> dict[str, str]:
    """The classes and functions of the runtime, by name, in order."""
    found = {}
    for name in RUNTIME:
        source = resources.files("tnlang.lower").joinpath(name).read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found[node.name] = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return found


def used_definitions(code: str, clashes: Sequence[str]) -> list[str]:
    """The definitions that a code calls or hands on, and what they use; ``clashes`` get a ``_``."""
    every = definitions()
    found: set[str] = set()
    called = set(re.findall(r"(?<![\w.])([^\W\d]\w*)(?:[()]|,$|$)", code, re.MULTILINE))
    queue = [name for name in every if name in called or name in _ALWAYS]
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += [other for other in WORD.findall(every[name]) if other in every]
    texts = [text for name, text in every.items() if name in found]
    for clash in clashes:
        texts = [re.sub(rf"\b{clash}\b", f"{clash}_", text) for text in texts]
    return [re.sub(r"  # (type: ignore|noqa).*", "", text) for text in texts]
