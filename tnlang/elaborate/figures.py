"""Figures: what they draw, equations, what is unfolded, hints of place."""

from __future__ import annotations

from dataclasses import replace

from tnlang.elaborate import transformed
from tnlang.elaborate.arithmetic import find_module, is_broken, one_sub, path_text
from tnlang.elaborate.bindings import Woven, weave_bare, weave_open
from tnlang.elaborate.declarations import member_text
from tnlang.elaborate.drafts import DraftSum, wholes
from tnlang.elaborate.expressions import draft
from tnlang.elaborate.headers import header_of
from tnlang.elaborate.hints import UNNAMED, hint_of, report_contradictions
from tnlang.elaborate.looks import theme_named, width_of
from tnlang.elaborate.lookup import find_known, find_net
from tnlang.elaborate.marks import caption_of, captioned, marked, taken_captions
from tnlang.elaborate.mentioned import defined, drawable_names, shown_nets, value_names
from tnlang.elaborate.nets import needed_names
from tnlang.elaborate.orders import are_values, order_of, ordered
from tnlang.elaborate.rule2 import open_tips
from tnlang.elaborate.scope import Body, Known, Module, Scope, World, near
from tnlang.elaborate.targets import Expected
from tnlang.ir.net import (
    Bind,
    Call,
    Net,
    Origin,
    Output,
    Repeat,
    Shared,
    Stmt,
    Value,
)
from tnlang.ir.program import (
    Draw,
    Equation,
    Expression,
    Figure,
    Hint,
    NetTarget,
    Openness,
    Relabel,
    Rewriting,
    Steps,
    ValueTarget,
)
from tnlang.ir.walk import refs, statements
from tnlang.source import Related, Span
from tnlang.syntax import ast
from tnlang.transforms.renew import renew

FLOWS = ("down", "right", "up", "left")


def figures_of(module: Module, world: World) -> tuple[Figure, ...]:
    """The figures of a file. Reports what they draw that is not there."""
    assert module.syntax is not None
    found: list[Figure] = []
    for item in module.syntax.items:
        if not isinstance(item, ast.FigureDecl):
            continue
        before = next((f for f in found if f.name == item.name.text), None)
        if before is not None:
            world.diagnostics.error(
                "TN203",
                f"figure {item.name.text} is declared twice",
                item.name.span,
                Related(before.origin.span, "first declared here"),
            )
        found.append(_Figure(item, module, world).made())
    return tuple(found)


class _Figure:
    """One figure in the making."""

    def __init__(self, syntax: ast.FigureDecl, module: Module, world: World) -> None:
        self.syntax, self.module, self.world = syntax, module, world
        self.number = self.rows = 0
        self.items: list[Draw | Equation | Rewriting | Steps] = []

    def made(self) -> Figure:
        flow = theme = ""
        width = 0.0
        openness: list[Openness] = []
        labels: list[Relabel] = []
        hints: list[Hint] = []
        marks: list[tuple[int, ast.Cut | ast.Outline]] = []
        for item in self.syntax.items:
            self.world.written = self.world.factors = 0
            match item:
                case ast.Draw():
                    self.draw(item)
                case ast.Equation():
                    self.equation(item)
                case ast.Steps():
                    self.steps(item)
                case ast.Cut() | ast.Outline():
                    marks.append((len(self.items), item))
                case ast.Flow(direction=direction):
                    flow = self.flow(direction)
                case ast.ShownTheme(name=name):
                    theme = theme_named(name, self.module, self.world)
                case ast.ShownWidth():
                    width = width_of(item, self.world)
                case _:
                    pass
        names = drawable_names(self.module, self.world, self.items)
        self.items = marked(self.items, marks, names, lambda path: self.path(path, names), self.scope())
        for item in self.syntax.items:
            match item:
                case ast.Openness(kind="ends", paths=paths):
                    openness.append(Openness("ends", self.ends(paths), origin=Origin(item.span)))
                case ast.Openness(kind=kind, paths=paths):
                    texts = [self.path(p, names) for p in paths]
                    openness.append(Openness(kind, tuple(t for t in texts if t), origin=Origin(item.span)))
                case ast.PlaceLabel(path=path, label=label):
                    text = self.path(path, names)
                    labels.extend([Relabel(text, label.value, origin=Origin(item.span))] if text else [])
                case _ if isinstance(item, ast.Hint):
                    hint = hint_of(item, lambda path: self.path(path, names | UNNAMED), self.world)
                    hints.extend([hint] if hint is not None else [])
                case _:
                    pass
        report_contradictions(self.syntax.items, hints, self.world)
        if not self.syntax.items:
            self.world.diagnostics.error(
                "TN811",
                f"figure {self.syntax.name.text} draws nothing",
                self.syntax.name.span,
                hint="`draw` a net",
            )
        return Figure(
            self.syntax.name.text,
            caption_of(self.syntax),
            tuple(self.items),
            flow,  # type: ignore[arg-type]
            tuple(openness),
            tuple(labels),
            tuple(hints),
            theme,
            width,
            origin=Origin(self.syntax.name.span),
        )

    # ------------------------------------------------------------ what is drawn

    def draw(self, item: ast.Draw) -> None:
        target: NetTarget | ValueTarget | Expression | None
        scope = self.scope()
        value = item.value
        if isinstance(value, ast.Use) and value.bracket is None and self._names_net(value.path, scope):
            target = self.net_target(value.path, scope)
        else:
            found = self.expressions((value,), scope)
            target = found[0] if found else None
        if target is not None:
            self.items.append(Draw(target, caption_of(item), origin=Origin(item.span)))

    def _names_net(self, path: ast.Path, scope: Scope) -> bool:
        return find_net(path, scope) is not None or (len(path.parts) > 1 and find_known(path, scope) is None)

    def net_target(self, path: ast.Path, scope: Scope) -> NetTarget | ValueTarget | None:
        """A net, or a value of one: the longest part of the path that names a net."""
        for length in range(len(path.parts), 0, -1):
            front = ast.Path(path.parts[:length], span=path.span)
            entry = find_net(front, scope)
            if entry is None:
                continue
            header_of(entry, self.world, path.span)
            rest = path.parts[length:]
            if entry.net is None:
                return None
            if not rest:
                return NetTarget(entry.name)
            value = self.value_path(rest, scope)
            if value is None:
                return None
            values = value_names(entry.net)
            if rest[0].name.text not in values:
                self.world.diagnostics.error(
                    "TN800",
                    f"the net {path_text(front)} has no value {path_text(ast.Path(rest))}",
                    path.span,
                    Related(entry.span, "the net"),
                    hint=near(rest[0].name.text, values),
                )
                return None
            return ValueTarget(entry.name, value)
        if not is_broken(path, scope):
            found = find_module(self.module, ast.Path(path.parts[:1]))
            names = [*self.module.nets, *self.module.modules] if found is not None else []
            self.world.diagnostics.error(
                "TN800",
                f"there is no net {path_text(path)} to draw",
                path.span,
                hint=near(path_text(path), names),
            )
        return None

    def value_path(self, parts: tuple[ast.PathPart, ...], scope: Scope) -> str | None:
        texts: list[str] = []
        for part in parts:
            subs = one_sub(part.subs, scope, part.name.text) if part.subs else ()
            if subs is None:
                return None
            texts.append(member_text(part.name.text, subs))
        return ".".join(texts)

    def scope(self) -> Scope:
        """A body of its own that knows what the file binds."""
        main = self.module.main
        assert main is not None
        body = Body(f"the figure {self.syntax.name.text}", is_main=True)
        body.values.update(main.values)
        for name, span in self.module.bound.items():
            body.values.setdefault(name, Known(name, "value", span, None))
        body.shared.update(main.shared)
        return Scope(self.world, self.module, body)

    def expressions(self, sides: tuple[ast.Expr, ...], scope: Scope) -> list[Expression] | None:
        """Sides of an equation, or one expression to draw. None after a mistake."""
        drafts: list[DraftSum] = []
        blocks: list[tuple[Stmt, ...]] = []
        captions: dict[Span, str] = {}
        for side in sides:
            inner = self.scope()
            bare, found = taken_captions(side)
            captions |= found
            made = draft(bare, inner)
            if made is not None:
                drafts.append(made)
                blocks.append(tuple(inner.body.block))
        if len(drafts) != len(sides):
            return None
        woven = self.woven(tuple(drafts), scope)
        if woven is None or any(w is None for w in woven):
            return None
        return [
            self.expression(replace(w, body=captioned(w.body, captions)), block, side.span)
            for w, block, side in zip(woven, blocks, sides, strict=True)
            if w is not None
        ]

    def woven(self, drafts: tuple[DraftSum, ...], scope: Scope) -> list[Woven | None] | None:
        if not any(value.legs != () for one in drafts for value in wholes(one)):
            return weave_open(drafts, scope)
        wired = [tip for one in drafts for tip in open_tips(one, ()).values()]
        if wired and len(drafts) > 1:
            self.world.diagnostics.error(
                "TN307",
                f"one side of this equation is a whole value, another has the open wire {wired[0].text}",
                wired[0].span,
                hint="give wires on every side, or on none",
            )
            return None
        first = weave_bare(drafts[0], scope, None)
        if first is None:
            return None
        expected = Expected("the first side", first.names, drafts[0].span)
        return [first, *(weave_bare(one, scope, expected) for one in drafts[1:])]

    def expression(self, woven: Woven, block: tuple[Stmt, ...], span: Span) -> Expression:
        self.number += 1
        title = f"figure {self.syntax.name.text} {self.number}"
        main = self.module.main
        assert main is not None
        taken = {*main.values, *self.module.values}
        name = "result"
        while name in taken:
            name += "_"
        origin = Origin(span)
        result = Bind(
            Value(name, woven.legs, (), tuple(leg.name for leg in woven.names)), woven.body, origin=origin
        )
        body = (*renew(_needed(tuple(main.block), (*block, result))), *block, result)
        net = Net(title, (), (Output(name, woven.names),), (), body, origin=origin)
        needed = needed_names(net, {n.name: n for n in self.world.nets})
        inputs = tuple(d for d in self.world.declarations if d.kind == "tensor" and d.name in needed)
        return Expression(Net(title, inputs, net.outputs, (), body, origin=origin), result, origin=origin)

    def equation(self, item: ast.Equation) -> None:
        scope = self.scope()
        made = self.expressions(tuple(s for s in item.sides if not isinstance(s, ast.Text)), scope)
        if made is None:
            return
        rest = iter(made)
        sides = tuple(side.value if isinstance(side, ast.Text) else next(rest) for side in item.sides)
        self.items.append(Equation(sides, item.relations, caption_of(item), origin=Origin(item.span)))

    def steps(self, item: ast.Steps) -> None:
        self.rows += 1
        name = f"{self.syntax.name.text}/steps" + (f"_{self.rows}" if self.rows > 1 else "")
        value, order = ordered(item.value)
        if value.arguments is not None and order is None:
            self.rewriting(item, name)
            return
        made = transformed.net_of(value, name, self.scope())
        if made is None:
            return
        used = {ref.name for statement in statements(made.body) for ref in refs(statement)}
        names = {name.rsplit(".", 1)[-1] for name in value_names(made) | used}
        if order is None or are_values(order, names, self.scope()):
            self.items.append(Steps(made.name, order_of(order), caption_of(item), origin=Origin(item.span)))

    def rewriting(self, item: ast.Steps, name: str) -> None:
        """Nested transforms as a row: what they begin with, and what each of them makes."""
        stages = transformed.stages_of(replace(item.value, caption=item.caption), name, self.scope())
        if stages is None:
            return
        nets = tuple(stage.net.name for stage in stages)
        captions = tuple(" ".join(stage.caption.split()) for stage in stages)
        relations = tuple(stage.relation for stage in stages[1:])
        self.items.append(Rewriting(nets, relations, captions, origin=Origin(item.span)))

    def flow(self, direction: ast.Name) -> str:
        if direction.text in FLOWS:
            return direction.text
        self.world.diagnostics.error(
            "TN802",
            f"{direction.text} is no direction",
            direction.span,
            hint=near(direction.text, FLOWS) or "a figure flows down, right, up or left",
        )
        return ""

    def ends(self, paths: tuple[ast.Path, ...]) -> tuple[str, ...]:
        """The variables of repeats that are drawn as first turn, dots, last turn. Reports others."""
        found: list[str] = []
        bodies = [net.body for net in shown_nets(self.world, self.items)]
        loops = [s.loop for body in bodies for s in statements(body) if isinstance(s, Repeat)]
        for path in paths:
            text = path_text(path)
            known = [loop for loop in loops if loop.var == text]
            if not known:
                hint = (
                    near(text, {loop.var for loop in loops})
                    or "`ends l` names the variable of `repeat l in …`"
                )
                self.world.diagnostics.error("TN800", f"nothing repeats over {text}", path.span, hint=hint)
            else:
                found.append(text)
        return tuple(found)

    # ------------------------------------------------------------ hints

    def path(self, path: ast.Path, names: set[str]) -> str:
        """A path as text, nets by their program-wide names. Reports one whose first part names nothing."""
        scope = self.scope()
        entry = find_net(path, scope)
        if entry is not None:
            return entry.name
        text = self.value_path(path.parts, scope)
        if text is None or is_broken(path, scope):
            return ""
        first = path.parts[0].name.text
        if first not in names and first not in self.module.modules:
            self.world.diagnostics.error(
                "TN800", f"nothing in this figure is called {text}", path.span, hint=near(first, names)
            )
            return ""
        return text


def _needed(main: tuple[Stmt, ...], after: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """The file-level statements that later ones read, in order."""
    wanted = {ref.name for statement in statements(after) for ref in refs(statement)}
    kept: list[Stmt] = []
    for statement in reversed(main):
        inner = tuple(statements((statement,)))
        if isinstance(statement, Shared) or any(defined(s) & wanted for s in inner):
            kept.append(statement)
            wanted |= {ref.name for s in inner for ref in refs(s)}
    calls = {s.name for s in statements((*kept, *after)) if isinstance(s, Call) and s.shared}
    return tuple(s for s in reversed(kept) if not isinstance(s, Shared) or s.name in calls)
