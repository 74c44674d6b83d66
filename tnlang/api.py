"""The Python interface: ``load`` gives a Program, whose nets and figures draw, compile and run themselves.

Nothing here is imported before it is needed: parsing loads no layout, drawing loads no torch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tnlang.elaborate import load_with_warnings
from tnlang.files import read_source
from tnlang.handles import NO_DIMS, FigureHandle, NetHandle
from tnlang.ir.program import Equation, UserFunction
from tnlang.source import Diagnostic, Source, ValueMismatch

if TYPE_CHECKING:
    from tnlang.equations import Verdict
    from tnlang.ir import program as ir
    from tnlang.verification import Report


def load(
    path_or_text: str | os.PathLike[str] | Source,
    /,
    *,
    dims: Mapping[str, int] = NO_DIMS,
    functions: bool = False,
    cpu_kernels: bool = False,
) -> Program:
    """Read, check and elaborate a program.

    A str is the text itself if it has a line end or does not end in ``.tn``, else a path. ``dims`` binds dims
    to other sizes than the file's. ``functions`` allows the Python functions that ``fn`` declares to be
    imported and run; without it they are only drawn. ``cpu_kernels`` lets modules use oneDNN's products where
    they find them faster on their CPU.

    Raises TnError with everything that is wrong, OSError for a file that cannot be read.

    >>> program = load("tensor A[i: 2, j: 3], x[j: 3]; y[i] = A[i, j] x[j]")
    >>> program.nets["main"].numpy(A=[[1, 0, 0], [0, 2, 0]], x=[5, 6, 7])
    array([ 5., 12.])
    """
    match path_or_text:
        case Source():
            source = path_or_text
        case str() if "\n" in path_or_text or not path_or_text.endswith(".tn"):
            source = Source("<text>", path_or_text)
        case _:
            source = read_source(path_or_text)
    return Program(source, dict(dims), functions, cpu_kernels)


def verify(svg: str, program: Program, /, *, figure: str = "", net: str = "", module: bool = True) -> Report:
    """Rebuild the network from the curves of a picture, contract it and compare it with its program.

    What is connected comes from the curves alone. ``figure`` or ``net`` tells what is drawn if the picture's
    description does not; with ``module`` the generated module runs too. Raises KeyError for a figure or net
    the program does not have.

    >>> program = load("tensor A[i: 2, j: 3], x[j: 3]; y[i] = A[i, j] x[j]")
    >>> verify(program.nets["main"].svg(), program).ok
    True
    """
    from tnlang.verification import verify as compare

    functions = program.python_functions()
    return compare(svg, program.ir, figure=figure, net=net, module=module, functions=functions)


class Program:
    """A checked .tn text: ``nets`` and ``figures`` by name, ``warnings``, and the ``ir`` they come from."""

    def __init__(
        self,
        source: Source,
        dims: Mapping[str, int],
        functions: bool,
        cpu_kernels: bool = False,
        before: ir.Program | None = None,
    ) -> None:
        self._source, self._dims, self.functions = source, dict(dims), functions
        self.cpu_kernels = cpu_kernels
        self.ir, self.warnings = load_with_warnings(source, self._dims, before)
        self.nets = {name: NetHandle(self, name) for name in self.ir.exported}
        self.figures = {figure.name: FigureHandle(self, figure.name) for figure in self.ir.figures}

    def __repr__(self) -> str:
        figures = f", figures {', '.join(self.figures)}" if self.figures else ""
        return f"<program {self._source.name}: nets {', '.join(self.nets) or '(none)'}{figures}>"

    @property
    def text(self) -> str:
        """The text it was read from."""
        return self._source.text

    def with_transform(self, net: str, steps: Sequence[str], name: str = "") -> NetHandle:
        """The net that the steps make of a net, as ``NetHandle.transform`` does."""
        from tnlang.transform import with_transform

        taken = {one.name for one in self.ir.nets}
        source, name = with_transform(self._source, net, steps, name, taken)
        return Program(source, self._dims, self.functions, self.cpu_kernels, self.ir).nets[name]

    def at(self, dims: Mapping[str, int], /) -> Program:
        """The same program with other sizes; the program itself where there are none."""
        return (
            Program(self._source, {**self._dims, **dims}, self.functions, self.cpu_kernels) if dims else self
        )

    def check_equations(self, tolerance: float = 1e-9) -> tuple[Diagnostic, ...]:
        """The equations of the figures that do not hold: a diagnostic for each, with where they fail."""
        found = (verdict.diagnostic for verdict in self.verdicts(tolerance))
        return tuple(diagnostic for diagnostic in found if diagnostic is not None)

    def verdicts(self, tolerance: float = 1e-9, *, steps: bool = False) -> tuple[Verdict, ...]:
        """What is found of each relation of the figures' equations, in order.

        ``proved``, ``holds on data`` (equal on random numbers, to the relative tolerance), ``false`` or
        ``not checked``, the last two with a diagnostic. With ``steps`` a proof tells what was rewritten.
        """
        if not any(isinstance(item, Equation) for figure in self.ir.figures for item in figure.items):
            return ()
        from tnlang.equations import verdicts

        functions = self.python_functions()
        return tuple(verdicts(self.ir, tolerance=tolerance, functions=functions, steps=steps))

    @property
    def unset_formulas(self) -> tuple[Diagnostic, ...]:
        """Warnings of formulas in labels and captions that are not LaTeX: they are drawn as plain text."""
        from tnlang.formulas import unset_formulas

        return unset_formulas(self._source)

    def foreign_letters(self, letters: Set[str], drawn_by: str) -> tuple[Diagnostic, ...]:
        """Warnings of names and texts with ``letters`` that the font of the labels does not have."""
        from tnlang.formulas import foreign_letters

        return foreign_letters(self._source, letters, drawn_by)

    def python_functions(self) -> dict[str, Callable[[Any], Any]]:
        """What ``fn`` declares, for the reference; empty unless ``load`` was told that they may run."""
        return {f.name: partial(_call_python, f) for f in self.ir.functions} if self.functions else {}

    def source(self, /, **dims: int) -> str:
        """The text of the generated module with a class for each net."""
        from tnlang.lower import torch_source

        program = self.at(dims).ir
        return torch_source(program, program.exported, cpu_kernels=self.cpu_kernels)


def _call_python(function: UserFunction, array: Any) -> Any:
    """Call the NumPy twin of a function or, where it has none, the torch one."""
    if function.numpy:
        return _imported(function.numpy)(array)
    import torch

    return _imported(function.target)(torch.from_numpy(array)).numpy(force=True)


def _imported(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    try:
        found: Callable[..., Any] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueMismatch(f"{target}: {error}") from error
    return found
