"""From expressions to shapes: every node of the IR becomes a shape, an enclosure or a wire of a Builder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tnlang.draw.diagram import Ribbon, Role, Shape
from tnlang.draw.view import names, scalars
from tnlang.draw.view.build import Builder, Undrawable
from tnlang.draw.view.shapes import barred, column_of, declared, name_of
from tnlang.draw.view.sums import assigned, ends_legs, falls_apart, flattened, function_label, sole_bubble
from tnlang.draw.view.turns import Turns
from tnlang.draw.view.values import Definition, Key, Uses, is_norm
from tnlang.draw.view.wiring import Frame, Wiring, group_wire, ix_wire, leg_wire, raised_entry
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Bubble,
    Call,
    Decl,
    Entry,
    Frozen,
    Leg,
    Node,
    Number,
    Ref,
    SizeNumber,
    Special,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.size import show
from tnlang.ir.walk import free_wires, new_id
from tnlang.source import Span


class Emitter(Wiring):
    """Draws expressions into a builder. ``compose`` writes nested functions in one badge."""

    def __init__(self, builder: Builder, uses: Uses, *, compose: bool, stations: bool) -> None:
        super().__init__(builder)
        self.uses = uses
        self.compose = compose
        self.stations = stations
        self.station_of: dict[Key, int] = {}
        self.aliases: dict[Key, Key] = {}
        self.joints_running: dict[Key, tuple[int, ...]] = {}
        self.halts: dict[Key, Callable[[], None]] = {}
        self.wired: set[Key] = set()
        self.turns: Turns = ()
        """The repeats round what is drawn now."""
        self.turns_of: dict[Key, Turns] = {}
        """The repeats that a value's station stands in."""
        self.by_turn: Mapping[Key, str] = {}
        """Values of streams that are drawn by name, with what stands above it."""
        self.begin: dict[Key, Callable[[Definition], None]] = {}
        """What puts a value's station where its first use cannot have it."""
        self.labels: dict[Key, str] = {}
        self.roles: Mapping[str, Role] = {}

    # ------------------------------------------------------------ sums and terms

    def total(
        self, body: Sum, frame: Frame, *, multiplied: bool = False, name: str = "", span: Span | None = None
    ) -> int | None:
        """Draw a sum whose kept wires have joints in the frame. Returns its plus, if it has one.

        A sum that is ``multiplied`` on, or has a name, gets a bracket; a single term is drawn as it stands.
        """
        terms = flattened(body)
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
            Shape(0, "plus", "+", role="add", inside=frame.inside, told="(sum)", span=body.origin.span)
        )
        for place, (term, wires) in enumerate(zip(terms, kept, strict=True), 1):
            env = dict(frame.env)
            brought = []
            for wire in shared:
                if wire in wires:
                    env[wire] = self.builder.joint()
                    name = f"{'-' * is_taken_away(term)}{place}.{wire.text}"
                    brought.append(self.builder.leg(plus, env[wire], wire, name))
            inner = replace(frame, env=env)
            if brought:
                less = len(wires) < max(map(len, kept))
                self.added(term, inner, wires, plus, brought[0], bias=less)
            else:
                brought.append(self._number_term(term, inner, plus, place))
            self.builder.term(plus, tuple(brought))
        for wire in shared:
            self.builder.leg(plus, frame.env[wire], wire)
        return plus

    def added(
        self, term: Term, frame: Frame, wires: Sequence[Wire], plus: int, leg: int, *, bias: bool = False
    ) -> None:
        """Draw a term of a plus, whose first leg it takes is ``leg``.

        What is taken away has a minus at its line. An outline holds a term with a factor that no wire ties to
        it, or with a big sum, so that one sees how far they reach.
        """
        if is_taken_away(term):
            self.builder.subtracted.add((plus, leg))
            term = replace(term, coefficient=1)
        frame = replace(frame, solid=True)
        if falls_apart(term, wires) or any(isinstance(node, BigSum) for node in term.nodes):
            span = term.origin.span
            frame = replace(frame, inside=self.builder.enclosure("bracket", "", frame.inside, span=span))
        self.term(term, frame, bias=bias)

    def _number_term(self, term: Term, frame: Frame, plus: int, place: int) -> int:
        """A term without legs in a sum: a line of size 1 ties it to the plus."""
        wire = Wire(new_id(), "", 1)
        joint = self.builder.joint()
        if all(map(scalars.is_scalar, term.nodes)):
            text = scalars.product(term.nodes, term.coefficient) or "1"
            told = scalars.told(term.nodes, term.coefficient)
            shape = self.builder.shape(Shape(0, "text", text, outline="none", inside=frame.inside, told=told))
        else:
            before = set(self.builder.shapes)
            self.term(term, frame)
            made = [n for n in self.builder.shapes if n not in before]
            one = Shape(0, "text", "1", inside=frame.inside, told="(number 1)")
            shape = made[0] if made else self.builder.shape(one)
        self.builder.leg(shape, joint, wire, "1")
        return self.builder.leg(plus, joint, wire, f"{place}.1")

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
            text = Shape(0, "text", formula or "1", outline="none", inside=frame.inside)
            told = scalars.told(closed, term.coefficient)
            self.builder.shape(replace(text, told=told, span=term.origin.span))
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
            inner = sole_bubble(chain[-1])
            if inner is None or ends_legs(chain[-1].function) or ends_legs(inner.function):
                break
            chain.append(inner)
        for bubble in chain:
            badges.append(names.badge(bubble, function_label(scope, bubble.function)))
            if names.options(bubble):
                options.append(names.options(bubble))
        number = self.builder.enclosure(
            names.family(node.function),
            r" \circ ".join(badges),
            frame.inside,
            name=node.name,
            options=r",\ ".join(options),
            told=" of ".join(map(names.function, chain)),
            span=node.origin.span,
        )
        for bubble in chain:
            self.builder.known_as(number, ("function", bubble.function), ("", bubble.name))
        env = dict(frame.env)
        ends = ends_legs(node.function)
        for gate in dict.fromkeys(gate for bubble in chain for gate in bubble.gates):
            if ends:
                env[gate] = self.builder.joint()
                self.builder.end_at_wall(number, env[gate], gate)
            else:
                self.builder.gate(number, self.joint(frame, gate), gate.text)
                env[gate] = frame.env[gate]
        self._halt(chain[-1].body, frame)
        self.total(chain[-1].body, replace(frame, env=env, inside=number))

    def _halt(self, body: Sum, frame: Frame) -> None:
        """A running stream that is all a bubble holds stops at a station: a bubble cannot hold mere wires."""
        match body.terms:
            case (Term(nodes=(Tensor() as node,)),):
                found = frame.scope.resolve(node.ref, frame.versions)
                if found is not None and found.key in self.halts:
                    self.joints_running.pop(found.key, None)
                    self.halts.pop(found.key)()

    def big_sum(self, node: BigSum, frame: Frame, *, multiplied: bool) -> None:
        """Σ left of its term; in a bracket where more is multiplied on."""
        if multiplied:
            inside = self.builder.enclosure("bracket", "", frame.inside, span=node.origin.span)
            frame = replace(frame, inside=inside)
        self.builder.shape(
            Shape(
                0,
                "sigma",
                names.big_sign(node.loops),
                outline="none",
                inside=frame.inside,
                told=names.loops(node.loops),
                span=node.origin.span,
            )
        )
        loops = frame.loops | {loop.var for loop in node.loops}
        self.total(node.body, replace(frame, loops=loops))

    # ------------------------------------------------------------ values

    def tensor(self, node: Tensor, frame: Frame, *, multiplied: bool, bias: bool = False) -> None:
        """A use of a value: its shape, its definition in place, or a copy of what is drawn elsewhere."""
        found = frame.scope.resolve(node.ref, frame.versions)
        legs = legs_of(found)
        joints = tuple(
            self.leg_joint(ix, frame, legs[i] if i < len(legs) else None)
            for i, ix in enumerate(node.legs)
            if not raised_entry(ix, frame)
        )
        wires = tuple(ix_wire(ix) for ix in node.legs if not raised_entry(ix, frame))
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
        bias: bool = False,
        raised: list[str] | None = None,
        called: tuple[str, ...] | None = None,
        entries: str = "",
    ) -> None:
        """Draw a use of a value with its legs on joints.

        ``raised`` and ``entries`` are the fixed entries that stand above its name; ``called`` are the names
        of the legs that are left, all of them where it is not given.
        """
        span = node.origin.span
        called = called if called is not None else leg_names(found, len(joints))
        told = frame.scope.address(found, node.ref) + ", conjugated" * node.conj + entries
        of_decl = found is not None and isinstance(found.statement, Decl)
        column = raised if raised and of_decl and len(joints) <= 1 else []
        above = ",".join([*map(names.size, node.ref.subs), *(raised or [])[len(column) :]])
        picked = bool(raised) and found is not None and not isinstance(found.statement, Decl | Frozen)
        named = found is None or found.is_derived or (found.scope.by_name and found.has_name)
        turn = self.by_turn.get(found.key) if found is not None else None
        if found is None or named or picked or turn is not None:
            label, role = name_of(found, node.ref, ",".join(filter(None, (turn, above))), self.roles)
            told += f"{{{turn}}}" if turn else ""
            shape = Shape(0, "tensor", label, node.ref.name, role=role, conj=node.conj, told=told)
            self.put(shape, joints, wires, frame, span, called)
            return
        if found.key in self.aliases:
            found = replace(found, key=self.aliases[found.key])
        if found.key in self.joints_running:
            for joint, running in zip(joints, self.joints_running.pop(found.key), strict=True):
                self.builder.merge(running, joint)
            return
        count = self.uses.counts[found.key]
        statement = found.statement
        several = (count > 1 or found.key in self.station_of or found.key in self.begin) and bool(joints)
        if isinstance(statement, Decl) and several and not raised and self._is_copied(found, statement):
            self._begin(found)
            self.copied(found, joints, wires, frame, span, told, node.conj)
        elif isinstance(statement, Decl) and self.hides(found):
            self.enter(statement, joints, named=False)
        elif isinstance(statement, Decl):
            shape = declared(found, statement, node, above, bias=bias, uses=self.uses, roles=self.roles)
            if column:
                shape = column_of(shape, column, len(joints))
            self.own(replace(shape, told=told), statement, joints, wires, frame, span, called)
        elif isinstance(statement, Frozen):
            label = names.math(found.shown, above)
            shape = Shape(
                0, "tensor", label, found.shown, role="pattern", frozen=True, tied=count > 1, conj=node.conj
            )
            self.put(replace(shape, told=told), joints, wires, frame, span, called)
        elif several:
            self._begin(found)
            self.define(found, wires)
            self.copied(found, joints, wires, frame, span, told, node.conj)
        else:
            if node.conj:
                badge = names.badge(Bubble("conj", Sum(())))
                inside = self.builder.enclosure("elementwise", badge, frame.inside, told="conj")
                frame = replace(frame, inside=inside)
            self.definition(found, joints, wires, frame, multiplied=multiplied)

    def own(
        self,
        shape: Shape,
        decl: Decl,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        span: Span,
        called: tuple[str, ...],
    ) -> None:
        """A declared value as a shape, a strip across its one-hot legs; styles may speak of its kind."""
        number = self.put(shape, self.strips(decl, joints, wires, frame), wires, frame, span, called)
        self.builder.known_as(number, ("kind", decl.kind))
        for known in decl.properties:
            self.builder.known_as(number, ("property", known.name))

    def _is_copied(self, found: Definition, decl: Decl) -> bool:
        """Whether several uses of a declared value come from one station."""
        return decl.kind == "input" or found.key in self.station_of

    def hides(self, found: Definition) -> bool:
        """Whether a declared value is left out: used once, it leaves free ends where it comes in."""
        return found.shown in found.scope.opened.hide and self.uses.counts[found.key] == 1

    def enter(self, decl: Decl, joints: tuple[int, ...], *, named: bool) -> None:
        """The joints begin at free ends, one for each leg of the value that comes in there."""
        for order, (joint, leg) in enumerate(zip(joints, decl.legs, strict=True)):
            wire = leg_wire(leg, leg.size) if named else Wire(new_id(), "", leg.size)
            told = f"in {decl.name}.{leg.name}"
            self.builder.open(joint, "input", order, wire, told, symbol=not named)

    def copied(
        self,
        found: Definition,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        span: Span,
        told: str,
        conj: bool,
    ) -> None:
        """A use of a value that has several: by wires from its station, or as a pasted disc on a ribbon."""
        label = self.labels.get(found.key) or names.math(found.shown)
        station = self.station_of.get(found.key)
        here = station is None or self.turns_of[found.key] == self.turns
        wired = frame.inside is None and here and found.key not in self.wired and not conj
        if wired and (self.stations or station is not None):
            self.wired.add(found.key)
            if station is None:
                shape = Shape(0, "copy", label, found.shown, role="pasted", told=f"(copy) {told}")
                station = self.builder.shape(replace(shape, inside=frame.inside, span=span))
                self.stands(found, station)
            self.go_on(station, found, joints, wires)
            return
        if conj:
            label = barred(label)
        told = f"(again) {told}" if station is not None else told
        shape = Shape(0, "paste", label, found.shown, role="pasted", conj=conj, told=told)
        paste = self.put(shape, joints, wires, frame, span, leg_names(found, len(joints)))
        if station is not None:
            self.builder.ribbons.append(Ribbon(station, paste))

    def stands(self, found: Definition, station: int) -> None:
        """A value has its station here."""
        self.station_of[found.key] = station
        self.turns_of[found.key] = self.turns

    def go_on(
        self, station: int, found: Definition, joints: tuple[int, ...], wires: tuple[Wire, ...]
    ) -> None:
        """The lines of one more use go on from a station."""
        before = self.builder.shapes[station].leg_names
        use = 1 + len({name.partition(".")[0] for name in before} - {"in"})
        for joint, wire, name in zip(joints, wires, leg_names(found, len(joints)), strict=True):
            self.builder.leg(station, joint, wire, f"out{use}.{name}")

    def _begin(self, found: Definition) -> None:
        if found.key in self.begin:
            self.begin.pop(found.key)(found)

    def define(self, found: Definition, wires: tuple[Wire, ...]) -> None:
        """Draw a value that is used several times, once, and put its station there."""
        if found.key in self.station_of:
            return
        joints = tuple(self.builder.joint() for _ in wires)
        frame = Frame(found.scope, found.versions, {}, None)
        label = self.labels.get(found.key) or names.math(found.shown)
        told = "(copy) " + found.scope.address(found, Ref(found.key[1]))
        station = self.builder.shape(Shape(0, "copy", label, found.shown, role="pasted", told=told))
        self.stands(found, station)
        self.definition(found, joints, wires, frame)
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
    ) -> int | None:
        """Draw what makes a value, its legs on the given joints. Returns the plus of a sum."""
        inner = Frame(found.scope, found.versions, {}, frame.inside, frame.loops)
        match found.statement:
            case Bind(target=target, body=body):
                for leg, joint in zip(target.legs, joints, strict=True):
                    self.bind_leg(leg, joint, inner)
                name = "" if target.anonymous else found.shown
                return self.total(body, inner, multiplied=multiplied, name=name)
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

    def assignment(self, statement: StreamSet, joints: tuple[int, ...], frame: Frame) -> int | None:
        """Draw what is assigned to a stream, its legs on the given joints. Returns the plus of a sum."""
        for leg, joint in zip(statement.target.legs, joints, strict=True):
            self.bind_leg(leg, joint, frame)
        return self.total(assigned(statement), frame)

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
            told="(box) " + " of ".join(frame.scope.owner(c).removesuffix(".") for c in composed),
            span=call.origin.span,
        )
        number = self.builder.shape(replace(shape, inside=frame.inside))
        self.builder.known_as(number, *(("", name) for c in composed for name in (c.name, c.net)))
        inner = frame.scope.program.net(composed[-1].net)
        count = 0
        for ref, decl in zip(composed[-1].arguments, inner.inputs, strict=True):
            ends = tuple(self.builder.joint() for _ in decl.legs)
            argument_wires = tuple(leg_wire(leg, leg.size) for leg in decl.legs)
            for joint, wire, leg in zip(ends, argument_wires, decl.legs, strict=True):
                self.builder.leg(number, joint, wire, f"in {decl.name}.{leg.name}")
            count += len(ends)
            argument = frame.scope.resolve(ref, found.versions)
            self.use(argument, Tensor(ref, argument_wires), ends, argument_wires, frame)
        self.builder.shapes[number] = replace(self.builder.shapes[number], inputs=count)
        output = net.outputs[found.index]
        for joint, wire, leg in zip(joints, wires, output.legs, strict=True):
            self.builder.leg(number, joint, wire, f"out {output.name}.{leg.name}")
        return number


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


def is_taken_away(term: Term) -> bool:
    """Whether a term is drawn with a minus at its line."""
    return term.coefficient == -1 and not any(map(scalars.is_scalar, term.nodes))


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
