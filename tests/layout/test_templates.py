"""Where things lie: chains are straight, rings round, ladders square, walls closed round what they hold."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

import pytest

import tnlang
from tests.layout.pictures import diagrams_in, drawn, example, example_sheets, named, scene, sheets_of
from tnlang.draw import geometry
from tnlang.draw.diagram import Diagram, Row, Side, Sign
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.layout.box import Placed
from tnlang.draw.layout.flat import place_diagram
from tnlang.draw.layout.ink import scene_of
from tnlang.draw.lint import lint
from tnlang.draw.scene import ShapeItem, WireItem


def at(diagram: Diagram, placed: Placed, name: str) -> tuple[float, float]:
    return placed.poses[named(diagram, name)].at


def test_a_chain_is_straight_and_in_written_order() -> None:
    diagram, placed = example("N1_chain")
    places = [at(diagram, placed, name) for name in ("W_3", "W_2", "W_1", "x")]
    assert len({y for _, y in places}) == 1
    assert all(a < b for (a, _), (b, _) in pairwise(places))
    for path in placed.routes.values():
        points = geometry.flatten(path)
        assert {round(y, 6) for _, y in points} == {places[0][1]}


def test_the_first_open_leg_leaves_left_and_the_last_right() -> None:
    _, placed = example("T7_matrices")
    assert [port.side for port in sorted(placed.ports, key=lambda p: p.line)] == ["left", "right"]


def test_a_trace_of_a_product_is_a_true_circle() -> None:
    diagram, placed = example("T9_ring")
    for name in "AB":
        assert hypot(*at(diagram, placed, name)) == pytest.approx(44)
    for path in placed.routes.values():
        for point in geometry.flatten(path):
            assert hypot(*point) == pytest.approx(44, abs=0.05)


def test_a_trace_is_a_loop_that_starts_and_ends_in_its_tensor() -> None:
    diagram, placed = example("T8_trace")
    (path,) = placed.routes.values()
    pose = placed.poses[named(diagram, "A")]
    assert geometry.distance(path.start, pose.at) < 1e-6
    assert geometry.distance(path.end, pose.at) < 1e-6
    assert geometry.length(path) > 150


def test_turning_the_ring_changes_which_tensor_is_left() -> None:
    row = example_sheets("T14_cyclic")[0].panels[0].content
    assert isinstance(row, Row)
    sides = [part for part in row.parts if isinstance(part, Diagram)]
    for diagram, left in zip(sides, "AB", strict=True):
        placed = place_diagram(diagram)
        assert at(diagram, placed, left)[0] == pytest.approx(-44)
    assert [part.label for part in row.parts if isinstance(part, Sign)].count("=") == 3


def test_a_ladder_is_a_grid_with_rungs_of_80() -> None:
    diagram, placed = example("T17_ladder")
    top = [at(diagram, placed, name) for name in "ABCDE"]
    bottom = [at(diagram, placed, name) for name in "VWXYZ"]
    assert {y for _, y in top} == {-40} and {y for _, y in bottom} == {40}
    assert [x for x, _ in top] == [x for x, _ in bottom] == [0, 64, 128, 192, 256]
    assert all(len(path.segments) == 1 for path in placed.routes.values())


def test_a_transpose_bends_its_legs_by_half_turns() -> None:
    diagram, placed = example("T10_transpose", part=1)
    assert {port.side for port in placed.ports} == {"left", "right"}
    for port in placed.ports:
        points = geometry.flatten(port.path)
        center = placed.poses[named(diagram, "A")].at
        first = points[1][0] - center[0]
        last = points[-1][0] - center[0]
        assert first * last < 0, "a leg must end on the other side of its tensor"


def test_permuted_legs_cross_once_under_a_pill() -> None:
    diagram, placed = example("T11_permute")
    pose = placed.poses[named(diagram, "T")]
    assert pose.half[0] > 2 * pose.half[1]
    paths = [port.path for port in placed.ports]
    crossed = sum(len(geometry.crossings(a, b)) for i, a in enumerate(paths) for b in paths[i + 1 :])
    assert crossed == 1


def test_the_third_end_of_a_wire_hangs_below_its_dot() -> None:
    diagram, placed = example("T16_hyperedge")
    dot = next(shape.id for shape in diagram.shapes if shape.symbol == "dot")
    a, b, v = (at(diagram, placed, name) for name in "ABv")
    x, y = placed.poses[dot].at
    assert a[1] == b[1] < y < v[1]
    assert x == v[0] == pytest.approx((a[0] + b[0]) / 2)


def test_triangles_point_to_their_small_side() -> None:
    diagram, placed = example("S9_svd", part=1)
    u, v = (placed.poses[named(diagram, name)] for name in "UV")
    assert u.tip == (1.0, 0.0) and v.tip == (-1.0, 0.0)
    assert u.at[0] < v.at[0]
    assert at(diagram, placed, "λ")[1] > u.at[1]


def test_nested_walls_hold_all_that_they_apply_to() -> None:
    diagram = diagrams_in(example_sheets("N3_dense")[0])[-1]
    placed = place_diagram(diagram)
    assert len(diagram.enclosures) == 3
    for enclosure in diagram.enclosures:
        wall = placed.walls[enclosure.id].box
        for shape in diagram.shapes:
            place, inside = shape.inside, False
            while place is not None:
                inside = inside or place == enclosure.id
                place = next(e.inside for e in diagram.enclosures if e.id == place)
            box = placed.poses[shape.id].box
            assert wall.overlaps(box) == inside
            if inside:
                assert min(box.left - wall.left, wall.right - box.right) >= 17.9
                assert min(box.top - wall.top, wall.bottom - box.bottom) >= 17.9
    radii = [placed.walls[e.id].radius for e in diagram.enclosures]
    heights = [placed.walls[e.id].box.height for e in diagram.enclosures]
    assert [2 * r for r in radii] == heights, "on one row a bubble is a stadium"


def test_a_bias_hangs_off_the_axis_and_the_result_goes_straight_on() -> None:
    diagram, placed = drawn(
        "dim m = 4, d = 3\nnet f(x[d]) -> y[m] { param W[m, d], b[m]\n y[m] = gelu(W[m, d] x[d] + b[m]) }\n"
    )
    plus = next(shape.id for shape in diagram.shapes if shape.symbol == "plus")
    assert at(diagram, placed, "W")[1] == placed.poses[plus].at[1] == at(diagram, placed, "x")[1]
    x, y = at(diagram, placed, "b")
    assert x == placed.poses[plus].at[0] and y > placed.poses[plus].at[1]
    (port,) = placed.ports
    assert port.at[1] == placed.poses[plus].at[1]


def test_a_leg_that_a_function_ends_stops_at_the_wall() -> None:
    diagram, placed = drawn("dim p = 3, d = 4\nnet f(x[p, d]) -> m[p] { m[p] = mean[d](x[p, d]) }\n")
    (enclosure,) = diagram.enclosures
    (line,) = enclosure.ended
    wall = placed.walls[enclosure.id].box
    ends = (placed.routes[line].start[0], placed.routes[line].end[0])
    assert wall.right in [pytest.approx(x) for x in ends]


def test_members_of_a_group_leave_the_thick_leg_side_by_side() -> None:
    diagram, placed = example("T12_group")
    for fork in (shape for shape in diagram.shapes if shape.symbol == "fork"):
        at_fork = placed.poses[fork.id].at
        for line in fork.legs[1:]:
            path = placed.routes[line]
            assert min(geometry.distance(path.start, at_fork), geometry.distance(path.end, at_fork)) < 3


def test_the_same_text_gives_the_same_places() -> None:
    text = "dim n = 3\ntensor A[n, a: n], B[a: n, b: n], v[a: n]\nY[i, j] = A[i, k] v[k] tanh(B[k, j])\n"
    assert drawn(text)[1].poses == drawn(text)[1].poses


def test_flow_is_where_the_first_output_goes() -> None:
    diagram, _ = example("N1_chain")
    for flow, side in (("left", "left"), ("right", "right"), ("down", "down"), ("up", "up")):
        placed = place_diagram(diagram, flow)
        assert [port.side for port in placed.ports] == [side]
        places = [at(diagram, placed, name) for name in ("x", "W_1", "W_2", "W_3")]
        along = [x if side in ("left", "right") else y for x, y in places]
        sign = 1 if side in ("right", "down") else -1
        assert all(sign * a < sign * b for a, b in pairwise(along)), "from the input to the output"
        across = {y if side in ("left", "right") else x for x, y in places}
        assert len(across) == 1


def test_the_first_leg_is_marked_only_where_the_reader_could_be_wrong() -> None:
    def marks(text: str) -> dict[str, tuple[float, float] | None]:
        items = scene(sheets_of(text)[0]).items
        return {item.title[0]: item.first_leg for item in items if isinstance(item, ShapeItem)}

    none = {"A": None, "B": None}
    assert marks("dim n = 3\ntensor A[n, n], B[n, n]\nY[i, k] = A[i, j] B[j, k]\n") == none
    assert marks("dim n = 3\ntensor A[n, n], B[n, n]\nY[i, k] = A[j, i] B[j, k]\n") == none | {
        "A": (1.0, 0.0)
    }
    told_by_dims = "dim n = 3, m = 4\ntensor A[m, n], B[m, n]\nY[i, k] = A[j, i] B[j, k]\n"
    assert marks(told_by_dims) == none


@pytest.mark.parametrize("flow", ["left", "right", "up", "down"])
def test_the_outputs_of_a_net_all_go_where_a_stated_flow_goes(flow: Side) -> None:
    text = """
    dim n = 4, h = 5, o = 2
    net g(x[n]) -> (y[o], z[h]) {
        param W1[h, n], W2[o, h], W3[h, k: h], b[h]
        z[a] = gelu(W1[a, i] x[i] + b[a])
        y[c] = W2[c, a] tanh(W3[a, e] z[e])
    }
    """
    sheet = sheets_of(f"{text} figure F {{ draw g; flow {flow} }}")[0]
    (diagram,) = diagrams_in(sheet)
    placed = place_diagram(diagram, sheet.flow)
    across, sign = {"left": (0, -1), "right": (0, 1), "up": (1, -1), "down": (1, 1)}[flow]
    assert [port.side for port in placed.ports] == [flow, flow]
    for port in placed.ports:
        beside = [p.at for p in placed.poses.values() if abs(p.at[1 - across] - port.at[1 - across]) < 20.0]
        assert all(sign * (port.at[across] - at[across]) > 0 for at in beside)
    assert lint(scene(sheet)) == faults(diagram, layout(diagram, sheet.flow)) == ()
    program = tnlang.load(f"{text} figure F {{ draw g; flow {flow} }}")
    assert tnlang.verify(program.figures["F"].svg(), program, figure="F", module=False).ok


WIDE_TIPS = """dim a = 4, b = 3, c = 2, d = 3
tensor V[a, b, c, d] isometry(c, d), W[a, b, p: 2, c, d, e: 2] isometry(c, d, e)
tensor Z[c, d, s: 2, t: 2] isometry(s, t)
figure f { %s }
"""


@pytest.mark.parametrize(
    ("drawing", "squarely"),
    [
        ("draw conj(V[i, j, k, l]) V[i, j, m, n]", "ijklmn"),
        ("draw conj(W[i, j, p, k, l, o]) W[i, j, p, m, n, q]", "ijpklomnq"),
        ("draw W[i, j, p, k, l, o] Z[k, l, s, t]", "ijpoklst"),
        ("draw V[i, j, k, l] Z[k, l, s, t]\n flow down", "ijklst"),
    ],
    ids=["two", "three", "most of them", "down"],
)
def test_several_legs_leave_the_tip_of_an_isometry_squarely(drawing: str, squarely: str) -> None:
    (sheet,) = sheets_of(WIDE_TIPS % drawing)
    (diagram,) = diagrams_in(sheet)
    text, found = {line.id: line.text for line in diagram.lines}, scene(sheet)
    outlines = [item.outline for item in found.items if isinstance(item, ShapeItem)]
    wires = {text[item.id]: item.path for item in found.items if isinstance(item, WireItem)}
    assert sorted(wires) == sorted(squarely)
    for name, path in wires.items():
        angles = [angle for outline in outlines for _, angle in geometry.crossings(path, outline)]
        assert angles and min(angles) > 85, name
    assert not lint(found)


@pytest.mark.parametrize("dim", ["hidden", "mlp", "word_vector"])
@pytest.mark.parametrize("flow", ["left", "right"])
def test_the_name_of_a_wire_clears_the_gate_that_it_crosses(dim: str, flow: Side) -> None:
    (sheet,) = sheets_of(
        f"""dim seq, {dim}, vocab
        net f(x[seq, {dim}]) -> y[seq, vocab] {{ param W[vocab, {dim}], b[vocab]
            y[p, v] = layernorm[d](x[p, d], eps = 1e-5) W[v, d] + b[v] }}
        """
    )
    (diagram,) = diagrams_in(sheet)
    assert not lint(scene_of(diagram, place_diagram(diagram, flow)))
