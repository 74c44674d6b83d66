"""``tnlang plot``: a value of a net as a heat map or a curve."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tnlang.cli.app import TnCommand
from tnlang.cli.arrays import read_all, read_inputs, ready_module, run_module
from tnlang.cli.files import read_input, write_output
from tnlang.cli.options import (
    FILE,
    FiniteRange,
    diagnostics_option,
    dim_option,
    functions_option,
    named_values,
    output_option,
)
from tnlang.cli.progress import working
from tnlang.cli.report import report
from tnlang.cli.select import net_of
from tnlang.source import ValueMismatch

if TYPE_CHECKING:
    import numpy as np

    from tnlang.cli.arrays import Arrays
    from tnlang.handles import NetHandle

KINDS = ("svg", "pdf", "png")


@click.command(
    cls=TnCommand,
    short_help="Plot a value of a net.",
    epilog="""\b
Examples:
  tnlang plot model.tn attention.A --input x=x.npy --words q=@tokens.txt --words k=@tokens.txt -o A.svg
  tnlang plot gpt2.tn 'attention{5}.A' --cache run.safetensors --at head=1 -o head.pdf
  tnlang plot model.tn W_E --weights checkpoint/ --rows vocab -o W_E.png

\b
Exit codes: 0 done, 1 the file has errors or the arrays do not fit, 2 wrong usage.""",
)
@click.argument("file", type=FILE)
@click.argument("value")
@output_option("The plot to write; standard output if not given.")
@click.option("--net", metavar="NAME", help="The net; may be left out where there is only one.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=FILE", help="An input, as of `tnlang run`.")
@click.option(
    "--cache", type=click.Path(exists=True), help="Take the value from what `tnlang run --cache` wrote."
)
@click.option("--weights", type=click.Path(exists=True), help="Load the parameters from there.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the parameters without weights.")
@click.option("--at", multiple=True, metavar="LEG=ENTRY", help="Fix a leg at an entry; -1 is the last.")
@click.option("--rows", default="", metavar="LEG", help="The leg that runs down; else the last but one.")
@click.option(
    "--words", multiple=True, metavar="LEG=TEXT", help="Words at a leg's entries, or @FILE with one a line."
)
@click.option("--title", default=None, help="Stands above; the value's name if not given.")
@click.option("--log", is_flag=True, help="Draw a curve's values by their logarithm.")
@click.option("--grey", is_flag=True, help="Draw a map as an image, black to white.")
@click.option("--width", type=FiniteRange(40, 4000), default=246.0, show_default=True, help="In points.")
@click.option("--dpi", type=FiniteRange(20, 2400), default=300.0, show_default=True, help="Of a PNG.")
@click.option("--kind", type=click.Choice(KINDS), help="The kind of file; else the output's ending tells it.")
@functions_option
@dim_option
@diagnostics_option
def command(
    file: str,
    value: str,
    output: str,
    net: str | None,
    inputs: tuple[str, ...],
    cache: str | None,
    weights: str | None,
    seed: int,
    at: tuple[str, ...],
    rows: str,
    words: tuple[str, ...],
    title: str | None,
    log: bool,
    grey: bool,
    width: float,
    dpi: float,
    kind: str | None,
    functions: bool,
    dims: dict[str, int],
    diagnostics: str,
) -> None:
    """Plot VALUE of a net of FILE: a parameter, or what a run on the inputs gives.

    A value with one leg becomes a curve, with two a heat map, with three a map for each entry of the first.
    VALUE is its path: attention{3}.A.
    """
    from tnlang.api import load
    from tnlang.plots import MissingMatplotlib

    kind = kind or _kind_of(output)
    program = load(read_input(file), dims=dims, functions=functions)
    report(program.warnings, diagnostics)
    handle = net_of(program, net)
    entries = {leg: _entry(leg, entry) for leg, entry in named_values("--at", at).items()}
    ticks = {leg: _words(leg, text) for leg, text in named_values("--words", words).items()}
    array = _array(handle, value, inputs, cache, weights, seed)
    try:
        made = handle.plot(
            value, array, kind, title=title, at=entries, rows=rows, ticks=ticks, log=log, grey=grey,
            width=width, dpi=dpi,
        )  # fmt: skip
    except MissingMatplotlib as error:
        raise click.UsageError(str(error)) from None
    write_output(output, made)


def _array(
    handle: NetHandle,
    value: str,
    inputs: tuple[str, ...],
    cache: str | None,
    weights: str | None,
    seed: int,
) -> np.ndarray:
    """The value's array: from a cache, of the parameters, of the inputs, or from a run."""
    from tnlang.plots import cache_key

    key = cache_key(value)
    if handle.legs(value) is None:
        close = _close(key, handle.value_names)
        raise ValueMismatch(f"net {handle.name} has no value {value}; there are {close}")
    if cache is not None:
        return _named(read_all(Path(cache)), key, value)
    with working(f"running {handle.name}"):
        module = ready_module(handle, weights, seed)
        parameters: Arrays = {name: array.numpy(force=True) for name, array in module.state_dict().items()}
        if key in parameters:
            return parameters[key]
        arrays = read_inputs(handle, inputs)
        try:
            results = run_module(handle, module, arrays, {}, cache=True)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueMismatch(error.args[0] if error.args else str(error)) from error
    return _named({**parameters, **arrays, **results}, key, value)


def _named(arrays: dict[str, np.ndarray], key: str, value: str) -> np.ndarray:
    if key in arrays:
        return arrays[key]
    raise ValueMismatch(f"there is no value {value}; there are {_close(key, sorted(arrays))}")


def _close(key: str, names: Sequence[str]) -> str:
    """The names nearest to the one that was asked for, or the first ones."""
    from difflib import get_close_matches

    return ", ".join(get_close_matches(key, names, n=3, cutoff=0.4) or names[:8])


def _entry(leg: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise click.UsageError(f"--at {leg} wants a whole number, not {text!r}") from None


def _words(leg: str, text: str) -> tuple[str, ...]:
    if not text.startswith("@"):
        return tuple(text.split())
    from tnlang.files import read_source

    if not Path(text[1:]).is_file():
        raise click.UsageError(f"--words {leg}: there is no file {text[1:]}")
    return tuple(read_source(text[1:]).text.splitlines())


def _kind_of(output: str) -> str:
    kind = Path(output).suffix.lstrip(".").lower() or "svg"
    if kind not in KINDS and output != "-":
        raise click.UsageError(f"{output} ends in none of {', '.join(f'.{k}' for k in KINDS)}")
    return kind if kind in KINDS else "svg"
