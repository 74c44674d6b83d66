"""The statements of a body, in order: declarations, bindings, streams, repeats, calls (rules 5 to 8)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tnlang.elaborate import calls, expressions
from tnlang.elaborate.bindings import Woven, weave_bare, weave_legs
from tnlang.elaborate.declarations import declare
from tnlang.elaborate.drafts import DraftSum
from tnlang.elaborate.families import folded
from tnlang.elaborate.headers import header_of
from tnlang.elaborate.lookup import find_net, unknown_function
from tnlang.elaborate.scope import Body, Known, Scope, loop_vars
from tnlang.elaborate.targets import Expected, fits, loop_names_clear, may_bind, remember, subs_of
from tnlang.ir.net import (
    Bind,
    Group,
    Loop,
    Origin,
    Output,
    Ref,
    Repeat,
    Shared,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.net import Value as IrValue
from tnlang.ir.size import LoopVar, Size
from tnlang.source import Related, Span
from tnlang.syntax import ast


@dataclass(slots=True)
class Statements:
    """Elaborates the statements of one body. ``outputs`` are what its bindings have to fit."""

    scope: Scope
    outputs: dict[str, tuple[Output, Span]] = field(default_factory=dict)

    @property
    def body(self) -> Body:
        return self.scope.body

    def run(self, statements: tuple[ast.Statement, ...], scope: Scope) -> None:
        """Elaborate statements into the body's current block."""
        for statement in statements:
            scope.world.written = scope.world.factors = 0
            match statement:
                case ast.Declaration():
                    self.declaration(statement, scope)
                case ast.SharedStatement():
                    self.shared(statement, scope)
                case ast.StreamStatement(target=target, value=value):
                    self.bind(target, "=", value, scope, statement.span, opens=True)
                case ast.RepeatStatement():
                    self.repeat(statement, scope)
                case ast.Binding(targets=(target,), op=op, value=value):
                    self.bind(target, op, value, scope, statement.span, opens=False)
                case ast.Binding():
                    self.take_apart(statement, scope)

    # ------------------------------------------------------------ declarations

    def declaration(self, statement: ast.Declaration, scope: Scope) -> None:
        body = self.body
        if statement.kind in ("tensor", "input") or body.loops:
            where = "in a repeat" if body.loops else f"in the net {body.title}"
            scope.diagnostics.error(
                "TN508",
                f"a {statement.kind} cannot be declared {where}",
                statement.span,
                hint="write it among the inputs of the net"
                if statement.kind in ("tensor", "input")
                else "declare it before the repeat, as a family for its turns: `param W{l: 0..layer}[…]`",
            )
            for item in statement.items:
                body.values.setdefault(item.name.text, Known(item.name.text, "param", item.name.span, None))
            return
        for item in statement.items:
            declare(statement.kind, item, scope, item.name.text, body.owned.append, body.values, self._taken)

    def _taken(self, name: ast.Name, arity: int) -> bool:
        known = self.body.values.get(name.text)
        if known is None or (arity and known.arity == arity and known.kind in ("param", "const", "input")):
            return False
        self.scope.diagnostics.error(
            "TN203", f"{name.text} is declared twice", name.span, Related(known.span, "first declared here")
        )
        return True

    def shared(self, statement: ast.SharedStatement, scope: Scope) -> None:
        entry = find_net(statement.net, scope)
        name = statement.name
        if entry is None:
            unknown_function(statement.net, scope)
            return
        if not calls.claim_name(name, scope):
            return
        header_of(entry, scope.world, statement.net.span)
        shared = Shared(name.text, entry.name, origin=Origin(statement.span))
        self.body.shared[name.text] = (shared, entry)
        self.body.calls[name.text] = name.span
        self.body.block.append(shared)

    # ------------------------------------------------------------ repeats

    def repeat(self, statement: ast.RepeatStatement, scope: Scope) -> None:
        found = folded(statement.loops, scope)
        loops: tuple[Loop, ...]
        if found is None:
            inner = {r.var.text: LoopVar(r.var.text) for r in statement.loops.ranges}
            loops, inside = (), scope.at(dict(inner))
        else:
            loops, inside = found
            for loop, syntax in zip(loops, statement.loops.ranges, strict=True):
                if isinstance(loop.start, int) and isinstance(loop.stop, int) and loop.start > loop.stop:
                    scope.diagnostics.warning(
                        "TN609",
                        f"this repeat has no turns: {loop.start}..{loop.stop} runs up from {loop.start}",
                        syntax.range.span,
                        hint="ranges run upwards; to count down use `n - 1 - l` in the body",
                    )
        body = self.body
        outer_block, outer_loops = body.block, body.loops
        body.block, body.loops = [], (*outer_loops, *loops)
        self.run(statement.body, inside)
        block, body.block, body.loops = body.block, outer_block, outer_loops
        for name, known in list(body.values.items()):
            if len(known.loops) > len(outer_loops) and not known.carried:
                del body.values[name]
                body.ended[name] = known
        for loop in reversed(loops):
            block = [Repeat(loop, tuple(block), origin=Origin(statement.span))]
        if loops:
            body.block.extend(block)

    # ------------------------------------------------------------ bindings

    def bind(self, target: ast.Lhs, op: str, value: ast.Named, scope: Scope, span: Span, opens: bool) -> None:
        """One left-hand side: a new value, a stream's opening, or a stream's next value."""
        name = target.name.text
        known = self.body.values.get(name)
        is_stream = known is not None and known.kind == "stream"
        if not may_bind(target, op, scope, opens):
            expressions.draft_named(value, scope)
            if known is None:
                remember(target, None, scope, opens)
            return
        subs = subs_of(target, scope)
        if known is not None and subs and any(loop_vars(sub) for sub in subs):
            known.carried = True
        expected = self._expected(target, known, scope)
        loops_clear = loop_names_clear(target, value, scope)
        if calls.is_net_call(value.value, scope) and target.bracket is None and not (is_stream or opens):
            self._bind_call(target, subs, value, expected, scope)
            return
        draft = self._draft(target, value, scope)
        if not loops_clear:
            draft = None
        woven: Woven | None = None
        if draft is not None and target.bracket is None:
            woven = weave_bare(draft, scope, expected)
        elif draft is not None and target.bracket is not None:
            woven = weave_legs(draft, target.bracket, scope, expected)
        legs = woven.names if woven is not None else (expected.legs if expected is not None else None)
        if is_stream and known is not None:
            self.body.used.discard(name)  # what counts from here on is who reads the new value
            known.assigned = None if known.assigned is None or scope.body.loops else known.assigned + 1
            known.legs = known.legs if known.legs is not None else legs
        else:
            remember(target, legs, scope, opens, subs)
        if woven is None or subs is None:
            return
        self._append(target, subs, woven, op, is_stream, opens, span)

    def _append(
        self,
        target: ast.Lhs,
        subs: tuple[Size, ...],
        woven: Woven,
        op: str,
        is_stream: bool,
        opens: bool,
        span: Span,
    ) -> None:
        leg_names = tuple(one.name for one in woven.names)
        value = IrValue(target.name.text, woven.legs, subs, leg_names)
        origin = Origin(span)
        if is_stream or opens:
            change = StreamSet(value, op, woven.body, opens, origin=origin)  # type: ignore[arg-type]
            self.body.block.append(change)
        else:
            self.body.block.append(Bind(value, woven.body, origin=origin))

    def _draft(self, target: ast.Lhs, value: ast.Named, scope: Scope) -> DraftSum | None:
        named = value.name
        if named is not None and not isinstance(value.value, ast.Call | ast.Power | ast.Parens):
            scope.diagnostics.error(
                "TN510",
                f"`as {named.text}` names a call, a bubble or a bracket; this value is {target.name.text}",
                named.span,
                hint=f"put the part it names in brackets, `(… as {named.text})`",
            )
            return expressions.draft(value.value, scope)
        return expressions.draft_named(value, scope)

    def _expected(self, target: ast.Lhs, known: Known | None, scope: Scope) -> Expected | None:
        name = target.name.text
        if known is not None and known.legs is not None and (known.kind == "stream" or known.carried):
            return Expected(name, known.legs, known.span)
        if name in self.outputs and not target.subs:
            output, span = self.outputs[name]
            return Expected(name, output.legs, span)
        return None

    # ------------------------------------------------------------ calls bound by name

    def _bind_call(
        self,
        target: ast.Lhs,
        subs: tuple[Size, ...] | None,
        value: ast.Named,
        expected: Expected | None,
        scope: Scope,
    ) -> None:
        assert isinstance(value.value, ast.Call)
        applied = calls.apply_net(value.value, scope, value.name)
        if applied is None or len(applied.header.outputs) != 1:
            if applied is not None:
                calls.several_results(applied, scope)
            remember(target, expected.legs if expected is not None else None, scope, False, subs)
            return
        output = applied.header.outputs[0]
        self._remember_result(target, subs, output, expected, applied, scope)
        if subs is not None:
            result = calls.result_value(target.name.text, output, False)
            if expected is not None and len(expected.legs) == len(result.leg_names):
                result = replace(result, leg_names=tuple(leg.name for leg in expected.legs))
            calls.emit(applied, (replace(result, subs=subs),), scope)

    def _remember_result(
        self,
        target: ast.Lhs,
        subs: tuple[Size, ...] | None,
        output: Output,
        expected: Expected | None,
        applied: calls.Applied,
        scope: Scope,
    ) -> None:
        legs = output.legs if applied.header.sound else None
        if expected is not None and legs is not None:
            fits(legs, expected, "TN511", applied.span, scope)
            legs = expected.legs
        remember(target, legs, scope, False, subs)

    def take_apart(self, statement: ast.Binding, scope: Scope) -> None:
        """``h, c = cell(x, h0, c0)``: the outputs of a call, one for each name."""
        diagnostics = scope.diagnostics
        if statement.op != "=" or not calls.is_net_call(statement.value.value, scope):
            diagnostics.error(
                "TN508",
                "several names are bound by `=` and the call of a net",
                statement.span,
                hint="`h, c = cell(x, h0, c0)`",
            )
            self._forget(statement, scope)
            return
        allowed = [may_bind(target, "=", scope, opens=False) for target in statement.targets]
        assert isinstance(statement.value.value, ast.Call)
        applied = calls.apply_net(statement.value.value, scope, statement.value.name)
        outputs = applied.header.outputs if applied is not None else ()
        if applied is None or len(outputs) != len(statement.targets) or not all(allowed):
            if applied is not None and len(outputs) != len(statement.targets):
                diagnostics.error(
                    "TN506",
                    f"{applied.entry.name} has {len(outputs)} output{'s' * (len(outputs) != 1)}, "
                    f"{len(statement.targets)} names are given",
                    statement.span,
                    Related(applied.entry.span, "declared here"),
                )
            self._forget(statement, scope)
            return
        self._results(statement, applied, scope)

    def _forget(self, statement: ast.Binding, scope: Scope) -> None:
        for target in statement.targets:
            if target.name.text not in self.body.values:
                remember(target, None, scope, False)

    def _results(self, statement: ast.Binding, applied: calls.Applied, scope: Scope) -> None:
        results: list[IrValue] = []
        streams: list[tuple[ast.Lhs, Output, str]] = []
        for target, output in zip(statement.targets, applied.header.outputs, strict=True):
            name = target.name.text
            known = self.body.values.get(name)
            if target.bracket is not None:
                scope.diagnostics.error(
                    "TN308",
                    "the outputs of a call are bound whole",
                    target.span,
                    hint=f"`{name}`, without brackets",
                )
            subs = subs_of(target, scope)
            expected = self._expected(target, known, scope)
            if known is not None and known.kind == "stream":
                held = f"{applied.name}.{output.name}"
                results.append(calls.result_value(held, output, True))
                streams.append((target, output, held))
                self.body.used.discard(name)
                known.assigned = None if known.assigned is None or self.body.loops else known.assigned + 1
                if expected is not None:
                    fits(output.legs, expected, "TN511", applied.span, scope)
                continue
            self._remember_result(target, subs, output, expected, applied, scope)
            results.append(replace(calls.result_value(name, output, False), subs=subs or ()))
        calls.emit(applied, tuple(results), scope)
        for target, output, held in streams:
            body, legs = _as_sum(held, output, statement.span)
            leg_names = tuple(leg.name for leg in output.legs)
            value = IrValue(target.name.text, legs, (), leg_names)
            self.body.block.append(StreamSet(value, "=", body, origin=Origin(statement.span)))


def _as_sum(name: str, output: Output, span: Span) -> tuple[Sum, tuple[Wire | Group, ...]]:
    value = calls.result_value(name, output, True)
    wires = tuple(leg for leg in value.legs if isinstance(leg, Wire))
    origin = Origin(span)
    node = Tensor(Ref(name), wires, origin=origin)
    return Sum((Term((node,), origin=origin),), origin=origin), wires
