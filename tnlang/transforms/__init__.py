"""Transforms: nets made from nets. A file each; the file's name is the function's and the language's."""

from __future__ import annotations

from tnlang.transforms.expand import expand
from tnlang.transforms.freeze import freeze
from tnlang.transforms.request import Request, Step, Transform, TransformError

TRANSFORMS: dict[str, Transform] = {"expand": expand, "freeze": freeze}
"""By their name in the language."""

PLANNED = ("contract", "decompose", "derivative", "fold", "patch", "simplify")
"""Transforms of the language that this version does not have."""

__all__ = ["PLANNED", "TRANSFORMS", "Request", "Step", "Transform", "TransformError", "expand", "freeze"]
