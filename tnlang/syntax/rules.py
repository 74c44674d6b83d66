"""The meaning of the grammar's rules as syntax nodes: one method for each rule or alias of grammar/tn.lark.

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
TransformArgument = t.TransformValue | t.TransformArrow | t.TransformOption


def _bracket(brackets: Brackets) -> t.Bracket | None:
    return None if brackets is None else brackets.items


class Rules(Reader):
    def start(self, span: Span, *found: t.Item | None) -> Many[t.Item]:
        return Many(span, _present(found))

    # ------------------------------------------------------------ declarations

    def dim_statement(self, span: Span, *dims: t.DimDecl) -> t.DimStatement:
        return t.DimStatement(dims, span=span)

    def dim(
        self, span: Span, name: Token, subs: Subs, size: t.Arith | None, label: t.Text | None
    ) -> t.DimDecl:
        return t.DimDecl(self.read_name(name), items(subs), size, label, span=span)

    def size(self, span: Span, size: t.Arith) -> t.Arith:
        return size

    def label(self, span: Span, text: t.Text) -> t.Text:
        return text

    def declaration(self, span: Span, kind: t.Name, *declared: t.DeclItem) -> t.Declaration:
        word = cast(Literal["tensor", "input", "param", "const"], kind.text)
        return t.Declaration(word, declared, span=span)

    def declared(
        self,
        span: Span,
        name: Token,
        subs: Subs,
        legs: Brackets,
        properties: Many[t.Property],
        init: t.Init | None,
        value: t.Array | t.Expr | None,
    ) -> t.DeclItem:
        return t.DeclItem(
            self.read_name(name), items(subs), _bracket(legs), properties.items, init, value, span=span
        )

    def properties(self, span: Span, *properties: t.Property) -> Many[t.Property]:
        return Many(span, properties)

    def property(self, span: Span, name: Token, legs: Many[t.Name] | None, text: t.Text | None) -> t.Property:
        return t.Property(self.read_name(name), items(legs), text, span=span)

    def property_legs(self, span: Span, *legs: t.Name) -> Many[t.Name]:
        return Many(span, legs)

    def init(self, span: Span, name: Token, numbers: Many[t.Number] | None) -> t.Init:
        return t.Init(self.read_name(name), items(numbers), span=span)

    def init_numbers(self, span: Span, *numbers: t.Number) -> Many[t.Number]:
        return Many(span, numbers)

    def value(self, span: Span, value: t.Array | t.Expr) -> t.Array | t.Expr:
        return value

    def array(self, span: Span, *entries: t.Array | t.Expr) -> t.Array:
        return t.Array(entries, span=span)

    def fn(
        self,
        span: Span,
        name: Token,
        gates: Brackets,
        target: t.Text,
        twin: t.Text | None,
        label: t.Text | None,
    ) -> t.FnDecl:
        return t.FnDecl(self.read_name(name), _bracket(gates), target, twin, label, span=span)

    def twin(self, span: Span, target: t.Text) -> t.Text:
        return target

    # ------------------------------------------------------------ nets and statements

    def net(
        self,
        span: Span,
        name: Token,
        inputs: Many[t.NetInput],
        outputs: Many[t.Lhs],
        body: Many[t.Statement],
    ) -> t.NetDecl:
        return t.NetDecl(self.read_name(name), inputs.items, outputs.items, body.items, span=span)

    def inputs(self, span: Span, *inputs: t.NetInput | None) -> Many[t.NetInput]:
        return Many(span, _present(inputs))

    def input(
        self, span: Span, name: Token, subs: Subs, legs: Brackets, properties: Many[t.Property]
    ) -> t.NetInput:
        return t.NetInput(self.read_name(name), items(subs), _bracket(legs), properties.items, span=span)

    def outputs(self, span: Span, *outputs: t.Lhs) -> Many[t.Lhs]:
        return Many(span, outputs)

    def block(self, span: Span, *statements: t.Statement | None) -> Many[t.Statement]:
        return Many(span, _present(statements))

    def shared(self, span: Span, name: Token, net: t.Path) -> t.SharedStatement:
        return t.SharedStatement(self.read_name(name), net, span=span)

    def stream(self, span: Span, target: t.Lhs, value: t.Named) -> t.StreamStatement:
        return t.StreamStatement(target, value, span=span)

    def repeat(self, span: Span, loops: t.Loops, body: Many[t.Statement]) -> t.RepeatStatement:
        return t.RepeatStatement(loops, body.items, span=span)

    def binding(self, span: Span, targets: Many[t.Lhs], op: t.Name, value: t.Named) -> t.Binding:
        return t.Binding(targets.items, cast(Literal["=", "+=", "-="], op.text), value, span=span)

    def targets(self, span: Span, *targets: t.Lhs) -> Many[t.Lhs]:
        return Many(span, targets)

    def lhs(self, span: Span, name: Token, subs: Subs, brackets: Brackets) -> t.Lhs:
        return t.Lhs(self.read_name(name), items(subs), _bracket(brackets), span=span)

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
        return t.Use(path, _bracket(brackets), span=span)

    def call(
        self,
        span: Span,
        path: t.Path,
        gates: Brackets,
        arguments: Many[t.Argument | t.Option],
        brackets: Brackets,
    ) -> t.Call:
        return t.Call(path, _bracket(gates), arguments.items, _bracket(brackets), span=span)

    def special(self, span: Span, word: Token) -> t.Path:
        return t.Path((t.PathPart(t.Name(str(word), span=span), span=span),), span=span)

    def arguments(self, span: Span, *arguments: t.Argument | t.Option | None) -> Many[t.Argument | t.Option]:
        return Many(span, _present(arguments))

    def argument(self, span: Span, value: t.Named) -> t.Argument:
        return t.Argument(value, span=span)

    def option(self, span: Span, name: Token, value: t.Expr) -> t.Option:
        return t.Option(self.read_name(name), value, span=span)

    def parens(self, span: Span, inner: t.Named, brackets: Brackets) -> t.Parens:
        return t.Parens(inner, _bracket(brackets), span=span)

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

    # ------------------------------------------------------------ transforms

    def net_definition(self, span: Span, name: Token, value: t.TransformValue) -> t.NetDefinition:
        return t.NetDefinition(self.read_name(name), value, span=span)

    def transform(
        self, span: Span, path: t.Path, arguments: Many[TransformArgument] | None
    ) -> t.TransformValue:
        return t.TransformValue(path, None if arguments is None else arguments.items, span=span)

    def transform_arguments(
        self, span: Span, *arguments: TransformArgument | None
    ) -> Many[TransformArgument]:
        return Many(span, _present(arguments))

    def transform_arrow(
        self, span: Span, source: t.TransformValue, target: t.TransformValue
    ) -> t.TransformArrow:
        return t.TransformArrow(source, target, span=span)

    def transform_option(
        self, span: Span, name: Token, value: t.Number | t.Text | t.TransformTuple | t.TransformValue
    ) -> t.TransformOption:
        return t.TransformOption(self.read_name(name), "=", value, span=span)

    def transform_bound(self, span: Span, name: Token, bound: t.Number) -> t.TransformOption:
        return t.TransformOption(self.read_name(name), "<=", bound, span=span)

    def transform_tuple(self, span: Span, *entries: t.Int | t.TransformValue) -> t.TransformTuple:
        return t.TransformTuple(entries, span=span)

    def text(self, span: Span, text: Token) -> t.Text:
        return self.read_text(text)

    # ------------------------------------------------------------ figures and styles

    def figure(
        self, span: Span, name: Token, caption: t.Text | None, *shown: t.FigureItem | None
    ) -> t.FigureDecl:
        return t.FigureDecl(self.read_name(name), caption, _present(shown), span=span)

    def draw(self, span: Span, value: t.Expr, caption: t.Text | None) -> t.Draw:
        return t.Draw(value, caption, span=span)

    def equation(self, span: Span, row: Many[t.Expr | t.Text | t.Name], caption: t.Text | None) -> t.Equation:
        sides = tuple(x for x in row.items if not isinstance(x, t.Name))
        relations = tuple(cast(Literal["=", "!=", "≈"], x.text) for x in row.items if isinstance(x, t.Name))
        return t.Equation(sides, relations, caption, span=span)

    def row(self, span: Span, *parts: t.Expr | t.Text | t.Name) -> Many[t.Expr | t.Text | t.Name]:
        return Many(span, parts)

    def steps(self, span: Span, value: t.TransformValue) -> t.Steps:
        return t.Steps(value, span=span)

    def openness(self, span: Span, kind: t.Name, *paths: t.Path) -> t.Openness:
        return t.Openness(cast(Literal["unfold", "fold", "hide"], kind.text), paths, span=span)

    def flow(self, span: Span, direction: Token) -> t.Flow:
        return t.Flow(self.read_name(direction), span=span)

    def place_at(self, span: Span, path: t.Path, x: t.Number, y: t.Number) -> t.PlaceAt:
        return t.PlaceAt(path, x, y, span=span)

    def place_beside(self, span: Span, path: t.Path, relation: t.Name, other: t.Path) -> t.PlaceBeside:
        word = cast(Literal["left of", "right of", "above", "below"], relation.text)
        return t.PlaceBeside(path, word, other, span=span)

    def place_label(self, span: Span, path: t.Path, label: t.Text) -> t.PlaceLabel:
        return t.PlaceLabel(path, label, span=span)

    def style(self, span: Span, *parts: t.Selector | t.StyleRule | None) -> t.StyleDecl:
        selectors = tuple(p for p in parts if isinstance(p, t.Selector))
        return t.StyleDecl(selectors, tuple(p for p in parts if isinstance(p, t.StyleRule)), span=span)

    def selector(self, span: Span, kind: t.Name | None, path: t.Path) -> t.Selector:
        return t.Selector("" if kind is None else kind.text, path, span=span)

    def style_rule(self, span: Span, name: Token, *values: t.Name | t.Number | t.Text) -> t.StyleRule:
        return t.StyleRule(self.read_name(name), values, span=span)

    def theme(self, span: Span, name: Token, *styles: t.StyleDecl | None) -> t.ThemeDecl:
        return t.ThemeDecl(self.read_name(name), _present(styles), span=span)

    # ------------------------------------------------------------ weights and files

    def weights(
        self,
        span: Span,
        name: Token,
        net: t.Path,
        *entries: t.WeightMap | t.WeightIgnore | t.WeightPrefix | None,
    ) -> t.WeightsDecl:
        return t.WeightsDecl(self.read_name(name), net, _present(entries), span=span)

    def weight_map(
        self, span: Span, target: t.Path, wires: Brackets, key: t.Text, key_wires: Brackets
    ) -> t.WeightMap:
        return t.WeightMap(target, _bracket(wires), key, _bracket(key_wires), span=span)

    def weight_ignore(self, span: Span, pattern: t.Text) -> t.WeightIgnore:
        return t.WeightIgnore(pattern, span=span)

    def weight_prefix(self, span: Span, text: t.Text) -> t.WeightPrefix:
        return t.WeightPrefix(text, span=span)

    def import_file(self, span: Span, file: t.Text, alias: t.Name | None) -> t.Import:
        return t.Import(file, alias, span=span)

    def from_import(self, span: Span, file: t.Text, *names: Token) -> t.FromImport:
        return t.FromImport(file, tuple(map(self.read_name, names)), span=span)

    # ------------------------------------------------------------ rules that are nothing but keywords

    def declaration_kind(self, span: Span, *words: Token) -> t.Name:
        return t.Name(" ".join(words), span=span)

    assignment = relation = openness_kind = beside = declaration_kind


def _present(found: tuple[X | None, ...]) -> tuple[X, ...]:
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
