"""``tnlang render``: nets and figures as SVG, PNG or PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.files import read_input, write_output
from tnlang.cli.options import FILE, diagnostics_option, dim_option, output_option
from tnlang.cli.progress import tracked
from tnlang.cli.report import report
from tnlang.cli.select import picture_of

if TYPE_CHECKING:
    from tnlang.api import FigureHandle, NetHandle

KINDS = ("svg", "png", "pdf")


@click.command(
    cls=TnCommand,
    short_help="Draw a net or a figure.",
    epilog="""\b
Examples:
  tnlang render model.tn --net attention -o attention.svg
  tnlang render paper.tn --figure circuit -o circuit.pdf
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
@click.option("--scale", type=click.FloatRange(0.1, 20), default=2.0, show_default=True, help="Of a PNG.")
@dim_option
@diagnostics_option
def command(
    file: str,
    output: str,
    net: str | None,
    figure: str | None,
    everything: bool,
    kind: str | None,
    scale: float,
    dims: dict[str, int],
    diagnostics: str,
) -> None:
    """Draw a net or a figure of FILE.

    Without --net or --figure it is the file's only figure or, in a file without figures, its only net.
    """
    if (net is not None) + (figure is not None) + everything > 1:
        raise click.UsageError("--net, --figure and --all exclude one another")
    if everything and output == "-":
        raise click.UsageError("--all needs a folder: -o DIR")
    kind = kind or ("svg" if everything or output == "-" else _kind_of(output))
    from tnlang.api import load

    program = load(read_input(file), dims=dims)
    if everything:
        chosen: list[NetHandle | FigureHandle] = [*program.figures.values(), *program.nets.values()]
        targets = _targets(Path(output), chosen, kind)
        Path(output).mkdir(parents=True, exist_ok=True)
    else:
        chosen = [picture_of(program, net, figure)]
        targets = [output]
    pictures = [_picture(handle, kind, scale) for handle in tracked(chosen, "drawing")]
    report(program.warnings, diagnostics)
    for target, picture in zip(targets, pictures, strict=True):
        write_output(target, picture)


def _kind_of(output: str) -> str:
    kind = Path(output).suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise click.UsageError(f"{output} ends in none of .svg, .png, .pdf; name the kind with --kind")
    return kind


def _targets(folder: Path, chosen: list[NetHandle | FigureHandle], kind: str) -> list[str]:
    """A file for each; a net that has the name of a figure is written as ``NAME.net.svg``."""
    taken: set[str] = set()
    targets = []
    for handle in chosen:
        name = handle.name if handle.name not in taken else f"{handle.name}.net"
        taken.add(name)
        targets.append(str(folder / f"{name}.{kind}"))
    return targets


def _picture(handle: NetHandle | FigureHandle, kind: str, scale: float) -> str | bytes:
    from tnlang.draw.raster import MissingWheel, to_pdf, to_png
    from tnlang.draw.view.build import TooLarge

    try:
        svg = handle.svg()
    except TooLarge as error:
        raise click.ClickException(f"{handle.name}: {error}") from None
    try:
        match kind:
            case "png":
                return to_png(svg, scale)
            case "pdf":
                return to_pdf(svg)
            case _:
                return svg
    except (MissingWheel, ValueError) as error:
        raise click.UsageError(str(error)) from None
