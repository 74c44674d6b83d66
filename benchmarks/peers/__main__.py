"""Draws every network with every program and writes the page: ``python -m benchmarks.peers build/peers``."""

from __future__ import annotations

import html
import sys
from dataclasses import astuple, dataclass
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pymupdf

from benchmarks.peers.measure import Counts, counts, ink_of_pdf
from benchmarks.peers.networks import NETWORKS, Network
from benchmarks.peers.ours import draw_ours
from benchmarks.peers.programs import PEERS, CannotDraw, Peer
from tnlang import __version__

HEADINGS = (
    "label on label",
    "label on wire",
    "label on edge",
    "shape on shape",
    "wire through shape",
    "wire on wire",
    "crossings",
)

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1400px; color: #20242B }
.row { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1.2em; margin-bottom: 2.5em }
figure { margin: 0; border: 1px solid #E4E7EB; border-radius: 8px; padding: .8em }
figure img { width: 100%; height: 280px; object-fit: contain }
figcaption { font-size: 13px; color: #69707C } b { color: #20242B }
table { border-collapse: collapse } td, th { padding: .25em .8em; text-align: right }
th:first-child, td:first-child { text-align: left } tr:nth-child(even) { background: #F6F7F8 }
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One program's picture of a network: its file, and what was counted; or why there is none."""

    program: str
    picture: str = ""
    counts: Counts | None = None
    why: str = ""


def main(folder: Path) -> None:
    """Writes ``index.html`` and its pictures into the folder, and prints the table."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        (network, [_ours(network, folder), *(_theirs(peer, network, folder) for peer in PEERS)])
        for network in NETWORKS
    ]
    (folder / "index.html").write_text(_page(rows), encoding="utf-8")
    for network, drawn in rows:
        for one in drawn:
            found = one.counts
            said = (
                f"{found.blemishes} blemishes, {found.crossings} crossings" if found is not None else one.why
            )
            print(f"{network.name:10} {one.program:28} {said}")


def _ours(network: Network, folder: Path) -> Drawn:
    svg, ink = draw_ours(network)
    name = f"{network.name}-tnlang.svg"
    (folder / name).write_text(svg, encoding="utf-8")
    return Drawn(f"tnlang {__version__}", name, counts(ink))


def _theirs(peer: Peer, network: Network, folder: Path) -> Drawn:
    try:
        title = peer.title
    except PackageNotFoundError:
        return Drawn(peer.name, why="not installed")
    pdf = folder / f"{network.name}-{peer.name}.pdf"
    try:
        peer.draw(network, pdf)
    except CannotDraw as error:
        return Drawn(title, why=f"cannot draw this: {error}")
    except Exception as error:  # whatever a peer raises belongs on the page, beside the others' pictures
        return Drawn(title, why=f"failed: {type(error).__name__}: {error}")
    with pymupdf.open(pdf) as document:
        pdf.with_suffix(".svg").write_text(document[0].get_svg_image(), encoding="utf-8")
    return Drawn(title, pdf.with_suffix(".svg").name, counts(ink_of_pdf(pdf)))


def _page(rows: list[tuple[Network, list[Drawn]]]) -> str:
    parts = [
        "<!doctype html><meta charset=utf-8><title>The same networks, drawn by six programs</title>",
        f"<style>{STYLE}</style><h1>The same networks, drawn by six programs</h1>",
        "<p>Every picture is what the program makes by itself. Counted are labels that lie on labels, wires "
        "or edges of shapes, shapes that overlap, wires that run through shapes or on one another, and "
        "crossings. "
        "torchview draws operations and their data, not tensors and their legs.</p>",
        _table(rows),
    ]
    for network, drawn in rows:
        parts.append(f"<h2>{html.escape(network.title)}</h2><div class=row>")
        parts.extend(map(_figure, drawn))
        parts.append("</div>")
    return "\n".join(parts)


def _table(rows: list[tuple[Network, list[Drawn]]]) -> str:
    lines = ["<table><tr><th>network<th>program" + "".join(f"<th>{heading}" for heading in HEADINGS)]
    for network, drawn in rows:
        for one in drawn:
            lines.append(f"<tr><td>{network.name}<td>{html.escape(one.program)}" + _cells(one))
    return "\n".join(lines) + "</table>"


def _cells(one: Drawn) -> str:
    if one.counts is None:
        return f"<td colspan={len(HEADINGS)}>{html.escape(one.why)}"
    return "".join(f"<td>{value}" for value in astuple(one.counts))


def _figure(one: Drawn) -> str:
    name = f"<b>{html.escape(one.program)}</b>"
    if one.counts is None:
        return f"<figure><figcaption>{name}: {html.escape(one.why)}</figcaption></figure>"
    said = f"{one.counts.blemishes} blemishes, {one.counts.crossings} crossings"
    picture = html.escape(one.picture, quote=True)
    return f"<figure><img src='{picture}'><figcaption>{name}: {said}</figcaption></figure>"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.peers FOLDER")
    main(Path(sys.argv[1]))
