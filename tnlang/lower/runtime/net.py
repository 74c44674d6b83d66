"""What every generated class is: a net with values that can be read and replaced."""

from __future__ import annotations

import fnmatch
import itertools
import math
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tnlang.lower.runtime.arrays import along_longer
from tnlang.lower.runtime.checks import near
from tnlang.lower.runtime.weights import fill, same

Values = Mapping[str, Tensor]


class NoValue(KeyError):
    """A name that is no value of a net, or a frozen value that was not handed in."""

    def __str__(self) -> str:
        return str(self.args[0])


class Part(NamedTuple):
    """The values handed in to one call of a net, by their names in it, and where these stand in the whole.

    ``met`` counts how often each value was computed: a net that is shared computes it again, as ``name#2``.
    """

    values: Values
    path: str
    met: dict[str, int]


class Value(nn.Module):
    """A named value, for hooks to read or replace: gives what it gets, or what ``frozen`` has for it.

    It gets None where the value is not computed but has to be handed in.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, value: Tensor | None, frozen: Part) -> Tensor:
        number = frozen.met.get(frozen.path + self.name, 0) + 1
        frozen.met[frozen.path + self.name] = number
        name = self.name if number == 1 else f"{self.name}#{number}"
        if value is None and name not in frozen.values:
            raise NoValue(f"the frozen value {frozen.path + name!r} is needed: forward(..., frozen=cache)")
        return frozen.values[name] if value is None else frozen.values.get(name, value)

    def extra_repr(self) -> str:
        return repr(self.name)


class Net(nn.Module):
    """A net: inputs may have leading batch axes; every named value can be read and replaced."""

    constants: Mapping[str, object] = {}
    needed: tuple[str, ...] = ()
    parameter_legs: Mapping[str, tuple[str, ...]] = {}
    matrices: Mapping[str, int] = {}
    past_values: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    prepared: tuple[str, ...] = ()
    shared_by: Any = None
    widths: dict[int, list[int]]

    def __init__(self) -> None:
        super().__init__()
        self.widths = {}
        for name, value in self.constants.items():
            self.register_buffer(name, torch.tensor(value), persistent=False)

    @property
    def frozen(self) -> tuple[str, ...]:
        """The names of the values that ``forward`` needs in its argument ``frozen``."""
        return tuple(
            f"{path}.{name}" if path else name
            for path, part in self.named_modules()
            if isinstance(part, Net)
            for name in part.needed
        )

    def is_observed(self, frozen: Values | Part | None) -> bool:
        """Whether this call needs a line for each value: some are replaced, or hooks watch them."""
        given = frozen.values if isinstance(frozen, Part) else frozen
        return bool(given) or any(
            value._forward_hooks
            or value._forward_pre_hooks
            or value._backward_hooks
            or value._backward_pre_hooks
            for value in values_in(self)
        )

    def replacements(self, frozen: Values | Part | None) -> Part:
        """What ``frozen`` replaces. A net with frozen values takes these alone from it, any other net all.

        A patched value ``z*`` is also taken by the name ``z`` that it has in a cache, unless z is frozen too.
        Raises NoValue for a name that is no value of this net, and for a frozen value that is missing.
        """
        if isinstance(frozen, Part):  # Looked at by the net that calls this one.
            return frozen
        given, needed = frozen or {}, self.frozen
        patched = {name: name.replace("*", "") for name in needed if "*" in name and name not in given}
        patched = {name: own for name, own in patched.items() if own in given and own not in needed}
        starred = {own: name for name, own in patched.items()}
        parts = [(key, *key.partition("#")) for key in given]
        given = {**given, **{starred[own] + a + n: given[key] for key, own, a, n in parts if own in starred}}
        nets = ((path, part) for path, part in self.named_modules() if isinstance(part, Net))
        known = [f"{path}.{v.name}" if path else v.name for path, net in nets for v in values_in(net)]
        for name in given:
            value = name.partition("#")[0]
            if not {name, value} & set(known) and not self.was_value(value):
                raise NoValue(f"{type(self).__name__} has no value {name!r}{near(name, known)}")
        for name in needed:
            if name not in given:
                raise NoValue(
                    f"{type(self).__name__} needs the frozen value {name!r}: forward(..., frozen=cache)"
                )
        again = {n: value for n, value in given.items() if {n, n.partition("#")[0]} & set(needed)}
        return Part(again if needed else given, "", {})

    def fetched(self, *names: str) -> list[Any]:
        """Parameters by their names: from their table, or as attributes where something took their place."""
        try:
            return [self._parameters[name] for name in names]
        except KeyError:
            return [getattr(self, name) for name in names]

    def derived(self) -> tuple[Tensor, ...]:
        """The values that parameters alone give, computed."""
        return ()

    def kept(self) -> tuple[Tensor, ...]:
        """The values that parameters alone give: as ``prepare`` left them, else computed."""
        if any(name not in self._buffers for name in self.prepared):
            return self.derived()
        return tuple([getattr(self, name) for name in self.prepared])

    def beside(self) -> tuple[tuple[tuple[Tensor, ...], tuple[Tensor, ...]], ...]:
        """Matrices that multiply one array, and their biases."""
        return ()

    def together(
        self, number: int, x: Tensor, product: Callable[..., Tensor] = F.linear
    ) -> tuple[Tensor, ...]:
        """The products of ``x`` with matrices: one product, where ``prepare`` has put them side by side."""
        whole = self._buffers.get(f"_beside_{number}")
        if whole is None:
            weights, biases = self.beside()[number]
            return tuple(map(product, itertools.repeat(x), weights, *((biases,) if biases else ())))
        found = product(x, whole, self._buffers.get(f"_biases_{number}"))
        return torch.split(found, self.widths[number], -1)

    def prepare(self) -> Self:
        """Keep the values that parameters alone give as buffers, until ``train()`` or new weights.

        So are copies of matrices that multiply the same array, side by side. On the CPU matrices are laid out
        in memory along their longer axis, as products with few rows like it best.

        Returns self. Parameters changed in another way make them stale: call it again. Gradients do not
        pass through what is kept.
        """
        with torch.no_grad():
            for part in self.modules():
                if isinstance(part, Net):
                    derived = part.derived() if part.prepared else ()
                    for name, value in zip(part.prepared, derived, strict=True):
                        part.register_buffer(name, value, persistent=False)
                    for number, (weights, biases) in enumerate(part.beside()):
                        whole = along_longer(torch.cat(weights), 1)
                        part.register_buffer(f"_beside_{number}", whole, persistent=False)
                        if biases:
                            part.register_buffer(f"_biases_{number}", torch.cat(biases), persistent=False)
                        part.widths[number] = [weight.shape[0] for weight in weights]
                    for name, rows in part.matrices.items():
                        parameter = getattr(part, name)
                        parameter.data = along_longer(parameter.data, rows)
        return self

    def forget(self) -> None:
        """Drop what ``prepare`` kept, also in the nets called."""
        for part in self.modules():
            if isinstance(part, Net):
                for name in (*part.prepared, *[n for n in part._buffers if n.startswith("_")]):
                    part._buffers.pop(name, None)
                for parameter in [getattr(part, name) for name in part.matrices]:
                    if not parameter.is_contiguous():
                        parameter.data = parameter.data.contiguous()

    def train(self, mode: bool = True) -> Self:
        """As in PyTorch; what ``prepare`` kept is dropped for training."""
        if mode:
            self.forget()
        return super().train(mode)

    def load_state_dict(self, *arguments: Any, **named: Any) -> Any:
        """As in PyTorch; what ``prepare`` kept is dropped."""
        self.forget()
        return super().load_state_dict(*arguments, **named)

    def register(self, name: str, part: nn.Module | nn.Parameter) -> None:
        """Own a part under a name that no attribute can have; a dotted one leads through empty modules."""
        *owners, last = name.split(".")
        owner: nn.Module = self
        for step in owners:
            owner = owner._modules.setdefault(step, nn.Module()) or self
        table = owner._parameters if isinstance(part, nn.Parameter) else owner._modules
        table[last] = part  # type: ignore[assignment]

    def was_value(self, name: str) -> bool:
        """Whether the net that this one was made from has a value of that name."""
        head, _, rest = name.partition(".")
        if head in self.past_values:
            return True
        part: nn.Module | None = self._modules.get(head)
        while isinstance(part, nn.ModuleList):
            head, _, rest = rest.partition(".")
            part = part[int(head)] if head.isdigit() and int(head) < len(part) else None
        return isinstance(part, Net) and part.was_value(rest)

    def run_with_cache(
        self,
        *inputs: Tensor,
        names_filter: str | list[str] | Callable[[str], bool] | None = None,
        **named: object,
    ) -> tuple[object, dict[str, Tensor]]:
        """What ``forward`` gives, and the named values met on the way by their dotted names.

        ``names_filter`` chooses: a pattern such as ``"attention.*.A"``, a list of them, or a function of the
        name. One that a shared net computes again comes as ``name#2``, ``name#3``, ...
        """
        cache: dict[str, Tensor] = {}

        def wanted(name: str) -> bool:
            if names_filter is None or callable(names_filter):
                return names_filter is None or names_filter(name)
            patterns = [names_filter] if isinstance(names_filter, str) else names_filter
            return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

        def store(point: nn.Module, given: tuple[object, ...], value: Tensor) -> None:
            assert isinstance(point, Value) and isinstance(given[-1], Part)
            name = given[-1].path + point.name
            number = given[-1].met[name]
            name = name if number == 1 else f"{name}#{number}"
            if wanted(name):
                cache[name] = value

        handles = [part.register_forward_hook(store) for part in self.modules() if isinstance(part, Value)]
        try:
            return self(*inputs, **named), cache
        finally:
            for handle in handles:
                handle.remove()

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or change the type of all arrays: complex ones stay complex, constants are made anew."""

        def converted(x: Tensor) -> Tensor:
            return torch.view_as_complex(fn(torch.view_as_real(x))) if x.is_complex() else fn(x)

        super()._apply(converted, recurse)  # type: ignore[no-untyped-call]
        for name, value in self.constants.items():
            old = self._buffers[name]
            assert old is not None
            self._buffers[name] = torch.tensor(value, dtype=old.dtype, device=old.device)
        return self

    def weights(self) -> Iterator[tuple[str, str, Callable[[Tensor], Tensor]]]:
        """For each parameter: its name, the key of the stored array, and how that is re-indexed."""
        for name, _ in self.named_parameters():
            yield name, name, same

    def load_weights(self, path: str | os.PathLike[str]) -> Self:
        """Fill all parameters from a safetensors file, a sharded index, or a folder with one of them.

        Returns self. Raises ValueError, before anything is changed, with every key that is missing or not
        used and every array that does not fit.
        """
        fill(self, Path(path))
        self.forget()
        return self


def values_in(module: nn.Module) -> Iterator[Value]:
    """The named values that are a net's own, not those of the nets it calls."""
    for part in module._modules.values():
        if isinstance(part, Value):
            yield part
        elif isinstance(part, nn.ModuleList):
            yield from values_in(part)


def values(name: str, *counts: int) -> nn.ModuleList:
    """A list of named values ``name.0``, ``name.1``, ..., nested where there are several counts.

    Raises ValueError for more than 10,000: each is a module of its own.
    """
    if math.prod(counts) > 10_000:
        raise ValueError(f"{name} has {math.prod(counts):,} values in its repeat; at most 10,000 can be read")
    first, *rest = counts
    return nn.ModuleList(values(f"{name}.{i}", *rest) if rest else Value(f"{name}.{i}") for i in range(first))


def members(family: nn.Module) -> tuple[Any, ...]:
    """The parameters of a family, in nested tuples."""
    if not isinstance(family, nn.ParameterList):
        return tuple([members(part) for part in family.children()])
    try:
        return tuple([family._parameters[str(n)] for n in range(len(family))])
    except KeyError:
        return tuple(family)


def under(frozen: Part, *path: str | int) -> Part:
    """What is handed in to a net that is called under a name."""
    start = ".".join(map(str, path)) + "."
    inside = {name[len(start) :]: value for name, value in frozen.values.items() if name.startswith(start)}
    return Part(inside, frozen.path + start, frozen.met)


def dealt(net: Net, *ranges: range) -> list[tuple[int, ...]]:
    """The turns of nested loops that are this process's: all of them if no processes share the net.

    Raises ValueError, in every process, where some would have none.
    """
    turns = list(itertools.product(*ranges))
    if net.shared_by is None:
        return turns
    ways = torch.distributed.get_world_size(net.shared_by)
    if ways > len(turns):
        raise ValueError(f"{type(net).__name__} has {len(turns)} slices: {ways} processes cannot share them")
    return turns[torch.distributed.get_rank(net.shared_by) :: ways]


def shared_sum(net: Net, total: Tensor) -> Tensor:
    """The sum of what each of the processes that share a net has. Raises RuntimeError for a gradient."""
    if net.shared_by is None:
        return total
    if total.requires_grad:
        raise RuntimeError("slices that processes share have no gradient: use torch.no_grad()")
    total = total.contiguous()
    torch.distributed.all_reduce(total, group=net.shared_by)
    return total
