"""The rules of statements, figures and files as syntax nodes: one method per rule or alias of the grammar."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

from lark import Token

from tnlang.source import Span
from tnlang.syntax import ast as t
from tnlang.syntax.build import Many, items
from tnlang.syntax.expression_rules import Brackets, ExpressionRules, Subs, bracket_of, present

TransformArgument = t.TransformValue | t.TransformArrow | t.TransformOption


class Rules(ExpressionRules):
    def start(self, span: Span, *found: t.Item | None) -> Many[t.Item]:
        return Many(span, present(found))

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
            self.read_name(name), items(subs), bracket_of(legs), properties.items, init, value, span=span
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
        return t.FnDecl(self.read_name(name), bracket_of(gates), target, twin, label, span=span)

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
        return Many(span, present(inputs))

    def input(
        self, span: Span, name: Token, subs: Subs, legs: Brackets, properties: Many[t.Property]
    ) -> t.NetInput:
        return t.NetInput(self.read_name(name), items(subs), bracket_of(legs), properties.items, span=span)

    def outputs(self, span: Span, *outputs: t.Lhs) -> Many[t.Lhs]:
        return Many(span, outputs)

    def block(self, span: Span, *statements: t.Statement | None) -> Many[t.Statement]:
        return Many(span, present(statements))

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
        return t.Lhs(self.read_name(name), items(subs), bracket_of(brackets), span=span)

    # ------------------------------------------------------------ transforms

    def net_definition(self, span: Span, name: Token, value: t.TransformValue) -> t.NetDefinition:
        return t.NetDefinition(self.read_name(name), value, span=span)

    def transform(
        self, span: Span, path: t.Path, entries: Brackets, arguments: Many[TransformArgument] | None
    ) -> t.TransformValue:
        given = None if arguments is None else arguments.items
        return t.TransformValue(path, given, bracket_of(entries), span=span)

    def transform_arguments(
        self, span: Span, *arguments: TransformArgument | None
    ) -> Many[TransformArgument]:
        return Many(span, present(arguments))

    def transform_captioned(self, span: Span, value: t.TransformValue, caption: t.Text) -> t.TransformValue:
        return replace(value, caption=caption, span=span)

    def transform_arrow(self, span: Span, *values: t.TransformValue) -> t.TransformArrow:
        return t.TransformArrow(values, span=span)

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
        return t.FigureDecl(self.read_name(name), caption, present(shown), span=span)

    def draw(self, span: Span, value: t.Expr, caption: t.Text | None) -> t.Draw:
        return t.Draw(value, caption, span=span)

    def equation(self, span: Span, row: Many[t.Expr | t.Text | t.Name], caption: t.Text | None) -> t.Equation:
        sides = tuple(x for x in row.items if not isinstance(x, t.Name))
        relations = tuple(cast(Literal["=", "!=", "≈"], x.text) for x in row.items if isinstance(x, t.Name))
        return t.Equation(sides, relations, caption, span=span)

    def row(self, span: Span, *parts: t.Expr | t.Text | t.Name) -> Many[t.Expr | t.Text | t.Name]:
        return Many(span, parts)

    def steps(self, span: Span, value: t.TransformValue, caption: t.Text | None) -> t.Steps:
        return t.Steps(value, caption, span=span)

    def cut(self, span: Span, *places: t.Use) -> t.Cut:
        return t.Cut(places, span=span)

    def outline(self, span: Span, *paths: t.Path) -> t.Outline:
        return t.Outline(paths, span=span)

    def openness(self, span: Span, kind: t.Name, *paths: t.Path) -> t.Openness:
        return t.Openness(cast(Literal["unfold", "fold", "hide", "ends"], kind.text), paths, span=span)

    def flow(self, span: Span, direction: Token) -> t.Flow:
        return t.Flow(self.read_name(direction), span=span)

    def shown_theme(self, span: Span, name: Token) -> t.ShownTheme:
        return t.ShownTheme(self.read_name(name), span=span)

    def shown_width(self, span: Span, number: t.Number, unit: t.Name) -> t.ShownWidth:
        return t.ShownWidth(number, unit, span=span)

    def placed(self, span: Span, path: t.Path, number: Token | None) -> t.Placed:
        return t.Placed(path, 0 if number is None else self.read_nth(number), span=span)

    def point(self, span: Span, x: t.Number, y: t.Number) -> t.Point:
        return t.Point(x, y, span=span)

    def place_at(self, span: Span, placed: t.Placed, at: t.Point) -> t.PlaceAt:
        return t.PlaceAt(placed, at, span=span)

    def place_beside(self, span: Span, placed: t.Placed, relation: t.Name, other: t.Placed) -> t.PlaceBeside:
        word = cast(Literal["left of", "right of", "above", "below"], relation.text)
        return t.PlaceBeside(placed, word, other, span=span)

    def align(self, span: Span, axis: t.Name, *placed: t.Placed) -> t.Align:
        return t.Align(cast(Literal["row", "column"], axis.text), placed, span=span)

    def leg_side(self, span: Span, leg: t.Name, placed: t.Placed, side: Token) -> t.LegSide:
        return t.LegSide(leg, placed, self.read_name(side), span=span)

    def bend(self, span: Span, placed: t.Placed, *points: t.Point) -> t.Bend:
        return t.Bend(placed, points, span=span)

    def label_side(self, span: Span, placed: t.Placed, side: Token) -> t.LabelSide:
        return t.LabelSide(placed, self.read_name(side), span=span)

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
        return t.ThemeDecl(self.read_name(name), present(styles), span=span)

    # ------------------------------------------------------------ weights and files

    def weights(
        self,
        span: Span,
        name: Token,
        net: t.Path,
        *entries: t.WeightMap | t.WeightIgnore | t.WeightPrefix | None,
    ) -> t.WeightsDecl:
        return t.WeightsDecl(self.read_name(name), net, present(entries), span=span)

    def weight_map(
        self, span: Span, target: t.Path, wires: Brackets, key: t.Text, key_wires: Brackets
    ) -> t.WeightMap:
        return t.WeightMap(target, bracket_of(wires), key, bracket_of(key_wires), span=span)

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

    assignment = relation = openness_kind = beside = axis = declaration_kind
