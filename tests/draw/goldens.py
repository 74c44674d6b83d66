"""Goldens of pictures: ink as SVG text and geometry as rounded JSON, apart, so that a change of colour or
font does not hide a change of place. ``TN_ACCEPT=1`` writes what is drawn now; ``python -m tests.draw.page``
shows both.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from tnlang.draw import scene as s
from tnlang.draw.geometry import flatten

FOLDER = Path(__file__).parent / "goldens"
ACCEPT = os.environ.get("TN_ACCEPT") == "1"


def check_golden(name: str, text: str) -> None:
    """Hold a text against the golden of that name; with TN_ACCEPT=1 the text becomes the golden."""
    path = FOLDER / name
    if ACCEPT:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    assert path.exists(), f"no golden {name}: look at the picture, then run with TN_ACCEPT=1"
    assert text == path.read_text(encoding="utf-8"), f"{name} changed: see python -m tests.draw.page"


def geometry(scene: s.Scene) -> str:
    """A scene without its ink: places to the tenth of a unit, an item a line."""
    lines = [json.dumps({"size": [_r(scene.width), _r(scene.height)], "axis": _r(scene.axis)})]
    for item in scene.items:
        match item:
            case s.ShapeItem(id=number, outline=outline, title=title):
                entry = {"shape": number, "title": title, **_box(outline)}
            case s.OutlineItem(id=number, outline=outline, family=family, depth=depth):
                entry = {"wall": number, "family": family, "depth": depth, **_box(outline)}
            case s.WireItem(id=number, path=path):
                entry = {"wire": number, "through": _points(path)}
            case s.RibbonItem(path=path):
                entry = {"ribbon": _points(path)}
            case s.LabelItem(text=text, at=at, kind=kind):
                entry = {"label": text, "kind": kind, "at": [_r(at[0]), _r(at[1])]}
            case s.InkItem(outline=outline, role=role):
                entry = {"ink": role, **_box(outline)}
        lines.append(json.dumps(entry, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def _r(value: float) -> float:
    return round(value, 1) + 0.0


def _points(path: s.Path) -> list[list[float]]:
    ends = [path.start, *(segment.end for segment in path.segments)]
    return [[_r(x), _r(y)] for x, y in ends]


def _box(path: s.Path) -> dict[str, list[float]]:
    points = flatten(path)
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return {"box": [_r(min(xs)), _r(min(ys)), _r(max(xs)), _r(max(ys))]}
