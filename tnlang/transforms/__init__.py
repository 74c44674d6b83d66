"""Transforms: nets made from nets. A file each; the file's name is the function's and the language's."""

from __future__ import annotations

from tnlang.transforms.ablate import ablate
from tnlang.transforms.contract import contract
from tnlang.transforms.decompose import decompose
from tnlang.transforms.derivative import derivative
from tnlang.transforms.expand import expand
from tnlang.transforms.freeze import freeze
from tnlang.transforms.patch import patch
from tnlang.transforms.replace import replace
from tnlang.transforms.request import Request, Step, Transform, TransformError
from tnlang.transforms.simplify import simplify

TRANSFORMS: dict[str, Transform] = {
    "ablate": ablate,
    "contract": contract,
    "decompose": decompose,
    "derivative": derivative,
    "expand": expand,
    "freeze": freeze,
    "patch": patch,
    "replace": replace,
    "simplify": simplify,
}
"""By their name in the language."""

OF_ENTRIES = ("ablate", "patch", "replace")
"""Transforms that change entries of a value, where its path has brackets, and leave the others."""

PLANNED = ("fold",)
"""Transforms of the language that this version does not have."""

__all__ = [
    "OF_ENTRIES",
    "PLANNED",
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
    "freeze",
    "patch",
    "replace",
    "simplify",
]
