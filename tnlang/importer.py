"""Imports .tn files as Python modules, once asked for.

>>> import tnlang.importer
>>> tnlang.importer.install()
>>> tnlang.importer.uninstall()

Between the two ``import attention`` finds ``attention.tn`` where Python looks for modules (a .py file of the
name comes first), and gives the generated PyTorch module: a class for each net.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

from tnlang.execute import refuse_functions
from tnlang.generated import execute_in


def install(*, functions: bool = False) -> None:
    """Let Python's import statement find .tn files, after everything else it finds. Safe to call again.

    ``functions`` allows the Python functions that ``fn`` declares; a file that uses one is refused without.
    """
    uninstall()
    sys.meta_path.append(_Finder(functions))


def uninstall() -> None:
    """Take back what ``install`` did; modules that were imported stay."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]


class _Finder(MetaPathFinder):
    def __init__(self, functions: bool) -> None:
        self.functions = functions

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file_name = fullname.rpartition(".")[2] + ".tn"
        for folder in sys.path if path is None else path:
            file = Path(folder or ".", file_name)
            if file.is_file():
                return spec_from_loader(fullname, _Loader(file, self.functions), origin=str(file))
        return None


class _Loader(InspectLoader):
    def __init__(self, file: Path, functions: bool) -> None:
        self.file = file
        self.functions = functions

    def get_source(self, fullname: str) -> str:
        from tnlang.api import load

        return load(self.file, functions=self.functions).source()

    def exec_module(self, module: ModuleType) -> None:
        source = self.get_source(module.__name__)
        if not self.functions:
            refuse_functions(source)
        execute_in(module, source, f"<tnlang {self.file}>")
