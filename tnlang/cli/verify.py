"""``tnlang verify``: whether a picture draws what its program means."""

from __future__ import annotations

from pathlib import Path

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.files import read_input
from tnlang.cli.options import FILE, dim_option, functions_option
from tnlang.cli.progress import working
from tnlang.source import ValueMismatch


@click.command(
    cls=TnCommand,
    short_help="Read a picture back and compare it with its program.",
    epilog="""\b
Examples:
  tnlang verify attention.svg
  tnlang verify pictures/ladder.svg networks/ladder.tn --net ladder

\b
Exit codes: 0 the picture agrees, 1 it does not (it says where), 2 wrong usage.""",
)
@click.argument("picture", metavar="FIG.svg", type=click.Path(exists=True, dir_okay=False))
@click.argument("file", metavar="[FILE.tn]", type=FILE, required=False)
@click.option("--net", metavar="NAME", help="The picture is of this net, whatever it says itself.")
@click.option("--figure", metavar="NAME", help="The picture is of this figure.")
@click.option(
    "--module/--no-module", default=True, help="Run the generated module too, or the reference alone."
)
@functions_option
@dim_option
def command(
    picture: str,
    file: str | None,
    net: str | None,
    figure: str | None,
    module: bool,
    functions: bool,
    dims: dict[str, int],
) -> None:
    """Rebuild the network from the curves of FIG.svg, contract it and compare it with its program.

    What is connected is read from the geometry alone: which curve ends on which outline, what lies in which
    bubble. The program is the one the picture names, in the picture's folder, unless FILE.tn is given.
    """
    if net is not None and figure is not None:
        raise click.UsageError("--net and --figure exclude one another")
    from tnlang.api import load
    from tnlang.verification import Unreadable, source_of, verify

    try:
        svg = Path(picture).read_bytes().decode()
        source = file or str(Path(picture).parent / source_of(svg))
    except UnicodeDecodeError:
        raise ValueMismatch(f"{picture} is no SVG: it is not text in UTF-8") from None
    except Unreadable as error:
        raise ValueMismatch(f"{picture}: {error}") from None
    if not Path(source).is_file() and source != "-":
        raise click.UsageError(
            f"there is no {source}: name the program, as in `tnlang verify FIG.svg FILE.tn`"
        )
    program = load(read_input(source), dims=dims, functions=functions)
    with working("comparing"):
        try:
            report = verify(
                svg,
                program.ir,
                figure=figure or "",
                net=net or "",
                module=module,
                functions=program.python_functions(),
            )
        except KeyError as error:
            raise click.UsageError(f"{source} has no net or figure {error.args[0]}") from None
    click.echo(str(report))
    if not report.ok:
        click.get_current_context().exit(1)
