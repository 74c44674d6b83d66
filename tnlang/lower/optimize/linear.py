"""Products with a weight as ``linear``, whatever the order and the number of the legs."""

from __future__ import annotations

from tnlang.lower.plan import Einsum, Expr, Flatten, Linear, Permute, UnflattenLike, Var

Labels = tuple[str, ...]


def linear(expr: Expr) -> Expr | None:
    """An array of weights times something, over all that they share, is one matrix times its last axis."""
    match expr:
        case Einsum((a, b), (left, right), (a_batched, b_batched), out):
            if isinstance(a, Var) and not a_batched:
                found = _mapped(a, left, b, right, b_batched, out)
                if found is not None:
                    return found
            if isinstance(b, Var) and not b_batched:
                return _mapped(b, right, a, left, a_batched, out)
    return None


def _mapped(weight: Var, axes: Labels, x: Expr, given: Labels, batched: bool, out: Labels) -> Expr | None:
    """``linear`` of the weights as a matrix [what it gives, what is summed]."""
    summed = tuple(label for label in axes if label in given)
    gives = tuple(label for label in axes if label not in given)
    rest = tuple(label for label in given if label not in summed)
    plain = len(set(axes)) == len(axes) and len(set(given)) == len(given)
    if not (plain and summed and gives) or sorted((*rest, *gives)) != sorted(out):
        return None
    if axes not in ((*gives, *summed), (*summed, *gives)):  # copied anyway: then as it is wanted
        gives = tuple(label for label in out if label in gives)
    inside = flattened(permuted(x, given, (*rest, *summed), batched), len(summed))
    total: Expr = Linear(inside, _matrix(weight, axes, gives, summed))
    if len(gives) > 1:
        total = UnflattenLike(total, weight, tuple(axes.index(label) for label in gives))
    return permuted(total, (*rest, *gives), out, batched)


def _matrix(weight: Var, axes: Labels, gives: Labels, summed: Labels) -> Expr:
    """The weights as [gives, summed]; without a copy where each stands together."""
    if axes == (*summed, *gives):
        return Permute(_joined(weight, len(summed), len(gives)), (1, 0))
    order = tuple(axes.index(label) for label in (*gives, *summed))
    turned: Expr = weight if order == tuple(range(len(axes))) else Permute(weight, order)
    return _joined(turned, len(gives), len(summed))


def _joined(x: Expr, first: int, last: int) -> Expr:
    """An array as a matrix: its first axes joined, and its last."""
    if first > 1:
        x = Flatten(x, 0, first - 1)
    return flattened(x, last)


def flattened(x: Expr, count: int) -> Expr:
    """The last axes joined into one."""
    return Flatten(x, -count, -1) if count > 1 else x


def permuted(x: Expr, axes: Labels, order: Labels, batched: bool) -> Expr:
    """The array with its axes, all but those of a batch, in another order."""
    return x if axes == order else Einsum((x,), (axes,), (batched,), order)
