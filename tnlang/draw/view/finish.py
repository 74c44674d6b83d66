"""From joints to lines: the end of gathering a diagram.

A joint with two ends becomes a line and one with more dots: one for each enclosure that holds two of its ends
or more, so that one line crosses the wall.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tnlang.draw.diagram import MINUS, Backbone, Diagram, Enclosure, End, Line, OpenEnd, Shape
from tnlang.draw.view.build import Builder, StreamRecord
from tnlang.draw.view.joints import JointEnd, WireLabel
from tnlang.draw.view.styling import styled


def finish(built: Builder, streams: Sequence[StreamRecord] = ()) -> Diagram:
    """The diagram of all that was gathered."""
    lines = _Lines(built)
    for joint, ends in sorted(lines.whole_wires().items()):
        lines.join(joint, ends)
    shapes = lines.shapes()
    diagram = Diagram(
        tuple(shapes.values()),
        tuple(lines.lines),
        lines.enclosures(shapes),
        tuple(built.ribbons),
        tuple(sorted(lines.opens, key=lambda end: (end.kind, end.order))),
        tuple(map(lines.backbone, streams)),
    )
    return styled(diagram, built.styles, built.selectors)


class _Lines:
    """The lines that joints become, and what ends where."""

    def __init__(self, built: Builder) -> None:
        self.built = built
        self.lines: list[Line] = []
        self.opens: list[OpenEnd] = []
        self.walls: dict[int, list[tuple[int, str]]] = {}
        self.at_leg: dict[tuple[int, int], int] = {}
        self.of_joint: dict[int, list[int]] = {}
        self.ends_within: dict[int, tuple[int, int]] = {}
        """For a joint within a function's wall, the leg whose line leads out through it."""
        self._told: set[tuple[tuple[str, str, str], ...]] = set()

    # ------------------------------------------------------------ one wire

    def join(self, joint: int, ends: list[JointEnd]) -> None:
        """Lines and dots for a wire with some ends."""
        if not ends and joint in self.built.loops:  # delta[i, i], a number
            label, inside = self.built.loops[joint]
            round_it = self._dot(inside)
            ends = [self._at_dot(round_it, label), self._at_dot(round_it, label)]
        if ends:
            self._gather(joint, self._shared([self._way(end) for end in ends]), ends, False)

    def _gather(self, joint: int, inside: int | None, mine: list[JointEnd], outside: bool) -> list[JointEnd]:
        """The ends within an enclosure, joined by a dot so that one is left to cross the wall."""
        depth = len(self.built.path(inside))
        here = [end for end in mine if end.inside == inside]
        by_child: dict[tuple[int, int | None], list[JointEnd]] = {}
        for end in mine:
            if end.inside != inside:
                by_child.setdefault(self._way(end)[depth], []).append(end)
        for (child, passage), within in by_child.items():
            found = self._gather(joint, child, within, True)
            here.extend(found)
            leads_out = found[0].shape
            if passage is not None and leads_out is not None:
                self.ends_within[passage] = (leads_out, found[0].leg)
        if outside and len(here) == 1:
            return here
        if not outside and len(here) == 2 and inside == self._around(here):
            self._connect(joint, here[0], here[1], False)
            return []
        middle = self._dot(inside)
        dots = [i for i, end in enumerate(here) if end.shape is not None and self._is_dot(end.shape)]
        opened = [i for i, end in enumerate(here) if end.open is not None]
        loud = -1 if outside else (opened or dots or [0])[0]
        for position, end in enumerate(here):
            # a name is written once along its wire
            self._connect(joint, end, self._at_dot(middle, end.label), position != loud)
        return [self._at_dot(middle, here[0].label)] if outside else []

    def _connect(self, joint: int, one: JointEnd, other: JointEnd, quiet: bool) -> None:
        """A line between two ends; a ``quiet`` one bears no name."""
        number = self.built.new_id()
        label = (one if one.shape is not None else other).label
        quiet = quiet or self._is_added(one) or self._is_added(other)
        repeated = (bool(one.open or other.open) or not quiet) and self._again(one, other)
        shown = "" if quiet or repeated else label.text
        if {(one.shape, one.leg), (other.shape, other.leg)} & self.built.subtracted:
            shown = MINUS
        ends = []
        for position, end in enumerate((one, other)):
            ends.append(End(end.shape, end.leg if end.shape is not None else 0))
            if end.shape is not None:
                self.at_leg[(end.shape, end.leg)] = number
            elif end.open is not None:
                kind, order = end.open
                known = end.label
                text = "" if repeated else known.text
                self.opens.append(OpenEnd(number, position, kind, order, text, known.word, end.told))
            else:
                self.walls.setdefault(-end.leg, []).append((number, end.label.name))
        self.lines.append(
            Line(
                number,
                label.wire,
                (ends[0], ends[1]),
                label.symbol,
                shown,
                label.word and shown == label.text,
                label.dim,
                label.size,
                label.name,
            )
        )
        self.of_joint.setdefault(joint, []).append(number)

    def _again(self, one: JointEnd, other: JointEnd) -> bool:
        """Whether a line of the same families with ends alike has been named, by the same dim."""
        kinds = [end.open[0] if end.open else "wall" if end.shape is None else "" for end in (one, other)]
        labels = (one.label, other.label)
        key = tuple(sorted((k.family, k.text, kind) for k, kind in zip(labels, kinds, strict=True)))
        known = key in self._told and all(k.family for k in labels)
        self._told.add(key)
        return known

    def _dot(self, inside: int | None) -> int:
        return self.built.shape(Shape(0, "dot", outline="dot", inside=inside, told="(delta)"))

    def _at_dot(self, shape: int, label: WireLabel) -> JointEnd:
        known = self.built.shapes[shape]
        self.built.shapes[shape] = replace(known, legs=(*known.legs, 0))
        return JointEnd(shape, len(known.legs), known.inside, label)

    def _is_dot(self, shape: int) -> bool:
        return self.built.shapes[shape].symbol == "dot"

    def _is_added(self, end: JointEnd) -> bool:
        """Whether a line brings a term to a plus: its name is that of the result, and stands there."""
        if end.shape is None or self.built.shapes[end.shape].symbol != "plus":
            return False
        return any(end.leg in term for term in self.built.terms.get(end.shape, []))

    # ------------------------------------------------------------ what lines lead to

    def shapes(self) -> dict[int, Shape]:
        """The shapes with the lines at their legs."""
        count = Counter(self.built.weights.values())
        shapes = {}
        for number, shape in self.built.shapes.items():
            legs = tuple(self.at_leg[(number, position)] for position in range(len(shape.legs)))
            terms = tuple(tuple(legs[i] for i in term) for term in self.built.terms.get(number, []))
            tied = count[self.built.weights.get(number, "")] > 1
            shapes[number] = replace(shape, legs=legs, terms=terms, tied=tied)
        return shapes

    def enclosures(self, shapes: dict[int, Shape]) -> tuple[Enclosure, ...]:
        """The enclosures with the lines that functions work along, and those that end at their walls."""
        by_id = {line.id: line for line in self.lines}
        gates: dict[int, dict[int, str]] = {}
        for enclosure, joint, name in self.built.gates:
            out = self.ends_within.get(self.built.find(joint))
            line = self.at_leg[out] if out is not None else None
            if line is not None and self._crosses(by_id[line], enclosure, shapes):
                gates.setdefault(enclosure, {})[line] = name
        return tuple(
            replace(
                e,
                gates=tuple(gates.get(n, ())),
                ended=tuple(line for line, _ in self.walls.get(n, ())),
                gate_names=(*gates.get(n, {}).values(), *(name for _, name in self.walls.get(n, ()))),
            )
            for n, e in self.built.enclosures.items()
        )

    def backbone(self, stream: StreamRecord) -> Backbone:
        """A stream with the lines of each of its stretches."""
        by_id = {line.id: line for line in self.lines}

        def stretch(joints: tuple[int, ...], before: int | None, after: int | None) -> tuple[int, ...]:
            found = []
            for joint in joints:
                known = self.of_joint.get(self.built.find(joint), [])
                at = {before, after} - {None}
                near = [n for n in known if at & {end.shape for end in by_id[n].ends}]
                free = [n for n in known if None in {end.shape for end in by_id[n].ends}]
                found.extend((near or free or known)[:1])
            return tuple(found)

        stations = (None, *stream.stations, None)
        return Backbone(
            tuple(stream.stations),
            tuple(stretch(joints, stations[i], stations[i + 1]) for i, joints in enumerate(stream.tracks)),
            tuple(stream.blocks),
            tuple(stream.plates),
        )

    # ------------------------------------------------------------ where ends lie

    def whole_wires(self) -> dict[int, list[JointEnd]]:
        """The ends of each wire as it is outside of all functions, with the walls that it comes through.

        What lies outside of a wall and is an end of the wire within comes in through it too.
        """
        found = {joint: list(ends) for joint, ends in self.built.joints.items()}
        for joint in sorted(found.keys() & self.built.passages.keys()):
            outer, wall = self.built.passages[joint]
            ends = [
                replace(
                    end,
                    inside=end.inside if wall in self.built.path(end.inside) else wall,
                    through=((wall, joint), *end.through),
                )
                for end in found.pop(joint)
            ]
            known = found[self.built.find(outer)]
            known[:] = sorted([*known, *ends], key=lambda end: end.order)
        return found

    def _way(self, end: JointEnd) -> tuple[tuple[int, int | None], ...]:
        """The enclosures round an end, outermost first, each with the joint that comes through it."""
        through = dict(end.through)
        return tuple((wall, through.get(wall)) for wall in self.built.path(end.inside))

    def _around(self, ends: Iterable[JointEnd]) -> int | None:
        """The innermost enclosure round the shapes that ends are at."""
        places = [
            self.built.shapes[end.shape].inside if end.shape is not None else end.inside for end in ends
        ]
        return self._shared([tuple((wall, None) for wall in self.built.path(place)) for place in places])

    @staticmethod
    def _shared(ways: Iterable[tuple[tuple[int, int | None], ...]]) -> int | None:
        """The innermost of the enclosures that ways in have in common."""
        shared: int | None = None
        for level in zip(*ways, strict=False):
            if len(set(level)) > 1:
                break
            shared = level[0][0]
        return shared

    def _crosses(self, line: Line, enclosure: int, shapes: dict[int, Shape]) -> bool:
        within = [
            end.shape is not None and enclosure in self.built.path(shapes[end.shape].inside)
            for end in line.ends
        ]
        return within[0] != within[1]
