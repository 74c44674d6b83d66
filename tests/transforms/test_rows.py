"""``steps`` of transforms: a row of nets with their relations, drawn, read back and compared."""

from __future__ import annotations

import pytest

import tnlang
from tests.elaborate.notation import codes
from tests.transforms.test_three_ways import MODEL, STEPS, nested
from tnlang.draw.scene import InkItem, LabelItem
from tnlang.ir.program import Rewriting
from tnlang.transforms import OF_ANOTHER_VALUE, TRANSFORMS


def row(program: tnlang.Program) -> Rewriting:
    (item,) = program.ir.figures[0].items
    assert isinstance(item, Rewriting)
    return item


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
def test_every_transform_has_its_row(name: str) -> None:
    """Before, between and after."""
    program = tnlang.load(f"{MODEL}figure rows {{ steps {nested(STEPS[name])} }}\n")
    item = row(program)
    assert item.nets[0] == "model" and item.captions[0] == "model"
    relations = ["→" if step.partition("(")[0] in OF_ANOTHER_VALUE else "=" for step in STEPS[name]]
    if name == "decompose":
        relations = ["≈"]
    assert list(item.relations)[-len(relations) :] == relations
    if name not in ("simplify", "fold"):
        assert item.captions[1:] == tuple(STEPS[name])


RULES = """
dim n = 4, m = 2
net f(x[n]) -> y[n] {
    param V[n, m] isometry(m), W[m, n]
    y[i] = V[i, a] conj(V[j, a]) V[j, b] W[b, k] x[k]
}
"""


PLAIN = """
dim seq = 5, hidden = 8, head = 2
net f(x[seq, hidden]) -> y[seq, hidden] {
    param W_Q[head, hidden, hidden], W_OV[head, out: hidden, in: hidden]
    A[h, q, k] = softmax[k](x[q, e] W_Q[h, e, d] x[k, d])
    y[q, d] = A[h, q, k] W_OV[h, d, e] x[k, e]
}
"""


@pytest.mark.parametrize(
    "steps",
    [
        "expand(freeze(f, A), h)",
        "ablate(f, A)",
        "patch(f, A[1, q, k])",
        "decompose(freeze(f, A), W_OV, svd, rank = 3)",
        "contract(freeze(f, A), W_OV, x)",
        "derivative(freeze(f, A), W_OV)",
    ],
)
def test_a_row_is_worth_what_its_nets_are(steps: str) -> None:
    program = tnlang.load(PLAIN + f"figure rows {{ steps {steps} }}")
    report = tnlang.verify(program.figures["rows"].svg(), program)
    assert report.ok, str(report)
    assert len(report.compared) >= len(row(program).nets)


def test_simplify_shows_its_rules() -> None:
    program = tnlang.load(RULES + "figure rows { steps simplify(f) }")
    item = row(program)
    assert "isometry" in item.captions and set(item.relations) == {"="}
    assert tnlang.verify(program.figures["rows"].svg(), program).ok


def test_only_the_step_that_is_not_exact_is_approximate() -> None:
    nested_text = "contract(decompose(f, W, svd, rank = 1), V, W.U)"
    assert row(tnlang.load(RULES + f"figure rows {{ steps {nested_text} }}")).relations == ("≈", "=")


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ("freeze(f, A)", "TN902"),
        ("frees(f, y)", "TN901"),
        ("freeze(ablate(f, z), y)", "TN902"),
        ("freeze(g, y)", "TN201"),
        ('freeze(f, y "a value")', "TN807"),
        ('contract(f "plain", order = "V W")', "TN807"),
    ],
)
def test_mistakes_in_a_row(steps: str, code: str) -> None:
    assert codes(RULES + f"figure rows {{ steps {steps} }}") == [code]


TWO = """
dim n = 4
net f(x[n]) -> y[n] { param A[n, n], B[n, n]; y[i] = A[i, j] B[j, k] x[k] }
"""


def test_a_text_after_a_net_stands_below_it_instead_of_the_call() -> None:
    steps = 'decompose(contract(f "two", A, B, name = C), C, svd) "its SVD"'
    item = row(tnlang.load(f"{TWO}figure rows {{ steps {steps} }}"))
    assert item.captions == ("two", "contract(A, B, name = C)", "its SVD")


def test_a_caption_means_nothing_where_no_row_is_drawn() -> None:
    assert codes(TWO + 'net g = contract(f "two", A, B)') == ["TN807"]


def test_a_row_of_nets_can_be_cut() -> None:
    program = tnlang.load(TWO + "figure rows { steps decompose(f, A, svd); cut j }")
    scene = program.figures["rows"].scene()
    assert any(isinstance(item, InkItem) and item.role == "cut" for item in scene.items)


def test_a_sum_contracted_to_one_tensor_is_drawn_as_one() -> None:
    text = """
    dim n = 4
    net f(x[n], u[n]) -> y[n, m: n] { param A[n, n]; y[i, j] = A[i, j] + x[i] u[j] }
    figure rows { steps contract(f, y) }
    """
    scene = tnlang.load(text).figures["rows"].scene()
    found = [item.text for item in scene.items if isinstance(item, LabelItem) and item.kind == "sign"]
    assert found == ["+", "="]
    names = [item.text for item in scene.items if isinstance(item, LabelItem) and item.kind == "leg"]
    assert sorted(names) == sorted(["i", "j"] * 3)
