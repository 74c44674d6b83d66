"""The index notation of a net, written back from the IR, for the docstring of its class."""

from __future__ import annotations

import itertools
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tnlang.ir.cost import cost
from tnlang.ir.net import (
    Array,
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
from tnlang.ir.walk import bound_wires, free_wires, node_wires, value_wires, walk
from tnlang.lower.dims import dims_of

WIDTH = 103


def describe(program: Program, net: Net) -> tuple[str, ...]:
    """The lines of a docstring: the net's head, then its statements, indented, then what it costs."""
    inputs = ", ".join(declaration(decl) for decl in net.inputs)
    outputs = ", ".join(map(_output, net.outputs))
    several = len(net.outputs) > 1
    head = f"{net.name}({inputs}) -> {f'({outputs})' if several else outputs}"
    costs = _cost_lines(program, net)
    indent = "    " if costs else ""  # Where all lines are indented, none need be.
    owned = [f"{indent}{decl.kind} {declaration(decl)}{_start(decl)}" for decl in net.owned]
    lines = [*owned, *_lines(net.body, indent, {}, frozenset())]
    return (*_folded(head, "    "), "", *(row for line in lines for row in _folded(line, "    ")), *costs)


def _folded(line: str, more: str) -> list[str]:
    """A long line as several, the later ones indented more."""
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line, WIDTH, subsequent_indent=indent + more, break_long_words=False, break_on_hyphens=False
    ) or [line]


def _start(decl: Decl) -> str:
    """How a parameter starts, or what a constant is."""
    if decl.init is not None:
        numbers = ", ".join(f"{number:g}" for number in decl.init.arguments)
        return f" ~ {decl.init.name}{f'({numbers})' if numbers else ''}"
    return f" = {_array(decl.value)}" if decl.kind == "const" and decl.value is not None else ""


def _array(value: Array | int | float | complex) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_array, value))}]"
    return _number(complex(value))


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
    lines = (
        f"Cost without batch{' at ' if assumed else ''}{assumed}: {counted.flops:,} FLOPs.",
        f"Largest array: {counted.largest.entries:,} entries, {counted.largest.path}[{wires}].",
    )
    return ("", *(row for line in lines for row in _folded(line, "    ")))


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


def _lines(body: Sequence[Stmt], indent: str, inside: dict[str, str], loops: frozenset[str]) -> list[str]:
    """The statements. ``inside`` has the texts of what stands in an expression without a name of its own.

    ``loops`` are the variables of the repeats round them.
    """
    found: list[str] = []
    for statement in body:
        match statement:
            case Bind(target=target, body=total) if target.anonymous:
                inside[target.name] = _text(target, total, inside, loops).sum(total)
            case Bind(target=target, body=total):
                found.append(f"{indent}{_equated(target, '=', total, inside, loops)}")
            case StreamSet(target=target, op=op, body=total, opens=opens):
                found.append(
                    f"{indent}{'stream ' if opens else ''}{_equated(target, op, total, inside, loops)}"
                )
            case Frozen(target=target):
                names = _names(Sum(()), value_wires(target.legs), loops)
                found.append(f"{indent}{_value(target, names)} is frozen")
            case Factor(function=function, source=source, factors=factors):
                left = ", ".join(map(declaration, factors))
                found.append(f"{indent}{left} = {function}({_ref(source)})")
            case Call(name=name, net=net, arguments=arguments, results=results):
                given = ", ".join(inside.pop(ref.name, "") or _ref(ref) for ref in arguments)
                called = net.rpartition(".")[2].rpartition("/")[2]
                text = f"{called}({given}){f' as {name}' if name != called else ''}"
                if len(results) == 1 and results[0].anonymous:
                    inside[results[0].name] = text
                else:
                    left = ", ".join(result.name + _subs(result.subs) for result in results)
                    found.append(f"{indent}{left} = {text}")
            case Shared(unused=True):
                pass
            case Shared(name=name, net=net):
                found.append(f"{indent}shared {name} = {net}")
            case Repeat(loop=loop, body=inner):
                found.append(f"{indent}repeat {_loop(loop)} {{")
                found += _lines(inner, indent + "    ", inside, loops | {loop.var})
                found.append(f"{indent}}}")
    return found


def _equated(target: Value, op: str, total: Sum, inside: dict[str, str], loops: frozenset[str]) -> str:
    text = _text(target, total, inside, loops)
    left = f"{target.name}{_subs(target.subs)}" if text.whole else _value(target, text.names)
    return f"{left} {op} {text.sum(total)}"


def _text(target: Value, total: Sum, inside: dict[str, str], loops: frozenset[str]) -> _Text:
    names = _names(total, value_wires(target.legs), loops)
    return _Text(inside, _is_whole(target, total), names)


def _names(total: Sum, kept: Sequence[Wire] = (), loops: frozenset[str] = frozenset()) -> dict[str, str]:
    """Other names for wires that are called as the variable of a loop round them, which would be meant."""
    inner = [*kept, *free_wires(total), *bound_wires(total)]
    meant = {wire.text for wire in inner} & loops
    taken = loops | {wire.text for wire in inner}
    for node in walk(total):
        if isinstance(node, BigSum):
            variables = {loop.var for loop in node.loops}
            meant |= variables & {wire.text for wire in (*free_wires(node.body), *bound_wires(node.body))}
            taken |= variables
    found: dict[str, str] = {}
    for name in sorted(meant):
        found[name] = next(new for n in itertools.count(1) if (new := name + "'" * n) not in taken)
        taken |= {found[name]}
    return found


def _is_whole(target: Value, total: Sum) -> bool:
    """Whether the values of a sum all stand on the wires of the left-hand side, in order."""
    nodes = list(walk(total))
    return all(
        (isinstance(node, Tensor) and node.legs == target.legs and not node.conj)
        or (isinstance(node, Bubble | Bracket) and not getattr(node, "gates", ()))
        for node in nodes
    ) and all(not term.summed for term in total.terms)


def _value(target: Value, names: Mapping[str, str]) -> str:
    return f"{target.name}{_subs(target.subs)}{_legs(target.legs, names)}"


def _legs(legs: Sequence[Ix], names: Mapping[str, str]) -> str:
    return f"[{', '.join(_ix(leg, names) for leg in legs)}]" if legs else ""


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


def _ix(ix: Ix, names: Mapping[str, str]) -> str:
    match ix:
        case Wire():
            return names.get(ix.text, ix.text)
        case Entry(at):
            return size_text(at)
        case Slice(wire, start, stop):
            return f"{_ix(wire, names)}: {show(start)}..{show(stop)}"
        case Group(members):
            return f"({' '.join(_ix(member, names) for member in members)})"


def expression_text(total: Sum) -> str:
    """A sum as it would be written in a .tn text."""
    return _Text({}, names=_names(total)).sum(total)


@dataclass(frozen=True, slots=True)
class _Text:
    """Writes expressions. ``inside`` are those without a name; ``whole`` leaves brackets out.

    ``names`` are those of wires that are called by another name than their own.
    """

    inside: dict[str, str]
    whole: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def sum(self, total: Sum) -> str:
        """A sum as it is written."""
        text = ""
        for term in total.terms:
            written, minus = self.term(term)
            if text:
                text += f" {'-' if minus else '+'} {written}"
            else:
                text = f"-{written}" if minus else written
        return text or "0"

    def term(self, term: Term) -> tuple[str, bool]:
        """A product, and whether it is subtracted."""
        coefficient = complex(term.coefficient)
        minus = coefficient.imag == 0 and coefficient.real < 0
        size = -coefficient if minus else coefficient
        words = [] if size == 1 else [_number(size)]
        below: list[str] = []
        for node in term.nodes:
            match node:
                case Bubble(function="reciprocal", body=body, name=""):
                    below.append(f"/ {self.factor(body)}")
                case _ if below:
                    words = [*(words or ["1"]), *below, "*", self.node(node)]
                    below = []
                case _:
                    words.append(self.node(node))
        ends = Counter(wire for node in term.nodes for wire in node_wires(node))
        if alone := [wire for wire in term.summed if ends[wire] < 2]:
            words = [*(words or ["1"]), *below, "*"] if below else words
            words.append(f"ones{_legs(alone, self.names)}")
            below = []
        return " ".join([*(words or ["1"]), *below]), minus

    def factor(self, body: Sum) -> str:
        match body:
            case Sum(terms=(Term(nodes=(node,), coefficient=1),)):
                return self.node(node)
        return f"({self.sum(body)})"

    def node(self, node: Node) -> str:
        match node:
            case Tensor(ref=Ref(name=name), legs=legs, conj=conj):
                brackets = "" if self.whole else _legs(legs, self.names)
                use = (
                    f"({self.inside[name]})"
                    if brackets and name in self.inside
                    else self.inside.get(name, "")
                )
                use = (use or _ref(node.ref)) + brackets
                return f"conj({use})" if conj else use
            case Special(kind=kind, legs=legs, at=at):
                number = f"({size_text(at)})" if at is not None else ""
                return f"{kind}{number}[{', '.join(_ix(leg, self.names) for leg in legs)}]"
            case Number(value, text):
                return text or _number(complex(value))
            case SizeNumber(size):
                return show(size)
            case Bubble(function="power", body=body, options=options, name=name):
                return _named(f"{self.factor(body)}^{_number(complex(dict(options)['exponent']))}", name)
            case Bubble(function=function, body=body, gates=gates, options=options, name=name):
                along = _legs(gates, self.names)
                given = "".join(f", {key} = {_number(complex(value))}" for key, value in options)
                return _named(f"{function}{along}({self.sum(body)}{given})", name)
            case Bracket(body=body, name=name):
                return f"({self.sum(body)}{f' as {name}' if name else ''})"
            case BigSum(loops=loops, body=body):
                return f"sum {', '.join(map(_loop, loops))} {{ {self.sum(body)} }}"


def _named(text: str, name: str) -> str:
    return f"({text} as {name})" if name else text


def _number(value: complex) -> str:
    if value.imag:
        return f"{value.imag:g}j" if not value.real else f"({value.real:g} + {value.imag:g}j)"
    return str(int(value.real)) if value.real.is_integer() else repr(value.real)
