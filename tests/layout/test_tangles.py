"""Parts beside a stream that would be tangles stand in columns; numbers in sums do not refuse a backbone."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

import tnlang
from tests.layout.test_backbone import of_text
from tnlang.draw.diagram import Diagram
from tnlang.draw.faithful import faults
from tnlang.draw.geometry import crossings
from tnlang.draw.layout.backbone.scene import backbone_scene
from tnlang.draw.lint import lint
from tnlang.draw.scene import LabelItem, RibbonItem, Scene, ShapeItem, WireItem

HEAD = "dim t = 6, d = 4, e = 5, w = 3\n"
TANGLED = {
    "convolution by shifts": "net n(x[t, d]) -> y[t, d] { param k[d, w], P[d, e: d], G[d, e: d]\n"
    " u[p, c] = sigmoid(G[c, e] x[p, e]) (P[c, f] x[p, f])\n"
    " y[p, c] = k[c, 0] u[p, c] + k[c, 1] shift(1)[p, q] u[q, c] + k[c, 2] shift(2)[p, q] u[q, c] }",
    "gate and sum in a bubble": "net n(x[t, d]) -> y[t, d] { param A[e, d], Z[e, d], k[e, w], O[d, e]\n"
    " stream s = x\n u[i, a] = A[a, c] rmsnorm[c](s[i, c])\n"
    " v[i, a] = silu(k[a, 0] u[i, a] + k[a, 1] shift(1)[i, j] u[j, a])\n"
    " s[i, c] += O[c, a] v[i, a] silu(Z[a, c] rmsnorm[c](s[i, c]))\n y = s }",
    "long convolutions": "net n(x[t, d]) -> y[t, d] {\n"
    " param A[d, e: d], B[d, e: d], C[d, e: d], h[t, s: t, d], g[t, s: t, d], O[d, e: d]\n"
    " v[i, c] = C[c, e] x[i, e]\n z[i, c] = A[c, e] x[i, e] (h[i, j, c] v[j, c])\n"
    " q[i, c] = B[c, e] x[i, e] (g[i, j, c] z[j, c])\n y[i, c] = x[i, c] + O[c, e] q[i, e] }",
}


def scene_of(text: str) -> tuple[Diagram, Scene]:
    diagram = of_text(text, (), "n")
    return diagram, backbone_scene(diagram)


def met(scene: Scene) -> int:
    """How often wires cross outside shapes."""
    paths = [item.path for item in scene.items if isinstance(item, WireItem)]
    return sum(len(crossings(one, other)) for one, other in combinations(paths, 2))


@pytest.mark.parametrize("name", TANGLED)
def test_sums_of_products_and_values_of_their_own_are_no_tangle(name: str) -> None:
    diagram, scene = scene_of(HEAD + TANGLED[name])
    assert not lint(scene)
    assert not faults(diagram, scene)
    shapes = sum(isinstance(item, ShapeItem) for item in scene.items)
    assert met(scene) <= shapes


def test_all_copies_in_columns_keep_their_ribbons() -> None:
    diagram, scene = scene_of(HEAD + TANGLED["convolution by shifts"])
    ribbons = [item for item in scene.items if isinstance(item, RibbonItem)]
    assert len(ribbons) == len(diagram.ribbons) == 3


def test_what_stands_in_columns_is_read_back() -> None:
    program = tnlang.load(HEAD + TANGLED["gate and sum in a bubble"])
    report = tnlang.verify(program.nets["n"].svg(), program, module=False)
    assert report.ok, report


def test_a_number_in_a_sum_does_not_refuse_a_backbone() -> None:
    diagram, scene = scene_of(
        HEAD + "net n(x[t, d], m[d]) -> y[t, d] { stream s = x\n"
        " s[i, c] += (1 - m[c]) tanh(s[i, c])\n s[i, c] += rsqrt(var[e](s[i, e]) + 0.001) s[i, c]\n y = s }"
    )
    assert not lint(scene)
    assert not faults(diagram, scene)
    one = next(item for item in scene.items if isinstance(item, LabelItem) and item.text == "1")
    assert faults(diagram, replace(scene, items=tuple(item for item in scene.items if item is not one)))


def test_a_number_in_a_sum_beside_a_stream_is_read_back() -> None:
    body = "stream s = x\n s[i, c] += rsqrt(var[e](s[i, e]) + 0.001) s[i, c]\n y = s"
    program = tnlang.load(f"{HEAD}net n(x[t, d]) -> y[t, d] {{ {body} }}")
    report = tnlang.verify(program.nets["n"].svg(), program, module=False)
    assert report.ok, report
