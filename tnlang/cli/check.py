"""``tnlang check``: every mistake of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.files import read_input
from tnlang.cli.options import FILE, FiniteRange, diagnostics_option, dim_option, functions_option
from tnlang.cli.progress import tracked
from tnlang.cli.report import report
from tnlang.source import Diagnostic, TnError

if TYPE_CHECKING:
    from tnlang.api import Program
    from tnlang.equations import Verdict


@click.command(
    cls=TnCommand,
    short_help="Report every error of .tn files.",
    epilog="""\b
Examples:
  tnlang check model.tn
  tnlang check examples/*.tn --format json
  cat model.tn | tnlang check -
  tnlang check mps.tn --dim N=8
  tnlang check frozen.tn --linear x
  tnlang check gauge.tn --steps

\b
Exit codes: 0 no errors (there may be warnings), 1 errors, 2 wrong usage.""",
)
@click.argument("files", nargs=-1, required=True, type=FILE)
@functions_option
@dim_option
@diagnostics_option
@click.option(
    "--equations/--no-equations", default=True, help="Check the equations of figures on numbers, or not."
)
@click.option("--steps", is_flag=True, help="Print each equation's verdict and how it was proved.")
@click.option(
    "--tolerance",
    type=FiniteRange(0, 1),
    default=1e-9,
    show_default=True,
    help="Of equations, relative.",
)
@click.option(
    "--linear", metavar="NAME", help="Say of each net with an input of that name if it is linear in it."
)
def command(
    files: tuple[str, ...],
    dims: dict[str, int],
    diagnostics: str,
    equations: bool,
    tolerance: float,
    functions: bool,
    linear: str | None,
    steps: bool,
) -> None:
    """Report every error and warning of FILES; their equations are proved, or checked on random numbers.

    With --format json one array of all diagnostics goes to standard output. --linear writes a line for each
    net whose input, parameter or tensor it names, with the functions and products that stand in the way.
    """
    if linear is not None and diagnostics == "json":
        raise click.UsageError("--linear writes lines of text: leave --format json out")
    if steps and (diagnostics == "json" or not equations):
        raise click.UsageError("--steps prints equations as text: leave the other option out")
    found: list[Diagnostic] = []
    for file in tracked(files, "checking"):
        found += _found(file, dims, functions, tolerance if equations else None, linear, steps)
    errors = sum(d.severity == "error" for d in found)
    report(found, diagnostics, err=diagnostics == "text")
    if diagnostics == "text":
        click.echo(_summary(len(files), errors, len(found) - errors), err=True)
    if errors:
        click.get_current_context().exit(1)


def _found(
    file: str,
    dims: dict[str, int],
    functions: bool,
    tolerance: float | None,
    linear: str | None,
    steps: bool,
) -> tuple[Diagnostic, ...]:
    from tnlang.api import load

    try:
        program = load(read_input(file), dims=dims, functions=functions)
        if linear is not None:
            _say_linear(program, linear)
        verdicts = program.verdicts(tolerance, steps=steps) if tolerance is not None else ()
    except TnError as error:
        return error.diagnostics
    if steps:
        for verdict in verdicts:
            click.echo("\n".join(_told(verdict)))
    return (*program.warnings, *(v.diagnostic for v in verdicts if v.diagnostic is not None))


def _told(verdict: Verdict) -> Iterator[str]:
    """A verdict in a line, then the sides of its proof, each rewritten rule by rule."""
    from tnlang.lower.notation import expression_text

    relation = "" if verdict.relation == "=" else f" ({verdict.relation})"
    yield f"{verdict.equation.span}: figure {verdict.figure}{relation}: {verdict.finding}"
    for steps in (verdict.proof.left, verdict.proof.right) if verdict.proof is not None else ():
        before = ""
        for rule, side in steps:
            text = expression_text(side)
            if text != before:
                yield f"  {rule + ':' if rule else '':<17} {text}"
            before = text


def _say_linear(program: Program, name: str) -> None:
    """Whether each net is linear in what is of that name, a line each."""
    asked = [
        net for net in program.nets.values() if name in {d.name for d in (*net.ir.inputs, *net.ir.owned)}
    ]
    if any(decl.name == name for decl in program.ir.declarations):
        asked = list(program.nets.values())
    if not asked:
        raise click.UsageError(f"no net has an input, parameter or tensor {name}")
    for net in asked:
        said = str(net.linearity(name))
        click.echo(f"{net.name}, by {name}: {said}")


def _summary(files: int, errors: int, warnings: int) -> str:
    def counted(number: int, word: str) -> str:
        return f"{number} {word}{'' if number == 1 else 's'}"

    return f"{counted(files, 'file')}: {counted(errors, 'error')}, {counted(warnings, 'warning')}"
