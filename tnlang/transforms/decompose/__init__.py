"""``decompose(net, T, svd, rank = 3, left = (i, j))``: a tensor in factors, exactly or cut to a rank."""

from __future__ import annotations

from typing import cast

from tnlang.ir.net import Net
from tnlang.transforms.decompose.plan import METHODS, OPTIONS, Method, Plan
from tnlang.transforms.inside import change_inside
from tnlang.transforms.request import Request, TransformError

_USAGE = "`decompose(net, T, svd, rank = 3, left = (i, j))`"


def decompose(request: Request) -> tuple[Net, ...]:
    """The net with a tensor (a parameter, an input or a binding) replaced by the product of its factors.

    Factors are named after it: ``C.U``, ``C.λ``, ``C.V`` of an SVD, ``C.λ`` and ``C.U_1`` … of CP, ``C.core``
    and ``C.U_1`` … of Tucker, ``C.A_1`` … of a train. Without ``rank`` and ``error`` an SVD or a train is
    exact; what is not says so in the note of its net. Raises TransformError where the tensor has no such
    factors.
    """
    if len(request.paths) != 2 or request.arrows:
        raise TransformError("decompose takes a tensor and how: svd, cp, tucker or tt", _USAGE)
    method = request.paths[1][0].name
    if len(request.paths[1]) > 1 or method not in METHODS:
        raise TransformError(f"there is no decomposition {method}", "there are svd, cp, tucker and tt", 1)
    for name in request.options:
        if name not in OPTIONS[method]:
            raise TransformError(f"{method} has no option {name}", "it has " + ", ".join(OPTIONS[method]))
        if request.relations.get(name, "=") != "=":
            raise TransformError(f"{name} is given by =", f"`{name} = 3`")
    plan = Plan(request, cast(Method, method))
    return change_inside(request, request.paths[:1], plan.net)
