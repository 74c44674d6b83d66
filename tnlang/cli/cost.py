"""``tnlang cost``: operations and arrays of a net, step by step."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.files import read_input
from tnlang.cli.options import FILE, diagnostics_option, dim_option
from tnlang.cli.report import report
from tnlang.cli.select import net_of
from tnlang.ir.size import SizeError
from tnlang.source import ValueMismatch

if TYPE_CHECKING:
    from tnlang.ir.cost import Cost, CostStep

WIDTH_OF_A_FILE = 200


@click.command(
    cls=TnCommand,
    short_help="Count operations and arrays.",
    epilog="""\b
Examples:
  tnlang cost model.tn
  tnlang cost gpt2.tn --net gpt2 --dim seq=128
  tnlang cost model.tn --format json

\b
Exit codes: 0 done, 1 the file has errors or its sizes do not come out, 2 wrong usage.""",
)
@click.argument("file", type=FILE)
@click.option("--net", metavar="NAME", help="Only this net; else every net.")
@click.option("--cpu-kernels", is_flag=True, help="Rules as for compile --cpu-kernels.")
@dim_option
@diagnostics_option
def command(file: str, net: str | None, cpu_kernels: bool, dims: dict[str, int], diagnostics: str) -> None:
    """Count the operations of FILE's nets and the arrays they make, for one member of a batch.

    With --format json the cost goes to standard output as JSON, as diagnostics do to standard error.
    """
    from tnlang.api import load

    program = load(read_input(file), dims=dims, cpu_kernels=cpu_kernels)
    handles = [net_of(program, net)] if net is not None else list(program.nets.values())
    try:
        costs = [handle.cost() for handle in handles]
        rules = [handle.rewritten() for handle in handles]
    except SizeError as error:
        raise ValueMismatch(str(error)) from error
    report(program.warnings, diagnostics)
    if diagnostics == "json":
        found = [_as_json(*pair) for pair in zip(costs, rules, strict=True)]
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for pair in zip(costs, rules, strict=True):
        _show(*pair)


def _as_json(cost: Cost, rules: dict[str, int]) -> dict[str, object]:
    return {
        "net": cost.net,
        "flops": cost.flops,
        "largest": _step_as_json(cost.largest) if cost.largest is not None else None,
        "assumed": dict(cost.assumed),
        "rewritten": rules,
        "steps": [_step_as_json(step) for step in cost.steps],
    }


def _step_as_json(step: CostStep) -> dict[str, object]:
    return {
        "value": step.path,
        "step": step.what,
        "result": [{"wire": wire, "size": size} for wire, size in step.wires],
        "entries": step.entries,
        "flops": step.flops,
        "times": step.times,
    }


def _show(cost: Cost, rules: dict[str, int]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    assumed = ", ".join(f"{name} = {size}" for name, size in cost.assumed.items())
    click.echo(f"net {cost.net}: {cost.flops:,} FLOPs" + (f" (assuming {assumed})" if assumed else ""))
    if rules:
        click.echo(f"rewritten by: {', '.join(f'{name} {count}' for name, count in rules.items())}")
    if cost.largest is None:
        return
    click.echo(f"largest intermediate: {cost.largest.entries:,} entries, {_result(cost.largest)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("value")
    table.add_column("step", max_width=60)
    for heading in ("FLOPs", "times", "share", "entries"):
        table.add_column(heading, justify="right")
    table.add_column("result")
    for step in cost.steps:
        share = f"{step.flops * step.times / cost.flops:.1%}"
        cells = (step.path, step.what, f"{step.flops:,}", f"{step.times:,}", share, f"{step.entries:,}")
        table.add_row(*map(Text, (*cells, _result(step))))
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE).print(table)
    click.echo()


def _result(step: CostStep) -> str:
    return "[" + ", ".join(f"{wire}: {size}" for wire, size in step.wires) + "]"
