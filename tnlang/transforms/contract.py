"""``contract(net, A, B)``: factors of a product become one tensor; ``contract(net, order = "A B C")``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.canonical import canonical
from tnlang.ir.net import (
    BigSum,
    Bind,
    Bracket,
    Call,
    Factor,
    Frozen,
    Net,
    Node,
    Origin,
    Ref,
    Repeat,
    Shared,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
    Value,
    Wire,
)
from tnlang.ir.size import variables
from tnlang.ir.slots import dotted
from tnlang.ir.walk import (
    copy,
    fresh_wire,
    map_children,
    node_sizes,
    node_wires,
    refs,
    rename,
    splice,
    walk,
)
from tnlang.transforms.inside import change_inside, values_of
from tnlang.transforms.request import Request, Step, TransformError, ValuePath

_NAME = re.compile(r"[^\s{]+(\{[^}]*\})?")
_USAGE = '`contract(net, A, B)` or `contract(net, order = "A B C")`'


def contract(request: Request) -> tuple[Net, ...]:
    """The net with the factors that ``request.paths`` name contracted to one tensor wherever they meet.

    That tensor is a value of its own: ``A·B``, or what the option ``name`` says. A binding named alone
    becomes such a tensor as it is. With the option ``order`` the factors are contracted pair by pair, in that
    order, and each result is a value. The value of the net stays the same.
    Raises TransformError where the tensors are never factors of one product.
    """
    if request.arrows or set(request.options) - {"order", "name"} or "<=" in request.relations.values():
        raise TransformError("contract takes tensors, or an order, and the name of the result", _USAGE)
    order = request.options.get("order")
    if order is not None:
        if not isinstance(order, str) or request.paths or "name" in request.options:
            raise TransformError("an order is a text that names the tensors, and stands alone", _USAGE)
        paths = _order(order)
        return change_inside(request, paths, lambda net, wanted: _in_order(net, wanted))
    if not request.paths:
        raise TransformError("contract needs the tensors that become one", _USAGE)
    twice = [n for n, path in enumerate(request.paths) if path in request.paths[:n]]
    if twice:
        raise TransformError("each tensor is named once", _USAGE, twice[0])
    name = request.options.get("name")
    if name is not None and not (isinstance(name, tuple) and len(name) == 1 and isinstance(name[0], Step)):
        raise TransformError("the name of the result is a single name", "`name = W`")
    chosen = str(name[0]) if isinstance(name, tuple) else ""
    return change_inside(request, request.paths, lambda net, wanted: as_one(net, wanted, chosen))


def _order(text: str) -> tuple[ValuePath, ...]:
    """The paths that an order names. Raises TransformError for fewer than two, or one named twice."""
    names = [match[0] for match in _NAME.finditer(text)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None or len(names) < 2:
        said = f"the order names {twice} twice" if twice else "an order names two tensors or more"
        raise TransformError(said, '`order = "A B C"`')
    found: list[ValuePath] = []
    for name in names:
        steps: list[Step] = []
        for part in name.split("."):
            head, _, subs = part.rstrip("}").partition("{")
            numbers = [sub.strip() for sub in subs.split(",")] if subs else []
            if not all(number.isdecimal() for number in numbers):
                raise TransformError(f"{name} is no tensor that an order can name", '`order = "A{0} A{1}"`')
            steps.append(Step(head, tuple(map(int, numbers)) if subs else None))
        found.append(tuple(steps))
    return tuple(found)


def as_one(net: Net, wanted: tuple[Ref, ...], name: str) -> Net:
    """The net with the tensors wanted as one of that name wherever they are factors of one product.

    Raises TransformError where they never are.
    """
    if len(wanted) == 1:
        return _derived(net, wanted[0])
    work = _Contracting(net, wanted, name or "·".join(map(_text, wanted)), derived=True)
    new = work.run()
    if not work.made:
        raise TransformError(
            f"{' and '.join(map(_text, wanted))} are never factors of one product in {net.name}",
            "contract joins tensors that stand in one product",
            0,
        )
    return new


def _in_order(net: Net, wanted: tuple[Ref, ...]) -> Net:
    """Pair by pair; the last pair stays the product that it is where nothing else is left."""
    grown = wanted[0]
    for other in wanted[1:]:
        work = _Contracting(net, (grown, other), f"{_text(grown)}·{_text(other)}", spare_last=True)
        new = work.run()
        if not work.made and not work.spared:
            raise TransformError(
                f"{_text(grown)} and {_text(other)} are never factors of one product in {net.name}",
                "an order names the factors of one product",
            )
        if not work.made:
            break
        net, grown = new, Ref(next(iter(work.made.values())))
    return net


def _derived(net: Net, wanted: Ref) -> Net:
    """The binding of that name as a tensor of its own."""

    def block(body: tuple[Stmt, ...]) -> Iterator[Stmt]:
        for statement in body:
            match statement:
                case Bind(target=target) if (target.name, target.subs) == (wanted.name, wanted.subs):
                    yield replace(statement, target=replace(target, derived=True))
                case Repeat(body=inner):
                    yield replace(statement, body=tuple(block(inner)))
                case _:
                    yield statement

    new = tuple(block(net.body))
    if new == net.body:
        raise TransformError(f"{_text(wanted)} is no product of tensors", "name two tensors, or a binding", 0)
    return replace(net, body=new)


def _text(ref: Ref) -> str:
    return dotted(ref.name, [sub for sub in ref.subs if isinstance(sub, int)])


# ---------------------------------------------------------------- terms


@dataclass(slots=True)
class _Contracting:
    """``made`` are the names of what was made, by canonical form: the same product is one tensor.

    ``spare_last`` leaves a product as it is that has nothing but the tensors wanted.
    """

    net: Net
    wanted: tuple[Ref, ...]
    name: str
    derived: bool = False
    spare_last: bool = False
    spared: bool = False
    made: dict[Hashable, str] = field(default_factory=dict)
    early: list[Bind] = field(default_factory=list)
    waiting: list[Bind] = field(default_factory=list)
    inner: frozenset[str] = frozenset()

    def run(self) -> Net:
        self.inner = frozenset(_bound_inside(self.net.body))
        body = list(self.block(self.net.body))
        for bind in reversed(self.early):
            body.insert(_after(body, bind), bind)
        return replace(self.net, body=tuple(body))

    def block(self, body: tuple[Stmt, ...]) -> Iterator[Stmt]:
        for statement in body:
            match statement:
                case Bind(body=total) | StreamSet(body=total):
                    new = replace(statement, body=self.total(total, frozenset()))
                    yield from self.waiting
                    self.waiting.clear()
                    yield new
                case Repeat(body=inner):
                    yield replace(statement, body=tuple(self.block(inner)))
                case _:
                    yield statement

    def total(self, total: Sum, loops: frozenset[str]) -> Sum:
        return replace(total, terms=tuple(self.term(term, loops) for term in total.terms))

    def term(self, old: Term, loops: frozenset[str]) -> Term:
        nodes: list[Node] = []
        for node in old.nodes:
            within = loops | {loop.var for loop in node.loops} if isinstance(node, BigSum) else loops
            nodes.append(map_children(node, lambda inner, within=within: self.total(inner, within)))  # type: ignore[misc]
        term = replace(old, nodes=tuple(nodes)) if tuple(nodes) != old.nodes else old
        while (found := self.positions(term)) is None:
            position = next((i for i, node in enumerate(term.nodes) if self.opens(node)), None)
            if position is None:
                return term
            bracket = term.nodes[position]
            assert isinstance(bracket, Bracket)
            term = splice(term, position, bracket.body.terms[0])
        if self.spare_last and len(found) == len(term.nodes):
            self.spared = True
            return old
        return self.joined(term, found, loops)

    def positions(self, term: Term) -> tuple[int, ...] | None:
        """Where the tensors wanted stand in a product; None unless each does."""
        at = {ref: i for i, node in reversed(list(enumerate(term.nodes))) if (ref := _ref(node)) is not None}
        if not all(ref in at for ref in self.wanted):
            return None
        return tuple(sorted(at[ref] for ref in self.wanted))

    def opens(self, node: Node) -> bool:
        """Whether a bracket that only associates holds one of the tensors."""
        match node:
            case Bracket(body=Sum(terms=(_,)) as body, name=""):
                return any(_ref(inner) in self.wanted for inner in walk(body))
            case _:
                return False

    def joined(self, term: Term, at: tuple[int, ...], loops: frozenset[str]) -> Term:
        """The term with the nodes at these positions as one."""
        chosen = [term.nodes[i] for i in at]
        others = [node for i, node in enumerate(term.nodes) if i not in at]
        elsewhere = {wire for node in others for wire in node_wires(node)}
        wires = tuple(dict.fromkeys(wire for node in chosen for wire in node_wires(node)))
        kept = tuple(w for w in wires if w not in term.summed or w in elsewhere)
        inner = tuple(w for w in wires if w not in kept)
        hidden = [
            var for node in chosen for size in node_sizes(node) for var in variables(size) if var in loops
        ]
        if hidden:
            raise TransformError(
                f"{self.name} depends on {hidden[0]}, over which it is summed",
                "a tensor that is made once cannot depend on the variable of a sum",
                0,
            )
        outer = {wire: fresh_wire(wire) for wire in kept}
        origin = Origin(term.origin.span, (*term.origin.rules, "contract"))
        product = Sum((Term(tuple(chosen), inner, origin=origin),), origin=origin)
        product = copy(rename(product, dict(outer)))
        name = self.named(product, tuple(outer.values()), origin)
        one = Tensor(Ref(name), kept, origin=origin)
        nodes = [node for i, node in enumerate(term.nodes) if i not in at[1:]]
        nodes[nodes.index(term.nodes[at[0]])] = one
        return replace(term, nodes=tuple(nodes), summed=tuple(w for w in term.summed if w not in inner))

    def named(self, product: Sum, legs: tuple[Wire, ...], origin: Origin) -> str:
        """The name of the tensor that a product is; its binding waits for a place."""
        numbered = {wire: replace(wire, name=f"{i}", subs=()) for i, wire in enumerate(legs)}
        key = canonical(rename(product, dict(numbered)))
        names = {ref.name for node in walk(product) if (ref := _ref(node)) is not None}
        free = {var for node in walk(product) for size in node_sizes(node) for var in variables(size)}
        is_early = not names & self.inner and not free
        if key in self.made and is_early:
            return self.made[key]
        taken = {*self.made.values(), *(ref.name for ref in values_of(self.net))}
        tried = itertools.chain([self.name], (f"{self.name}_{n}" for n in itertools.count(2)))
        name = next(one for one in tried if one not in taken)
        self.made[key if is_early else (key, name)] = name
        target = Value(name, legs, (), tuple(wire.text for wire in legs), derived=self.derived)
        (self.early if is_early else self.waiting).append(Bind(target, product, origin=origin))
        return name


def _ref(node: Node) -> Ref | None:
    return node.ref if isinstance(node, Tensor) else None


# ---------------------------------------------------------------- places


def _bound_inside(body: tuple[Stmt, ...]) -> Iterator[str]:
    """The names whose values a net's statements give one after another: in repeats, or of a stream."""
    for statement in body:
        match statement:
            case Repeat(body=inner):
                yield from (name for one in inner for name in _bound(one))
                yield from _bound_inside(inner)
            case StreamSet(target=target) | Frozen(target=target, definition=StreamSet()):
                yield target.name
            case _:
                pass


def _bound(statement: Stmt) -> Iterator[str]:
    match statement:
        case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
            yield target.name
        case Call(results=results):
            yield from (result.name for result in results)
        case Factor(factors=factors):
            yield from (factor.name for factor in factors)
        case Shared() | Repeat():
            pass


def _after(body: Sequence[Stmt], bind: Bind) -> int:
    """The place from where on all that a binding reads is there."""
    read = {ref.name for ref in refs(bind)}
    return max((i + 1 for i, statement in enumerate(body) if read & set(_bound(statement))), default=0)
