"""The parts of a picture as a reader takes them: panels, the sides of an equation, terms between signs.

Decided by where the ink stands: panels and lines lie apart, signs stand between the terms of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tnlang.draw.geometry import NO_BOX, Box, bbox, union
from tnlang.reference.arrays import Array
from tnlang.verification.formula import turns
from tnlang.verification.outputs import Cluster, Part
from tnlang.verification.picture import ROOT, Picture
from tnlang.verification.svg import Unreadable
from tnlang.verification.value import Evaluation

RELATIONS = ("=", "!=", "≈", "→")
LINE_GAP = 34.0
"""Lines and panels stand further apart than that, signs and terms less."""
BESIDE = 11.0
"""Names stand nearer than that to what they name."""


@dataclass(frozen=True, slots=True)
class Token:
    """A sign, a big sum with its loops, or a cluster: ``step`` where tensors of it have been contracted.

    ``room`` is its box with the names beside it.
    """

    kind: str
    box: Box
    cluster: Cluster | None = None
    loops: str = ""
    room: Box = NO_BOX


@dataclass(frozen=True, slots=True)
class Named:
    """An array whose axes have the names of open legs."""

    array: Array
    names: tuple[str, ...]

    def ordered(self, names: Sequence[str]) -> Array:
        """The axes in that order. Raises Unreadable where they are others."""
        if sorted(names) != sorted(self.names):
            drawn, wanted = ", ".join(self.names) or "none", ", ".join(names) or "none"
            raise Unreadable(f"the open legs are {drawn}, not {wanted}")
        return self.array.transpose([self.names.index(name) for name in names])


def clusters(picture: Picture) -> list[Cluster]:
    """What hangs together, by wires and ribbons."""
    tops = [("region", r) for r, known in enumerate(picture.regions) if known.inside == ROOT]
    tops += [("shape", s) for s, known in enumerate(picture.shapes) if known.region == ROOT]
    tops += [("wire", w) for w in range(len(picture.wires))]
    place = {top: k for k, top in enumerate(tops)}
    parent = list(range(len(tops)))

    def root(k: int) -> int:
        while parent[k] != k:
            k = parent[k]
        return k

    def top_of(shape: int) -> int:
        path = picture.around(picture.shapes[shape].region)
        return place["region", path[-2]] if len(path) > 1 else place["shape", shape]

    for number, wire in enumerate(picture.wires):
        for end in wire.ends:
            if end.shape is not None:
                parent[root(place["wire", number])] = root(top_of(end.shape))
            elif end.wall is not None:
                path = picture.around(end.wall)
                parent[root(place["wire", number])] = root(place["region", path[-2]])
    for paste, station in picture.stations.items():
        parent[root(top_of(paste))] = root(top_of(station))
    found: dict[int, list[tuple[str, int]]] = {}
    for k, top in enumerate(tops):
        found.setdefault(root(k), []).append(top)
    made = []
    for members in found.values():
        shapes = tuple(n for kind, n in members if kind == "shape")
        regions = tuple(n for kind, n in members if kind == "region")
        wires = tuple(n for kind, n in members if kind == "wire")
        round_it = [picture.shapes[s].box for s in shapes] + [bbox(picture.regions[r].path) for r in regions]
        made.append(
            Cluster(shapes, regions, wires, union([*round_it, *(picture.wires[w].box for w in wires)]))
        )
    return made


def tokens(picture: Picture) -> list[Token]:
    """Signs, big sums and clusters of the whole picture, in no order."""
    found = [Token(sign.text, sign.box) for sign in picture.signs]
    for cluster in clusters(picture):
        sigma = [s for s in cluster.shapes if picture.shapes[s].kind == "sum over"]
        if sigma:
            loops = picture.shapes[sigma[0]].words.text
            found.append(Token("sum over", cluster.box, cluster, loops))
        else:
            made = any(picture.shapes[s].kind in ("contracted", "result") for s in cluster.shapes)
            found.append(Token("step" if made else "term", cluster.box, cluster))
    grown = [token.box for token in found]
    for ink in picture.names:
        gaps = [_distance(token.box, ink) for token in found]
        near = min(range(len(found)), key=gaps.__getitem__, default=None)
        if near is not None and gaps[near] < BESIDE:
            grown[near] = union((grown[near], ink))
    return [replace(token, room=room) for token, room in zip(found, grown, strict=True)]


def _distance(a: Box, b: Box) -> float:
    """How far two boxes lie apart, along the axis where they are further."""
    return max(a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom)


def panels(found: Sequence[Token], signed: Sequence[str]) -> list[list[Token]]:
    """The tokens of each panel, in reading order; ``signed`` says with which relation one begins.

    Raises Unreadable where there are not so many.
    """
    count = len(signed)
    if count == 1:
        return [_reading_order(found)]
    rows: list[list[tuple[int, list[Token]]]] = []
    for number, line in enumerate(_bands(found, lambda box: (box.top, box.bottom))):
        for place, group in enumerate(_bands(line, lambda box: (box.left, box.right))):
            group = sorted(group, key=lambda token: token.box.left)
            begins = len(rows) < count and group[0].kind == signed[len(rows)]
            goes_on = not place and not begins and group[0].kind in (*RELATIONS, "+", "-")
            if rows and (goes_on or any(token.kind == "step" for token in group)):
                rows[-1].append((number, group))
            else:
                rows.append([(number, group)])
    while (
        len(rows) > count
    ):  # parts of one term may stand as far apart as panels: the nearest belong together
        gaps = [_gap(rows[k], rows[k + 1]) for k in range(len(rows) - 1)]
        k = min(range(len(gaps)), key=gaps.__getitem__)
        rows[k : k + 2] = [rows[k] + rows[k + 1]]
    if len(rows) != count:
        raise Unreadable(f"the figure has {count} panels, the picture {len(rows)}")
    return [
        [token for _, token in sorted(((line, t) for line, group in row for t in group), key=_place)]
        for row in rows
    ]


def steps(found: Sequence[Token]) -> list[list[Token]]:
    """The tokens of each panel of a contraction, in reading order; in the first nothing is contracted."""
    made = [
        group
        for line in _bands(found, lambda box: (box.top, box.bottom))
        for group in _bands(line, lambda box: (box.left, box.right))
    ]
    contracted = [any(token.kind == "step" for token in group) for group in made]
    if contracted != [False] + [True] * (len(made) - 1):
        raise Unreadable("the steps of a contraction do not follow one another")
    return made


def _place(token: tuple[int, Token]) -> tuple[int, float]:
    """The line of a token, and how far it stands to the right."""
    return token[0], token[1].box.left


def _gap(first: Sequence[tuple[int, list[Token]]], second: Sequence[tuple[int, list[Token]]]) -> float:
    a, b = (union(token.room for _, group in row for token in group) for row in (first, second))
    return _distance(a, b)


def _reading_order(found: Sequence[Token]) -> list[Token]:
    """Line by line; a line after the first begins with a sign."""
    lines: list[list[Token]] = []
    for band in _bands(found, lambda box: (box.top, box.bottom)):
        band = sorted(band, key=lambda token: token.box.left)
        if lines and band[0].kind not in (*RELATIONS, "+", "-"):
            lines[-1] = sorted([*lines[-1], *band], key=lambda token: token.box.left)
        else:
            lines.append(band)
    return [token for line in lines for token in line]


def _bands(found: Iterable[Token], span: Callable[[Box], tuple[float, float]]) -> list[list[Token]]:
    """Tokens that lie further apart than lines do, along one axis."""
    bands: list[list[Token]] = []
    reach = 0.0
    for token in sorted(found, key=lambda token: span(token.room)[0]):
        low, high = span(token.room)
        if bands and low < reach + LINE_GAP:
            bands[-1].append(token)
            reach = max(reach, high)
        else:
            bands.append([token])
            reach = high
    return bands


def sides(found: Sequence[Token]) -> list[tuple[str, list[Token]]]:
    """The sides of an equation, each with the relation before it."""
    made: list[tuple[str, list[Token]]] = [("", [])]
    for token in found:
        if token.kind in RELATIONS:
            made.append((token.kind, []))
        else:
            made[-1][1].append(token)
    return made


class Row:
    """The value of one side: terms, signs and parentheses, as they are read."""

    def __init__(self, found: Sequence[Token], evaluation: Evaluation) -> None:
        self.tokens, self.evaluation = list(found), evaluation

    def value(self, names: Mapping[str, int]) -> Named:
        total, rest = self._sum(self.tokens, names)
        if rest:
            raise Unreadable(f"a sign {rest[0].kind} too many", rest[0].box.center)
        return total

    def _sum(self, found: list[Token], names: Mapping[str, int]) -> tuple[Named, list[Token]]:
        total: Named | None = None
        while True:
            sign = found[0].kind if found and found[0].kind in ("+", "-") else ""
            if not sign and total is not None:
                break
            value, found = self._product(found[1:] if sign else found, names)
            if sign == "-":
                value = Named(-value.array, value.names)
            total = value if total is None else _plus(total, value)
        return total, found

    def _product(self, found: list[Token], names: Mapping[str, int]) -> tuple[Named, list[Token]]:
        factors: list[Named] = []
        loose: list[Cluster] = []
        while found and found[0].kind in ("term", "(", "sum over"):
            token = found[0]
            if token.kind == "sum over":
                made = [self._product(found[1:], turn) for turn in turns(token.loops, names)]
                if not made:
                    raise Unreadable("a sum over nothing", token.box.center)
                total = made[0][0]
                for value, _ in made[1:]:
                    total = _plus(total, value)
                factors.append(total)
                found = made[0][1]
            elif token.kind == "(":
                value, found = self._sum(found[1:], names)
                if not found or found[0].kind != ")":
                    raise Unreadable("a parenthesis that does not close", token.box.center)
                factors.append(value)
                found = found[1:]
            elif token.cluster is not None:
                loose.append(token.cluster)
                found = found[1:]
        if loose:
            factors.insert(0, whole(self.evaluation, Part(tuple(loose)), names))
        if not factors:
            raise Unreadable("nothing stands where a term is wanted", found[0].box.center if found else None)
        total = factors[0]
        for other in factors[1:]:
            total = _times(total, other)
        return total, found


def whole(evaluation: Evaluation, part: Part, names: Mapping[str, int]) -> Named:
    """The product of what is drawn for a value, over its open legs."""
    opens = [
        (end.open, wire)
        for cluster in part.clusters
        for wire in cluster.wires
        if wire not in part.unwanted
        for end in evaluation.picture.wires[wire].ends
        if end.open and not end.open.startswith("in ")
    ]
    labels = tuple(label for label, _ in opens)
    if len(set(labels)) != len(labels):
        raise Unreadable(f"two legs are open under one name among {', '.join(labels)}")
    shapes = [s for cluster in part.clusters for s in cluster.shapes]
    regions = [r for cluster in part.clusters for r in cluster.regions]
    wires = [wire for _, wire in opens]
    return Named(evaluation.total(shapes, regions, wires, names, part.unwanted, part.others), labels)


def _plus(a: Named, b: Named) -> Named:
    names = tuple(dict.fromkeys((*a.names, *b.names)))
    return Named(_spread(a, names) + _spread(b, names), names)


def _times(a: Named, b: Named) -> Named:
    names = tuple(dict.fromkeys((*a.names, *b.names)))
    return Named(np.asarray(_spread(a, names) * _spread(b, names)), names)


def _spread(value: Named, names: Sequence[str]) -> Array:
    order = [value.names.index(name) for name in names if name in value.names]
    shape = tuple(slice(None) if name in value.names else None for name in names)
    return value.array.transpose(order)[shape]
