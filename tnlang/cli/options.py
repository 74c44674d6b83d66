"""The arguments and options that several commands have."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from math import isfinite
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

LARGEST_SIZE = 2**40


FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)
"""A .tn file, or ``-`` for standard input."""


def dim_option(function: F) -> F:
    """``--dim NAME=SIZE``, any number of times, as a dict."""
    return click.option(
        "--dim",
        "dims",
        multiple=True,
        metavar="NAME=SIZE",
        callback=_dims,
        help="Bind a dim to another size than the file's; may be given several times.",
    )(function)


def diagnostics_option(function: F) -> F:
    """``--format text|json``: how diagnostics are written."""
    return click.option(
        "--format",
        "diagnostics",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How errors and warnings are written.",
    )(function)


def functions_option(function: F) -> F:
    """``--functions``: what ``fn`` declares may run."""
    return click.option(
        "--functions", is_flag=True, help="Let the Python functions that the file declares by `fn` run."
    )(function)


class FiniteRange(click.FloatRange):
    """A number in a range, and never ``nan``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found: float = super().convert(value, param, ctx)
        if not isfinite(found):
            self.fail(f"{value!r} is no number.", param, ctx)
        return found


def output_option(text: str) -> Callable[[F], F]:
    """``-o FILE``, standard output where it is not given."""
    return click.option("-o", "--output", default="-", metavar="FILE", help=text)


def named_values(option: str, entries: tuple[str, ...]) -> dict[str, str]:
    """``NAME=VALUE`` entries as a dict. Raises UsageError for other entries and for a name given twice."""
    found: dict[str, str] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        name = unicodedata.normalize("NFKC", name.strip())
        if not (equals and name and value):
            raise click.UsageError(f"{option} wants NAME=VALUE, not {entry!r}")
        if name in found:
            raise click.UsageError(f"{option} {name} is given twice")
        found[name] = value
    return found


def _dims(ctx: click.Context, parameter: click.Parameter, entries: tuple[str, ...]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, value in named_values("--dim", entries).items():
        if not (value.isascii() and value.isdigit() and len(value) < 14 and 0 < int(value) <= LARGEST_SIZE):
            raise click.UsageError(f"--dim {name} wants a whole number above 0, not {value!r}")
        sizes[name] = int(value)
    return sizes
