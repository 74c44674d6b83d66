"""``tnlang run``: arrays through a net."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.arrays import outputs_by_name, read_all, read_inputs, ready_module, run_module
from tnlang.cli.files import read_input
from tnlang.cli.options import FILE, diagnostics_option, dim_option, functions_option
from tnlang.cli.progress import working
from tnlang.cli.report import report
from tnlang.cli.select import net_of
from tnlang.files import write_whole
from tnlang.source import ValueMismatch

if TYPE_CHECKING:
    import numpy as np

    from tnlang.handles import NetHandle

    Arrays = dict[str, np.ndarray]


@click.command(
    cls=TnCommand,
    short_help="Run a net on arrays.",
    epilog="""\b
Examples:
  tnlang run model.tn --net attention --input x=x.npy --weights checkpoint/ -o y.npy
  tnlang run gpt2.tn --net gpt2 --input tokens=tokens.npy --weights gpt2/ -o out.safetensors --cache
  tnlang run two.tn --input x=x.npy --backend numpy --seed 3 -o y.npy

\b
Exit codes: 0 done, 1 the file has errors or the arrays do not fit, 2 wrong usage.""",
)
@click.argument("file", type=FILE)
@click.option("--net", metavar="NAME", help="The net to run; may be left out where there is only one.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=FILE",
    help="An input from a .npy or .safetensors file (there the tensor of that name, or the only one).",
)
@click.option(
    "--weights", type=click.Path(exists=True), help="A folder or .safetensors file to load parameters from."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the parameters, where no weights are given."
)
@click.option(
    "-o", "--output", required=True, metavar="FILE", help=".npy for one output, .safetensors for any number."
)
@click.option("--cache", is_flag=True, help="Write every named value as well (.safetensors).")
@click.option(
    "--backend",
    type=click.Choice(["torch", "numpy"]),
    default="torch",
    show_default=True,
    help="The generated module, or the reference that follows the definition term by term.",
)
@click.option("--device", default="cpu", show_default=True, help="Where torch runs: cpu, cuda, cuda:1, mps.")
@click.option(
    "--frozen",
    type=click.Path(exists=True),
    help="A cache (.safetensors) with the values a frozen net needs.",
)
@functions_option
@dim_option
@diagnostics_option
def command(
    file: str,
    net: str | None,
    inputs: tuple[str, ...],
    weights: str | None,
    seed: int,
    output: str,
    cache: bool,
    backend: str,
    device: str,
    frozen: str | None,
    functions: bool,
    dims: dict[str, int],
    diagnostics: str,
) -> None:
    """Run a net of FILE on arrays and write its outputs.

    A onehot input is an array of whole numbers. Leading batch axes are allowed.
    """
    from tnlang.api import load

    program = load(read_input(file), dims=dims, functions=functions)
    report(program.warnings, diagnostics)
    handle = net_of(program, net)
    target = Path(output)
    if target.suffix not in (".npy", ".safetensors"):
        raise click.UsageError(f"{output} ends in neither .npy nor .safetensors")
    if not target.parent.is_dir():
        raise click.UsageError(f"there is no folder {target.parent}")
    if cache and (backend == "numpy" or target.suffix == ".npy"):
        raise click.UsageError("--cache wants the backend torch and a .safetensors output")
    arrays = read_inputs(handle, inputs)
    values = read_all(Path(frozen)) if frozen is not None else {}
    with working(f"running {handle.name}"):
        module = ready_module(handle, weights, seed, device)
        try:
            results = (run_module if backend == "torch" else _reference)(
                handle, module, arrays, values, cache
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueMismatch(error.args[0] if error.args else str(error)) from error
    _write(target, results)


def _reference(handle: NetHandle, module: Any, arrays: Arrays, frozen: Arrays, cache: bool) -> Arrays:
    """The outputs by name, from the reference."""
    parameters = {name: value.numpy(force=True) for name, value in module.state_dict().items()}
    return outputs_by_name(handle, handle.numpy(**arrays, **{**parameters, **frozen}))


def _write(path: Path, arrays: Arrays) -> None:
    import numpy as np

    if path.suffix == ".safetensors":
        from safetensors.numpy import save_file

        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        write_whole(path, lambda temporary: save_file(whole, temporary))
        return
    if len(arrays) > 1:
        raise click.UsageError(f"several outputs ({', '.join(arrays)}) want a .safetensors file")
    (array,) = arrays.values()
    write_whole(path, lambda temporary: np.save(temporary, array))
