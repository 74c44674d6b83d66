"""The index notation of a net, written back from the IR, for the docstring of its class."""

from __future__ import annotations

from collections.abc import Sequence

from tnlang.ir.cost import cost
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Decl,
    Entry,
    Frozen,
    Group,
    Ix,
    Leg,
    Loop,
    Net,
    Node,
    Number,
    Output,
    Ref,
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
from tnlang.ir.size import DimSize, Size, SizeError, show
from tnlang.lower.dims import dims_of


def describe(program: Program, net: Net) -> tuple[str, ...]:
    """The lines of a docstring: the net's head, then its statements, indented, then what it costs."""
    inputs = ", ".join(declaration(decl) for decl in net.inputs)
    outputs = ", ".join(map(_output, net.outputs))
    several = len(net.outputs) > 1
    head = f"{net.name}({inputs}) -> {f'({outputs})' if several else outputs}"
    return (head, "", *_lines(net.body, "    "), *_cost_lines(program, net))


def _cost_lines(program: Program, net: Net) -> tuple[str, ...]:
    try:
        counted = cost(program, net.name)
    except SizeError:  # sizes that only the caller's dims make whole
        return ()
    if counted.largest is None:
        return ()
    known = {dim.name for dim in dims_of(program, net).dims}
    assumed = ", ".join(f"{name} = {size}" for name, size in counted.assumed.items() if name in known)
    wires = ", ".join(f"{name}: {size}" for name, size in counted.largest.wires)
    return (
        "",
        f"Cost without batch{' at ' if assumed else ''}{assumed}: {counted.flops:,} FLOPs.",
        f"Largest array: {counted.largest.entries:,} entries, {counted.largest.path}[{wires}].",
    )


def declaration(decl: Decl) -> str:
    """``W[head, out: hidden]``, with its properties."""
    legs = f"[{', '.join(map(_leg, decl.legs))}]" if decl.legs else ""
    words = []
    for prop in decl.properties:
        named = prop.legs if prop.name != "onehot" or prop.legs != (len(decl.legs) - 1,) else ()
        inside = ", ".join(decl.legs[i].name for i in named)
        words.append(f" {prop.name}({inside})" if inside else f" {prop.name}")
    return f"{decl.name}{_subs(decl.subs)}{legs}{''.join(words)}"


def _output(output: Output) -> str:
    legs = f"[{', '.join(map(_leg, output.legs))}]" if output.legs else ""
    return f"{output.name}{_subs(output.subs)}{legs}"


def _leg(leg: Leg) -> str:
    match leg.size:
        case DimSize(dim) if dim.name.rpartition(".")[2] == leg.name:
            return leg.name
    return f"{leg.name}: {size_text(leg.size)}"


def _lines(body: Sequence[Stmt], indent: str) -> list[str]:
    found: list[str] = []
    for statement in body:
        match statement:
            case Bind(target=target, body=total):
                found.append(f"{indent}{_value(target)} = {sum_text(total)}")
            case StreamSet(target=target, op=op, body=total, opens=opens):
                found.append(f"{indent}{'stream ' if opens else ''}{_value(target)} {op} {sum_text(total)}")
            case Frozen(target=target):
                found.append(f"{indent}{_value(target)} is frozen")
            case Call(name=name, net=net, arguments=arguments, results=results):
                left = ", ".join(result.name + _subs(result.subs) for result in results)
                given = ", ".join(map(_ref, arguments))
                called = net.rpartition(".")[2]
                suffix = f" as {name}" if name != called else ""
                found.append(f"{indent}{left} = {called}({given}){suffix}")
            case Shared(name=name, net=net):
                found.append(f"{indent}shared {name} = {net}")
            case Repeat(loop=loop, body=inner):
                found.append(f"{indent}repeat {_loop(loop)} {{")
                found += _lines(inner, indent + "    ")
                found.append(f"{indent}}}")
    return found


def _value(target: Value) -> str:
    legs = ", ".join(map(_ix, target.legs))
    return f"{target.name}{_subs(target.subs)}{f'[{legs}]' if legs else ''}"


def _ref(ref: Ref) -> str:
    return f"{ref.name}{_subs(ref.subs)}"


def _subs(subs: Sequence[Size]) -> str:
    return "{" + ", ".join(map(size_text, subs)) + "}" if subs else ""


def size_text(size: Size) -> str:
    """A size without brackets round the whole of it."""
    text = show(size)
    return text[1:-1] if text.startswith("(") else text


def _loop(loop: Loop) -> str:
    return f"{loop.var} in {show(loop.start)}..{show(loop.stop)}"


def _ix(ix: Ix) -> str:
    match ix:
        case Wire():
            return ix.text
        case Entry(at):
            return size_text(at)
        case Slice(wire, start, stop):
            return f"{wire.text}: {show(start)}..{show(stop)}"
        case Group(members):
            return f"({' '.join(map(_ix, members))})"


def sum_text(total: Sum) -> str:
    """A sum as it is written."""
    text = ""
    for term in total.terms:
        written, minus = _term(term)
        if text:
            text += f" {'-' if minus else '+'} {written}"
        else:
            text = f"-{written}" if minus else written
    return text or "0"


def _term(term: Term) -> tuple[str, bool]:
    coefficient = complex(term.coefficient)
    minus = coefficient.imag == 0 and coefficient.real < 0
    size = -coefficient if minus else coefficient
    words = [] if size == 1 else [_number(size)]
    below: list[str] = []
    for node in term.nodes:
        match node:
            case Bubble(function="reciprocal", body=body, name=""):
                below.append(f"/ {_factor(body)}")
            case _ if below:
                words += [*below, "*", _node(node)]
                below = []
            case _:
                words.append(_node(node))
    if below and not words:
        words = ["1"]
    return " ".join([*words, *below]), minus


def _factor(body: Sum) -> str:
    match body:
        case Sum(terms=(Term(nodes=(node,), coefficient=1),)):
            return _node(node)
    return f"({sum_text(body)})"


def _node(node: Node) -> str:
    match node:
        case Tensor(ref=ref, legs=legs, conj=conj):
            use = _ref(ref) + (f"[{', '.join(map(_ix, legs))}]" if legs else "")
            return f"conj({use})" if conj else use
        case Special(kind=kind, legs=legs, at=at):
            number = f"({size_text(at)})" if at is not None else ""
            return f"{kind}{number}[{', '.join(map(_ix, legs))}]"
        case Number(value, text):
            return text or _number(complex(value))
        case SizeNumber(size):
            return show(size)
        case Bubble(function="power", body=body, options=options, name=name):
            return _named(f"{_factor(body)}^{_number(complex(dict(options)['exponent']))}", name)
        case Bubble(function=function, body=body, gates=gates, options=options, name=name):
            along = f"[{', '.join(g.text for g in gates)}]" if gates else ""
            given = "".join(f", {key} = {_number(complex(value))}" for key, value in options)
            return _named(f"{function}{along}({sum_text(body)}{given})", name)
        case Bracket(body=body, name=name):
            return f"({sum_text(body)}{f' as {name}' if name else ''})"
        case BigSum(loops=loops, body=body):
            return f"sum {', '.join(map(_loop, loops))} {{ {sum_text(body)} }}"


def _named(text: str, name: str) -> str:
    return f"({text} as {name})" if name else text


def _number(value: complex) -> str:
    if value.imag:
        return f"{value.imag:g}j" if not value.real else f"({value.real:g} + {value.imag:g}j)"
    return str(int(value.real)) if value.real.is_integer() else repr(value.real)
