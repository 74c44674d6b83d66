"""Runs the source of a generated module."""

from __future__ import annotations

import hashlib
import linecache
import sys
from types import ModuleType


def execute(source: str, title: str) -> ModuleType:
    """The Python module of a generated source; the same source gives the same module again.

    It stands in ``sys.modules``, where torch.compile and pickle look for the code of a class.
    """
    name = f"tnlang_generated_{title}_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    sys.modules[name] = module
    try:
        execute_in(module, source, f"<{name}>")
    except BaseException:
        del sys.modules[name]
        raise
    return module


def execute_in(module: ModuleType, source: str, file_name: str) -> None:
    """Run a source in a module; tracebacks and inspect find its lines under ``file_name``."""
    module.__file__ = file_name
    linecache.cache[file_name] = (len(source), None, source.splitlines(keepends=True), file_name)
    exec(compile(source, file_name, "exec", dont_inherit=True), module.__dict__)
