"""Cuts, outlines and captions of terms: where they come to lie."""

from __future__ import annotations

from collections import Counter

import pytest

import tnlang
from tests.layout.pictures import diagrams_in, scene, sheets_of
from tnlang.draw.frame import ink_box, ink_of
from tnlang.draw.geometry import Box, bbox, contains, crossings, distance, distance_to, flatten
from tnlang.draw.labels import letter_boxes
from tnlang.draw.lint import lint
from tnlang.draw.round import MARK_WIDTH
from tnlang.draw.scene import InkItem, LabelItem, Scene, ShapeItem, WireItem

HEAD = """\
dim n = 4
tensor A[n, n], B[n, n], C[n, n], T[n, n_2: n, n_3: n, n_4: n, n_5: n]
"""


def made(shown: str) -> Scene:
    return scene(sheets_of(HEAD + "figure f { " + shown + " }\n")[0])


def inks(of: Scene, role: str) -> list[InkItem]:
    return [item for item in of.items if isinstance(item, InkItem) and item.role == role]


def shape(of: Scene, name: str) -> Box:
    return next(bbox(i.outline) for i in of.items if isinstance(i, ShapeItem) and i.title.startswith(name))


def test_a_cut_crosses_its_wire_and_no_other_and_leaves_out_names() -> None:
    of = made("draw A[i, j] B[j, k] C[k, l]; cut j")
    cut = inks(of, "cut")
    crossed = [
        item
        for item in of.items
        if isinstance(item, WireItem) and any(crossings(item.path, piece.outline) for piece in cut)
    ]
    assert len(crossed) == 1
    where = ink_of(cut)
    assert shape(of, "A").right < where.center[0] < shape(of, "B").left
    assert where.top < shape(of, "A").top and shape(of, "A").bottom < where.bottom
    names = [ink_box(item) for item in of.items if isinstance(item, LabelItem)]
    assert not any(ink_box(piece).overlaps(name) for piece in cut for name in names)
    assert lint(of) == ()


def test_a_cut_names_legs_as_they_are_declared_where_no_wire_there_is_called_so() -> None:
    text = "dim n = 3\ntensor A[p: n, r: n], B[l: n, p: n, r: n], C[l: n, p: n]\n"
    chain = "draw A[i, a] B[a, j, b] C[b, l]"
    (where, there) = (
        ink_of(inks(scene(sheets_of(f"{text}figure f {{ {chain}; cut B[{legs}] }}")[0]), "cut")).center
        for legs in ("l, p", "a, j")
    )
    assert where == there


def test_a_cut_or_outline_of_what_is_not_there_is_told() -> None:
    text = "dim n = 3\ntensor A[p: n, r: n], B[l: n, p: n, r: n]\n"
    marks = "cut A[r, p]; cut b, B[a]; outline B; cut a, A[p]; outline A, B"
    shown = f"figure f {{ draw A[i, a] A[a, b]; {marks}; draw B[i, a, b] A[b, c]; cut a }}"
    program = tnlang.load(text + shown)
    told = program.figures["f"].warnings
    assert {w.code for w in told} == {"TN809"} and [w.span.text for w in told] == [
        "cut A[r, p]",
        "cut b, B[a]",
        "outline B",
        "outline A, B",
    ]


def test_the_name_of_a_cut_wire_stands_beside_the_cut() -> None:
    of = made("draw A[i, j] B[j, k]; cut j")
    (cut,) = inks(of, "cut")  # in one piece: nothing stands on it
    (name,) = (i for i in of.items if isinstance(i, LabelItem) and i.text == "j")
    at, box = ink_of([cut]).center[0], ink_box(name)
    assert shape(of, "A").right - 8 < box.left and (box.right < at or at < box.left)
    assert box.right < shape(of, "B").left + 8
    assert lint(of) == ()


def test_a_cut_through_a_tensor_parts_the_legs_named_from_the_others() -> None:
    of = made("draw T[a, b, c, d, e]; cut T[b, a]")
    at = ink_of(inks(of, "cut")).center[0]
    legs = {i.text: i.at[0] for i in of.items if isinstance(i, LabelItem) and i.kind == "leg"}
    assert max(legs["a"], legs["b"]) < at < min(legs["c"], legs["d"], legs["e"])


def test_an_outline_holds_what_it_names_and_nothing_else() -> None:
    of = made("draw A[i, j] B[j, k] C[k, l]; outline A, B")
    (outline,) = inks(of, "next")
    assert outline.layer == "under"
    for name, inside in (("A", True), ("B", True), ("C", False)):
        box = shape(of, name)
        corners = [(box.left, box.center[1]), (box.right, box.center[1]), (box.center[0], box.top)]
        assert {contains(outline.outline, corner) for corner in corners} == {inside}
    assert lint(of) == ()


def test_shapes_that_are_not_beside_one_another_are_outlined_round_what_is_between() -> None:
    of = made("draw A[i, j] B[j, k] C[k, i]; outline A, C")
    (outline,) = inks(of, "next")
    assert not contains(outline.outline, shape(of, "B").center)


def test_marks_that_a_picture_has_not_are_left_out() -> None:
    of = made("draw A[i, j] + B[i, j] C[j, k] A[k, l] delta[l, j]; outline A, B; cut k")
    assert len(inks(of, "next")) == 1


def test_captions_of_terms_stand_below_them_on_one_baseline() -> None:
    of = made('draw (A[i, j] "a") + (B[i, k] C[k, j] "a long name for a short term") "both"')
    a, b, both = (i for i in of.items if isinstance(i, LabelItem) and i.kind == "caption")
    assert a.at[1] == b.at[1] < both.at[1]
    assert abs(a.at[0] - shape(of, "A").center[0]) < 12
    assert lint(of) == ()


TOWERS = """
dim n = 4, h = 5, o = 3
net tower(x[n]) -> z[o] { param A[h, n], B[o, h]; z[c] = normalize[c](B[c, a] relu(A[a, i] x[i])) }
net siamese(x[n], y[n]) -> s { SHARED }
figure f { draw siamese; unfold tower }
"""


@pytest.mark.parametrize(
    ("text", "tied"),
    [
        (TOWERS.replace("SHARED", "shared t = tower; s = t(x)[c] t(y)[c]"), {"t.A": 2, "t.B": 2}),
        (TOWERS.replace("SHARED", "s = (tower(x) as t)[c] (tower(y) as u)[c]"), {}),
        (
            """
dim n = 4, p = 2
net block(x[p, n]) -> (a[p, n], b[p, n]) {
    param V[n, out: n], W[n, out: n]
    a[i, d] = tanh(x[i, e] V[e, d])
    b[i, d] = softmax[i](x[i, f] V[f, c] W[c, d])
}
net two(x[p, n]) -> (a[p, n], b[p, n]) { a, b = block(x) }
figure f { draw two; unfold block }
""",
            {"block.V": 2},
        ),
        (
            """
dim n = 4, h = 3
net f(x[n]) -> y[n] {
    param W[h, n, n]
    y[i] = sum l in 0..h { W[l, i, k] relu(W[l, j, k] x[j]) } + W[0, i, k] x[k]
}
""",
            {"W, h at l": 2},
        ),
    ],
)
def test_every_shape_of_a_parameter_that_stands_in_several_places_is_marked(
    text: str, tied: dict[str, int]
) -> None:
    """Whoever reads it, in whatever net: what counts is which parameter it is, and which entry of it."""
    (found,) = diagrams_in(sheets_of(text)[0])
    assert Counter(shape.told for shape in found.shapes if shape.tied) == tied


def test_a_tab_covers_no_letter_of_a_name() -> None:
    text = """
dim n = 4, h = 3
net f(x[n]) -> y[n] {
    param W_Q[h, n, n], Wide[h, n, n], V[n, n] unitary
    y[i] = sum l in 0..h { W_Q[l, i, k] relu(W_Q[l, j, k] Wide[l, j, u] Wide[l, v, u] V[v, w] V[w, z] x[z]) }
}
"""
    of = scene(sheets_of(text)[0])
    tabs = [bbox(item.outline) for item in inks(of, "tied")]
    letters = [box for i in of.items if isinstance(i, LabelItem) for box in letter_boxes(i)]
    assert len(tabs) == 6
    assert all(box.away(tab.center) > tab.width / 2 + 1 for tab in tabs for box in letters)


BARE = """
dim n = 3
tensor A[n, k: n], B[n, k: n], C[n, k: n], T[n, n_2: n, n_3: n, n_4: n], v[n]
figure ring { draw A[i, j] B[j, k] C[k, i] }
figure ladder { draw A[i, j] A[k, j] T[i, a, b, k] v[a] }
figure row { draw A[i, j] B[k, j] C[k, l]; outline A, B }
STYLES
"""


def test_wires_end_before_names_that_stand_bare() -> None:
    """Also where they come to them in a curve, or the shape is turned: its mark is where the wire ends."""
    styles = "\n".join(f"style {name} {{ shape none }}" for name in "ABCT")
    for sheet in sheets_of(BARE.replace("STYLES", styles)):
        of = scene(sheet)
        assert lint(of) == ()
        names = [ink_box(i) for i in of.items if isinstance(i, LabelItem) and i.kind == "sign"]
        assert len(names) == 3
        ends = [at for i in of.items if isinstance(i, WireItem) for at in (i.path.start, i.path.end)]
        assert sum(2 < box.away(at) < 10 for box in names for at in ends) >= 6
        assert not any(box.away(at) < 2 for box in names for at in ends)


def test_names_that_stand_bare_bear_marks_as_shapes_do() -> None:
    """Round the ring all follow one another; in the ladder T and A, and B in the row, are turned."""
    styles = "\n".join(f"style {name} {{ shape none }}" for name in "ABCT")
    marks = [
        sum(isinstance(i, InkItem) and i.stroke >= MARK_WIDTH for i in scene(sheet).items)
        for sheet in sheets_of(BARE.replace("STYLES", styles))
    ]
    assert marks == [0, 3, 1]


def test_an_outline_goes_round_names_that_stand_bare() -> None:
    text = BARE.replace("STYLES", "style A { shape none }")
    of = scene(sheets_of(text)[2])
    around = ink_of(inks(of, "next"))
    (name,) = (i for i in of.items if isinstance(i, LabelItem) and i.kind == "sign")
    assert around.left < ink_box(name).left and shape(of, "B").right < around.right < shape(of, "C").left


@pytest.mark.parametrize(
    ("shown", "marked"),
    [
        ("draw A[i, j] B[j, k]", ""),
        ("draw A[i, j] B[k, j]", "B"),
        ("draw A[i, j] B[k, j]; flow down", "B"),  # outputs below: read from there
        ("draw A[i, j] B[k, j]; flow up", "B"),
        ("draw A[i, j] B[j, k] C[k, i]", ""),  # a ring is read clockwise
        ("draw A[i, j] B[k, j] C[k, i]", "B"),
        ("equation A[i, j] B[k, j] = B[i, j] A[j, k]", "B B"),  # wherever it stands
        ("equation U[i, a] conj(U[j, a]) = delta[i, j]", "U U"),
        ("draw S[i, j] A[k, j]", "A"),  # whose order is open has none
        ("draw S[j, i] A[j, k]", ""),
        ("draw D[i, j] D[k, j]", ""),  # the dims tell the legs apart
        ("draw T[a, b, c, d, e]", ""),
        ("draw (P[a, b, u, d] P[b, c, v, e]) (P[f, g, d, w] P[g, h, e, z])", ""),  # rows and columns apart
        ("draw conj(B[a, i]) A[a, b] B[b, j]", "B B"),
        ("draw v[a] A[a, b] conj(v[b])", ""),
    ],
)
def test_what_is_not_read_as_it_stands_bears_marks_in_all_its_places(shown: str, marked: str) -> None:
    text = """
dim n = 4, m = 3
tensor A[n, n], B[n, n], C[n, n], D[n, m], P[n, n_2: n, n_3: n, n_4: n], v[n]
tensor S[n, n] symmetric, T[n, n_2: n, n_3: n, n_4: n, n_5: n], U[n, n] unitary
"""
    for styles in ("", "".join(f"style {name} {{ shape none }}\n" for name in "ABCU")):
        of = scene(sheets_of(f"{text}figure f {{ {shown} }}\n{styles}")[0])
        known = [i for i in of.items if isinstance(i, ShapeItem) and i.first_leg is not None]
        inks = [i for i in of.items if isinstance(i, InkItem) and i.role == "mark" and i.stroke >= MARK_WIDTH]
        if not styles:
            assert sorted(item.title[0] for item in known) == marked.split()
            assert lint(of) == ()
        assert len(inks) == len(marked.split())


def test_marks_on_discs_lie_on_their_rims() -> None:
    """In a ring too, where discs stand at odd places."""
    text = "dim n = 3, p = 2\ntensor A[n, p, r: n], B[n, p, r: n]\n"
    shown = "A[a, s, b] B[b, t, c] conj(A[a, u, e]) conj(B[e, v, c])"
    of = scene(sheets_of(f"{text}figure f {{ draw {shown} }}")[0])
    discs = [bbox(item.outline) for item in of.items if isinstance(item, ShapeItem)]
    marks = [item.outline for item in inks(of, "mark") if item.stroke >= MARK_WIDTH]
    assert len(marks) == len(discs) == 4
    for mark in marks:
        assert (
            min(max(abs(distance(box.center, at) - box.width / 2) for at in flatten(mark)) for box in discs)
            < 0.1
        )


def test_a_mark_stands_where_the_first_leg_leaves() -> None:
    """On a long shape too: legs are listed from the mark on."""
    text = "dim n = 3\ntensor G[n, n_2: n, n_3: n, n_4: n], v[n, n_2: n]\n"
    of = scene(sheets_of(text + "figure f { draw G[a, b, c, d] v[b, a] }")[0])
    shapes = {item.title: item for item in of.items if isinstance(item, ShapeItem)}
    wires = {item.title[0]: item.path for item in of.items if isinstance(item, WireItem)}
    for title, first in (("G [n, n_2, n_4, n_3]", "a"), ("v [n, n_2]", "b")):
        at, box = shapes[title].first_leg, bbox(shapes[title].outline)
        assert at is not None
        rim = (box.center[0] + box.width / 2 * at[0], box.center[1] + box.height / 2 * at[1])
        assert distance_to(wires[first], rim) < 2


NESTED = """
dim n = 4, m = 3
net f(x[n]) -> y[m] {
    param W[m, n], V[n, m], U[m, n]
    y[i] = tanh(U[i, k] leaky_relu(V[k, l] leaky_relu(W[l, j] x[j], slope = 0.1), slope = 0.2))
}
figure f { draw f; flow FLOW }
"""


@pytest.mark.parametrize("flow", ["right", "down", "left", "up"])
def test_options_stand_by_the_badge_of_their_bubble(flow: str) -> None:
    """In nested bubbles too, where there is little room: over the badge if not aside of it."""
    of = scene(sheets_of(NESTED.replace("FLOW", flow))[0])
    assert lint(of) == ()
    badges = [ink_box(i) for i in of.items if isinstance(i, LabelItem) and i.kind == "badge"]
    for slope in ("0.1", "0.2"):
        (note,) = (ink_box(i) for i in of.items if isinstance(i, LabelItem) and slope in i.text)
        near = [
            max(note.left - b.right, b.left - note.right, note.top - b.bottom, b.top - note.bottom)
            for b in badges
        ]
        assert min(near) < 20
    assert min(of.width, of.height) < 360  # no wider than the chain with its bubbles asks for


STREAM = """
dim n = 4, m = 3, p = 2
net c(x[p, n]) -> y[p, n] {
    param W[m, n] isometry(m), V[n, m] isometry(m), S[n, b: n], T[n, c: n]
    stream r = x
    r[p, d] += V[d, m] tanh(W[m, e] x[p, e])
    r[p, d] += softmax[p](S[a, b] x[p, b]) T[a, d]
    y = r
}
figure f { draw c; flow FLOW }
"""


@pytest.mark.parametrize(
    ("flow", "backwards"), [("down", "S T"), ("right", ""), ("up", "S T"), ("left", "T")]
)
def test_shapes_beside_a_stream_face_as_their_legs_lie(flow: str, backwards: str) -> None:
    """Isometries point to the small side, and what is read backwards bears a mark."""
    sheet = sheets_of(STREAM.replace("FLOW", flow))[0]
    of = scene(sheet)
    (diagram,) = diagrams_in(sheet)
    wires = {item.id: item.path for item in of.items if isinstance(item, WireItem)}
    shapes = {item.id: item for item in of.items if isinstance(item, ShapeItem)}
    for known in diagram.shapes:
        if known.tip:
            outline = shapes[known.id].outline
            small = wires[known.legs[known.tip[0]]]
            (met,) = (at for at, _ in crossings(small, outline))
            corners = flatten(outline)
            tip = max(corners, key=lambda at: sum(distance(at, other) for other in corners))
            assert distance(tip, met) < 4, (known.name, flow)
    marked = {s.name for s in diagram.shapes if s.symbol == "tensor" and shapes[s.id].first_leg}
    assert marked == set(backwards.split())
    assert lint(of) == ()
