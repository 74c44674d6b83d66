"""What a picture is worth, by NumPy: leaves on wires, contracted, region by region from the inside out.

A bubble's inside is contracted first, then its function applied. A sum adds what hangs at each of its terms;
copies, boxes, plates and dots take whole values and give whole values. Connections come from ``connect``
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tnlang.ir.functions import FUNCTIONS
from tnlang.reference.arrays import Array
from tnlang.reference.functions import apply
from tnlang.verification.fixed import fixed_tensor
from tnlang.verification.formula import turns
from tnlang.verification.leaves import Leaves
from tnlang.verification.nodes import TIE, Labelled, Legs, Node, Nodes, is_given
from tnlang.verification.picture import ROOT, Picture, Shape
from tnlang.verification.product import Product
from tnlang.verification.svg import Unreadable
from tnlang.verification.words import shape_words


@dataclass(slots=True)
class Frame:
    """A region while it is evaluated, within the frame of the one round it. ``names`` are sizes and loops.

    ``outs`` are the values of its stations, boxes and plates. What is another output's is left out: what
    hangs at ``unwanted`` wires or in ``others``, regions.
    """

    region: int
    names: Mapping[str, int]
    parent: Frame | None
    nodes: tuple[Node, ...] = ()
    unwanted: frozenset[int] = frozenset()
    others: frozenset[int] = frozenset()
    outs: dict[tuple[str, int], Labelled] = field(default_factory=dict)
    busy: set[tuple[str, int]] = field(default_factory=set)


class Evaluation:
    """Evaluates one picture on the data that ``leaves`` have for its names."""

    def __init__(self, picture: Picture, leaves: Leaves, apart: Sequence[int] = ()) -> None:
        """``apart`` are the shapes of a first panel, which later ones draw as one."""
        self.picture, self.leaves, self.apart = picture, leaves, apart
        self.nodes = Nodes(picture)

    # ------------------------------------------------------------ regions

    def total(
        self,
        shapes: Iterable[int],
        regions: Iterable[int],
        opens: Sequence[int],
        names: Mapping[str, int],
        unwanted: Iterable[int] = (),
        others: Iterable[int] = (),
    ) -> Array:
        """The value of some shapes and regions of the root, over open wires.

        Wires that are ``unwanted`` and regions that are ``others`` belong to other values.
        """
        nodes = [Node("shape", s) for s in shapes] + [Node("region", r) for r in regions]
        wires = [wire for node in nodes for wire in self.nodes.wires_of(node)]
        nodes += self._inputs([*wires, *opens], names)
        frame = Frame(ROOT, names, None, tuple(nodes), frozenset(unwanted) - set(opens), frozenset(others))
        return self.network(frame, nodes, opens)

    def _inputs(self, wires: Iterable[int], names: Mapping[str, int]) -> list[Node]:
        """A node for each input whose legs come in at free ends of the wires."""
        found: dict[str, dict[str, int]] = {}
        for place in dict.fromkeys(wires):
            for end in self.picture.wires[place].ends:
                if end.open.startswith("in "):
                    name, _, leg = end.open.removeprefix("in ").rpartition(".")
                    found.setdefault(name, {})[leg] = place
        leaves = (self._leaf(name, legs, names) for name, legs in found.items())
        return [Node("value", -1 - place, value=leaf) for place, leaf in enumerate(leaves)]

    def bubble(self, frame: Frame, region: int) -> Labelled:
        """What is in a wall, contracted, and the wall's functions applied, the inner ones first."""
        known = self.picture.regions[region]
        nodes = self.nodes.nodes_in(region)
        ended = [
            number
            for number, wire in enumerate(self.picture.wires)
            if any(e.wall == region for e in wire.ends)
        ]
        crossing = self.nodes.crossing(region)
        inner = Frame(region, frame.names, frame, tuple(nodes))
        wires = crossing + ended
        array = self.network(inner, nodes, wires)
        gates = dict(known.gates)
        for function in reversed(known.functions):
            axes = []
            for gate in function.gates:
                if gate not in gates or gates[gate] not in wires:
                    raise Unreadable(f"{function.name} has no gate {gate}", known.path.start)
                axes.append(wires.index(gates[gate]))
            if function.name in FUNCTIONS:
                rule = FUNCTIONS[function.name]
                options = {n: v for n, v in rule.options if v is not None} | dict(function.options)
                if len(axes) != rule.gates:
                    raise Unreadable(f"{function.name} works along {rule.gates} legs", known.path.start)
                with np.errstate(all="ignore"):
                    array = apply(function.name, array, tuple(axes), options)
                if rule.legs == "ends":
                    if wires[axes[0]] not in ended:
                        raise Unreadable(f"{function.name} lets a leg out that it ends", known.path.start)
                    wires = [wire for place, wire in enumerate(wires) if place not in axes]
            else:
                array = self.leaves.function(function.name, array, tuple(axes))
        if any(wire in ended for wire in wires):
            raise Unreadable("a wire ends at a wall whose function does not end it", known.path.start)
        return Labelled(array, tuple(wires))

    # ------------------------------------------------------------ networks

    def network(self, frame: Frame, nodes: Sequence[Node], opens: Sequence[int]) -> Array:
        """The value of nodes of one region, over wires that leave them."""
        sigma = next((n for n in nodes if self.nodes.kind(n) == "sum over"), None)
        if sigma is not None:
            rest = [n for n in nodes if n != sigma]
            loops = self.picture.shapes[sigma.number].words.text
            return self.summed(
                loops, frame.names, lambda names: self.network(self._at(frame, names, rest), rest, opens)
            )
        sinks = [n for n in nodes if self.nodes.takes_whole(n)]
        if sinks or frame.unwanted or frame.others:
            return self._without_sinks(frame, nodes, sinks, opens)
        return self._added(frame, nodes, opens)

    def summed(
        self, loops: str, names: Mapping[str, int], value: Callable[[Mapping[str, int]], Array]
    ) -> Array:
        """``h in 0 to head``: the sum of a value over the turns of the loops."""
        arrays = [value(turn) for turn in turns(loops, names)]
        if not arrays:
            raise Unreadable(f"a sum over nothing: {loops}")
        return np.asarray(sum(arrays[1:], arrays[0]))

    def _at(self, frame: Frame, names: Mapping[str, int], nodes: Sequence[Node]) -> Frame:
        return Frame(frame.region, names, frame.parent, tuple(nodes), frame.unwanted, frame.others)

    def _without_sinks(
        self, frame: Frame, nodes: Sequence[Node], sinks: Sequence[Node], opens: Sequence[int]
    ) -> Array:
        """What is left when each value that a copy, box or plate takes is worked out by itself."""
        ends = [wires for sink in sinks for wires in self.nodes.taken(sink)] + [frame.unwanted]
        rest = [
            node
            for part in self.nodes.parts(nodes)
            if not any(self.nodes.touches(part, wires) for wires in ends)
            and not any(node.kind == "region" and node.number in frame.others for node in part)
            for node in part
        ]
        return self._added(frame, rest, opens)

    def whole(self, frame: Frame, wires: Sequence[int]) -> Array:
        """The value that comes in on wires, in the frame where what makes it stands."""
        parts = [part for part in self.nodes.parts(frame.nodes) if self.nodes.touches(part, wires)]
        if not parts and any(wires.count(wire) == 1 for wire in wires):
            if frame.parent is None:
                raise Unreadable(
                    "nothing comes in where a value is taken", self.picture.wires[wires[0]].ends[0].at
                )
            return self.whole(frame.parent, wires)
        nodes = [node for part in parts for node in part]
        return self._added(frame, nodes, wires)

    # ------------------------------------------------------------ sums

    def _added(self, frame: Frame, nodes: Sequence[Node], opens: Sequence[int]) -> Array:
        """The value of nodes among which are sums: one after the other becomes the value it adds up to."""
        sums = [n for n in nodes if self.nodes.kind(n) == "sum"]
        if not sums:
            return self._product(frame, nodes, opens)
        for plus in sums:
            rest = [n for n in nodes if n != plus]
            terms, result = self.nodes.terms(plus.number)
            parts = self.nodes.components(rest)
            hangs = [
                [k for k, part in enumerate(parts) if self.nodes.touches(part, legs.values())]
                for legs in terms.values()
            ]
            others = {k for k, part in enumerate(parts) if self.nodes.touches(part, result.values())}
            used = [k for found in hangs for k in found]
            if len(set(used)) != len(used) or set(used) & others or not all(hangs):
                continue
            value = self._sum(
                frame, terms, result, [[n for k in found for n in parts[k]] for found in hangs], opens
            )
            left = [n for k, part in enumerate(parts) if k not in used for n in part]
            return self._added(frame, [*left, Node("value", plus.number, value=value)], opens)
        raise Unreadable(
            "a sum whose terms hang together with its result", self.picture.shapes[sums[0].number].box.center
        )

    def _sum(
        self,
        frame: Frame,
        terms: Mapping[str, Legs],
        result: Legs,
        hanging: Sequence[Sequence[Node]],
        opens: Sequence[int],
    ) -> Labelled:
        """The terms of a sum added: over its result's legs, and wires that pass it by from one term."""
        passing = list(
            dict.fromkeys(
                wire
                for nodes, legs in zip(hanging, terms.values(), strict=True)
                for wire in self.nodes.leaving(nodes)
                if wire in opens and wire not in legs.values()
            )
        )
        total: Array | None = None
        for (place, legs), nodes in zip(terms.items(), hanging, strict=True):
            mine = [wire for wire in passing if wire in self.nodes.leaving(nodes)]
            bare = set(legs) == {TIE}
            unknown = set(legs) - set(result)
            if unknown and not bare:
                raise Unreadable(f"a term brings {', '.join(sorted(unknown))}, which the sum does not have")
            array = self.network(frame, nodes, [*legs.values(), *mine])
            if bare:
                array = array.reshape(array.shape[1:])
            axes = [*([] if bare else legs), *map(str, mine)]
            wanted = [*result, *map(str, passing)]
            order = [axes.index(name) for name in wanted if name in axes]
            spread = tuple(slice(None) if name in axes else None for name in wanted)
            array = array.transpose(order)[spread] * (-1 if place.startswith("-") else 1)
            total = array if total is None else total + array
        assert total is not None
        wires = (*result.values(), *passing)
        shape = tuple(self.nodes.size(wire, frame.names, total.shape[k]) for k, wire in enumerate(wires))
        return Labelled(np.broadcast_to(total, shape), wires)

    # ------------------------------------------------------------ products

    def _product(self, frame: Frame, nodes: Sequence[Node], opens: Sequence[int]) -> Array:
        """Factors contracted over all wires but the open ones."""
        dots = [n for n in nodes if self.nodes.kind(n) in ("delta", "one-hot")]
        factors = [self.factor(frame, node) for node in nodes if node not in dots]
        wires = {wire for node in nodes for wire in self.nodes.wires_of(node)}
        product = Product(
            factors,
            [self.nodes.wires_of(dot) for dot in dots],
            lambda wire: self.nodes.size(wire, frame.names),
            lambda wire: self.picture.wires[wire].words.name,
        )
        return product.over(wires, opens)

    def factor(self, frame: Frame, node: Node) -> Labelled:
        """The array of a node over its wires."""
        match node.kind:
            case "value" if node.value is not None:
                return node.value
            case "region":
                return self.bubble(frame, node.number)
            case "out" | "plate-out":
                return self._out(frame, node)
            case _:
                return self._shape(frame, node.number, self.picture.shapes[node.number])

    def _leaf(self, text: str, legs: Legs, names: Mapping[str, int]) -> Labelled:
        array = self.leaves.array(text, tuple(legs), names)
        return Labelled(array, tuple(legs.values()))

    def _shape(self, frame: Frame, number_: int, shape: Shape) -> Labelled:
        ties = tuple(wire for leg, wire in shape.legs if leg == TIE)
        if ties:
            rest = tuple((leg, wire) for leg, wire in shape.legs if leg != TIE)
            found = self._shape(frame, number_, replace(shape, legs=rest))
            array = found.array.reshape((*found.array.shape, *(1 for _ in ties)))
            return Labelled(array, (*found.wires, *ties))
        names, words = frame.names, shape.words
        match words.kind:
            case "tensor":
                return self._leaf(words.text, dict(shape.legs), names)
            case "copy":
                uses = self.nodes.groups(number_)
                arrays = [self._leaf(words.text, legs, names) for legs in uses.values()]
                return arrays[0] if len(arrays) == 1 else _outer(arrays)
            case "again":
                return self._again(frame, number_, shape)
            case "contracted" | "result":
                return self._joined(frame, shape)
            case _:
                return fixed_tensor(shape, names, lambda wire: self.nodes.size(wire, names))

    def _joined(self, frame: Frame, shape: Shape) -> Labelled:
        """What some tensors have become: they are contracted as they are drawn apart."""
        known = self.picture.shapes
        members: list[int] = []
        for said in shape.words.text.split("; "):
            head, _, place = said.partition(" #")
            words = shape_words(head)
            same = [s for s in self.apart if (known[s].kind, known[s].words.text) == (words.kind, words.text)]
            if not (place or "1").isdecimal() or not 1 <= int(place or "1") <= len(same):
                raise Unreadable(f"{said} is not drawn before it is contracted", shape.box.center)
            members.append(same[int(place or "1") - 1])
        touched = {wire for member in members for _, wire in known[member].legs}
        legs = {wire: [s for s in self.apart if wire in dict(known[s].legs).values()] for wire in touched}
        dots = {s for around in legs.values() for s in around if known[s].kind == "delta"}
        within = [s for s in sorted(dots) if {wire for _, wire in known[s].legs} <= touched]
        nodes = [Node("shape", s) for s in [*members, *within]]
        opens = []
        for name, _ in shape.legs:
            which, _, leg = name.partition(".")
            if not which.isdecimal() or not 1 <= int(which) <= len(members):
                raise Unreadable(f"a joined shape has no leg {name}", shape.box.center)
            opens.append(known[members[int(which) - 1]].wire(leg))
        if len(set(members)) != len(members) or sorted(opens) != sorted(self.nodes.leaving(nodes)):
            raise Unreadable("a joined shape has other legs than what it is made of", shape.box.center)
        array = self.network(Frame(ROOT, frame.names, None, tuple(nodes)), nodes, opens)
        return Labelled(array, tuple(wire for _, wire in shape.legs))

    def _again(self, frame: Frame, number_: int, shape: Shape) -> Labelled:
        """A pasted disc: the value at the other end of its ribbon."""
        station = self.picture.stations[number_]
        at: Frame | None = frame
        while at is not None and not any(
            n.number == station and self.nodes.kind(n) == "copy" for n in at.nodes
        ):
            at = at.parent
        if at is None:
            raise Unreadable("a ribbon leads out of the picture", shape.box.center)
        conj = shape.words.text.endswith(", conjugated")
        value = self._station(at, station, tuple(leg for leg, _ in shape.legs))
        return Labelled(np.conj(value) if conj else value, tuple(wire for _, wire in shape.legs))

    def _station(self, frame: Frame, station: int, legs: Sequence[str]) -> Array:
        """The value that is copied at a station, its axes in the order of legs."""
        known = self.picture.shapes[station]
        groups = self.nodes.groups(station)
        if "in" not in groups:
            return self.leaves.array(known.words.text, tuple(legs), frame.names)
        if set(groups["in"]) != set(legs):
            raise Unreadable(f"a copy of {known.words.text} has other legs", known.box.center)
        value = self._once(frame, ("station", station), list(groups["in"].values()))
        order = [list(groups["in"]).index(leg) for leg in legs]
        return value.transpose(order)

    def _once(self, frame: Frame, key: tuple[str, int], wires: Sequence[int]) -> Array:
        """A whole value that is taken in a frame, worked out once."""
        if key in frame.busy:
            raise Unreadable("a value that is made of itself", self.picture.wires[wires[0]].ends[0].at)
        if key not in frame.outs:
            frame.busy.add(key)
            frame.outs[key] = Labelled(self.whole(frame, wires), tuple(wires))
            frame.busy.discard(key)
        return frame.outs[key].array

    def _out(self, frame: Frame, node: Node) -> Labelled:
        if node.kind == "plate-out":
            return self._plate(frame, node.number, node.use)
        shape = self.picture.shapes[node.number]
        if shape.kind == "dots":
            return self._dots(frame, node.number, shape, node.use)
        groups = self.nodes.groups(node.number)
        legs = groups[node.use]
        if shape.kind == "copy":
            return Labelled(self._station(frame, node.number, tuple(legs)), tuple(legs.values()))
        arguments = {}
        for group, inputs in groups.items():
            if group.startswith("in "):
                value = self._once(frame, (group, node.number), list(inputs.values()))
                tied = set(inputs) == {TIE}
                called = () if tied else tuple(inputs)
                arguments[group.removeprefix("in ")] = (called, value.reshape(()) if tied else value)
        output = node.use.removeprefix("out ")
        array = self.leaves.call(shape.words.text, output, arguments, tuple(legs), frame.names)
        return Labelled(array, tuple(legs.values()))

    def _plate(self, frame: Frame, region: int, use: str) -> Labelled:
        """What a plate gives back after its last turn: the stream that leaves it as ``use``."""
        ports = self._ports(region)
        key = (f"plate {use}", region)
        if key not in frame.outs:
            first = {g: self._once(frame, (g, region), list(ports[g].values())) for g in _streams(ports)}
            for group, last in self._turns(frame, region, self.picture.regions[region].loop, first).items():
                frame.outs[f"plate {_given(group)}", region] = last
        outs = ports[use]
        return Labelled(frame.outs[key].array, tuple(outs[name] for name in ports.get(_taken(use), outs)))

    def _dots(self, frame: Frame, number_: int, shape: Shape, use: str) -> Labelled:
        """What dots give back: they stand for later turns of the plate that they go on from.

        Dots on several streams stand for the same turns.
        """
        dots = [
            n
            for n, other in enumerate(self.picture.shapes)
            if other.kind == "dots" and (other.region, other.words.text) == (shape.region, shape.words.text)
        ]
        legs = {group: legs for n in dots for group, legs in self.nodes.groups(n).items()}
        before = [
            region
            for region, known in enumerate(self.picture.regions)
            if known.is_plate
            and known.inside == shape.region
            and _goes_on(known.loop, shape.words.text)
            and {g: set(self._ports(region)[g]) for g in _streams(self._ports(region))}
            == {g: set(legs[g]) for g in _streams(legs)}
        ]
        if len(before) != 1:
            raise Unreadable("dots do not go on from one plate", shape.box.center)
        ports = self._ports(before[0])
        if (f"dots {use}", number_) not in frame.outs:
            first = {
                group: self._once(
                    frame, (f"dots {group}", min(dots)), [legs[group][leg] for leg in ports[group]]
                )
                for group in _streams(ports)
            }
            for group, last in self._turns(frame, before[0], shape.words.text, first).items():
                frame.outs.update({(f"dots {_given(group)}", n): last for n in dots})
        array = frame.outs[f"dots {use}", number_].array
        return Labelled(array, tuple(legs[use][leg] for leg in ports[_taken(use)]))

    def _ports(self, region: int) -> dict[str, dict[str, int]]:
        """The wires across a plate's edge by what they are to it: ``in``, ``out``, or what stands outside."""
        known = self.picture.regions[region]
        ports: dict[str, dict[str, int]] = {}
        for leg, wire in known.ports:
            group, _, name = leg.rpartition(".")
            ports.setdefault(group, {})[name] = wire
        given = {_taken(group): legs for group, legs in ports.items() if is_given(group)}
        streams = _streams(ports)
        if not given or any(set(given.get(g, ())) != set(ports[g]) for g in streams):
            raise Unreadable("what a plate gives is not what it takes", known.path.start)
        return ports

    def _turns(self, frame: Frame, region: int, loop: str, first: Mapping[str, Array]) -> dict[str, Labelled]:
        """What some turns of a plate make of its streams' values, their axes on the wires that come in.

        A stream that every turn makes without its value before is given and not taken.
        """
        ports = self._ports(region)
        fixed = {
            group: Labelled(self._once(frame, (group, region), list(legs.values())), tuple(legs.values()))
            for group, legs in ports.items()
            if group not in first and not is_given(group)
        }
        given = {_taken(group): legs for group, legs in ports.items() if is_given(group)}
        made = {group: Labelled(array, tuple(ports[group].values())) for group, array in first.items()}
        for names in turns(loop, frame.names):
            taken = {group: made[group] for group in first}
            values = [Node("value", region, g, v) for g, v in (fixed | taken).items()]
            nodes = [*self.nodes.nodes_in(region), *values]
            made = {}
            for group, legs in given.items():
                taken_on = ports.get(group, legs)
                outs = [legs[name] for name in taken_on]
                others = frozenset(w for g, wires in given.items() if g != group for w in wires.values())
                inner = Frame(region, names, frame, tuple(nodes), others)
                made[group] = Labelled(self.network(inner, nodes, outs), tuple(taken_on.values()))
        return made


def _streams(ports: Mapping[str, Legs]) -> list[str]:
    """The streams that a plate takes, turn after turn: ``in``, ``in 2``."""
    return [group for group in ports if group.partition(" ")[0] == "in"]


def _given(group: str) -> str:
    """What a stream that a plate takes is called where it is given back."""
    return "out" + group.removeprefix("in")


def _taken(group: str) -> str:
    return "in" + group.removeprefix("out")


def _goes_on(before: str, loop: str) -> bool:
    """Whether a loop begins where another one stops: ``l in 0 to 1``, ``l in 1 to layer - 1``."""
    var, _, bounds = before.partition(" in ")
    return loop.startswith(f"{var} in {bounds.partition(' to ')[2]} to ")


def _outer(arrays: Sequence[Labelled]) -> Labelled:
    """The product of values that share no wire."""
    found = arrays[0]
    for other in arrays[1:]:
        found = Labelled(np.multiply.outer(found.array, other.array), (*found.wires, *other.wires))
    return found
