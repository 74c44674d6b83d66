"""Stations of a net that is drawn: where a value is used beside going on, and what is pasted from there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tnlang.draw.diagram import Block, Shape
from tnlang.draw.view import names
from tnlang.draw.view.build import Builder, StreamRecord, Undrawable
from tnlang.draw.view.emit import Emitter
from tnlang.draw.view.ends import enter
from tnlang.draw.view.running import Steps, steps_of
from tnlang.draw.view.shapes import tensor_roles
from tnlang.draw.view.turns import homes, read_apart
from tnlang.draw.view.values import Definition, Key, Scope, Versions
from tnlang.draw.view.wiring import Frame, leg_names, leg_wire, legs_of
from tnlang.ir.net import (
    Bind,
    Call,
    Decl,
    Output,
    Ref,
    StreamSet,
    Tensor,
    Term,
    Wire,
)


@dataclass(slots=True)
class Stream:
    """A stream while it is drawn: the joints that run now, by leg, and the record of its backbone."""

    wires: tuple[Wire, ...]
    joints: tuple[int, ...]
    record: StreamRecord = field(default_factory=StreamRecord)


class Stations:
    """A net while it is drawn: its streams, and the stations on them."""

    def __init__(self, scope: Scope, *, compose: bool, symbols: bool) -> None:
        self.scope = scope
        self.builder = Builder(symbols=symbols, styles=scope.opened.styles)
        roots: list[tuple[Ref, Versions]] = [(Ref(o.name, o.subs), scope.last) for o in scope.net.outputs]
        self.uses = scope.uses(roots)
        self._count_streams()
        self.emitter = Emitter(self.builder, self.uses, compose=compose, stations=True)
        self.apart = read_apart(scope, self.uses)
        self.homes = homes(scope)
        self.emitter.begin = dict.fromkeys(self.apart, self._begin)
        self.emitter.roles = tensor_roles(scope.program, scope.net)
        self.emitter.backbones = bool(scope.streams)
        self.streams: dict[str, Stream] = {}
        self.records: list[StreamRecord] = []
        self.shown: dict[Key, str] = {}
        self.pending: dict[str, Definition] = {}
        self.named: Counter[tuple[int, str]] = Counter()
        self.outputs = {found.key for o in scope.net.outputs if (found := self._plain(o)) is not None}
        self.given: dict[Key, tuple[int, ...]] = {}
        """The joints on which the last values of streams run on to be outputs."""

    def _plain(self, output: Output) -> Definition | None:
        """The value that an output is, seen through bindings of a value as it is."""
        found = self.scope.resolve(Ref(output.name, output.subs), self.scope.last)
        while found is not None and isinstance(found.statement, Bind):
            target = found.statement.target
            match found.statement.body.terms:
                case (Term(nodes=(Tensor(ref=ref, legs=legs, conj=False),), coefficient=1),) if (
                    legs == target.legs
                ):
                    found = found.scope.resolve(ref, found.versions)
                case _:
                    return found
        return found

    def _count_streams(self) -> None:
        """A later value of a stream reads the one before: that is the stream going on, no use of a copy.

        Nor is it one that a turn's last value begins the next turn.
        """
        for known in self.scope.streams.values():
            for definition in known:
                if definition.key in self.uses.counts and self._runs_on(definition) and _has_legs(definition):
                    before = self.scope.resolve(Ref(definition.key[1]), definition.versions)
                    if before is not None:
                        self.uses.counts[before.key] -= 1
        for begun, last in self.scope.round.items():
            self.uses.counts[last.key] -= begun in self.uses.counts

    def _input_station(self, found: Definition) -> None:
        decl = found.statement
        assert isinstance(decl, Decl)
        wires = tuple(leg_wire(leg, leg.size) for leg in decl.legs)
        joints = tuple(self.builder.joint() for _ in wires)
        record = StreamRecord()
        self.records.append(record)
        enter(self.emitter, self.scope, found, joints, wires)
        station = self._station(found, names.math(decl.name, label=decl.label), decl.name, joints, wires)
        self.uses.counts[found.key] = max(2, self.uses.counts[found.key])
        record.tracks.extend([joints, ()])
        record.stations.append(station)

    def _begin(self, found: Definition) -> None:
        """A value that is read in a plate and outside it: a backbone of one station, beside what reads it."""
        if self.apart[found.key]:
            raise Undrawable(
                f"{found.shown} is read in a repeat and in the one round it, and could stand in neither: "
                "assign it to a stream of its own"
            )
        turns, self.emitter.turns = self.emitter.turns, ()
        record, before = StreamRecord(), self.builder.made()
        wires = tuple(leg_wire(leg, leg.size) for leg in legs_of(found))
        joints = tuple(self.builder.joint() for _ in wires)
        if isinstance(found.statement, Decl):
            enter(self.emitter, self.scope, found, joints, wires)
        else:
            frame = Frame(found.scope, found.versions, {})
            self.emitter.definition(found, joints, wires, frame, whole=True)
        label = self.emitter.labels.get(found.key) or found.label
        station = self._station(found, label, found.key[1], joints, wires)
        record.tracks.extend([joints, ()])
        record.stations.append(station)
        members, enclosures = self.builder.made_since(before)
        record.blocks.append(Block(None, station, tuple(m for m in members if m != station), enclosures))
        self.records.insert(0, record)
        self.emitter.turns = turns

    def _steps(self, found: Definition) -> Steps | None:
        return steps_of(found, lambda value: self.uses.counts[value.key] == 1)

    def _maps(self, found: Definition) -> bool:
        """Whether a value is a matrix applied to the one before, whose only use that is."""
        statement = found.statement
        if not isinstance(statement, StreamSet) or statement.op != "=" or len(statement.target.legs) != 1:
            return False  # beside a track that passes it the matrix would not take the whole stream
        match statement.body.terms:
            case (Term(nodes=(Tensor() as one, Tensor() as two), coefficient=1),):
                pass
            case _:
                return False
        before = self.scope.resolve(Ref(statement.target.name), found.versions)
        for stream, matrix in ((one, two), (two, one)):
            applied = self.scope.resolve(matrix.ref, found.versions)
            ends = [*statement.target.legs, *stream.legs, *matrix.legs]
            if (
                before is not None
                and self.scope.resolve(stream.ref, found.versions) == before
                and self.uses.counts[before.key] == 1
                and applied is not None
                and isinstance(applied.statement, Decl)
                and applied.statement.kind != "input"
                and not (stream.conj or stream.ref.subs)
                and all(isinstance(leg, Wire) and ends.count(leg) == 2 for leg in ends)
                and [sum(leg in legs for leg in matrix.legs) for legs in (statement.target.legs, stream.legs)]
                == [1, 1]
                and len(matrix.legs) == 2
            ):
                return True
        return False

    def _copies(self, streams: tuple[str, ...]) -> None:
        """The stations of values of these streams that have none yet: what comes now may use them."""
        for name in streams:
            self._copy(self.pending.pop(name))

    def _copy(self, found: Definition) -> None:
        """A station where the stream's value is used beside going on."""
        stream = self.streams[found.key[1]]
        uses = self.uses.counts[found.key]
        goes_on = self._goes_on(found)
        if goes_on and found.key in self.emitter.station_of:
            return
        if uses == 0 or (uses == 1 and not goes_on and not self._turns(found)):
            if uses == 1:
                self._last_use(found, stream)
            return
        record = stream.record
        label = self._named(found, stream)
        station = self._station(found, label, found.key[1], stream.joints, stream.wires)
        record.stations.append(station)
        if goes_on or (found.key in self.outputs and not self._turns(found)):
            after = tuple(self.builder.joint() for _ in stream.wires)
            self.emitter.go_on(station, found, after, stream.wires)
            stream.joints = after
            record.tracks.append(after)
            if not goes_on:
                self.given[found.key] = after
        else:
            record.tracks.append(())

    def _named(self, found: Definition, stream: Stream) -> str:
        """What a station is called: values of one stream are told apart by primes."""
        if found.key in self.emitter.labels:
            return self.emitter.labels[found.key]
        shown = self.shown.get(found.key) or found.scope.called_too.get(found.key, found.key[1])
        index = self.named[id(stream.record), shown]
        self.named[id(stream.record), shown] += 1
        scope = found.scope
        return scope.math(shown, primes="'" * index) if index < 3 else scope.math(shown, f"({index})")

    def _next(self, found: Definition) -> Definition | None:
        """The stream's value after this one."""
        later = self.scope.streams[found.key[1]][found.key[3] + 1 :]
        return later[0] if later else None

    def _turns(self, found: Definition) -> bool:
        """Whether the next value is made anew and comes back to the backbone, from a station of this one."""
        after = self._next(found)
        return after is not None and self._comes_back(after) and not self._maps(after)

    def _comes_back(self, found: Definition) -> bool:
        """Whether a value that is made anew comes back to the backbone: one with a plate stays one."""
        return any(self.scope.repeats(known.statement) for known in self.scope.streams[found.key[1]])

    def _goes_on(self, found: Definition) -> bool:
        after = self._next(found)
        return after is not None and after.key in self.uses.counts and self._runs_on(after)

    def _ends_turn(self, found: Definition) -> bool:
        """Whether a value is the last of a turn, from which the stream goes on outside the repeat."""
        after, turns = self._next(found), self.homes[found.key]
        return after is not None and self.homes[after.key][: len(turns)] != turns

    def _runs_on(self, found: Definition) -> bool:
        """Whether an assignment takes the stream's value before on, rather than making another."""
        statement = found.statement
        return isinstance(statement, StreamSet) and (statement.op != "=" or self._steps(found) is not None)

    def _last_use(self, found: Definition, stream: Stream) -> None:
        """The stream's last value has one use: its wires simply run into it; a folded call stands on them."""
        self._run_into(found, stream)
        for definition in self.scope.table.values():
            call = definition.statement
            if not isinstance(call, Call) or definition.index or self.scope.opens(call):
                continue
            reads = [self.scope.resolve(ref, definition.versions) for ref in call.arguments]
            if len(reads) == 1 and reads[0] is not None and reads[0].key == found.key:
                result = call.results[0]
                if self.uses.counts[definition.key] != 1 or len(result.legs) != len(stream.joints):
                    return
                self._box(call, definition, stream)
                self._run_into(definition, stream)
                return

    def _box(self, call: Call, definition: Definition, stream: Stream) -> None:
        """A folded call stands on the stream: a station."""
        after = tuple(self.builder.joint() for _ in stream.joints)
        wires = tuple(w for w in call.results[0].legs if isinstance(w, Wire))
        frame = Frame(self.scope, definition.versions, {})
        box = self.emitter.folded(call, definition, after, wires, frame)
        stream.record.stations.append(box)
        stream.record.tracks.append(after)
        stream.joints, stream.wires = after, wires

    def _run_into(self, found: Definition, stream: Stream) -> None:
        """The stream's wires run into the one use of a value, or into its station where that has to be."""
        self.emitter.joints_running[found.key] = stream.joints
        self.emitter.halts[found.key] = lambda: self._halt(found, stream)

    def _halt(self, found: Definition, stream: Stream) -> None:
        """The stream's last station, where what is used is pasted."""
        label = self._named(found, stream)
        station = self._station(found, label, found.key[1], stream.joints, stream.wires)
        stream.record.stations.append(station)
        stream.record.tracks.append(())

    def _station(
        self, found: Definition, label: str, name: str, joints: tuple[int, ...], wires: tuple[Wire, ...]
    ) -> int:
        station = self._copy_shape(found, label, name)
        self.emitter.stands(found, station)
        for joint, wire, leg in zip(joints, wires, leg_names(found, len(joints)), strict=True):
            self.builder.leg(station, joint, wire, f"in.{leg}")
        return station

    def _copy_shape(self, found: Definition, label: str, name: str) -> int:
        self.emitter.labels[found.key] = label
        told = "(copy) " + self.scope.address(found, Ref(name)) + self.emitter.primes(found)
        shape = Shape(0, "copy", label, name, role="pasted", told=told, inputs=len(legs_of(found)))
        station = self.builder.shape(shape)
        self.builder.known_as(station, ("kind", "stream"))
        return station


def _has_legs(found: Definition) -> bool:
    """Whether a stream's value has tracks to run on; a number has none, and is drawn where it is used."""
    return isinstance(found.statement, StreamSet) and bool(found.statement.target.legs)
