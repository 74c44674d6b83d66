"""Rule 2, clause by clause and between the clauses: what is summed where, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.elaborate.notation import codes, net, said
from tests.strategies import Case, programs

GIVEN = """
dim n = 3, m = 4
tensor A[n, n], B[n, n], M[m, n], T[n, n, n], u[n], v[n], w[n], x[n], s
"""


def right(line: str) -> str:
    """What a binding's right-hand side becomes."""
    return net(GIVEN + line)[-1].split(" = ", 1)[1]


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        # the examples of the rule
        ("y[i] = tanh(A[i,j] relu(B[j,k] x[k]))", "tanh⟨Σj A[i, j] relu⟨Σk B[j, k] x[k]⟩⟩"),
        ("y[i] = v[j] (A[i,j] + w[i])", "Σj v[j] (A[i, j] + w[i])"),
        (
            "y[p] = T[p,e,k] relu(A[e,c] B[k,c] x[c]) u[e]",
            "Σe,k T[p, e, k] relu⟨Σc A[e, c] B[k, c] x[c]⟩ u[e]",
        ),
        # a: kept wires are one wire throughout, also in terms that lack them
        ("y[i] = A[i,i]", "A[i, i]"),
        ("y[i] = v[i] w[i]", "v[i] w[i]"),
        ("y[i] = v[i] + s", "v[i] + s"),
        ("y[i, j] = v[i] + w[j]", "v[i] + w[j]"),
        ("y[i] = exp(v[i] A[j,j]) w[i]", "exp⟨Σj v[i] A[j, j]⟩ w[i]"),
        ("y[i] = v[i] (A[i,j] w[j] + 2)", "v[i] (Σj A[i, j] w[j] + 2)"),
        # b: two or more factors, however deep; as many ends as there are
        ("y = v[i] w[i] x[i]", "Σi v[i] w[i] x[i]"),
        ("y[i] = x[j] exp(A[i,j] v[j])", "Σj x[j] exp⟨A[i, j] v[j]⟩"),
        ("y = x[j] exp(relu(sin(v[j])))", "Σj x[j] exp⟨relu⟨sin⟨v[j]⟩⟩⟩"),
        ("y = x[j] (v[j] + (w[j] + u[j] s))", "Σj x[j] (v[j] + (w[j] + u[j] s))"),
        ("y = exp(v[j]) relu(w[j])", "Σj exp⟨v[j]⟩ relu⟨w[j]⟩"),
        ("y[i] = A[m, i] / x[m]", "Σm A[m, i] reciprocal⟨x[m]⟩"),
        ("y = v[i] ^ 2 * w[i]", "Σi power⟨v[i] exponent=2⟩ w[i]"),
        # c: one factor: a trace, or inside
        ("y = A[i,i]", "Σi A[i, i]"),
        ("y[k] = T[i,i,k]", "Σi T[i, i, k]"),
        ("y = T[i,i,i]", "Σi T[i, i, i]"),
        ("y = delta[i: n, i]", "Σi delta[i, i]"),
        ("y = exp(A[i,i])", "exp⟨Σi A[i, i]⟩"),
        ("y[i] = v[i] exp(u[j] w[j])", "v[i] exp⟨Σj u[j] w[j]⟩"),
        ("y = (A[i,j] x[j]) u[i]", "Σi (Σj A[i, j] x[j]) u[i]"),
        # d: terms are apart
        ("y = A[i,i] + v[i] w[i]", "Σi A[i, i] + Σi v[i] w[i]"),
        ("y = s (A[i,i] + v[i] w[i])", "s (Σi A[i, i] + Σi v[i] w[i])"),
        ("y = x[i] (A[j,j] + v[i])", "Σi x[i] (Σj A[j, j] + v[i])"),
        # d with b: a name outside reaches into every term that has it
        ("y = x[j] (A[j,j] + s)", "Σj x[j] (A[j, j] + s)"),
        ("y = x[j] (v[j] + A[j,k] w[k])", "Σj x[j] (v[j] + Σk A[j, k] w[k])"),
        # the walls
        ("y[i, k] = softmax[k](A[i,k])", "softmax[k]⟨A[i, k]⟩"),
        ("y[i] = softmax[k](A[i,k]) v[k]", "Σk softmax[k]⟨A[i, k]⟩ v[k]"),
        ("y[i] = mean[k](A[i,k]) v[i]", "mean[k]⟨A[i, k]⟩ v[i]"),
        ("y = mean[k](v[k]) + mean[k](w[k])", "mean[k]⟨v[k]⟩ + mean[k]⟨w[k]⟩"),
        ("y[i] = exp[j](A[i,j] v[j]) w[j]", "Σj exp[j]⟨A[i, j] v[j]⟩ w[j]"),
        ("y[i] = exp[j](A[i,j] v[j]) exp(B[i,j] w[j])", "Σj exp[j]⟨A[i, j] v[j]⟩ exp⟨B[i, j] w[j]⟩"),
        ("y[i] = relu(softmax[k](A[i,k] v[l] w[l]) x[k])", "relu⟨Σk softmax[k]⟨Σl A[i, k] v[l] w[l]⟩ x[k]⟩"),
        ("y[i, k] = causal[i, k](A[i,j] B[k,j])", "causal[i, k]⟨Σj A[i, j] B[k, j]⟩"),
    ],
)
def test_what_is_summed_where(line: str, becomes: str):
    assert right(line) == becomes


@pytest.mark.parametrize(
    ("line", "code"),
    [
        # a
        ("y[i] = v[j] w[j]", "TN401"),
        ("y[i] = 3", "TN401"),
        ("y[i, i] = A[i, i]", "TN405"),
        ("y[i, (j i)] = T[i, j, 0]", "TN405"),
        # c
        ("y = A[i,j] + B[i,j]", "TN400"),
        ("y[i] = A[i,j]", "TN400"),
        ("y = s (A[i,j] v[j])", "TN400"),
        ("y = exp(relu(A[i,i] v[k]))", "TN400"),
        ("y[i] = softmax[k](A[i,k])", "TN400"),
        ("y = exp(softmax[k](v[k]))", "TN400"),
        ("y[i] = exp[j](A[i,j] v[j])", "TN400"),
        ("y = v[i] + w[i] x[i]", "TN400"),
        # d: kept in one term does not help the other
        ("y = (v[i] + w[i]) s", "TN400"),
        # e
        ("y[i] = exp(A[i,j] v[j]) exp(B[i,j] w[j])", "TN402"),
        ("y[i] = x[j] w[j] exp(A[i,j] v[j])", "TN402"),
        ("y[i] = (A[i,j] v[j]) (B[i,j] w[j])", "TN402"),
        ("y = A[j,j] (v[j] w[j])", "TN402"),
        ("y = u[j] w[j] exp(relu(A[j,j]))", "TN402"),
        ("y = u[j] w[j] exp(relu(v[i] (A[i,j] x[j])))", "TN402"),
        ("y = u[j] w[j] sum h in 0..n { A[h, j] x[j] }", "TN402"),
        ("y = x[j] w[j] (A[j,j] + v[j] u[j])", "TN402"),
        # walls
        ("y[i] = x[i] - mean[i](x[i])", "TN404"),
        ("y = x[e] w[e] mean[e](v[e])", "TN404"),
        ("y = exp(mean[e](v[e])) w[e]", "TN404"),
        ("y = mean[e](v[e]) mean[e](w[e])", "TN404"),
        ("y = mean[e](v[e] mean[e](w[e]))", "TN404"),
        ("y[i] = softmax[j](v[i])", "TN403"),
        ("y[i] = exp[j](v[i]) w[j] x[j]", "TN403"),
    ],
)
def test_what_is_refused(line: str, code: str):
    assert codes(GIVEN + line) == [code]


@pytest.mark.parametrize(
    "line",
    [
        # only one of the two could sum j: the other end would dangle, or not all terms could
        "y[i] = x[j] exp(A[i,j] v[j])",
        "y[i] = w[j] x[j] exp(A[i,j])",
        "y = u[j] w[j] (A[j,j] + v[j])",
        "y = u[j] w[j] exp(v[j] + s)",
        # kept from outside: there is nothing to decide
        "y[j] = u[j] w[j] exp(A[j,i] v[j] x[i])",
        "y = s * (v[j] (u[j] w[j] + x[j]))",
    ],
)
def test_what_is_not_ambiguous(line: str):
    assert codes(GIVEN + line) == []


def test_a_bracket_with_one_summing_term_and_one_that_cannot_is_no_question():
    """In (A[j,j] + v[j]) the second term alone could not sum j, so j is the outer product's."""
    assert right("y = u[j] w[j] (A[j,j] + v[j])") == "Σj u[j] w[j] (A[j, j] + v[j])"


def test_an_ambiguous_wire_names_both_places_and_the_way_out():
    text = said(GIVEN + "y[i] = exp(A[i,j] v[j]) exp(B[i,j] w[j])")
    assert "j could be summed inside exp and by the rest of the product" in text
    assert "note: j is named here too" in text
    assert "`exp[j](…)`" in text


def test_one_mistake_is_said_once():
    text = GIVEN + "y = A[i,j] B[k,l] (A[i,k] + B[k,i])"
    assert codes(text) == ["TN400", "TN400"]
    text = said(GIVEN + "y = A[i,j] + B[i,j]")
    assert "legs i and j of A dangle" in text and "of B" not in text


def test_an_undeclared_tensor_hides_no_other_mistake_and_makes_none():
    assert codes(GIVEN + "y[i] = Q[i,j] v[j]") == ["TN200"]
    assert codes(GIVEN + "y[i] = Q[i,j] v[k]") == ["TN200", "TN400", "TN400"]


@settings(max_examples=60)
@given(programs())
def test_random_programs_are_well_formed(case: Case):
    """Random programs elaborate, to an IR that keeps every invariant; the runners check their values."""
    net(case.text, case.net)


def test_conj_mirrors_a_tensor_and_rounds_everything_else():
    assert right("y[i] = conj(A[i,j]) v[j]") == "Σj A*[i, j] v[j]"
    assert right("y[i] = conj(conj(A[i,j])) v[j]") == "Σj A[i, j] v[j]"
    assert right("y[i] = conj(A[i,j] v[j])") == "conj⟨Σj A[i, j] v[j]⟩"
    assert right("y = conj(A[i,i])") == "Σi A*[i, i]"
    assert right("y = conj(s)") == "s*"


def test_signs_and_quotients():
    assert right("y = -s + v[i] w[i] - 2") == "-s + Σi v[i] w[i] + -2"
    assert right("y[i] = v[i] / s * w[i]") == "v[i] reciprocal⟨s⟩ w[i]"
    assert right("y = -(s + 1)") == "-(s + 1)"
    assert right("y[i] = (v[i] + s) ^ 2") == "power⟨v[i] + s exponent=2⟩"
