"""The diagram looked up by id, and the parts beside a backbone: what hangs together without its stations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tnlang.draw.diagram import Backbone, Diagram, Enclosure, Line, Shape

RESULT = 100
"""Open ends whose orders agree but for the rest by this are legs of one result."""


class Index:
    """A diagram's shapes, lines and enclosures by id, with the questions that placing asks of them."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.shapes: dict[int, Shape] = {s.id: s for s in diagram.shapes}
        self.lines: dict[int, Line] = {line.id: line for line in diagram.lines}
        self.enclosures: dict[int, Enclosure] = {e.id: e for e in diagram.enclosures}
        self.stations: frozenset[int] = frozenset(s for b in diagram.backbones for s in b.stations)

    @cached_property
    def neighbours(self) -> dict[int, tuple[tuple[int, int], ...]]:
        """For each shape its (line, other shape) pairs, in the order of its legs; open ends are left out."""
        found: dict[int, list[tuple[int, int]]] = {s: [] for s in self.shapes}
        for line in self.diagram.lines:
            a, b = line.ends
            if a.shape is not None and b.shape is not None and a.shape != b.shape:
                found[a.shape].append((line.id, b.shape))
                found[b.shape].append((line.id, a.shape))
        order = {s.id: {leg: i for i, leg in enumerate(s.legs)} for s in self.diagram.shapes}
        return {s: tuple(sorted(v, key=lambda p: order[s].get(p[0], 99))) for s, v in found.items()}

    @cached_property
    def touching(self) -> dict[int, tuple[int, ...]]:
        """For each shape the ids of its lines, open ones too."""
        found: dict[int, list[int]] = {s: [] for s in self.shapes}
        for line in self.diagram.lines:
            for shape in dict.fromkeys(e.shape for e in line.ends):
                if shape is not None:
                    found[shape].append(line.id)
        return {s: tuple(v) for s, v in found.items()}

    @cached_property
    def beside(self) -> tuple[tuple[int, ...], ...]:
        """The shapes that are no stations, as they hang together beside one backbone.

        What gives to several backbones is taken apart at its copies; a value that needs no station is made
        beside the first that uses it.
        """
        found = []
        for members in _connected(self, [s for s in self.shapes if s not in self.stations], frozenset()):
            given = {k for k, b in enumerate(self.diagram.backbones) if _given(self, members) & {*b.stations}}
            copies = frozenset(s for s in members if self.shapes[s].symbol == "copy")
            pieces = _connected(self, members, copies) if len(given) > 1 else [members]
            found.extend(_with_sources(self, pieces))
        return tuple(found)

    @cached_property
    def ribbons_to(self) -> dict[int, tuple[int, ...]]:
        """For each pasted shape the stations its ribbons come from."""
        found: dict[int, list[int]] = {}
        for ribbon in self.diagram.ribbons:
            found.setdefault(ribbon.paste, []).append(ribbon.station)
        return {s: tuple(v) for s, v in found.items()}

    def as_drawn(self, shape: Shape) -> Shape:
        """A copy that is no station is drawn as large as what is pasted from it."""
        if shape.symbol == "copy" and shape.id not in self.stations:
            return replace(shape, symbol="paste")
        return shape

    def walls(self, shape: int) -> tuple[int, ...]:
        """The enclosures a shape stands in, outermost first."""
        return self.around(self.shapes[shape].inside)

    def around(self, enclosure: int | None) -> tuple[int, ...]:
        """An enclosure with those it stands in, outermost first."""
        found: list[int] = []
        while enclosure is not None:
            found.append(enclosure)
            enclosure = self.enclosures[enclosure].inside
        return tuple(reversed(found))

    def other(self, line: int, shape: int) -> int | None:
        """The shape at the other end of a line; None if that is open."""
        a, b = self.lines[line].ends
        return b.shape if a.shape == shape else a.shape

    def is_copied(self, shape: int) -> bool:
        """Whether the shape stands for a value that comes in by a ribbon."""
        return self.shapes[shape].symbol == "paste" or shape in self.ribbons_to


@dataclass(frozen=True, slots=True)
class Part:
    """Shapes beside a backbone that hang together.

    ``feeds`` are lines from stations into the part (from copies, and from a stretch), ``returns`` lines from
    the part into stations (terms of a plus, or a stretch's beginning). ``start`` and ``stop`` are positions
    of the stations; None where the part has none (a term that only flows in; an output that does not return).
    ``foreign`` are those feeds that come from another backbone's stations.
    """

    members: tuple[int, ...]
    start: int | None
    stop: int | None
    feeds: tuple[int, ...]
    returns: tuple[int, ...]
    label: str = ""
    foreign: tuple[int, ...] = ()


def parts(index: Index, backbone: Backbone) -> tuple[Part, ...]:
    """The parts beside a backbone, in the order of the stations where they begin or else end.

    What takes from another backbone alone stands with the part that ends where it does.
    """
    found = []
    for members in index.beside:
        touched = _touched(index, backbone, members)
        if touched is not None:
            found.append(touched)
    result = {o.line: o.order // RESULT for o in index.diagram.opens if o.kind == "output"}
    found = [_of_its_block(backbone, part, found) for part in found]
    beside = [
        p
        for p in found
        if p.start is not None and (p.stop is not None or _gives(index, p, result) is not None)
    ]
    begun = {p.stop: p.start for p in reversed(beside) if p.stop is not None}
    beside += [
        replace(p, start=begun[p.stop]) for p in found if p.start is None and p.foreign and p.stop in begun
    ]
    placed = {p.members for p in beside}
    apart = (p for p in found if p.members not in placed)
    return tuple(sorted([*apart, *_joined(index, beside)], key=_when))


def pieces_of(index: Index, backbone: Backbone, part: Part, head: tuple[int, ...]) -> tuple[Part, ...]:
    """A part taken apart behind its head, and at the copies inside it: what is left hangs together by lines.

    A piece with a copy in it makes a value for the others; such pieces come first.
    """
    rest = [s for s in part.members if s not in head]
    copies = frozenset(s for s in rest if index.shapes[s].symbol == "copy")
    found = []
    pieces = [(members, _touched(index, backbone, members)) for members in _connected(index, rest, copies)]
    outputs = {o.line for o in index.diagram.opens if o.kind == "output"}
    first = min((p.stop for _, p in pieces if p is not None and p.stop is not None), default=None)
    for members, touched in pieces:
        if touched is None:
            given = outputs & {line for shape in members for line in index.touching[shape]}
            found.append(Part(members, part.start if given else None, None, (), (), ""))
        elif touched.stop is None or (touched.start is None and touched.stop != first):
            found.append(touched)
        else:
            found.append(touched if touched.start is not None else replace(touched, start=part.start))
    return tuple(sorted(_joined(index, found), key=lambda p: (not copies & set(p.members), *_when(p))))


def _of_its_block(backbone: Backbone, part: Part, others: Sequence[Part]) -> Part:
    """A part that only flows in, as one that begins where the rest of its block with the same end does."""
    if part.start is not None or part.feeds:
        return part
    block = {s for b in backbone.blocks if set(part.members) & set(b.members) for s in b.members}
    rest = [p for p in others if p.stop == part.stop and block & set(p.members)]
    return replace(part, start=min((p.start for p in rest if p.start is not None), default=None))


def _gives(index: Index, part: Part, result: Mapping[int, int]) -> int | None:
    """Which of the picture's results a part has legs of; None for none."""
    return next((result[n] for s in part.members for n in index.touching[s] if n in result), None)


def _joined(index: Index, pieces: list[Part]) -> list[Part]:
    """Pieces that return to one station are one: a pattern without heads, and what it is multiplied with.

    So are those that begin at one station and have legs of one result.
    """
    result = {o.line: o.order // RESULT for o in index.diagram.opens if o.kind == "output"}
    found: dict[tuple[int | None, int | None, int | None, int], Part] = {}
    for number, piece in enumerate(pieces):
        given = _gives(index, piece, result) if piece.stop is None and piece.start is not None else None
        alone = piece.stop is None and given is None
        key = (piece.start, piece.stop, given, number if alone else -1)
        known = found.get(key)
        found[key] = (
            piece
            if known is None
            else replace(
                known,
                members=(*known.members, *piece.members),
                feeds=(*known.feeds, *piece.feeds),
                returns=(*known.returns, *piece.returns),
                label=known.label or piece.label,
                foreign=(*known.foreign, *piece.foreign),
            )
        )
    return list(found.values())


def _when(part: Part) -> tuple[float, float, tuple[int, ...]]:
    stop = part.stop if part.stop is not None else len(part.members) + 1000
    return (part.start if part.start is not None else stop - 0.5, stop, part.members)


def _connected(index: Index, shapes: Iterable[int], copies: frozenset[int]) -> list[tuple[int, ...]]:
    """Sets of these shapes joined by lines, ribbons (but those of ``copies``) or a common enclosure."""
    leader = {s: s for s in shapes}

    def find(shape: int) -> int:
        while leader[shape] != shape:
            leader[shape] = leader[leader[shape]]
            shape = leader[shape]
        return shape

    def join(ids: Iterable[int | None]) -> None:
        inside = [i for i in ids if i is not None and i in leader]
        for other in inside[1:]:
            leader[find(other)] = find(inside[0])

    for line in index.diagram.lines:
        join(e.shape for e in line.ends)
    for ribbon in index.diagram.ribbons:
        if ribbon.station not in copies:
            join((ribbon.station, ribbon.paste))
    for enclosure in index.enclosures:
        join(s for s in index.shapes if enclosure in index.walls(s))
    groups: dict[int, list[int]] = {}
    for shape in index.shapes:
        if shape in leader:
            groups.setdefault(find(shape), []).append(shape)
    return [tuple(group) for group in groups.values()]


def _touched(index: Index, backbone: Backbone, members: tuple[int, ...]) -> Part | None:
    """The part made of these members, None where they touch no station of this backbone."""
    place = {s: i for i, s in enumerate(backbone.stations)}
    inside = set(members)
    feeds: list[int] = []
    returns: list[int] = []
    starts: list[int] = []
    stops: list[int] = []
    foreign: list[int] = []
    stretch: dict[int, int] = {}
    for i, lines in enumerate(backbone.tracks):
        for track in lines:
            stretch.setdefault(track, i)
    for line in index.diagram.lines:
        ends = [e.shape for e in line.ends]
        mine = [s for s in ends if s in inside]
        if len(mine) != 1:
            continue
        other = ends[1] if ends[0] in inside else ends[0]
        if line.id in stretch:
            # the stretch before the first station begins in the part, any other ends in it
            if stretch[line.id] == 0 or other is None or place.get(other, -1) >= stretch[line.id]:
                returns.append(line.id)
                stops.append(stretch[line.id])
            else:
                feeds.append(line.id)
                starts.append(stretch[line.id] - 1)
        elif other in index.stations and other not in place:
            foreign.append(line.id)
        elif other in place:
            if comes_into(index, line.id, other):
                returns.append(line.id)
                stops.append(place[other])
            else:
                feeds.append(line.id)
                starts.append(place[other])
    for shape in members:
        starts.extend(place[s] for s in index.ribbons_to.get(shape, ()) if s in place)
    if (not starts and not stops) or (not stops and _elsewhere(index, backbone, members)):
        return None
    if not stops and _later(index, backbone, members):
        return None
    if not starts and set(returns) <= stretch.keys() and _from_another(index, backbone, members):
        return None
    label = next((b.label for b in backbone.blocks if inside & set(b.members)), "")
    stop = (max(stops) if starts else min(stops)) if stops else None
    end = len(backbone.stations) - 1
    runs_in = not stops and any(stretch.get(line) == end + 1 for line in feeds)
    return Part(
        members,
        end if runs_in else _start(backbone, starts, stop),
        stop,
        (*feeds, *foreign),
        tuple(returns),
        label,
        tuple(foreign),
    )


def _start(backbone: Backbone, starts: list[int], stop: int | None) -> int | None:
    """The first of the stations that a part takes from, on its own side of the plates' edges.

    What it takes from beyond an edge comes to where it stands; where that is all, it only flows in.
    """
    if not starts:
        return None
    last = max(starts) if stop is None else stop
    place = {station: i for i, station in enumerate(backbone.stations)}
    edges = [e for p in backbone.plates for e in (place[p.start], place[p.stop] + 1) if e <= last]
    near = [s for s in starts if s >= max(edges, default=0)]
    return min(near, default=None)


def _from_another(index: Index, backbone: Backbone, members: tuple[int, ...]) -> bool:
    """Whether these shapes, with which this backbone begins, take from another one: they stand there."""
    others = index.stations - set(backbone.stations)
    return any(
        other in others and not comes_into(index, line, other)
        for shape in members
        for line, other in index.neighbours[shape]
    )


def _elsewhere(index: Index, backbone: Backbone, members: tuple[int, ...]) -> bool:
    """Whether these shapes give to a station of another backbone: they stand there.

    Not so if they begin that one, and wires come to them from here.
    """
    others = index.stations - set(backbone.stations)
    wired = any(
        other in backbone.stations and not comes_into(index, line, other)
        for shape in members
        for line, other in index.neighbours[shape]
    )
    begun = {line for other in index.diagram.backbones for line in other.tracks[0] if wired}
    return any(
        other in others and line not in begun and comes_into(index, line, other)
        for shape in members
        for line, other in index.neighbours[shape]
    )


def _later(index: Index, backbone: Backbone, members: tuple[int, ...]) -> bool:
    """Whether these shapes, which give to no station, take from a later backbone: they stand there."""
    place = index.diagram.backbones.index(backbone)
    after = {s for b in index.diagram.backbones[place + 1 :] for s in b.stations}
    by_line = (
        o for s in members for n, o in index.neighbours[s] if o in after and not comes_into(index, n, o)
    )
    by_ribbon = (o for s in members for o in index.ribbons_to.get(s, ()) if o in after)
    return bool([*by_line, *by_ribbon])


def _given(index: Index, members: Iterable[int]) -> set[int]:
    """The stations that some shapes give to."""
    return {
        other
        for shape in members
        for line, other in index.neighbours[shape]
        if other in index.stations and comes_into(index, line, other)
    }


def _with_sources(index: Index, pieces: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Pieces, those that touch no station joined with the first that a value is pasted in from them."""
    known = list(pieces)
    while True:
        home = {shape: k for k, piece in enumerate(known) for shape in piece}
        for k, piece in enumerate(known):
            touches = any(o in index.stations for s in piece for _, o in index.neighbours[s])
            pasted = any(s in index.stations for shape in piece for s in index.ribbons_to.get(shape, ()))
            given = (home[r.paste] for r in index.diagram.ribbons if r.station in piece)
            readers = [reader for reader in given if reader != k]
            if readers and not touches and not pasted:
                known[min(readers)] = tuple(sorted((*known[min(readers)], *piece)))
                del known[k]
                break
        else:
            return known


def comes_into(index: Index, line: int, station: int) -> bool:
    """Whether a line beside the tracks gives to a station, rather than taking from it."""
    known = index.shapes[station]
    return any(line in term for term in known.terms) or line in known.legs[: known.inputs]
