"""Hand-placed pictures beside what layout makes of the same networks: ``python -m docs.targets [FOLDER]``.

docs/targets/ holds pictures whose every shape was placed by hand, before there was a layout. They are the
bar: beside each stands what comes from the text alone, with a line on which is better and why.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

import tnlang
from docs.gallery import FOLDER as GALLERY
from tnlang.files import write_whole

TARGETS = Path(__file__).resolve().parent / "targets"

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1500px; color: #20242B }
section { margin-bottom: 3em }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5em; align-items: start }
figure { margin: 0 0 1em; border: 1px solid #E4E7EB; border-radius: 8px; padding: 1em }
img { max-width: 100%; max-height: 1100px; height: auto } figcaption { color: #69707C; font-size: 13px }
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A hand-placed picture, the programs that say the same, and which drawing is better and why."""

    name: str
    programs: tuple[Path, ...]
    verdict: str


def _gallery(*names: str) -> tuple[Path, ...]:
    return tuple(GALLERY / f"{name}.tn" for name in names)


def _own(name: str) -> tuple[Path, ...]:
    return (TARGETS / f"{name}.tn",)


ALL = (
    Target(
        "attention_frozen",
        _gallery("N14_frozen", "N15_head_sums"),
        "As rows they are alike: identity plus heads, all at once or under a Σ, and layout shows the two "
        "weights before they become one. By hand the block itself stands before the equals sign.",
    ),
    Target(
        "attention_pattern",
        _gallery("N13_pattern"),
        "Alike; layout adds the gates, which say along which leg the softmax and the mask work, and "
        "names the scale by its dim.",
    ),
    Target(
        "gpt2_block",
        _gallery("N5_gpt2"),
        "By hand is better placed: V stands above W_O there, while layout runs two long tracks round "
        "the right side. Layout keeps every leg's name and needs no room between blocks.",
    ),
    Target(
        "gpt2_vertical",
        _own("gpt2_vertical"),
        "Layout is better: it shows the one-hot strip and the slice of positions that the drawing by "
        "hand leaves out, on half the empty wire; the words embedding and unembedding stand only in "
        "the one by hand.",
    ),
    Target(
        "grammar_sheet",
        _own("grammar_sheet"),
        "The signs are the same. By hand each has a card with its text and one shows an error, which "
        "layout does not draw; layout makes room by what a cell holds.",
    ),
    Target(
        "hyperedge",
        _gallery("T16_hyperedge"),
        "Layout is as good for the network; by hand the middle side shows the factors with their free "
        "legs, here it is the formula.",
    ),
    Target(
        "ladder",
        _gallery("T17_ladder", "T18_hole"),
        "Layout is as square, and shows the ladder before and after too; by hand the hole has a dashed "
        "circle, here the names of its three legs stand in it.",
    ),
    Target(
        "legs",
        _gallery("T10_transpose", "T11_permute", "T12_group"),
        "Alike, down to the bent legs of the transpose; by hand the pieces are one picture.",
    ),
    Target(
        "mera",
        _gallery("S19_mera"),
        "Layout is better: the same rows and symmetry, and every wire and tensor has the name the "
        "program gives it.",
    ),
    Target(
        "mlp_bubbles",
        _gallery("N3_dense"),
        "Alike; layout draws the last nonlinearity too, which by hand is left out.",
    ),
    Target(
        "mps_ttsvd",
        _gallery("S16_tensor_train"),
        "As good: a row for each split, every leg below the one above, and a line where the next cut falls. "
        "Layout is exact up to the last row and says where the train is cut; by hand there are numbers.",
    ),
    Target(
        "path_expansion",
        _gallery("N20_v_composition"),
        "As good: network, equals sign, and terms of one height, one head at that of its layer; where both "
        "follow one another they stand close. Layout names the ends of every track.",
    ),
    Target(
        "ring_trace",
        _gallery("T14_cyclic"),
        "By hand shows the quarter turn in between, with arrows; layout draws the two ends of it.",
    ),
    Target(
        "svd_row",
        _gallery("S9_svd", "S10_svd_sum", "S4_isometry", "S5_projector"),
        "Alike, the bare λ and the outer product in brackets too; by hand the columns have small "
        "letters, here those of their matrices.",
    ),
)


def main(folder: Path) -> None:
    """Writes ``index.html`` and the pictures into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        "<!doctype html><meta charset=utf-8><title>By hand and by layout</title>",
        f"<style>{STYLE}</style><h1>By hand and by layout</h1>",
        "<p>Left: placed by hand. Right: drawn by tnlang from the text alone.</p>",
    ]
    for target in ALL:
        hand = f"{target.name}.hand.svg"
        text = (TARGETS / f"{target.name}.svg").read_text(encoding="utf-8")
        write_whole(folder / hand, lambda path, text=text: path.write_text(text, encoding="utf-8"))
        parts.append(
            f"<section><h2>{escape(target.name)}</h2><p>{escape(target.verdict)}</p><div class=pair>"
        )
        parts.append(f"<figure><img src='{hand}'><figcaption>by hand</figcaption></figure><div>")
        parts.extend(_drawn(program, folder) for program in target.programs)
        parts.append("</div></div></section>")
    page = "\n".join(parts)
    write_whole(folder / "index.html", lambda path: path.write_text(page, encoding="utf-8"))
    print(folder / "index.html")


def _drawn(program: Path, folder: Path) -> str:
    """The picture of a program's first figure, with its name and text below."""
    figure = next(iter(tnlang.load(program).figures.values()))
    name = f"{program.stem}.svg"
    svg = figure.svg()
    write_whole(folder / name, lambda path: path.write_text(svg, encoding="utf-8"))
    return f"<figure><img src='{name}'><figcaption>{escape(program.name)}</figcaption></figure>"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/targets"))
