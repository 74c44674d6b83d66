"""Assignments of streams: what is added, applied or made anew, and where a stream begins."""

from __future__ import annotations

from dataclasses import replace

from tnlang.draw.diagram import Block, Shape
from tnlang.draw.view import names
from tnlang.draw.view.build import StreamRecord
from tnlang.draw.view.emit import is_taken_away
from tnlang.draw.view.ends import enter
from tnlang.draw.view.running import Box, Plus
from tnlang.draw.view.stations import Stations, Stream
from tnlang.draw.view.sums import apart, flattened
from tnlang.draw.view.values import Definition, Key
from tnlang.draw.view.wiring import Frame, leg_names
from tnlang.ir.net import (
    Call,
    Decl,
    StreamSet,
    Sum,
    Tensor,
    Wire,
)
from tnlang.ir.walk import walk


class Assignments(Stations):
    """Draws what a statement does to a stream."""

    def _open_stream(self, statement: StreamSet, found: Definition) -> None:
        wires = tuple(w for w in statement.target.legs if isinstance(w, Wire))
        record = StreamRecord()
        self.records.append(record)
        source = self._plain_input(statement, found)
        stream = Stream(wires, tuple(self.builder.joint() for _ in wires), record)
        self.streams[statement.target.name] = stream
        if source is not None:
            enter(self.emitter, self.scope, source, stream.joints, wires)
            record.tracks.append(stream.joints)
            return
        self._copies(tuple(n for n in self.pending if n != statement.target.name))
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
                    runs = source is not None and source.key in self.emitter.aliases
                    if named and source is not None and isinstance(source.statement, Decl) and not runs:
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
        stream: Stream,
        wires: tuple[Wire, ...],
        start: int | None,
    ) -> None:
        """``x = ln(x + f(x))`` runs on through its stations. Any other value begins a backbone of its own;
        that of a stream with a repeat comes back to the same one, so that the plate can be drawn."""
        steps = self._steps(found)
        if steps is None and self._comes_back(found):
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

    def _map(self, statement: StreamSet, found: Definition, stream: Stream, wires: tuple[Wire, ...]) -> None:
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
        stream: Stream,
        wires: tuple[Wire, ...],
        start: int | None,
    ) -> None:
        """A station into which a value comes that is made anew, and from which the stream goes on."""
        record, before = stream.record, self.builder.made()
        label, legs = self._named(found, stream), leg_names(found, len(wires))
        joints, after = (tuple(self.builder.joint() for _ in wires) for _ in range(2))
        self.emitter.assignment(statement, joints, Frame(self.scope, found.versions, {}))
        station = self._copy_shape(found, label, found.key[1])
        if self._goes_on(found) and not self._ends_turn(found):
            self.emitter.stands(found, station)
        for joint, wire, leg in zip(joints, wires, legs, strict=True):
            self.builder.leg(station, joint, wire, f"in.{leg}")
        self.emitter.go_on(station, found, after, wires)
        stream.joints, stream.wires = after, wires
        record.stations.append(station)
        record.tracks.append(after)
        members, enclosures = self.builder.made_since(before)
        members = tuple(m for m in members if m != station)
        record.blocks.append(Block(start, station, members, enclosures, self._label(statement.body)))

    def _plus(
        self,
        statement: StreamSet,
        found: Definition,
        stream: Stream,
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
