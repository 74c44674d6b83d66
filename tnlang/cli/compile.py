"""``tnlang compile``: a .tn file as one PyTorch module."""

from __future__ import annotations

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.files import read_input, write_output
from tnlang.cli.options import FILE, diagnostics_option, dim_option, output_option
from tnlang.cli.report import report
from tnlang.cli.select import net_of


@click.command(
    cls=TnCommand,
    short_help="Write a PyTorch module.",
    epilog="""\b
Examples:
  tnlang compile model.tn -o model.py
  tnlang compile mps.tn --dim N=8 -o mps8.py
  tnlang compile model.tn --net attention | less

\b
Exit codes: 0 done, 1 the file has errors (nothing is written), 2 wrong usage.""",
)
@click.argument("file", type=FILE)
@output_option("The Python file to write; standard output if not given.")
@click.option("--net", metavar="NAME", help="Only this net and those it calls.")
@click.option("--cpu-kernels", is_flag=True, help="Use oneDNN's products where they are faster on this CPU.")
@dim_option
@diagnostics_option
def command(
    file: str, output: str, net: str | None, cpu_kernels: bool, dims: dict[str, int], diagnostics: str
) -> None:
    """Write FILE as a Python module with a torch.nn.Module for each net.

    The module needs torch and the standard library alone. --dim changes the defaults of its classes; a dim
    that counts the members of a family can only be changed here. With --cpu-kernels it tries both ways of a
    product once for each shape, and takes the faster.
    """
    from tnlang.api import load

    program = load(read_input(file), dims=dims, cpu_kernels=cpu_kernels)
    report(program.warnings, diagnostics)
    write_output(output, net_of(program, net).source() if net else program.source())
