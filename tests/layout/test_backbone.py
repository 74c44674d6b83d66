"""Backbones: tracks straight and vertical, blocks beside them, time downward, nothing touching."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path as File

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from shapely import LineString, Point
from shapely.ops import substring

import tnlang
from tests.conftest import PROGRAMS
from tests.layout.backbone_programs import across, program
from tests.layout.pictures import diagrams_in, example_sheets, scene, sheets_of
from tnlang.draw.diagram import MINUS, Diagram, Shape, Side
from tnlang.draw.faithful import faults
from tnlang.draw.geometry import Box, bbox, crossings, distance, flatten
from tnlang.draw.layout import layout
from tnlang.draw.layout.backbone.scene import backbone_scene
from tnlang.draw.layout.route import APART
from tnlang.draw.lint import lint
from tnlang.draw.pieces import half_size
from tnlang.draw.scene import LabelItem, LineTo, OutlineItem, Path, RibbonItem, Scene, ShapeItem, WireItem
from tnlang.draw.svg import to_svg
from tnlang.draw.view import view
from tnlang.draw.view.build import Undrawable
from tnlang.elaborate import load_program
from tnlang.ir.program import Draw, Figure, NetTarget, Openness
from tnlang.source import Source

EXAMPLES = [
    *("N4_gpt2_right", "N5_gpt2", "N10_mlp", "N11_attention", "N14_frozen", "N17_two_layers"),
    *("gpt2", "C9_llama", "C9_bert", "C9_encoder_decoder", "C9_parallel"),
]
TARGET = File("docs/targets/gpt2_vertical.tn")
FLOWS: list[Side] = ["down", "up", "right", "left"]


@cache
def with_backbone(name: str) -> list[Diagram]:
    """The diagrams of an example that have a backbone."""
    found = [d for sheet in example_sheets(name) for d in diagrams_in(sheet) if d.backbones]
    assert found, f"{name} has no backbone"
    return found


@cache
def flowing(diagram: Diagram, flow: Side = "down") -> Scene:
    return backbone_scene(diagram, flow)


def of_text(text: str, unfold: tuple[str, ...], net: str = "model") -> Diagram:
    """The diagram of a net whose calls are drawn open."""
    known = load_program(Source("<text>", text))
    figure = Figure("f", "", (Draw(NetTarget(net)),), "down", (Openness("unfold", unfold),))
    return diagrams_in(view(known, figure))[0]


def wires(found: Scene) -> dict[int, WireItem]:
    return {item.id: item for item in found.items if isinstance(item, WireItem)}


def centers(found: Scene) -> dict[int, tuple[float, float]]:
    return {i.id: bbox(i.outline).center for i in found.items if isinstance(i, ShapeItem)}


def straight_tracks(diagram: Diagram) -> list[int]:
    """The lines between two stations that follow one another."""
    found: list[int] = []
    for backbone in diagram.backbones:
        for lines in backbone.tracks[1:-1]:
            found.extend(lines)
    return found


# ---------------------------------------------------------------- the backbone itself


@pytest.mark.parametrize("name", EXAMPLES)
def test_tracks_are_straight_verticals(name: str) -> None:
    for diagram in with_backbone(name):
        drawn = wires(flowing(diagram))
        for line in straight_tracks(diagram):
            points = flatten(drawn[line].path)
            assert len({round(x, 6) for x, _ in points}) == 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_time_runs_down_and_position_lies_left_of_hidden(name: str) -> None:
    for diagram in with_backbone(name):
        found = flowing(diagram)
        places, drawn = centers(found), wires(found)
        for backbone in diagram.backbones:
            heights = [places[station][1] for station in backbone.stations]
            assert heights == sorted(heights) and len(set(heights)) == len(heights)
            for lines in backbone.tracks[1:-1]:
                across = [drawn[line].path.start[0] for line in lines]
                assert across == sorted(across)
                assert all(abs(b - a - 16.0) < 1e-6 for a, b in pairwise(across))


@pytest.mark.parametrize("name", EXAMPLES)
def test_blocks_stand_right_of_the_tracks(name: str) -> None:
    for diagram in with_backbone(name):
        places = centers(flowing(diagram))
        for backbone in diagram.backbones:
            for block in backbone.blocks:
                anchor = block.stop if block.stop is not None else block.start
                assert anchor is not None
                if block.start is not None:
                    assert all(places[m][0] > places[anchor][0] + 20 for m in block.members if m in places)


@pytest.mark.parametrize(
    ("flow", "along"), [("down", (0, 1)), ("up", (0, -1)), ("right", (1, 0)), ("left", (-1, 0))]
)
def test_a_backbone_flows_the_way_it_is_asked_to(flow: Side, along: tuple[int, int]) -> None:
    diagram = with_backbone("N17_two_layers")[0]
    places = centers(flowing(diagram, flow))
    for backbone in diagram.backbones:
        for one, two in pairwise(backbone.stations):
            step = (places[two][0] - places[one][0], places[two][1] - places[one][1])
            assert step[0] * along[0] + step[1] * along[1] > 40
            assert abs(step[0] * along[1] - step[1] * along[0]) < 1e-6


# ---------------------------------------------------------------- blocks


@pytest.mark.parametrize("name", ["N10_mlp", "N11_attention", "N14_frozen"])
def test_no_two_wires_of_a_simple_block_cross(name: str) -> None:
    for diagram in with_backbone(name):
        items = list(wires(flowing(diagram)).values())
        places = list(centers(flowing(diagram)).values())
        for i, one in enumerate(items):
            for other in items[i + 1 :]:
                for at, _ in crossings(one.path, other.path):
                    # wires meet at shapes alone, under their fill
                    assert min(distance(at, place) for place in places) < 24


def test_attention_is_a_c_its_pattern_inside() -> None:
    """Keys stand above queries, the values' weights right of the bubble, heads between."""
    diagram = with_backbone("N11_attention")[0]
    found = flowing(diagram)
    places = centers(found)
    by_name = {s.name.rsplit(".", 1)[-1]: places[s.id] for s in diagram.shapes if s.id in places}
    bubble = next(bbox(i.outline) for i in found.items if isinstance(i, OutlineItem))
    assert by_name["W_K"][1] < by_name["W_Q"][1]
    assert by_name["W_V"][1] < by_name["W_O"][1]
    assert by_name["W_V"][0] == by_name["W_O"][0] > bubble.right
    dots = sorted(places[s.id] for s in diagram.shapes if s.symbol == "dot")
    assert len(dots) == 2 and dots[0][1] == dots[1][1]
    assert dots[0][0] < bubble.right < dots[1][0] < by_name["W_V"][0]


BIASED = """
dim seq = 3, head = 2, size = 5, hidden = 4
net attention(x[seq, hidden], B[head, q: seq, k: seq]) -> y[seq, hidden] {
    param Q[head, size, hidden], K[head, size, hidden], V[head, size, hidden], O[head, size, hidden]
    A[h, q, k] = softmax[k](x[q, d] Q[h, s, d] K[h, s, e] x[k, e] + B[h, q, k])
    y[q, d]    = A[h, q, k] x[k, e] V[h, s, e] O[h, s, d]
}
net model(x0[seq, hidden], B[head, q: seq, k: seq]) -> y[seq, hidden] {
    stream x = x0
    x += attention(x, B)
    y = x
}
"""


@pytest.mark.parametrize("flow", FLOWS)
def test_wires_at_a_plus_in_a_bubble_stand_apart(flow: Side) -> None:
    """A term's legs enter on the side it comes from, beside one another, whatever shapes they come from."""
    diagram = of_text(BIASED, ("attention",))
    found = flowing(diagram, flow)
    plus = next(s for s in diagram.shapes if s.symbol == "plus" and s.inside is not None)
    assert len(plus.legs) == 9
    center, radius = centers(found)[plus.id], half_size(plus)[0]
    met, sides = {}, {}
    for line, wire in wires(found).items():
        if line in plus.legs:
            points = flatten(wire.path)
            if distance(points[0], center) > distance(points[-1], center):
                points = points[::-1]
            way = LineString(points)
            rim = Point(center).buffer(radius, quad_segs=64).exterior
            met[line] = way.intersection(rim)
            assert met[line].geom_type == "Point", "a wire crosses the rim once"
            x, y = (met[line].x - points[0][0], met[line].y - points[0][1])
            assert min(abs(x), abs(y)) < 3.0, "a wire meets the rim straight, or begins its round there"
            sides[line] = (abs(x) > abs(y), x + y > 0)
    for one, other in combinations(met.values(), 2):
        assert one.distance(other) > 5.0
    for term in plus.terms:
        assert len({sides[line] for line in term}) == 1


def test_a_ribbon_ends_in_the_copy_it_pastes() -> None:
    diagram = with_backbone("N11_attention")[0]
    found = flowing(diagram)
    places = centers(found)
    ends = [item.path.end for item in found.items if isinstance(item, RibbonItem)]
    starts = [item.path.start for item in found.items if isinstance(item, RibbonItem)]
    assert sorted(ends) == sorted(places[r.paste] for r in diagram.ribbons)
    assert sorted(starts) == sorted(places[r.station] for r in diagram.ribbons)


def test_a_folded_block_spans_its_two_stations() -> None:
    diagram = with_backbone("N4_gpt2_right")[0]
    found = flowing(diagram, "right")
    places = centers(found)
    boxes = {i.id: bbox(i.outline) for i in found.items if isinstance(i, ShapeItem)}
    for block in diagram.backbones[0].blocks:
        folded = [m for m in block.members if any(s.id == m and s.symbol == "folded" for s in diagram.shapes)]
        if block.start is not None and folded:
            box = boxes[folded[0]]
            assert block.stop is not None
            assert box.left < places[block.start][0] < places[block.stop][0] < box.right


ATTENTION = """
net {name}(x[{q}, hidden], m[{k}, hidden]) -> y[{q}, hidden] {{
    param Q[head, size, hidden], K[head, size, hidden], V[head, size, hidden], O[head, size, hidden]
    A[h, q, k] = softmax[k](x[q, d] Q[h, s, d] K[h, s, e] m[k, e] / sqrt(size))
    y[q, d] = A[h, q, k] m[k, e] V[h, s, e] O[h, s, d]
}}
"""
TRANSLATE = "dim src, tgt, hidden = 16, head = 2, size = 8, layer = 2"
for name, q, k in (("own", "src", "src"), ("past", "tgt", "tgt"), ("cross", "tgt", "src")):
    TRANSLATE += ATTENTION.format(name=name, q=q, k=k)
TRANSLATE += """
net translate(source[src, hidden], target[tgt, hidden]) -> y[tgt, hidden] {
    stream m = source
    repeat l in 0..layer { m += own(m, m) }
    stream x = target
    repeat l in 0..layer {
        x += past(x, x)
        x += cross(x, m)
    }
    y = x
}
"""


def test_an_encoder_stands_beside_its_decoder() -> None:
    diagram = of_text(TRANSLATE, (), "translate")
    assert len(diagram.backbones) == 2
    places = centers(flowing(diagram))
    encoder, decoder = diagram.backbones
    assert places[encoder.stations[0]][0] < places[decoder.stations[0]][0]
    # what the decoder reads stands where it reads it: below the copy, above the sum
    memory = places[encoder.stations[-1]]
    assert places[decoder.stations[2]][1] < memory[1] < places[decoder.stations[3]][1]


def test_a_net_alone_returns_to_where_it_came_in() -> None:
    """Without a residual the outputs still run down where the inputs came from."""
    diagram = with_backbone("N14_frozen")[0]
    drawn = wires(flowing(diagram))
    opens = {o.line: o for o in diagram.opens}
    inputs = sorted(min(flatten(drawn[n].path))[0] for n, o in opens.items() if o.kind == "input")
    lowest = {n: max(flatten(drawn[n].path), key=lambda p: p[1]) for n in opens}
    outputs = sorted(lowest[n][0] for n, o in opens.items() if o.kind == "output")
    assert outputs == pytest.approx(inputs)


# ---------------------------------------------------------------- the whole picture


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_with_a_backbone_is_drawn_without_a_finding(name: str) -> None:
    for sheet in example_sheets(name):
        if any(d.backbones for d in diagrams_in(sheet)):
            assert lint(scene(sheet)) == ()


OPENED = [
    ("gpt2", "gpt2", ("attention", "mlp")),
    ("gpt2", "gpt2", ("ln",)),
    ("C9_llama", "llama", ("attention", "mlp")),
    ("C9_bert", "encode", ("attention", "mlp")),
    ("C9_encoder_decoder", "decode", ("causal_attention", "cross_attention", "target_mlp")),
]


@pytest.mark.parametrize(("name", "net", "unfold"), OPENED)
def test_a_model_with_its_blocks_drawn_open_has_no_finding(
    name: str, net: str, unfold: tuple[str, ...]
) -> None:
    known = load_program(PROGRAMS[name])
    figure = Figure("f", "", (Draw(NetTarget(net)),), "down", (Openness("unfold", unfold),))
    (diagram,) = diagrams_in(view(known, figure))
    found = backbone_scene(diagram, "down")
    assert lint(found) == ()
    assert faults(diagram, found) == ()


def unembedded(flow: Side = "down") -> tuple[Diagram, Scene]:
    """GPT-2 whose stream ends in one tensor below its plate."""
    known = load_program(TARGET)
    (diagram,) = diagrams_in(view(known, known.figures[0]))
    return diagram, backbone_scene(diagram, flow)


@pytest.mark.parametrize("flow", FLOWS)
def test_below_a_plate_the_tracks_run_on_to_the_unembedding(flow: Side) -> None:
    diagram, found = unembedded(flow)
    assert faults(diagram, found) == ()
    assert flow != "down" or lint(found) == ()


@pytest.mark.parametrize("kept", [(0,), (1,), (0, 1)])
def test_a_gap_in_a_track_is_a_fault(kept: tuple[int, ...]) -> None:
    """Of every track between two shapes a tenth is left out, or all from its middle to one end."""
    diagram, found = unembedded()
    for line in (line for tracks in diagram.backbones[0].tracks for line in tracks):
        if any(end.shape is None for n in diagram.lines if n.id == line for end in n.ends):
            continue
        whole = wires(found)[line]
        run = LineString(flatten(whole.path))
        halves = [substring(run, low, low + 0.45, normalized=True).coords for low in (0.0, 0.55)]
        pieces = [
            replace(whole, path=Path(start, tuple(LineTo(at) for at in rest)))
            for start, *rest in (halves[n] for n in kept)
        ]
        others = (item for item in found.items if item is not whole)
        damaged = replace(found, items=(*others, *pieces))
        assert line in {part for fault in faults(diagram, damaged) for part in fault.items}


ANEW = {
    "matrix": ("x[n]", "s[r] = L[r, c] s[c]"),
    "recurrent": ("x[m, n]", "s[p, r] = tanh(L[r, c] s[p, c] + b[r])"),
    "gated": ("x[m, n]", "s[p, r] = tanh(L[r, c] s[p, c]) sigmoid(L[r, d] s[p, d])"),
    "two": ("x[m, n]", "s[p, r] = L[r, c] s[p, c]\n s[p, r] = relu(L[r, c] s[p, c])"),
    "transposed": ("x[n, n]", "s[p, r] = s[r, p]"),
    "box and sum": ("x[m, n]", "s = f(s)\n s += f(s) as g"),
}


def in_turns(legs: str, body: str, last: str = "y = s") -> str:
    return f"""dim n = 3, m = 2
net f(x[m, n]) -> y[m, n] {{ param V[n, n]; y[p, r] = V[r, c] tanh(x[p, c]) }}
net model({legs}) -> y{legs[1:]} {{
    param L[n, n], b[n]
    stream s = x
    repeat l in 0..12 {{ {body} }}
    {last}
}}
"""


@pytest.mark.parametrize("name", ANEW)
def test_a_stream_made_anew_in_a_repeat_has_its_plate(name: str) -> None:
    """It comes into the plate's first station and goes on from the last; the picture's value is the net's."""
    text = in_turns(*ANEW[name])
    diagram = of_text(text, ())
    ((plate,),) = (b.plates for b in diagram.backbones)
    (backbone,) = diagram.backbones
    assert (plate.start, plate.stop, plate.label) == (
        backbone.stations[0],
        backbone.stations[-1],
        r"\times 12",
    )
    for flow in FLOWS:
        assert faults(diagram, backbone_scene(diagram, flow)) == ()
    known = tnlang.load(text)
    report = tnlang.verify(known.nets["model"].svg(), known, module=False)
    assert report.ok, report


STEPS = (
    "s[p, r] = L[r, c] s[p, c]",
    "s[p, r] = tanh(L[r, c] s[p, c] + b[r])",
    "s[p, r] += L[r, c] tanh(s[p, c])",
    "s = f(s) as {}",
    "s += f(s) as {}",
)


@seed(20261121)
@settings(max_examples=15, deadline=None, database=None, phases=[Phase.generate])
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=3))
def test_random_repeats_have_their_plate_and_mean_their_net(steps: list[str]) -> None:
    body = "\n ".join(step.format(f"f_{number}") for number, step in enumerate(steps))
    text = in_turns("x[m, n]", body)
    diagram = of_text(text, ())
    (backbone,) = diagram.backbones
    (plate,) = backbone.plates
    assert plate.label == r"\times 12"
    assert (plate.start, plate.stop) == (backbone.stations[0], backbone.stations[-1])
    known = tnlang.load(text)
    report = tnlang.verify(known.nets["model"].svg(), known, module=False)
    assert report.ok, f"{text}\n{report}"


@pytest.mark.parametrize("given", ["mid[p, i] = R[i, j] s[p, j]", "mid[p, i] = R[i, j] tanh(s[p, j])"])
def test_what_a_stream_gives_out_midway_leaves_to_the_right(given: str) -> None:
    text = f"""dim m = 4, n = 3
net model(x[m, n]) -> (y[m, n], mid[m, n]) {{
    param W[n, n], V[n, n], R[n, n]
    stream s = x
    s[p, i] += W[i, j] relu(s[p, j])
    {given}
    s[p, i] += V[i, j] relu(s[p, j])
    y = s
}}
"""
    diagram = of_text(text, ())
    scene = flowing(diagram)
    assert faults(diagram, scene) == lint(scene) == ()
    mid = mid_lines(diagram)
    ends = [max(w.path.start, w.path.end) for w in scene.items if isinstance(w, WireItem) and w.id in mid]
    shapes = [bbox(item.outline) for item in scene.items if isinstance(item, ShapeItem)]
    assert len(ends) == 2 and min(x for x, _ in ends) > max(box.right for box in shapes)
    known = tnlang.load(text)
    report = tnlang.verify(known.nets["model"].svg(), known, module=False)
    assert report.ok, report


def test_ends_above_one_another_have_their_names_beyond_them() -> None:
    """Of three legs that leave to the right the middle one has no other place for its name."""
    text = """dim m = 4, n = 3, head = 2
net model(x[m, n]) -> (y[m, n], h_K[m, head, n]) {
    param W[n, n], V[n, n], R[head, n, n]
    stream s = x
    s[p, i] += W[i, j] relu(s[p, j])
    h_K[p, a, i] = R[a, i, j] s[p, j]
    s[p, i] += V[i, j] relu(s[p, j])
    y = s
}
"""
    diagram = of_text(text, ())
    scene = flowing(diagram)
    assert faults(diagram, scene) == lint(scene) == ()
    given = {o.line for o in diagram.opens if o.told.startswith("h_K.")}
    ends = {w.id: max(w.path.start, w.path.end) for w in scene.items if isinstance(w, WireItem)}
    names = {i.line: i.at for i in scene.items if isinstance(i, LabelItem) and i.line in given}
    assert len(given) == 3 and names.keys() == given
    for line, (x, y) in names.items():
        assert x > ends[line][0] and abs(y - ends[line][1]) < 10, names
    known = tnlang.load(text)
    report = tnlang.verify(known.nets["model"].svg(), known, module=False)
    assert report.ok, report


def mid_lines(diagram: Diagram) -> set[int]:
    return {o.line for o in diagram.opens if o.told.startswith("mid.")}


READ_BY_NUMBER = {
    "a turn between others": ("y[p, r] = s[p, r] + h{2}[p, r]", [r"\times 2", r"\times 9"]),
    "the first and the last": ("y[p, r] = h{0}[p, r] + h{11}[p, r]", [r"\times 10"]),
    "two turns, the later ones for nothing": ("y[p, r] = h{4}[p, r] * h{5}[p, r]", [r"\times 4"]),
}


@pytest.mark.parametrize("name", READ_BY_NUMBER)
def test_a_turn_whose_value_is_read_elsewhere_stands_between_the_others(name: str) -> None:
    given, plates = READ_BY_NUMBER[name]
    text = in_turns("x[m, n]", "h{l}[p, r] = L[r, c] tanh(s[p, c])\n s[p, r] += h{l}[p, r] b[r]", given)
    diagram = of_text(text, ())
    assert [plate.label for bone in diagram.backbones for plate in bone.plates] == plates
    for flow in FLOWS:
        scene = backbone_scene(diagram, flow)
        assert faults(diagram, scene) == lint(scene) == ()
    known = tnlang.load(text)
    report = tnlang.verify(known.nets["model"].svg(), known, module=False)
    assert report.ok, report


def test_a_turn_drawn_for_itself_has_its_number_for_the_variable() -> None:
    text = """dim m = 3, n = 4
net model(x[m, n]) -> y[m, n] {
    param L{l: 0..5}[n, n]
    stream s = x
    repeat l in 0..5 {
        h{l}[p, j: n] = tanh(L{l}[j, i] s[p, i])
        s += h{l}
    }
    y[p, r] = s[p, r] * h{3}[p, r]
}
"""
    labels = [shape.label for shape in of_text(text, ()).shapes]
    assert labels.count("L^{3}") == 1 and labels.count("L^{l}") == 1 and "h^{3}" in labels
    known = tnlang.load(text)
    assert tnlang.verify(known.nets["model"].svg(), known, module=False).ok


def test_a_value_of_a_turn_that_has_no_number_is_refused() -> None:
    text = in_turns(
        "x[m, n]", "h{l}[p, r] = L[r, c] s[p, c]\n s[p, r] += h{l}[p, r] b[r]", "y = h{turns - 1}"
    )
    text = text.replace("0..12", "0..turns").replace("dim ", "dim turns, ", 1)
    with pytest.raises(Undrawable, match="is a value of one turn"):
        of_text(text, ())


def test_factors_and_big_sums_of_a_block_stand_with_it_in_the_plate() -> None:
    """A block drawn open that has a number has an outline; the number stands below its bubbles."""
    text = """dim n = 3, m = 2, head = 4
net block(x[m, n]) -> y[m, n] {
    param V[head, n, n]
    y[p, r] = sum h in 0..head { V[h, r, c] x[p, c] } / 2
}
net model(x[m, n]) -> y[m, n] {
    stream s = x
    repeat l in 0..12 {
        s += block(s) as g
        s[p, r] += 3 tanh(s[p, r])
    }
    y = s
}
figure F { draw model; unfold block }
"""
    known = tnlang.load(text)
    (diagram,) = diagrams_in(view(known.ir, known.ir.figures[0]))
    assert all(s.inside is not None for s in diagram.shapes if s.symbol in ("text", "sigma"))
    scene = backbone_scene(diagram)
    assert faults(diagram, scene) == lint(scene) == ()
    report = tnlang.verify(known.figures["F"].svg(), known, module=False)
    assert report.ok, report


def by_its_ends(text: str) -> tuple[Diagram, tnlang.Program]:
    known = tnlang.load(text.replace("12 {", "layer {") + "dim layer = 12\nfigure F { draw model; ends l }\n")
    (figure,) = known.ir.figures
    (diagram,) = diagrams_in(view(known.ir, figure))
    return diagram, known


@pytest.mark.parametrize("name", ANEW)
def test_a_repeat_by_its_ends_is_two_plates_with_dots_between(name: str) -> None:
    diagram, known = by_its_ends(in_turns(*ANEW[name]))
    (backbone,) = diagram.backbones
    first, last = backbone.plates
    assert (first.label, last.label) == ("l = 0", "l = 11")
    shapes = {s.id: s for s in diagram.shapes}
    (dots,) = (s for s in shapes.values() if s.symbol == "dots")
    between = backbone.stations[backbone.stations.index(first.stop) + 1 : backbone.stations.index(last.start)]
    assert between == (dots.id,)
    for flow in FLOWS:
        scene = backbone_scene(diagram, flow)
        assert faults(diagram, scene) == lint(scene) == ()
    report = tnlang.verify(known.figures["F"].svg(), known, module=False)
    assert report.ok, report


@seed(20261122)
@settings(max_examples=10, deadline=None, database=None, phases=[Phase.generate])
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=3))
def test_random_repeats_by_their_ends_mean_their_net(steps: list[str]) -> None:
    body = "\n ".join(step.format(f"f_{number}") for number, step in enumerate(steps))
    text = in_turns("x[m, n]", body)
    diagram, known = by_its_ends(text)
    assert faults(diagram, backbone_scene(diagram)) == ()
    report = tnlang.verify(known.figures["F"].svg(), known, module=False)
    assert report.ok, f"{text}\n{report}"


def test_dots_for_fewer_turns_or_after_no_plate_are_noticed() -> None:
    _, known = by_its_ends(in_turns("x[m, n]", STEPS[2]))
    svg = known.figures["F"].svg()
    told = "(dots) l in 1 to (layer - 1)"
    assert told in svg
    for bounds in ("l in 1 to (layer - 2)", "l in 2 to (layer - 1)", "k in 1 to (layer - 1)"):
        wrong = f"(dots) {bounds}"
        assert not tnlang.verify(svg.replace(told, wrong), known, module=False).ok


def test_values_from_outside_and_repeats_in_repeats_are_shown_by_their_ends() -> None:
    text = """dim n = 3, m = 2, layer = 5
net model(x[m, n], z[n]) -> y[m, n] {
    param L[n, n]
    w[n] = tanh(z[n])
    stream s = x
    repeat k in 0..2 {
        s[p, r] += tanh(s[p, r] + w[r])
        repeat l in 0..layer { s[p, r] += L[r, c] tanh(s[p, c] + w[c]) }
    }
    y[p, r] = s[p, r] + w[r]
}
figure F { draw model; ends l }
"""
    known = tnlang.load(text)
    (diagram,) = diagrams_in(view(known.ir, known.ir.figures[0]))
    assert [p.label for b in diagram.backbones for p in b.plates] == ["l = 0", "l = 4", r"\times 2"]
    scene = backbone_scene(diagram)
    assert faults(diagram, scene) == lint(scene) == ()
    report = tnlang.verify(known.figures["F"].svg(), known, module=False)
    assert report.ok, report


@pytest.mark.parametrize("body", [ANEW["gated"][1], "s[p, r] += L[r, c] tanh(s[p, c])"])
def test_a_value_read_in_a_plate_and_outside_has_a_station_in_each(body: str) -> None:
    text = in_turns("x[m, n]", body, "y[p, r] = s[p, r] + x[p, r]")
    diagram = of_text(text, ())
    (plate,) = (p for b in diagram.backbones for p in b.plates)
    before, start, *_ = diagram.backbones[0].stations
    shapes = {s.id: s for s in diagram.shapes}
    assert plate.start == start and (shapes[before].symbol, shapes[start].symbol) == ("copy", "copy")
    last = diagram.backbones[0].stations[-1]
    ends = [{e.shape for e in line.ends} for line in diagram.lines]
    assert ends.count({before, last}) == 2 and {start, last} not in ends
    assert faults(diagram, flowing(diagram)) == lint(flowing(diagram)) == ()
    known = tnlang.load(text)
    report = tnlang.verify(known.nets["model"].svg(), known, module=False)
    assert report.ok, report


READ_APART = {
    "the stream's beginning, after": ("s[p, r] += L[r, c] tanh(s[p, c])", "y = s + x"),
    "the stream's beginning, in it": ("s[p, r] += L[r, c] tanh(s[p, c]) x[p, r]", "y = s"),
    "the stream's beginning, both": ("s[p, r] += L[r, c] tanh(s[p, c]) x[p, r]", "y = s + x"),
    "an input": ("s[p, r] += L[r, c] tanh(s[p, c]) z[p, r]", "y = s + z"),
    "a value": ("s[p, r] += L[r, c] tanh(s[p, c]) k[p, r]", "y = s + k"),
    "a value made of the stream": ("s[p, r] += L[r, c] tanh(s[p, c]) h[p, r]", "y = s + h"),
    "a product after it": ("s[p, r] = L[r, c] tanh(s[p, c]) s[p, r]", "y[p, r] = s[p, r] x[p, r]"),
    "a value made before and read only in it": ("s[p, r] += L[r, c] tanh(s[p, c]) k[p, r]", "y = s"),
    "a slice": ("s[p, r] += L[r, c] tanh(s[p, c]) q[p, r]", "y = s"),
    "a value that only flows in": ("s[p, r] += L[r, c] z[p, c]", "y = s + z"),
}


def read_apart(name: str) -> str:
    body, last = READ_APART[name]
    return f"""dim n = 3, m = 2
net model(x[m, n], z[m, n]) -> y[m, n] {{
    param L[n, n], M[n, n], P[a: 5, n]
    stream s = x
    k[p, r] = M[r, c] z[p, c]
    q[p, r] = P[p: 0..m, r]
    h[p, r] = M[r, c] s[p, c]
    repeat l in 0..12 {{ {body} }}
    {last}
}}
"""


@pytest.mark.parametrize("name", READ_APART)
def test_what_is_read_in_a_plate_and_outside_crosses_its_edge_once(name: str) -> None:
    """It has its station outside; the net's value comes out when the plate is run as it is drawn."""
    text = read_apart(name)
    diagram = of_text(text, ())
    for flow in FLOWS:
        found = backbone_scene(diagram, flow)
        assert faults(diagram, found) == lint(found) == ()
    known = tnlang.load(text)
    report = tnlang.verify(known.nets["model"].svg(), known, module=False)
    assert report.ok, report


def test_what_is_made_before_a_repeat_stands_outside_its_plate() -> None:
    """Its parameters are not those of each turn."""
    diagram = of_text(read_apart("a value made before and read only in it"), ())
    found = flowing(diagram)
    (plate,) = (i.outline for i in found.items if isinstance(i, OutlineItem) and i.family == "plate")
    inside = {s.name: bbox(plate).holds(centers(found)[s.id]) for s in diagram.shapes if s.name in ("L", "M")}
    assert inside == {"L": True, "M": False}


def test_an_input_read_in_a_repeat_is_not_the_stream_of_that_turn() -> None:
    diagram = of_text(read_apart("the stream's beginning, in it"), ())
    shapes = {s.id: s for s in diagram.shapes}
    assert {(shapes[r.station].label, shapes[r.paste].label) for r in diagram.ribbons} == {
        ("x", "x"),
        ("s", "s"),
    }


def test_random_values_read_in_repeats_and_outside_mean_their_net() -> None:
    """Nothing is drawn wrong, no wire comes too near another, and every name has room."""
    drawn = []

    @seed(20261121)
    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(across(), st.sampled_from(FLOWS))
    def each(text: str, flow: Side) -> None:
        diagram = of_text(text, ())
        found = backbone_scene(diagram, flow)
        assert faults(diagram, found) == lint(found) == (), text
        known = tnlang.load(text)
        report = tnlang.verify(known.nets["model"].svg(), known, module=False)
        assert report.ok, f"{text}\n{report}"
        drawn.append(text)

    each()
    assert len(drawn) >= 30


@pytest.mark.parametrize(
    "body",
    [
        "stream s = x[a] x[a]\n repeat l in 0..3 { s = s s + 1 }\n y[b] = s x[b]",
        "stream s = x[a] x[a]\n repeat l in 0..3 { s += 1 }\n y[b] = s x[b]",
    ],
)
def test_a_repeat_without_a_plate_is_refused(body: str) -> None:
    known = load_program(Source("<text>", f"dim n = 3\nnet model(x[n]) -> y[n] {{\n {body}\n}}\n"))
    with pytest.raises(Undrawable, match="s is assigned in a repeat"):
        view(known, NetTarget("model"))


def test_a_repeat_of_a_net_drawn_open_within_another_is_refused() -> None:
    text = in_turns(*ANEW["matrix"]) + "net outer(x[n]) -> y[n] { y = model(x) }\n"
    with pytest.raises(Undrawable, match="s is assigned in a repeat"):
        of_text(text, ("model",), "outer")


def test_a_bubble_round_a_streams_last_value_holds_a_copy_of_it() -> None:
    text = (
        DIMS
        + """net model(x0[seq, hidden]) -> y[seq, hidden] {
    param W[hidden, hidden]
    stream x = x0
    x[p, d] += W[d, e] x[p, e]
    y[p, d] = layernorm[d](x[p, d])
}
"""
    )
    diagram = of_text(text, ())
    (bubble,) = diagram.enclosures
    (pasted,) = (s for s in diagram.shapes if s.inside == bubble.id)
    (ribbon,) = diagram.ribbons
    assert (pasted.symbol, ribbon.paste) == ("paste", pasted.id)
    assert ribbon.station == diagram.backbones[0].stations[-1]
    found = flowing(diagram)
    assert faults(diagram, found) == lint(found) == ()


def test_a_sum_over_heads_is_one_c_behind_its_sign() -> None:
    """Position and hidden leave side by side though no wire joins pattern and values; Σ is before it all."""
    known = load_program(PROGRAMS["N12_heads"])
    (diagram,) = diagrams_in(view(known, NetTarget("heads")))
    found = flowing(diagram)
    drawn = wires(found)
    ends = [max(y for _, y in flatten(drawn[o.line].path)) for o in diagram.opens if o.kind == "output"]
    assert len(ends) == 2 and ends[0] == ends[1]
    sign = next(i for i in found.items if isinstance(i, LabelItem) and r"\sum" in i.text)
    assert all(sign.at[0] < x for x, _ in centers(found).values())
    assert lint(found) == faults(diagram, found) == ()


def test_layout_is_deterministic() -> None:
    for name in ("N5_gpt2", "C9_encoder_decoder"):
        texts = {to_svg(layout(d)) for _ in range(2) for d in with_backbone(name)}
        assert len(texts) == len(with_backbone(name))


@pytest.mark.parametrize("flow", FLOWS)
def test_every_flow_of_a_block_is_drawn_without_a_finding(flow: Side) -> None:
    for name in ("N10_mlp", "N11_attention", "N17_two_layers", "N5_gpt2"):
        for diagram in with_backbone(name):
            assert lint(flowing(diagram, flow)) == ()
            assert faults(diagram, flowing(diagram, flow)) == ()


@seed(20261121)
@settings(
    max_examples=150,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(0, 9).flatmap(lambda n: program(most=4 if n == 0 else 1)), st.sampled_from(FLOWS))
def test_random_backbones_have_no_finding(text: str, flow: Side) -> None:
    nets = [line.split("(")[0].removeprefix("net ") for line in text.splitlines() if line.startswith("net ")]
    diagram = of_text(text, tuple(n for n in nets if n not in ("ln", "model")))
    found = backbone_scene(diagram, flow)
    assert faults(diagram, found) == ()
    assert lint(found) == ()


MLP = """
net mlp(x[seq, hidden]) -> y[seq, hidden] {
    param W[hidden, m], V[m, hidden]
    y[p, d] = W[d, j] gelu(V[j, k] x[p, k])
}
"""
DIMS = "dim seq, hidden = 8, m = 16, inp = 5, vocab = 20, head = 4\n"

UNUSUAL = {
    "one track": """dim n = 8, m = 16
net model(x[n]) -> y[n] {
    param W[n, m], V[m, n]
    stream r = x
    r[i] += W[i, j] relu(V[j, k] r[k])
    r[i] += W[i, j] relu(V[j, k] r[k])
    y = r
}
""",
    "three tracks": """dim batch, seq, hidden = 8, m = 16
net model(x[batch, seq, hidden]) -> y[batch, seq, hidden] {
    param W[hidden, m], V[m, hidden]
    stream r = x
    repeat l in 0..4 { r[b, p, d] += W[d, j] gelu(V[j, k] r[b, p, k]) }
    y = r
}
""",
    "a bias along the stream, a map of the hidden leg, something subtracted": DIMS
    + """net model(x[seq, hidden]) -> y[seq, hidden] {
    param b[hidden], W[hidden, hidden]
    stream r = x
    r[p, d] += b[d] ones[p: seq]
    r[p, d] += W[d, e] r[p, e]
    r[p, d] -= W[d, e] tanh(r[p, e])
    y = r
}
""",
    "a network before the stream": DIMS
    + """net model(z[seq, inp]) -> y[seq, hidden] {
    param A[m, inp], B[hidden, m], W[hidden, m], Z[m, hidden], c[hidden]
    stream x[p, d] = B[d, m] relu(A[m, i] z[p, i]) + c[d]
    x[p, d] += W[d, j] relu(Z[j, e] x[p, e])
    y = x
}
""",
    "a network after the stream": DIMS
    + """net model(x0[seq, hidden]) -> logits[seq, vocab] {
    param U[vocab, m], V[m, hidden], W[hidden, m], Z[m, hidden]
    stream x = x0
    x[p, d] += W[d, j] relu(Z[j, e] x[p, e])
    logits[p, v] = U[v, m] relu(V[m, d] x[p, d])
}
""",
    "a map on position and hidden": DIMS
    + """net model(x0[seq, hidden]) -> y[seq, hidden] {
    param M[seq, hidden, seq, hidden]
    stream x = x0
    x[p, d] += M[p, d, q, e] x[q, e]
    y = x
}
""",
    "a gate over experts": DIMS
    + """net model(x0[seq, hidden]) -> y[seq, hidden] {
    param W[head, hidden, m], V[head, m, hidden], G[head, hidden]
    stream x = x0
    g[p, h] = softmax[h](G[h, d] x[p, d])
    x[p, d] += g[p, h] W[h, d, j] gelu(V[h, j, k] x[p, k])
    y = x
}
""",
    "a repeat in a repeat": DIMS
    + MLP
    + """net model(x0[seq, hidden]) -> y[seq, hidden] {
    stream x = x0
    repeat k in 0..2 {
        x += mlp(x) as a
        repeat l in 0..3 { x += mlp(x) as b }
    }
    y = x
}
""",
    "slices of a vector": """tensor W[a: 9]
net model() -> y[i: 3] {
    stream s[i] = W[i: 0..3]
    repeat l in 1..3 { s[i] += W[i: 3*l..3*l+3] }
    y = s
}
""",
    "outputs that no stream leads to": DIMS
    + """net model(x[seq, hidden]) -> (y[seq, hidden], z[head, inp]) {
    param W[hidden, m], V[m, hidden], A[head, m], B[m, inp]
    stream r = x
    r[p, d] += W[d, j] relu(V[j, k] r[p, k])
    y = r
    z[h, i] = tanh(A[h, j] B[j, i])
}
""",
    "a matrix between two repeats": DIMS
    + MLP
    + """net model(x0[seq, hidden]) -> y[seq, hidden] {
    param P[hidden, hidden]
    stream x = x0
    repeat l in 0..4 { x += mlp(x) as a }
    x[p, i] = P[i, j] x[p, j]
    repeat l in 0..3 { x += mlp(x) as b }
    y = x
}
""",
    "three legs": """dim b = 2, s = 3, d = 4
net model(x[b, s, d]) -> y[b, s, d] {
    param W[d, d]
    stream r = x
    r[n, p, i] += W[i, j] relu(r[n, p, j])
    r[n, p, i] += W[i, j] tanh(r[n, p, j])
    y = r
}
""",
    "a value read plainly by another stream": """dim seq = 3, d = 4
net model(x[seq, d], z[seq, d]) -> (y[seq, d], w[seq, d]) {
    param A[d, d], B[d, d]
    stream s = x
    stream r = z
    s[p, i] += A[i, j] r[p, j]
    r[p, i] += B[i, j] relu(s[p, j])
    s[p, i] += A[i, j] tanh(r[p, j])
    y = s
    w = r
}
""",
    "two streams that read one another": DIMS
    + MLP
    + """net model(u[seq, hidden], v[seq, hidden]) -> (y[seq, hidden], z[seq, hidden]) {
    stream a = u
    stream b = v
    a += mlp(b) as f
    b += mlp(a) as g
    y = a
    z = b
}
""",
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_streams_touch_nothing(name: str) -> None:
    for flow in FLOWS:
        assert lint(backbone_scene(of_text(UNUSUAL[name], ("mlp",)), flow)) == ()


def test_a_stream_made_anew_is_a_backbone_of_its_own() -> None:
    text = (
        DIMS
        + MLP
        + """net model(x0[seq, hidden]) -> y[seq, hidden] {
    stream x = x0
    x += mlp(x) as a
    x = mlp(x) as b
    x += mlp(x) as c
    y = x
}
"""
    )
    diagram = of_text(text, ("mlp",))
    drawn = wires(backbone_scene(diagram, "down"))
    assert len(diagram.backbones) == 2
    assert set(drawn) == {line.id for line in diagram.lines}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_streams_are_drawn_as_they_are(name: str) -> None:
    diagram = of_text(UNUSUAL[name], ("mlp",))
    assert faults(diagram, backbone_scene(diagram, "down")) == ()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_line_and_shape_of_a_diagram_is_drawn(name: str) -> None:
    for diagram in with_backbone(name):
        found = flowing(diagram)
        assert faults(diagram, found) == ()
        assert set(wires(found)) == {line.id for line in diagram.lines}
        drawn = {item.id for item in found.items if isinstance(item, ShapeItem)}
        inkless = {s.id for s in diagram.shapes if s.symbol in ("text", "sigma", "onehot", "fork")}
        assert drawn | inkless == {s.id for s in diagram.shapes}
        walls = {i.id for i in found.items if isinstance(i, OutlineItem) and i.family != "plate"}
        assert walls == {e.id for e in diagram.enclosures}


def test_everything_lies_inside_the_scene() -> None:
    for name in EXAMPLES:
        for diagram in with_backbone(name):
            found = flowing(diagram)
            page = Box(0.0, 0.0, found.width, found.height)
            for item in found.items:
                if isinstance(item, WireItem):
                    box = bbox(item.path)
                    assert page.holds((box.left, box.top)) and page.holds((box.right, box.bottom))


@pytest.mark.parametrize("flow", ["", "flow right"])
def test_what_is_taken_away_has_its_minus(flow: str) -> None:
    """A bias has no name at its wire, but a minus where there is one."""
    text = """
    dim seq = 4, d = 6
    net f(x[seq, d]) -> y[seq, d] {
        param W[d, e: d], b[d]
        y[p, i] = relu(W[i, j] x[p, j] - b[i]) + x[p, i]
    }
    """
    (sheet,) = sheets_of(text + f"figure of_f {{ draw f; {flow} }}\n")
    (diagram,) = diagrams_in(sheet)
    made = layout(diagram, sheet.flow)
    (minus,) = (line.id for line in diagram.lines if line.label == MINUS)
    assert [i.line for i in made.items if isinstance(i, LabelItem) and i.text == MINUS] == [minus]
    assert faults(diagram, made) == ()
    without = tuple(i for i in made.items if not isinstance(i, LabelItem) or i.text != MINUS)
    assert [finding.rule for finding in faults(diagram, replace(made, items=without))] == ["not drawn"]


CLOSED = {
    "in a repeat": "repeat l in 0..6 { r += mlp(r) }",
    "alone": "r += mlp(r)",
    "three": "repeat l in 0..6 { r += mlp(r) as a; r += mlp(r) as b }; r += mlp(r) as c",
}


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_block_of_a_stream_has_its_names_and_count_clear(name: str, flow: Side) -> None:
    text = f"net model(x[seq, hidden]) -> y[seq, hidden] {{ stream r = x; {CLOSED[name]}; y = r }}\n"
    text = DIMS + MLP + text + f"figure F {{ draw model; fold mlp; flow {flow} }}\n"
    (sheet,) = sheets_of(text)
    (diagram,) = diagrams_in(sheet)
    assert any(s.symbol == "folded" for s in diagram.shapes)
    found = layout(diagram, flow)
    assert lint(found) == faults(diagram, found) == ()
    known = tnlang.load(text)
    report = tnlang.verify(known.figures["F"].svg(), known, module=False)
    assert report.ok, str(report)


def test_a_closed_call_has_room_for_one_more_than_half_of_its_legs_on_one_side() -> None:
    """Wires that leave beside one another nearer than tracks run could not be led straight on."""
    for legs in range(1, 25):
        wide, _ = half_size(Shape(0, "folded", "f", "f", outline="box", legs=tuple(range(legs))))
        assert 2 * (wide - 4) >= APART * (legs // 2), legs


POOL = """net pool(x[seq, hidden]) -> y[seq, hidden] {
    param W[hidden, k: hidden]
    m[d] = max[p](x[p, d])
    y[p, d] = W[d, e] m[e] ones[p]
}
"""
POOLED = {
    "a block with a name": "repeat l in 0..3 { r += pool(r) }",
    "without a repeat": "r += pool(r)",
    "written out": "repeat l in 0..3 { m[d] = max[p](r[p, d]); r[p, d] += V[d, e] m[e] ones[p] }",
}


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("name", POOLED)
def test_a_factor_of_a_block_stands_outside_its_bubble_and_the_name_once(name: str, flow: Side) -> None:
    """What only flows in is placed with the block that it is a factor of, not over it."""
    text = "dim seq = 5, hidden = 8\n" + POOL + "net model(x[seq, hidden]) -> y[seq, hidden] {\n"
    text += f"param V[hidden, k: hidden]; stream r = x; {POOLED[name]}; y = r }}\n"
    text += f"figure F {{ draw model; unfold pool; flow {flow} }}\n"
    (sheet,) = sheets_of(text)
    (diagram,) = diagrams_in(sheet)
    found = layout(diagram, flow)
    assert lint(found) == faults(diagram, found) == ()
    (bubble,) = (bbox(i.outline) for i in found.items if isinstance(i, OutlineItem) and i.family != "plate")
    places = centers(found)
    free = [s.id for s in diagram.shapes if len(s.legs) == 1 and s.inside is None]
    assert free and not any(bubble.holds(places[s]) for s in free)
    stations = [places[s] for s in diagram.backbones[0].stations]
    assert len({at[flow in ("left", "right")] for at in stations}) == 1 < len(set(stations))
    names = [i.text for i in found.items if isinstance(i, LabelItem) and i.text == "pool"]
    assert len(names) == ("pool(r)" in POOLED[name])
    known = tnlang.load(text)
    report = tnlang.verify(known.figures["F"].svg(), known, module=False)
    assert report.ok, str(report)


@pytest.mark.parametrize("flow", ["down", "right"])
def test_a_stream_of_one_sum_bears_its_names_where_it_ends(flow: Side) -> None:
    """Above the sum one of its two wires is named, which says nothing of the other."""
    (diagram,) = with_backbone("N7_embedding")
    ends = {end.line for end in diagram.opens if end.kind == "output"}
    found = flowing(diagram, flow)
    names = [item.text for item in found.items if isinstance(item, LabelItem) and item.line in ends]
    assert sorted(names) == ["hidden", "seq"]
    assert not lint(found)
