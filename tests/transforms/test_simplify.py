"""simplify: each rule by a fixture, values kept on random programs, one result whatever the order."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tnlang
from tests.drafts import DIMS
from tests.elaborate.notation import elaborated
from tests.strategies import Case, expressions, programs
from tests.torch.modules import built, given_inputs
from tests.transforms.fixtures import check, fixtures
from tnlang.ir.canonical import canonical
from tnlang.ir.check import violations
from tnlang.ir.net import Bind, Bracket, Net, Node, Repeat, Stmt, StreamSet, Sum
from tnlang.ir.program import Program
from tnlang.ir.slots import called
from tnlang.ir.walk import map_children
from tnlang.reference import execute
from tnlang.transforms import Request
from tnlang.transforms.simplify import simplify, steps
from tnlang.transforms.simplify.facts import facts_of
from tnlang.transforms.simplify.nets import Simplifying
from tnlang.transforms.simplify.rules import RULES


@pytest.mark.parametrize("path", fixtures("simplify"), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    check(path)


def test_every_rule_has_a_fixture_that_it_is_used_in() -> None:
    used: set[str] = set()
    for path in fixtures("simplify"):
        program = elaborated(path.read_text(encoding="utf-8"))
        for one in called(program, program.net("before")):
            facts = facts_of(program, one)
            Simplifying(one, facts, RULES, lambda rule, body: used.add(rule)).run()
    names = {rule.__name__ for rule in (*RULES.of_nodes, *RULES.of_terms, *RULES.of_sums)}
    assert names | {"alias", "value"} == used


def with_simplified(program: Program, name: str) -> Program:
    nets = simplify(Request(program, "simple", name))
    changed = replace(program, nets=(*program.nets, *nets))
    assert violations(changed) == []
    return changed


@settings(max_examples=40)
@given(st.one_of(programs(), expressions(), expressions(complex=True)))
def test_values_are_kept(case: Case) -> None:
    program = with_simplified(elaborated(case.text), case.net)
    found = execute(program, "simple", case.inputs, case.parameters, DIMS).outputs
    case.close(found, case.outputs)
    for step, (rule, made) in enumerate(steps(Request(program, "step", case.net))[1:]):
        between = replace(program, nets=(*program.nets, made))
        assert violations(between) == [], f"{rule}\n{case.text}"
        if step % 4 == 0:
            case.close(execute(between, made.name, case.inputs, case.parameters, DIMS).outputs, case.outputs)


@settings(max_examples=20)
@given(st.one_of(programs(), expressions()))
def test_the_module_gives_what_it_gave(case: Case) -> None:
    program = with_simplified(elaborated(case.text), case.net)
    module = built(program, "simple", case.parameters, DIMS)
    with torch.no_grad():
        result = module(**given_inputs(case.inputs))
    several = result if isinstance(result, tuple) else (result,)
    case.close(dict(zip(case.outputs, several, strict=True)), case.outputs)


def forms(program: Program, name: str) -> list[object]:
    return [canonical(one) for one in called(program, program.net(name))]


def shuffled(one: Net, generator: random.Random) -> Net:
    """The net with the terms of all sums and the factors of all products in another order."""

    def total(old: Sum) -> Sum:
        terms = [replace(t, nodes=mixed(tuple(map(node, t.nodes)))) for t in old.terms]
        generator.shuffle(terms)
        return replace(old, terms=tuple(terms))

    def mixed(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(generator.sample(nodes, len(nodes)))

    def node(old: Node) -> Node:
        return map_children(old, total)

    def statement(old: Stmt) -> Stmt:
        match old:
            case Bind() | StreamSet():
                return replace(old, body=total(old.body))
            case Repeat():
                return replace(old, body=tuple(map(statement, old.body)))
            case _:
                return old

    return replace(one, body=tuple(map(statement, one.body)))


@settings(max_examples=40)
@given(st.one_of(programs(), expressions()), st.integers(0, 1000))
def test_the_order_of_terms_does_not_show(case: Case, seed: int) -> None:
    program = elaborated(case.text)
    generator = random.Random(seed)
    other = replace(program, nets=tuple(shuffled(one, generator) for one in program.nets))
    first, second = (with_simplified(one, case.net) for one in (program, other))
    assert forms(first, "simple") == forms(second, "simple"), case.text


@settings(max_examples=30)
@given(st.one_of(programs(), expressions()))
def test_the_second_time_nothing_happens(case: Case) -> None:
    once = with_simplified(elaborated(case.text), case.net)
    twice = replace(once, nets=(*once.nets, *simplify(Request(once, "again", "simple"))))
    assert forms(once, "simple") == forms(twice, "again"), case.text


def test_a_reader_s_names_stay() -> None:
    text = """
    dim n = 3
    net f(x[n], A[n, m: n]) -> y[n] { y[i] = 2 ((A[i, j] x[j] as h)) + 0 x[i] }
    net g = simplify(f)
    """
    program = elaborated(text)
    (bind,) = (s for s in program.net("g").body if isinstance(s, Bind))
    names = [node.name for node in bind.body.terms[0].nodes if isinstance(node, Bracket)]
    assert names == ["h"]


@pytest.mark.parametrize("arguments", ["f, A", "f, order = 3", "f, A -> B"])
def test_what_is_not_understood_is_refused(arguments: str) -> None:
    text = f"net f(x) -> y {{ y = x }}\nnet g = simplify({arguments})\n"
    with pytest.raises(tnlang.TnError) as caught:
        tnlang.load(text)
    assert [d.code[:3] for d in caught.value.diagnostics] == ["TN9"]
