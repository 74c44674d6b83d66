"""What a caller sees of a net; who asks has the net elaborated first, so callees precede callers."""

from __future__ import annotations

from tnlang.elaborate.scope import DEPTH, Header, NetEntry, World
from tnlang.source import Related, Span


def header_of(entry: NetEntry, world: World, span: Span) -> Header | None:
    """What a caller sees of a net, which is elaborated before. Reports a circle of nets; None there."""
    if entry.state == "busy":
        circle = world.stack[world.stack.index(entry) :] if entry in world.stack else [entry]
        names = " -> ".join([*(e.name for e in circle), entry.name])
        world.diagnostics.error(
            "TN501",
            f"nets call one another in a circle: {names}",
            span,
            *(Related(e.span, f"{e.name} is declared here") for e in circle),
            hint="a net cannot call itself; what is done several times is a repeat",
        )
        return None
    if entry.state == "new":
        if len(world.stack) >= DEPTH:
            _too_deep(world, span)
            return None
        world.make(entry, world)
    if world.stack:
        caller = world.stack[-1]
        caller.depth = max(caller.depth, entry.depth + 1)
        if caller.depth == DEPTH:
            _too_deep(world, span)
    return entry.header


def _too_deep(world: World, span: Span) -> None:
    world.diagnostics.error("TN501", f"nets call one another more than {DEPTH} deep", span)
