"""The rules of expressions, brackets and subscripts as syntax nodes, a method for each rule or alias.

A method gets the rule's span and its parts; punctuation and keywords are left out, except where the rule
is nothing but a keyword.
"""

from __future__ import annotations

from typing import Literal, cast

from lark import Token

from tnlang.source import Span
from tnlang.syntax import ast as t
from tnlang.syntax.build import Many, Reader, X, items, token_span

Brackets = Many[t.Index | t.GroupIndex] | None
Subs = Many[t.Sub] | None


class ExpressionRules(Reader):
    # ------------------------------------------------------------ expressions

    def named(self, span: Span, value: t.Expr, name: t.Name | None) -> t.Named:
        return t.Named(value, name, span=span)

    def alias(self, span: Span, name: Token) -> t.Name:
        return self.read_name(name)

    def sum(self, span: Span, *parts: Token | t.Expr) -> t.Sum:
        terms: list[t.SumTerm] = []
        sign: Token | None = None
        for part in parts:
            if isinstance(part, Token):
                sign = part
                continue
            place = part.span if sign is None else token_span(self.source, sign).to(part.span)
            terms.append(t.SumTerm(_sign(sign), part, span=place))
        return t.Sum(tuple(terms), span=span)

    def term(self, span: Span, first: t.Expr, *rest: Token | t.Expr) -> t.Expr:
        """Products and quotients from the left; explicit products and juxtapositions become one product."""
        factors, gaps = _factors(first)
        for operator, right in zip(rest[::2], rest[1::2], strict=True):
            assert isinstance(operator, Token) and not isinstance(right, Token)
            if operator.type == "SLASH":
                numerator = _product(factors, gaps)
                place = numerator.span.to(right.span)
                factors, gaps = [t.Quotient(numerator, right, span=place)], []
            else:
                more, more_gaps = _factors(right)
                factors, gaps = factors + more, [*gaps, True, *more_gaps]
        return _product(factors, gaps)

    def product(self, span: Span, *factors: t.Expr) -> t.Product:
        return t.Product(factors, (False,) * (len(factors) - 1), span=span)

    def power(self, span: Span, base: t.Expr, exponent: t.Number) -> t.Power:
        return t.Power(base, exponent, span=span)

    def use(self, span: Span, path: t.Path, brackets: Brackets) -> t.Use:
        return t.Use(path, bracket_of(brackets), span=span)

    def call(
        self,
        span: Span,
        path: t.Path,
        gates: Brackets,
        arguments: Many[t.Argument | t.Option],
        brackets: Brackets,
    ) -> t.Call:
        return t.Call(path, bracket_of(gates), arguments.items, bracket_of(brackets), span=span)

    def special(self, span: Span, word: Token) -> t.Path:
        return t.Path((t.PathPart(t.Name(str(word), span=span), span=span),), span=span)

    def arguments(self, span: Span, *arguments: t.Argument | t.Option | None) -> Many[t.Argument | t.Option]:
        return Many(span, present(arguments))

    def argument(self, span: Span, value: t.Named) -> t.Argument:
        return t.Argument(value, span=span)

    def option(self, span: Span, name: Token, value: t.Expr) -> t.Option:
        return t.Option(self.read_name(name), value, span=span)

    def parens(self, span: Span, inner: t.Named, caption: t.Text | None, brackets: Brackets) -> t.Parens:
        return t.Parens(inner, bracket_of(brackets), caption, span=span)

    def comprehension(self, span: Span, kind: Token, loops: t.Loops, body: t.Expr) -> t.Comprehension:
        return t.Comprehension(cast(Literal["sum", "prod"], str(kind)), loops, body, span=span)

    def number(self, span: Span, digits: Token) -> t.Number:
        return self.read_number(digits)

    def signed(self, span: Span, minus: Token | None, number: t.Number) -> t.Number:
        if minus is None:
            return number
        return t.Number(-number.value, f"-{number.text}", span=span)

    # ------------------------------------------------------------ names, brackets, subscripts

    def path(self, span: Span, *parts: t.PathPart) -> t.Path:
        return t.Path(parts, span=span)

    def part(self, span: Span, name: Token, subs: Subs) -> t.PathPart:
        place = span if subs is None else None
        return t.PathPart(self.read_name(name, place), items(subs), span=span)

    def word(self, span: Span, name: Token) -> t.Name:
        return self.read_name(name)

    def bracket(self, span: Span, *places: t.Index | t.GroupIndex) -> Many[t.Index | t.GroupIndex]:
        return Many(span, places)

    def index(self, span: Span, at: t.Arith, of: t.Arith | t.Range | None) -> t.Index:
        return t.Index(_wire(at), of, span=span)

    def of(self, span: Span, of: t.Arith | t.Range) -> t.Arith | t.Range:
        return of

    def group(
        self, span: Span, members: Many[t.Arith | t.IndexPath], of: t.Arith | t.Range | None
    ) -> t.GroupIndex:
        return t.GroupIndex(members.items, of, span=span)

    def members(self, span: Span, *members: t.Arith) -> Many[t.Arith | t.IndexPath]:
        return Many(span, tuple(map(_wire, members)))

    def subs(self, span: Span, *subs: t.Sub) -> Many[t.Sub]:
        return Many(span, subs)

    def named_range(self, span: Span, name: Token, over: t.Range) -> t.NamedRange:
        return t.NamedRange(self.read_name(name), over, span=span)

    def range(self, span: Span, start: t.Arith, stop: t.Arith) -> t.Range:
        return t.Range(start, stop, span=span)

    def loops(self, span: Span, *ranges: t.NamedRange) -> t.Loops:
        return t.Loops(ranges, span=span)

    def modulo(self, span: Span, left: t.Arith, right: t.Arith) -> t.ArithOp:
        return t.ArithOp("mod", left, right, span=span)

    def arith_op(self, span: Span, left: t.Arith, op: Token, right: t.Arith) -> t.ArithOp:
        return t.ArithOp(cast(Literal["+", "-", "*", "/"], str(op)), left, right, span=span)

    def arith_power(self, span: Span, left: t.Arith, right: t.Arith) -> t.ArithOp:
        return t.ArithOp("^", left, right, span=span)

    def arith_negative(self, span: Span, minus: Token, operand: t.Arith) -> t.ArithNeg:
        return t.ArithNeg(operand, span=span)

    def arith_parens(self, span: Span, inner: t.Arith) -> t.Arith:
        return inner

    def arith_name(self, span: Span, path: t.Path) -> t.ArithName:
        return t.ArithName(path, span=span)

    def int(self, span: Span, digits: Token) -> t.Int:
        return t.Int(self.read_integer(digits), span=span)


def bracket_of(brackets: Brackets) -> t.Bracket | None:
    return None if brackets is None else brackets.items


def present(found: tuple[X | None, ...]) -> tuple[X, ...]:
    return tuple(x for x in found if x is not None)


def _sign(token: Token | None) -> Literal["+", "-"]:
    return "-" if token is not None and token.type == "MINUS" else "+"


def _factors(node: t.Expr) -> tuple[list[t.Expr], list[bool]]:
    return (list(node.factors), list(node.explicit)) if isinstance(node, t.Product) else ([node], [])


def _product(factors: list[t.Expr], gaps: list[bool]) -> t.Expr:
    if len(factors) == 1:
        return factors[0]
    return t.Product(tuple(factors), tuple(gaps), span=factors[0].span.to(factors[-1].span))


def _wire(at: t.Arith) -> t.Arith | t.IndexPath:
    return t.IndexPath(at.path, span=at.span) if isinstance(at, t.ArithName) else at
