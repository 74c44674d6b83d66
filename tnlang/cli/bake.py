"""``tnlang bake``: a figure's automatic placement, written into it as hints."""

from __future__ import annotations

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.files import read_input, write_output
from tnlang.cli.options import FILE, diagnostics_option, output_option
from tnlang.cli.select import picture_of


@click.command(
    cls=TnCommand,
    short_help="Write a figure's placement out as hints.",
    epilog="""\b
Examples:
  tnlang bake paper.tn --figure circuit -o paper.tn
  tnlang bake paper.tn > placed.tn

\b
Exit codes: 0 done, 1 the file has errors (nothing is written), 2 wrong usage.""",
)
@click.argument("file", type=FILE)
@output_option("The file to write, which may be FILE itself; standard output if not given.")
@click.option("--figure", metavar="NAME", help="The figure; may be left out where there is only one.")
@diagnostics_option
def command(file: str, output: str, figure: str | None, diagnostics: str) -> None:
    """Write FILE with `A at (x, y)` for each shape of a figure, where automatic layout has put it.

    The figure is drawn as before; from there it can be finished by hand, and it stays put when something is
    added to it. Hints of place that were there are replaced; sides of legs, bends and labels stay.
    """
    from tnlang.api import load
    from tnlang.bake import bake

    source = read_input(file)
    program = load(source)
    if not program.figures:
        raise click.UsageError("the file has no figure")
    write_output(output, bake(source, picture_of(program, None, figure).name))
