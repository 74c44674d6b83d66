"""Several streams: beside one another in the order of time, in one plate if one repeat assigns them."""

from __future__ import annotations

import random

import pytest

import tnlang
from tests.layout.test_backbone import FLOWS, of_text
from tnlang.draw.faithful import faults
from tnlang.draw.geometry import Box, bbox, union
from tnlang.draw.layout.backbone.scene import backbone_scene
from tnlang.draw.lint import lint
from tnlang.draw.scene import LabelItem, OutlineItem, Scene, ShapeItem
from tnlang.draw.svg import to_svg

HEAD = "dim m = 3, n = 4\n"
MLP = "net mlp(x[m, n]) -> y[m, n] { param W[n, n], V[n, n]; y[p, i] = W[i, j] relu(V[j, k] x[p, k]) }\n"
TWO = "model(x[m, n], z[m, n]) -> (a[m, n], b[m, n])"
GIVEN = "a = r\n b = t"


def net(body: str, head: str = TWO, given: str = GIVEN, before: str = "stream r = x\n stream t = z") -> str:
    """A net with the streams r and t."""
    own = "param W[n, n], V[n, n], K{l: 0..3}[n, n]"
    return f"{HEAD}{MLP}net {head} {{\n {own}\n {before}\n {body}\n {given}\n}}\n"


ONE_AFTER_THE_OTHER = "r[p, i] += W[i, j] relu(t[p, j])\n t[p, i] += V[i, j] relu(r[p, j])"
NETS = {
    "one after the other": net(f"repeat l in 0..3 {{ {ONE_AFTER_THE_OTHER} }}"),
    "as calls": net("repeat l in 0..3 { r += mlp(t) as f\n t += mlp(r) as g }"),
    "the other way round": net(
        "repeat l in 0..3 { t[p, i] += V[i, j] relu(r[p, j])\n r[p, i] += W[i, j] relu(t[p, j]) }"
    ),
    "one read on": net(f"repeat l in 0..3 {{ {ONE_AFTER_THE_OTHER} }}\n r[p, i] += W[i, j] tanh(r[p, j])"),
    "one not given": net(
        f"repeat l in 0..3 {{ {ONE_AFTER_THE_OTHER} }}", "model(x[m, n], z[m, n]) -> b[m, n]", "b = t"
    ),
    "made anew": net(
        "repeat l in 0..3 { t[p, i] = sigmoid(K{l}[i, j] r[p, j]) * t[p, i]\n"
        " r[p, i] = tanh(V[i, j] t[p, j]) }"
    ),
    "read twice": net(
        "repeat l in 0..3 { r[p, i] += W[i, j] relu(r[p, j])\n"
        " t[p, i] += softmax[q](t[p, j] V[j, k] r[q, k]) r[q, i]\n r[p, i] += V[i, j] relu(t[p, j]) }"
    ),
    "three": net(
        "repeat l in 0..2 { r[p, i] += W[i, j] relu(t[p, j])\n"
        " u[p, i] += V[i, j] relu(r[p, j])\n t[p, i] += W[i, j] relu(u[p, j]) }",
        "model(x[m, n], w[m, n], z[m, n]) -> (a[m, n], b[m, n], c[m, n])",
        f"{GIVEN}\n c = u",
        "stream r = x\n stream u = w\n stream t = z",
    ),
    "in a repeat in a repeat": net(
        f"repeat l in 0..3 {{ repeat k in 0..2 {{ {ONE_AFTER_THE_OTHER} }}\n"
        " r[p, i] += W[i, j] tanh(r[p, j]) }"
    ),
    "nothing else in it": net(f"repeat l in 0..3 {{ repeat k in 0..2 {{ {ONE_AFTER_THE_OTHER} }} }}"),
    "from one input": net(
        f"repeat l in 0..3 {{ {ONE_AFTER_THE_OTHER} }}",
        "model(x[m, n]) -> y[m, n]",
        "y[p, i] = r[p, i] + t[p, i]",
        "stream r = x\n stream t = x",
    ),
    "made of one another and multiplied": net(
        f"repeat l in 0..3 {{ {ONE_AFTER_THE_OTHER} }}",
        "model(x[m, n]) -> y[m, n]",
        "y[p, i] = r[p, i] * t[p, i]",
        "stream r = x\n stream t[p, i] = V[i, j] x[p, j]",
    ),
}


def plates(scene: Scene) -> list[Box]:
    return [bbox(i.outline) for i in scene.items if isinstance(i, OutlineItem) and i.family == "plate"]


@pytest.mark.parametrize("name", NETS)
def test_streams_of_one_repeat_stand_in_one_plate(name: str) -> None:
    diagram = of_text(NETS[name], ("mlp",))
    inside = {s for bone in diagram.backbones for plate in bone.plates for s in (plate.start, plate.stop)}
    for flow in FLOWS:
        scene = backbone_scene(diagram, flow)
        assert faults(diagram, scene) == lint(scene) == ()
        found = plates(scene)
        assert len(found) == NETS[name].count("repeat")
        centers = {i.id: bbox(i.outline).center for i in scene.items if isinstance(i, ShapeItem)}
        whole = max(found, key=lambda box: box.height)
        assert all(whole.holds(centers[s]) for s in inside)


@pytest.mark.parametrize("name", NETS)
def test_what_streams_of_one_repeat_become_is_read_back(name: str) -> None:
    program = tnlang.load(NETS[name])
    report = tnlang.verify(program.nets["model"].svg(), program, module=False)
    assert report.ok, report


@pytest.mark.parametrize("name", NETS)
def test_what_is_used_stands_below_where_it_is_made(name: str) -> None:
    diagram = of_text(NETS[name], ())
    scene = backbone_scene(diagram, "down")
    height = {i.id: bbox(i.outline).center[1] for i in scene.items if isinstance(i, ShapeItem)}
    assert diagram.ribbons
    assert all(height[ribbon.paste] >= height[ribbon.station] - 1.0 for ribbon in diagram.ribbons)


BESIDE = """
dim p = 5, q = 4, hidden = 8
net block(x[p, hidden], z[q, hidden]) -> (a[p, hidden], b[q, hidden]) {
    param V[hidden, out: hidden], W[out: hidden, hidden]
    a[i, d] = tanh(x[i, e] V[e, d])
    b[j, d] = W[d, e] softmax[i](z[j, c] x[i, f] V[f, c]) x[i, g] V[g, e]
}
net two(x0[p, hidden], z0[q, hidden]) -> (x1[p, hidden], z1[q, hidden]) {
    stream x = x0
    stream z = z0
    repeat l in 0..3 {
        a, b = block(x, z)
        x += a
        z += b
    }
    x1 = x
    z1 = z
}
figure F { draw two; unfold block }
"""


def test_what_a_block_takes_from_another_stream_alone_stands_beside_the_rest_of_it() -> None:
    program = tnlang.load(BESIDE)
    figure = program.figures["F"]
    scene = figure.scene()
    assert lint(scene) == ()
    names = [i.text for i in scene.items if isinstance(i, LabelItem)]
    assert names.count("block") == 2  # a word for each stream's block
    boxes = [bbox(i.outline) for i in scene.items if isinstance(i, ShapeItem)]
    walls = [bbox(i.outline) for i in scene.items if isinstance(i, OutlineItem) and i.family != "plate"]
    assert len(walls) == 2
    for wall in walls:
        within = [box for box in boxes if wall.overlaps(box)]
        assert all(union((wall, box)) == wall for box in within)
    assert tnlang.verify(figure.svg(), program, figure="F", module=False).ok


def test_turns_of_two_streams_are_shown_by_their_ends() -> None:
    text = NETS["one after the other"].replace("W[i, j] relu(t", "K{l}[i, j] relu(t")
    program = tnlang.load(text + 'figure ends "Ends" { draw model; ends l }\n')
    scene = program.figures["ends"].scene()
    assert lint(scene) == () and len(plates(scene)) == 2
    report = tnlang.verify(program.figures["ends"].svg(), program, figure="ends", module=False)
    assert report.ok, report


STEPS = (
    "{a}[p, i] += W[i, j] relu({b}[p, j])",
    "{a} += mlp({b}) as f_{n}",
    "{a}[p, i] = tanh(V[i, j] {b}[p, j])",
    "{a}[p, i] += softmax[q]({a}[p, j] V[j, k] {b}[q, k]) {b}[q, i]",
    "g_{n}{{l}}[p, i] = tanh(V[i, j] {b}[p, j])\n {a} += g_{n}{{l}}",
)
OUTPUTS = (
    ("(a[m, n], b[m, n])", "a = r\n b = t"),
    ("b[m, n]", "b = t"),
    ("y[m, n]", "y[p, i] = r[p, i] + t[p, i]"),
)
STARTS = (
    ("x[m, n], z[m, n]", "stream r = x\n stream t = z"),
    ("x[m, n], z[m, n]", "stream r = x\n stream t[p, i] = W[i, j] z[p, j]"),
    ("x[m, n]", "stream r = x\n stream t = x"),
)


def random_net(seed: int) -> str:
    """A net whose repeat assigns r and t, each from any of the two."""
    chance = random.Random(seed)
    streams = ["r", "t", *chance.choices("rt", k=chance.randint(0, 1))]
    steps = [
        chance.choice(STEPS).format(a=a, b=chance.choice("rt"), n=number) for number, a in enumerate(streams)
    ]
    (legs, given), (inputs, before) = chance.choice(OUTPUTS), chance.choice(STARTS)
    body = "\n ".join(steps)
    return net(f"repeat l in 0..3 {{\n {body} }}", f"model({inputs}) -> {legs}", given, before)


def test_random_streams_of_one_repeat_mean_their_net_and_are_clean() -> None:
    for seed in range(31):
        text = random_net(seed)
        program = tnlang.load(text)
        scene = program.nets["model"].scene()
        report = tnlang.verify(to_svg(scene), program, net="model", module=False)
        assert report.ok, f"{text}\n{report}"
        assert lint(scene) == (), text


def test_what_a_stream_begins_with_stands_above_the_plate_of_all() -> None:
    """``0`` is drawn as a bubble: its backbone is no higher for it, and the plate begins below."""
    text = """
    dim n = 4, m = 3
    net two(x[n, m]) -> (r[n, m], s[n, m]) {
        stream r = x
        stream s[n, m] = 0 ones[n, m]
        repeat l in 0..2 { r[n, m] += tanh(r[n, m]); s += r }
    }
    """
    scene = tnlang.load(text).nets["two"].scene()
    assert not lint(scene)
    boxes = {item.family: bbox(item.outline) for item in scene.items if isinstance(item, OutlineItem)}
    assert boxes["bracket"].bottom < boxes["plate"].top
