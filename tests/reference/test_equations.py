"""The equations of figures on random numbers: those that hold pass, those that do not are found."""

from __future__ import annotations

import pytest

import tnlang

HEAD = "dim m = 3, n\ntensor A[m, n], B[n, m], C[m, m], S[m, m] symmetric, x[m], y[m], Z[m, m] diagonal\n"
HEAD += "tensor U[c: 2, d: 5] isometry(c)\nconst a[i: 2] = [1, 2], b[i: 2] = [1.001, 2]\n"


def codes(equation: str, **options: object) -> list[tuple[str, str]]:
    program = tnlang.load(HEAD + f"figure f {{ equation {equation} }}\n", **options)
    return [(d.code, d.severity) for d in program.check_equations()]


@pytest.mark.parametrize(
    "equation",
    [
        "A[i, j] B[j, k] = B[j, k] A[i, j]",
        "x[i] y[j] = y[j] x[i]",
        # the legs are matched by name, whatever their order is on a side
        "A[i, j] = 1 * A[i, j] = A[i, j] + 0 A[i, j]",
        "S[i, j] = S[j, i]",
        "C[i, j] != C[j, i]",
        "U[p, d] U[q, d] = delta[p, q]",
        "U[c, p] U[c, q] != delta[p, q]",
        "Z[i, j] = Z[i, i] delta[i, j]",
        "exp(x[i] + y[i]) = exp(x[i]) exp(y[i])",
        "exp(x[i]) + exp(y[i]) != exp(x[i] + y[i])",
        "a[i] ≈ b[i]",
        '"$\\mathrm{Tr}\\,C$" = C[i, i]',
    ],
)
def test_what_holds(equation):
    assert codes(equation) == []


@pytest.mark.parametrize(
    ("equation", "code"),
    [
        ("C[i, j] S[j, k] = S[i, j] C[j, k]", "TN804"),
        ("C[i, j] = C[j, i]", "TN804"),
        ("S[i, j] != S[j, i]", "TN804"),
        ("x[i] = x[i] = y[i]", "TN804"),
        ("a[i] = b[i]", "TN804"),
        ("a[i] ≈ 2 b[i]", "TN804"),
        ("x[i] ≈ x[i]", "TN805"),
        ("log(x[i]) = log(y[i])", "TN804"),
    ],
)
def test_what_does_not_hold(equation, code):
    assert codes(equation) == [(code, "error")]


def test_the_error_names_the_entry_and_both_sides():
    text = "const a[i: 2] = [1, 2], b[i: 2] = [1, 5]\nfigure f { equation a[i] = b[i] }\n"
    (found,) = tnlang.load(text).check_equations()
    assert "2 and 5 at i = 1" in found.message
    assert [(r.span.column, r.span.end_column) for r in found.related] == [(21, 25), (28, 32)]
    assert tnlang.load(text).check_equations(0.7) == ()


def test_parameters_are_random_here_even_where_they_start_as_zeros():
    text = (
        "dim n = 3\nnet f(x[n]) -> y[n] { param b[n] ~ zeros; y[i] = x[i] + b[i] }\n"
        "tensor v[n]\nfigure g { equation f(v)[i] = v[i] }\n"
    )
    assert [d.code for d in tnlang.load(text).check_equations()] == ["TN804"]


def test_functions_that_may_not_run_leave_a_warning():
    text = (
        'fn f = "torch:neg", numpy = "operator:neg"\ntensor x[i: 3]\nfigure g { equation f(x[i]) = -x[i] }\n'
    )
    assert [(d.code, d.severity) for d in tnlang.load(text).check_equations()] == [("TN806", "warning")]
    assert tnlang.load(text, functions=True).check_equations() == ()
