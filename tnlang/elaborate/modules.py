"""What a file declares at file level: its name spaces are filled before anything in it is elaborated."""

from __future__ import annotations

import keyword
import re

from tnlang.elaborate.arithmetic import dim_of
from tnlang.elaborate.declarations import declare
from tnlang.elaborate.imports import load_imports
from tnlang.elaborate.lookup import find_net, unknown_function
from tnlang.elaborate.scope import Body, DimEntry, Module, NetEntry, Scope, World
from tnlang.elaborate.targets import bound_names
from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import Origin, Shared
from tnlang.ir.program import UserFunction
from tnlang.source import Related, Span
from tnlang.syntax import ast

TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
"""``package.module:callable``."""


def main_statements(module: Module) -> tuple[ast.Statement, ...]:
    """The statements at file level that the net main consists of."""
    items = module.syntax.items if module.syntax is not None else ()
    kinds = ast.Binding | ast.StreamStatement | ast.RepeatStatement
    return tuple(item for item in items if isinstance(item, kinds))


def declare_names(module: Module, world: World) -> None:
    """Read the imports of a file, and enter what it declares itself into its name spaces."""
    assert module.syntax is not None
    load_imports(module, world, declare_names)
    module.main = Body("main", is_main=True)
    items = module.syntax.items
    for item in items:
        match item:
            case ast.DimStatement(dims=dims):
                for dim in dims:
                    _dim(dim, module, world)
            case ast.NetDecl(name=name) | ast.NetDefinition(name=name):
                _net(name, item, module, world)
            case ast.FnDecl():
                _function(item, module, world)
            case _:
                pass
    scope = Scope(world, module, module.main)
    declared = [(i.kind, one) for i in items if isinstance(i, ast.Declaration) for one in i.items]
    # Constants without legs may stand in dims, which stand in all other declarations.
    for kind, one in declared:
        if _is_number(kind, one):
            _value(kind, one, module, scope)
    for entry in module.dims.values():
        dim_of(entry, world)
    for kind, one in declared:
        if not _is_number(kind, one):
            _value(kind, one, module, scope)
    for item in items:
        if isinstance(item, ast.SharedStatement):
            _shared(item, module, scope)
    module.main.shared.update(module.shared)
    module.bound = bound_names(main_statements(module))
    module.main.later = dict(module.bound)
    for bound, span in module.bound.items():
        known = module.values.get(bound)
        if known is not None:
            del module.main.later[bound]
            _twice(f"{bound} is declared and bound", span, known.span, world)


def _is_number(kind: str, item: ast.DeclItem) -> bool:
    return kind == "const" and not item.legs and not item.subs


def _twice(message: str, span: Span, before: Span, world: World) -> None:
    world.diagnostics.error("TN203", message, span, Related(before, "first declared here"))


def _dim(dim: ast.DimDecl, module: Module, world: World) -> None:
    name = dim.name.text
    if name in module.dims:
        before = module.dims[name].syntax.name.span
        _twice(f"dim {name} is declared twice", dim.name.span, before, world)
    else:
        module.dims[name] = DimEntry(module.qualified(name), module, dim)


def _net(name: ast.Name, item: ast.NetDecl | ast.NetDefinition, module: Module, world: World) -> None:
    if name.text in module.nets:
        _twice(f"net {name.text} is declared twice", name.span, module.nets[name.text].span, world)
    elif name.text == "main" and main_statements(module):
        first = main_statements(module)[0].span
        world.diagnostics.error(
            "TN203",
            "the bindings at file level are the net main",
            name.span,
            Related(first, "bound here"),
            hint="give this net another name",
        )
    else:
        module.nets[name.text] = NetEntry(module.qualified(name.text), module, name.span, item)


def _function(item: ast.FnDecl, module: Module, world: World) -> None:
    name = item.name.text
    if name in module.functions:
        before = module.functions[name].origin.span
        _twice(f"function {name} is declared twice", item.name.span, before, world)
        return
    if name in module.nets:
        _twice(f"{name} is a net and a function", item.name.span, module.nets[name].span, world)
        return
    module.broken.add(name)
    if name in FUNCTIONS:
        world.diagnostics.error(
            "TN203",
            f"{name} is a function of the language",
            item.name.span,
            hint="give yours another name; a net may have this one",
        )
        return
    for text in (item.target, item.numpy):
        if text is not None and not _is_target(text.value):
            world.diagnostics.error(
                "TN710", f"{text.value!r} names no function", text.span, hint='`"package.module:callable"`'
            )
            return
    gates = []
    for index in item.gates or ():
        match index:
            case ast.Index(
                at=ast.IndexPath(path=ast.Path(parts=(ast.PathPart(name=gate, subs=()),))), of=None
            ):
                gates.append(gate.text)
            case _:
                world.diagnostics.error("TN703", "a function's legs are plain names", index.span)
                return
    module.broken.discard(name)
    twin = item.numpy.value if item.numpy is not None else ""
    function = UserFunction(
        module.qualified(name), tuple(gates), item.target.value, twin, origin=Origin(item.name.span)
    )
    module.functions[name] = function
    world.functions.append(function)


def _is_target(text: str) -> bool:
    return TARGET.fullmatch(text) is not None and not any(map(keyword.iskeyword, re.split("[.:]", text)))


def _shared(item: ast.SharedStatement, module: Module, scope: Scope) -> None:
    name = item.name
    entry = find_net(item.net, scope)
    before = module.shared.get(name.text)
    if entry is None:
        module.broken.add(name.text)
        unknown_function(item.net, scope)
    elif before is not None:
        _twice(f"{name.text} is declared twice", name.span, before[0].origin.span, scope.world)
    elif name.text in module.nets:
        message = f"{name.text} is a net and shares one"
        _twice(message, name.span, module.nets[name.text].span, scope.world)
    else:
        shared = Shared(module.qualified(name.text), entry.name, origin=Origin(name.span))
        module.shared[name.text] = (shared, entry)
        scope.world.shared.append(shared)


def _value(kind: str, item: ast.DeclItem, module: Module, scope: Scope) -> None:
    def taken(name: ast.Name, arity: int) -> bool:
        known = module.values.get(name.text)
        if known is None or (arity and known.arity == arity):
            return False
        _twice(f"{name.text} is declared twice", name.span, known.span, scope.world)
        return True

    declare(
        "tensor" if kind == "input" else kind,
        item,
        scope,
        module.qualified(item.name.text),
        scope.world.declarations.append,
        module.values,
        taken,
    )
