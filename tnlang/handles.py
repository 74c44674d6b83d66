"""The handles of a program's nets and figures: they draw, compile and run what they stand for.

Nothing here is imported before it is needed: drawing loads no torch, compiling no layout.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import namedtuple
from collections.abc import Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from tnlang.ir import net as ir
from tnlang.ir.lengths import length, points
from tnlang.ir.program import Figure, Steps
from tnlang.ir.slots import dotted, input_decls
from tnlang.source import Diagnostic, TnError, ValueMismatch

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tnlang.api import Program
    from tnlang.circuits import Circuits
    from tnlang.draw.scene import Scene
    from tnlang.ir.cost import Cost
    from tnlang.ir.linearity import Linearity
    from tnlang.strongest import Strongest

NO_DIMS: Mapping[str, int] = MappingProxyType({})


class Picture(ABC):
    """What can be drawn: ``svg``, ``png``, ``pdf``, ``tikz``; a notebook shows it by itself."""

    def __init__(self, program: Program, name: str, /) -> None:
        self._program = program
        self.name = name
        self._theme, self._width, self._letters = "", 0.0, 0.0
        self.text = False
        """Whether letters are text; see ``drawn``."""

    @abstractmethod
    def scene(self, /, **dims: int) -> Scene:
        """The geometry of the picture."""

    def drawn(
        self, *, theme: str = "", width: str | float = 0.0, letters: float = 0.0, text: bool = False
    ) -> Self:
        """The same picture in a theme (``mono``, ``dark``, ``safe``, or one of the file's) and of a width on
        paper (``"86mm"``, or points), with ``text`` its letters as text instead of outlines.

        At a width the smallest label is at least ``letters`` points high (7 if nothing is said) where that
        can be. What is not given is the figure's own. Raises ValueError for a width that no picture, or a
        size that no letter can have; a theme that is not there is found when the picture is drawn.
        """
        if letters and not 1 <= letters <= 100:
            raise ValueError(f"letters cannot be {letters} points high")
        found = length(width) if isinstance(width, str) else points(width, "pt") if width else 0.0
        if found is None:
            raise ValueError(f"a picture cannot be {width} wide: 86mm, 3.4in, 246pt")
        other = copy(self)
        other._theme, other._width, other._letters, other.text = theme, found, letters, text
        return other

    def svg(self, /, **dims: int) -> str:
        """The picture as the text of an SVG file."""
        from tnlang.draw.svg import to_svg

        return to_svg(self.scene(**dims), text=self.text)

    def png(self, scale: float = 2.0, /, **dims: int) -> bytes:
        """The picture as a PNG, ``scale`` pixels for each point of the SVG: 300 dots an inch are 300 / 72."""
        from tnlang.draw.raster import to_png
        from tnlang.draw.svg import to_svg

        return to_png(to_svg(self.scene(**dims)), scale)

    def pdf(self, /, **dims: int) -> bytes:
        """The picture as a PDF page of its size."""
        from tnlang.draw.raster import to_pdf

        return to_pdf(self.svg(**dims))

    def tikz(self, /, *, standalone: bool = False) -> str:
        r"""The picture as a ``tikzpicture`` to ``\input``, with ``standalone`` as a document of its own."""
        from tnlang.draw.tikz import to_tikz

        return to_tikz(self.scene(), standalone=standalone)

    def _repr_svg_(self) -> str:
        return self.svg()


class NetHandle(Picture):
    """A net of a program. Keywords are dims, which may have any name, so nothing else is given by name."""

    @property
    def ir(self) -> ir.Net:
        """The net as elaborated."""
        return self._program.ir.net(self.name)

    @property
    def program(self) -> Program:
        """The program that the net is of."""
        return self._program

    def transform(self, /, *steps: str, name: str = "") -> NetHandle:
        """The net that transforms make of this one, one after the other, in a program of its own.

        A step is what the language writes, without the net: ``net.transform("freeze(A)", "expand(paths)")``
        is ``net model_expand = expand(freeze(model, A), paths)`` at the end of the program's text. Without
        ``name`` it is called after the net and the last step. Raises TnError for what cannot be done.
        """
        if not steps:
            raise ValueError("a transform has at least one step: transform('freeze(A)')")
        return self._program.with_transform(self.name, steps, name)

    @property
    def input_names(self) -> tuple[str, ...]:
        """What the caller hands in: the net's inputs in order, then the file-level tensors it uses."""
        decls = input_decls(self._program.ir, self.ir)
        return tuple(dotted(decl.name, decl.subs) for decl in decls)

    def scene(self, /, **dims: int) -> Scene:
        """The geometry of the net's picture."""
        from tnlang.draw import net_scene

        program = self._program.at(dims)
        return net_scene(program.ir, self.name, theme=self._theme, width=self._width, letters=self._letters)

    def source(self, /, **dims: int) -> str:
        """The text of the generated module, a class for this net and for each that it calls."""
        from tnlang.lower import torch_source

        return torch_source(self._program.at(dims).ir, (self.name,), cpu_kernels=self._program.cpu_kernels)

    def module(self, /, **dims: int) -> nn.Module:
        """The net as a torch.nn.Module with freshly initialised parameters.

        A dim that counts the members of a family makes the source anew, others are bound by ``__init__``.
        Raises ValueMismatch where the net uses Python functions that ``load`` was not told to allow.
        """
        from tnlang.execute import instantiate

        counting = {dim.name for dim in self._program.ir.dims if dim.counts_members}
        program = self._program.at({name: size for name, size in dims.items() if name in counting})
        others = {name: size for name, size in dims.items() if name not in counting}
        return instantiate(
            program.ir,
            self.name,
            others,
            functions=program.functions,
            cpu_kernels=program.cpu_kernels,
        )

    def circuits(
        self, weights: Mapping[str, Tensor], /, *, stops: Sequence[str] = (), **dims: int
    ) -> Circuits:
        """What its parameters do between its values: W_QK and W_OV of its heads, as networks of the weights.

        ``weights`` by state_dict names. Circuits end at inputs, at values of the stream, at functions that
        are not linear, and at values that fit a pattern of ``stops`` (``"ln_1.*.y"``). Raises ValueMismatch
        for weights that are missing or do not fit.
        """
        from tnlang.circuits import find
        from tnlang.transforms import TransformError

        program = self._program.at(dims)
        try:
            return find(program.ir, self.name, weights, stops=stops)
        except TransformError as error:
            raise ValueMismatch(str(error)) from error

    def linearity(self, /, *names: str) -> Linearity:
        """What the outputs are in inputs, parameters or tensors of these names, together, read off the IR.

        Without names it is all of the net's inputs. ``obstacles`` are the functions and products in the way.
        Raises ValueMismatch for a name that is none of these.
        """
        from tnlang.ir.linearity import linearity

        net, program = self.ir, self._program.ir
        known = [decl.name for decl in (*net.inputs, *net.owned, *program.declarations)]
        for name in names:
            if name not in known:
                raise ValueMismatch(
                    f"net {self.name} has no input, parameter or tensor {name}; there are "
                    + ", ".join(dict.fromkeys(known))
                )
        return linearity(program, net, names or [decl.name for decl in net.inputs])

    def is_linear(self, /, *names: str) -> bool:
        """Whether all outputs are linear, over the real numbers, in what ``linearity`` is asked of."""
        return self.linearity(*names).is_linear

    def cost(self, /, **dims: int) -> Cost:
        """Operations and arrays, step by step; a dim without default that is not given counts as 1024."""
        from tnlang.ir.cost import cost

        return cost(self._program.at(dims).ir, self.name)

    def rewritten(self) -> dict[str, int]:
        """The optimizer's rules that made the generated ``forward``, and how often; not of nets called."""
        from tnlang.lower.nets import plan_module
        from tnlang.lower.optimize import CPU_RULES, RULES

        rules = CPU_RULES if self._program.cpu_kernels else RULES
        plans = plan_module(self._program.ir, (self.name,), rules).nets
        plan = next(plan for plan in plans if plan.name == self.name)
        return dict(plan.rewritten)

    def numpy(self, /, *inputs: Any, **parameters: Any) -> Any:
        """The reference: what the net's definition says, term by term, in NumPy.

        Inputs by position or by name, parameters by their state_dict names (``**{"attention.W_Q": array}``),
        frozen values by their names in a cache; names that the net does not have are left alone. Gives the
        output, or a NamedTuple of several. Raises ValueMismatch for arrays that do not fit.
        """
        from tnlang.reference import execute as run

        program = self._program
        names = self.input_names
        if len(inputs) > len(names):
            raise ValueMismatch(f"net {self.name} takes {len(names)} inputs ({', '.join(names)})")
        given = dict(zip(names, inputs, strict=False))
        for name in [name for name in names if name in parameters]:
            if name in given:
                raise ValueMismatch(f"net {self.name}: input {name} is given twice")
            given[name] = parameters.pop(name)
        functions = program.python_functions()
        result = run(program.ir, self.name, given, parameters, frozen=parameters, functions=functions)
        outputs = result.outputs
        if len(outputs) == 1:
            return next(iter(outputs.values()))
        return namedtuple("Outputs", outputs, rename=True)(*outputs.values())

    def strongest_paths(
        self,
        count: int,
        /,
        *inputs: Any,
        parameters: Mapping[str, Any],
        frozen: Mapping[str, Any] = MappingProxyType({}),
        by: str = "head",
        budget: int = 10_000,
    ) -> Strongest:
        """The paths whose contributions to the outputs have the largest norms on a run.

        The net is linear in its stream (freeze what is not). ``parameters`` go by their state_dict names,
        ``frozen`` by those in a cache. Paths are looked at best first, at most ``budget`` of them; the result
        says if the list is certain. ``net.transform(f'expand(paths, named = "{found.named}")')`` lists them.
        Raises ValueMismatch for a net without paths and for arrays that do not fit.
        """
        from tnlang.strongest import strongest
        from tnlang.transforms import TransformError

        if by not in ("head", "block") or count < 1 or len(inputs) > len(self.input_names):
            raise ValueMismatch(f"net {self.name}: paths go by head or block, at least 1 of them is listed")
        given = dict(zip(self.input_names, inputs, strict=False))
        try:
            return strongest(
                self._program.ir, self.ir, count, given, parameters, frozen, split=by == "head", budget=budget
            )
        except TransformError as error:
            raise ValueMismatch(f"{error}; {error.hint}" if error.hint else str(error)) from None

    def legs(self, value: str, /) -> tuple[str, ...] | None:
        """The names of the axes of a value by its path, ``attention{0}.A``; None where there is none."""
        from tnlang.plots import cache_key, legs_of

        return legs_of(self._program.ir, self.ir, cache_key(value))

    @property
    def value_names(self) -> tuple[str, ...]:
        """The values that can be plotted, by path; turns of repeats are left out."""
        from tnlang.plots import value_names

        return value_names(self._program.ir, self.ir)

    def plot(
        self,
        value: str,
        array: Any,
        kind: str = "svg",
        /,
        *,
        title: str | None = None,
        at: Mapping[str, int] = NO_DIMS,
        rows: str = "",
        ticks: Mapping[str, Sequence[str]] = MappingProxyType({}),
        log: bool = False,
        grey: bool = False,
        width: float = 246.0,
        dpi: float = 300.0,
    ) -> bytes:
        """A value as a heat map or a curve: ``value`` is its path, ``array`` what a run or the weights hold.

        ``net.plot("attention{0}.A", cache["attention.0.A"])`` draws a map for each head. ``kind`` is svg, pdf
        or png; ``at`` fixes legs at an entry, ``rows`` is the leg that runs down, ``ticks`` the words at a
        leg's entries, ``width`` is in points. Raises ValueMismatch for a value the net does not have and an
        array that does not fit it, ImportError without matplotlib.
        """
        from tnlang.plots import chart, draw

        legs = self.legs(value)
        if legs is None:
            raise ValueMismatch(f"net {self.name} has no value {value}")
        made = chart(
            array, legs, title=value if title is None else title, at=at, rows=rows, ticks=ticks, log=log
        )
        return draw(made, kind, width=width, dpi=dpi, grey=grey)

    def __repr__(self) -> str:
        return f"<net {self.name}>"


class FigureHandle(Picture):
    """A figure of a program."""

    def scene(self, /, **dims: int) -> Scene:
        """The geometry of the figure. Raises TnError where its hints would make it another network's."""
        from tnlang.draw import figure_scene
        from tnlang.draw.layout.moved import Misplaced

        program = self._program.at(dims)
        try:
            return figure_scene(
                program.ir, self.name, theme=self._theme, width=self._width, letters=self._letters
            )
        except Misplaced as error:
            hint = "move what the hints put there, or leave them out"
            raise TnError([Diagnostic("TN812", str(error), self.ir.origin.span, hint=hint)]) from None

    @property
    def ir(self) -> Figure:
        """The figure as the program has it."""
        return next(figure for figure in self._program.ir.figures if figure.name == self.name)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Hints, cuts and outlines of the figure that cannot be followed, and hints that lead far away."""
        figure = self.ir
        return (*self._lost_marks(figure), *self._doubtful_hints(figure))

    def _lost_marks(self, figure: Figure) -> tuple[Diagnostic, ...]:
        if all(isinstance(item, Steps) or not item.marks for item in figure.items):
            return ()
        from tnlang.draw import lost_marks

        said = f"what this names is not drawn there in figure {self.name}"
        hint = "a cut names wires, or some but not all legs of a tensor; an outline tensors of one diagram"
        return tuple(
            Diagnostic("TN809", said, mark.origin.span, hint=hint, severity="warning")
            for mark in lost_marks(self._program.ir, figure)
        )

    def _doubtful_hints(self, figure: Figure) -> tuple[Diagnostic, ...]:
        if not figure.hints:
            return ()
        from tnlang.draw import doubtful_hints

        lost, far = doubtful_hints(self._program.ir, figure)
        said = f"figure {self.name} does not draw what this hint speaks of, or not in one diagram"
        hint = "`x@2` is the second x of a figure; parts of one hint stand in one diagram"
        away = f"this hint leads far away from all else that figure {self.name} draws"
        units = "a unit is the distance of two tensors in a chain, and (0, 0) where the first shape stands"
        return (
            *(Diagnostic("TN809", said, h.origin.span, hint=hint, severity="warning") for h in lost),
            *(Diagnostic("TN815", away, h.origin.span, hint=units, severity="warning") for h in far),
        )

    def __repr__(self) -> str:
        return f"<figure {self.name}>"
