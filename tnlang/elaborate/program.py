"""A whole file, with all it imports, to one Program."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from tnlang.elaborate.figures import figures_of
from tnlang.elaborate.lost import unrelated
from tnlang.elaborate.modules import declare_names, main_statements
from tnlang.elaborate.nets import elaborate_main, elaborate_net
from tnlang.elaborate.scope import Module, NetEntry, World, near
from tnlang.elaborate.styles import styles_of
from tnlang.elaborate.weights import weights_of
from tnlang.files import read_source
from tnlang.ir.check import verified
from tnlang.ir.program import Program
from tnlang.source import Diagnostic, Diagnostics, Source, Span
from tnlang.syntax import ast
from tnlang.syntax.parser import parse_partly

NO_DIMS: Mapping[str, int] = MappingProxyType({})


def elaborate(file: ast.File, *, dims: Mapping[str, int] = NO_DIMS, root: Path | None = None) -> Program:
    """The program of a parsed file and of all it imports.

    ``dims`` binds dims to other sizes than the file's. Imports are read from below ``root``, without it from
    below the folder of the file itself. Raises TnError with every mistake.
    """
    return elaborate_with_warnings(file, dims=dims, root=root)[0]


def elaborate_with_warnings(
    file: ast.File,
    *,
    dims: Mapping[str, int] = NO_DIMS,
    root: Path | None = None,
    before: Program | None = None,
) -> tuple[Program, tuple[Diagnostic, ...]]:
    """``elaborate``, and the warnings; ``before`` as for ``load_with_warnings``."""
    diagnostics = Diagnostics()
    program = build(file, diagnostics, dims, root, before)
    diagnostics.raise_if_errors()
    return verified(program), diagnostics.warnings


def check_text(
    text: str, name: str, *, root: Path | None = None, dims: Mapping[str, int] = NO_DIMS
) -> Diagnostics:
    """Everything that is wrong with a text; never raises for bad input."""
    diagnostics = Diagnostics()
    file, lost = parse_partly(Source(name, text), diagnostics)
    if file is None:
        return diagnostics
    if diagnostics.errors:
        _check_the_rest(file, lost, diagnostics, dims, root)
    else:
        build(file, diagnostics, dims, root)
    return diagnostics


def _check_the_rest(
    file: ast.File, lost: frozenset[str], diagnostics: Diagnostics, dims: Mapping[str, int], root: Path | None
) -> None:
    """Add what is wrong with the statements that were read and has nothing to do with the others."""
    found = Diagnostics()
    build(file, found, dims, root)
    diagnostics.found.extend(unrelated(found.errors, file, lost, diagnostics.errors))


def load_program(path_or_source: str | Path | Source, dims: Mapping[str, int] = NO_DIMS) -> Program:
    """Read, parse and elaborate a file. Raises TnError, and OSError for a file that cannot be read."""
    source = path_or_source if isinstance(path_or_source, Source) else read_source(path_or_source)
    return load_with_warnings(source, dims)[0]


def load_with_warnings(
    source: Source, dims: Mapping[str, int] = NO_DIMS, before: Program | None = None
) -> tuple[Program, tuple[Diagnostic, ...]]:
    """The program of a text, and the warnings. Raises TnError with every mistake, of whatever kind.

    ``before`` is the program of what the text begins with, of the same dims: transforms in it are not
    carried out again.
    """
    diagnostics = Diagnostics()
    file, lost = parse_partly(source, diagnostics)
    if diagnostics.errors and file is not None:
        _check_the_rest(file, lost, diagnostics, dims, None)
    diagnostics.raise_if_errors()
    assert file is not None
    return elaborate_with_warnings(file, dims=dims, before=before)


def build(
    file: ast.File,
    diagnostics: Diagnostics,
    dims: Mapping[str, int],
    root: Path | None,
    before: Program | None = None,
) -> Program:
    """The program, as far as it goes; what is wrong is in ``diagnostics``."""
    world = World(diagnostics, dict(dims), elaborate_net, before=before)
    path = Path(os.path.realpath(file.source.name)) if os.path.isfile(file.source.name) else None
    folder = Path(os.path.realpath(root)) if root is not None else (path.parent if path is not None else None)
    module = Module(file.source, "", file, folder=folder, path=path)
    if path is not None:
        world.loading.append(path)
        world.files[path] = module
    declare_names(module, world)
    for name, size in dims.items():
        place = file.items[0].span if file.items else Span(file.source, 1, 1, 1, 1)
        if name not in world.dims and name not in {known.replace(".", "_") for known in world.dims}:
            hint = near(name, world.dims)
            diagnostics.error("TN202", f"there is no dim {name} to bind to {size}", place, hint=hint)
    _elaborate_module(module, world)
    figures = figures_of(module, world)
    styles, themes = styles_of(module, world)
    return Program(
        file.source.name,
        tuple(replace(d, counts_members=d.name in world.counted) for d in world.dims.values()),
        tuple(world.declarations),
        tuple(world.shared),
        tuple(world.functions),
        tuple(world.nets),
        _exported(module),
        figures,
        styles,
        themes,
        weights_of(module, world),
        text=file.source.text,
    )


def _elaborate_module(module: Module, world: World) -> None:
    """Elaborate what a file holds, and what it imports as far as that can be asked for."""
    for imported, name in module.wanted:
        for text, entry in imported.nets.items():
            if text == name or (name is None and not isinstance(entry.syntax, ast.NetDefinition)):
                elaborate_net(entry, world)
    for entry in list(module.nets.values()):
        elaborate_net(entry, world)
    elaborate_main(module, main_statements(module), world)


def _exported(module: Module) -> tuple[str, ...]:
    """The nets the user can ask for: those of the file and those it imports."""
    entries: list[NetEntry] = []
    for imported, name in module.wanted:
        if name is None:
            entries.extend(imported.nets.values())
    entries.extend(module.nets.values())
    return tuple(dict.fromkeys(entry.name for entry in entries if entry.net is not None))
