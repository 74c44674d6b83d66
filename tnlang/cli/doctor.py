"""``tnlang doctor``: does everything work on this machine?"""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import click

from tnlang.cli.app import TnCommand

PACKAGES = (
    "torch",
    "numpy",
    "lark",
    "graphviz",
    "shapely",
    "svgwrite",
    "ziamath",
    "resvg-py",
    "typst",
    "safetensors",
)


@click.command(
    cls=TnCommand,
    short_help="See whether all works on this machine.",
    epilog="""\b
Examples:
  tnlang doctor

\b
Exit codes: 0 all works, 1 something is missing, 2 wrong usage.""",
)
def command() -> None:
    """Say which versions are in use, and try each step from a text to a picture and a module."""
    click.echo(f"tnlang {version('tnlang')}, Python {platform.python_version()}, {platform.platform()}")
    found = {package: _version(package) for package in PACKAGES}
    click.echo(", ".join(f"{package} {number or 'MISSING'}" for package, number in found.items()))
    click.echo(f"large networks: {_engine()}")
    worked = _steps()
    if not (worked and all(found.values())):
        click.echo("Something is missing: install tnlang again with its dependencies.", err=True)
        click.get_current_context().exit(1)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _engine() -> str:
    from tnlang.draw.layout.freeform import engine

    return engine()


def _steps() -> bool:
    """Try each kind of output on a small program; say which work."""
    from tnlang.api import load

    net = load("tensor A[i: 2, j: 3], x[j: 3]\ny[i] = relu(A[i, j] x[j])").nets["main"]
    outputs: dict[str, Callable[[], str | bytes]] = {
        "SVG": net.svg,
        "PNG": net.png,
        "PDF": net.pdf,
        "module": net.source,
    }
    failed = False
    for kind, make in outputs.items():
        try:
            size = len(make())
        # whatever a broken library raises is what the doctor is asked for
        except Exception as error:
            failed = True
            click.echo(f"{kind}: {click.style('fails', fg='red')}: {type(error).__name__}: {error}")
        else:
            click.echo(f"{kind}: {click.style('works', fg='green')} ({size} bytes)")
    return not failed
