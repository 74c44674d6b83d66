"""Transforms: nets made from nets. A file each, imported when it is asked for.

The name of a file is the name of its function and the transform's in the language.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from tnlang.ir.net import Net
from tnlang.transforms.request import Request, Step, Transform, TransformError

TRANSFORMS = (
    "ablate",
    "contract",
    "decompose",
    "derivative",
    "expand",
    "fold",
    "freeze",
    "incremental",
    "patch",
    "replace",
    "simplify",
    "slice",
)
"""Their names in the language."""

OF_ENTRIES = ("ablate", "patch", "replace")
"""Transforms that change entries of a value, where its path has brackets, and leave the others."""

OF_ANOTHER_VALUE = ("ablate", "derivative", "incremental", "patch", "replace")
"""Transforms that give a net of another value."""

OF_STEPS = ("simplify",)
"""Transforms of several steps."""


def transform_of(name: str) -> Transform:
    """The transform of a name."""
    found: Transform = getattr(import_module(f"tnlang.transforms.{name}"), name)
    return found


def steps_of(name: str) -> Callable[[Request], tuple[tuple[str, Net], ...]]:
    """What gives the nets on the way of one ``OF_STEPS``, the source first, each with what it comes from."""
    found: Callable[[Request], tuple[tuple[str, Net], ...]]
    found = import_module(f"tnlang.transforms.{name}").steps
    return found


__all__ = [
    "OF_ANOTHER_VALUE",
    "OF_ENTRIES",
    "OF_STEPS",
    "TRANSFORMS",
    "Request",
    "Step",
    "Transform",
    "TransformError",
    "steps_of",
    "transform_of",
]
