"""The ``tnlang`` command: finds the sub-commands and says how each ends."""

from __future__ import annotations

import gc
from importlib import import_module

import click

import tnlang
from tnlang.cli.report import report
from tnlang.source import TnError, ValueMismatch

COMMANDS = (
    "check",
    "render",
    "verify",
    "transform",
    "compile",
    "run",
    "plot",
    "bake",
    "cost",
    "fmt",
    "doctor",
)

COLLECTED = (100_000, 20, 100)
"""After how many new objects garbage is looked for: what grows has none, and after 700, as Python would,
a fifth of the time would go into looking."""

EXIT_CODES = """\b
Exit codes:
  0  all is well
  1  a .tn file has errors, or arrays or weights do not fit it
  2  the command was used wrongly, or a file could not be read or written"""


class Commands(click.Group):
    """Imports a command's module when it is called, so that none pays for another's libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"tnlang.cli.{cmd_name}").command
        return command


class TnCommand(click.Command):
    """A command on .tn files: its errors become diagnostics and exit codes, never tracebacks."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except TnError as error:
            report(error.diagnostics, ctx.params.get("diagnostics", "text"))
        except ValueMismatch as error:
            click.echo(f"error: {error}", err=True)
        except click.exceptions.Exit:
            raise
        except BrokenPipeError:
            raise  # the reader went away: click ends quietly
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            click.echo(f"error: {place}{error.strerror or error}", err=True)
            ctx.exit(2)
        ctx.exit(1)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="""\b
Examples:
  tnlang check model.tn
  tnlang render model.tn --net attention -o attention.svg
  tnlang compile model.tn -o model.py

"""
    + EXIT_CODES,
)
@click.version_option(tnlang.__version__, prog_name="tnlang")
def main() -> None:
    """Tensor networks as text: check, draw, compile and run .tn files.

    '-' stands for standard input or output wherever a file is wanted.
    """
    gc.set_threshold(*COLLECTED)
