"""The gallery as pages to browse: ``python -m docs.gallery [FOLDER]``, or ``make gallery``.

Each file of examples/gallery whose name begins with an id (``T16_hyperedge.tn``) is an entry. Its title is
the caption of its first figure, the comment at its head says what it shows, and lines ``# weak: …`` at its
end say what the picture still does badly. Beside the picture stand the text, the hand-written check (see
tests/gallery) with the deviation measured, what lint finds, and what ``tnlang verify`` reads back from the
curves: the connections, and how far their value and the generated module are from the program.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import tnlang
from tests.gallery.all import CHECKS, PLOTS, Check, Deviation
from tnlang.draw.diagram import Diagram
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint
from tnlang.draw.scene import Scene
from tnlang.draw.svg import to_svg
from tnlang.draw.view import view
from tnlang.files import write_whole
from tnlang.handles import Picture
from tnlang.verification import Report, Verifier

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "gallery"

SECTIONS = {
    "T": ("Tensors and operations", 19),
    "S": ("Special tensors and decompositions", 21),
    "N": ("Networks with bubbles", 21),
    "I": ("The induction head", 8),
    "C": ("Circuits and families of models", 10),
}
"""Sections by the letter of their ids: the title, and how many ids there are."""

_NAME = re.compile(r"([TSNIC])([0-9]+)_\w+")
_WEAK = re.compile(r"# weak: *(.*)")


# ---------------------------------------------------------------- entries


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the gallery. ``text`` is without its lines of weaknesses."""

    path: Path
    section: str
    number: int
    text: str
    weak: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def id(self) -> str:
        return f"{self.section}{self.number}"

    @property
    def shows(self) -> str:
        """The comment at the head of the file."""
        head = re.match(r"(?:#.*\n)*", self.text)
        return " ".join(line.lstrip("# ") for line in head[0].splitlines()) if head else ""

    @property
    def checks(self) -> tuple[Check, ...]:
        return tuple(CHECKS.get(self.name, ()))

    def load(self) -> tnlang.Program:
        """The program. Raises TnError for a file with mistakes."""
        return tnlang.load(self.path)


def entries() -> tuple[Entry, ...]:
    """All entries, by section and number."""
    found = []
    for path in FOLDER.glob("*.tn"):
        if name := _NAME.fullmatch(path.stem):
            lines = path.read_text(encoding="utf-8").splitlines()
            weak = tuple(match[1] for match in map(_WEAK.fullmatch, lines) if match)
            text = "\n".join(line for line in lines if not _WEAK.fullmatch(line)).rstrip() + "\n"
            found.append(Entry(path, name[1], int(name[2]), text, weak))
    letters = list(SECTIONS)
    return tuple(sorted(found, key=lambda entry: (letters.index(entry.section), entry.number, entry.name)))


def pictures(program: tnlang.Program) -> list[Picture]:
    """The figures of a program; where it has none, its last net."""
    return list(program.figures.values()) or list(program.nets.values())[-1:]


def findings(program: tnlang.Program, scenes: Sequence[Scene]) -> tuple[str, ...]:
    """What lint finds in a program's scenes, and where a figure's geometry is not what its diagrams say."""
    found = [f"{f.rule}: {f.message}" for scene in scenes for f in lint(scene)]
    for figure in program.ir.figures:
        sheet = view(program.ir, figure)
        for panel in sheet.panels:
            parts = [panel.content] if isinstance(panel.content, Diagram) else panel.content.parts
            for part in parts:
                if isinstance(part, Diagram):
                    found += [f"{f.rule}: {f.message}" for f in faults(part, layout(part, sheet.flow))]
    found += [str(diagnostic) for diagnostic in program.check_equations()]
    return tuple(found)


def reports(program: tnlang.Program, svgs: Sequence[str]) -> tuple[Report, ...]:
    """What ``tnlang verify`` tells of the pictures of a program, with the generated modules."""
    verifier = Verifier(program.ir, functions=program.python_functions())
    return tuple(map(verifier.report, svgs))


# ---------------------------------------------------------------- the page

STYLE = Path(__file__).with_suffix(".css")

_TOKENS = re.compile(
    r"(?P<c>#.*)|(?P<s>\"(?:\\.|[^\"\\\n])*\")"
    r"|\b(?P<k>dim|tensor|input|param|const|fn|net|shared|stream|repeat|figure|style|theme|weights|import|from"
    r"|sum|prod|in|as|mod|draw|equation|steps|unfold|fold|hide|flow)\b"
    r"|(?<![\w.])(?P<n>[0-9][0-9.]*)"
)


def highlighted(text: str) -> str:
    """A .tn text as HTML with its comments, texts, words and numbers marked."""
    parts, last = [], 0
    for match in _TOKENS.finditer(text):
        parts.append(escape(text[last : match.start()]))
        parts.append(f'<span class="{match.lastgroup}">{escape(match[0])}</span>')
        last = match.end()
    return "".join(parts) + escape(text[last:])


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as measured: its part of the page, and whether all is well."""

    entry: Entry
    html: str
    good: bool


def shown(entry: Entry, folder: Path) -> Shown:
    """Draw and check one entry; its pictures go to ``folder/pictures``."""
    try:
        program = entry.load()
    except tnlang.TnError as error:
        body = "".join(f'<p class="bad">{escape(d.message)}</p>' for d in error.diagnostics)
        return Shown(entry, _article(entry, entry.name, body), False)
    scenes = [picture.scene() for picture in pictures(program)]
    drawn = list(map(to_svg, scenes))
    read = reports(program, drawn)
    drawn += [plot.svg() for plots in PLOTS.get(entry.name, ()) for plot in plots(program)]
    figures = []
    for number, svg in enumerate(drawn):
        file = f"pictures/{entry.name}{f'_{number}' if number else ''}.svg"
        write_whole(folder / file, lambda path, svg=svg: path.write_text(svg, encoding="utf-8"))
        figures.append(f'<a href="{file}"><img src="{file}" alt="{entry.id}"></a>')
    found = findings(program, scenes)
    checks = entry.checks if program.figures else ()
    measured = [(check, check.deviations(program)) for check in checks]
    checked = "".join(_checked(check, deviations) for check, deviations in measured)
    body = (
        f"<figure>{''.join(figures)}</figure>"
        + "".join(f'<p class="weak">Weak: {escape(weak)}</p>' for weak in entry.weak)
        + _found(found)
        + "".join(map(_read, read))
        + f"<pre>{highlighted(entry.text)}</pre>"
        + (checked or '<p class="bad">not checked</p>')
    )
    fine = not found and all(report.ok for report in read)
    good = fine and bool(measured) and all(_holds(*pair) for pair in measured)
    captions = [figure.caption for figure in program.ir.figures if figure.caption]
    return Shown(entry, _article(entry, captions[0] if captions else entry.name, body), good)


def _article(entry: Entry, title: str, body: str) -> str:
    return (
        f'<article id="{entry.name}"><h3>{entry.id} · {escape(title)}</h3>'
        f'<p class="shows">{escape(entry.shows)}</p>{body}'
        f'<p class="file">examples/gallery/{entry.path.name}</p></article>'
    )


def _found(found: tuple[str, ...]) -> str:
    if not found:
        return '<p class="good">Nothing for lint; every line read back from the geometry.</p>'
    return "".join(f'<p class="bad">{escape(line)}</p>' for line in found)


def _read(report: Report) -> str:
    """What reading a picture back gave: the network, and how far its values and its module are off."""
    counts = f"{report.shapes} shapes, {report.wires} wires and {report.bubbles} bubbles"
    if not report.ok:
        faults = "".join(f"<li>{escape(fault)}</li>" for fault in report.faults or ("nothing to compare",))
        return f'<div class="bad">verify: {counts} read from the curves<ul>{faults}</ul></div>'
    rows = "".join(f"<tr><td>{escape(what)}</td><td>{off:.1e}</td></tr>" for what, off in report.compared)
    return (
        f'<details><summary class="good">verified: {counts} read from the curves; value off by at most '
        f"{report.off:.1e}, module by {report.module_off:.1e}</summary><table>{rows}</table></details>"
    )


def _holds(check: Check, deviations: tuple[Deviation, ...]) -> bool:
    return all(deviation.largest <= check.bound for deviation in deviations)


def _checked(check: Check, deviations: tuple[Deviation, ...]) -> str:
    rows = "".join(
        f"<tr><td>{escape(d.of)}</td><td>{d.reference:.1e}</td><td>{d.module:.1e}</td></tr>"
        for d in deviations
    )
    verdict = "good" if _holds(check, deviations) else "bad"
    off = max(d.largest for d in deviations)
    said = f"off by at most {off:.1e}" if off else "equal to the last bit"
    return (
        f'<details><summary class="{verdict}">checked: {said}</summary><pre>{escape(check.text)}</pre>'
        f"<table><tr><th></th><th>reference</th><th>module</th></tr>{rows}</table></details>"
    )


def _link(item: Shown) -> str:
    state = "good" if item.good else "bad"
    return f'<a href="#{item.entry.name}" class="{state}">{item.entry.name.replace("_", " ")}</a>'


def page(all_shown: list[Shown], seconds: float) -> str:
    """The whole page: an index by section at the left, the entries below one another."""

    links, articles = "", ""
    for letter, (title, _) in SECTIONS.items():
        items = [item for item in all_shown if item.entry.section == letter]
        links += f"<h2>{title}</h2>" + "".join(map(_link, items))
        articles += f"<h2>{title}</h2>" + "".join(item.html for item in items)
    good = sum(item.good for item in all_shown)
    said = f"{len(all_shown)} entries, {good} checked and without a finding; made in {seconds:.0f} s."
    style = STYLE.read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>tnlang: gallery</title>'
        f"<style>{style}</style><nav><b>Gallery</b>{links}</nav><main><h1>Gallery</h1><p>{said}</p>{articles}"
        f"</main></html>\n"
    )


def main(folder: Path, only: str = "") -> bool:
    """Write the gallery into a folder; whether all entries are checked and without a finding."""
    before = time.perf_counter()
    shutil.rmtree(folder / "pictures", ignore_errors=True)
    (folder / "pictures").mkdir(parents=True)
    all_shown = [shown(entry, folder) for entry in entries() if entry.name.startswith(only)]
    text = page(all_shown, time.perf_counter() - before)
    write_whole(folder / "index.html", lambda path: path.write_text(text, encoding="utf-8"))
    for item in all_shown:
        if not item.good:
            print(f"{item.entry.name}: see the page")
    print(f"{folder / 'index.html'}: {len(all_shown)} entries in {time.perf_counter() - before:.1f} s")
    return all(item.good for item in all_shown)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "build/gallery")
    sys.exit(not main(target, *sys.argv[2:3]))
