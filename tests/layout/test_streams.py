"""Streams whose values are made anew, read far away, or used up by what stands below the last station."""

from __future__ import annotations

from itertools import pairwise

import pytest

import tnlang
from tests.layout.pictures import diagrams_in, example_sheets, sheets_of
from tests.layout.test_abreast import BESIDE
from tests.layout.test_backbone import FLOWS, centers, flowing, of_text, wires
from tnlang.draw.diagram import Diagram, Side
from tnlang.draw.faithful import faults
from tnlang.draw.geometry import Box, bbox, crossings, flatten
from tnlang.draw.layout.backbone.scene import backbone_scene
from tnlang.draw.layout.route import Port, Router
from tnlang.draw.lint import lint
from tnlang.draw.scene import OutlineItem, RibbonItem, ShapeItem


def net(body: str) -> str:
    return (
        "dim n = 3, m = 2\nnet f(x[m, n]) -> y[m, n] { param V[n, n]; y[p, r] = V[r, c] tanh(x[p, c]) }\n"
        "net model(x[m, n], z[m, n]) -> y[m, n] {\n param L[n, n], M[n, n]\n stream s = x\n " + body + "\n}\n"
    )


NETS = {
    "added to itself where it comes in": net(
        "repeat l in 0..3 { s[p, r] = tanh(L[r, c] z[p, c]) s[p, r] }\n"
        " s[p, r] = tanh(L[r, c] z[p, c]) s[p, r]\n y = s + s"
    ),
    "a block where it comes in": net(
        "repeat l in 0..3 { s[p, r] = tanh(L[r, c] z[p, c]) s[p, r]\n s[p, r] += M[r, c] s[p, c]\n"
        " s[p, r] = tanh(L[r, c] s[p, c]) s[p, r]\n s[p, r] += M[r, c] tanh(s[p, c]) }\n y = s"
    ),
    "multiplied below a sum": net("s += f(s) as f_0\n y[p, r] = s[p, r] z[p, r]"),
    "multiplied by what is made first": net(
        "k[p, r] = M[r, c] z[p, c]\n repeat l in 0..2 { s[p, r] += L[r, c] tanh(z[p, c]) }\n"
        " s += f(s) as f_0\n y[p, r] = s[p, r] k[p, r]"
    ),
    "made of the input, read in a plate and below": net(
        "k[p, r] = tanh(x[p, r])\n repeat l in 0..4 { s[p, r] += L[r, c] tanh(k[p, c]) }\n"
        " s[p, r] = tanh(L[r, c] k[p, c]) s[p, r]\n y = s + s"
    ),
    "copies from afar beside its own": net(
        "repeat l in 0..4 { s[p, r] += tanh(s[p, r]) s[p, r]\n s[p, r] -= L[r, c] z[p, c] }\n"
        " s[p, r] += L[r, c] tanh(x[p, c])\n y = s + x"
    ),
    "made anew with no repeat": net(
        "s[p, r] += tanh(L[r, c] s[p, c])\n s[p, r] = tanh(L[r, c] z[p, c]) s[p, r]\n"
        " s[p, r] += M[r, c] s[p, c]\n y = s"
    ),
    "made anew by a turn, read after the last": net(
        "repeat l in 0..4 { s[p, r] = tanh(L[r, c] s[p, c]) s[p, r] }\n"
        " s[p, r] -= L[r, c] s[p, c]\n y[p, r] = M[r, c] s[p, c]"
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_such_streams_are_drawn_without_a_finding(name: str) -> None:
    diagram = of_text(NETS[name], ())
    for flow in FLOWS:
        scene = backbone_scene(diagram, flow)
        assert faults(diagram, scene) == lint(scene) == ()


@pytest.mark.parametrize("name", NETS)
def test_such_streams_are_read_back(name: str) -> None:
    program = tnlang.load(NETS[name])
    report = tnlang.verify(program.nets["model"].svg(), program, module=False)
    assert report.ok, report


@pytest.mark.parametrize("name", NETS)
def test_stations_follow_one_another_closely(name: str) -> None:
    diagram = of_text(NETS[name], ())
    places = centers(flowing(diagram))
    for backbone in diagram.backbones:
        heights = [places[station][1] for station in backbone.stations]
        assert all(below - above < 600.0 for above, below in pairwise(heights))


def test_what_is_made_anew_begins_below_what_it_is_made_of() -> None:
    diagram = of_text(NETS["made anew with no repeat"], ())
    places = centers(flowing(diagram))
    first, second = diagram.backbones
    made = [places[m][1] for block in first.blocks for m in block.members if m in places]
    assert places[second.stations[0]][1] > max(*made, places[first.stations[-1]][1])


def test_the_last_value_of_a_turn_is_read_outside_its_plate() -> None:
    diagram = of_text(NETS["made anew by a turn, read after the last"], ())
    (backbone,) = diagram.backbones
    (plate,) = backbone.plates
    inside = backbone.stations[backbone.stations.index(plate.start) : backbone.stations.index(plate.stop) + 1]
    shapes = {shape.id: shape for shape in diagram.shapes}
    after = backbone.stations[backbone.stations.index(plate.stop) + 1]
    assert shapes[after].symbol == "copy" and shapes[after].label == shapes[plate.stop].label
    assert all(ribbon.paste in {m for b in backbone.blocks for m in b.members} for ribbon in diagram.ribbons)
    assert {ribbon.station for ribbon in diagram.ribbons} <= {*inside}


def around(diagram: Diagram, shape: int) -> set[int]:
    """The enclosures round a shape."""
    inside = {e.id: e.inside for e in diagram.enclosures}
    at = next(s.inside for s in diagram.shapes if s.id == shape)
    found = set()
    while at is not None:
        found.add(at)
        at = inside[at]
    return found


@pytest.mark.parametrize("flow", FLOWS)
def test_ribbons_go_round_bubbles_that_their_copies_are_not_in(flow: Side) -> None:
    diagram = diagrams_in_text(BESIDE)
    scene = backbone_scene(diagram, flow)
    boxes = {i.id: bbox(i.outline) for i in scene.items if isinstance(i, ShapeItem)}
    walls = {i.id: i.outline for i in scene.items if isinstance(i, OutlineItem) and i.family != "plate"}
    ways = [i.path for i in scene.items if isinstance(i, RibbonItem)]
    assert len(ways) == len(diagram.ribbons) == 3
    for path in ways:
        ends = [path.start, flatten(path)[-1]]
        joined = [s for s, box in boxes.items() if any(box.grown(1.0).holds(end) for end in ends)]
        own = {wall for shape in joined for wall in around(diagram, shape)}
        assert own
        assert all(not crossings(path, outline) for wall, outline in walls.items() if wall not in own)


def diagrams_in_text(text: str) -> Diagram:
    return of_text(text[: text.index("figure")], ("block",), "two")


def level_wires(name: str) -> list[tuple[set[str], list[tuple[float, float]]]]:
    """The names at the ends of each wire of an example, and the wire's points."""
    (diagram,) = [d for sheet in example_sheets(name) for d in diagrams_in(sheet) if d.backbones]
    shapes = {s.id: s for s in diagram.shapes}
    drawn = wires(flowing(diagram))
    found = []
    stations = {station for backbone in diagram.backbones for station in backbone.stations}
    for line in (n for n in diagram.lines if stations.isdisjoint(e.shape for e in n.ends)):
        ends = {shapes[e.shape].label or shapes[e.shape].symbol for e in line.ends if e.shape is not None}
        found.append((ends, flatten(drawn[line.id].path)))
    return found


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("I1_virtual_head", {"x", "A"}),
        ("I1_virtual_head", {"W_{O}", "W_{K}'"}),
        ("C9_bert", {"dot"}),
        ("C9_bert", {"x", "W_{V}"}),
        ("I1_virtual_head", {"W_{Q}'", "x"}),
    ],
)
def test_what_stands_level_is_joined_by_a_straight_wire(name: str, ends: set[str]) -> None:
    known = [points for shapes, points in level_wires(name) if shapes == ends]
    assert known, sorted(map(sorted, (shapes for shapes, _ in level_wires(name))))
    for points in known:
        assert min(len({round(p[axis], 3) for p in points}) for axis in (0, 1)) == 1


def test_a_track_does_not_turn_twice_on_the_spot() -> None:
    wall = Box(60.0, -200.0, 80.0, -20.0)
    router = Router({1: Box(-15, -15, 15, 15), 2: Box(185, 85, 215, 115), 3: wall}, {})
    router.lay([(0.0, -8.0), (38.0, -8.0), (38.0, 100.0)])
    points = router.search(Port((0, 8), "right", 38.0, 1, spare=16.0), Port((200, 100), "left", 22.0, 2))
    for a, b, c in zip(points, points[1:], points[2:], strict=False):
        assert (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]) == 0.0


def test_parameters_of_two_layers_have_two_names() -> None:
    text = (
        "dim n = 4\nnet block(x[n]) -> y[n] { param W[n, n]; y[i] = W[i, j] x[j] }\n"
        "net model(x[n]) -> out[n] { stream r = x; repeat l in 0..2 { r += block(r) }; out = r }\n"
        'figure F "Paths" { steps expand(model, paths) }\n'
    )
    program = tnlang.load(text)
    shapes = [s for sheet in sheets_of(text) for d in diagrams_in(sheet) for s in d.shapes]
    names = [s.label for s in shapes if s.label.startswith("W")]
    assert sorted(names) == ["W", "W^{0}", "W^{0}", "W^{1}", "W^{1}"]
    assert tnlang.verify(program.figures["F"].svg(), program, figure="F", module=False).ok


def test_a_leg_beside_one_that_goes_straight_on_bends_once() -> None:
    found = {frozenset(ends): points for ends, points in level_wires("I1_virtual_head")}
    points = found[frozenset({"x", "W_{V}"})]
    turns = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    assert points[0] != points[-1] and all(x >= 0 and y >= 0 for x, y in turns)
    steepness = [y / (x + y) for x, y in turns]
    assert steepness == sorted(steepness, reverse=True)


def test_legs_to_a_plus_go_round_what_stands_between() -> None:
    text = (
        "dim s = 5, d = 6, h = 2, k = 3\n"
        "net model(x[s, d]) -> y[s, d] {\n param Q[h, k, d], K[h, k, d], R[h, k, d], S[h, k, d], W[h, d, d]\n"
        " A[n, i, j] = softmax[j](Q[n, e, a] x[i, a] K[n, e, b] x[j, b])"
        " + softmax[j](R[n, e, a] x[i, a] S[n, e, b] x[j, b])\n"
        " y[i, c] = A[n, i, j] x[j, b] W[n, c, b]\n}\n"
    )
    diagram = of_text(text, ())
    scene = flowing(diagram)
    assert lint(scene) == ()
    drawn = wires(scene)
    legs = [line.id for line in diagram.lines if line.dim == "s" and len({e.shape for e in line.ends}) == 2]
    bonds = [line.id for line in diagram.lines if line.dim == "k"]
    assert legs and bonds
    assert not any(crossings(drawn[leg].path, drawn[bond].path) for leg in legs for bond in bonds)


PARALLEL = """
dim seq = 4, hidden = 8, head = 2, size = 4
net att(x[seq, hidden]) -> y[seq, hidden] {
    param W_Q[head, size, hidden], W_K[head, size, hidden], W_V[head, size, hidden], W_O[head, size, hidden]
    A[h, q, k] = softmax[k](causal[q, k](x[q, d] W_Q[h, s, d] W_K[h, s, e] x[k, e]))
    y[q, d] = A[h, q, k] x[k, e] W_V[h, s, e] W_O[h, s, d]
}
net mlp(x[seq, hidden]) -> y[seq, hidden] { param U[hidden, out: hidden]; y[p, d] = gelu(U[d, e] x[p, e]) }
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..3 { n[p, d] = layernorm[d](r[p, d]); r += att(n) + mlp(n) }
    y = r
}
"""


def test_a_leg_from_dot_to_dot_is_straight_where_the_column_has_its_own_height() -> None:
    diagram = of_text(PARALLEL, ("att", "mlp"))
    dots = {shape.id for shape in diagram.shapes if shape.symbol == "dot"}
    drawn = wires(flowing(diagram))
    ways = [drawn[line.id].path for line in diagram.lines if {e.shape for e in line.ends} <= dots]
    assert len(ways) == 1
    assert all(len({round(y, 3) for _, y in flatten(path)}) == 1 for path in ways)
