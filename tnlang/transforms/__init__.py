"""Transforms: nets made from nets. A file each; the file's name is the function's and the language's."""

from __future__ import annotations

from tnlang.transforms.contract import contract
from tnlang.transforms.decompose import decompose
from tnlang.transforms.derivative import derivative
from tnlang.transforms.expand import expand
from tnlang.transforms.freeze import freeze
from tnlang.transforms.request import Request, Step, Transform, TransformError

TRANSFORMS: dict[str, Transform] = {
    "contract": contract,
    "decompose": decompose,
    "derivative": derivative,
    "expand": expand,
    "freeze": freeze,
}
"""By their name in the language."""

PLANNED = ("fold", "patch", "simplify")
"""Transforms of the language that this version does not have."""

__all__ = [
    "PLANNED",
    "TRANSFORMS",
    "Request",
    "Step",
    "Transform",
    "TransformError",
    "contract",
    "decompose",
    "derivative",
    "expand",
    "freeze",
]
