"""The canonical form: spellings of one network compare equal, different networks never do."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ir.build import Wires
from tests.strategies import Case, expressions, networks
from tnlang.elaborate import load_program
from tnlang.ir.canonical import canonical
from tnlang.ir.labelling import Graph, certificate
from tnlang.ir.net import BigSum, Bind, Bracket, Bubble, Net, Special, Sum, Term, Wire
from tnlang.ir.program import Program
from tnlang.ir.walk import copy, map_children, rename, value_wires
from tnlang.reference import execute
from tnlang.source import Source

HEAD = "dim n = 3, m = 2\ntensor A[n, n], B[n, n], C[n, m], v[n], w[n], s\n"
NETS = """
net g(x[n]) -> y[n] { param W[n, n]
    y[i] = relu(W[i, j] x[j]) }
"""


def form(text: str, net: str = "main") -> object:
    program = load_program(Source("t.tn", HEAD + text))
    return canonical(program.net(net))


EQUAL = [
    ("y[i] = A[i, j] v[j]", "y[p] = v[q] A[p, q]"),
    ("y[i] = A[i, j] v[j] + w[i]", "y[i] = w[i] + A[i, k] v[k]"),
    ("y[i] = (A[i, j] B[j, k]) v[k]", "y[i] = A[i, j] (B[j, k] v[k])"),
    ("y[i] = v[i] + (w[i] + A[i, i])", "y[i] = (v[i] + w[i]) + A[i, i]"),
    ("y[i] = v[i] - (w[i] - A[i, i])", "y[i] = v[i] - w[i] + A[i, i]"),
    ("h[i] = A[i, j] v[j]\ny[i] = relu(h[i])", "y[i] = relu(A[i, j] v[j])"),
    ("h[i] = A[i, j] v[j]\ny[i] = B[i, j] h[j]", "y[i] = B[i, j] A[j, k] v[k]"),
    ("h[i] = v[i] + w[i]\ny[i] = A[i, j] h[j]", "y[i] = A[i, j] (v[j] + w[j])"),
    ("h = v + w\ny[i] = A[i, j] h[j]", "y[i] = A[i, j] (v[j] + w[j])"),
    ("y[i] = delta[i, j] v[j]", "y[i] = v[i]"),
    ("y[i] = A[i, j] delta[j, k] v[k]", "y[i] = A[i, j] v[j]"),
    ("y = delta[i, j, k] v[i] w[j] v[k]", "y = v[i] w[i] v[i]"),
    ("h[i, j] = A[i, j]\ny[i] = h[0, i]", "y[i] = A[0, i]"),
    ("h[j, i] = A[i, j]\ny = h[i, i]", "y = A[i, i]"),
    ("y[i] = 2 A[i, i] 0.5", "y[i] = A[i, i]"),
    ("y[i] = A[i, j] ones[j] v[j]", "y[i] = A[i, j] v[j]"),
    ("y[i] = softmax[i](v[i])", "y[α] = softmax[α](v[α])"),
    ("y = mean[i](A[i, j] v[j])", "y = mean[k](v[l] A[k, l])"),
    ("y = A[i, j] A[j, k] A[k, i]", "y = A[c, a] A[a, b] A[b, c]"),
    ("h[(i j)] = A[i, j]\ny[k: n, l: n] = h[(k l)]", "y[k, l] = A[k, l]"),
    ("y[i] = sum t in 0..3 { A[t, i] v[t] }", "y[k] = sum u in 0..3 { v[u] A[u, k] }"),
    ("y = v[i] A[i, j] w[j]", "y = w[i] v[j] A[j, i]"),
    ("y[i] = conj(A[i, j]) v[j]", "y[i] = v[k] conj(A[i, k])"),
]

DIFFERENT = [
    ("y[i] = A[i, j] v[j]", "y[i] = A[j, i] v[j]"),
    ("y[i] = A[i, j] v[j]", "y[i] = A[i, j] w[j]"),
    ("y[i, j] = A[i, j]", "y[i, j] = A[j, i]"),
    ("y[i] = v[i] + w[i]", "y[i] = v[i] - w[i]"),
    ("y[i] = A[i, j] (v[j] + w[i])", "y[i] = A[i, j] (v[j] + w[j])"),
    ("y = A[i, i]", "y = A[i, j] ones[i] ones[j]"),
    ("y = A[i, j] A[j, k] A[k, i]", "y = A[i, j] A[j, k] A[i, k]"),
    ("y = (A[i, j] B[j, i]) (A[k, l] B[l, k])", "y = A[i, j] B[j, k] A[k, l] B[l, i]"),
    ("y[i] = relu(A[i, j] v[j])", "y[i] = relu(A[i, j]) v[j]"),
    ("y[i] = softmax[j](A[i, j]) v[j]", "y[i] = softmax[i](A[i, j]) v[j]"),
    ("y[i] = softmax[j](A[i, j]) delta[i, j]", "y[i] = softmax[j](A[i, j]) v[j]"),
    ("y[i] = leaky_relu(v[i], slope = 0.1)", "y[i] = leaky_relu(v[i], slope = 0.2)"),
    ("y[i] = A[0, i]", "y[i] = A[1, i]"),
    ("y[i] = 2 v[i]", "y[i] = 3 v[i]"),
    ("y[i] = C[i, j] C[k, j] v[k]", "y[i] = C[i, j] C[k, j] w[k]"),
    ("y[i] = sum t in 0..3 { A[t, i] v[t] }", "y[i] = sum t in 0..2 { A[t, i] v[t] }"),
    ("h[(i j)] = A[i, j]\ny[k: n, l: n] = h[(k l)]", "h[(i j)] = A[i, j]\ny[k: n, l: n] = h[(l k)]"),
    # broadcasting makes these differ, though each reads like an association
    ("y[i] = v[j] (A[i, j] + w[i])", "y[i] = v[j] A[i, j] + w[i]"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_two_spellings_are_equal(one: str, other: str) -> None:
    assert form(one) == form(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_networks_are_different(one: str, other: str) -> None:
    assert form(one) != form(other)


def net_form(body: str, head: str = "") -> object:
    return form(f"{NETS}{head}net f(x[n], z[n]) -> y[n] {{ {body} }}", "f")


def test_calls_streams_and_repeats() -> None:
    loop = net_form("stream r = x; repeat l in 0..3 { r += g(r) }; y = r")
    assert loop == net_form("stream r = x; repeat t in 0..3 { h = r; r += g(h) }; y = r")
    assert loop != net_form("stream r = x; repeat l in 0..2 { r += g(r) }; y = r")
    assert loop != net_form("stream r = z; repeat l in 0..3 { r += g(r) }; y = r")
    assert loop != net_form("stream r = x; repeat l in 0..3 { r += g(x) }; y = r")
    assert net_form("y = g(x) as a") != net_form("y = g(x) as b")
    assert net_form("y = g(x)") != net_form("y = g(z)")
    assert net_form("h = x + z; y = g(h)") == net_form("y = g(z + x)")
    assert net_form("stream r = x; r += z; y = r{0}") != net_form("stream r = x; r += z; y = r{1}")
    assert net_form("stream r = x; r += z; y = r{1}") == net_form("stream r = x; r += z; y = r")


def test_a_stream_after_a_repeat_is_not_its_early_value() -> None:
    late = "stream r = x; repeat l in 0..2 { r += z }; r += x; y = r{1}"
    last = "stream r = x; repeat l in 0..2 { r += z }; r += x; y = r"
    assert net_form(late) != net_form(last)


def test_rings_of_equal_tensors() -> None:
    def ring(count: int, turned: bool = False) -> Sum:
        w = Wires()
        ends = [(f"b{p}", f"b{(p + 1) % count}") for p in range(count)]
        pairs = [" ".join(reversed(e)) if turned and p == 0 else " ".join(e) for p, e in enumerate(ends)]
        return Sum((w.term(*(w.tensor("A", e) for e in pairs), summed=" ".join(a for a, _ in ends)),))

    assert canonical(ring(30)) == canonical(ring(30))
    assert canonical(ring(30)) != canonical(ring(29))
    assert canonical(ring(30)) != canonical(ring(30, turned=True))


def test_two_small_rings_are_not_a_large_one() -> None:
    """What colours alone cannot tell apart: every tensor sees the same neighbours in both."""
    one = "y = A[a, b] A[b, c] A[c, a] A[d, e] A[e, f] A[f, d]"
    other = "y = A[a, b] A[b, c] A[c, d] A[d, e] A[e, f] A[f, a]"
    assert form(one) != form(other)


@given(st.integers(2, 9), st.randoms(use_true_random=False), st.data())
def test_certificates_are_those_of_isomorphism(count: int, random: object, data: st.DataObject) -> None:
    import networkx as nx

    def graph(edges: list[tuple[int, int]], order: list[int]) -> Graph:
        made = Graph()
        for _ in range(count):
            made.vertex("v")
        for a, b in data.draw(st.permutations(edges)):
            made.edge(order[a], order[b], "e")
        return made

    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    one = data.draw(st.lists(pairs, max_size=2 * count, unique=True))
    other = data.draw(st.lists(pairs, min_size=len(one), max_size=len(one), unique=True))
    same = list(range(count))
    first = certificate(graph(one, same))
    assert first == certificate(graph(one, list(data.draw(st.permutations(same)))))
    isomorphic = nx.is_isomorphic(nx.DiGraph(_all(one, count)), nx.DiGraph(_all(other, count)))
    assert (first == certificate(graph(other, same))) == isomorphic


def _all(edges: list[tuple[int, int]], count: int) -> dict[int, list[int]]:
    return {v: [b for a, b in edges if a == v] for v in range(count)}


# ---------------------------------------------------------------- random programs


def respelled(total: Sum, data: st.DataObject) -> Sum:
    """The sum with terms and factors in another order, products in brackets, wires anew."""

    def visit(inner: Sum) -> Sum:
        terms = [term(t) for t in inner.terms]
        return replace(inner, terms=tuple(data.draw(st.permutations(terms))))

    def term(old: Term) -> Term:
        nodes = list(data.draw(st.permutations([map_children(node, visit) for node in old.nodes])))
        if len(nodes) > 1 and data.draw(st.booleans()):
            cut = data.draw(st.integers(1, len(nodes) - 1))
            nodes = [*nodes[:cut], Bracket(Sum((Term(tuple(nodes[cut:])),)))]
        return replace(old, nodes=tuple(nodes))

    return copy(visit(total))


def respelled_program(program: Program, data: st.DataObject) -> Program:
    net = program.net("main")
    body = []
    for statement in net.body:
        assert isinstance(statement, Bind)
        kept = value_wires(statement.target.legs)
        fresh: dict[Wire, Wire] = {wire: replace(wire, id=wire.id + 10**9, name="renamed") for wire in kept}
        total = rename(respelled(statement.body, data), dict(fresh))
        legs = tuple(
            fresh[leg]
            if isinstance(leg, Wire)
            else replace(leg, members=tuple(fresh[m] for m in leg.members))  # type: ignore[index]
            for leg in statement.target.legs
        )
        body.append(replace(statement, target=replace(statement.target, legs=legs), body=total))
    return replace(program, nets=tuple(replace(n, body=tuple(body)) if n is net else n for n in program.nets))


@settings(max_examples=40)
@given(expressions(), st.data())
def test_another_spelling_is_equal_in_form_and_in_value(case: Case, data: st.DataObject) -> None:
    program = load_program(Source("t.tn", case.text))
    other = respelled_program(program, data)
    assert canonical(program.net("main")) == canonical(other.net("main"))
    case.close(execute(other, "main", case.inputs).cache, case.values)


@settings(max_examples=25)
@given(networks())
def test_the_form_of_a_net_does_not_depend_on_ids(case: Case) -> None:
    source = Source("t.tn", case.text)
    form_of, again = (canonical(load_program(source).net("outer")) for _ in range(2))
    assert form_of == again
    # the last statement binds the output: with its sign turned it is another net
    text = re.sub(r"^    y(\[[^=]*\])? = (.*)$", r"    y\1 = -(\2)", case.text, flags=re.MULTILINE)
    assert text != case.text
    turned = load_program(Source("t.tn", text))
    assert canonical(turned.net("outer")) != form_of


def mutated(total: Sum, data: st.DataObject) -> Sum:
    """A small change somewhere: a sign, a function, two legs of a tensor exchanged."""

    def visit(inner: Sum, path: list[int]) -> Sum:
        at = data.draw(st.integers(0, len(inner.terms) - 1))
        old = inner.terms[at]
        choices = [n for n, node in enumerate(old.nodes) if hasattr(node, "legs") and len(set(node.legs)) > 1]
        holders = [n for n, node in enumerate(old.nodes) if isinstance(node, Bubble | Bracket | BigSum)]
        kind = data.draw(
            st.sampled_from(["sign", *["legs"] * bool(choices), *["deeper"] * (2 * bool(holders))])
        )
        nodes = list(old.nodes)
        if kind == "legs":
            n = data.draw(st.sampled_from(choices))
            legs = nodes[n].legs  # type: ignore[union-attr]
            nodes[n] = replace(nodes[n], legs=(legs[1], legs[0], *legs[2:]))  # type: ignore[call-arg]
        elif kind == "deeper":
            n = data.draw(st.sampled_from(holders))
            nodes[n] = map_children(nodes[n], lambda deeper: visit(deeper, [*path, n]))
        sign = -1 if kind == "sign" else 1
        new = replace(old, nodes=tuple(nodes), coefficient=sign * old.coefficient)
        return replace(inner, terms=(*inner.terms[:at], new, *inner.terms[at + 1 :]))

    return visit(total, [])


@settings(max_examples=50)
@given(expressions(), st.data())
def test_what_differs_in_value_differs_in_form(case: Case, data: st.DataObject) -> None:
    program = load_program(Source("t.tn", case.text))
    net = program.net("main")
    place = data.draw(st.integers(0, len(net.body) - 1))
    old = net.body[place]
    assert isinstance(old, Bind)
    new = replace(old, body=mutated(old.body, data))
    changed: Net = replace(net, body=(*net.body[:place], new, *net.body[place + 1 :]))
    other = replace(program, nets=(changed,))
    try:
        found = execute(other, "main", case.inputs).outputs
    except ValueError:
        return  # exchanged legs of different sizes
    before = execute(program, "main", case.inputs).outputs
    same = all(np.allclose(found[name], before[name], equal_nan=True) for name in before)
    if not same:
        assert canonical(changed) != canonical(net)


def test_delta_along_a_bubble_stays() -> None:
    """softmax over k of A[i, k], then its diagonal, is not a softmax over the diagonal of A."""
    w = Wires({"i": 3, "k": 3})
    bubble = w.bubble("softmax", w.term(w.tensor("A", "i k")), gates="k")
    on_diagonal = Sum((Term((bubble, Special("delta", w("i", "k"))), w("k")),))
    diagonal = w.bubble("softmax", w.term(w.tensor("A", "i i")), gates="i")
    assert canonical(on_diagonal) != canonical(Sum((Term((diagonal,)),)))
