"""``tnlang render``: nets and figures as SVG, PNG, PDF or TikZ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.files import read_input, write_output
from tnlang.cli.options import FILE, FiniteRange, diagnostics_option, dim_option, output_option
from tnlang.cli.progress import tracked
from tnlang.cli.report import report
from tnlang.cli.select import picture_of
from tnlang.ir.lengths import LEAST, MOST, UNITS, length
from tnlang.source import Diagnostic

if TYPE_CHECKING:
    from tnlang.handles import FigureHandle, NetHandle

KINDS = ("svg", "png", "pdf", "tikz")
ENDINGS = {**{f".{kind}": kind for kind in KINDS}, ".tex": "tikz"}


def _width(ctx: click.Context, parameter: click.Parameter, text: str | None) -> float:
    width = length(text) if text else 0.0
    if width is None:
        units = ", ".join(UNITS)
        raise click.BadParameter(
            f"{text} is no width of a picture, like 86mm; units are {units}, from {LEAST:g} to {MOST:g} pt"
        )
    return width


@click.command(
    cls=TnCommand,
    short_help="Draw a net or a figure.",
    epilog="""\b
Examples:
  tnlang render model.tn --net attention -o attention.svg
  tnlang render paper.tn --figure circuit --width 86mm -o circuit.pdf
  tnlang render paper.tn --figure circuit --theme mono --dpi 300 -o circuit.png
  tnlang render paper.tn --figure circuit -o circuit.tex
  tnlang render paper.tn --all -o pictures --kind png
  cat model.tn | tnlang render - > model.svg

\b
Exit codes: 0 done, 1 the file has errors (nothing is written), 2 wrong usage.""",
)
@click.argument("file", type=FILE)
@output_option("The picture to write (with --all a folder); standard output if not given.")
@click.option("--net", metavar="NAME", help="Draw this net.")
@click.option("--figure", metavar="NAME", help="Draw this figure.")
@click.option("--all", "everything", is_flag=True, help="Draw each figure and each net into the folder.")
@click.option(
    "--kind", type=click.Choice(KINDS), help="The kind of picture; else the output's ending tells it."
)
@click.option("--theme", metavar="NAME", default="", help="paper, mono, dark, safe, or a theme of the file.")
@click.option(
    "--width", metavar="LENGTH", callback=_width, help="The width on paper: 86mm, 3.4in, 246pt, 8.6cm."
)
@click.option(
    "--letters", type=FiniteRange(1, 100), help="The least size of labels at a width, in points (7)."
)
@click.option("--text", is_flag=True, help="Letters as text (SVG, PDF) instead of outlines.")
@click.option("--scale", type=FiniteRange(0.1, 20), help="Pixels of a PNG a point (2).")
@click.option("--dpi", type=FiniteRange(7.2, 1440), help="Pixels of a PNG an inch.")
@click.option("--standalone", is_flag=True, help="TikZ as a document of its own, not to be \\input.")
@dim_option
@diagnostics_option
def command(
    file: str,
    output: str,
    net: str | None,
    figure: str | None,
    everything: bool,
    kind: str | None,
    theme: str,
    width: float,
    letters: float | None,
    text: bool,
    scale: float | None,
    dpi: float | None,
    standalone: bool,
    dims: dict[str, int],
    diagnostics: str,
) -> None:
    """Draw a net or a figure of FILE.

    Without --net or --figure it is the file's only figure or, in a file without figures, its only net. What
    --theme and --width say counts before what the figure says.
    """
    if (net is not None) + (figure is not None) + everything > 1:
        raise click.UsageError("--net, --figure and --all exclude one another")
    if everything and output == "-":
        raise click.UsageError("--all needs a folder: -o DIR")
    if scale is not None and dpi is not None:
        raise click.UsageError("--scale and --dpi exclude one another")
    kind = kind or ("svg" if everything or output == "-" else _kind_of(output))
    if standalone and kind != "tikz":
        raise click.UsageError("--standalone is for TikZ: --kind tikz, or -o NAME.tex")
    from tnlang.api import load
    from tnlang.draw.sizes import LETTERS
    from tnlang.handles import FigureHandle

    program = load(read_input(file), dims=dims)
    _check_theme(theme, [one.name for one in program.ir.themes])
    if everything:
        chosen: list[NetHandle | FigureHandle] = [*program.figures.values(), *program.nets.values()]
        targets = _targets(Path(output), chosen, kind)
        Path(output).mkdir(parents=True, exist_ok=True)
    else:
        chosen = [picture_of(program, net, figure)]
        targets = [output]
    density = dpi / 72 if dpi is not None else scale or 2.0
    pictures = [
        picture(
            handle.drawn(theme=theme, width=width, letters=letters or 0.0, text=text),
            letters or LETTERS,
            kind,
            density,
            standalone,
        )
        for handle in tracked(chosen, "drawing")
    ]
    lost = [warning for handle in chosen if isinstance(handle, FigureHandle) for warning in handle.warnings]
    letters_lost = frozenset(letter for made in pictures for letter in made.foreign)
    foreign = program.foreign_letters(letters_lost, DRAWN_BY[kind])
    faults = [fault for made in pictures for fault in made.faults]
    report((*program.warnings, *program.unset_formulas, *foreign, *lost, *faults), diagnostics)
    for target, made in zip(targets, pictures, strict=True):
        write_output(target, made.content)


DRAWN_BY = {
    "svg": "fonts of the reader's machine draw them",
    "png": "fonts of this machine draw them",
    "pdf": "fonts of this machine draw them",
    "tikz": "pdflatex writes their code points, XeLaTeX and LuaLaTeX draw them",
}
"""By kind of picture, what draws letters that the font of the labels does not have."""


def _check_theme(theme: str, own: list[str]) -> None:
    from difflib import get_close_matches

    from tnlang.ir.program import BUILT_IN_THEMES

    names = list(dict.fromkeys((*BUILT_IN_THEMES, *own)))
    if theme and theme not in names:
        near = " or ".join(get_close_matches(theme, names, cutoff=0.5))
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(names)}"
        raise click.UsageError(f"there is no theme {theme}; {hint}")


def _kind_of(output: str) -> str:
    kind = ENDINGS.get(Path(output).suffix.lower())
    if kind is None:
        raise click.UsageError(f"{output} ends in none of {', '.join(ENDINGS)}; name the kind with --kind")
    return kind


def _targets(folder: Path, chosen: list[NetHandle | FigureHandle], kind: str) -> list[str]:
    """A file for each; a net that has the name of a figure is written as ``NAME.net.svg``."""
    taken: set[str] = set()
    targets = []
    for handle in chosen:
        name = handle.name if handle.name not in taken else f"{handle.name}.net"
        taken.add(name)
        targets.append(str(folder / f"{name}.{'tex' if kind == 'tikz' else kind}"))
    return targets


class Made(NamedTuple):
    """A picture, the characters that the font of its labels does not have, and what is wrong with it."""

    content: str | bytes
    foreign: frozenset[str]
    faults: tuple[Diagnostic, ...]


def picture(
    handle: NetHandle | FigureHandle, letters: float, kind: str, density: float, standalone: bool
) -> Made:
    """A picture of a kind, ``density`` pixels a point where it has pixels, its letters not below ``letters``.

    Warns of what cannot be read or drawn as asked.
    """
    from tnlang.draw.labels import foreign_letters
    from tnlang.draw.lint import counted
    from tnlang.draw.raster import MissingWheel, to_pdf, to_png
    from tnlang.draw.sizes import SCRIPTS, letters_of
    from tnlang.draw.svg import to_svg
    from tnlang.draw.view.build import Undrawable

    try:
        scene = handle.scene()
    except Undrawable as error:
        raise click.ClickException(f"{handle.name}: {error}") from None
    wrong = counted(scene)
    message = f"the picture of {handle.name} has faults: {wrong}"
    hint = "hints (`A at (1, 0)`, `bend i (0.5, 1)`) place what stands badly; `flow down` turns the picture"
    span = handle.ir.origin.span
    faults = (Diagnostic("TN816", message, span, hint=hint, severity="warning"),) if wrong else ()
    label, script = letters_of(scene)
    if label < letters - 0.05 or script < SCRIPTS * letters - 0.05:
        wide = scene.width * scene.scale
        _warn(
            f"{handle.name}: at a width of {wide:.0f} pt its smallest label is {label:.1f} pt high and its "
            f"smallest script {script:.1f} pt, less than {letters:g} and {SCRIPTS * letters:.3g} pt"
        )
    if kind == "tikz":
        from tnlang.draw.tikz import to_tikz, unwritable

        return Made(to_tikz(scene, standalone=standalone), unwritable(scene), faults)
    svg = to_svg(scene, text=handle.text and kind != "png")
    try:
        match kind:
            case "png":
                return Made(to_png(svg, _fitting(handle.name, svg, density)), foreign_letters(scene), faults)
            case "pdf":
                return Made(to_pdf(svg), foreign_letters(scene), faults)
            case _:
                return Made(svg, foreign_letters(scene), faults)
    except (MissingWheel, ValueError) as error:
        raise click.UsageError(str(error)) from None


def _fitting(name: str, svg: str, density: float) -> float:
    """The pixels a point that were asked for or, with a warning, as many as a PNG can have."""
    from tnlang.draw.raster import largest_scale

    most = largest_scale(svg)
    if density <= most:
        return density
    lower = int(most * 100) / 100
    _warn(
        f"{name}: a PNG of {density:.3g} pixels a point ({density * 72:.0f} dpi) is too large; "
        f"it has {lower:g} ({lower * 72:.0f} dpi): write SVG or PDF for more"
    )
    return lower


def _warn(message: str) -> None:
    click.echo(f"warning: {message}", err=True)
