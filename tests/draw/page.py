"""The gallery of goldens as a page, before and after: ``python -m tests.draw.page [FILE]``.

Every scene and figure whose drawing differs from its golden comes first: left what was accepted (its ink
where that is kept, else its geometry as outlines), right what is drawn now; the others follow. Accept what is
right with ``TN_ACCEPT=1 pytest tests/draw``.
"""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path

from tests.draw.figures import FIGURES, figure_scene
from tests.draw.goldens import FOLDER, geometry
from tests.draw.scenes import SCENES
from tnlang.draw.lint import lint
from tnlang.draw.scene import Scene
from tnlang.draw.svg import to_svg

HEAD = """<!doctype html><meta charset="utf-8"><title>goldens of pictures</title>
<style>body{font:15px system-ui;margin:24px;background:#eee}
section{background:#fff;padding:12px;margin:12px 0}
h2{font-size:16px}.pair{display:flex;gap:24px;flex-wrap:wrap;align-items:start}img{max-width:100%}
.changed{border-left:6px solid #c33}li{color:#a33}</style><h1>Pictures: as accepted, and as drawn now</h1>
"""


def main(target: Path) -> int:
    """Write the page and the pictures it shows beside it; gives how many differ."""
    pictures = target.parent / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    drawn = {name: draw() for name, draw in SCENES.items()}
    drawn |= {name: figure_scene(name) for name in FIGURES}
    entries = sorted((_entry(name, scene, pictures) for name, scene in drawn.items()), key=lambda e: not e[0])
    changed = sum(differs for differs, _ in entries)
    body = "".join(text for _, text in entries)
    target.write_text(f"{HEAD}<p>{changed} of {len(entries)} differ.</p>{body}", encoding="utf-8")
    return changed


def _entry(name: str, scene: Scene, pictures: Path) -> tuple[bool, str]:
    """Whether a picture differs from its golden, and its part of the page."""
    now, before = to_svg(scene), _accepted(name)
    places, ink = _golden("geometry", f"{name}.jsonl"), _golden("ink", f"{name}.svg")
    differs = places != geometry(scene) or (bool(ink) and ink != now)
    (pictures / f"{name}.svg").write_text(now, encoding="utf-8")
    images = [f"pictures/{name}.svg"]
    if differs and before:
        (pictures / f"{name}.accepted.svg").write_text(before, encoding="utf-8")
        images.insert(0, f"pictures/{name}.accepted.svg")
    findings = "".join(f"<li>{escape(f.rule)}: {escape(f.message)}</li>" for f in lint(scene))
    pair = "".join(f'<img src="{image}">' for image in images)
    return differs, (
        f'<section class="{"changed" if differs else ""}"><h2>{escape(name)}</h2><ul>{findings}</ul>'
        f'<div class="pair">{pair}</div></section>'
    )


def _golden(kind: str, file: str) -> str:
    path = FOLDER / kind / file
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _accepted(name: str) -> str:
    """The picture as accepted: its ink, else its geometry in thin lines; empty where there is neither."""
    return _golden("ink", f"{name}.svg") or outlined(_golden("geometry", f"{name}.jsonl"))


def outlined(places: str) -> str:
    """A golden of geometry as a drawing: boxes, the points that wires run through, labels as text."""
    if not places:
        return ""
    head, *entries = [json.loads(line) for line in places.splitlines()]
    width, height = head["size"]
    parts = []
    for entry in entries:
        if "box" in entry:
            left, top, right, bottom = entry["box"]
            size = f'width="{right - left:g}" height="{bottom - top:g}"'
            parts.append(f'<rect x="{left}" y="{top}" {size} rx="4" fill="none" stroke="#99a"/>')
        elif points := entry.get("through") or entry.get("ribbon"):
            line = " ".join(f"{x},{y}" for x, y in points)
            parts.append(
                f'<polyline points="{line}" fill="none" stroke="{"#333" if "wire" in entry else "#f9c"}"/>'
            )
        else:
            x, y = entry["at"]
            parts.append(f'<text x="{x}" y="{y}" font-size="9" fill="#a33">{escape(entry["label"])}</text>')
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}pt" height="{height:g}pt"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


if __name__ == "__main__":
    page = Path(sys.argv[1] if len(sys.argv) > 1 else "build/goldens/index.html")
    print(f"{main(page)} pictures differ: {page}")
