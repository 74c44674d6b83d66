"""Tokens one after the other, by the step that ``incremental`` makes of a net."""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from tnlang.ir.net import Decl, Leg, Net
from tnlang.ir.size import DimSize
from tnlang.ir.slots import inputs_of, onehot_leg
from tnlang.source import ValueMismatch

if TYPE_CHECKING:
    from torch import Tensor

    from tnlang.handles import NetHandle


@dataclass(frozen=True, slots=True)
class Form:
    """What a step takes and gives besides tokens and what is made of them.

    ``seq`` and ``new`` are the names of its dims of positions; ``axes`` are those of positions in ``caches``,
    counted from the end.
    """

    seq: str
    new: str
    caches: tuple[Decl, ...]
    axes: tuple[int, ...]


def form_of(net: Net) -> Form:
    """How a net is a step that tokens can be made by. Raises ValueMismatch where it is none."""
    hot = [number for number, decl in enumerate(net.inputs) if onehot_leg(decl) is not None]
    caches = net.inputs[hot[-1] + 1 :] if hot else ()
    if hot != [0, 1] or len(net.outputs) != len(caches) + 1:
        raise ValueMismatch(
            f"net {net.name} is no step of a net that takes tokens alone and gives one output: "
            "net step = incremental(model, seq)"
        )
    new, seq = (_dim(leg) for leg in net.inputs[1].legs)
    axes = []
    for output in net.outputs[1:]:
        (axis,) = (number for number, leg in enumerate(output.legs) if _dim(leg) == new)
        axes.append(axis - len(output.legs))
    return Form(seq, new, caches, tuple(axes))


def _dim(leg: Leg) -> str:
    return leg.size.dim.name if isinstance(leg.size, DimSize) else ""


@dataclass(slots=True)
class Generator:
    """A step with caches that are made once, for a batch of sequences up to the size of its dim of positions.

    ``step`` is a net that ``incremental`` made of one that takes one-hot tokens; ``dims`` bind its dims, that
    of positions (the longest sequence) among them. ``module`` may be moved, changed in type, compiled.

        step = program.nets["gpt2"].transform("incremental(seq)")
        generator = Generator(step, {"seq": 96})
        generator.load_weights("gpt2/")
        tokens = generator.generate(prompt, 64)
    """

    step: NetHandle
    dims: dict[str, int] = field(default_factory=dict)
    form: Form = field(init=False)
    module: Any = field(init=False)
    """An nn.Module with the parameters of the net."""
    caches: list[Tensor] = field(init=False, default_factory=list)
    writes: dict[str, bool] = field(init=False, default_factory=dict)
    """What tells the module that it may write into the caches, where it can."""

    def __post_init__(self) -> None:
        self.form = form_of(self.step.ir)
        if self.form.seq not in self.dims:
            raise ValueMismatch(f"the longest sequence has to be given: {{{self.form.seq!r}: 96}}")
        self.module = self.step.module(**self.dims).eval()
        if "in_place" in inspect.signature(self.module.forward).parameters:
            self.writes = {"in_place": True}

    def load_weights(self, path: str | os.PathLike[str]) -> Self:
        """Fill the module from a checkpoint of the net that the step is of, as its ``load_weights`` does."""
        source: Any = self.step.program.nets[self.step.ir.source].module(**self.dims)
        self.module.load_state_dict(source.load_weights(path).state_dict())
        return self

    @property
    def length(self) -> int:
        """How many positions there is room for."""
        return self.dims[self.form.seq]

    def start(self, *batch: int) -> None:
        """Empty caches for a batch: those there are if they fit, else new ones."""
        import torch

        like = next(self.module.parameters())
        slots = inputs_of(self.step.program.ir, self.step.name, {**self.dims, self.form.new: 1})
        shapes = [(*batch, *slots[decl.name].shape) for decl in self.form.caches]
        known = [(tuple(c.shape), c.dtype, c.device) for c in self.caches]
        if known != [(shape, like.dtype, like.device) for shape in shapes]:
            self.caches = [torch.zeros(shape, dtype=like.dtype, device=like.device) for shape in shapes]
        else:
            for cache in self.caches:
                cache.zero_()

    def advance(self, tokens: Tensor, at: Tensor) -> Tensor:
        """The output for tokens [..., new] at positions [new]; the caches then hold what they leave."""
        found = self.module(tokens, at, *self.caches, **self.writes)
        output: Tensor
        output, *entries = found if isinstance(found, tuple) else (found,)
        for cache, entry, axis in zip(self.caches, entries, self.form.axes, strict=True):
            cache.index_copy_(axis, at, entry)
        return output

    def generate(self, tokens: Tensor, steps: int) -> Tensor:
        """The tokens [..., seq] with ``steps`` more: each the likeliest after those before it.

        Raises ValueMismatch where they are more than the module has positions for.
        """
        import torch

        prompt = tokens.shape[-1]
        if not 1 <= prompt <= prompt + steps <= self.length:
            raise ValueMismatch(
                f"{prompt} tokens and {steps} more do not fit in {self.length} positions ({self.form.seq})"
            )
        with torch.inference_mode():
            self.start(*tokens.shape[:-1])
            whole = tokens.new_empty((*tokens.shape[:-1], prompt + steps))
            whole[..., :prompt] = tokens
            places = torch.arange(prompt + steps, device=tokens.device)
            start = 0
            for stop in range(prompt, prompt + steps):
                # Copied, so that a compiled module is not compiled anew for each length of the whole.
                logits = self.advance(
                    whole[..., start:stop].clone(memory_format=torch.contiguous_format), places[start:stop]
                )
                whole[..., stop] = logits[..., -1, :].argmax(-1)
                start = stop
        return whole.clone()
