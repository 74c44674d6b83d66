"""Rule 2 attacked with expressions that nobody took care of: what it refuses, and what it means otherwise.

Names are drawn blindly from three, so most expressions have wires that cross walls, dangle, or could be
summed in two places. ``problem`` reads the rule as it is worded and says what is wrong; the package must
refuse exactly these, and compute the others as brute force does.
"""

from __future__ import annotations

import numpy as np
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.brute import Values
from tests.meaning import (
    Add,
    Factor,
    Fn,
    Paren,
    Prod,
    Use,
    Wire,
    could_close,
    ends,
    names,
    summed,
)
from tnlang.elaborate import load_program
from tnlang.reference import execute, inputs_of
from tnlang.source import Source, TnError

NAMES = ("i", "j", "k")
SIZE = 2
ARRAYS = {
    "A": np.array([0.7, -1.1]),
    "B": np.array([[0.3, 1.2], [-0.8, 0.5]]),
    "C": np.random.default_rng(0).uniform(0.4, 1.2, (2, 2, 2)),
    "s": np.array(0.9),
}
TEXT = "dim n = 2\ntensor A[n], B[n, n], C[n, n, n], s\n"


def wires(count: int) -> st.SearchStrategy[tuple[Wire, ...]]:
    return st.lists(st.sampled_from(NAMES), min_size=count, max_size=count).map(
        lambda chosen: tuple(Wire(name, SIZE) for name in chosen)
    )


uses = st.one_of(
    wires(1).map(lambda legs: Use("A", legs)),
    wires(2).map(lambda legs: Use("B", legs)),
    wires(2).map(lambda legs: Use("B", legs)),
    wires(3).map(lambda legs: Use("C", legs)),
    st.just(Use("s", ())),
)


def factors(depth: int) -> st.SearchStrategy[Factor]:
    if not depth:
        return uses
    inside = sums(depth - 1)
    return st.one_of(
        uses,
        uses,
        st.builds(Fn, st.sampled_from(["tanh", "sigmoid"]), inside),
        st.builds(Fn, st.sampled_from(["softmax", "cumsum"]), inside, wires(1)),
        st.builds(Fn, st.sampled_from(["sum", "max"]), inside, wires(1)),
        st.builds(Paren, inside),
    )


def products(depth: int) -> st.SearchStrategy[Prod]:
    return st.lists(factors(depth), min_size=1, max_size=3).map(lambda found: Prod(tuple(found)))


def sums(depth: int) -> st.SearchStrategy[Add]:
    term = st.tuples(st.sampled_from([1, 1, -1]), products(depth))
    return st.lists(term, min_size=1, max_size=2).map(lambda found: Add(tuple(found)))


def problem(what: Add, kept: frozenset[str]) -> str:
    """What rules 2 and 4 refuse about an expression inside of which ``kept`` are wires from outside."""
    for _, term in what.terms:
        flat = term.flat()
        here = summed(term, dict.fromkeys(kept, SIZE))
        for position, factor in enumerate(flat):
            rest = Prod(tuple(flat[:position] + flat[position + 1 :]))
            for name in names(factor):
                alone = name not in kept and name not in here
                let_out = isinstance(factor, Fn) and any(gate.name == name for gate in factor.gates)
                if alone and (let_out or isinstance(factor, Use)):
                    return "dangles"
                if name in here and isinstance(factor, Fn | Paren):
                    inner = could_close(Prod((factor,)), name)
                    if inner and could_close(rest, name):
                        return "two places"
            if not isinstance(factor, Fn | Paren):
                continue
            inside = set(kept) | set(here)
            if isinstance(factor, Fn):
                for gate in factor.gates:
                    if gate.name not in names(factor.body):
                        return "no wire of the expression"
                    if factor.ends and (gate.name in kept or gate.name in names(rest)):
                        return "ended and named outside"
                    inside.add(gate.name)
            found = problem(factor.body, frozenset(inside))
            if found:
                return found
    return ""


def clear(what: Add | Prod | Factor) -> bool:
    """Whether no sum has a name that one term could close and another could not: there the rule is silent."""
    match what:
        case Add(terms):
            for name in names(what):
                holders = [term for _, term in terms if name in names(term)]
                if len({could_close(term, name) for term in holders}) > 1:
                    return False
            return all(clear(term) for _, term in terms)
        case Prod(factors=parts):
            return all(clear(part) for part in parts)
        case Fn(body=body) | Paren(body=body):
            return clear(body)
        case _:
            return True


@settings(max_examples=400)
@given(sums(2), st.lists(st.sampled_from(NAMES), unique=True, max_size=2))
def test_refused_as_worded_or_computed_as_meant(expression: Add, left: list[str]) -> None:
    assume(clear(expression))
    wrong = problem(expression, frozenset(left))
    if not wrong and not set(left) <= set(names(expression)):
        wrong = "kept but in no term"
    event(wrong or "fine")
    head = f"y[{', '.join(left)}]" if left else "y"
    text = f"{TEXT}{head} = {expression}\n"
    try:
        program = load_program(Source("t.tn", text))
    except TnError as error:
        assert wrong, f"refused, though nothing is wrong with it:\n{text}\n{error}"
        return
    assert not wrong, f"{wrong}, but accepted:\n{text}"
    legs = [Wire(name, SIZE) for name in left]
    with np.errstate(all="ignore"):
        expected = Values(dict(ARRAYS)).array(legs, expression)
    inputs = {name: ARRAYS[name] for name in inputs_of(program, "main")}
    found = execute(program, "main", inputs).outputs["y"]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9, err_msg=text)


def test_the_reader_of_the_rule_can_say_no() -> None:
    """A check on the checker, on the cases that language.md gives."""

    def b(x: str, y: str) -> Use:
        return Use("B", (Wire(x, 2), Wire(y, 2)))

    def a(x: str) -> Use:
        return Use("A", (Wire(x, 2),))

    def one(*parts: Factor) -> Add:
        return Add(((1, Prod(parts)),))

    both = one(Fn("exp", one(b("i", "j"), a("j"))), Fn("exp", one(b("i", "j"), a("j"))))
    crossing = one(Fn("exp", one(b("i", "j"), a("j"))), b("j", "k"))
    assert problem(both, frozenset("i")) == "two places"
    assert problem(crossing, frozenset("ik")) == ""
    assert problem(Add(((1, Prod((b("i", "j"),))), (1, Prod((b("i", "j"),))))), frozenset()) == "dangles"
    assert problem(one(b("i", "i")), frozenset()) == ""
    ended = one(Fn("sum", one(b("i", "j")), (Wire("j", 2),)), a("j"))
    assert problem(ended, frozenset("i")) == "ended and named outside"
    assert ends(b("i", "i"), "i") == 2
