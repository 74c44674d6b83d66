"""Imports: files below the importing file's folder, each read once, their name spaces brought over."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tnlang.elaborate.scope import DEPTH, Module, World, near
from tnlang.files import read_source
from tnlang.source import Related, Source, Span, TnError
from tnlang.syntax import ast
from tnlang.syntax.parser import parse_collecting

LARGEST = 4_000_000
"""How many bytes an imported file may have."""


Declare = Callable[[Module, World], None]


def load_imports(module: Module, world: World, declare: Declare) -> None:
    """Read the files a module imports, ``declare`` what they hold, and enter their names."""
    assert module.syntax is not None
    items = [i for i in module.syntax.items if isinstance(i, ast.Import | ast.FromImport)]
    _claim_plain_names(items, module, world)
    for item in items:
        imported = _module(item, module, world, declare)
        if imported is None:
            _mark_broken(item, module)
        elif isinstance(item, ast.Import):
            _enter_module(item, imported, module, world)
        else:
            for name in item.names:
                _enter_name(name, imported, module, world)


def _stem(item: ast.Import | ast.FromImport) -> str:
    alias = item.alias.text if isinstance(item, ast.Import) and item.alias is not None else ""
    return alias or item.file.value.rsplit("/", 1)[-1].removesuffix(".tn")


def _claim_plain_names(items: list[ast.Import | ast.FromImport], module: Module, world: World) -> None:
    """What the root file imports by name keeps that name in the program, through files in between too."""
    for item in items:
        if isinstance(item, ast.FromImport):
            path = _resolve(item.file, module, world, report=False)
            for name in item.names:
                if path is not None and (not module.qualifier or name.text in module.plain):
                    world.plain.setdefault(path, {})[name.text] = name.text


def _resolve(file: ast.Text, module: Module, world: World, report: bool = True) -> Path | None:
    text = file.value

    def refuse(message: str, hint: str = "") -> None:
        if report:
            world.diagnostics.error("TN860", message, file.span, hint=hint)

    if module.folder is None:
        refuse("this text was not read from a file, so it can import none", "save it, or give a folder")
        return None
    pieces = text.split("/")
    if (
        text.startswith(("/", "~"))
        or any(p in ("", ".", "..") for p in pieces)
        or set(text) & set('\\\0:"\n')
    ):
        refuse(
            f"{text!r} leads out of the folder of the importing file",
            "imports are paths below it, with `/` between folders",
        )
        return None
    if not text.endswith(".tn"):
        refuse(f"{text!r} is no .tn file", f'`import "{text}.tn"`' if "." not in pieces[-1] else "")
        return None
    path = Path(os.path.realpath(module.folder.joinpath(*pieces)))
    if not path.is_relative_to(os.path.realpath(module.folder)):
        refuse(f"{text!r} is a link out of the folder of the importing file")
        return None
    if not path.is_file():
        names = [p.relative_to(module.folder).as_posix() for p in sorted(module.folder.glob("*.tn"))]
        refuse(f"there is no file {text!r} beside this one", near(text, names))
        return None
    if path.stat().st_size > LARGEST:
        refuse(f"{text!r} has more than {LARGEST:,} bytes")
        return None
    return path


def _module(
    item: ast.Import | ast.FromImport, module: Module, world: World, declare: Declare
) -> Module | None:
    path = _resolve(item.file, module, world)
    if path is None:
        return None
    if path in world.loading:
        world.diagnostics.error(
            "TN861",
            "files import one another in a circle",
            item.file.span,
            hint=" -> ".join(p.name for p in [*world.loading[world.loading.index(path) :], path]),
        )
        return None
    if path in world.files:
        return world.files[path]
    if len(world.loading) >= DEPTH:
        world.diagnostics.error("TN860", f"files import one another more than {DEPTH} deep", item.file.span)
        return None
    name = (Path(module.source.name).parent / item.file.value).as_posix()
    try:
        read = read_source(path)
    except TnError as error:
        world.diagnostics.found.extend(error.diagnostics)
        return None
    except OSError as error:
        world.diagnostics.error(
            "TN860", f"{item.file.value!r} cannot be read: {error.strerror}", item.file.span
        )
        return None
    syntax = parse_collecting(Source(name, read.text), world.diagnostics)
    if syntax is None:
        return None
    imported = Module(syntax.source, _qualifier(_stem(item), world), syntax, folder=path.parent, path=path)
    imported.plain = world.plain.get(path, {})
    world.files[path] = imported
    world.loading.append(path)
    declare(imported, world)
    world.loading.pop()
    return imported


def _qualifier(stem: str, world: World) -> str:
    name, number = stem, 2
    while name in world.qualifiers:
        name, number = f"{stem}_{number}", number + 1
    world.qualifiers.add(name)
    return name


def _enter_module(item: ast.Import, imported: Module, module: Module, world: World) -> None:
    stem = _stem(item)
    if not stem.replace("'", "").isidentifier():
        world.diagnostics.error(
            "TN860",
            f"{stem!r} cannot be a name",
            item.file.span,
            hint=f'`import "{item.file.value}" as layers`',
        )
        return
    if stem in module.modules and module.modules[stem] is not imported:
        world.diagnostics.error("TN203", f"two files are imported as {stem}", item.span, hint="use `as`")
        return
    module.modules[stem] = imported
    module.wanted.append((imported, None))


def _enter_name(name: ast.Name, imported: Module, module: Module, world: World) -> None:
    text = name.text
    if text in imported.broken:
        module.broken.add(text)
        return
    found = [
        _enter(module.dims, imported.dims, text, name.span, world),
        _enter(module.values, imported.values, text, name.span, world),
        _enter(module.nets, imported.nets, text, name.span, world),
        _enter(module.functions, imported.functions, text, name.span, world),
        _enter(module.shared, imported.shared, text, name.span, world),
        _enter(module.modules, imported.modules, text, name.span, world),
    ]
    if any(found):
        module.wanted.append((imported, text))
        return
    module.broken.add(text)
    bound = imported.bound.get(text)
    if bound is not None:
        world.diagnostics.error(
            "TN862",
            f"{text} is bound by the net main of {imported.source.name}, "
            "and only declared values are imported",
            name.span,
            Related(bound, "bound here"),
            hint="make a net of what it stands for",
        )
        return
    names = [*imported.dims, *imported.values, *imported.nets, *imported.functions, *imported.modules]
    world.diagnostics.error(
        "TN862", f"{imported.source.name} has no {text}", name.span, hint=near(text, names)
    )


def _enter(into: dict[str, object] | object, source: object, name: str, span: Span, world: World) -> bool:
    assert isinstance(into, dict) and isinstance(source, dict)
    if name not in source:
        return False
    if name in into and into[name] is not source[name]:
        world.diagnostics.error("TN203", f"{name} is imported twice, from different files", span)
    into.setdefault(name, source[name])
    return True


def _mark_broken(item: ast.Import | ast.FromImport, module: Module) -> None:
    """Names that a failed import would have brought are not reported again where they are used."""
    if isinstance(item, ast.Import):
        module.broken.add(_stem(item))
    else:
        module.broken.update(name.text for name in item.names)
