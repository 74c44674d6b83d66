"""``patch(net, a -> b)``: b computed with another a, along what leads from a into b without another block.

The net is written out flat. Followed back from b are the values that it is made from, and the streams that
these read: a stream's value is followed to the additions that it holds, and each of these to the values that
it is made from, but not to the streams that a block reads. What of this depends on a is computed a second
time, with ``a*`` in its place; a stream is what it was and the difference. So a reaches b straight through
the stream, and through no other block, unless an arrow names it: ``a -> c -> b``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tnlang.ir.net import Bind, Frozen, Net, Node, Origin, Ref, Sum, Tensor, Term, Value, Wire
from tnlang.ir.program import Program
from tnlang.ir.slots import dotted
from tnlang.ir.walk import copy, map_children, refs, rename, value_wires, walk
from tnlang.transforms.dead import needed_for
from tnlang.transforms.entries import broadcast, fitting, mixed
from tnlang.transforms.flat_names import bare_name, is_named
from tnlang.transforms.flatten import Assignment, flatten
from tnlang.transforms.patch.star import starred
from tnlang.transforms.patch.streams import with_streams
from tnlang.transforms.renew import renew
from tnlang.transforms.request import Request, Step, TransformError, ValuePath, elsewhere, show_path
from tnlang.transforms.residual import passed_on, residual
from tnlang.transforms.turns import turns_there_are

ORIGIN = Origin(rules=("patch",))


def patch_paths(request: Request) -> Net:
    """The net with each arrow's last value computed from another first one.

    Raises TransformError for a path that names nothing, and for an arrow along which a value reaches nothing.
    """
    net = request.program.net(request.net)
    wanted = [path for chain in request.arrows for path in chain]
    flat = flatten(request.program, net, lambda name: any(is_named(name, path) for path in wanted))
    assigned = {assignment.value for assignment in flat.assignments}
    work = _Patching(
        request.program,
        net,
        list(flat.body),
        {a.value: a for a in residual(request.program, net, flat)},
        assigned,
        flat.aliases,
        {decl.name for decl in (*request.program.declarations, *net.inputs, *flat.owned)},
    )
    for number, chain in enumerate(request.arrows):
        work.arrow(number, chain)
    outputs = []
    for output, name in zip(net.outputs, flat.outputs, strict=True):
        own = dotted(output.name, output.subs)
        if own != name:
            target = work.body[work.place(name)].target
            body = Sum((Term((Tensor(Ref(name), target.legs),)),))
            work.body.append(Bind(replace(target, name=own, anonymous=False), body))
        outputs.append(replace(output, name=own, subs=()))
    needed = needed_for(work.body, {output.name for output in outputs})
    statements = with_streams(needed, assigned)
    made = replace(net, name=request.name, owned=tuple(flat.owned), outputs=tuple(outputs))
    return replace(made, source=net.source or net.name, body=renew(tuple(statements)))


@dataclass(slots=True)
class _Patching:
    """A flat net as it is patched. ``assigned`` are the values of streams that the text calls so."""

    program: Program
    net: Net
    body: list[Bind | Frozen]
    streams: dict[str, Assignment]
    assigned: set[str]
    aliases: dict[str, str]
    taken: set[str]
    """Names that no new value may have, those of ``body`` aside."""

    def place(self, name: str) -> int:
        """Where a value is bound; of two of one name the later."""
        return max(i for i, s in enumerate(self.body) if s.target.name == name)

    def is_added_to(self, name: str) -> bool:
        """Whether a value of a stream is told by what it has more than the one before."""
        return name in self.assigned or (name in self.streams and self.streams[name].before != "")

    def free(self, name: str) -> str:
        """The name, with primes where it is taken."""
        taken = self.taken | {s.target.name for s in self.body}
        while name in taken:
            name += "'"
        return name

    def arrow(self, number: int, chain: Sequence[ValuePath]) -> None:
        """Carry one arrow out: what each of its values gives stands for them on the way into the next."""
        sources = self.matching(chain[0], (number, 0))
        instead = {name: self.patched(name, chain[0][-1], (number, 0)) for name in sources}
        for at, path in enumerate(chain[1:], 1):
            reached: dict[str, str] = {}
            names = self.matching(path, (number, at))
            others = [name for name in names if name not in instead]
            for name in others if len(path) == 1 and others else names:  # a bare name is all others
                if name in instead:
                    message = f"{name} is on both sides of an arrow: a path leads from a value to another one"
                    hint = "`patch(net, a)` patches it for all that read it"
                    raise TransformError(message, hint, arrow=(number, at))
                found = self.into(name, path[-1], instead, (number, at), last=at == len(chain) - 1)
                reached |= {name: found} if found else {}
            if not reached:
                raise self.unreached(chain, (number, at))
            instead = reached

    def unreached(self, chain: Sequence[ValuePath], at: tuple[int, int]) -> TransformError:
        """The error of an arrow along which nothing leads on: by no way, or by ways through other blocks."""
        a, b = chain[at[1] - 1 : at[1] + 1]
        before, into = show_path(a), show_path(b)
        read = {s.target.name: {ref.name for ref in refs(s)} for s in self.body}
        waiting, seen = set(self.matching(b, at)), set[str]()
        while waiting := waiting - seen:
            name = waiting.pop()
            seen.add(name)
            waiting |= read.get(name, set())
        if seen & set(self.matching(a, (at[0], at[1] - 1))):
            message = f"{before} does not reach {into} but through other blocks"
            return TransformError(message, f"name them: `{before} -> … -> {into}`", arrow=at)
        message = f"{before} does not reach {into} at all: {into} does not depend on it"
        hint = "an arrow leads from what is computed first to what depends on it"
        return TransformError(message, hint, arrow=at)

    def matching(self, path: ValuePath, at: tuple[int, int]) -> list[str]:
        """The values that a path names. Raises TransformError where there are none."""
        names = {s.target.name: s.target.name for s in self.body if not s.target.anonymous} | self.aliases
        found = [own for name, own in names.items() if is_named(name, path)]
        if found:
            return list(dict.fromkeys(found))
        last = set(map(bare_name, names))
        hint = elsewhere(path[-1].name, sorted(last))
        there = turns_there_are(self.program, self.net, path)
        message = f"{self.net.name} has no value {show_path(path)} to patch{there}"
        raise TransformError(message, hint, arrow=at)

    def patched(self, name: str, step: Step, at: tuple[int, int]) -> str:
        """Bind what comes in for a value, right after it; gives the name of what it then is."""
        place = self.place(name)
        target = self.body[place].target
        taken = self.taken | {s.target.name for s in self.body}
        star = starred(name, taken)
        given = replace(target, name=star, anonymous=False, derived=False)
        statements: list[Bind | Frozen] = [Frozen(given, None, origin=ORIGIN)]
        picked = _fitting(step, target, at)
        if picked:
            own, other = (Sum((Term((Tensor(Ref(n), target.legs),)),)) for n in (name, star))
            patched = replace(target, name=self.free(f"{name} patched"), anonymous=False, derived=False)
            statements.append(Bind(patched, mixed(target.legs, picked, own, other), origin=ORIGIN))
        self.body[place + 1 : place + 1] = statements
        return statements[-1].target.name

    def into(
        self, name: str, step: Step, instead: dict[str, str], at: tuple[int, int], last: bool
    ) -> str | None:
        """Make a value from what stands for others: itself, if it is the last. None where none reaches it."""
        place = self.place(name)
        old = self.body[place]
        if isinstance(old, Frozen):
            return None
        path = _Path(self, instead, name)
        new = path.stream_body(name, old) if self.is_added_to(name) else path.body(old.body)
        if new is None:
            return None
        target = old.target
        new = mixed(target.legs, _fitting(step, target, at), old.body, new)
        made = replace(old, body=new, origin=Origin(old.origin.span, (*old.origin.rules, "patch")))
        if last:
            self.body[place : place + 1] = [*path.made, made]
            return name
        own = self.free(f"{name} on the path")
        made = replace(made, target=replace(target, name=own, anonymous=False, derived=False))
        self.body[place + 1 : place + 1] = [*path.made, made]
        return own


@dataclass(slots=True)
class _Path:
    """What leads into one value: ``made`` are the values computed a second time for it."""

    work: _Patching
    instead: dict[str, str]
    into: str
    made: list[Bind] = field(default_factory=list)
    known: dict[tuple[str, bool], str | None] = field(default_factory=dict)

    def body(self, total: Sum, streams: bool = True) -> Sum | None:
        """The sum with what stands for its values, None where that is themselves.

        With ``streams`` these are followed too.
        """
        names = dict.fromkeys(node.ref.name for node in walk(total) if isinstance(node, Tensor))
        values = {name: found for name in names if (found := self.value(name, streams)) is not None}
        return _reading(total, values) if values else None

    def value(self, name: str, streams: bool) -> str | None:
        """The name of what stands for a value, None where that is itself."""
        if name in self.work.streams and not streams:
            return None
        if name in self.instead:
            return self.instead[name]
        if (name, streams) not in self.known:
            self.known[name, streams] = self.made_again(name, streams)
        return self.known[name, streams]

    def made_again(self, name: str, streams: bool) -> str | None:
        change: tuple[Term, ...] = ()
        legs: tuple[Wire, ...] = ()
        if self.work.is_added_to(name):
            legs = self.work.streams[name].legs
            change = tuple(self.differences(name, legs))
            own = Term((Tensor(Ref(name), legs),))
            body = Sum((own, *change)) if change else None
            target = Value("", legs)
        else:
            statement = next((s for s in reversed(self.work.body) if s.target.name == name), None)
            if not isinstance(statement, Bind):
                return None
            target = statement.target
            body = self.begun(statement) if name in self.work.streams else self.body(statement.body, streams)
        if body is None:
            return None
        own_name = f"{name} into {self.into}"
        while own_name in {bind.target.name for bind in self.made}:
            own_name += "'"
        target = replace(target, name=self.work.free(own_name), anonymous=False, derived=False)
        self.made.append(Bind(target, copy(body), origin=ORIGIN))
        if change:  # for later arrows
            self.work.streams[target.name] = Assignment(target.name, name, legs, Sum(change))
        return target.name

    def begun(self, statement: Bind) -> Sum | None:
        """What a stream begins with, made from what stands for other values that it holds."""
        legs = value_wires(statement.target.legs)
        passed = [passed_on(term, legs) in self.work.streams for term in statement.body.terms]
        own = zip(statement.body.terms, passed, strict=True)
        found = [self.body(Sum((term,)), streams) for term, streams in own]
        if not any(found):
            return None
        terms = (new or Sum((old,)) for new, old in zip(found, statement.body.terms, strict=True))
        return replace(statement.body, terms=tuple(term for body in terms for term in body.terms))

    def stream_body(self, name: str, old: Bind) -> Sum | None:
        """An assignment with the differences that reach its stream, by this addition or those before."""
        change = tuple(self.differences(name, self.work.streams[name].legs))
        legs = dict(zip(self.work.streams[name].legs, old.target.legs, strict=True))
        if not change:
            return None
        added = rename(Sum(change), legs)
        return replace(old.body, terms=(*old.body.terms, *added.terms))

    def differences(self, name: str, legs: tuple[Wire, ...]) -> Iterator[Term]:
        """What a stream's value has more than it had, on these wires."""
        at = name
        while at:
            if at in self.instead:
                yield Term((Tensor(Ref(self.instead[at]), legs),))
                yield Term((Tensor(Ref(at), legs),), (), -1)
                return
            assignment = self.work.streams[at]
            wires = dict(zip(assignment.legs, legs, strict=True))
            for term in assignment.change.terms:
                streams = passed_on(term, assignment.legs) in self.work.streams
                new = self.body(Sum((term,)), streams)
                if new is not None:
                    less = Sum((replace(term, coefficient=-term.coefficient),))
                    both = (broadcast(one, assignment.legs) for one in (new, less))
                    yield from (one for body in both for one in rename(copy(body), wires).terms)
            at = assignment.before


def _reading(total: Sum, values: dict[str, str]) -> Sum:
    """The sum reading other values."""

    def node(old: Node) -> Node:
        match old:
            case Tensor(ref=Ref(name)) if name in values:
                return replace(old, ref=Ref(values[name]))
            case _:
                return map_children(old, inner)

    def inner(old: Sum) -> Sum:
        return replace(old, terms=tuple(replace(t, nodes=tuple(map(node, t.nodes))) for t in old.terms))

    return inner(total)


def _fitting(step: Step, target: Value, at: tuple[int, int]) -> tuple[int | None, ...]:
    try:
        return fitting(step, target)
    except TransformError as error:
        raise TransformError(str(error), error.hint, arrow=at) from None
