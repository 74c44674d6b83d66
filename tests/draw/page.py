"""The gallery of goldens as a page, before and after: ``python -m tests.draw.page [FILE]``.

Every scene and figure whose drawing differs from its golden comes first, the accepted picture left and the
one drawn now right; the others follow. Accept what is right with ``TN_ACCEPT=1 pytest tests/draw``.
"""

from __future__ import annotations

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
h2{font-size:16px}.pair{display:flex;gap:24px;flex-wrap:wrap;align-items:start}img{max-width:100%;zoom:1.3}
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
    """Whether a picture differs from its golden, and its part of the page.

    Ink is kept only of a handful; of the others the picture on the left is the one of the last page that was
    made while the geometry was as accepted.
    """
    places = FOLDER / "geometry" / f"{name}.jsonl"
    ink = FOLDER / "ink" / f"{name}.svg"
    now, text = to_svg(scene), geometry(scene)
    differs = not places.exists() or places.read_text(encoding="utf-8") != text
    if ink.exists():
        before = ink.read_text(encoding="utf-8")
        differs = differs or before != now
        (pictures / f"{name}.before.svg").write_text(before, encoding="utf-8")
    elif not differs:
        (pictures / f"{name}.before.svg").write_text(now, encoding="utf-8")
    (pictures / f"{name}.svg").write_text(now, encoding="utf-8")
    findings = "".join(f"<li>{escape(f.rule)}: {escape(f.message)}</li>" for f in lint(scene))
    left = (
        f'<img src="pictures/{name}.before.svg">'
        if differs and (pictures / f"{name}.before.svg").exists()
        else ""
    )
    return differs, (
        f'<section class="{"changed" if differs else ""}"><h2>{escape(name)}</h2><ul>{findings}</ul>'
        f'<div class="pair">{left}<img src="pictures/{name}.svg"></div></section>'
    )


if __name__ == "__main__":
    page = Path(sys.argv[1] if len(sys.argv) > 1 else "build/gallery/index.html")
    print(f"{main(page)} pictures differ: {page}")
