"""The names of patched values: ``z*`` is what comes in for ``z``."""

from __future__ import annotations

from collections.abc import Collection

MARK = "*"


def starred(name: str, taken: Collection[str]) -> str:
    """The name under which a value comes in, unlike those there are."""
    star = name + MARK
    while star in taken:
        star += MARK
    return star
