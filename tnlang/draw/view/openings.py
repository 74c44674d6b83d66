"""What a figure draws open, closed or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from tnlang.draw.view import names
from tnlang.draw.view.styling import NO_STYLES, Styles
from tnlang.ir.net import Bind, Bubble, Call, Net, Repeat, StreamSet
from tnlang.ir.program import Program
from tnlang.ir.walk import walk

_SMALL = 24
"""A called net of at most so many nodes is drawn open unless the figure says otherwise."""


@dataclass(frozen=True, slots=True)
class Openings:
    """What a figure says is drawn open, closed, or not at all; the rest is decided by size."""

    unfold: frozenset[str] = frozenset()
    fold: frozenset[str] = frozenset()
    hide: frozenset[str] = frozenset()
    styles: Styles = NO_STYLES
    ends: frozenset[str] = frozenset()
    """The variables of repeats that are drawn as first turn, dots, last turn."""

    def hides(self, call: Call, path: str) -> bool:
        return _named(self.hide, call, path)

    def unfolds(self, call: Call, path: str) -> bool:
        return _named(self.unfold, call, path) and not _named(self.fold, call, path)

    def of(self, program: Program, call: Call, path: str) -> bool:
        if self.unfolds(call, path):
            return True
        if _named(self.fold, call, path):
            return False
        net = _called(program, call)
        if net is None or (net.owned and is_norm(net)):
            return False
        inner = [found for c in net.body if isinstance(c, Call) and (found := _called(program, c))]
        opened = sum(weight - 2 for each in inner if (weight := _weight(each)) <= _limit(each))
        return _weight(net) + opened <= _limit(net)


def _named(known: frozenset[str], call: Call, path: str) -> bool:
    """Whether one of the names of a figure means a call: its path, also without turns, its name, its net.

    Where all turns of a repeat are drawn as one, a name with one turn (``attention{0}``) means them.
    """
    path, last = names.without_variables(path), call.name.rsplit(".", 1)[-1]
    if "{" not in path:
        known = frozenset(map(_without_turns, known))
    return bool({path, _without_turns(path), last, call.name, call.net} & known)


def _without_turns(path: str) -> str:
    return "".join(part.partition("{")[0] for part in path.split("}"))


def is_norm(net: Net) -> bool:
    """A net that is a norm with gain and bias: its one binding has a norm's bubble."""
    if len(net.body) != 1 or not isinstance(net.body[0], Bind):
        return False
    bubbles = [node for node in walk(net.body[0].body) if isinstance(node, Bubble)]
    return any(names.family(bubble.function) == "norm" for bubble in bubbles)


def _called(program: Program, call: Call) -> Net | None:
    try:
        return program.net(call.net)
    except KeyError:  # a figure of a net alone, without those that it calls
        return None


def _limit(net: Net) -> int:
    return _SMALL if net.owned else _SMALL // 2


def _weight(net: Net) -> int:
    """About how many shapes a net has when drawn open and its calls are not."""
    total = 0
    for statement in net.body:
        match statement:
            case Bind(body=body) | StreamSet(body=body):
                total += sum(1 for _ in walk(body))
            case Repeat():
                total += _SMALL
            case _:
                total += 2
    return total
