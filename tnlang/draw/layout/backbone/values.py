"""Networks beside a backbone that only make a value for others."""

from __future__ import annotations

from tnlang.draw.diagram import Diagram
from tnlang.draw.layout.backbone.graph import Index, Part
from tnlang.draw.layout.box import Placed
from tnlang.draw.layout.flat import place_diagram


def is_source(part: Part) -> bool:
    """Whether a piece only makes a value that others paste."""
    return part.start is None and part.stop is None and not part.feeds and not part.returns


def value_box(index: Index, members: tuple[int, ...]) -> Placed:
    """A network that makes a value for others, placed as any network without a backbone."""
    inside = set(members)
    walls = {w for s in members for w in index.walls(s)}
    whole = index.diagram
    return place_diagram(
        Diagram(
            tuple(index.as_drawn(index.shapes[s]) for s in members),
            tuple(n for n in whole.lines if any(e.shape in inside for e in n.ends)),
            tuple(e for e in whole.enclosures if e.id in walls),
        )
    )
