"""Calls, whole values, names, parameters, streams and repeats: rules 5 to 8."""

from __future__ import annotations

import pytest

from tests.elaborate.notation import codes, elaborated, net

NETS = """
dim n = 3, m = 4, layer = 2
net lin(x[n]) -> y[n] { param W[n, n]; y[i] = W[i, j] x[j] }
net twice(x[n]) -> y[n] { y = 2 x }
net pair(x[n]) -> (a[n], b[n]) { a = x; b = -x }
net outer(x[n]) -> y[n] { y = lin(x) }
"""


def body(statements: str, inputs: str = "x[n]", outputs: str = "y[n]") -> list[str]:
    return net(NETS + f"net f({inputs}) -> {outputs} {{ {statements} }}", "f")


def wrong(statements: str, inputs: str = "x[n]", outputs: str = "y[n]") -> list[str]:
    return codes(NETS + f"net f({inputs}) -> {outputs} {{ {statements} }}")


def test_a_call_bound_by_name_binds_its_result():
    assert body("y = lin(x)") == ["y[n] = lin(x) as lin"]
    assert body("h = lin(x) as first; y = lin(h)") == ["h[n] = lin(x) as first", "y[n] = lin(h) as lin"]


def test_a_call_in_an_expression_stands_before_it_under_its_name():
    assert body("y[i] = lin(x)[i] x[i]") == ["~lin[n] = lin(x) as lin", "y[i] = lin[i] x[i]"]
    assert body("y[i] = (lin(x) as g)[i] + x[i]") == ["~g[n] = lin(x) as g", "y[i] = g[i] + x[i]"]
    assert body("y = x + lin(x)") == ["~lin[n] = lin(x) as lin", "y[n] = x[n] + lin[n]"]


def test_arguments_are_values_of_their_own():
    assert body("y = lin(x + x)") == ["~lin.x[n] = x[n] + x[n]", "y[n] = lin(lin.x) as lin"]
    assert body("y = lin(twice(x) as t)") == ["~t[n] = twice(x) as t", "y[n] = lin(t) as lin"]
    assert body("y = lin(relu(x) as r) as g") == [
        "~g.x[n] = relu⟨x[n]⟩ as r",
        "y[n] = lin(g.x) as g",
    ]
    assert body("y = outer((x)) as o") == ["y[n] = outer(x) as o"]


def test_arguments_are_taken_out_innermost_first():
    assert body("y = lin(x + lin(x) as a) as b") == [
        "~lin[n] = lin(x) as lin",
        "~b.x[n] = (x[n] + lin[n] as a)",
        "y[n] = lin(b.x) as b",
    ]


def test_nets_without_parameters_may_be_called_again_and_get_numbers():
    assert body("y = twice(x) + twice(x) + twice(twice(x))") == [
        "~twice[n] = twice(x) as twice",
        "~twice_2[n] = twice(x) as twice_2",
        "~twice_4[n] = twice(x) as twice_4",
        "~twice_3[n] = twice(twice_4) as twice_3",
        "y[n] = twice[n] + twice_2[n] + twice_3[n]",
    ]


def test_shared_parameters_are_called_by_one_name():
    assert body("shared s = lin; h = s(x); y = s(h)") == [
        "shared s = lin",
        "h[n] = lin(x) as s shared",
        "y[n] = lin(h) as s shared",
    ]


def test_results_of_several_outputs():
    assert body("a, b = pair(x); y = a + b") == ["a[n], b[n] = pair(x) as pair", "y[n] = a[n] + b[n]"]
    assert body("stream h = x; repeat l in 0..2 { h, c = pair(h) }; y = h") == [
        "stream h[n] = x[n]",
        "repeat l in 0..2",
        "    ~pair.a[n], c[n] = pair(h) as pair",
        "    h[n] = pair.a[n]",
        "y[n] = h[n]",
    ]


def test_streams_and_repeats():
    assert body("stream r = x; repeat l in 0..layer { r += lin(r); r = -r }; y = r{1} + r") == [
        "stream r[n] = x[n]",
        "repeat l in 0..layer",
        "    ~lin[n] = lin(r) as lin",
        "    r[n] += lin[n]",
        "    r[n] = -r[n]",
        "y[n] = r{1}[n] + r[n]",
    ]


def test_several_ranges_nest():
    assert body("stream r = x; repeat l in 0..2, k in 0..l { r[i] += l k r[i] }; y = r") == [
        "stream r[n] = x[n]",
        "repeat l in 0..2",
        "    repeat k in 0..l",
        "        r[i] += #l #k r[i]",
        "y[n] = r[n]",
    ]


def test_values_that_carry_the_variable_outlast_the_repeat():
    assert body("h{0} = x; repeat l in 0..3 { h{l + 1}[i] = h{l}[i] + x[i] }; y = h{3}") == [
        "h{0}[n] = x[n]",
        "repeat l in 0..3",
        "    h{(l + 1)}[i] = h{l}[i] + x[i]",
        "y[n] = h{3}[n]",
    ]
    assert wrong("repeat l in 0..3 { h = x }; y = h") == ["TN204"]


def test_whole_values():
    assert body("y = 2 x / sqrt(n) - x") == [
        "y[n] = 2 x[n] reciprocal⟨sqrt⟨#n⟩⟩ + -x[n]",
    ]
    assert body("y[i] = (x + twice(x))[j] W[j, i]", "x[n], W[n, n]") == [
        "~twice[n] = twice(x) as twice",
        "y[i] = Σj (x[j] + twice[j]) W[j, i]",
    ]
    assert body("y = relu(x + x) ^ 2") == ["y[n] = power⟨relu⟨x[n] + x[n]⟩ exponent=2⟩"]
    assert body("y[i] = relu(x + x)[i] + x[0]") == ["y[i] = relu⟨x[i] + x[i]⟩ + x[0]"]
    assert body("t = x[i] x[i]; y = t x") == ["t = Σi x[i] x[i]", "y[n] = t x[n]"]


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        ("y = lin(x) + lin(x)", "TN502"),
        ("y = outer(x) + outer(x)", "TN502"),
        ("y = lin(x) as g; z = lin(x) as g", "TN203"),
        ("lin = lin(x); y = lin", "TN205"),
        ("y = lin(x); lin = x", "TN205"),
        ("y = lin(x, x)", "TN500"),
        ("y = lin()", "TN500"),
        ("y = pair(x)", "TN506"),
        ("a, b, c = pair(x); y = a", "TN506"),
        ("y = lin[n](x)", "TN512"),
        ("y = lin(x, eps = 1)", "TN704"),
        ("y = linn(x)", "TN201"),
        ("y[i] = lin(x)", "TN307"),
        ("y = lin(z)", "TN200"),
        ("y = lin(2)", "TN507"),
        ("z = x", "TN503"),
        ("repeat l in 0..2 { y = x }", "TN503"),
        ("y = x; y = x", "TN504"),
        ("x = x; y = x", "TN504"),
        ("y = x; y += x", "TN505"),
        ("y = z; z = x", "TN204"),
        ("y = y + x", "TN204"),
        ("stream r = x; y = r{1}", "TN509"),
        ("y = x x", "TN406"),
        ("y = x + 2 (x x)", "TN406"),
        ("y = x[i] x[i]", "TN511"),
        ("y[i, j] = x[i] x[j]", "TN511"),
        ("param W[n]; repeat l in 0..2 { param V[n] }; y = W", "TN508"),
        ("tensor W[n]; y = x", "TN508"),
        ("y = x as z", "TN510"),
        ("y[i] = x[i] x[0] as z", "TN510"),
        ("repeat l in 0..2, l in 0..2 { h = x }; y = x", "TN605"),
        ("shared s = lin; y = s(x) as t", "TN510"),
    ],
)
def test_what_is_refused(statements: str, code: str):
    assert code in wrong(statements)
    assert len(set(wrong(statements))) == 1


def test_recursion_is_refused_with_its_circle():
    text = """
    dim n = 2
    net f(x[n]) -> y[n] { y = g(x) }
    net g(x[n]) -> y[n] { y = h(x) }
    net h(x[n]) -> y[n] { y = f(x) }
    """
    assert codes(text) == ["TN501"]


def test_callees_come_first_whatever_the_order_of_the_text():
    program = elaborated(
        """
        dim n = 2
        net c(x[n]) -> y[n] { y = b(x) }
        net b(x[n]) -> y[n] { y = a(x) }
        net a(x[n]) -> y[n] { y = x }
        z = c(v)
        tensor v[n]
        """
    )
    assert [one.name for one in program.nets] == ["a", "b", "c", "main"]
    assert program.exported == ("c", "b", "a", "main")


def test_main_takes_the_tensors_it_needs_and_gives_what_nothing_uses():
    program = elaborated(
        """
        dim n = 2
        tensor unused[n], far[n], near[n]
        param W[n, n]
        net f(x[n]) -> y[n] { y[i] = W[i, j] x[j] far[j] }
        h[i] = near[i] near[i]
        y = f(h)
        t = h[i] h[i]
        """
    )
    main = program.net("main")
    assert [decl.name for decl in main.inputs] == ["far", "near"]
    assert [output.name for output in main.outputs] == ["y", "t"]
    assert [decl.name for decl in program.declarations] == ["unused", "far", "near", "W"]


def test_legs_of_arguments_agree_by_dim():
    text = "dim n = 3, m = 3\nnet f(x[n]) -> y[n] { y = x }\nnet g(x[m]) -> y[m] { y = x; z = f(x) }"
    assert codes(text) == ["TN507"]
    assert codes("dim n = 3\nnet f(x[n]) -> y[n] { y = x }\ntensor v[a: 3], w[a: 4]\ny = f(v)\nz = f(w)") == [
        "TN507"
    ]
