"""A net that is drawn: its streams become backbones with stations, blocks and plates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tnlang.draw.diagram import Block, Diagram, Plate, Shape
from tnlang.draw.view import names
from tnlang.draw.view.assignments import Assignments
from tnlang.draw.view.build import StreamRecord
from tnlang.draw.view.ends import copied_input, output_wires
from tnlang.draw.view.finish import finish
from tnlang.draw.view.openings import Openings
from tnlang.draw.view.parted import Between, Turn
from tnlang.draw.view.values import Definition, Scope
from tnlang.draw.view.wiring import Frame
from tnlang.draw.view.within import Within, drawn_net
from tnlang.ir.net import (
    Net,
    Output,
    Ref,
    Repeat,
    Stmt,
    StreamSet,
    Tensor,
    Wire,
)
from tnlang.ir.program import Program
from tnlang.ir.slots import dotted
from tnlang.ir.walk import statements


def net_diagram(
    program: Program, net: Net, openings: Openings, *, compose: bool, symbols: bool, ends: bool = False
) -> Diagram:
    """The diagram of a whole net; with ``ends`` its free ends are named by their wires, as terms are."""
    scope = Scope(program, drawn_net(program, net, openings), openings)
    return _NetDrawing(scope, compose=compose, symbols=symbols, ends=ends).draw()


def called_diagram(inner: Scope, legs: Sequence[Wire]) -> Diagram:
    """The diagram of a net that an expression calls, its result on the legs of the expression."""
    net, parent = drawn_net(inner.program, inner.net, inner.opened, inner.path), inner.parent
    scope = Scope(inner.program, net, inner.opened, inner.path, parent, inner.call, inner.call_versions)
    return _NetDrawing(scope, compose=True, symbols=False, legs=legs).draw()


class _NetDrawing(Assignments):
    """``legs`` are those of the one output, where the net is called by an expression."""

    def __init__(
        self,
        scope: Scope,
        *,
        compose: bool,
        symbols: bool,
        legs: Sequence[Wire] = (),
        ends: bool = False,
    ) -> None:
        super().__init__(scope, compose=compose, symbols=symbols)
        self.legs, self.ends = legs, ends

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
            self._output(output, order, len(net.outputs) > 1)
        if copied is not None and not self.scope.streams:
            record = self.records[0]
            station = record.stations[0]
            members, enclosures = self.builder.made_since(before)
            record.blocks.append(Block(station, None, members, enclosures, ""))
        return finish(self.builder, [record for record in self.records if record.stations])

    def _output(self, output: Output, order: int, of_several: bool) -> None:
        """The ends of an output: each with its name where there are others, lest they be taken for one.

        A number among several has no end: an outline with its name tells what it is made of.
        """
        found = self.scope.resolve(Ref(output.name, output.subs), self.scope.last)
        wires = tuple(self.legs) or output_wires(self.scope, output)
        joints: tuple[int, ...] = tuple(self.builder.joint() for _ in wires)
        of = names.math(output.name, ",".join(map(str, output.subs))) * (of_several and not self.legs)
        for position, (joint, wire, leg) in enumerate(zip(joints, wires, output.legs, strict=True)):
            told = wire.text if self.legs else f"{dotted(output.name, output.subs)}.{leg.name}"
            symbol = self.ends or bool(self.legs)
            self.builder.open(joint, "output", 100 * order + position, wire, told, symbol=symbol, of=of)
        frame = Frame(self.scope, self.scope.last, dict(zip(wires, joints, strict=True)))
        if of and not wires:
            name = dotted(output.name, output.subs)
            frame = replace(frame, inside=self.builder.enclosure("bracket", of, None, name=name))
        if found is not None and self._is_running(found):
            stream = self.streams[found.key[1]]
            for joint, running in zip(joints, stream.joints, strict=True):
                self.builder.merge(running, joint)
            return
        plain = self._plain(output)
        if plain is not None and plain.key in self.given:
            for joint, running in zip(joints, self.given.pop(plain.key), strict=True):
                self.builder.merge(running, joint)
            return
        node = Tensor(Ref(output.name, output.subs), wires)
        self.emitter.use(found, node, joints, wires, frame, whole=of_several and bool(wires))

    def _is_running(self, found: Definition) -> bool:
        """Whether a value is a stream as it runs now and nothing else uses it."""
        return (
            isinstance(found.statement, StreamSet)
            and found.scope is self.scope
            and found.key[1] in self.streams
            and found.key not in self.emitter.station_of
        )

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
                case Between(loop=loop, body=inner):
                    assigned = {s.target.name for s in statements(inner) if isinstance(s, StreamSet)}
                    self._between([name for name in self.streams if name in assigned], names.loop(loop))
                case Within(body=inner):
                    self._statements(inner)
                case Repeat(loop=loop, body=inner):
                    self._copies(tuple(self.pending))
                    marks = {name: (s.record, len(s.record.stations)) for name, s in self.streams.items()}
                    self.pending |= self._drawn(self.scope.begun.get(id(statement), []))
                    turns = self.emitter.turns
                    self.emitter.turns = (*turns, *[id(statement)] * (id(statement) in self.scope.begun))
                    self._statements(inner)
                    ended = self._drawn(self.scope.ended.get(id(statement), []))
                    self._copies(tuple(name for name in ended if name in self.pending))
                    self.pending |= ended
                    self.emitter.turns = turns
                    label = names.turn(loop) if isinstance(statement, Turn) else names.times(loop)
                    told = names.loop(loop)
                    plates = {name: self._stations(name, marks.get(name)) for name in self.streams}
                    self._plates({name: found for name, found in plates.items() if found}, label, told)
                    for name, value in ended.items():
                        if not self.uses.counts[value.key] and not self._goes_on(value):
                            self._halt(self.pending.pop(name), self.streams[name])
                case _:
                    pass

    def _drawn(self, values: Iterable[Definition]) -> dict[str, Definition]:
        """Those of some values of streams that the picture has."""
        drawn = (v for v in values if v.key[1] in self.streams and v.key in self.uses.counts)
        return {value.key[1]: value for value in drawn}

    def _stations(self, name: str, before: tuple[StreamRecord, int] | None) -> list[int]:
        """The stations of a stream that a repeat adds; ``before`` are its backbone and their number then."""
        record = self.streams[name].record
        return record.stations[before[1] if before is not None and record is before[0] else 0 :]

    def _plates(self, stations: Mapping[str, list[int]], label: str, told: str) -> None:
        """The plate round the stations that a repeat of several turns adds: streams in it stand abreast."""
        if not label:
            return
        tied = [self.streams[name].record for name in stations]
        known = (plate.repeat for record in self.records for plate in record.plates)
        number = 1 + max(known, default=0)
        for name, found in stations.items():
            self.streams[name].record.plates.append(Plate(found[0], found[-1], label, told, number))
        place = min(map(self._place, tied), default=0)
        rest = [record for record in self.records if all(record is not other for other in tied)]
        self.records[:] = [*rest[:place], *sorted(tied, key=self._place), *rest[place:]]

    def _place(self, record: StreamRecord) -> int:
        """Which backbone a record is."""
        return next(place for place, known in enumerate(self.records) if known is record)

    def _between(self, streams: list[str], told: str) -> None:
        """Dots on streams for the turns that are not drawn: they take the streams and give them back."""
        self._copies(tuple(self.pending))
        order = sorted(streams, key=lambda name: self._place(self.streams[name].record))
        for place, name in enumerate(order, 1):
            stream = self.streams[name]
            which = f" {place}" if place > 1 else ""
            station = self.builder.shape(Shape(0, "dots", name=name, told=f"(dots) {told}"))
            after = tuple(self.builder.joint() for _ in stream.joints)
            for way, joints in (("in", stream.joints), ("out", after)):
                for number, (joint, wire) in enumerate(zip(joints, stream.wires, strict=True), 1):
                    self.builder.leg(station, joint, wire, f"{way}{which}.{number}")
            stream.record.stations.append(station)
            stream.record.tracks.append(after)
            stream.joints = after

    def _definition_of(self, statement: StreamSet) -> Definition:
        known = self.scope.streams[statement.target.name]
        return next(d for d in known if d.statement is statement)
