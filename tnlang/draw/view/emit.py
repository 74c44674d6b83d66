"""From expressions to shapes: every node of the IR becomes a shape, an enclosure or a wire of a Builder."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tnlang.draw.diagram import Ribbon, Role, Shape
from tnlang.draw.view import names, scalars
from tnlang.draw.view.build import Builder
from tnlang.draw.view.values import Definition, Key, Scope, Uses, Versions, is_norm
from tnlang.ir.functions import FUNCTIONS
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
    Node,
    Number,
    Ref,
    SizeNumber,
    Slice,
    Special,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.size import LoopVar, Size, SizeOp, show, size_op
from tnlang.ir.walk import free_wires, new_id
from tnlang.source import Span


@dataclass(frozen=True, slots=True)
class Frame:
    """Where an expression stands: its scope, the joints of its wires, and the enclosure round it.

    ``loops`` are the variables of written-out sums round it.
    """

    scope: Scope
    versions: Versions
    env: dict[Wire, int]
    inside: int | None = None
    loops: frozenset[str] = frozenset()


class Emitter:
    """Draws expressions into a builder. ``compose`` writes nested functions in one badge."""

    def __init__(self, builder: Builder, uses: Uses, *, compose: bool, stations: bool) -> None:
        self.builder = builder
        self.uses = uses
        self.compose = compose
        self.stations = stations
        self.station_of: dict[Key, int] = {}
        self.aliases: dict[Key, Key] = {}
        self.joints_running: dict[Key, tuple[int, ...]] = {}
        self.wired: set[Key] = set()
        self.labels: dict[Key, str] = {}
        self.seconds: frozenset[str] = frozenset()

    # ------------------------------------------------------------ sums and terms

    def joint(self, frame: Frame, wire: Wire) -> int:
        """The wire's joint in this frame."""
        if wire not in frame.env:
            frame.env[wire] = self.builder.joint()
        return frame.env[wire]

    def total(
        self, body: Sum, frame: Frame, *, multiplied: bool = False, name: str = "", span: Span | None = None
    ) -> int | None:
        """Draw a sum whose kept wires have joints in the frame. Returns its plus, if it has one.

        A sum that is ``multiplied`` on, or has a name, gets a bracket; a single term is drawn as it stands.
        """
        terms = _flattened(body)
        if len(terms) == 1:
            self.term(terms[0], frame, multiplied=multiplied, name=name)
            return None
        if multiplied:
            where = span or body.origin.span
            bracket = self.builder.enclosure(
                "bracket", names.math(name) if name else "", frame.inside, name=name, span=where
            )
            frame = replace(frame, inside=bracket)
        kept = [[w for w in free_wires(term) if w in frame.env] for term in terms]
        shared = [w for w in dict.fromkeys(w for ws in kept for w in ws) if sum(w in ws for ws in kept) > 1]
        if any(not set(ws) & set(shared) for ws in kept):
            shared = list(dict.fromkeys(w for ws in kept for w in ws))
        plus = self.builder.shape(
            Shape(0, "plus", "+", role="add", inside=frame.inside, span=body.origin.span)
        )
        for term, wires in zip(terms, kept, strict=True):
            env = dict(frame.env)
            brought = []
            for wire in shared:
                if wire in wires:
                    env[wire] = self.builder.joint()
                    brought.append(self.builder.leg(plus, env[wire], wire))
            inner = replace(frame, env=env)
            if brought:
                self.term(term, inner, bias=len(wires) < max(map(len, kept)))
            else:
                brought.append(self._number_term(term, inner, plus))
            self.builder.term(plus, tuple(brought))
        for wire in shared:
            self.builder.leg(plus, frame.env[wire], wire)
        return plus

    def _number_term(self, term: Term, frame: Frame, plus: int) -> int:
        """A term without legs in a sum: a line of size 1 ties it to the plus."""
        wire = Wire(new_id(), "", 1)
        joint = self.builder.joint()
        if all(map(scalars.is_scalar, term.nodes)):
            text = scalars.product(term.nodes, term.coefficient) or "1"
            shape = self.builder.shape(Shape(0, "text", text, outline="none", inside=frame.inside))
        else:
            before = set(self.builder.shapes)
            self.term(term, frame)
            made = [n for n in self.builder.shapes if n not in before]
            shape = made[0] if made else self.builder.shape(Shape(0, "text", "1", inside=frame.inside))
        self.builder.leg(shape, joint, wire)
        return self.builder.leg(plus, joint, wire)

    def term(
        self, term: Term, frame: Frame, *, multiplied: bool = False, name: str = "", bias: bool = False
    ) -> None:
        """Draw a product."""
        env = dict(frame.env)
        for wire in term.summed:
            env[wire] = self.builder.joint()
        frame = replace(frame, env=env)
        closed = [node for node in term.nodes if scalars.is_scalar(node)]
        others = [node for node in term.nodes if not scalars.is_scalar(node)]
        formula = scalars.product(closed, term.coefficient)
        alone = len(others) == 1 and not formula
        if formula or not others:
            self.builder.shape(
                Shape(0, "text", formula or "1", outline="none", inside=frame.inside, span=term.origin.span)
            )
        for node in others:
            if alone:
                self.node(node, frame, multiplied=multiplied, name=name, bias=bias)
            else:
                self.node(node, frame, multiplied=True, bias=bias)

    # ------------------------------------------------------------ nodes

    def node(self, node: Node, frame: Frame, *, multiplied: bool, name: str = "", bias: bool = False) -> None:
        match node:
            case Tensor():
                self.tensor(node, frame, multiplied=multiplied, bias=bias)
            case Special():
                self.special(node, frame)
            case Bracket(body=body, name=own):
                given = own or name
                self.total(body, frame, multiplied=multiplied or bool(own), name=given, span=node.origin.span)
            case Bubble():
                self.bubble(node, frame)
            case BigSum():
                self.big_sum(node, frame, multiplied=multiplied)
            case Number() | SizeNumber():
                raise AssertionError(node)

    def bubble(self, node: Bubble, frame: Frame) -> None:
        """A function's outline; directly nested ones share it if composed."""
        badges, options, chain = [], [], [node]
        scope = frame.scope
        while self.compose:
            inner = _sole_bubble(chain[-1])
            if inner is None or _ends(chain[-1].function) or _ends(inner.function):
                break
            chain.append(inner)
        for bubble in chain:
            badges.append(names.badge(bubble, _function_label(scope, bubble.function)))
            if names.options(bubble):
                options.append(names.options(bubble))
        number = self.builder.enclosure(
            names.family(node.function),
            r" \circ ".join(badges),
            frame.inside,
            name=node.name,
            options=r",\ ".join(options),
            span=node.origin.span,
        )
        env = dict(frame.env)
        ends = _ends(node.function)
        for gate in node.gates:
            if ends:
                env[gate] = self.builder.joint()
                self.builder.end_at_wall(number, env[gate], gate)
            else:
                self.builder.gate(number, self.joint(frame, gate))
                env[gate] = frame.env[gate]
        self.total(chain[-1].body, replace(frame, env=env, inside=number))

    def big_sum(self, node: BigSum, frame: Frame, *, multiplied: bool) -> None:
        """Σ left of its term; in a bracket where more is multiplied on."""
        if multiplied:
            inside = self.builder.enclosure("bracket", "", frame.inside, span=node.origin.span)
            frame = replace(frame, inside=inside)
        under = r",".join(names.math(loop.var) for loop in node.loops)
        self.builder.shape(
            Shape(
                0,
                "sigma",
                r"\sum_{" + under + "}",
                outline="none",
                inside=frame.inside,
                span=node.origin.span,
            )
        )
        loops = frame.loops | {loop.var for loop in node.loops}
        self.total(node.body, replace(frame, loops=loops))

    def special(self, node: Special, frame: Frame) -> None:
        kind = node.kind
        joints = [self.leg_joint(ix, frame) for ix in node.legs]
        wires = [_ix_wire(ix) for ix in node.legs]
        if kind == "delta":
            if len(joints) == 1:
                self._dot(joints, wires, frame)
            else:
                self.builder.merge(*joints)
            return
        if kind == "ones":
            for joint, wire in zip(joints, wires, strict=True):
                self._dot([joint], [wire], frame)
            return
        at = names.size(node.at) if node.at is not None else ""
        match kind:
            case "basis":
                shape = Shape(0, "pin", at, outline="square", inside=frame.inside)
            case "shift":
                sign = at if at.startswith("-") else "+" + at
                shape = Shape(0, "shift", sign, outline="triangle", inside=frame.inside)
            case "levi":
                shape = Shape(0, "tensor", r"\varepsilon", inside=frame.inside)
            case _:
                shape = Shape(0, "tensor", names.upright(kind), inside=frame.inside)
        number = self.builder.shape(replace(shape, name=kind, span=node.origin.span))
        for joint, wire in zip(joints, wires, strict=True):
            self.builder.leg(number, joint, wire)

    def _dot(self, joints: list[int], wires: list[Wire], frame: Frame) -> None:
        number = self.builder.shape(Shape(0, "dot", outline="dot", inside=frame.inside))
        for joint, wire in zip(joints, wires, strict=True):
            self.builder.leg(number, joint, wire)

    # ------------------------------------------------------------ legs

    def leg_joint(self, ix: Ix, frame: Frame, leg: Leg | None = None) -> int:
        """The joint at a tensor's leg; pins, clips and forks are put between it and the wires."""
        match ix:
            case Wire():
                return self.joint(frame, ix)
            case Entry(at=at):
                joint = self.builder.joint()
                wire = _leg_wire(leg, 1)
                pin = self.builder.shape(
                    Shape(0, "pin", names.size(at), outline="square", inside=frame.inside)
                )
                self.builder.leg(pin, joint, wire)
                return joint
            case Slice(wire=wire, start=start, stop=stop):
                joint = self.builder.joint()
                text = _range_text(start) + r"\,..\," + _range_text(stop)
                clip = self.builder.shape(Shape(0, "clip", text, outline="box", inside=frame.inside))
                self.builder.leg(clip, joint, _leg_wire(leg, stop))
                self.builder.leg(clip, self.joint(frame, wire), wire)
                return joint
            case Group(members=members):
                joint = self.builder.joint()
                fork = self.builder.shape(Shape(0, "fork", outline="none", inside=frame.inside))
                self.builder.leg(fork, joint, group_wire(ix))
                for member in members:
                    if isinstance(member, Wire):
                        self.builder.leg(fork, self.joint(frame, member), member)
                    else:
                        self.builder.leg(fork, self.leg_joint(member, frame), _leg_wire(None, 1))
                return joint

    # ------------------------------------------------------------ values

    def tensor(self, node: Tensor, frame: Frame, *, multiplied: bool, bias: bool = False) -> None:
        """A use of a value: its shape, its definition in place, or a copy of what is drawn elsewhere."""
        found = frame.scope.resolve(node.ref, frame.versions)
        legs = self._legs_of(found)
        joints = tuple(
            self.leg_joint(ix, frame, legs[i] if i < len(legs) else None)
            for i, ix in enumerate(node.legs)
            if not _raised(ix, frame)
        )
        wires = tuple(_ix_wire(ix) for ix in node.legs if not _raised(ix, frame))
        raised = [names.size(ix.at) for ix in node.legs if isinstance(ix, Entry) and _raised(ix, frame)]
        self.use(found, node, joints, wires, frame, multiplied=multiplied, bias=bias, raised=raised)

    def _legs_of(self, found: Definition | None) -> tuple[Leg, ...]:
        return found.statement.legs if found is not None and isinstance(found.statement, Decl) else ()

    def use(
        self,
        found: Definition | None,
        node: Tensor,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        *,
        multiplied: bool = False,
        bias: bool = False,
        raised: list[str] | None = None,
    ) -> None:
        above = ",".join([*map(names.size, node.ref.subs), *(raised or [])])
        if found is None or (frame.scope.by_name and not isinstance(found.statement, Decl)):
            label, role = self._name_of(found, node.ref, above)
            shape = Shape(0, "tensor", label, node.ref.name, role=role, conj=node.conj)
            self._put(shape, joints, wires, frame, node.origin.span)
            return
        if found.key in self.aliases:
            found = replace(found, key=self.aliases[found.key])
        if found.key in self.joints_running:
            for joint, running in zip(joints, self.joints_running.pop(found.key), strict=True):
                self.builder.merge(running, joint)
            return
        count = self.uses.counts[found.key]
        statement = found.statement
        if isinstance(statement, Decl) and statement.kind != "input":
            self._put(
                self._declared(found, statement, node, above, bias), joints, wires, frame, node.origin.span
            )
        elif isinstance(statement, Decl):
            if (count > 1 or found.key in self.station_of) and joints:
                self.copied(found, joints, wires, frame, node.origin.span)
            else:
                shape = self._declared(found, statement, node, above, bias)
                self._input(shape, statement, joints, wires, frame, node.origin.span)
        elif isinstance(statement, Frozen):
            label = names.math(found.shown, above)
            shape = Shape(
                0, "tensor", label, found.shown, role="pattern", frozen=True, tied=count > 1, conj=node.conj
            )
            self._put(shape, joints, wires, frame, node.origin.span)
        elif (found.key in self.station_of or count > 1) and joints:
            self.define(found, wires)
            self.copied(found, joints, wires, frame, node.origin.span)
        else:
            if node.conj:
                inside = self.builder.enclosure(
                    "elementwise", names.badge(Bubble("conj", Sum(()))), frame.inside
                )
                frame = replace(frame, inside=inside)
            self.definition(found, joints, wires, frame, multiplied=multiplied)

    def _name_of(self, found: Definition | None, ref: Ref, above: str) -> tuple[str, Role]:
        """A named value's label and role; a transpose by name is written as one."""
        if found is not None and isinstance(found.statement, Bind) and not above:
            turned = _transposed(found.statement)
            inner = found.scope.resolve(turned, found.versions) if turned is not None else None
            if turned is not None and inner is not None and isinstance(inner.statement, Decl):
                role: Role = "second" if turned.name in self.seconds else "weight"
                return "{" + names.math(turned.name, label=inner.statement.label) + r"}^{\top}", role
        return names.math(ref.name, above), "result"

    def _put(
        self, shape: Shape, joints: tuple[int, ...], wires: tuple[Wire, ...], frame: Frame, span: Span
    ) -> int:
        number = self.builder.shape(replace(shape, inside=frame.inside, span=span))
        for joint, wire in zip(joints, wires, strict=True):
            self.builder.leg(number, joint, wire)
        return number

    def _declared(self, found: Definition, decl: Decl, node: Tensor, above: str, bias: bool) -> Shape:
        path = f"{found.key[0]}.{decl.name}" if found.key[0] else decl.name
        properties = {p.name: p for p in decl.properties}
        outline = "circle"
        tip: tuple[int, ...] = ()
        role: Role = "weight"
        if decl.kind == "input":
            role = "data"
        if len(decl.legs) <= 1 or bias:
            role = "bias" if bias else "data"
        elif decl.name in self.seconds:
            role = "second"
        if "isometry" in properties:
            outline, role, tip = "triangle", "isometry", properties["isometry"].legs
        elif "unitary" in properties or "orthogonal" in properties:
            outline, role = "square", "unitary"
        self.uses.tensors[(found.key, node.conj)] += 1
        label = names.math(decl.name, above, decl.label)
        if node.conj:
            label = _barred(label)
        return Shape(
            0,
            "tensor",
            label,
            path,
            outline="triangle" if outline == "triangle" else "square" if outline == "square" else "circle",
            role=role,
            tip=tip,
            tied=self.uses.counts[found.key] > 1 and decl.kind == "param",
            conj=node.conj,
        )

    def _input(
        self,
        shape: Shape,
        decl: Decl,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        span: Span,
    ) -> None:
        """An input's shape; a strip lies across its one-hot leg."""
        hot = [p.legs[0] if p.legs else len(decl.legs) - 1 for p in decl.properties if p.name == "onehot"]
        ends = list(joints)
        strips = []
        for position in hot:
            if position < len(ends):
                ends[position] = self.builder.joint()
                strips.append((ends[position], joints[position], wires[position]))
        self._put(shape, tuple(ends), wires, frame, span)
        for near, far, wire in strips:
            strip = self.builder.shape(Shape(0, "onehot", outline="box", inside=frame.inside))
            self.builder.leg(strip, near, wire)
            self.builder.leg(strip, far, wire)

    def copied(
        self, found: Definition, joints: tuple[int, ...], wires: tuple[Wire, ...], frame: Frame, span: Span
    ) -> None:
        """A use of a value that has several: by wires from its station, or as a pasted disc on a ribbon."""
        label = self.labels.get(found.key) or names.math(found.shown)
        station = self.station_of.get(found.key)
        if frame.inside is None and found.key not in self.wired and (self.stations or station is not None):
            self.wired.add(found.key)
            if station is None:
                shape = Shape(0, "copy", label, found.shown, role="pasted")
                self.station_of[found.key] = self._put(shape, joints, wires, frame, span)
                return
            for joint, wire in zip(joints, wires, strict=True):
                self.builder.leg(station, joint, wire)
            return
        paste = self._put(Shape(0, "paste", label, found.shown, role="pasted"), joints, wires, frame, span)
        if station is not None:
            self.builder.ribbons.append(Ribbon(station, paste))

    def define(self, found: Definition, wires: tuple[Wire, ...]) -> None:
        """Draw a value that is used several times, once, and put its station there."""
        if found.key in self.station_of:
            return
        joints = tuple(self.builder.joint() for _ in wires)
        frame = Frame(found.scope, found.versions, {}, None)
        label = self.labels.get(found.key) or names.math(found.shown)
        station = self.builder.shape(Shape(0, "copy", label, found.shown, role="pasted"))
        self.station_of[found.key] = station
        self.definition(found, joints, wires, frame)
        for joint, wire in zip(joints, wires, strict=True):
            self.builder.leg(station, joint, wire)

    def definition(
        self,
        found: Definition,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        *,
        multiplied: bool = False,
    ) -> int | None:
        """Draw what makes a value, its legs on the given joints. Returns the plus of a sum."""
        inner = Frame(found.scope, found.versions, {}, frame.inside, frame.loops)
        match found.statement:
            case Bind(target=target, body=body):
                for leg, joint in zip(target.legs, joints, strict=True):
                    self.bind_leg(leg, joint, inner)
                name = "" if target.anonymous else found.shown
                return self.total(body, inner, multiplied=multiplied, name=name)
            case StreamSet(target=target, body=body, op=op):
                for leg, joint in zip(target.legs, joints, strict=True):
                    self.bind_leg(leg, joint, inner)
                if op != "=":
                    before = Term((Tensor(Ref(target.name), target.legs),))
                    sign = -1 if op == "-=" else 1
                    rest = tuple(replace(t, coefficient=t.coefficient * sign) for t in body.terms)
                    body = Sum((before, *rest))
                return self.total(body, inner)
            case Call() as call:
                self.folded(call, found, joints, wires, inner)
        return None

    def bind_leg(self, leg: Wire | Group, joint: int, frame: Frame) -> None:
        """The left-hand side's leg lies on a joint; a group's members leave a fork."""
        if isinstance(leg, Wire):
            frame.env[leg] = joint
            return
        fork = self.builder.shape(Shape(0, "fork", outline="none", inside=frame.inside))
        self.builder.leg(fork, joint, group_wire(leg))
        for member in leg.members:
            if isinstance(member, Wire):
                self.builder.leg(fork, self.joint(frame, member), member)

    def folded(
        self,
        call: Call,
        found: Definition,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        station: int | None = None,
    ) -> int:
        """A call as a box: its arguments' lines come in, its result's go out."""
        net = frame.scope.program.net(call.net)
        composed = [call]
        while len(composed[-1].arguments) == 1:
            ref = composed[-1].arguments[0]
            argument = frame.scope.resolve(ref, found.versions)
            if argument is None or self.uses.counts[argument.key] != 1:
                break
            if not isinstance(argument.statement, Call) or argument.scope is not frame.scope:
                break
            composed.append(argument.statement)
        label = r" \circ ".join(names.math(c.name.rsplit(".", 1)[-1]) for c in composed)
        family = "norm" if is_norm(net) and len(composed) == 1 else "net"
        path = f"{frame.scope.path}.{call.name}" if frame.scope.path else call.name
        shape = Shape(
            0,
            "folded",
            label,
            path,
            outline="box",
            family="norm" if family == "norm" else "net",
            span=call.origin.span,
        )
        number = self.builder.shape(replace(shape, inside=frame.inside))
        inner = frame.scope.program.net(composed[-1].net)
        count = 0
        for ref, decl in zip(composed[-1].arguments, inner.inputs, strict=True):
            ends = tuple(self.builder.joint() for _ in decl.legs)
            argument_wires = tuple(_leg_wire(leg, leg.size) for leg in decl.legs)
            for joint, wire in zip(ends, argument_wires, strict=True):
                self.builder.leg(number, joint, wire)
            count += len(ends)
            argument = frame.scope.resolve(ref, found.versions)
            self.use(argument, Tensor(ref, argument_wires), ends, argument_wires, frame)
        self.builder.shapes[number] = replace(self.builder.shapes[number], inputs=count)
        for joint, wire in zip(joints, wires, strict=True):
            self.builder.leg(number, joint, wire)
        return number


# ---------------------------------------------------------------- helpers


def _flattened(body: Sum) -> tuple[Term, ...]:
    """The terms of a sum; a bracket without a name that is a whole term adds its own terms."""
    found: list[Term] = []
    for term in body.terms:
        match term:
            case Term(nodes=(Bracket(body=inner, name=""),), coefficient=1, summed=()):
                found.extend(_flattened(inner))
            case _:
                found.append(term)
    return tuple(found)


def _sole_bubble(node: Bubble) -> Bubble | None:
    """The bubble that is all a bubble holds."""
    body = node.body
    while len(body.terms) == 1 and body.terms[0].coefficient == 1 and len(body.terms[0].nodes) == 1:
        match body.terms[0].nodes[0]:
            case Bubble(name="") as inner:
                return inner
            case Bracket(name="", body=body):
                continue
            case _:
                return None
    return None


def _ends(function: str) -> bool:
    return function in FUNCTIONS and FUNCTIONS[function].legs == "ends"


def _function_label(scope: Scope, function: str) -> str:
    return next((f.label for f in scope.program.functions if f.name == function), "")


def _transposed(bind: Bind) -> Ref | None:
    """The matrix of which a binding is the transpose, under a name."""
    match bind.body.terms:
        case (Term(nodes=(Tensor(ref=ref, legs=(Wire() as a, Wire() as b), conj=False),), coefficient=1),):
            return ref if bind.target.legs == (b, a) and a != b else None
    return None


def _barred(label: str) -> str:
    base, mark, rest = label.partition("_")
    return r"\bar{" + base + "}" + mark + rest


def _raised(ix: Ix, frame: Frame) -> bool:
    """A fixed entry that is the variable of a written-out sum: written above the tensor's name."""
    return isinstance(ix, Entry) and isinstance(ix.at, LoopVar) and ix.at.name in frame.loops


def _leg_wire(leg: Leg | None, size: Size) -> Wire:
    """A wire for a leg that no wire of the IR lies on."""
    if leg is None:
        return Wire(new_id(), "", size)
    return Wire(new_id(), leg.name, leg.size, label=leg.label)


def group_wire(group: Group) -> Wire:
    """The thick wire of a group: its name lists the members, its size is their product."""
    parts = [m.text if isinstance(m, Wire) else show(m.at) for m in group.members]
    size: Size = 1
    for member in group.members:
        if isinstance(member, Wire):
            size = size_op("*", size, member.size)
    inside = r"\,".join(
        names.math(m.name, ",".join(map(str, m.subs)), m.label) if isinstance(m, Wire) else names.size(m.at)
        for m in group.members
    )
    return Wire(new_id(), "(" + " ".join(parts) + ")", size, label="$(" + inside + ")$")


def _ix_wire(ix: Ix) -> Wire:
    match ix:
        case Wire():
            return ix
        case Slice(wire=wire, stop=stop):
            return replace(wire, id=new_id(), size=stop)
        case Group():
            return group_wire(ix)
        case Entry():
            return Wire(new_id(), "", 1)


def _range_text(size: Size) -> str:
    return names.size(size) if not isinstance(size, SizeOp) else "(" + names.size(size) + ")"
