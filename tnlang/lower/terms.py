"""Sums and products of the IR as expressions of the Plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tnlang.ir.functions import FUNCTIONS, NORMALS
from tnlang.ir.net import (
    BigSum,
    Bracket,
    Bubble,
    Entry,
    Group,
    Ix,
    Loop,
    Node,
    Number,
    SizeNumber,
    Special,
    Sum,
    Tensor,
    Term,
    Wire,
)
from tnlang.ir.size import LoopVar, Size, SizeOp
from tnlang.ir.walk import free_wires, map_children, new_id
from tnlang.lower import scalars
from tnlang.lower.names import function_name
from tnlang.lower.numbers import Arith, Num, Scalar
from tnlang.lower.operands import (
    Operand,
    Scope,
    add,
    multiplied,
    negated,
    ordered,
    preferred,
    spread_to,
    unique,
)
from tnlang.lower.plan import Along, Apply, Argmax, Binary, Full, LoopSum, Stack, UserCall
from tnlang.lower.products import contract
from tnlang.lower.specials import Hot, Product, place, resolve
from tnlang.lower.uses import used
from tnlang.lower.walks import is_scalar

_REAL = frozenset({"real", "imag", "abs", "norm", "var", "std"})


def lower_sum(body: Sum, want: Sequence[Wire], scope: Scope) -> Operand:
    """The terms added, over those of the wanted wires that one of them has, in the wanted order."""
    number = scalars.scalar_sum(body, scope.size)
    if number is not None:
        return Operand(number, complex=scalars.is_complex(number))
    stacked = _stacked(body, tuple(want), scope)
    if stacked is not None:
        return stacked
    terms = [lower_term(term, tuple(want), scope) for term in body.terms]
    if len(terms) == 1:
        minus, operand = terms[0]
        return replace(operand, expr=negated(operand.expr)) if minus else operand
    return add(terms, want)


def lower_term(term: Term, want: tuple[Wire, ...], scope: Scope) -> tuple[bool, Operand]:
    """A product over those of the wanted wires that it has; True with it says that it is subtracted."""
    term = _opened(term)
    free = free_wires(term)
    kept = tuple(w for w in want if w in free)
    coefficient = complex(term.coefficient)
    minus = coefficient.imag == 0 and coefficient.real < 0
    factor: Scalar = scalars.number(-coefficient if minus else coefficient)
    divisor: Scalar | None = None
    product = Product(scope, [], [], [], [], list(kept), list(term.summed))
    for node in term.nodes:
        below = scalars.divisor_of(node, scope.size)
        number = scalars.scalar_of(node, scope.size) if below is None else None
        if below is not None:
            divisor = below if divisor is None else Arith("*", divisor, below)
        elif number is not None:
            factor = scalars.times(factor, number)
        else:
            _sort(node, product, term, kept)
    resolve(product)
    numbers = [o for o in product.operands if is_scalar(o.expr)]
    product.operands = [o for o in product.operands if o not in numbers]
    for number in (*product.scalars, *(o.expr for o in numbers if isinstance(o.expr, Scalar))):
        factor = scalars.times(factor, number)
    for below in (o.expr for o in product.divisors if is_scalar(o.expr)):
        divisor = below if divisor is None else Arith("*", divisor, below)
    product.divisors = [o for o in product.divisors if not is_scalar(o.expr)]
    result = _multiplied(product, tuple(product.kept), scope)
    result = _scaled(result, factor, divisor)
    return minus, ordered(place(product, result, kept), kept)


def _opened(term: Term) -> Term:
    """The term with the brackets that only associate taken away, so that the order is free."""
    nodes: list[Node] = []
    summed = list(term.summed)
    coefficient = term.coefficient
    for node in term.nodes:
        match node:
            case Bracket(body=Sum(terms=(single,)), name=""):
                inner = _opened(single)
                nodes += inner.nodes
                summed += inner.summed
                coefficient *= inner.coefficient
            case _:
                nodes.append(node)
    return replace(term, nodes=tuple(nodes), summed=tuple(dict.fromkeys(summed)), coefficient=coefficient)


def _sort(node: Node, product: Product, term: Term, kept: tuple[Wire, ...]) -> None:
    """Put a node of a product where it belongs: arrays, divisors, special tensors, one-hot factors."""
    scope = product.scope
    match node:
        case Tensor():
            use = used(node, scope)
            if isinstance(use, Hot):
                product.hots.append(use)
            else:
                product.operands.append(use)
        case Special(kind="index", legs=(Entry(at),)):
            product.scalars.append(scope.size(at))
        case Special():
            product.specials.append(node)
        case Bubble(function="argmax", name="") if node.gates[0] in term.summed:
            product.hots.append(_argmax(node, kept, scope))
        case Bubble(function="reciprocal", name="") if not set(free_wires(node.body)) & set(term.summed):
            product.divisors.append(lower_sum(node.body, preferred(free_wires(node.body), kept), scope))
        case Bubble():
            product.operands.append(lower_bubble(node, kept, scope))
        case Bracket(body=body, name=name):
            inside = _order(body, kept, name)
            operand = lower_sum(body, inside, scope)
            if name:
                full = replace(operand, expr=spread_to(operand, inside, scope), wires=inside)
                operand = scope.watch(name, full)
            product.operands.append(operand)
        case BigSum():
            product.operands.append(lower_big_sum(node, preferred(free_wires(node.body), kept), scope))
        case Number() | SizeNumber():
            raise AssertionError("a number is a scalar")


def _order(body: Sum, kept: tuple[Wire, ...], name: str) -> tuple[Wire, ...]:
    """The order of the wires that come out; a value with a name has that of its text."""
    return free_wires(body) if name else preferred(free_wires(body), kept)


def _multiplied(product: Product, kept: tuple[Wire, ...], scope: Scope) -> Operand:
    operands, divisors = product.operands, product.divisors
    if not operands:
        result = Operand(Num(1))
        if divisors:
            first, *divisors = divisors
            result = replace(first, expr=Binary("/", Num(1), first.expr))
    else:
        result = contract(operands, kept, scope)
    for divisor in divisors:
        result = multiplied(result, unique(divisor), kept, "/")
    return result


def _scaled(result: Operand, factor: Scalar, divisor: Scalar | None) -> Operand:
    """The array times a number, divided by another."""
    imaginary = scalars.is_complex(factor) or (divisor is not None and scalars.is_complex(divisor))
    result = replace(result, complex=result.complex or imaginary)
    if is_scalar(result.expr):
        assert isinstance(result.expr, Scalar)
        number = scalars.times(factor, result.expr)
        return replace(result, expr=number if divisor is None else Arith("/", number, divisor))
    if factor == Num(1):
        return result if divisor is None else replace(result, expr=Binary("/", result.expr, divisor))
    number = factor if divisor is None else Arith("/", factor, divisor)
    match result.expr:
        case Binary("/", Num(1), below):
            return replace(result, expr=Binary("/", number, below))
    return replace(result, expr=Binary("*", number, result.expr))


# ---------------------------------------------------------------- bubbles


def lower_bubble(node: Bubble, kept: tuple[Wire, ...], scope: Scope) -> Operand:
    """The function applied to what is inside."""
    inside = _order(node.body, kept, node.name)
    x = lower_sum(node.body, inside, scope)
    if node.gates or node.name:
        x = replace(x, expr=spread_to(x, inside, scope), wires=inside)
    elif is_scalar(x.expr):
        x = replace(x, expr=Full((), x.expr))
    axes = tuple(x.wires.index(gate) - len(x.wires) for gate in node.gates)
    wires = x.wires
    if node.function not in FUNCTIONS:
        result = replace(x, expr=UserCall(function_name(node.function), x.expr, axes))
    elif node.function in NORMALS:
        # PyTorch's own norms know real numbers alone: the option keeps complex ones from them.
        marked = (("complex", 1.0),) if x.complex else ()
        expr = Along(node.function, x.expr, axes, (*_options(node), *marked))
        by_scale = scope.scaled(x, node, axes[0], dict(_options(node))["eps"])
        result = by_scale if by_scale is not None else replace(x, expr=expr)
    elif FUNCTIONS[node.function].legs != "elementwise":
        if FUNCTIONS[node.function].legs == "ends":
            wires = tuple(w for w in wires if w not in node.gates)
        is_complex = x.complex and node.function not in _REAL
        expr = Along(node.function, x.expr, axes, _options(node))
        result = Operand(expr, wires, x.batched, is_complex)
    else:
        is_complex = x.complex and node.function not in _REAL
        result = replace(x, expr=Apply(node.function, x.expr, _options(node)), complex=is_complex)
    return scope.watch(node.name, result) if node.name else result


def _options(node: Bubble) -> tuple[tuple[str, float], ...]:
    """The options of a bubble in the function's order, defaults filled in."""
    given = dict(node.options)
    return tuple(
        (name, value)
        for name, default in FUNCTIONS[node.function].options
        if (value := given.get(name, default)) is not None
    )


def _argmax(node: Bubble, kept: tuple[Wire, ...], scope: Scope) -> Hot:
    """An argmax whose leg is summed: the position alone, so that others are looked up at it."""
    inside = preferred(free_wires(node.body), kept)
    x = lower_sum(node.body, inside, scope)
    x = replace(x, expr=spread_to(x, inside, scope), wires=inside)
    (gate,) = node.gates
    rest = tuple(w for w in inside if w != gate)
    indices = Operand(Argmax(x.expr, inside.index(gate) - len(inside)), rest, x.batched)
    return Hot(indices, gate, gate.size)


# ---------------------------------------------------------------- sums over members


def lower_big_sum(node: BigSum, want: tuple[Wire, ...], scope: Scope) -> Operand:
    """A sum written out: a wire where its variable only names whole legs, else a loop."""
    body = node.body
    if node.apart and scope.apart is not None:
        return scope.apart(node.loops, lambda inner: lower_sum(body, want, inner))
    loops = list(node.loops)
    for loop in reversed(node.loops):
        wired = _as_wire(body, loop, scope)
        if wired is None:
            break
        body = wired
        loops.pop()
    if not loops:
        return lower_sum(body, want, scope)
    inner = scope
    heads: list[tuple[str, Scalar, Scalar]] = []
    for loop in loops:
        start, stop = inner.size(loop.start), inner.size(loop.stop)
        inner, name = inner.loop(loop.var)
        heads.append((name, start, stop))
    operand = lower_sum(body, want, inner)
    return replace(operand, expr=LoopSum(tuple(heads), operand.expr))


def _as_wire(body: Sum, loop: Loop, scope: Scope) -> Sum | None:
    """The body with a summed wire in place of the variable, if that is but an entry of legs of its size."""
    if loop.start != 0:
        return None
    wire = Wire(new_id(), loop.var, loop.stop)
    replaced = _with_wire(body, loop.var, wire, scope)
    if replaced is None:
        return None
    return replace(
        replaced, terms=tuple(replace(term, summed=(*term.summed, wire)) for term in replaced.terms)
    )


def _with_wire(body: Sum, var: str, wire: Wire, scope: Scope) -> Sum | None:
    good = True

    def size_free(size: Size | None) -> bool:
        match size:
            case LoopVar(name):
                return name != var
            case SizeOp(_, left, right):
                return size_free(left) and size_free(right)
            case _:
                return True

    def leg(ix: Ix, size: Size | None) -> Ix:
        nonlocal good
        match ix:
            case Entry(LoopVar(name)) if name == var and size == wire.size:
                return wire
            case Entry(at):
                good = good and size_free(at)
            case Wire(size=of):
                good = good and size_free(of)
            case _:
                good = good and substitute_free(ix)
        return ix

    def substitute_free(ix: Ix) -> bool:
        match ix:
            case Group(members):
                return all(size_free(m.size if isinstance(m, Wire) else m.at) for m in members)
            case _:
                start, stop = getattr(ix, "start", 0), getattr(ix, "stop", 0)
                return size_free(start) and size_free(stop)

    def change(node: Node) -> Node:
        nonlocal good
        match node:
            case Tensor():
                held = scope.value(node.ref) if not node.ref.subs else None
                if held is None:
                    good = good and all(map(size_free, node.ref.subs))
                sizes: Sequence[Size | None] = held.sizes if held is not None else [None] * len(node.legs)
                return replace(node, legs=tuple(map(leg, node.legs, sizes)))
            case Special():
                good = good and size_free(node.at)
                return replace(node, legs=tuple(leg(ix, None) for ix in node.legs))
            case SizeNumber(size):
                good = good and size_free(size)
                return node
            case Bubble() if node.name:
                good = False
                return node
            case BigSum(loops=loops):
                good = good and all(size_free(s) for one in loops for s in (one.start, one.stop))
                return map_children(node, total)
            case _:
                return map_children(node, total)

    def total(inner: Sum) -> Sum:
        return replace(inner, terms=tuple(replace(t, nodes=tuple(map(change, t.nodes))) for t in inner.terms))

    result = total(body)
    return result if good else None


# ---------------------------------------------------------------- terms side by side


def _stacked(body: Sum, want: tuple[Wire, ...], scope: Scope) -> Operand | None:
    """Terms that each stand at another entry of one kept wire, all entries taken: arrays side by side."""
    if len(body.terms) < 2:
        return None
    for wire in want:
        at = [_basis_at(term, wire) for term in body.terms]
        if not isinstance(wire.size, int) or sorted(a for a in at if a is not None) != list(range(wire.size)):
            continue
        if len(at) != wire.size:
            continue
        rest = tuple(w for w in want if w != wire)
        by_entry: dict[int, tuple[bool, Operand]] = {}
        for term, entry in zip(body.terms, at, strict=True):
            assert entry is not None
            by_entry[entry] = lower_term(_without_basis(term, wire), rest, scope)
        columns = [by_entry[entry] for entry in range(wire.size)]
        first = columns[0][1]
        if any(is_scalar(o.expr) or (o.wires, o.batched) != (first.wires, first.batched) for _, o in columns):
            continue
        wires = tuple(w for w in want if w in first.wires or w == wire)
        exprs = tuple(negated(o.expr) if minus else o.expr for minus, o in columns)
        stacked = Stack(exprs, wires.index(wire) - len(wires))
        return Operand(stacked, wires, first.batched, any(o.complex for _, o in columns))
    return None


def _basis_at(term: Term, wire: Wire) -> int | None:
    found = [n for n in term.nodes if isinstance(n, Special) and n.kind == "basis" and n.legs == (wire,)]
    others = [n for n in term.nodes if n not in found]
    if len(found) != 1 or not isinstance(found[0].at, int):
        return None
    if wire in free_wires(replace(term, nodes=tuple(others))):
        return None
    return found[0].at


def _without_basis(term: Term, wire: Wire) -> Term:
    return replace(
        term,
        nodes=tuple(
            n for n in term.nodes if not (isinstance(n, Special) and n.kind == "basis" and n.legs == (wire,))
        ),
    )
