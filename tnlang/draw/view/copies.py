"""Values that are used several times: a station of which they are copies, and what is pasted from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from tnlang.draw.diagram import Ribbon, Role, Shape
from tnlang.draw.view.build import Builder
from tnlang.draw.view.shapes import barred
from tnlang.draw.view.turns import Turns
from tnlang.draw.view.values import Definition, Key, Uses
from tnlang.draw.view.wiring import (
    Frame,
    Wiring,
    leg_names,
    leg_wire,
)
from tnlang.ir.net import (
    Decl,
    Wire,
)
from tnlang.ir.walk import new_id
from tnlang.source import Span


class Copies(Wiring):
    """Puts declared values and copies on joints; with ``stations`` the first use of a value may have one."""

    def __init__(self, builder: Builder, uses: Uses, *, stations: bool) -> None:
        super().__init__(builder)
        self.uses = uses
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
        self.backbones = False
        """Whether what is drawn stands beside streams."""
        self.roles: Mapping[str, Role] = {}

    def as_begun(self, found: Definition) -> Definition:
        """A value under the key of the stream that begins with it, if one does."""
        return replace(found, key=self.aliases.get(found.key, found.key))

    def halt(self, found: Definition) -> None:
        """A running stream stops at a station, and what is used is a copy."""
        if found.key in self.halts:
            self.joints_running.pop(found.key, None)
            self.halts.pop(found.key)()

    def own(
        self,
        shape: Shape,
        decl: Decl,
        joints: tuple[int, ...],
        wires: tuple[Wire, ...],
        frame: Frame,
        span: Span,
        called: tuple[str, ...],
    ) -> int:
        """A declared value as a shape, a strip across its one-hot legs; styles may speak of its kind."""
        number = self.put(shape, self.strips(decl, joints, wires, frame), wires, frame, span, called)
        self.builder.known_as(number, ("kind", decl.kind))
        for known in decl.properties:
            self.builder.known_as(number, ("property", known.name))
        return number

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

    def primes(self, found: Definition | None) -> str:
        """What tells a stream's value from those before it, in words as on its station."""
        label = self.labels.get(self.aliases.get(found.key, found.key), "") if found is not None else ""
        numbered = re.search(r"\((\d+)\)", label)
        return "'" * (int(numbered[1]) if numbered else label.count("'") + label.count(r"\prime"))

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
        label = self.labels.get(found.key) or found.label
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
