"""Hints: what they move stands where they say, and the picture stays one of the same network."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.conftest import PROGRAMS
from tnlang.api import load
from tnlang.bake import bake
from tnlang.cli import main
from tnlang.draw.diagram import Diagram, diagrams_of
from tnlang.draw.faithful import faults
from tnlang.draw.geometry import bbox, crossings, flatten
from tnlang.draw.layout import layout
from tnlang.draw.layout.moved import GRID, Misplaced
from tnlang.draw.scene import InkItem, LabelItem, OutlineItem, Scene, ShapeItem, WireItem
from tnlang.draw.view import view
from tnlang.files import read_source
from tnlang.source import Source, TnError

PROGRAM = """\
dim seq = 5, hidden = 8, size = 4, head = 2
net pattern(x[seq, hidden]) -> A[head, seq, seq] {
    param W_Q[head, size, hidden], W_K[head, size, hidden]
    A[h, q, k] = softmax[k](causal[q, k](1 / sqrt(size) * W_Q[h, s, d] x[q, d] W_K[h, s, e] x[k, e]))
}
net chain(x[seq]) -> y[seq] { param A[seq, seq], B[seq, seq]; y[i] = A[i, j] B[j, k] x[k] }
net block(x[seq, hidden]) -> y[seq, hidden] {
    param W[hidden, hidden], V[hidden, hidden]
    stream s = x
    s[p, d] += W[d, e] relu(V[e, c] s[p, c])
    y = s
}
"""


def drawn(net: str, hints: str) -> tuple[Diagram, Scene]:
    program = load(PROGRAM + f"figure f {{ draw {net}; {hints} }}").ir
    (panel,) = view(program, program.figures[0]).panels
    (diagram,) = diagrams_of(panel)
    return diagram, layout(diagram)


def centers(diagram: Diagram, scene: Scene) -> dict[str, tuple[float, float]]:
    at = {item.id: bbox(item.outline).center for item in scene.items if isinstance(item, ShapeItem)}
    return {s.name: at[s.id] for s in diagram.shapes if s.id in at and s.name}


@pytest.mark.parametrize(
    "net, hints",
    [
        ("chain", "A at (0, -2)"),
        ("chain", "B above A; x right of B"),
        ("chain", "A at (0, -2); x at (1, 2); align column B, A, x"),
        ("chain", "leg j of A up; leg j of B up; label j below"),
        ("chain", "bend j (0.5, -1) (1, -1)"),
        ("pattern", "W_K above W_Q; x@2 right of W_K"),
        ("pattern", "W_K at (2, -1); x at (-2, 1); x@2 at (3, 0.5); leg h of W_K up"),
        ("pattern", "softmax at (3, 5)"),
        ("pattern", "leg q of x@1 down; label s above; bend h (0, -2)"),
        ("pattern", "dot at (-2, -2)"),
        ("block", "W at (1, 4)"),
        ("block", "V at (2.6, -0.6)"),
    ],
)
def test_a_hinted_picture_draws_the_same_network(net: str, hints: str) -> None:
    diagram, scene = drawn(net, hints)
    assert diagram.hints
    assert faults(diagram, scene) == ()
    _, plain = drawn(net, "")
    count = [sum(isinstance(i, kind) for i in scene.items) for kind in (ShapeItem, OutlineItem, LabelItem)]
    assert count == [sum(isinstance(i, k) for i in plain.items) for k in (ShapeItem, OutlineItem, LabelItem)]
    gates = [
        sum(isinstance(i, InkItem) and i.role.startswith("gate") for i in s.items) for s in (scene, plain)
    ]
    assert gates[0] == gates[1]


def test_a_hint_that_makes_it_another_network_is_refused() -> None:
    with pytest.raises(Misplaced, match="s is inside"):
        drawn("block", "V at (-1, 0.5)")


def test_shapes_on_one_another_are_refused_with_place_and_code() -> None:
    program = load(PROGRAM + "figure f { draw chain; align row A, B; align column B, A }")
    with pytest.raises(TnError, match="TN812") as refused:
        program.figures["f"].svg()
    assert "figure f" in str(refused.value)


def test_a_shape_stands_where_it_is_told() -> None:
    at = centers(*drawn("chain", "B at (3, -2); x below B"))
    assert at["B"][0] - at["A"][0] == pytest.approx(3 * GRID)
    assert at["B"][1] - at["A"][1] == pytest.approx(-2 * GRID)
    assert at["x"][0] == pytest.approx(at["B"][0]) and at["x"][1] > at["B"][1] + GRID / 2


def test_aligned_shapes_are_level() -> None:
    at = centers(*drawn("chain", "x at (1, 2); align row x, A"))
    assert at["x"][1] == pytest.approx(at["A"][1])
    at = centers(*drawn("chain", "A at (0, -2); x at (1, 2); align column B, A, x"))
    assert at["A"][0] == at["B"][0] == at["x"][0]


def test_a_leg_leaves_on_its_side() -> None:
    diagram, scene = drawn("chain", "leg j of A up")
    (line,) = (line for line in diagram.lines if line.text == "j")
    (wire,) = (item for item in scene.items if isinstance(item, WireItem) and item.id == line.id)
    (shape,) = (s for s in diagram.shapes if s.name == "A")
    (outline,) = (i.outline for i in scene.items if isinstance(i, ShapeItem) and i.id == shape.id)
    (at, _), *_ = crossings(wire.path, outline)
    x, y = bbox(outline).center
    assert y - at[1] > abs(at[0] - x)


def test_a_bent_wire_runs_through_its_points() -> None:
    diagram, scene = drawn("chain", "bend j (0.5, -1) (1.5, -1)")
    at = centers(diagram, scene)["A"]
    (line,) = (line for line in diagram.lines if line.text == "j")
    (wire,) = (item for item in scene.items if isinstance(item, WireItem) and item.id == line.id)
    highest = min(y for _, y in flatten(wire.path))
    assert highest == pytest.approx(at[1] - GRID, abs=2)


def test_a_name_stands_on_its_side() -> None:
    for side, sign in (("above", -1), ("below", 1)):
        diagram, scene = drawn("chain", f"label j {side}")
        y = centers(diagram, scene)["A"][1]
        labels = [i for i in scene.items if isinstance(i, LabelItem) and i.kind == "leg"]
        between = [
            i.at
            for i in labels
            if centers(diagram, scene)["A"][0] < i.at[0] < centers(diagram, scene)["B"][0]
        ]
        assert between and (between[0][1] - y) * sign > 0


def test_what_no_hint_touches_stays_to_the_byte() -> None:
    _, hinted = drawn("pattern", "W_Q at (0, 0); align row W_Q, W_K")
    assert hinted == drawn("pattern", "")[1]


@pytest.mark.parametrize(
    "name", ["T17_ladder", "N13_pattern", "S9_svd", "N10_mlp", "T16_hyperedge", "N17_stages"]
)
def test_a_baked_figure_is_drawn_as_before_and_stays_put(name: str) -> None:
    if name not in PROGRAMS:
        name = next(other for other in PROGRAMS if other.split("_")[0] == name.split("_")[0])
    source = read_source(PROGRAMS[name])
    before = load(source)
    figure = next(iter(before.figures))
    text = bake(source, figure)
    assert " at (0, 0)" in text
    baked = Source(source.name, text)
    assert load(baked).figures[figure].svg() == before.figures[figure].svg()
    assert bake(baked, figure) == text


def test_a_baked_figure_keeps_its_places_when_the_network_grows() -> None:
    net = "net f(x[n]) -> y[n] {{ param A[n, n], B[n, n], C[n, n]; y[i] = {} x[k] }}"
    text = f"dim n = 3\n{net}\nfigure g {{{{ draw f }}}}\n"
    baked = bake(Source("<text>", text.format("A[i, j] B[j, k]")), "g")
    grown = baked.replace("A[i, j] B[j, k]", "C[i, l] A[l, j] B[j, k]")
    program = load(grown).ir
    (panel,) = view(program, program.figures[0]).panels
    (diagram,) = diagrams_of(panel)
    at, was = centers(diagram, layout(diagram)), centers(*_first(baked))
    assert at["B"][0] - at["A"][0] == pytest.approx(was["B"][0] - was["A"][0], abs=1)


def _first(text: str) -> tuple[Diagram, Scene]:
    program = load(text).ir
    (diagram,) = diagrams_of(view(program, program.figures[0]).panels[0])
    return diagram, layout(diagram)


def test_hints_that_cannot_be_followed_are_told(tmp_path) -> None:
    program = load(
        PROGRAM + "figure f { draw chain; W_Q at (1, 1); A@2 at (0, 0); bend q (1, 1); A at (0, 1) }"
    )
    assert [w.code for w in program.figures["f"].warnings] == ["TN809"] * 3
    (tmp_path / "a.tn").write_text(PROGRAM + "figure f { draw chain; W_Q at (1, 1) }")
    done = CliRunner().invoke(main, ["render", str(tmp_path / "a.tn"), "-o", str(tmp_path / "a.svg")])
    assert done.exit_code == 0 and "TN809" in done.output


def test_hints_that_lead_far_away_are_told(tmp_path) -> None:
    program = load(PROGRAM + "figure f { draw chain; A at (0, 140); bend j (1.5, -1) (-99, 0); B at (9, 4) }")
    warnings = program.figures["f"].warnings
    assert [w.code for w in warnings] == ["TN815"] * 2
    assert [w.span.text for w in warnings] == ["A at (0, 140)", "bend j (1.5, -1) (-99, 0)"]


def test_faults_that_are_left_in_a_picture_are_told(tmp_path) -> None:
    (tmp_path / "a.tn").write_text(PROGRAM + "figure f { draw chain; bend j (1, -1) (-1, 1) }")
    done = CliRunner().invoke(main, ["render", str(tmp_path / "a.tn"), "-o", str(tmp_path / "a.svg")])
    assert done.exit_code == 0 and "TN816" in done.output and "kinks" in done.output
    (tmp_path / "a.tn").write_text(PROGRAM + "figure f { draw chain }")
    done = CliRunner().invoke(main, ["render", str(tmp_path / "a.tn"), "-o", str(tmp_path / "a.svg")])
    assert done.output == ""


def test_the_command_bakes_in_place(tmp_path) -> None:
    file = tmp_path / "a.tn"
    file.write_text(PROGRAM + "# kept\nfigure f { draw chain; B above A }\nfigure g { draw block }\n")
    picture = load(str(file)).figures["f"].scene()
    done = CliRunner().invoke(main, ["bake", str(file), "--figure", "f", "-o", str(file)])
    assert done.exit_code == 0, done.output
    text = file.read_text()
    assert "above" not in text and "B at (" in text and "# kept" in text
    moved = load(str(file)).figures["f"].scene()
    assert [type(i) for i in moved.items] == [type(i) for i in picture.items]
    done = CliRunner().invoke(main, ["bake", str(file), "--figure", "h"])
    assert done.exit_code == 2 and "there is no figure h" in done.output
