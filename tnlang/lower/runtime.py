"""What generated modules share. Nothing imports this file: what is used of its text is copied into them."""

from __future__ import annotations

import difflib
import fnmatch
import inspect
import itertools
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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


def near(name: str, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: what it is like, or what there is."""
    known = list(names)
    close = difflib.get_close_matches(name, known, n=3)
    if close:
        return f"; near are {', '.join(close)}"
    return f"; it has {', '.join(known[:20])}{', ...' if len(known) > 20 else ''}" if known else ""


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


def refuse(net: Net, unknown: Mapping[str, object], **counting: int) -> None:
    """Raise TypeError for a keyword that is none of the dims a net takes; ``counting`` dims are fixed."""
    kind = type(net)
    known = [p.name for p in inspect.signature(kind).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for name, value in unknown.items():
        if name not in counting:
            raise TypeError(f"{kind.__name__} has no dim {name!r}{near(name, known)}")
        if value != counting[name]:
            raise TypeError(
                f"{kind.__name__}: {name} counts members and is {counting[name]} here; compile the text anew"
            )


def under(frozen: Part, *path: str | int) -> Part:
    """What is handed in to a net that is called under a name."""
    start = ".".join(map(str, path)) + "."
    inside = {name[len(start) :]: value for name, value in frozen.values.items() if name.startswith(start)}
    return Part(inside, frozen.path + start, frozen.met)


def legs(
    net: str, name: str, value: Tensor, sizes: Mapping[str, int | None], onehot: str = ""
) -> tuple[int, ...]:
    """The sizes of a value's legs, which are its last axes. Raises ValueError where one does not fit.

    ``onehot`` is a leg that has no axis: the value's entries are the numbers of its entries.
    """
    if onehot and (value.is_floating_point() or value.is_complex() or value.dtype == torch.bool):
        raise ValueError(
            f"{net}: {name}[{', '.join(['...', *sizes])}] is whole numbers, those of the one-hot leg "
            f"{onehot}; got {value.dtype} of the shape {list(value.shape)}"
        )
    if value.dim() < len(sizes):
        raise ValueError(
            f"{net}: {name} needs the legs [{', '.join(sizes)}] but has the shape {list(value.shape)}"
        )
    found = tuple(value.shape[value.dim() - len(sizes) :])
    for (leg, expected), size in zip(sizes.items(), found, strict=True):
        if expected is not None and size != expected:
            raise ValueError(f"{net}: leg {leg} of {name} has size {size} where {expected} is expected")
    return found


def given(net: str, name: str, value: int | None) -> int:
    """The size of a dim that no input tells. Raises ValueError where nobody told it."""
    if value is None:
        raise ValueError(f"{net}: dim {name} has no size; give it by name")
    return value


def within(net: str, what: str, stop: int, size: int) -> None:
    """Raise ValueError where a slice reaches past the end of its leg."""
    if stop > size:
        raise ValueError(f"{net}: {what} reaches up to {stop} on a leg of size {size}")


def broadcast(first: torch.Size, *shapes: torch.Size) -> torch.Size:
    """The shape that arrays of these shapes have together."""
    if all(shape == first for shape in shapes):  # PyTorch's own takes long to see it
        return first
    return torch.broadcast_shapes(first, *shapes)  # type: ignore[no-untyped-call,no-any-return]


def taken(x: Tensor, indices: Tensor) -> Tensor:
    """The entries of the last axis that the indices name; the other axes broadcast."""
    shape = broadcast(x.shape[:-1], indices.shape)
    found = x.expand(*shape, x.shape[-1]).gather(-1, indices.expand(shape)[..., None].long())
    return found.squeeze(-1)


def log_probability(x: Tensor, indices: Tensor) -> Tensor:
    """The logarithm of the softmax along the last axis at the entries that the indices name."""
    shape = broadcast(x.shape[:-1], indices.shape)
    rows = x.expand(*shape, x.shape[-1]).reshape(-1, x.shape[-1])
    places = indices.expand(shape).reshape(-1).long()
    return -F.cross_entropy(rows, places, reduction="none").reshape(shape)


def along_longer(x: Tensor, rows: int) -> Tensor:
    """A matrix, its first ``rows`` axes by the others: on the CPU along its longer axis in memory."""
    if type(x) is not Tensor or x.device.type != "cpu":
        return x
    if x.shape[:rows].numel() <= x.shape[rows:].numel():
        return x.contiguous()
    turned = x.permute(*range(rows, x.dim()), *range(rows)).contiguous()
    return turned.permute(*range(x.dim() - rows, x.dim()), *range(x.dim() - rows))


def placed(
    x: Tensor,
    indices: Tensor,
    axis: int,
    size: int,
    rank: int,
    base: Tensor | None = None,
    in_place: bool = False,
) -> Tensor:
    """The entries of an axis at the places below ``size`` that the indices say, added to ``base``.

    ``rank`` axes of ``x`` are no batch. Entries of one place are added.
    """
    if indices.dim() > 1:  # each of a batch has places of its own
        rows = x.movedim(axis, -1)
        others = rows.shape[rows.dim() - rank : -1]
        flat = rows.reshape(*rows.shape[: rows.dim() - rank], -1, rows.shape[-1])
        found = flat @ F.one_hot(indices, size).to(x)
        found = found.reshape(*found.shape[:-2], *others, size).movedim(-1, axis)
        return found if base is None else base + found
    shape = list(x.shape)
    shape[axis] = size
    if base is None:
        return x.new_zeros(shape).index_add(axis, indices, x)
    whole = list(broadcast(base.shape, torch.Size(shape)))
    if whole != shape:
        x = x.expand(*whole[:axis], x.shape[axis], *whole[len(whole) + axis + 1 :])
    if list(base.shape) != whole:
        base = base.expand(whole).contiguous()
    return base.index_add_(axis, indices, x) if in_place else base.index_add(axis, indices, x)


def collected(parts: list[Tensor], axis: int, start: Tensor) -> Tensor:
    """Arrays side by side along a new axis; ``start`` where there are none."""
    return torch.stack(torch.broadcast_tensors(*parts), axis) if parts else start  # type: ignore[no-untyped-call]


def reshaped(x: Tensor, legs: int, *sizes: int) -> Tensor:
    """The entries of the last ``legs`` axes on axes of other sizes."""
    return x.reshape((*x.shape[: x.dim() - legs], *sizes))


def spread(x: Tensor, *sizes: int) -> Tensor:
    """``x`` repeated along its last axes of size 1 until these have the sizes."""
    return x.expand(*x.shape[: x.dim() - len(sizes)], *sizes)


def causal(x: Tensor, query: int = -2, key: int = -1) -> Tensor:
    """-inf where the key comes after the query."""
    later = (
        torch.arange(x.shape[key], device=x.device) > torch.arange(x.shape[query], device=x.device)[:, None]
    )
    if (query, key) != (-2, -1):
        x = x.movedim((query, key), (-2, -1))
        return x.masked_fill(later, -math.inf).movedim((-2, -1), (query, key))
    return x.masked_fill(later, -math.inf)


def attended(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    scale: float,
    mask: Tensor | None = None,
    is_causal: bool = False,
) -> Tensor:
    """The softmax over keys of scaled products plus mask, times values; axes before the last two may lack.

    A mask of truth values says which keys a query looks at.
    """
    parts = [queries, keys, values]
    if mask is not None and (mask.dim() > queries.dim() or mask.shape[:-2].numel() > 1):
        parts.append(mask)
    around = broadcast(*(part.shape[:-2] for part in parts))
    flat = (1,) * (2 - len(around)) + tuple(around)

    def stacked(x: Tensor) -> Tensor:  # PyTorch's kernels want two axes before the last two
        if x.shape[:-2] != flat:
            x = x.expand(*flat, *x.shape[-2:])
        return x.flatten(0, -4) if len(flat) > 2 else x

    if mask is not None and is_causal:
        mask = mask.expand(*mask.shape[:-2], queries.shape[-2], keys.shape[-2])
        mask = mask.tril() if mask.dtype == torch.bool else causal(mask)
    if mask is not None and mask.dim() > 2:
        mask = stacked(mask)
    found = F.scaled_dot_product_attention(
        stacked(queries),
        stacked(keys),
        stacked(values),
        attn_mask=mask,
        is_causal=is_causal and mask is None,
        scale=scale,
    )
    return found if len(around) == 2 else found.reshape(*around, *found.shape[-2:])


def inverse(x: Tensor, row: int = -2, column: int = -1) -> Tensor:
    """The transposed inverse: joined to ``x`` by one leg it is a wire."""
    inverted: Tensor = torch.linalg.inv(x.movedim((row, column), (-2, -1)))
    return inverted.mT.movedim((-2, -1), (row, column))


def layernorm(x: Tensor, axis: int, eps: float) -> Tensor:
    """Mean 0 and variance 1 along an axis that is not the last."""
    return centred(x, axis) * layernorm_scale(x, axis, eps).unsqueeze(axis)


def layernorm_scale(x: Tensor, axis: int, eps: float) -> Tensor:
    """What a layernorm divides by, inverted."""
    return torch.rsqrt(x.var(axis, correction=0) + eps)


def rmsnorm(x: Tensor, axis: int, eps: float) -> Tensor:
    """Mean square 1 along an axis that is not the last."""
    return x * rmsnorm_scale(x, axis, eps).unsqueeze(axis)


def rmsnorm_scale(x: Tensor, axis: int, eps: float) -> Tensor:
    """What an rmsnorm divides by, inverted."""
    return torch.rsqrt(x.abs().square().mean(axis) + eps)


def topk(x: Tensor, axis: int, k: int) -> Tensor:
    """The k largest (the earlier of equals) stay, the others become -inf."""
    order = x.argsort(stable=True, dim=axis, descending=True).narrow(axis, 0, min(k, x.shape[axis]))
    return torch.full_like(x, -math.inf).scatter(axis, order, x.gather(axis, order))


def normalized(x: Tensor, axis: int) -> Tensor:
    """Length 1 along an axis."""
    length: Tensor = torch.linalg.vector_norm(x, dim=axis, keepdim=True)
    return x / length


def centred(x: Tensor, axis: int) -> Tensor:
    """Mean 0 along an axis."""
    return x - x.mean(axis, keepdim=True)


def one_hot_argmax(x: Tensor, axis: int) -> Tensor:
    """1 at the first maximum along an axis, 0 elsewhere."""
    return F.one_hot(x.argmax(axis), x.shape[axis]).to(x).movedim(-1, axis)


def imaginary(x: Tensor) -> Tensor:
    """The imaginary part, also of a real array."""
    return x.imag if x.is_complex() else torch.zeros_like(x)


def embed(x: Tensor, *axes: int) -> Tensor:
    """``x`` put on a diagonal: its axis ``axes[0]`` becomes the two axes ``axes[1:]`` of the result."""
    return torch.diag_embed(x.movedim(axes[0], -1), dim1=axes[1], dim2=axes[2])


def shifted(x: Tensor, axis: int, before: int, size: int) -> Tensor:
    """``x`` moved by ``before`` along an axis that then has ``size`` entries; zeros come in."""
    room = abs(before)  # On both sides, so that no size has to be compared with another.
    padded = F.pad(x, [0, 0] * (-1 - axis) + [room, size + room])
    return padded.narrow(axis, room - before, size)


def levi_civita(size: int, like: Tensor) -> Tensor:
    """The sign of each permutation of the indices, 0 where one repeats."""
    result = like.new_zeros((size,) * size)
    for order in itertools.permutations(range(size)):
        odd = sum(b < a for a, b in itertools.combinations(order, 2)) % 2
        result[order] = -1.0 if odd else 1.0
    return result


def isometry(x: Tensor, *legs: int) -> Tensor:
    """The Q of a QR of ``x``: contracted over the other legs with its conjugate it is the identity."""
    others = [axis for axis in range(x.dim()) if axis not in legs]
    turned = x.permute(*others, *legs)
    rows = math.prod(x.shape[axis] for axis in others)
    q: Tensor = torch.linalg.qr(turned.reshape(rows, -1))[0].reshape(turned.shape)
    back = [[*others, *legs].index(axis) for axis in range(x.dim())]
    return q.permute(back).contiguous()


def svd(
    x: Tensor, left: tuple[int, ...], right: tuple[int, ...], rank: int, error: float = 0.0
) -> tuple[Tensor, Tensor, Tensor]:
    """U (axes ``left``, bond), values, V (axes ``right``, bond) of x = U values V, axes counted from the end.

    The largest entry of each column of U is positive. Of the ``rank`` values kept, those that a part
    ``error`` of the norm does not need are 0. Raises ValueError where there are fewer values.
    """
    moved = x.movedim((*left, *right), tuple(range(-len(left) - len(right), 0)))
    rows = moved.shape[-len(left) - len(right) : -len(right)]
    columns = moved.shape[-len(right) :]
    matrix = moved.reshape(*x.shape[: x.dim() - len(left) - len(right)], math.prod(rows), math.prod(columns))
    u, values, vh = torch.linalg.svd(matrix, full_matrices=False)
    if rank > values.shape[-1]:
        raise ValueError(f"a matrix of {list(matrix.shape[-2:])} has no {rank} singular values")
    u, v = u[..., :rank], vh.mT[..., :rank]
    largest = u.gather(-2, u.abs().argmax(-2, keepdim=True))
    phase = (largest / largest.abs()).detach()
    rest = values.square().flip(-1).cumsum(-1).flip(-1).sqrt()
    kept = torch.where(rest > error * rest[..., :1], values, 0.0)[..., :rank]
    return (u * phase.conj()).unflatten(-2, rows), kept, (v * phase).unflatten(-2, columns)


def qr(x: Tensor, left: tuple[int, ...], right: tuple[int, ...], bond: int) -> tuple[Tensor, Tensor]:
    """Q (axes ``left``, bond) and R (bond, axes ``right``) of x = Q R, axes counted from the end.

    The diagonal of R is not negative. Raises ValueError where the bond is not the smaller side.
    """
    moved = x.movedim((*left, *right), tuple(range(-len(left) - len(right), 0)))
    rows = moved.shape[-len(left) - len(right) : -len(right)]
    columns = moved.shape[-len(right) :]
    matrix = moved.reshape(*x.shape[: x.dim() - len(left) - len(right)], math.prod(rows), math.prod(columns))
    q, r = torch.linalg.qr(matrix)
    if bond != r.shape[-2]:
        raise ValueError(f"a matrix of {list(matrix.shape[-2:])} has no QR over {bond}")
    diagonal = r.diagonal(dim1=-2, dim2=-1).detach()
    phase = torch.where(diagonal == 0, 1, torch.sgn(diagonal))
    return (q * phase.unsqueeze(-2)).unflatten(-2, rows), (r * phase.conj().unsqueeze(-1)).unflatten(
        -1, columns
    )


def tensor_train(
    x: Tensor, legs: int, ranks: tuple[int, ...], centre: int, error: float = 0.0
) -> tuple[Tensor, ...]:
    """A tensor for each of the last ``legs`` axes, isometries towards the one at ``centre``."""
    share = error / math.sqrt(max(legs - 1, 1))
    before: list[Tensor] = []
    after: list[Tensor] = []
    rest, open_legs = x, legs
    for site in range(centre):
        first = min(site, 1) + 1
        axes = tuple(range(-open_legs, 0))
        u, values, v = svd(rest, axes[:first], axes[first:], ranks[site], share)
        before.append(u)
        rest = (v * along_last(values, v)).movedim(-1, values.dim() - 1)
        open_legs = open_legs - first + 1
    for site in range(legs - 1, centre, -1):
        last = 1 if site == legs - 1 else 2
        axes = tuple(range(-open_legs, 0))
        u, values, v = svd(rest, axes[:-last], axes[-last:], ranks[site - 1], share)
        after.append(v.movedim(-1, values.dim() - 1))
        rest = u * along_last(values, u)
        open_legs = open_legs - last + 1
    return (*before, rest, *reversed(after))


def along_last(values: Tensor, like: Tensor) -> Tensor:
    """``values`` along the last axis of an array with more axes."""
    return values.reshape(*values.shape[:-1], *([1] * (like.dim() - values.dim())), values.shape[-1])


def cp(x: Tensor, legs: int, rank: int) -> tuple[Tensor, ...]:
    """The weights of a CP decomposition by tensorly, falling, and a factor (leg, bond) for each leg.

    Of a matrix it is the SVD. Raises ValueError where the equations for it have no one solution.
    """
    if legs == 2:
        u, values, v = svd(x, (-2,), (-1,), rank)
        return values, u, v
    tensorly = tensorly_module()

    def one(tensor: Tensor) -> list[Tensor]:
        try:
            found = tensorly.decomposition.parafac(
                tensor, rank, n_iter_max=1000, init="svd", tol=1e-12, normalize_factors=True
            )
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            raise ValueError(
                f"a tensor of {list(tensor.shape)} is not found as {rank} products of vectors: fewer may do"
            ) from None
        weights, factors = found
        order = weights.argsort(descending=True, stable=True)
        factors = [factor[:, order] for factor in factors]
        signs = [largest_signs(factor) for factor in factors[:-1]]
        turned = [factor * sign for factor, sign in zip(factors, signs, strict=False)]
        return [weights[order], *turned, factors[-1] * torch.stack(signs).prod(0)]

    with tensorly.backend_context("pytorch", local_threadsafe=True):
        return each(x, legs, one)


def tucker(x: Tensor, legs: int, ranks: tuple[int, ...]) -> tuple[Tensor, ...]:
    """The core of a Tucker decomposition by tensorly, and an isometry (leg, bond) for each leg."""
    tensorly = tensorly_module()

    def one(tensor: Tensor) -> list[Tensor]:
        core, factors = tensorly.decomposition.tucker(
            tensor, list(ranks), n_iter_max=1000, init="svd", tol=1e-12
        )
        signs = [largest_signs(factor) for factor in factors]
        for leg, sign in enumerate(signs):
            core = core * sign.reshape([-1 if leg == axis else 1 for axis in range(core.dim())])
        return [core, *(factor * sign for factor, sign in zip(factors, signs, strict=True))]

    with tensorly.backend_context("pytorch", local_threadsafe=True):
        return each(x, legs, one)


def tensorly_module() -> Any:
    """The package tensorly. Raises ImportError that says what needs it."""
    try:
        import tensorly
        import tensorly.decomposition
    except ImportError:
        raise ImportError("CP and Tucker decompositions need tensorly: pip install tensorly") from None
    return tensorly


def largest_signs(factor: Tensor) -> Tensor:
    """The sign of the largest entry of each column."""
    largest = factor.gather(0, factor.abs().argmax(0, keepdim=True))[0]
    return torch.where(largest < 0, -1.0, 1.0).to(factor)


def each(x: Tensor, legs: int, one: Callable[[Tensor], list[Tensor]]) -> tuple[Tensor, ...]:
    """The results for each member of a batch, put together."""
    around = x.shape[: x.dim() - legs]
    found = [one(tensor) for tensor in x.reshape(-1, *x.shape[x.dim() - legs :])]
    return tuple(torch.stack(parts).reshape(*around, *parts[0].shape) for parts in zip(*found, strict=True))


def symmetric(x: Tensor, *legs: int) -> Tensor:
    """The mean over all orders of the legs."""
    orders = list(itertools.permutations(legs))
    total = torch.zeros_like(x)
    for order in orders:
        total = total + x.movedim(legs, order)
    return total / len(orders)


def diagonal(x: Tensor, *legs: int) -> Tensor:
    """0 where the indices of the legs differ."""
    axes = [
        torch.arange(n).view([-1 if i == j else 1 for j in range(x.dim())]) for i, n in enumerate(x.shape)
    ]
    same = torch.stack([axes[leg].expand(x.shape) for leg in legs])
    return x * (same == same[0]).all(0)


def positive(x: Tensor) -> Tensor:
    """A positive operator where the legs are two equal halves, else positive entries."""
    half = x.dim() // 2
    if x.dim() == 0 or x.dim() % 2 or x.shape[:half] != x.shape[half:]:
        return x.abs()
    matrix = x.reshape(math.prod(x.shape[:half]), -1)
    product = matrix @ matrix.mH / len(matrix) + 0.1 * torch.eye(len(matrix))
    return product.to(x).reshape(x.shape)


def complex_type() -> torch.dtype:
    """The complex numbers that go with the default type."""
    return torch.get_default_dtype().to_complex()


def same(x: Tensor) -> Tensor:
    """The array as it is stored."""
    return x


def fill(net: Net, path: Path) -> None:
    """Fill the parameters of a net from a checkpoint, or raise ValueError with all that does not fit."""
    places = stored_arrays(path)
    used, filled, wrong = set(), [], []
    parameters = dict(net.named_parameters())
    mapping = list(net.weights())
    with torch.no_grad():
        for name, key, change in mapping:
            stored = next((p + key for p in (*net.prefixes, "") if p + key in places), None)
            if stored is None:
                wrong.append(f"missing: {key} (for {name})")
                continue
            used.add(stored)
            array = read_array(places[stored], stored)
            shape = list(parameters[name].shape)
            try:
                value: Tensor | None = change(array)
            except (RuntimeError, IndexError):
                value = None
            if value is None or list(value.shape) != shape:
                wrong.append(
                    f"mis-shaped: {stored} has {list(array.shape)}, which does not give {name} {shape}"
                )
                continue
            filled.append((parameters[name], value))
        wrong += [f"not filled: {name}" for name in parameters if name not in {n for n, _, _ in mapping}]
        for key in places.keys() - used:
            bare = next((key.removeprefix(p) for p in net.prefixes if key.startswith(p)), key)
            if not any(fnmatch.fnmatchcase(bare, p) or fnmatch.fnmatchcase(key, p) for p in net.ignored):
                wrong.append(f"not used: {key}")
        if wrong:
            raise ValueError(f"{path} does not fit {type(net).__name__}:\n  " + "\n  ".join(sorted(wrong)))
        for parameter, value in filled:
            parameter.copy_(value)


def stored_arrays(path: Path) -> dict[str, Path]:
    """The file that each array of a checkpoint stands in, by key. Raises FileNotFoundError."""
    from safetensors import safe_open

    if path.is_dir():
        names = ("model.safetensors", "model.safetensors.index.json")
        path = next((path / name for name in names if (path / name).is_file()), path / names[0])
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}")
    if path.suffix == ".json":
        index = json.loads(path.read_text(encoding="utf-8"))["weight_map"]
        return {key: path.parent / Path(name).name for key, name in index.items()}
    with safe_open(path, framework="pt") as file:
        return {key: path for key in file.keys()}  # noqa: SIM118 (a file, not a dict)


def read_array(path: Path, key: str) -> Tensor:
    """One array of a safetensors file."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        array: Tensor = file.get_tensor(key)
    return array
