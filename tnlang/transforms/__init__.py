"""Transforms: nets made from nets. A file each; the file's name is the function's and the language's."""

from __future__ import annotations

from collections.abc import Callable

from tnlang.ir.net import Net
from tnlang.transforms.ablate import ablate
from tnlang.transforms.contract import contract
from tnlang.transforms.decompose import decompose
from tnlang.transforms.derivative import derivative
from tnlang.transforms.expand import expand
from tnlang.transforms.fold import fold
from tnlang.transforms.freeze import freeze
from tnlang.transforms.incremental import incremental
from tnlang.transforms.patch import patch
from tnlang.transforms.replace import replace
from tnlang.transforms.request import Request, Step, Transform, TransformError
from tnlang.transforms.simplify import simplify, steps

TRANSFORMS: dict[str, Transform] = {
    "ablate": ablate,
    "contract": contract,
    "decompose": decompose,
    "derivative": derivative,
    "expand": expand,
    "fold": fold,
    "freeze": freeze,
    "incremental": incremental,
    "patch": patch,
    "replace": replace,
    "simplify": simplify,
}
"""By their name in the language."""

OF_ENTRIES = ("ablate", "patch", "replace")
"""Transforms that change entries of a value, where its path has brackets, and leave the others."""

OF_ANOTHER_VALUE = ("ablate", "derivative", "incremental", "patch", "replace")
"""Transforms that give a net of another value."""

STEPS: dict[str, Callable[[Request], tuple[tuple[str, Net], ...]]] = {"simplify": steps}
"""Transforms of several steps: the nets on the way, the source first, each with what it comes from."""

__all__ = [
    "OF_ANOTHER_VALUE",
    "OF_ENTRIES",
    "STEPS",
    "TRANSFORMS",
    "Request",
    "Step",
    "Transform",
    "TransformError",
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
]
