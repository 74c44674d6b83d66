"""Steps of a contraction: which pairs, what they cost, and that what is left is drawn where it was."""

from __future__ import annotations

import re

import pytest

import tnlang
from tests.elaborate.notation import codes
from tests.layout.pictures import diagrams_in, scene, sheets_of
from tnlang.cli import main
from tnlang.draw.diagram import Panel, Sheet
from tnlang.draw.geometry import bbox, contains
from tnlang.draw.lint import lint
from tnlang.draw.scene import ShapeItem, WireItem
from tnlang.ir.cost import cost

LADDER = """\
dim b = 3
tensor A[b, b], B[b, b, b], C[b, b], V[b, b], W[b, b, b], X[b, b]
net ladder() -> y { y = A[i, j] V[i, r] B[j, k, l] W[r, k, s] C[l, m] X[s, m] }
"""


def steps(text: str) -> Sheet:
    return sheets_of(text)[-1]


def numbers(panel: Panel) -> list[int]:
    return [int(found.replace("{,}", "")) for found in re.findall(r"= ([\d{},]+)\$", panel.caption)]


def members(panel: Panel) -> list[str]:
    (diagram,) = diagrams_in(Sheet((panel,)))
    named = {shape.id: shape.name for shape in diagram.shapes}
    return [named[number] for number in diagram.outlined[0]]


def test_an_order_is_followed_and_costs_are_those_of_its_pairs() -> None:
    sheet = steps(LADDER + 'figure f { steps contract(ladder, order = "A B C V W X") "top first" }\n')
    assert [members(panel) for panel in sheet.panels] == [list("ABCVWX"[: n + 2]) for n in range(5)]
    assert [panel.caption.rpartition("leaves ")[2].partition(";")[0] for panel in sheet.panels] == [
        *("3 legs", "3 legs", "3 legs", "2 legs", "a number")
    ]
    assert [numbers(panel) for panel in sheet.panels[:4]] == [[81], [81], [81], [81]]
    assert "9$ multiplications" in sheet.panels[-1].caption
    assert "in all $333$, at most 3 legs" in sheet.panels[-1].caption
    assert sheet.panels[0].heading == "top first" and [p.heads for p in sheet.panels] == [True, *[False] * 4]


def test_without_an_order_the_compilers_is_shown() -> None:
    program = tnlang.load(LADDER + "figure f { steps ladder }\n")
    sheet = steps(LADDER + "figure f { steps ladder }\n")
    known = [step for step in cost(program.ir, "ladder").steps if step.flops]
    assert len(sheet.panels) == len(known) == 5
    legs = [re.findall(r"leaves (\d+|a number)", panel.caption)[0] for panel in sheet.panels]
    assert [0 if found == "a number" else int(found) for found in legs] == [len(s.wires) for s in known]


def test_shapes_stay_where_they_were_and_wires_end_in_what_is_joined() -> None:
    sheet = steps(LADDER + 'figure f { steps contract(ladder, order = "A V B W C X") }\n')
    alone = [scene(Sheet((panel,))) for panel in sheet.panels]

    def shapes(number: int) -> dict[str, ShapeItem]:
        return {i.title: i for i in alone[number].items if isinstance(i, ShapeItem)}

    def apart(number: int, a: str, b: str) -> tuple[float, float]:
        (x, y), (u, v) = (bbox(shapes(number)[name].outline).center for name in (a, b))
        return round(u - x, 3), round(v - y, 3)

    c, x = (next(t for t in shapes(0) if t.startswith(n)) for n in "CX")
    assert len({apart(number, c, x) for number in range(4)}) == 1
    assert [len(shapes(number)) for number in range(5)] == [6, 5, 4, 3, 2]
    for made in alone:
        outlines = [i.outline for i in made.items if isinstance(i, ShapeItem)]
        for wire in (i for i in made.items if isinstance(i, WireItem)):
            for end in (wire.path.start, wire.path.end):
                assert sum(contains(outline, end) for outline in outlines) == 1
        assert lint(made) == ()


def test_a_trace_is_summed_before_and_its_loop_is_gone_then() -> None:
    text = "dim n = 3\ntensor B[n, n, n], v[n]\nnet f() -> y { y = B[a, i, a] v[i] }\nfigure g { steps f }\n"
    first, second = steps(text).panels
    assert first.caption == "summed, leaves 1 leg" and members(first) == ["B"]
    wires = [sum(isinstance(i, WireItem) for i in scene(Sheet((p,))).items) for p in (first, second)]
    assert wires[0] > wires[1] == 1


def test_open_legs_stay_at_the_result() -> None:
    text = "dim n = 3\ntensor A[n, n], B[n, n]\nnet f() -> y[i: n, j: n] { y[i, j] = A[i, k] B[k, j] }\n"
    pair, result = steps(text + "figure g { steps f }\n").panels
    assert result.caption == "the result"
    made = scene(Sheet((result,)))
    assert sum(isinstance(i, ShapeItem) for i in made.items) == 1
    assert sum(isinstance(i, WireItem) for i in made.items) == 2
    assert "27" in pair.caption and "in all" not in pair.caption


def test_sizes_that_are_not_known_are_not_multiplied() -> None:
    text = "dim n\ntensor A[n, n], B[n, n], C[n, n]\nnet f() -> y { y = A[i, j] B[j, k] C[k, i] }\n"
    panels = steps(text + "figure g { steps f }\n").panels
    assert [panel.caption for panel in panels] == ["3 wires, leaves 2 legs", "2 wires, leaves a number"]


def test_what_is_no_product_is_drawn_whole() -> None:
    text = "dim n = 3\nparam W[n, n]\nnet f(x[n]) -> y[n] { y[i] = tanh(W[i, j] x[j]) }\n"
    assert len(steps(text + "figure g { steps f }\n").panels) == 1


@pytest.mark.parametrize(
    ("order", "code"), [("A Q", "TN902"), ("A A", "TN903"), ("A", "TN903"), ("", "TN903"), ("A <b>", "TN902")]
)
def test_orders_that_are_wrong(order: str, code: str) -> None:
    assert codes(LADDER + f'figure f {{ steps contract(ladder, order = "{order}") }}') == [code]


def test_too_many_tensors_are_refused(tmp_path, capsys) -> None:
    body = " ".join(f"A[i{{{n}}}, i{{{n + 1}}}]" for n in range(41))
    net = "dim n = 3\ntensor A[n, n]\nnet f() -> y { y = " + body + " delta[i{41}, i{0}] }\n"
    (tmp_path / "f.tn").write_text(net + "figure g { steps f }\n")
    with pytest.raises(SystemExit) as stop:
        main(["render", str(tmp_path / "f.tn")])
    assert stop.value.code == 1 and "at most 40 tensors" in capsys.readouterr().err
