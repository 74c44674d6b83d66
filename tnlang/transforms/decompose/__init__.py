"""``decompose(net, T, svd, rank = 3, left = (i, j))``: a tensor in factors, exactly or cut to a rank."""

from __future__ import annotations

from typing import cast

from tnlang.ir.net import Net
from tnlang.transforms.decompose.gauge import gauged
from tnlang.transforms.decompose.plan import METHODS, OPTIONS, Method, Plan
from tnlang.transforms.inside import change_inside
from tnlang.transforms.request import Request, Step, TransformError, show_path

_USAGE = "`decompose(net, T, svd, rank = 3, left = (i, j))`"
_GAUGE = "`decompose(net, A1, A2, A3, gauge, centre = A2)`"


def decompose(request: Request) -> tuple[Net, ...]:
    """The net with a tensor (a parameter, an input or a binding) replaced by the product of its factors.

    Factors are named after it: ``C.U``, ``C.λ``, ``C.V`` of an SVD, ``C.λ`` and ``C.U_1`` … of CP, ``C.core``
    and ``C.U_1`` … of Tucker, ``C.A_1`` … of a train. Without ``rank`` and ``error`` an SVD or a train is
    exact; what is not says so in the note of its net. ``decompose(net, A, B, C, gauge, centre = B)`` brings a
    train of tensors into its canonical gauge. Raises TransformError where the tensor has no such factors.
    """
    if request.paths and request.paths[-1] == (Step("gauge"),) and not request.arrows:
        return _gauge(request)
    if len(request.paths) != 2 or request.arrows:
        raise TransformError(
            "decompose takes a tensor and how: svd, cp, tucker or tt; or a train and gauge", _USAGE
        )
    method = request.paths[1][0].name
    if len(request.paths[1]) > 1 or method not in METHODS:
        raise TransformError(
            f"there is no decomposition {method}", "there are svd, cp, tucker, tt and gauge", 1
        )
    for name in request.options:
        if name not in OPTIONS[method]:
            raise TransformError(f"{method} has no option {name}", "it has " + ", ".join(OPTIONS[method]))
        if request.relations.get(name, "=") != "=":
            raise TransformError(f"{name} is given by =", f"`{name} = 3`")
    plan = Plan(request, cast(Method, method))
    return change_inside(request, request.paths[:1], plan.net)


def _gauge(request: Request) -> tuple[Net, ...]:
    """The net with a train, the paths before the last, in its gauge about a centre, else its last tensor."""
    paths = request.paths[:-1]
    if len(paths) < 2:
        raise TransformError("a gauge is that of a train of tensors, two or more", _GAUGE)
    twice = next((n for n, path in enumerate(paths) if path in paths[:n]), None)
    if twice is not None:
        raise TransformError(
            f"{show_path(paths[twice])} stands at several sites of the train, which have a gauge each",
            "declare a tensor for each site",
            twice,
        )
    other = next((name for name in request.options if name != "centre"), None)
    if other is not None or request.relations.get("centre", "=") != "=":
        raise TransformError("a gauge has one option, the centre, which is given by =", _GAUGE)
    centre = request.options.get("centre", paths[-1])
    if centre not in paths:
        named = ", ".join(map(show_path, paths))
        raise TransformError(
            f"the centre is none of the tensors {named}", f"`centre = {show_path(paths[0])}`"
        )
    number = paths.index(centre)
    return change_inside(request, paths, lambda net, wanted: gauged(request.program, net, wanted, number))
