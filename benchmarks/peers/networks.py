"""The networks that every program draws: tensors by name with their legs, and two with nonlinearities."""

from __future__ import annotations

from dataclasses import dataclass

Tensors = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Network:
    """``tensors`` joined by equal leg names; ``open`` legs stay; ``program`` is the same as .tn text."""

    name: str
    title: str
    tensors: Tensors
    open: tuple[str, ...] = ()
    program: str = ""

    @property
    def text(self) -> str:
        """The .tn program: as given, else the product of the tensors."""
        if self.program:
            return self.program
        lines = [
            f"tensor {name}[{', '.join(f'{leg}: 2' for leg in legs)}]"
            for name, legs in dict(self.tensors).items()
        ]
        product = " ".join(f"{name}[{', '.join(legs)}]" for name, legs in self.tensors)
        kept = f"[{', '.join(self.open)}]" if self.open else ""
        return "\n".join([*lines, f"value{kept} = {product}", ""])


def _chain(n: int) -> Tensors:
    return tuple((f"M{i + 1}", (f"i{i}", f"i{i + 1}")) for i in range(n))


def _ring(n: int) -> Tensors:
    return tuple((f"R{i + 1}", (f"r{i}", f"r{(i + 1) % n}")) for i in range(n))


def _ladder(n: int) -> Tensors:
    def row(letter: str, rail: str) -> list[tuple[str, tuple[str, ...]]]:
        rails = [tuple(f"{rail}{j}" for j in (i - 1, i) if 0 <= j < n - 1) for i in range(n)]
        return [(f"{letter}{i + 1}", (*rails[i], f"p{i}")) for i in range(n)]

    return (*row("A", "a"), *row("B", "b"))


def _grid(n: int) -> Tensors:
    def legs(x: int, y: int) -> tuple[str, ...]:
        across = tuple(f"h{i}{y}" for i in (x - 1, x) if 0 <= i < n - 1)
        down = tuple(f"v{x}{i}" for i in (y - 1, y) if 0 <= i < n - 1)
        return (*across, *down)

    return tuple((f"T{y}{x}", legs(x, y)) for y in range(n) for x in range(n))


_CUBIC = (
    (0, 3),
    (0, 5),
    (0, 9),
    (1, 2),
    (1, 6),
    (1, 8),
    (2, 4),
    (2, 7),
    (3, 4),
    (3, 7),
    (4, 8),
    (5, 6),
    (5, 9),
)
_CUBIC_REST = ((6, 7), (8, 9))
"""A graph of ten vertices with three edges each."""


def _cubic() -> Tensors:
    edges = (*_CUBIC, *_CUBIC_REST)
    return tuple((f"G{v}", tuple(f"e{a}{b}" for a, b in edges if v in (a, b))) for v in range(10))


_MLP = """\
param W1[n: 8, i: 4]
param W2[m: 4, n: 8]
input x[i: 4]
y[m] = W2[m, n] relu(W1[n, i] x[i])
"""

_ATTENTION = """\
dim seq, hidden = 8, size = 4
input x[seq, hidden]
param W_Q[size, hidden]
param W_K[size, hidden]
A[q, k] = softmax[k](1 / sqrt(size) * W_Q[s, d] x[q, d] W_K[s, e] x[k, e])
y[q, e] = A[q, k] x[k, e]
"""

NETWORKS = (
    Network("chain", "Five matrices in a row", _chain(5), ("i0", "i5")),
    Network("ring", "Trace of four matrices", _ring(4)),
    Network("ladder", "Closed ladder of five rungs", _ladder(5)),
    Network("grid", "A 3 by 3 lattice", _grid(3)),
    Network(
        "hyperedge",
        "One index with three ends",
        (("A", ("i", "a", "b")), ("v", ("b",)), ("B", ("b", "a", "j"))),
        ("i", "j"),
    ),
    Network("cubic", "Ten tensors of three legs each", _cubic()),
    Network("mlp", "A layer with its nonlinearity", (), ("m",), _MLP),
    Network("attention", "Attention of one head", (), ("q", "e"), _ATTENTION),
)
