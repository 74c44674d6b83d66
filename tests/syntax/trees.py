"""Syntax trees for tests: every node of one, its text in the source, and it as an outline or a short form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from tnlang.source import Diagnostic, Diagnostics, Source, Span
from tnlang.syntax import ast as t
from tnlang.syntax import parse, parse_collecting


def tree(text: str) -> t.File:
    return parse(Source("test.tn", text))


def items(text: str) -> tuple[t.Item, ...]:
    return tree(text).items


def item(text: str) -> t.Item:
    (only,) = items(text)
    return only


def expr(text: str) -> t.Expr:
    binding = item(f"y = {text}")
    assert isinstance(binding, t.Binding)
    return binding.value.value


def mistakes(text: str) -> list[Diagnostic]:
    found = Diagnostics()
    assert (parse_collecting(Source("test.tn", text), found) is None) == bool(found.errors)
    return list(found)


def codes(text: str) -> list[str]:
    return [mistake.code for mistake in mistakes(text)]


def children(node: t.Syntax) -> Iterator[t.Syntax]:
    for field in fields(node):
        value = getattr(node, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, t.Syntax):
                yield part


def walk(node: t.Syntax) -> Iterator[t.Syntax]:
    yield node
    for child in children(node):
        yield from walk(child)


def text_of(span: Span) -> str:
    """What stands at a span."""
    lines = span.source.text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def outline(node: t.Syntax) -> str:
    """A node a line, with its place and its plain values."""
    return "\n".join(_outline(node, "", 0)) + "\n"


def _outline(node: t.Syntax, role: str, depth: int) -> Iterator[str]:
    plain, nested = [], []
    for field in fields(node):
        value = getattr(node, field.name)
        if field.name == "span" or isinstance(value, Source):
            continue
        parts = value if isinstance(value, tuple) else (value,)
        if any(isinstance(part, t.Syntax) for part in parts):
            nested += [(field.name, part) for part in parts]
        elif value not in ((), None):
            plain.append(f"{field.name}={value!r}")
    span = node.span
    place = f"{span.line}:{span.column}-{span.end_line}:{span.end_column}"
    yield "  " * depth + " ".join([f"{role}:" if role else "", type(node).__name__, *plain, place]).strip()
    for name, part in nested:
        yield from _outline(part, name, depth + 1)


def short(node: object) -> str:
    """An expression, index or size with all its grouping in brackets: ``((a b) / c)``."""
    match node:
        case None:
            return ""
        case t.Number(text=text):
            return text
        case t.Int(value=value):
            return str(value)
        case t.Name(text=text):
            return text
        case t.Text(value=value):
            return repr(value)
        case t.Path(parts=parts):
            return ".".join(map(short, parts))
        case t.PathPart(name=name, subs=subs):
            return name.text + ("{" + ", ".join(map(short, subs)) + "}" if subs else "")
        case t.IndexPath(path=path):
            return short(path)
        case t.ArithName(path=path):
            return f"${short(path)}"
        case t.ArithOp(op=op, left=left, right=right):
            return f"({short(left)} {op} {short(right)})"
        case t.ArithNeg(operand=operand):
            return f"(- {short(operand)})"
        case t.Range(start=start, stop=stop):
            return f"{short(start)}..{short(stop)}"
        case t.NamedRange(var=var, range=over):
            return f"{var.text}: {short(over)}"
        case t.Index(at=at, of=of):
            return short(at) + (f": {short(of)}" if of else "")
        case t.GroupIndex(members=members, of=of):
            return "(" + " ".join(map(short, members)) + ")" + (f": {short(of)}" if of else "")
        case tuple():
            return "[" + ", ".join(map(short, node)) + "]"
        case t.Use(path=path, bracket=bracket):
            return short(path) + short(bracket)
        case t.Call(path=path, gates=gates, arguments=arguments, bracket=bracket):
            return f"{short(path)}{short(gates)}<{', '.join(map(short, arguments))}>{short(bracket)}"
        case t.Argument(value=value):
            return short(value)
        case t.Option(name=name, value=value):
            return f"{name.text}={short(value)}"
        case t.Named(value=value, name=name):
            return short(value) + (f" as {name.text}" if name else "")
        case t.Parens(inner=inner, bracket=bracket):
            return f"|{short(inner)}|{short(bracket)}"
        case t.Comprehension(kind=kind, loops=loops, body=body):
            return f"{kind}[{', '.join(map(short, loops.ranges))}]({short(body)})"
        case t.Power(base=base, exponent=exponent):
            return f"({short(base)} ^ {short(exponent)})"
        case t.Product(factors=factors, explicit=explicit):
            gaps = ["", *(" * " if star else " " for star in explicit)]
            return "(" + "".join(g + short(f) for g, f in zip(gaps, factors, strict=True)) + ")"
        case t.Quotient(numerator=numerator, denominator=denominator):
            return f"({short(numerator)} / {short(denominator)})"
        case t.Sum(terms=terms):
            return "(" + " ".join(term.sign + short(term.value) for term in terms) + ")"
        case t.Array(items=entries):
            return "[" + ", ".join(map(short, entries)) + "]"
    raise TypeError(type(node))
