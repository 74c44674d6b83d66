"""The functions of the language (section Functions): what each does to the legs it works along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Function:
    """``gates`` is how many legs it works along; ``legs`` what becomes of them; ``options`` name its options.

    ``required`` options have no default.
    """

    name: str
    legs: Literal["elementwise", "keeps", "ends"]
    gates: int = 0
    options: tuple[tuple[str, float | None], ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(name for name, default in self.options if default is None)


NORMALS = ("layernorm", "rmsnorm")
"""Functions that divide by a deviation; see scales.py."""

_ELEMENTWISE = (
    "relu gelu gelu_tanh silu sigmoid tanh softplus erf exp log sqrt rsqrt reciprocal square abs sign step "
    "sin cos real imag conj"
)
_KEEPS = "softmax log_softmax normalize cumsum argmax"
_ENDS = "sum prod mean var std max min logsumexp norm"
_INFINITE = float("inf")

FUNCTIONS: dict[str, Function] = {
    f.name: f
    for f in (
        *(Function(name, "elementwise") for name in _ELEMENTWISE.split()),
        Function("leaky_relu", "elementwise", 0, (("slope", 0.01),)),
        Function("clamp", "elementwise", 0, (("min", -_INFINITE), ("max", _INFINITE))),
        Function("power", "elementwise", 0, (("exponent", None),)),
        *(Function(name, "keeps", 1) for name in _KEEPS.split()),
        Function("layernorm", "keeps", 1, (("eps", 1e-5),)),
        Function("rmsnorm", "keeps", 1, (("eps", 1e-5),)),
        Function("topk", "keeps", 1, (("k", None),)),
        Function("causal", "keeps", 2),
        Function("inverse", "keeps", 2),
        *(Function(name, "ends", 1) for name in _ENDS.split()),
    )
}
"""By name. ``power`` is written ``^``; ``step`` is 1 where its argument is above 0."""
