"""Dims, legs, brackets and special tensors: rules 1, 6, 10, 11, 12."""

from __future__ import annotations

import pytest

from tests.elaborate.notation import codes, elaborated, net
from tnlang.ir.net import Bind, Wire
from tnlang.ir.size import show


def sizes(text: str) -> dict[str, str]:
    """The sizes of the wires of the last left-hand side, by name."""
    statement = elaborated(text).net("main").body[-1]
    assert isinstance(statement, Bind)
    return {leg.name: show(leg.size) for leg in statement.target.legs if isinstance(leg, Wire)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dim n = 3, m = 4\ntensor A[n, m]\nY[i, j] = A[i, j]", {"i": "n", "j": "m"}),
        # a named dim wins over a literal, a slice and a group of its value
        ("dim n = 3\ntensor A[n], B[b: 3]\nY[i] = A[i] B[i]", {"i": "n"}),
        ("dim n = 3\ntensor A[a: 9], B[n]\nY[i] = A[i: 2..5] B[i]", {"i": "n"}),
        ("dim n = 3, k\ntensor A[a: 9], B[n]\nY[i] = A[i: 0..k]", {"i": "k"}),
        # groups
        ("dim n = 3, m = 4\ntensor A[a: n * m]\nY[i: n, j] = A[(i j)]", {"i": "n", "j": "m"}),
        ("tensor A[a: 24], B[b: 3]\nY[i, j, k: 2] = A[(i j k)] B[i]", {"i": "3", "j": "4", "k": "2"}),
        ("tensor A[a: 24]\nY[i: 3, j: 2] = A[(1 i j)]", {"i": "3", "j": "2"}),
        # special tensors
        ("dim n = 3\ntensor v[n]\nY[i, j] = delta[i, j] v[j]", {"i": "n", "j": "n"}),
        (
            "dim n = 3, m = 5\nY[i, j] = delta[(a b), (i j)] delta[a: n, k] delta[b: m, l] ones[k] ones[l]",
            None,
        ),
        ("dim n = 3\nY[i] = ones[i: n]", {"i": "n"}),
        ("dim n = 3\nY[i] = index[i: n]", {"i": "n"}),
        ("dim n = 3\nY[i] = basis(2)[i: n]", {"i": "n"}),
        ("dim n = 3\nY[i, j] = shift(1)[i: n, j]", {"i": "n", "j": "n"}),
        ("dim n = 3, m = 4\nY[i, j] = shift(1)[i: n, j: m]", {"i": "n", "j": "m"}),
        ("dim n = 3\nY[i, j] = tril[i: n, j]", {"i": "n", "j": "n"}),
        ("Y[i, j, k] = levi[i, j, k]", {"i": "3", "j": "3", "k": "3"}),
    ],
)
def test_what_a_wire_is(text: str, expected: dict[str, str] | None):
    if expected is None:
        assert codes(text) == ["TN305"]
    else:
        assert sizes(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("dim n = 3, m = 3\ntensor A[n], B[m]\ny = A[i] B[i]", "TN301"),
        ("dim n = 3, m = 3\ntensor A[n], B[m]\nY[i, j] = delta[i, j] A[i] B[j]", "TN301"),
        ("tensor A[a: 3], B[b: 4]\ny = A[i] B[i]", "TN302"),
        ("dim n = 3\ntensor A[n], B[b: 4]\ny = A[i] B[i]", "TN302"),
        ("dim n = 3\ntensor A[a: 9], B[n]\ny = A[i: 0..4] B[i]", "TN302"),
        ("Y[i] = ones[i]", "TN303"),
        ("dim n = 3\ntensor A[n]\nY[i, j] = A[i] shift(1)[j, k] ones[k]", "TN303"),
        ("tensor A[a: 4]\nY[i] = A[i] A[4]", "TN304"),
        ("tensor A[a: 4]\nY[i] = A[i: 2..6]", "TN304"),
        ("tensor A[a: 4]\nY[i] = A[i: 2..2]", "TN304"),
        ("Y[i] = basis(3)[i: 3]", "TN304"),
        ("tensor A[a: 3]\nY = basis(0 - 1)[i] A[i]", "TN304"),
        ("tensor A[a: 12]\nY[i, j] = A[(i j)]", "TN305"),
        ("tensor A[a: 12]\nY[i: 5, j] = A[(i j)]", "TN305"),
        ("tensor A[a: 12]\nY[i: 5, j: 3] = A[(i j)]", "TN305"),
        ("tensor A[a: 12]\nY[i: 5] = A[(0 i)]", "TN305"),
        ("tensor A[a: 3]\ny = A", None),
        ("tensor A[a: 3, b: 3]\nY[i] = A[i]", "TN300"),
        ("tensor s\ny = s[i]", "TN310"),
        ("Y[i, j, k] = delta[i: 2, j] levi[k]", "TN300"),
        ("y = index[0, 1]", "TN300"),
        ("y = basis[i: 3]", "TN512"),
        ("y = basis(1)", "TN512"),
        ("y = basis(0.5)[i: 2] ones[i]", "TN600"),
        ("tensor A[a: 3]\nY[0] = A[0]", "TN308"),
        ("tensor A[a: 3]\nY[i: 0..2] = A[i]", "TN308"),
        ("dim a = b, b = a", "TN311"),
        ("dim a = 0", "TN312"),
        ("dim a = 3, b = a / 2", "TN606"),
        ("dim a = 2^63^2", "TN606"),
        ("tensor A[2]", "TN306"),
        ("tensor A[(i j)]", "TN306"),
        ("tensor A[a: 0]", "TN312"),
        ("tensor A[q]", "TN202"),
        ("dim n = 2\ntensor A[n, n] isometry", "TN701"),
        ("tensor A[a: 2, b: 3] isometry(b)", "TN702"),
        ("tensor A[a: 2, b: 3] isometry(c)", "TN701"),
        ("tensor A[a: 2, b: 3] unitary", "TN702"),
        ("tensor A[a: 2, b: 3, c: 3] symmetric", "TN701"),
        ("tensor A[a: 2] positiv", "TN700"),
        ("param A[a: 2] ~ normal(1, 2)", "TN706"),
        ("param A[a: 2] ~ gauss", "TN706"),
        ("tensor A[a: 2] ~ ones", "TN706"),
        ("const c", "TN707"),
        ("const c[a: 2] = [1, 2, 3]", "TN707"),
        ("const c[a: 2] = [1, [2]]", "TN707"),
        ("const c[a: 2] = [1, x]", "TN707"),
        ("param p = 3", "TN707"),
        ("const c = 2.5\ntensor A[a: c]", "TN606"),
        ('fn f = "os"', "TN710"),
        ("tensor v[a: 3]\nY[i] = topk[i](v[i])", "TN705"),
        ("tensor v[a: 3]\nY[i] = topk[i](v[i], k = 1.5)", "TN709"),
        ("tensor v[a: 3]\nY[i] = relu(v[i], slope = 1)", "TN704"),
        ("tensor v[a: 3]\nY[i] = softmax(v[i])", "TN703"),
        ("tensor v[a: 3, b: 3]\nY[i, j] = causal[i](v[i, j])", "TN703"),
        ("tensor v[a: 3, b: 3]\nY[i, j] = causal[i, i](v[i, j])", "TN703"),
        ("tensor v[a: 3]\nY[i] = relu(v[i], v[i])", "TN708"),
    ],
)
def test_what_does_not_fit(text: str, code: str | None):
    assert codes(text) == ([code] if code else [])


def test_sizes_that_cannot_be_compared_are_left_to_the_run():
    assert codes("dim n, m\ntensor A[a: n * m], B[b: m * n]\ny = A[i] B[i]") == []
    assert codes("dim n\ntensor A[n], B[b: 3]\ny = A[i] B[i]") == []


def test_dims_given_by_the_caller_replace_defaults_and_what_follows_from_them():
    text = "dim n = 3, m = 2 * n\ntensor A[m], B[b: 10]\ny = A[i] B[i]"
    assert codes(text) == ["TN302"]
    assert codes(text, n=5) == []
    assert codes("dim hidden = 3", hiden=4) == ["TN202"]


def test_constants_without_legs_stand_in_sizes():
    text = "dim n = k\ntensor A[a: k + 1]\nconst k = 3\ny = A[k - 1] basis(k)[i] A[i]"
    assert show(elaborated(text).declarations[-1].legs[0].size) == "4"
    assert net(text) == ["y = Σi A[2] basis(3)[i] A[i]"]


def test_a_constant_where_an_entry_is_meant_is_a_wire_and_warned_of():
    assert (
        codes("dim n = 4\nconst fox = 3\ntensor M[n, n]\nY[v] = M[fox, v] basis(fox)[fox]") == ["TN207"] * 2
    )


def test_legs_are_named_after_their_dims():
    program = elaborated("dim n = 2\ntensor A[n, n, n, out: n, p{0..2}: n, r: 3]")
    names = [leg.name for leg in program.declarations[0].legs]
    assert names == ["n", "n_2", "n_3", "out", "p{0}", "p{1}", "r"]


def test_labels_of_dims_reach_legs_and_wires():
    program = elaborated('dim seq = 2 label "seq pos"\ntensor x[seq]\nY[i] = x[i]')
    assert program.declarations[0].legs[0].label == "seq pos"
    bind = program.net("main").body[0]
    assert isinstance(bind, Bind)
    assert [leg.label for leg in bind.target.legs if isinstance(leg, Wire)] == ["seq pos"]


def test_onehot_is_the_last_leg_unless_another_is_named():
    program = elaborated("dim n = 2, m = 3\ntensor a[n, m] onehot, b[n, m] onehot(n)")
    assert [decl.properties[0].legs for decl in program.declarations] == [(1,), (0,)]
