"""A net that is drawn: its streams become backbones with stations, blocks and plates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tnlang.draw.diagram import Block, Diagram, Plate, Shape
from tnlang.draw.view import names
from tnlang.draw.view.build import Builder, StreamRecord, Undrawable
from tnlang.draw.view.emit import Emitter, is_taken_away, leg_names, legs_of
from tnlang.draw.view.ends import copied_input, enter, output_wires
from tnlang.draw.view.residual import as_stream
from tnlang.draw.view.running import Box, Plus, Steps, steps_of
from tnlang.draw.view.shapes import tensor_roles
from tnlang.draw.view.sums import apart, flattened
from tnlang.draw.view.turns import read_apart
from tnlang.draw.view.values import Definition, Key, Openings, Scope, Versions
from tnlang.draw.view.wiring import Frame, leg_wire
from tnlang.ir.net import (
    Call,
    Decl,
    Net,
    Output,
    Ref,
    Repeat,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.slots import dotted
from tnlang.ir.walk import walk


@dataclass(slots=True)
class _Stream:
    """A stream while it is drawn: the joints that run now, by leg, and the record of its backbone."""

    wires: tuple[Wire, ...]
    joints: tuple[int, ...]
    record: StreamRecord = field(default_factory=StreamRecord)


def net_diagram(program: Program, net: Net, openings: Openings, *, compose: bool, symbols: bool) -> Diagram:
    """The diagram of a whole net."""
    scope = Scope(program, as_stream(net), openings)
    return _NetDrawing(scope, compose=compose, symbols=symbols).draw()


def called_diagram(inner: Scope, legs: Sequence[Wire]) -> Diagram:
    """The diagram of a net that an expression calls, its result on the legs of the expression."""
    net, parent = as_stream(inner.net), inner.parent
    scope = Scope(inner.program, net, inner.opened, inner.path, parent, inner.call, inner.call_versions)
    return _NetDrawing(scope, compose=True, symbols=False, legs=legs).draw()


class _NetDrawing:
    """``legs`` are those of the one output, where the net is called by an expression."""

    def __init__(self, scope: Scope, *, compose: bool, symbols: bool, legs: Sequence[Wire] = ()) -> None:
        self.scope, self.legs = scope, legs
        self.builder = Builder(symbols=symbols, styles=scope.opened.styles)
        roots: list[tuple[Ref, Versions]] = [(Ref(o.name, o.subs), scope.last) for o in scope.net.outputs]
        self.uses = scope.uses(roots)
        self._count_streams()
        self.emitter = Emitter(self.builder, self.uses, compose=compose, stations=True)
        self.apart = read_apart(scope, self.uses)
        self.emitter.begin = dict.fromkeys(self.apart, self._begin)
        self.emitter.roles = tensor_roles(scope.program)
        self.streams: dict[str, _Stream] = {}
        self.records: list[StreamRecord] = []
        self.shown: dict[Key, str] = {}
        self.pending: dict[str, Definition] = {}
        self.named: Counter[tuple[int, str]] = Counter()

    def _count_streams(self) -> None:
        """A later value of a stream reads the one before: that is the stream going on, no use of a copy."""
        for known in self.scope.streams.values():
            for definition in known:
                if definition.key in self.uses.counts and self._runs_on(definition) and _has_legs(definition):
                    before = self.scope.resolve(Ref(definition.key[1]), definition.versions)
                    if before is not None:
                        self.uses.counts[before.key] -= 1

    def draw(self) -> Diagram:
        net = self.scope.net
        copied = copied_input(self.scope, self.uses)
        if self.scope.streams:
            self._statements(net.body)
            self._copies(tuple(self.pending))
        elif copied is not None:
            self._input_station(copied)
        before = self.builder.made()
        for order, output in enumerate(net.outputs):
            self._output(output, order)
        if copied is not None and not self.scope.streams:
            record = self.records[0]
            station = record.stations[0]
            members, enclosures = self.builder.made_since(before)
            record.blocks.append(Block(station, None, members, enclosures, ""))
        return self.builder.finish(tuple(record for record in self.records if record.stations))

    # ------------------------------------------------------------ inputs and outputs

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
            self.emitter.definition(found, joints, wires, Frame(found.scope, found.versions, {}))
        label = self.emitter.labels.get(found.key) or names.math(found.shown)
        station = self._station(found, label, found.key[1], joints, wires)
        record.tracks.extend([joints, ()])
        record.stations.append(station)
        members, enclosures = self.builder.made_since(before)
        record.blocks.append(Block(None, station, tuple(m for m in members if m != station), enclosures))
        self.records.insert(0, record)
        self.emitter.turns = turns

    def _output(self, output: Output, order: int) -> None:
        found = self.scope.resolve(Ref(output.name, output.subs), self.scope.last)
        wires = tuple(self.legs) or output_wires(self.scope, output)
        joints: tuple[int, ...] = tuple(self.builder.joint() for _ in wires)
        for position, (joint, wire, leg) in enumerate(zip(joints, wires, output.legs, strict=True)):
            told = wire.text if self.legs else f"{dotted(output.name, output.subs)}.{leg.name}"
            symbol = bool(self.legs)
            self.builder.open(joint, "output", 100 * order + position, wire, told, symbol=symbol)
        frame = Frame(self.scope, self.scope.last, dict(zip(wires, joints, strict=True)))
        if found is not None and self._is_running(found):
            stream = self.streams[found.key[1]]
            for joint, running in zip(joints, stream.joints, strict=True):
                self.builder.merge(running, joint)
            return
        node = Tensor(Ref(output.name, output.subs), wires)
        self.emitter.use(found, node, joints, wires, frame)

    def _is_running(self, found: Definition) -> bool:
        """Whether a value is a stream as it runs now and nothing else uses it."""
        return (
            isinstance(found.statement, StreamSet)
            and found.scope is self.scope
            and found.key[1] in self.streams
            and found.key not in self.emitter.station_of
        )

    # ------------------------------------------------------------ streams

    def _statements(self, body: tuple[Stmt, ...]) -> None:
        for statement in body:
            match statement:
                case StreamSet(target=target):
                    found = self._definition_of(statement)
                    if found.key not in self.uses.counts or not target.legs:
                        continue
                    if statement.opens or target.name not in self.streams:
                        self._open_stream(statement, found)
                    else:
                        self._add(statement, found)
                    self.pending[target.name] = found
                case Repeat(loop=loop, body=inner):
                    begun = self.scope.begun.get(id(statement), [])
                    self._copies(tuple(self.pending))
                    marks = {name: (s.record, len(s.record.stations)) for name, s in self.streams.items()}
                    begun = [v for v in begun if v.key[1] in self.streams and v.key in self.uses.counts]
                    self.pending |= {value.key[1]: value for value in begun}
                    turns = self.emitter.turns
                    self.emitter.turns = (*turns, *[id(statement)] * (id(statement) in self.scope.begun))
                    self._statements(inner)
                    self.emitter.turns = turns
                    count, told = names.turns_of(loop), names.loop(loop)
                    for name, (before, first) in marks.items():
                        record = self.streams[name].record
                        self._plate(record, record.stations[first if record is before else 0 :], count, told)
                    for name, opened in self.streams.items():
                        if name not in marks:
                            self._plate(opened.record, opened.record.stations, count, told)
                case _:
                    pass

    def _plate(self, record: StreamRecord, stations: list[int], count: str, told: str) -> None:
        """The plate round the stations that a repeat adds."""
        if stations and count != "1":
            record.plates.append(Plate(stations[0], stations[-1], count, told))

    def _definition_of(self, statement: StreamSet) -> Definition:
        known = self.scope.streams[statement.target.name]
        return next(d for d in known if d.statement is statement)

    def _open_stream(self, statement: StreamSet, found: Definition) -> None:
        wires = tuple(w for w in statement.target.legs if isinstance(w, Wire))
        record = StreamRecord()
        self.records.append(record)
        source = self._plain_input(statement, found)
        stream = _Stream(wires, tuple(self.builder.joint() for _ in wires), record)
        self.streams[statement.target.name] = stream
        if source is not None:
            enter(self.emitter, self.scope, source, stream.joints, wires)
            record.tracks.append(stream.joints)
            return
        before = self.builder.made()
        frame = Frame(self.scope, found.versions, {})
        if self.scope.repeats(statement):
            record.tracks.append(())
            self._anew(statement, found, stream, wires, None)
            return
        plus = self.emitter.assignment(statement, stream.joints, frame)
        if plus is None:
            record.tracks.append(stream.joints)
            return
        legs = self.builder.shapes[plus].legs
        brought = self.builder.first_term(plus)
        record.tracks.extend([tuple(legs[i] for i in brought), stream.joints])
        record.stations.append(plus)
        members, enclosures = self.builder.made_since(before)
        record.blocks.append(Block(None, plus, tuple(m for m in members if m != plus), enclosures))

    def _plain_input(self, statement: StreamSet, found: Definition) -> Definition | None:
        """The input that a stream starts from as it is: ``stream r = x``."""
        match statement.body.terms:
            case (term,) if term.coefficient == 1 and len(term.nodes) == 1:
                node = term.nodes[0]
                if isinstance(node, Tensor) and node.legs == statement.target.legs and not node.conj:
                    source = self.scope.resolve(node.ref, found.versions)
                    named = any(decl.name == node.ref.name for decl in self.scope.net.inputs)
                    if named and source is not None and isinstance(source.statement, Decl):
                        if self.uses.counts[source.key] > 1:
                            self._same(source.key, found.key)
                        return source
        return None

    def _same(self, source: Key, stream: Key) -> None:
        """Further uses of the input are uses of the stream's first value, which is the same."""
        self.uses.counts[stream] += self.uses.counts[source] - 1
        self.emitter.aliases[source] = stream
        self.shown[stream] = source[1]

    def _add(self, statement: StreamSet, found: Definition) -> None:
        stream = self.streams[statement.target.name]
        wires = tuple(w for w in statement.target.legs if isinstance(w, Wire))
        record = stream.record
        self._copies(tuple(self.pending))
        start = record.stations[-1] if record.stations else None
        if start is not None and self.builder.shapes[start].symbol != "copy":
            start = None
        if statement.op == "=":
            self._assign(statement, found, stream, wires, start)
            return
        body = statement.body
        if statement.op == "-=":
            body = replace(body, terms=tuple(replace(t, coefficient=-t.coefficient) for t in body.terms))
        for part in apart(body, wires):
            self._plus(statement, found, stream, wires, part, start)

    def _assign(
        self,
        statement: StreamSet,
        found: Definition,
        stream: _Stream,
        wires: tuple[Wire, ...],
        start: int | None,
    ) -> None:
        """``x = ln(x + f(x))`` runs on through its stations. Any other value begins a backbone of its own;
        in a repeat it comes back to the same one, so that the plate can be drawn."""
        steps = self._steps(found)
        if steps is None and self.scope.repeats(statement):
            if self._maps(found):
                self._map(statement, found, stream, wires)
            else:
                self._anew(statement, found, stream, wires, start)
            return
        if steps is None:
            joints = tuple(self.builder.joint() for _ in wires)
            self.emitter.assignment(statement, joints, Frame(self.scope, found.versions, {}))
            stream.record = StreamRecord()
            self.records.append(stream.record)
            stream.record.tracks.append(joints)
            stream.joints, stream.wires = joints, wires
            return
        for step in steps:
            match step:
                case Plus(rest=rest, wires=inner):
                    for part in apart(rest, inner):
                        self._plus(statement, found, stream, inner, part, start)
                case Box(call=call, result=result, argument=argument):
                    self.emitter.joints_running[argument.key] = stream.joints
                    self._box(call, result, stream)

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

    def _map(self, statement: StreamSet, found: Definition, stream: _Stream, wires: tuple[Wire, ...]) -> None:
        """A matrix on the stream: a station."""
        joints, before = tuple(self.builder.joint() for _ in wires), self.builder.made()
        self.emitter.assignment(statement, joints, Frame(self.scope, found.versions, {}))
        (matrix,), _ = self.builder.made_since(before)
        stream.record.stations.append(matrix)
        stream.record.tracks.append(joints)
        stream.joints, stream.wires = joints, wires

    def _anew(
        self,
        statement: StreamSet,
        found: Definition,
        stream: _Stream,
        wires: tuple[Wire, ...],
        start: int | None,
    ) -> None:
        """A station into which a value comes that is made anew, and from which the stream goes on."""
        record, before = stream.record, self.builder.made()
        label, legs = self._named(found, stream), leg_names(found, len(wires))
        joints, after = (tuple(self.builder.joint() for _ in wires) for _ in range(2))
        self.emitter.assignment(statement, joints, Frame(self.scope, found.versions, {}))
        station = self._copy_shape(found, label, found.key[1])
        for joint, wire, leg in zip(joints, wires, legs, strict=True):
            self.builder.leg(station, joint, wire, f"in.{leg}")
        self.emitter.go_on(station, found, after, wires)
        stream.joints, stream.wires = after, wires
        record.stations.append(station)
        record.tracks.append(after)
        members, enclosures = self.builder.made_since(before)
        members = tuple(m for m in members if m != station)
        record.blocks.append(Block(start, station, members, enclosures, self._label(statement.body)))

    def _steps(self, found: Definition) -> Steps | None:
        return steps_of(found, lambda value: self.uses.counts[value.key] == 1)

    def _box(self, call: Call, definition: Definition, stream: _Stream) -> None:
        """A folded call stands on the stream: a station."""
        after = tuple(self.builder.joint() for _ in stream.joints)
        wires = tuple(w for w in call.results[0].legs if isinstance(w, Wire))
        frame = Frame(self.scope, definition.versions, {})
        box = self.emitter.folded(call, definition, after, wires, frame)
        stream.record.stations.append(box)
        stream.record.tracks.append(after)
        stream.joints, stream.wires = after, wires

    def _plus(
        self,
        statement: StreamSet,
        found: Definition,
        stream: _Stream,
        wires: tuple[Wire, ...],
        body: Sum,
        start: int | None,
    ) -> None:
        """A station at which something is added to the stream."""
        record, before = stream.record, self.builder.made()
        span = statement.origin.span
        plus = self.builder.shape(Shape(0, "plus", "+", role="add", told="(sum)", span=span))
        after = tuple(self.builder.joint() for _ in wires)
        legs = zip(stream.joints, wires, strict=True)
        came = [self.builder.leg(plus, joint, w, f"1.{w.text}") for joint, w in legs]
        self.builder.term(plus, tuple(came))
        env = {wire: self.builder.joint() for wire in wires}
        terms = flattened(body)
        second = "-2" if len(terms) == 1 and is_taken_away(terms[0]) else "2"
        brought = [self.builder.leg(plus, env[w], w, f"{second}.{w.text}") for w in wires]
        self.builder.term(plus, tuple(brought))
        for joint, wire in zip(after, wires, strict=True):
            self.builder.leg(plus, joint, wire)
        frame = Frame(self.scope, found.versions, env)
        match terms:
            case (term,):
                self.emitter.added(term, frame, wires, plus, brought[0])
            case _:
                self.emitter.total(body, frame)
        stream.joints, stream.wires = after, wires
        record.stations.append(plus)
        record.tracks.append(after)
        members, enclosures = self.builder.made_since(before)
        members = tuple(m for m in members if m != plus)
        record.blocks.append(Block(start, plus, members, enclosures, self._label(body)))

    def _label(self, body: Sum) -> str:
        """The word beside the backbone: the net whose result is added."""
        for ref in (node.ref for node in walk(body) if isinstance(node, Tensor)):
            found = self.scope.table.get((ref.name, ref.subs))
            if found is not None and isinstance(found.statement, Call):
                return names.word(found.statement.name)
        return ""

    def _copies(self, streams: tuple[str, ...]) -> None:
        """The stations of values of these streams that have none yet: what comes now may use them."""
        for name in streams:
            self._copy(self.pending.pop(name))

    def _copy(self, found: Definition) -> None:
        """A station where the stream's value is used beside going on."""
        stream = self.streams[found.key[1]]
        uses = self.uses.counts[found.key]
        goes_on = self._goes_on(found)
        if uses == 0 or (uses == 1 and not goes_on and not self._turns(found)):
            if uses == 1:
                self._last_use(found, stream)
            return
        record = stream.record
        label = self._named(found, stream)
        station = self._station(found, label, found.key[1], stream.joints, stream.wires)
        record.stations.append(station)
        if goes_on:
            after = tuple(self.builder.joint() for _ in stream.wires)
            self.emitter.go_on(station, found, after, stream.wires)
            stream.joints = after
            record.tracks.append(after)
        else:
            record.tracks.append(())

    def _named(self, found: Definition, stream: _Stream) -> str:
        """What a station is called: values of one stream are told apart by primes."""
        if found.key in self.emitter.labels:
            return self.emitter.labels[found.key]
        shown = self.shown.get(found.key, found.key[1])
        index = self.named[id(stream.record), shown]
        self.named[id(stream.record), shown] += 1
        return names.math(shown + "'" * index) if index < 3 else names.math(shown, f"({index})")

    def _next(self, found: Definition) -> Definition | None:
        """The stream's value after this one."""
        later = self.scope.streams[found.key[1]][found.key[3] + 1 :]
        return later[0] if later else None

    def _turns(self, found: Definition) -> bool:
        """Whether the next value is made anew in a repeat, from a station of this one."""
        after = self._next(found)
        return after is not None and self.scope.repeats(after.statement) and not self._maps(after)

    def _goes_on(self, found: Definition) -> bool:
        after = self._next(found)
        return after is not None and self._runs_on(after)

    def _runs_on(self, found: Definition) -> bool:
        """Whether an assignment takes the stream's value before on, rather than making another."""
        statement = found.statement
        return isinstance(statement, StreamSet) and (statement.op != "=" or self._steps(found) is not None)

    def _last_use(self, found: Definition, stream: _Stream) -> None:
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

    def _run_into(self, found: Definition, stream: _Stream) -> None:
        """The stream's wires run into the one use of a value, or into its station where that has to be."""
        self.emitter.joints_running[found.key] = stream.joints
        self.emitter.halts[found.key] = lambda: self._halt(found, stream)

    def _halt(self, found: Definition, stream: _Stream) -> None:
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
        told = "(copy) " + self.scope.address(found, Ref(name))
        inputs = len(found.statement.target.legs) if isinstance(found.statement, StreamSet) else 0
        shape = Shape(0, "copy", label, name, role="pasted", told=told, inputs=inputs)
        station = self.builder.shape(shape)
        self.builder.known_as(station, ("kind", "stream"))
        self.emitter.labels[found.key] = label
        return station


def _has_legs(found: Definition) -> bool:
    """Whether a stream's value has tracks to run on; a number has none, and is drawn where it is used."""
    return isinstance(found.statement, StreamSet) and bool(found.statement.target.legs)
