"""``tnlang transform``: a net made from a net of a file, as text, as a picture or as a module."""

from __future__ import annotations

from pathlib import Path

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.files import read_input, write_output
from tnlang.cli.options import FILE, diagnostics_option, dim_option, output_option
from tnlang.cli.render import ENDINGS, picture
from tnlang.cli.report import report
from tnlang.cli.select import net_of


@click.command(
    cls=TnCommand,
    short_help="Make a net from a net.",
    epilog="""\b
Examples:
  tnlang transform model.tn model 'freeze(A)' -o frozen.tn
  tnlang transform model.tn model 'freeze(A, scale)' 'expand(paths, order <= 2)' -o paths.svg
  tnlang transform model.tn model 'patch(attention{0}.z -> attention{1}.Q)' --name patched -o patched.py

\b
Exit codes: 0 done, 1 the file has errors or a step cannot be done (nothing is written), 2 wrong usage.""",
)
@click.argument("file", type=FILE)
@click.argument("net")
@click.argument("steps", nargs=-1, required=True, metavar="STEP...")
@output_option("A .tn, .py, .svg, .png, .pdf or .tex file; else the text goes to standard output.")
@click.option("--name", default="", help="The name of the new net.")
@dim_option
@diagnostics_option
def command(
    file: str,
    net: str,
    steps: tuple[str, ...],
    output: str,
    name: str,
    dims: dict[str, int],
    diagnostics: str,
) -> None:
    """Make a net from NET of FILE by one STEP after the other.

    A STEP is a transform as in the language, without the net it is of. What is written is FILE with one more
    line (it goes beside FILE where that imports others), or by the ending of -o the new net as a PyTorch
    module or as a picture.
    """
    ending = Path(output).suffix.lower() if output != "-" else ".tn"
    if ending not in (".tn", ".py", *ENDINGS):
        raise click.UsageError(f"{output} ends in none of .tn, .py, {', '.join(ENDINGS)}")
    from tnlang.api import load

    program = load(read_input(file), dims=dims)
    made = net_of(program, net).transform(*steps, name=name)
    report(made.program.warnings, diagnostics)
    if made.ir.note:
        click.echo(f"note: {made.name}: {made.ir.note}", err=True)
    match ending:
        case ".tn":
            write_output(output, made.program.text)
        case ".py":
            write_output(output, made.source())
        case _:
            from tnlang.draw.sizes import LETTERS

            drawn = picture(made, LETTERS, ENDINGS[ending], 2.0, standalone=False)
            report(drawn.faults, diagnostics)
            write_output(output, drawn.content)
