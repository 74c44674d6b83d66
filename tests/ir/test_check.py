"""Every rule of the IR fires on an IR that breaks it, and on no example."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import PROGRAMS
from tests.ir.build import Wires, decl, net, program
from tnlang.elaborate import load_program
from tnlang.ir.check import RULES, InvariantError, check_program, verified, violations
from tnlang.ir.net import (
    BigSum,
    Call,
    Group,
    Leg,
    Loop,
    Net,
    Output,
    Ref,
    Repeat,
    SizeNumber,
    Special,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Dim, DimSize, LoopVar
from tnlang.source import Source, TnError

W = Wires({"k": 3})
A, B = decl("input", "A", 2, 2), decl("input", "B", 2, 3)
i, j, k = W("i", "j", "k")


def broken(rule: str, *programs: Program) -> None:
    """Each program breaks the rule of that name."""
    names = [r.name for r in RULES]
    assert rule in names
    for wrong in programs:
        found = [text.partition(":")[0] for text in violations(wrong)]
        assert rule in found, (rule, violations(wrong))
        with pytest.raises(InvariantError, match=rule):
            check_program(wrong)


def one(*terms: Term, legs: str = "i", inputs: tuple[object, ...] = (A, B)) -> Program:
    return program(net("f", inputs, W.bind("y", legs, *terms)))  # type: ignore[arg-type]


GOOD = one(W.term(W.tensor("A", "i j"), W.tensor("B", "j k"), summed="j k"))


def test_a_right_program_breaks_no_rule() -> None:
    assert violations(GOOD) == []
    assert check_program(GOOD) is GOOD


def test_checks_are_on_in_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = one(W.term(W.tensor("A", "i j")))
    with pytest.raises(InvariantError):
        verified(wrong)
    monkeypatch.delenv("TNLANG_CHECK")
    assert verified(wrong) is wrong


def test_one_identity() -> None:
    other = replace(j, name="other")
    twice = Term((W.tensor("A", "i j"), Tensor(Ref("A"), (other, i))), (j, other))
    broken("a wire has one name and size", one(twice))


def test_kept() -> None:
    broken(
        "kept wires are those of the left-hand side",
        one(W.term(W.tensor("A", "i j"))),
        one(W.term(W.tensor("A", "i i")), legs="i j"),
    )


def test_summed() -> None:
    inner = W.bubble("relu", W.term(W.tensor("A", "i j"), summed="j"))
    broken(
        "a wire is summed once, where it lives",
        one(W.term(W.tensor("A", "i i"), summed="j")),
        one(W.term(inner, W.tensor("A", "j j"), summed="j")),
        one(W.term(W.tensor("A", "i j"), summed="j"), W.term(W.tensor("A", "i j"), summed="j")),
        one(W.term(W.tensor("A", "i j"), summed="i j")),
    )


def test_gates() -> None:
    inside = W.term(W.tensor("A", "i j"))
    bubble = W.bubble("softmax", inside, gates="j")
    broken(
        "a bubble works along wires it holds",
        one(W.term(W.bubble("softmax", inside, gates="k"), summed="j")),
        one(W.term(W.bubble("softmax", inside), summed="j")),
        one(W.term(W.bubble("no_function", inside), summed="j")),
        one(W.term(replace(bubble, options=(("eps", 1.0),)), summed="j")),
        one(W.term(W.bubble("topk", inside, gates="j"), summed="j")),
        one(W.term(W.bubble("causal", inside, gates="j j"), summed="j")),
        one(W.term(W.bubble("mean", inside, gates="j"), W.tensor("A", "j j"), summed="j")),
    )


def test_node_legs() -> None:
    broken(
        "nodes have the legs of their kind",
        one(W.term(Special("index", (i, j)), summed="j")),
        one(W.term(Special("delta", ()), W.tensor("A", "i i"))),
        one(W.term(Special("basis", (i,)))),
        one(W.term(Special("ones", (i,), at=1))),
        one(W.term(Special("ones", (Group(()), i)))),
        one(Term((BigSum((), Sum((W.term(W.tensor("A", "i i")),))),))),
        one(W.term(W.tensor("A", "i i"), coefficient=float("nan"))),
    )


def test_sizes() -> None:
    stray = Wire(W("stray")[0].id, "stray", DimSize(Dim("nowhere")))
    broken(
        "sizes can be computed where they stand",
        one(Term((W.tensor("A", "i i"), Special("ones", (stray,))), (stray,))),
        one(Term((W.tensor("A", "i i"), SizeNumber(LoopVar("n"))))),
    )


def test_refs() -> None:
    late = W.bind("z", "i", W.term(W.tensor("A", "i i")))
    early = W.bind("y", "i", W.term(W.tensor("z", "i")))
    turn = Repeat(Loop("n", 0, 2), (late,))
    broken(
        "values are bound before use, with as many legs",
        one(W.term(W.tensor("nothing", "i"))),
        one(W.term(W.tensor("A", "i"))),
        one(W.term(W.tensor("B", "i j"), summed="j")),
        program(net("f", (A,), early, late)),
        program(net("f", (A,), turn, early)),
    )


def test_streams() -> None:
    def stream(op: str, opens: bool) -> StreamSet:
        return StreamSet(Value("s", (i,)), op, Sum((W.term(W.tensor("A", "i i")),)), opens)  # type: ignore[arg-type]

    end = W.bind("y", "i", W.term(W.tensor("A", "i i")))
    start, later = stream("=", True), stream("+=", False)
    assert violations(program(net("f", (A,), start, later, end))) == []
    broken(
        "streams are opened, then set",
        program(net("f", (A,), later, end)),
        program(net("f", (A,), start, start, end)),
        program(net("f", (A,), stream("+=", True), end)),
        program(net("f", (A,), end, end)),
    )


def test_outputs() -> None:
    good = GOOD.nets[0]
    broken(
        "outputs are bound",
        program(replace(good, outputs=(Output("z", ()),))),
        program(replace(good, outputs=(Output("y", ()),))),
        program(replace(good, outputs=(Output("y", (Leg("i", 3),)),))),
    )


def test_calls() -> None:
    callee = replace(GOOD.nets[0], name="g")
    result = Value("r", (i,))

    def caller(call: Call) -> Net:
        return net("f", (A, B), call, W.bind("y", "i", W.term(W.tensor("r", "i"))))

    good = Call("g", "g", (Ref("A"), Ref("B")), (result,))
    assert violations(program(callee, caller(good))) == []
    broken(
        "calls fit the nets they call",
        program(caller(good), callee),
        program(caller(good)),
        program(callee, caller(replace(good, arguments=(Ref("A"),)))),
        program(callee, caller(replace(good, arguments=(Ref("A"), Ref("A"))))),
        program(callee, caller(replace(good, results=(Value("r", (k,)),)))),
        program(callee, caller(replace(good, shared=True))),
    )


def test_names() -> None:
    broken(
        "names are unique",
        program(*GOOD.nets, *GOOD.nets),
        replace(GOOD, dims=(Dim("n"), Dim("n"))),
        replace(GOOD, declarations=(A, A)),
        replace(GOOD, exported=("nothing",)),
        program(net("f", (A, A), W.bind("y", "i", W.term(W.tensor("A", "i i"))))),
    )


def test_every_rule_is_tested_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [rule.name for rule in RULES if f'"{rule.name}"' not in text] == []


def test_examples_break_no_rule() -> None:
    checked = 0
    for path in PROGRAMS.values():
        try:
            found = load_program(path)
        except TnError:
            continue
        assert violations(found) == [], path.name
        checked += 1
    assert checked > 60


def test_a_net_may_hide_what_its_file_declares() -> None:
    text = "dim n = 3, m = 2\nparam A[m, n]\nnet f(x[n]) -> A[n] { A[i] = exp(x[i]) }\nB = A\n"
    assert violations(load_program(Source("<text>", text))) == []
