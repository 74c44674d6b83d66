"""A whole file, with all it imports, to one Program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tnlang.elaborate.arithmetic import dim_of
from tnlang.elaborate.declarations import declare
from tnlang.elaborate.nets import elaborate_main, elaborate_net
from tnlang.elaborate.scope import Body, DimEntry, Module, NetEntry, Scope, World, near
from tnlang.elaborate.statements import bound_names
from tnlang.ir.net import Decl, Shared
from tnlang.ir.program import Program, UserFunction
from tnlang.source import Diagnostic, Diagnostics, Related, Source, Span
from tnlang.syntax import ast

NO_DIMS: Mapping[str, int] = {}


def elaborate(file: ast.File, *, dims: Mapping[str, int] = NO_DIMS, root: Path | None = None) -> Program:
    """The program of a parsed file and of all it imports.

    ``dims`` binds dims to other sizes than the file's. Imports are read from below ``root``, or from below the
    file's own folder. Raises TnError with every mistake.
    """
    return elaborate_with_warnings(file, dims=dims, root=root)[0]


def elaborate_with_warnings(
    file: ast.File, *, dims: Mapping[str, int] = NO_DIMS, root: Path | None = None
) -> tuple[Program, tuple[Diagnostic, ...]]:
    """``elaborate``, and the warnings."""
    diagnostics = Diagnostics()
    program = build(file, diagnostics, dims, root)
    diagnostics.raise_if_errors()
    return program, diagnostics.warnings


def check_text(
    text: str, name: str, *, root: Path | None = None, dims: Mapping[str, int] = NO_DIMS
) -> Diagnostics:
    """Everything that is wrong with a text; never raises for bad input."""
    from tnlang.syntax import parse_collecting

    diagnostics = Diagnostics()
    file = parse_collecting(Source(name, text), diagnostics)
    if file is not None:
        build(file, diagnostics, dims, root)
    return diagnostics


def load_program(path_or_source: str | Path | Source, dims: Mapping[str, int] = NO_DIMS) -> Program:
    """Read, parse and elaborate a file. Raises TnError, and OSError for a file that cannot be read."""
    from tnlang.files import read_source
    from tnlang.syntax import parse

    source = path_or_source if isinstance(path_or_source, Source) else read_source(path_or_source)
    return elaborate(parse(source), dims=dims)


def build(
    file: ast.File, diagnostics: Diagnostics, dims: Mapping[str, int], root: Path | None
) -> Program:
    """The program, as far as it goes; what is wrong is in ``diagnostics``."""
    world = World(diagnostics, dict(dims))
    module = Module(file.source, "", file)
    declare_names(module, world)
    for name in dims:
        if name not in world.dims:
            span = file.items[0].span if file.items else Span(file.source, 1, 1, 1, 1)
            diagnostics.error(
                "TN202", f"there is no dim {name} to bind to {dims[name]}", span, hint=near(name, world.dims)
            )
    elaborate_module(module, world)
    exported = [entry.name for entry in module.nets.values() if entry.net is not None]
    return Program(
        file.source.name,
        tuple(replace(d, counts_members=d.name in world.counted) for d in world.dims.values()),
        tuple(world.declarations),
        tuple(world.shared),
        tuple(module.functions.values()),
        tuple(world.nets),
        tuple(exported),
        text=file.source.text,
    )


def declare_names(module: Module, world: World) -> None:
    """Enter what a file declares into its name spaces."""
    assert module.syntax is not None
    module.main = Body("main", is_main=True)
    items = module.syntax.items
    for item in items:
        if isinstance(item, ast.DimStatement):
            for dim in item.dims:
                _declare_dim(dim, module, world)
    for item in items:
        match item:
            case ast.NetDecl(name=name) | ast.NetDefinition(name=name):
                _declare_net(name, item, module, world)
            case ast.FnDecl():
                pass
            case _:
                pass
    for entry in list(module.dims.values()):
        dim_of(entry, world)
    scope = Scope(world, module, module.main)
    for item in items:
        if isinstance(item, ast.Declaration):
            for declared in item.items:
                _declare_value(item.kind, declared, module, scope)
    found = bound_names(tuple(i for i in items if not isinstance(i, ast.Declaration) and isinstance(i, ast.Statement)))
    module.bound = found
    module.main.later = dict(found)


def _declare_dim(dim: ast.DimDecl, module: Module, world: World) -> None:
    name = dim.name.text
    if name in module.dims:
        world.diagnostics.error(
            "TN203", f"dim {name} is declared twice", dim.name.span,
            Related(module.dims[name].syntax.name.span, "first declared here"),
        )
        return
    module.dims[name] = DimEntry(module.qualified(name), module, dim)


def _declare_net(name: ast.Name, item: ast.NetDecl | ast.NetDefinition, module: Module, world: World) -> None:
    if name.text in module.nets:
        world.diagnostics.error(
            "TN203", f"net {name.text} is declared twice", name.span,
            Related(module.nets[name.text].span, "first declared here"),
        )
        return
    module.nets[name.text] = NetEntry(module.qualified(name.text), module, name.span, item)


def _declare_value(kind: str, item: ast.DeclItem, module: Module, scope: Scope) -> None:
    def taken(name: ast.Name, arity: int) -> bool:
        known = module.values.get(name.text)
        if known is None or (arity and known.arity == arity):
            return False
        scope.diagnostics.error(
            "TN203", f"{name.text} is declared twice", name.span, Related(known.span, "first declared here")
        )
        return True

    kind = "tensor" if kind == "input" else kind
    declare(kind, item, scope, module.qualified(item.name.text), scope.world.declarations.append, module.values, taken)


def elaborate_module(module: Module, world: World) -> None:
    """Elaborate what a file holds: its nets, the net main."""
    assert module.syntax is not None
    for entry in list(module.nets.values()):
        elaborate_net(entry, world)
    own = tuple(
        item
        for item in module.syntax.items
        if isinstance(item, ast.Binding | ast.StreamStatement | ast.RepeatStatement | ast.SharedStatement)
    )
    elaborate_main(module, own, world)


__all__ = ["Decl", "Shared", "UserFunction", "build", "check_text", "elaborate", "load_program"]
