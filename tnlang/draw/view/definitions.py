"""Uses of values: a shape, the definition in place, a copy of what is drawn elsewhere, or a box."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from tnlang.draw.diagram import Shape
from tnlang.draw.view import names
from tnlang.draw.view.build import Undrawable
from tnlang.draw.view.copies import Copies
from tnlang.draw.view.openings import is_norm
from tnlang.draw.view.shapes import barred, column_of, declared, name_of
from tnlang.draw.view.sums import assigned, conjugated
from tnlang.draw.view.values import Definition
from tnlang.draw.view.wiring import (
    Frame,
    ix_wire,
    leg_names,
    leg_wire,
    legs_of,
    raised_entry,
)
from tnlang.ir.net import (
    Bind,
    Bubble,
    Call,
    Decl,
    Entry,
    Frozen,
    Output,
    Ref,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.size import show
from tnlang.ir.slots import called
from tnlang.ir.walk import new_id
from tnlang.source import Span

TIE = "(1)"
"""What the legs are called between which a line ties a number to a sum, or to a box that takes it."""


class Definitions(Copies, ABC):
    """Draws the values that references mean."""

    @abstractmethod
    def total(
        self,
        body: Sum,
        frame: Frame,
        *,
        multiplied: bool = False,
        whole: bool = False,
        name: str = "",
        span: Span | None = None,
    ) -> int | None:
        """Draw a sum whose kept wires have joints in the frame. Returns its plus, if it has one."""

    @abstractmethod
    def to_tie(self, term: Term, frame: Frame) -> int:
        """Draw a term without legs; gives the shape that its line may end on, the outermost of it."""

    def tensor(self, node: Tensor, frame: Frame, *, multiplied: bool, bias: bool = False) -> None:
        """A use of a value: its shape, its definition in place, or a copy of what is drawn elsewhere."""
        found = frame.scope.resolve(node.ref, frame.versions)
        legs = legs_of(found)
        left = [
            (ix, legs[i] if i < len(legs) else None)
            for i, ix in enumerate(node.legs)
            if not raised_entry(ix, frame)
        ]
        joints = tuple(self.leg_joint(ix, frame, leg) for ix, leg in left)
        wires = tuple(ix_wire(ix, leg) for ix, leg in left)
        called = leg_names(found, len(node.legs))
        self.use(
            found,
            node,
            joints,
            wires,
            frame,
            multiplied=multiplied,
            bias=bias,
            raised=[
                names.size(ix.at) for ix in node.legs if isinstance(ix, Entry) and raised_entry(ix, frame)
            ],
            called=tuple(n for n, ix in zip(called, node.legs, strict=True) if not raised_entry(ix, frame)),
            entries="".join(
                f", {n} at {show(ix.at)}"
                for n, ix in zip(called, node.legs, strict=True)
                if isinstance(ix, Entry) and raised_entry(ix, frame)
            ),
        )

    def use(
        self,
        found: Definition | None,
        node: Tensor,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        *,
        multiplied: bool = False,
        whole: bool = False,
        bias: bool = False,
        raised: list[str] | None = None,
        called: tuple[str, ...] | None = None,
        entries: str = "",
    ) -> None:
        """Draw a use of a value with its legs on joints.

        ``raised`` and ``entries`` are the fixed entries that stand above its name; ``called`` are the names
        of the legs that are left, all of them where it is not given. What is made in place is told as a
        ``whole`` from what stands beside it.
        """
        span = node.origin.span
        called = called if called is not None else leg_names(found, len(joints))
        of_decl = found is not None and isinstance(found.statement, Decl)
        if found is not None and of_decl:  # an input that a stream begins with is told by the stream's name
            found = self.as_begun(found)
        address = frame.scope.address(found, node.ref)
        told = address + self.primes(found) + ", conjugated" * node.conj + entries
        column = raised if raised and of_decl and len(joints) <= 1 else []
        above = ",".join([*map(names.size, node.ref.subs), *(raised or [])[len(column) :]])
        picked = bool(raised) and found is not None and not isinstance(found.statement, Decl | Frozen)
        named = found is None or found.is_derived or (found.scope.by_name and found.has_name)
        turn = self.by_turn.get(found.key) if found is not None else None
        if found is None and frame.scope.is_of_a_turn(node.ref):
            raise Undrawable(
                f"{told} is a value of one turn of a repeat, read elsewhere; a plate shows no single turn: "
                "carry it along in a stream"
            )
        if found is None or named or picked or turn is not None:
            label, role = name_of(found, node.ref, ",".join(filter(None, (turn, above))), self.roles)
            label = barred(label) if node.conj else label
            told += f"{{{turn}}}" if turn else ""
            shape = Shape(0, "tensor", label, node.ref.name, role=role, conj=node.conj, told=told)
            self.put(shape, joints, wires, frame, span, called)
            return
        found = self.as_begun(found)
        boxed = frame.inside is not None and len(self.drawn_with(found)) > 1
        if boxed or node.conj or self.builder.is_within_function(frame.inside):
            self.halt(found)
        if found.key in self.joints_running:
            for joint, running in zip(joints, self.joints_running.pop(found.key), strict=True):
                self.builder.merge(running, joint)
            return
        count = self.uses.counts[found.key]
        statement = found.statement
        several = bool(joints) and (
            count > 1 or boxed or found.key in self.station_of or found.key in self.begin
        )
        if isinstance(statement, Decl) and several and not raised and self._is_copied(found, statement):
            self._begin(found)
            self.copied(found, joints, wires, frame, span, told, node.conj)
        elif isinstance(statement, Decl) and self.hides(found) and not node.conj:
            self.enter(statement, joints, named=False)
        elif isinstance(statement, Decl):
            shape = declared(found, statement, node, above, bias=bias, roles=self.roles)
            if column:
                shape = column_of(shape, column, len(joints))
            number = self.own(replace(shape, told=told), statement, joints, wires, frame, span, called)
            if statement.kind == "param":
                self.builder.is_weight(number, address + entries)
        elif isinstance(statement, Frozen):
            label = found.scope.math(found.shown, above)
            label = barred(label) if node.conj else label
            shape = Shape(0, "tensor", label, found.shown, role="pattern", frozen=True, conj=node.conj)
            number = self.put(replace(shape, told=told), joints, wires, frame, span, called)
            self.builder.is_weight(number, address + entries)
        elif several:
            self._begin(found)
            self.define(found, wires)
            self.copied(found, joints, wires, frame, span, told, node.conj)
        else:
            if node.conj and isinstance(statement, Bind) and (factors := conjugated(statement.body)):
                found = replace(found, statement=replace(statement, body=factors))
            elif node.conj:
                badge = names.badge(Bubble("conj", Sum(())))
                inside = self.builder.enclosure("elementwise", badge, frame.inside, told="conj")
                frame = replace(frame, inside=inside)
            self.definition(found, joints, wires, frame, multiplied=multiplied, whole=whole)

    def in_place(self, found: Definition) -> bool:
        """Whether what makes a value is drawn where the value is used."""
        named = found.is_derived or (found.scope.by_name and found.has_name) or found.key in self.by_turn
        apart = found.key in self.station_of or found.key in self.begin or found.key in self.joints_running
        apart = apart or len(self.drawn_with(found)) > 1
        is_number = isinstance(found.statement, Bind) and not found.statement.target.legs
        return not named and not apart and (is_number or self.uses.counts[found.key] == 1)

    def _begin(self, found: Definition) -> None:
        if found.key in self.begin:
            self.begin.pop(found.key)(found)

    def define(self, found: Definition, wires: tuple[Wire, ...]) -> None:
        """Draw a value that is used several times, once, and put its station there."""
        if found.key in self.station_of:
            return
        joints = tuple(self.builder.joint() for _ in wires)
        frame = Frame(found.scope, found.versions, {}, None)
        station = self._station(found)
        self.definition(found, joints, wires, frame, whole=True)
        self._comes_in(station, found, joints, wires)

    def _station(self, found: Definition) -> int:
        label = self.labels.get(found.key) or found.label
        told = "(copy) " + found.scope.address(found, Ref(found.key[1]))
        station = self.builder.shape(Shape(0, "copy", label, found.shown, role="pasted", told=told))
        self.stands(found, station)
        return station

    def _comes_in(
        self, station: int, found: Definition, joints: tuple[int, ...], wires: tuple[Wire, ...]
    ) -> None:
        for joint, wire, name in zip(joints, wires, leg_names(found, len(joints)), strict=True):
            self.builder.leg(station, joint, wire, f"in.{name}")

    def definition(
        self,
        found: Definition,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        *,
        multiplied: bool = False,
        whole: bool = False,
    ) -> int | None:
        """Draw what makes a value, its legs on the given joints. Returns the plus of a sum."""
        inner = Frame(found.scope, found.versions, {}, frame.inside, frame.loops)
        match found.statement:
            case Bind(target=target, body=body):
                for leg, joint in zip(target.legs, joints, strict=True):
                    self.bind_leg(leg, joint, inner)
                name = "" if target.anonymous else found.shown
                return self.total(body, inner, multiplied=multiplied, whole=whole, name=name)
            case StreamSet(target=target) as statement:
                begun = found.scope.turning.keys()
                if found.scope.repeats(statement) and not (begun and begun <= self.by_turn.keys()):
                    raise Undrawable(
                        f"{target.name} is assigned in a repeat, and there is no plate to draw it in: "
                        "a repeat is drawn along a stream that has legs, of the net that is drawn itself"
                    )
                return self.assignment(statement, joints, inner)
            case Call() as call:
                self.folded(call, found, joints, wires, inner)
        return None

    def drawn_with(self, found: Definition) -> tuple[Definition, ...]:
        """The results that the box of a value's call gives and something uses."""
        return tuple(one for one in found.given_with if self.uses.counts[one.key])

    def assignment(self, statement: StreamSet, joints: tuple[int, ...], frame: Frame) -> int | None:
        """Draw what is assigned to a stream, its legs on the given joints. Returns the plus of a sum."""
        for leg, joint in zip(statement.target.legs, joints, strict=True):
            self.bind_leg(leg, joint, frame)
        return self.total(assigned(statement), frame, whole=True)

    def folded(
        self,
        call: Call,
        found: Definition,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        station: int | None = None,
    ) -> int:
        """A call as a box: its arguments' lines come in, its results' go out, that of ``found`` on joints."""
        net = frame.scope.program.net(call.net)
        composed = [call]
        while len(composed[-1].arguments) == 1:
            ref = composed[-1].arguments[0]
            argument = frame.scope.resolve(ref, found.versions)
            if argument is None or self.uses.counts[argument.key] != 1 or len(self.drawn_with(argument)) > 1:
                break
            if not isinstance(argument.statement, Call) or argument.scope is not frame.scope:
                break
            composed.append(argument.statement)
        label = r" \circ ".join(names.math(_title(c, frame.scope.program)) for c in composed)
        family = "norm" if is_norm(net) and len(composed) == 1 else "net"
        path = f"{frame.scope.path}.{call.name}" if frame.scope.path else call.name
        shape = Shape(
            0,
            "folded",
            label,
            path,
            outline="box",
            family="norm" if family == "norm" else "net",
            told="(box) " + " of ".join(frame.scope.owner(c).removesuffix(".") for c in composed),
            span=call.origin.span,
        )
        number = self.builder.shape(replace(shape, inside=frame.inside))
        self.builder.known_as(
            number, *(("", name) for c in composed for name in (c.name.rsplit(".", 1)[-1], c.net))
        )
        inner = frame.scope.program.net(composed[-1].net)
        count = 0
        for ref, decl in zip(composed[-1].arguments, inner.inputs, strict=True):
            ends = tuple(self.builder.joint() for _ in decl.legs)
            argument_wires = tuple(leg_wire(leg, leg.size) for leg in decl.legs)
            for joint, wire, leg in zip(ends, argument_wires, decl.legs, strict=True):
                self.builder.leg(number, joint, wire, f"in {decl.name}.{leg.name}")
            count += len(ends)
            argument = frame.scope.resolve(ref, found.versions)
            if not decl.legs:
                wire, joint = Wire(new_id(), "", 1), self.builder.joint()
                self.builder.leg(number, joint, wire, f"in {decl.name}.{TIE}")
                self.builder.leg(self.to_tie(Term((Tensor(ref, ()),)), frame), joint, wire, TIE)
                count += 1
                continue
            self.use(argument, Tensor(ref, argument_wires), ends, argument_wires, frame, whole=True)
        self.builder.shapes[number] = replace(self.builder.shapes[number], inputs=count)
        self._gives(number, net.outputs[found.index], joints, wires)
        for other in self.drawn_with(found):
            if other.key != found.key:
                self._gives_too(number, other, net.outputs[other.index])
        return number

    def _gives(self, box: int, output: Output, joints: tuple[int, ...], wires: tuple[Wire, ...]) -> None:
        for joint, wire, leg in zip(joints, wires, output.legs, strict=True):
            self.builder.leg(box, joint, wire, f"out {output.name}.{leg.name}")

    def _gives_too(self, box: int, found: Definition, output: Output) -> None:
        """One more result leaves a box: on lines to its one use, or to a station beside the box.

        Beside backbones only what the whole net gives is led there by lines.
        """
        wires = tuple(leg_wire(leg, leg.size) for leg in legs_of(found))
        joints = tuple(self.builder.joint() for _ in wires)
        self._gives(box, output, joints, wires)
        if self.uses.readers[found.key] == [None] or (
            self.uses.counts[found.key] == 1 and not self.backbones
        ):
            self.joints_running[found.key] = joints
            self.halts[found.key] = lambda: self._comes_in(self._station(found), found, joints, wires)
        else:
            self._comes_in(self._station(found), found, joints, wires)
            self.wired.add(found.key)


def _title(call: Call, program: Program) -> str:
    """What a box is called: by its call, but without the number of a second call that owns nothing."""
    name = call.name.rsplit(".", 1)[-1]
    numbered = name.startswith(f"{call.net}_") and name.removeprefix(f"{call.net}_").isdigit()
    if numbered and not any(net.owned for net in called(program, program.net(call.net))):
        return call.net
    return name
