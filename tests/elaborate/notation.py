"""The IR as one line of text, with every summation written where it is: what elaboration tests compare."""

from __future__ import annotations

from tnlang.elaborate import check_text
from tnlang.elaborate.program import build
from tnlang.ir.check import violations
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Decl,
    Entry,
    Factor,
    Frozen,
    Group,
    Ix,
    Net,
    Node,
    Number,
    Repeat,
    Shared,
    SizeNumber,
    Slice,
    Special,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Size, show
from tnlang.source import Diagnostics, Source
from tnlang.syntax import parse


def elaborated(text: str, **dims: int) -> Program:
    """The program of a text; fails where there are errors or where the IR breaks its rules."""
    diagnostics = Diagnostics()
    program = build(parse(Source("<test>", text)), diagnostics, dims, None)
    assert not diagnostics.errors, "\n" + "\n".join(map(str, diagnostics))
    assert violations(program) == []
    return program


def net(text: str, name: str = "main", **dims: int) -> list[str]:
    """The statements of a net, a line each."""
    return lines(elaborated(text, **dims).net(name))


def lines(one: Net) -> list[str]:
    """The statements of a net, a line each; those in a repeat follow it, indented."""
    return [line for statement in one.body for line in _statement(statement)]


def codes(text: str, **dims: int) -> list[str]:
    """The codes of what is wrong with a text, in order."""
    return [d.code for d in check_text(text, "<test>", dims=dims)]


def said(text: str) -> str:
    """Everything that is said about a text."""
    return "\n".join(map(str, check_text(text, "<test>")))


def _statement(statement: Stmt) -> list[str]:
    match statement:
        case Bind(target=target, body=body):
            return [f"{_value(target)} = {_sum(body)}"]
        case StreamSet(target=target, op=op, body=body, opens=opens):
            return [f"{'stream ' if opens else ''}{_value(target)} {op} {_sum(body)}"]
        case Call(name=name, net=callee, arguments=arguments, results=results, shared=shared):
            values = ", ".join(ref.name + _subs(ref.subs) for ref in arguments)
            bound = ", ".join(map(_value, results))
            return [f"{bound} = {callee}({values}) as {name}{' shared' if shared else ''}"]
        case Shared(name=name, net=callee):
            return [f"shared {name} = {callee}"]
        case Frozen(target=target):
            return [f"frozen {_value(target)}"]
        case Factor(function=function, source=source, factors=factors, left=left):
            bound = ", ".join(_factor(decl) for decl in factors)
            cut = f" {left}" if left else ""
            return [f"{bound} = {function}({source.name}{_subs(source.subs)}){cut}"]
        case Repeat(loop=loop, body=body):
            head = f"repeat {loop.var} in {show(loop.start)}..{show(loop.stop)}"
            return [head, *("    " + line for inner in body for line in _statement(inner))]
    raise AssertionError(statement)


def _factor(decl: Decl) -> str:
    legs = ", ".join(f"{leg.name}: {show(leg.size)}" for leg in decl.legs)
    known = "".join(f" {p.name}{list(p.legs)}" if p.legs else f" {p.name}" for p in decl.properties)
    return f"{decl.name}[{legs}]{known}"


def _value(value: Value) -> str:
    legs = "[" + ", ".join(map(_ix, value.legs)) + "]" if value.legs else ""
    return f"{'~' if value.anonymous else ''}{value.name}{_subs(value.subs)}{legs}"


def _subs(subs: tuple[Size, ...]) -> str:
    return "{" + ", ".join(map(show, subs)) + "}" if subs else ""


def _ix(ix: Ix) -> str:
    match ix:
        case Wire():
            return ix.text
        case Entry(at=at):
            return show(at)
        case Slice(wire=wire, start=start, stop=stop):
            return f"{wire.text}: {show(start)}..{show(stop)}"
        case Group(members=members):
            return "(" + " ".join(map(_ix, members)) + ")"


def _sum(total: Sum) -> str:
    return " + ".join(map(_term, total.terms))


def _term(term: Term) -> str:
    sign = {1: "", -1: "-"}[int(term.coefficient.real)]
    summed = f"Σ{','.join(w.text for w in term.summed)} " if term.summed else ""
    return sign + summed + " ".join(map(_node, term.nodes))


def _node(node: Node) -> str:
    match node:
        case Tensor(ref=ref, legs=legs, conj=conj):
            brackets = "[" + ", ".join(map(_ix, legs)) + "]" if legs else ""
            return f"{ref.name}{_subs(ref.subs)}{'*' if conj else ''}{brackets}"
        case Special(kind=kind, legs=legs, at=at):
            number = f"({show(at)})" if at is not None else ""
            return f"{kind}{number}[{', '.join(map(_ix, legs))}]"
        case Number(text=text):
            return text
        case SizeNumber(size=size):
            return f"#{show(size)}"
        case Bubble(function=function, body=body, gates=gates, options=options, name=name):
            wall = "[" + ", ".join(g.text for g in gates) + "]" if gates else ""
            extra = "".join(f" {key}={value:g}" for key, value in options)
            return f"{function}{wall}⟨{_sum(body)}{extra}⟩{' as ' + name if name else ''}"
        case Bracket(body=body, name=name):
            return f"({_sum(body)}{' as ' + name if name else ''})"
        case BigSum(loops=loops, body=body):
            heads = ", ".join(f"{one.var} in {show(one.start)}..{show(one.stop)}" for one in loops)
            return f"sum {heads} {{{_sum(body)}}}"
