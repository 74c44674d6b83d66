"""Expressions of the Plan as PyTorch code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tnlang.lower.numbers import All, Cut, Item, NewAxis, Num
from tnlang.lower.plan import (
    Along,
    Apply,
    Argmax,
    Attention,
    Binary,
    CallNet,
    Collected,
    Conjugate,
    Constant,
    Copies,
    CpuLinear,
    Diagonal,
    Einsum,
    Embed,
    Equal,
    Expr,
    Factored,
    Fetched,
    Flatten,
    Full,
    Index,
    Kept,
    Linear,
    LogProbability,
    Lookup,
    LoopSum,
    Matmul,
    Members,
    Normed,
    OneHot,
    Permute,
    Placed,
    Range,
    Reshape,
    Shifted,
    Spread,
    Stack,
    TakeAlong,
    ToComplex,
    Together,
    Transposed,
    Truth,
    Unflatten,
    UnflattenLike,
    UserCall,
    Var,
)
from tnlang.lower.scalars import is_complex
from tnlang.lower.torch_numbers import (
    ATOM,
    COMPARED,
    SUM,
    UNARY,
    Code,
    library,
    number,
    operation,
    range_code,
    repr_name,
    scalar_code,
    sizes_code,
    text,
)
from tnlang.lower.walks import is_scalar

_TORCH = frozenset(
    ["relu", "sigmoid", "tanh", "erf", "exp", "log", "sqrt", "rsqrt", "abs", "sign", "sin", "cos"]
)
_ENDS = {"sum": "sum", "prod": "prod", "mean": "mean", "max": "amax", "min": "amin", "logsumexp": "logsumexp"}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes expressions; ``like`` is the array whose type and device new arrays take."""

    like: str

    def code(self, expr: Expr) -> Code:
        """An expression as Python."""
        if is_scalar(expr):
            return scalar_code(expr)
        match expr:
            case Var(name, subs=subs):
                return Code(name + "".join(f"[{text(sub)}]" for sub in subs))
            case Binary(op, Num(-1), right) if op == "*":
                return Code(f"-{self.code(right).at(UNARY)}", UNARY)
            case Binary(op, left, right):
                return operation(op, self.code(left), self.code(right))
            case Einsum((x,), ((*before, i, j),), _, (*after, k, m)) if (*after, k, m) == (
                *before,
                j,
                i,
            ) and i != j:
                return self.method(x, "mT")
            case Einsum((x,), (axes,), _, out) if (pair := exchanged(axes, out)) is not None:
                return self.method(x, f"transpose({pair[0]}, {pair[1]})")
            case Einsum(operands, labels, batched, out):
                spec = subscripts(labels, batched, out)
                return Code(f'torch.einsum("{spec}", {", ".join(map(self.text, operands))})')
            case Matmul(left, right, product):
                return Code(f"torch.{product}({self.text(left)}, {self.text(right)})")
            case Copies(x, count):
                return self.method(x, f"expand({text(count)}, -1, -1)")
            case Transposed(x):
                return self.method(x, "mT")
            case Reshape(x, sizes, rank, True):
                return Code(f"reshaped({', '.join([self.text(x), str(rank), *map(text, sizes)])})")
            case Reshape(x, sizes):
                return self.method(x, f"reshape({', '.join(map(text, sizes)) or '()'})")
            case Linear(x, weight, None):
                return Code(f"{library('F')}.linear({self.text(x)}, {self.text(weight)})")
            case Linear(x, weight, bias) if bias is not None:
                return Code(f"{library('F')}.linear({self.text(x)}, {self.text(weight)}, {self.text(bias)})")
            case CpuLinear():
                return self.cpu_linear(expr)
            case Normed():
                return self.norm(expr)
            case Apply(function, x, options):
                return self.apply(function, x, dict(options))
            case Along(function, x, axes, options):
                return self.along(function, x, axes, dict(options))
            case UserCall(function, x, axes):
                return self.user(function, x, axes)
            case Index(x, items, batched):
                return Code(f"{self.code(x).at(ATOM)}[{indices(items, batched)}]")
            case Unflatten(x, axis, sizes):
                inner = ", ".join("-1" if size is None else text(size) for size in sizes)
                return self.method(x, f"unflatten({axis}, ({inner}))")
            case UnflattenLike(x, like, axes):
                return self.method(x, f"unflatten(-1, {self.sizes_like(like, axes)})")
            case Attention():
                return self.attended(expr)
            case Flatten(x, first, last):
                return self.method(x, f"flatten({first}, {last})")
            case Permute(x, order, True):
                axes = tuple(range(-len(order), 0))
                return self.method(x, f"movedim({tuple(axes[at] for at in order)}, {axes})")
            case Permute(x, order):
                return self.method(x, "T" if order == (1, 0) else f"permute({', '.join(map(str, order))})")
            case Spread(x, sizes):
                return Code(f"spread({self.text(x)}, {', '.join(map(text, sizes))})")
            case Diagonal(x, (first, second)):
                return self.method(x, f"diagonal(dim1={first}, dim2={second})")
            case Embed(x, -1, (-2, -1)):
                return Code(f"torch.diag_embed({self.text(x)})")
            case Embed(x, axis, (first, second)):
                return Code(f"embed({self.text(x)}, {axis}, {first}, {second})")
            case Shifted(x, axis, before, size):
                return Code(f"shifted({self.text(x)}, {axis}, {text(before)}, {text(size)})")
            case Stack(exprs, axis):
                return Code(f"torch.stack(({', '.join(map(self.text, exprs))}), dim={axis})")
            case OneHot(positions, size):
                return Code(f"{library('F')}.one_hot({self.text(positions)}, {text(size)}).to({self.like})")
            case Placed(x, positions, axis, size, rank, base, fills):
                given = [self.text(x), self.text(positions), str(axis), text(size), str(rank)]
                given += [] if base is None else [self.text(base)]
                given += ["in_place"] if fills else []
                return Code(f"placed({', '.join(given)})")
            case Collected(table, axis, start):
                return Code(f"collected({table}, {axis}, {self.text(start)})")
            case Lookup(positions, table, 2):
                return Code(f"{library('F')}.embedding({self.text(positions)}, {self.text(table)})")
            case Lookup(positions, table, _):
                return Code(f"{self.code(table).at(ATOM)}[{self.text(positions)}]")
            case TakeAlong(x, positions):
                return Code(f"taken({self.text(x)}, {self.text(positions)})")
            case LogProbability(x, positions):
                return Code(f"log_probability({self.text(x)}, {self.text(positions)})")
            case Argmax(x, axis):
                return self.method(x, f"argmax({axis})")
            case ToComplex(x):
                return Code(f"{self.code(x).at(SUM)} + 0j", SUM)
            case Conjugate(x):
                return self.method(x, "conj()")
            case Full(sizes, value) if is_complex(value):
                kind = f"dtype={self.like}.dtype.to_complex()"
                return Code(f"{self.like}.new_full({sizes_code(sizes)}, {text(value)}, {kind})")
            case Full((), value):
                return Code(f"{self.like}.new_tensor({text(value)})")
            case Full(sizes, Num(1)):
                return Code(f"{self.like}.new_ones({sizes_code(sizes)})")
            case Full(sizes, value):
                return Code(f"{self.like}.new_full({sizes_code(sizes)}, {text(value)})")
            case Constant(size):
                return Code(f"levi_civita({size}, {self.like})")
            case Range(stop, positions=True):
                return Code(f"torch.arange({text(stop)}, device={self.like}.device)")
            case Range(stop):
                return Code(f"torch.arange({text(stop)}, dtype={self.like}.dtype, device={self.like}.device)")
            case Equal(op, left, right):
                return Code(f"({self.text(left)} {op} {self.text(right)}).to({self.like})")
            case Truth(Equal(op, left, right)):
                return Code(f"{self.code(left).at(SUM)} {op} {self.code(right).at(SUM)}", COMPARED)
            case Truth(Apply(x=x)):
                return Code(f"{self.code(x).at(SUM)} > 0", COMPARED)
            case LoopSum(loops, body):
                heads = " ".join(f"for {var} in {range_code(start, stop)}" for var, start, stop in loops)
                return Code(f"sum({self.text(body)} {heads})")
            case CallNet():
                return self.call(expr)
            case Factored():
                return self.factored(expr)
            case Together(x, number, cpu):
                how = ", cpu_linear" if cpu else ""
                return Code(f"self.together({number}, {self.text(x)}{how})")
            case Kept():
                return Code("self.kept()")
            case Fetched(names):
                return Code(f"self.fetched({', '.join(map(repr_name, names))})")
            case Members(family):
                return Code(f"members({self.text(family)})")
        raise AssertionError(expr)

    def text(self, expr: Expr) -> str:
        return self.code(expr).text

    def method(self, x: Expr, call: str) -> Code:
        return Code(f"{self.code(x).at(ATOM)}.{call}")

    def sizes_like(self, like: Expr, axes: tuple[int, ...]) -> str:
        """The sizes of some axes of an array."""
        shape = f"{self.code(like).at(ATOM)}.shape"
        first, last = axes[0], axes[-1] + 1
        if axes == tuple(range(first, last)):
            return f"{shape}[{first or ''}:{last or ''}]"
        return f"({', '.join(f'{shape}[{axis}]' for axis in axes)})"

    def attended(self, expr: Attention) -> Code:
        given = [self.text(x) for x in (expr.queries, expr.keys, expr.values)]
        given.append(text(expr.scale))
        if expr.mask is not None:
            given.append(f"mask={self.text(expr.mask)}")
        if expr.causal:
            given.append("is_causal=True")
        return Code(f"attended({', '.join(given)})")

    def cpu_linear(self, expr: CpuLinear) -> Code:
        given = [self.text(expr.x), self.text(expr.weight)]
        given += [] if expr.bias is None else [self.text(expr.bias)]
        if expr.function != "none":
            given.append(f'function="{expr.function}"')
        if expr.base is not None:
            given.append(f"base={self.text(expr.base)}")
        return Code(f"cpu_linear({', '.join(given)})")

    def norm(self, expr: Normed) -> Code:
        x = self.text(expr.x)
        shape = (
            f"{self.text(expr.gain)}.shape"
            if expr.gain is not None
            else f"{self.code(expr.x).at(ATOM)}.shape[-1:]"
        )
        given = [self.text(part) for part in (expr.gain, expr.bias) if part is not None]
        name = "layer_norm" if expr.function == "layernorm" else "rms_norm"
        return Code(f"{library('F')}.{name}({', '.join([x, shape, *given])}, eps={expr.eps!r})")

    def apply(self, function: str, x: Expr, options: dict[str, float]) -> Code:
        inside = self.text(x)
        match function:
            case "reciprocal":
                return operation("/", Code("1"), self.code(x))
            case "power":
                return operation("**", self.code(x), _option(options["exponent"]))
            case "gelu":
                return Code(f"{library('F')}.gelu({inside})")
            case "gelu_tanh":
                return Code(f'{library("F")}.gelu({inside}, approximate="tanh")')
            case "silu" | "softplus":
                return Code(f"{library('F')}.{function}({inside})")
            case "leaky_relu":
                return Code(f"{library('F')}.leaky_relu({inside}, {_option(options['slope']).text})")
            case "clamp":
                ends = [
                    f"{name}={_option(options[name]).text}"
                    for name in ("min", "max")
                    if not math.isinf(options[name])
                ]
                return Code(f"torch.clamp({', '.join([inside, *ends])})") if ends else self.code(x)
            case "step":
                return Code(f"({self.code(x).at(SUM)} > 0).to({self.like})")
            case "imag":
                return Code(f"imaginary({inside})")
            case "square" | "conj" | "real":
                return Code(f"torch.{function}({inside})")
            case _:
                assert function in _TORCH, function
                return Code(f"torch.{function}({inside})")

    def along(self, function: str, x: Expr, axes: tuple[int, ...], options: dict[str, float]) -> Code:
        inside = self.text(x)
        dim = str(axes[0]) if len(axes) == 1 else f"({', '.join(map(str, axes))})"
        match function:
            case "softmax" | "log_softmax":
                return Code(f"torch.{function}({inside}, dim={dim})")
            case "cumsum":
                return Code(f"torch.cumsum({inside}, dim={dim})")
            case "causal" | "inverse":
                where = "" if axes == (-2, -1) else f", {axes[0]}, {axes[1]}"
                return Code(f"{function}({inside}{where})")
            case "normalize" | "argmax" | "centred":
                return Code(f"{_HELPERS[function]}({inside}, {dim})")
            case "layernorm" | "rmsnorm" | "layernorm_scale" | "rmsnorm_scale":
                return Code(f"{function}({inside}, {dim}, {options['eps']!r})")
            case "topk":
                return Code(f"topk({inside}, {dim}, {int(options['k'])})")
            case "var" | "std":
                return self.method(x, f"{function}({dim}, correction=0)")
            case "norm":
                return Code(f"torch.linalg.vector_norm({inside}, dim={dim})")
            case _:
                return self.method(x, f"{_ENDS[function]}({dim})")

    def user(self, function: str, x: Expr, axes: tuple[int, ...]) -> Code:
        """A function of the user's gets the axes it works along as the last ones."""
        last = tuple(range(-len(axes), 0))
        if axes == last:
            return Code(f"{function}({self.text(x)})")
        there, back = f"{axes}, {last}", f"{last}, {axes}"
        return Code(f"{function}({self.code(x).at(ATOM)}.movedim({there})).movedim({back})")

    def factored(self, expr: Factored) -> Code:
        bonds = [text(bond) for bond in expr.bonds]
        several = f"({', '.join(bonds)}{',' if len(bonds) == 1 else ''})"
        error = [f"{expr.error!r}"] if expr.error else []
        match expr.function:
            case "svd" | "qr":
                given = [f"{expr.left}", f"{expr.right}", *bonds, *error]
            case "cp":
                given = [f"{expr.rank}", *bonds]
            case "tucker":
                given = [f"{expr.rank}", several]
            case "tt":
                given = [f"{expr.rank}", several, f"{expr.centre}", *error]
        function = "tensor_train" if expr.function == "tt" else expr.function
        return Code(f"{function}({', '.join([self.text(expr.x), *given])})")

    def call(self, expr: CallNet) -> Code:
        given = [self.text(a) for a in expr.arguments]
        given += [f"{name}={self.text(value)}" for name, value in expr.keywords]
        if expr.takes_frozen:
            where = ", ".join([repr_name(expr.path), *map(text, expr.turn)])
            given.append(f"frozen=under(frozen, {where})")
        return Code(f"{self.text(expr.module)}({', '.join(given)})")


_HELPERS = {"normalize": "normalized", "argmax": "one_hot_argmax", "centred": "centred"}


def _option(value: float) -> Code:
    return number(int(value)) if float(value).is_integer() else number(value)


def indices(items: tuple[Item, ...], batched: bool) -> str:
    """What stands in the brackets of an index."""
    shown = list(items)
    if batched:
        while shown and isinstance(shown[0], All):
            shown.pop(0)
    else:
        while shown and isinstance(shown[-1], All):
            shown.pop()
    words = ["..."] if batched else []
    for item in shown:
        match item:
            case All():
                words.append(":")
            case NewAxis():
                words.append("None")
            case Cut(start, stop):
                first = "" if start == Num(0) else text(start)
                words.append(_cut(first, "" if stop is None else text(stop)))
            case _:
                words.append(text(item))
    return ", ".join(words)


def _cut(first: str, last: str) -> str:
    """A slice as formatters space it: a colon between anything but names and numbers stands apart."""
    if all(bound.isalnum() or bound.isidentifier() for bound in (first, last) if bound):
        return f"{first}:{last}"
    return f"{first} : {last}".strip()


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def exchanged(axes: Sequence[str], out: Sequence[str]) -> tuple[int, int] | None:
    """The two axes, from the end, that change places between two orders of axes, if no others do."""
    if len(axes) != len(out) or len(set(axes)) != len(axes):
        return None
    moved = [
        place - len(axes) for place, pair in enumerate(zip(axes, out, strict=True)) if pair[0] != pair[1]
    ]
    return (moved[0], moved[1]) if len(moved) == 2 else None


def subscripts(labels: Sequence[Sequence[str]], batched: Sequence[bool], out: Sequence[str]) -> str:
    """``...hqs,...hks->...hqk``: each label gets its own letter if it can."""
    chosen: dict[str, str] = {}
    every = list(dict.fromkeys(label for one in labels for label in one))
    for label in sorted(every, key=len):  # Labels of one letter have the first choice.
        wishes = [c for c in label if c in _LETTERS] + list(_LETTERS)
        chosen[label] = next(c for c in wishes if c not in chosen.values())
    parts = [
        ("..." if b else "") + "".join(chosen[label] for label in one)
        for one, b in zip(labels, batched, strict=True)
    ]
    result = ("..." if any(batched) else "") + "".join(chosen[label] for label in out)
    return f"{','.join(parts)}->{result}"
