"""``tnlang fmt``: one way to write a .tn text."""

from __future__ import annotations

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.files import read_input, write_output
from tnlang.cli.options import FILE, diagnostics_option
from tnlang.cli.progress import tracked
from tnlang.source import Diagnostic, TnError


@click.command(
    cls=TnCommand,
    short_help="Format .tn files.",
    epilog="""\b
Examples:
  tnlang fmt model.tn
  tnlang fmt --check examples/*.tn
  tnlang fmt - < model.tn > tidy.tn

\b
Exit codes: 0 done, 1 a file has syntax errors or (with --check) would change, 2 wrong usage.""",
)
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--check", is_flag=True, help="Write nothing; end with 1 if a file would change.")
@diagnostics_option
def command(files: tuple[str, ...], check: bool, diagnostics: str) -> None:
    """Format FILES in place; '-' goes from standard input to standard output. Comments stay."""
    changed: list[str] = []
    wrong: list[Diagnostic] = []
    for file in tracked(files, "formatting"):
        try:
            if _formatted(file, write=not check):
                changed.append(file)
        except TnError as error:
            wrong += error.diagnostics
    for file in changed:
        click.echo(f"{'would format' if check else 'formatted'} {file}", err=True)
    if wrong:
        raise TnError(wrong)
    if check and changed:
        click.get_current_context().exit(1)


def _formatted(file: str, *, write: bool) -> bool:
    from tnlang.syntax.format import format_text

    source = read_input(file)
    text = format_text(source)
    if write and (file == "-" or text != source.text):
        write_output(file, text)
    return text != source.text
