"""Wires of expressions: their joints, what stands at an index (pins, clips, forks), special tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial, reduce

from tnlang.draw.diagram import Shape
from tnlang.draw.view import names
from tnlang.draw.view.build import Builder
from tnlang.draw.view.values import Definition, Scope, Versions
from tnlang.ir.net import Bind, Call, Decl, Entry, Frozen, Group, Ix, Leg, Slice, Special, StreamSet, Wire
from tnlang.ir.size import LoopVar, Size, SizeOp, show, size_op
from tnlang.ir.walk import new_id
from tnlang.source import Span


@dataclass(frozen=True, slots=True)
class Frame:
    """Where an expression stands: its scope, the joints of its wires, and the enclosure round it.

    ``loops`` are the variables of written-out sums round it. In a ``solid`` one, a term of a sum, a delta is
    a dot: both ends of a bare wire would be at the same plus.
    """

    scope: Scope
    versions: Versions
    env: dict[Wire, int]
    inside: int | None = None
    loops: frozenset[str] = frozenset()
    solid: bool = False


class Wiring:
    """Puts shapes on joints."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def joint(self, frame: Frame, wire: Wire) -> int:
        """The wire's joint in this frame."""
        if wire not in frame.env:
            frame.env[wire] = self.builder.joint()
        return frame.env[wire]

    def leg_joint(self, ix: Ix, frame: Frame, leg: Leg | None = None) -> int:
        """The joint at a tensor's leg; pins, clips and forks are put between it and the wires."""
        match ix:
            case Wire():
                return self.joint(frame, ix)
            case Entry(at=at):
                joint = self.builder.joint()
                pin = self.builder.shape(
                    Shape(
                        0,
                        "pin",
                        names.size(at),
                        outline="square",
                        inside=frame.inside,
                        told=f"(entry {show(at)})",
                    )
                )
                self.builder.leg(pin, joint, ix_wire(ix, leg), "1")
                return joint
            case Slice(wire=wire, start=start, stop=stop):
                joint = self.builder.joint()
                text = _range_text(start) + r"\,..\," + _range_text(stop)
                told = f"(slice {show(start)} to {show(stop)})"
                clip = self.builder.shape(
                    Shape(0, "clip", text, outline="box", inside=frame.inside, told=told)
                )
                self.builder.leg(clip, joint, leg_wire(leg, stop), "whole")
                self.builder.leg(clip, self.joint(frame, wire), wire, "part")
                return joint
            case Group(members=members):
                joint = self.builder.joint()
                fork = self.builder.shape(Shape(0, "fork", outline="none", inside=frame.inside))
                self.builder.leg(fork, joint, ix_wire(ix, leg), "whole")
                for place, member in enumerate(members, 1):
                    part = None if isinstance(member, Wire) or leg is None else rest_of(ix, leg)
                    at = self.leg_joint(member, frame, part)
                    self.builder.leg(fork, at, ix_wire(member, part), str(place))
                return joint

    def bind_leg(self, leg: Wire | Group, joint: int, frame: Frame) -> None:
        """The left-hand side's leg lies on a joint; a group's members leave a fork."""
        if isinstance(leg, Wire):
            frame.env[leg] = joint
            return
        fork = self.builder.shape(Shape(0, "fork", outline="none", inside=frame.inside))
        self.builder.leg(fork, joint, group_wire(leg), "whole")
        for place, member in enumerate(leg.members, 1):
            if isinstance(member, Wire):
                self.builder.leg(fork, self.joint(frame, member), member, str(place))

    def strips(
        self, decl: Decl, joints: tuple[int, ...], wires: tuple[Wire, ...], frame: Frame
    ) -> tuple[int, ...]:
        """The joints at an input's legs; a strip lies across a one-hot leg."""
        hot = [p.legs[0] if p.legs else len(decl.legs) - 1 for p in decl.properties if p.name == "onehot"]
        ends = list(joints)
        for position in hot:
            if position < len(ends):
                ends[position] = self.builder.joint()
                strip = self.builder.shape(
                    Shape(0, "onehot", outline="box", inside=frame.inside, told="(one-hot)")
                )
                self.builder.leg(strip, ends[position], wires[position])
                self.builder.leg(strip, joints[position], wires[position])
        return tuple(ends)

    def special(self, node: Special, frame: Frame) -> None:
        kind = node.kind
        known = leg_of(node)
        joints = [self.leg_joint(ix, frame, known) for ix in node.legs]
        wires = [ix_wire(ix, known) for ix in node.legs]
        if kind == "delta":
            if len(joints) == 1 or frame.solid or self.builder.meet_outside(joints):
                self.dot(joints, wires, frame)
            else:
                self.builder.merge(*joints)
            return
        if kind == "ones":
            for joint, wire in zip(joints, wires, strict=True):
                self.dot([joint], [wire], frame)
            return
        at = names.size(node.at) if node.at is not None else ""
        told = f"({kind})"
        match kind:
            case "basis":
                shape = Shape(0, "pin", at, outline="square", inside=frame.inside)
                told = f"(entry {show(node.at or 0)})"
            case "shift":
                sign = at if at.startswith("-") else "+" + at
                shape = Shape(0, "shift", sign, outline="triangle", inside=frame.inside)
                told = f"(shift by {show(node.at or 0)})"
            case "levi":
                shape = Shape(0, "tensor", r"\varepsilon", inside=frame.inside)
            case _:
                shape = Shape(0, "tensor", names.upright(kind), inside=frame.inside)
        number = self.builder.shape(replace(shape, name=kind, told=told, span=node.origin.span))
        for place, (joint, wire) in enumerate(zip(joints, wires, strict=True), 1):
            self.builder.leg(number, joint, wire, str(place))

    def dot(self, joints: list[int], wires: list[Wire], frame: Frame) -> None:
        number = self.builder.shape(Shape(0, "dot", outline="dot", inside=frame.inside, told="(delta)"))
        for joint, wire in zip(joints, wires, strict=True):
            self.builder.leg(number, joint, wire)

    def put(
        self,
        shape: Shape,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        span: Span,
        legs: tuple[str, ...],
    ) -> int:
        """A shape with its legs, which it calls ``legs``, on joints."""
        number = self.builder.shape(replace(shape, inside=frame.inside, span=span))
        for joint, wire, leg in zip(joints, wires, legs, strict=True):
            self.builder.leg(number, joint, wire, leg)
        return number


def raised_entry(ix: Ix, frame: Frame) -> bool:
    """A fixed entry that is the variable of a written-out sum: written above the tensor's name."""
    return isinstance(ix, Entry) and isinstance(ix.at, LoopVar) and ix.at.name in frame.loops


def leg_wire(leg: Leg | None, size: Size) -> Wire:
    """A wire for a leg that no wire of the IR lies on."""
    if leg is None:
        return Wire(new_id(), "", size)
    return Wire(new_id(), leg.name, leg.size, label=leg.label)


def rest_of(group: Group, leg: Leg) -> Leg:
    """What the members of a group that are wires leave of the leg: the part of which an entry is taken."""
    return Leg("", reduce(partial(size_op, "/"), reversed(sizes_of(group)), leg.size))


def sizes_of(group: Group) -> tuple[Size, ...]:
    """The sizes of a group's wires."""
    return tuple(member.size for member in group.members if isinstance(member, Wire))


def group_wire(group: Group, size: Size | None = None) -> Wire:
    """The thick wire of a group: its name lists the members, its size is their product unless it is given."""
    parts = [m.text if isinstance(m, Wire) else show(m.at) for m in group.members]
    inside = r"\,".join(
        names.member(m.name, m.subs, m.label) if isinstance(m, Wire) else names.size(m.at)
        for m in group.members
    )
    if size is None:
        one: Size = 1
        size = reduce(partial(size_op, "*"), sizes_of(group), one)
    return Wire(new_id(), "(" + " ".join(parts) + ")", size, label="$(" + inside + ")$")


def ix_wire(ix: Ix, leg: Leg | None = None) -> Wire:
    """The wire of what lies on a leg. What is a part of it, or fixed, has the leg's own size."""
    match ix:
        case Wire():
            return ix
        case Slice(wire=wire, stop=stop):
            return replace(wire, id=new_id(), size=stop if leg is None else leg.size)
        case Group():
            return group_wire(ix, None if leg is None else leg.size)
        case Entry():
            return leg_wire(leg, 1)


def leg_of(node: Special) -> Leg | None:
    """A leg of a special tensor whose legs are of one size; None where no wire tells how large it is."""
    match node.kind:
        case "levi":
            return Leg("", len(node.legs))
        case "delta" | "shift" | "tril":
            return next((Leg("", ix.size) for ix in node.legs if isinstance(ix, Wire)), None)
    return None


def _range_text(size: Size) -> str:
    return names.size(size) if not isinstance(size, SizeOp) else "(" + names.size(size) + ")"


def legs_of(found: Definition | None) -> tuple[Leg, ...]:
    """The legs of a value with their sizes, as far as they are known."""
    match found:
        case Definition(statement=Decl(legs=legs)):
            return legs
        case Definition(statement=Bind(target=target) | StreamSet(target=target) | Frozen(target=target)):
            wires = (leg if isinstance(leg, Wire) else group_wire(leg) for leg in target.legs)
            return tuple(Leg(wire.name, wire.size, wire.label) for wire in wires)
        case Definition(statement=Call(results=results), index=index):
            wires = (leg if isinstance(leg, Wire) else group_wire(leg) for leg in results[index].legs)
            return tuple(Leg(wire.name, wire.size, wire.label) for wire in wires)
    return ()


def leg_names(found: Definition | None, count: int) -> tuple[str, ...]:
    """What a value calls its legs: as declared, or as on the left-hand side that binds it."""
    match found:
        case Definition(statement=Decl(legs=legs)) if len(legs) == count:
            return tuple(leg.name for leg in legs)
        case Definition(statement=Call(results=results), index=index):
            target = results[index]
        case Definition(statement=Bind(target=target) | StreamSet(target=target) | Frozen(target=target)):
            pass
        case _:
            return tuple(map(str, range(1, count + 1)))
    if len(target.leg_names) == count:
        return target.leg_names
    legs_ = (leg.text if isinstance(leg, Wire) else group_wire(leg).text for leg in target.legs)
    return tuple(legs_) if len(target.legs) == count else tuple(map(str, range(1, count + 1)))
