"""The pages of docs/ (and the README) as programs: what their blocks say is run by the tests.

    python -m docs.pages        # draws every picture that a page shows, again

Blocks: ``tn`` is checked; an image right after it (or in the next cell) is drawn from it, and so is one
after a comment ``<!-- draw examples/gallery/N5_gpt2.tn -->`` (or ``… in dark -->``: in that theme).
``tn-error`` must be wrong. ``python`` blocks of a page run in order in one namespace. Lines of ``sh`` blocks
that begin with ``tnlang`` are run. Images that nothing says how to draw are written by the page's ``python``,
to its folder ``img``.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tnlang
from tnlang.circuits.small import one_thread

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.M | re.S)
_IMAGE = re.compile(r"!\[[^\]]*\]\((img/[^)]+)\)")
_PICTURE = re.compile(
    r"(?:^```tn\n(?P<text>(?:(?!^```).)*?)^```$|<!-- draw (?P<file>\S+)(?: in (?P<theme>\w+))? -->)"
    r"(?:\s|</?td>)*!\[[^\]]*\]\((?P<image>[^)]+)\)",
    re.M | re.S,
)


@dataclass(frozen=True, slots=True)
class Block:
    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a page and the text (or file) it is drawn from."""

    image: Path
    program: str | Path
    theme: str = ""

    def svg(self) -> str:
        """The first figure of the program, else its ``main``, else its last net."""
        program = tnlang.load(self.program)
        nets = program.nets
        drawn = next(iter(program.figures.values()), None) or nets.get("main") or list(nets.values())[-1]
        return drawn.drawn(theme=self.theme).svg()


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page that name their language."""
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        yield Block(page, text.count("\n", 0, match.start()) + 2, match[1], match[2])


def pictures(page: Path) -> Iterator[Picture]:
    """The pictures that a page draws itself."""
    for match in _PICTURE.finditer(page.read_text(encoding="utf-8")):
        program = ROOT / match["file"] if match["file"] else match["text"]
        yield Picture((page.parent / match["image"]).resolve(), program, match["theme"] or "")


def run(page: Path, folder: Path) -> None:
    """Run the python of a page in an empty folder that gets the examples, and where pictures are written."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "img").mkdir()
    before = Path.cwd()
    os.chdir(folder)
    try:
        namespace: dict[str, object] = {}
        for block in blocks(page):
            if block.kind == "python":
                exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)
    finally:
        os.chdir(before)


def written(page: Path) -> tuple[str, ...]:
    """The images of a page that its python writes, by their names."""
    drawn = {picture.image for picture in pictures(page)}
    images = _IMAGE.findall(page.read_text(encoding="utf-8"))
    return tuple(image for image in images if (page.parent / image).resolve() not in drawn)


def main() -> None:
    for page in PAGES:
        if images := written(page):
            with tempfile.TemporaryDirectory() as folder, one_thread():  # sums in one order: the same bytes
                run(page, Path(folder))
                for image in images:
                    shutil.copyfile(Path(folder, image), page.parent / image)
                    print((page.parent / image).relative_to(ROOT))
        for picture in pictures(page):
            picture.image.parent.mkdir(parents=True, exist_ok=True)
            picture.image.write_text(picture.svg(), encoding="utf-8")
            print(picture.image.relative_to(ROOT))


if __name__ == "__main__":
    main()
