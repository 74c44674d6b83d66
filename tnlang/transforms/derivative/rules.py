"""The derivative of each function of the language, as a sum of products of networks.

Every rule takes a bubble f(x) and dx, the derivative of what is in it, and gives df. dx has the wires of x
and those of what is differentiated by; both may be copied and put on other wires.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import Bracket, Bubble, Node, Number, SizeNumber, Special, Sum, Tensor, Term, Wire
from tnlang.ir.size import Size
from tnlang.ir.walk import copy, fresh_wire, rename
from tnlang.transforms.normal import scale_of
from tnlang.transforms.request import TransformError

RULE = "derivative"
"""The name of this rule in origins."""

FLAT = frozenset({"step", "sign"})
"""Functions whose derivative is 0 wherever they have one."""

_REAL_FUNCTIONS = frozenset(
    {"relu", "leaky_relu", "clamp", "gelu", "gelu_tanh", "erf", "abs", "sign", "step", "argmax", "topk"}
    | {"max", "min", "norm", "normalize", "var", "std", "layernorm", "rmsnorm"}
)
"""Functions that compare numbers or take their size: no complex number has a derivative there."""


@dataclass(frozen=True, slots=True)
class Field:
    """Over which numbers: ``by`` whether what is differentiated by is complex, ``values`` whether any is."""

    by: bool = False
    values: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """One use of the chain rule: the bubble, and ``own`` where its value is bound to a name."""

    node: Bubble
    dx: Sum
    own: Tensor | None = None

    @property
    def body(self) -> Sum:
        return self.node.body

    def y(self, wires: Mapping[Wire, Wire] | None = None) -> Node:
        """The bubble's value, on other wires where that is said."""
        node: Node = self.own or replace(self.node, name="")
        return _on(Sum((Term((node,)),)), wires or {}).terms[0].nodes[0]

    def f(self, function: str, **options: float) -> Bubble:
        """Another function of what is in the bubble."""
        return Bubble(function, copy(self.body), options=tuple(options.items()))


def chain(link: Chain, field: Field) -> tuple[Term, ...]:
    """The terms of df. Raises TransformError where the function has no derivative."""
    name = link.node.function
    span = link.node.origin.span
    if name not in FUNCTIONS:
        raise TransformError(
            f"the derivative of the function {name} is not known: it is defined outside of the language",
            "freeze the value it makes, or write the function in the language",
            place=span,
        )
    if name in FLAT or (name == "argmax" and RULE in link.node.origin.rules):
        return ()
    if name == "argmax":
        raise TransformError(
            "argmax jumps: it has no derivative that says how the value goes on from it",
            "freeze the value that holds the argmax, or take softmax",
            place=span,
        )
    if (field.values and name in _REAL_FUNCTIONS) or (field.by and name in ("real", "imag", "conj")):
        raise TransformError(
            f"{name} has no derivative by the rules of complex numbers",
            "take the real and the imaginary part as tensors of their own",
            place=span,
        )
    if name in ("real", "imag", "conj"):
        return (Term((Bubble(name, copy(link.dx)),)),)
    if name in _ALONG:
        return _ALONG[name](link)
    slope = _slope(link)
    if slope is None:
        return ()
    return (times(link.dx, *slope.nodes, summed=slope.summed, coefficient=slope.coefficient),)


def times(what: Sum, *nodes: Node, summed: tuple[Wire, ...] = (), coefficient: complex = 1) -> Term:
    """A product of nodes with a copy of a sum, which joins the product where it is a single term."""
    body = copy(what)
    match body.terms:
        case (Term(nodes=inner, summed=wires, coefficient=factor),):
            return Term((*nodes, *inner), (*summed, *wires), coefficient * factor)
    return Term((*nodes, Bracket(body)), summed, coefficient)


def number(value: int | float, text: str = "") -> Number:
    """A number as it is written."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return Number(value, text or f"{value:g}")


def _on(body: Sum, wires: Mapping[Wire, Wire]) -> Sum:
    """A copy on other wires."""
    return rename(copy(body), dict(wires))


def _of(function: str, *terms: Term) -> Bubble:
    return Bubble(function, Sum(terms))


def _one_minus(node: Node) -> Bracket:
    return Bracket(Sum((Term((number(1),)), Term((node,), (), -1))))


def _one_over(size: Size) -> Bubble:
    return _of("reciprocal", Term((SizeNumber(size),)))


# ---------------------------------------------------------------- element by element


def _slope(link: Chain) -> Term | None:
    """f'(x) for a function that works on each entry; None where it is 0."""
    options = {n: d for n, d in FUNCTIONS[link.node.function].options if d is not None}
    options |= dict(link.node.options)
    x, y, f = link.body, link.y, link.f
    match link.node.function:
        case "relu":
            return Term((f("step"),))
        case "leaky_relu":
            slope = options["slope"]
            if slope == 1:
                return Term((number(1),))
            jump = Term((number(1 - slope), f("step")))
            return Term((Bracket(Sum((Term((number(slope),)), jump))),)) if slope else jump
        case "clamp":
            return _inside(x, options["min"], options["max"])
        case "gelu":
            # Φ(x) + x φ(x), Φ and φ the normal distribution and its density
            phi = _of("exp", Term((number(0.5), f("square")), (), -1))
            density = _of("rsqrt", Term((number(2), number(math.pi, "pi"))))
            half = _of("erf", times(x, _of("rsqrt", Term((number(2),)))))
            return _sum(Term((number(0.5),)), Term((number(0.5), half)), times(x, density, phi))
        case "gelu_tanh":
            return _gelu_tanh(x, f)
        case "silu":
            rise = times(x, _one_minus(f("sigmoid")))
            return Term((f("sigmoid"), Bracket(Sum((Term((number(1),)), rise)))))
        case "sigmoid":
            return Term((y(), _one_minus(y())))
        case "tanh":
            return Term((_one_minus(_of("square", Term((y(),)))),))
        case "softplus":
            return Term((f("sigmoid"),))
        case "erf":
            width = _of("rsqrt", Term((number(math.pi, "pi"),)))
            return Term((number(2), width, _of("exp", Term((f("square"),), (), -1))))
        case "exp":
            return Term((y(),))
        case "log":
            return Term((f("reciprocal"),))
        case "sqrt":
            return Term((number(0.5), f("rsqrt")))
        case "rsqrt":
            return Term((number(0.5), f("power", exponent=-1.5)), (), -1)
        case "reciprocal":
            return Term((_of("square", Term((y(),))),), (), -1)
        case "square":
            return times(x, number(2))
        case "power":
            return _power(link, options["exponent"])
        case "abs":
            return Term((f("sign"),))
        case "sin":
            return Term((f("cos"),))
        case "cos":
            return Term((f("sin"),), (), -1)
    raise AssertionError(link.node.function)


def _sum(*terms: Term) -> Term:
    return Term((Bracket(Sum(terms)),))


def _inside(x: Sum, low: float, high: float) -> Term:
    """1 between the bounds of a clamp, 0 outside."""
    nodes: list[Node] = []
    if low > -math.inf:
        nodes.append(_of("step", *copy(x).terms, Term((number(low),), (), -1)))
    if high < math.inf:
        below = tuple(replace(term, coefficient=-term.coefficient) for term in copy(x).terms)
        nodes.append(_of("step", Term((number(high),)), *below))
    return Term(tuple(nodes) or (number(1),))


def _gelu_tanh(x: Sum, f: Callable[..., Bubble]) -> Term:
    """(1 + t)/2 + x (1 - t²)/2 · c (1 + 3·0.044715 x²), where t = tanh(c (x + 0.044715 x³)), c = √(2/π)."""

    def c() -> Bubble:
        return _of("sqrt", Term((number(2), _of("reciprocal", Term((number(math.pi, "pi"),))))))

    def t() -> Bubble:
        cubed = Term((number(0.044715), f("power", exponent=3.0)))
        return _of("tanh", Term((c(), Bracket(Sum((*copy(x).terms, cubed))))))

    inner = Bracket(Sum((Term((number(1),)), Term((number(0.134145), f("square"))))))
    falls = times(x, number(0.5), _one_minus(_of("square", Term((t(),)))), c(), inner)
    return _sum(Term((number(0.5),)), Term((number(0.5), t())), falls)


def _power(link: Chain, exponent: float) -> Term | None:
    if exponent == 0:
        return None
    match exponent - 1:
        case 0:
            return Term((number(1),))
        case 1:
            return times(link.body, number(2))
        case left:
            return Term((number(exponent), link.f("power", exponent=float(left))))


# ---------------------------------------------------------------- along a leg


def _softmax(link: Chain) -> tuple[Term, ...]:
    # dy_k = y_k dx_k - y_k Σ_m y_m dx_m
    (k,) = link.node.gates
    m = fresh_wire(k)
    rest = times(_on(link.dx, {k: m}), link.y(), link.y({k: m}), summed=(m,), coefficient=-1)
    return (times(link.dx, link.y()), rest)


def _log_softmax(link: Chain) -> tuple[Term, ...]:
    # dy_k = dx_k - Σ_m softmax(x)_m dx_m
    (k,) = link.node.gates
    m = fresh_wire(k)
    shares = Bubble("softmax", _on(link.body, {k: m}), (m,))
    return (times(link.dx), times(_on(link.dx, {k: m}), shares, summed=(m,), coefficient=-1))


def _normalize(link: Chain) -> tuple[Term, ...]:
    # dy_k = (dx_k - y_k Σ_m y_m dx_m) / |x|
    (k,) = link.node.gates
    m, n = fresh_wire(k), fresh_wire(k)
    length = Bubble("norm", _on(link.body, {k: n}), (n,))
    rest = times(_on(link.dx, {k: m}), link.y(), link.y({k: m}), summed=(m,), coefficient=-1)
    return (times(Sum((times(link.dx), rest)), _of("reciprocal", Term((length,)))),)


def _normal(link: Chain) -> tuple[Term, ...]:
    # layernorm: dy_k = scale (dx_k - mean(dx) - y_k mean(y dx)); rmsnorm without the second term
    (k,) = link.node.gates
    parts = [times(link.dx)]
    if link.node.function == "layernorm":
        m = fresh_wire(k)
        parts.append(times(_on(link.dx, {k: m}), _one_over(k.size), summed=(m,), coefficient=-1))
    m = fresh_wire(k)
    along = (link.y(), _one_over(k.size), link.y({k: m}))
    parts.append(times(_on(link.dx, {k: m}), *along, summed=(m,), coefficient=-1))
    (scale,) = scale_of(link.body, link.node, link.node.origin).terms
    return (times(Sum(tuple(parts)), *scale.nodes),)


def _cumsum(link: Chain) -> tuple[Term, ...]:
    (k,) = link.node.gates
    m = fresh_wire(k)
    return (times(_on(link.dx, {k: m}), Special("tril", (k, m)), summed=(m,)),)


def _causal(link: Chain) -> tuple[Term, ...]:
    return (times(link.dx, Special("tril", link.node.gates)),)


def _topk(link: Chain) -> tuple[Term, ...]:
    # 1 / -inf is 0, and 1 / x is not: the entries that stay have a reciprocal with a size
    kept = _of("step", Term((_of("abs", Term((_of("reciprocal", Term((link.y(),))),))),)))
    return (times(link.dx, kept),)


def _inverse(link: Chain) -> tuple[Term, ...]:
    # Y is the transpose of the inverse: dY_rc = - Σ_ab Y_rb dX_ab Y_ac
    r, c = link.node.gates
    a, b = fresh_wire(r), fresh_wire(c)
    left, right = link.y({c: b}), link.y({r: a})
    return (times(_on(link.dx, {r: a, c: b}), left, right, summed=(a, b), coefficient=-1),)


def _total(*make: Callable[[Chain, Wire], Node]) -> Callable[[Chain], tuple[Term, ...]]:
    """The rule Σ_k w_k dx_k of a function that ends its leg; ``make`` gives the factors of w."""

    def rule(link: Chain) -> tuple[Term, ...]:
        (k,) = link.node.gates
        m = fresh_wire(k)
        factors = [each(link, m) for each in make]
        return (times(_on(link.dx, {k: m}), *factors, summed=(m,)),)

    return rule


def _share(link: Chain, m: Wire) -> Node:
    return _one_over(m.size)


def _two(link: Chain, m: Wire) -> Node:
    return number(2)


def _from_mean(link: Chain, m: Wire) -> Node:
    (k,) = link.node.gates
    n = fresh_wire(k)
    mean = Term((Bubble("mean", _on(link.body, {k: n}), (n,)),), (), -1)
    return Bracket(Sum((*_on(link.body, {k: m}).terms, mean)))


def _one_over_y(link: Chain, m: Wire) -> Node:
    return _of("reciprocal", Term((link.y(),)))


def _others(link: Chain, m: Wire) -> Node:
    """The product of all entries but that at m, which is set to 1."""
    (k,) = link.node.gates
    n = fresh_wire(k)
    x, here = _on(link.body, {k: n}), Special("delta", (n, m))
    return Bubble("prod", Sum((*x.terms, times(x, here, coefficient=-1), Term((here,)))), (n,))


def _along(function: str, sign: int = 1) -> Callable[[Chain, Wire], Node]:
    """A function of x along the leg, as the weight of a sum."""

    def factor(link: Chain, m: Wire) -> Node:
        (k,) = link.node.gates
        terms = _on(link.body, {k: m}).terms
        signed = tuple(replace(term, coefficient=sign * term.coefficient) for term in terms)
        return Bubble(function, Sum(signed), (m,))

    return factor


_ALONG: dict[str, Callable[[Chain], tuple[Term, ...]]] = {
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "normalize": _normalize,
    "layernorm": _normal,
    "rmsnorm": _normal,
    "cumsum": _cumsum,
    "causal": _causal,
    "topk": _topk,
    "inverse": _inverse,
    "sum": _total(),
    "mean": _total(_share),
    "prod": _total(_others),
    "var": _total(_two, _share, _from_mean),
    "std": _total(_one_over_y, _share, _from_mean),
    "max": _total(_along("argmax")),
    "min": _total(_along("argmax", -1)),
    "logsumexp": _total(_along("softmax")),
    "norm": _total(_along("normalize")),
}
