"""Expressions: what binds how, what a bracket is, where names go."""

from __future__ import annotations

import pytest

from tests.syntax.trees import codes, expr, item, short
from tnlang.syntax import ast as t


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2", "2"),
        ("0.5", "0.5"),
        ("1e-5", "1e-5"),
        ("1j", "1j"),
        ("A[i, j]", "A[i, j]"),
        ("a.b{3}.c", "a.b{3}.c"),
        # Binding: power, juxtaposition, * and / from the left, + and -.
        ("a b c", "(a b c)"),
        ("a b * c d", "(a b * c d)"),
        ("a * b c", "(a * b c)"),
        ("a / b", "(a / b)"),
        ("a b / c", "((a b) / c)"),
        ("a * b / c", "((a * b) / c)"),
        ("a / b * c", "((a / b) * c)"),
        ("a / b * c d / e", "(((a / b) * c d) / e)"),
        ("a / b / c", "((a / b) / c)"),
        ("a ^ 2 b", "((a ^ 2) b)"),
        ("a / b ^ 2", "(a / (b ^ 2))"),
        ("f(x) ^ 0.5", "(f<x> ^ 0.5)"),
        ("a b + c / d - e", "(+(a b) +(c / d) -e)"),
        ("-a b", "(-(a b))"),
        ("+a", "(+a)"),
        ("2 x", "(2 x)"),
        ("2x", "(2 x)"),
        ("-1j sin(θ / 2) Z[i, j]", "(-(1j sin<(θ / 2)> Z[i, j]))"),
        # A bracket that touches a name is a call, one apart from it a product.
        ("f(x)", "f<x>"),
        ("f (x)", "(f |x|)"),
        ("f(x) (y)", "(f<x> |y|)"),
        ("f(x)(y)", "(f<x> |y|)"),
        ("f[k](x[q, k])", "f[k]<x[q, k]>"),
        ("f[k] (x)", "(f[k] |x|)"),
        ("A{n}(x)", "A{$n}<x>"),
        ("n.f{2}[k](x)[p]", "n.f{2}[k]<x>[p]"),
        ("f()", "f<>"),
        ("f(x, g(y) as z, eps = 1e-5)", "f<x, g<y> as z, eps=1e-5>"),
        ("f(x, min = -1)", "f<x, min=(-1)>"),
        ("sum[k](x[k])", "sum[k]<x[k]>"),
        ("prod[k](x[k])", "prod[k]<x[k]>"),
        ("basis(2)[i]", "basis<2>[i]"),
        # Brackets stay, since they are drawn; what they hold may be named.
        ("(a b) c", "(|(a b)| c)"),
        ("((a))", "||a||"),
        ("(ln(x) as ln_f)[p, d] W[d]", "(|ln<x> as ln_f|[p, d] W[d])"),
        # Sums and products written out.
        ("sum h in 0..head { W[h, i] v[h] }", "sum[h: 0..$head]((W[h, i] v[h]))"),
        ("prod x in 0..X, y in 0..x { T{x, y} } v", "(prod[x: 0..$X, y: 0..$x](T{$x, $y}) v)"),
        ("a sum h in 0..3 { b + c }", "(a sum[h: 0..3]((+b +c)))"),
    ],
)
def test_binding(text, meaning):
    assert short(expr(text)) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("i", "i"),
        ("0", "0"),
        ("n + 1", "($n + 1)"),
        ("list - 1", "($list - 1)"),
        ("2 * n + 1", "((2 * $n) + 1)"),
        ("n + 1 mod N", "(($n + 1) mod $N)"),
        ("i: n", "i: $n"),
        ("bc: b * c", "bc: ($b * $c)"),
        ("a: 2", "a: 2"),
        ("p: 0..seq", "p: 0..$seq"),
        ("p: 1..(n - 1) * 2", "p: 1..(($n - 1) * 2)"),
        ("p{0..N}", "p{0..$N}"),
        ("p{0..N}: phys", "p{0..$N}: $phys"),
        ("b{n+1 mod N}", "b{(($n + 1) mod $N)}"),
        ("(h s)", "(h s)"),
        ("(0 h s)", "(0 h s)"),
        ("(n+1 h): dim_", "(($n + 1) h): $dim_"),
        ("(i)", "(i)"),
        ("gpt2.p", "gpt2.p"),
        # Reserved words may name legs and wires.
        ("in", "in"),
        ("as, mod, (sum prod), dim: n", "as, mod, (sum prod), dim: $n"),
        ("in{0..3}", "in{0..3}"),
    ],
)
def test_places_in_brackets(text, meaning):
    use = expr(f"A[{text}]")
    assert isinstance(use, t.Use)
    assert short(use.bracket) == f"[{meaning}]"


def test_a_reserved_word_names_no_dim():
    assert codes("y = A[out: net]") == ["TN112"]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1", "1"),
        ("2 * n + 1", "((2 * $n) + 1)"),
        ("2 * (n + 1)", "(2 * ($n + 1))"),
        ("2^n^2", "(2 ^ ($n ^ 2))"),
        ("-n + 1", "((- $n) + 1)"),
        ("2 * -1", "(2 * (- 1))"),
        ("n - 1 - 1", "(($n - 1) - 1)"),
        ("n + 1 mod 2 * m", "(($n + 1) mod (2 * $m))"),
        ("2^(L-l-1)", "(2 ^ (($L - $l) - 1))"),
        ("gpt2.seq / 2", "($gpt2.seq / 2)"),
    ],
)
def test_arithmetic(text, meaning):
    statement = item(f"dim n = {text}")
    assert isinstance(statement, t.DimStatement)
    assert short(statement.dims[0].size) == meaning
    assert short(expr(f"A{{{text}}}")) == f"A{{{meaning}}}"


def test_a_range_or_named_range_is_a_subscript():
    assert short(expr("A{0, 0..2^L}")) == "A{0, 0..(2 ^ $L)}"
    declaration = item("param A{n: 0..N-1, k}[i: m]")
    assert isinstance(declaration, t.Declaration)
    assert [short(sub) for sub in declaration.items[0].subs] == ["n: 0..($N - 1)", "$k"]


def test_numbers_keep_their_text():
    assert expr("1e-05") == t.Number(1e-5, "anything")
    number = expr("1e-05")
    assert isinstance(number, t.Number) and number.text == "1e-05"
    assert type(expr("2").value) is int and type(expr("2.0").value) is float
    assert expr("2.5j") == t.Number(2.5j, "")


@pytest.mark.parametrize("text", ["n", "0..", "..3", "0..n+", "0.5..3"])
def test_a_range_has_both_ends(text):
    assert codes(f"y = sum h in {text} {{ a }}") == ["TN110"]
