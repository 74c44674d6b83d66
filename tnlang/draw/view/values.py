"""The values of a net that is drawn: what each reference means, and how often each value is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tnlang.draw.view import names
from tnlang.draw.view.openings import Openings
from tnlang.draw.view.parted import Alone, Between, Turn
from tnlang.draw.view.residual import Named
from tnlang.draw.view.thawed import bare, thawed
from tnlang.draw.view.within import Within
from tnlang.ir.net import (
    Bind,
    Call,
    Decl,
    Factor,
    Frozen,
    Net,
    Ref,
    Repeat,
    Shared,
    Stmt,
    StreamSet,
    Sum,
    Tensor,
    Term,
)
from tnlang.ir.program import Program
from tnlang.ir.size import Size, SizeError, evaluate, show
from tnlang.ir.slots import owned_shared
from tnlang.ir.walk import refs, statements

Versions = Mapping[str, int]
"""For each stream of a net, how many assignments lie before a place."""

Key = tuple[str, str, tuple[Size, ...], int]
"""What makes a value one value: its scope's path, its name, its subs, its version if it is a stream's."""

_BOUND = "="
"""Before a bound name in Versions: which of several bindings of that name is meant."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A value and the statement that makes it; ``index`` counts the results of a call."""

    key: Key
    statement: Decl | Bind | StreamSet | Call | Frozen
    scope: Scope = field(compare=False, repr=False)
    versions: Versions = field(compare=False)
    shown: str = ""
    index: int = 0

    @property
    def given_with(self) -> tuple[Definition, ...]:
        """The results of its call that have legs, in order: one box gives them all. Else the value alone.

        A number comes out of a box of its own, since no line could tell it from the others.
        """
        if not isinstance(self.statement, Call):
            return (self,)
        named = dict.fromkeys((r.name, r.subs) for r in self.statement.results if r.legs)
        found = [one for name in named for one in self.scope.bound.get(name, ())]
        mine = tuple(d for d in found if d.statement is self.statement and d.key[3] == self.key[3])
        return mine if any(one.key == self.key for one in mine) else (self,)

    @property
    def has_name(self) -> bool:
        """Whether the program bound it under a name; declared values and arguments of calls are not bound."""
        match self.statement:
            case Bind(target=target) | StreamSet(target=target) | Frozen(target=target):
                return not target.anonymous
            case Call(results=results):
                return not results[self.index].anonymous
            case Decl():
                return False

    @property
    def label(self) -> str:
        """Its name in mathematics, as LaTeX; one that a turn bound has the turn's number."""
        subs = self.key[2] if self.shown == self.key[1] else ()
        return self.scope.math(self.shown, ",".join(map(names.size, subs)))

    @property
    def is_derived(self) -> bool:
        """Whether a transform made it one tensor, drawn by its name whatever it is made of."""
        match self.statement:
            case Bind(target=target):
                return target.derived
            case _:
                return False


@dataclass(slots=True, eq=False)
class Scope:
    """One net as it is drawn: the target, or a net called from it and drawn open."""

    program: Program
    net: Net
    opened: Openings
    path: str = ""
    parent: Scope | None = None
    call: Call | None = None
    call_versions: Versions = field(default_factory=dict)
    by_name: bool = False
    table: dict[tuple[str, tuple[Size, ...]], Definition] = field(default_factory=dict)
    streams: dict[str, list[Definition]] = field(default_factory=dict)
    last: Versions = field(default_factory=dict)
    bound: dict[tuple[str, tuple[Size, ...]], list[Definition]] = field(default_factory=dict)
    loops: dict[int, tuple[str, ...]] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)
    """The assignments of streams that stand in a repeat of several turns, by the statement's ``id``."""
    begun: dict[int, list[Definition]] = field(default_factory=dict)
    """For a repeat of several turns, by ``id``, the values of its streams as a turn begins."""
    ended: dict[int, list[Definition]] = field(default_factory=dict)
    """The same as it ends, where a turn's last value is read in it too, or several streams are assigned."""
    round: dict[Key, Definition] = field(default_factory=dict)
    """What comes round to begin the next turn, by the key of what a turn begins with."""
    turning: dict[Key, str] = field(default_factory=dict)
    """Their keys, with the loop's variable."""
    numbered: dict[str, list[Definition]] = field(default_factory=dict)
    """For each stream the values that its numbers mean: those before it is first assigned in a repeat."""
    called_too: dict[Key, str] = field(default_factory=dict)
    """What values of streams are called that have a name of their own."""
    paths: dict[str, str] = field(default_factory=dict)
    """For names that would be written alike what tells them apart."""
    declared: dict[str, list[Decl]] = field(default_factory=dict)
    """What stands at file level, by name."""
    _children: dict[tuple[str, tuple[tuple[str, int], ...]], Scope] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.net = thawed(self.net)
        if self.parent is not None:
            self.declared = self.parent.declared
        else:
            for decl in self.program.declarations:
                self.declared.setdefault(decl.name, []).append(decl)
        for decl in (*self.net.inputs, *self.net.owned):
            self.table[(decl.name, decl.subs)] = self._definition(decl.name, decl.subs, decl, {})
        self.last = self._scan(self.net.body, {}, ())
        self.paths = names.paths_apart(dict.fromkeys((*self.streams, *(name for name, _ in self.bound))))

    def math(self, name: str, above: str = "", primes: str = "") -> str:
        """A value's name in mathematics, of its path no more than tells it from others."""
        return names.with_path(self.paths.get(name, ""), names.math(name + primes, above))

    def repeats(self, statement: object) -> bool:
        """Whether an assignment of a stream stands in a repeat of several turns."""
        return id(statement) in self.repeated

    def _definition(
        self,
        name: str,
        subs: tuple[Size, ...],
        statement: Decl | Bind | StreamSet | Call | Frozen,
        versions: Versions,
        index: int = 0,
        version: int = -1,
    ) -> Definition:
        shown = bare(name)
        return Definition((self.path, name, subs, version), statement, self, dict(versions), shown, index)

    def _scan(
        self, body: tuple[Stmt, ...], versions: Versions, loops: tuple[str, ...], *, several: bool = False
    ) -> Versions:
        now = dict(versions)
        for statement in body:
            match statement:
                case Named():
                    self._name(statement, now)
                case Bind(target=target) | Frozen(target=target):
                    self._bind(target.name, target.subs, statement, now)
                case StreamSet(target=target):
                    if several:
                        self.repeated.add(id(statement))
                    made = self._assigned(target.name, statement, now)
                    if not several and all(name != target.name for _, name, _, _ in self.turning):
                        self.numbered.setdefault(target.name, []).append(made)
                case Call(results=results):
                    self.loops[id(statement)] = loops
                    for index, result in enumerate(results):
                        self._bind(result.name, result.subs, statement, now, index)
                case Factor(factors=factors):
                    for factor in factors:
                        self.table[(factor.name, ())] = self._definition(factor.name, (), factor, now)
                case Between():
                    pass
                case Within(body=inner):
                    now = dict(self._scan(inner, now, (), several=several))
                case Repeat(loop=loop, body=inner):
                    single = names.turns_of(loop) == "1" and not isinstance(statement, Turn)
                    turn = show(loop.start) if single else loop.var
                    once = single and not isinstance(statement, Alone)
                    if not once and not isinstance(statement, Alone):
                        self.begun[id(statement)] = self._begin(loop.var, inner, now)
                    now = dict(self._scan(inner, now, (*loops, turn), several=several or not once))
                    if not once and not isinstance(statement, Alone):
                        self.ended[id(statement)] = self._end(self.begun[id(statement)], inner, now)
                case Shared():
                    pass
        return now

    def _assigned(self, name: str, statement: StreamSet, now: dict[str, int]) -> Definition:
        """A stream's next value."""
        known = self.streams.setdefault(name, [])
        made = self._definition(name, (), statement, now, version=len(known))
        known.append(made)
        now[name] = len(known) - 1
        return made

    def _begin(self, var: str, body: tuple[Stmt, ...], now: dict[str, int]) -> list[Definition]:
        """A turn begins: what it starts from is a value of its own for each stream that it assigns again."""
        names = dict.fromkeys(s.target.name for s in statements(body) if isinstance(s, StreamSet))
        found = [self._same(name, now) for name in names if name in now]
        self.turning |= {made.key: var for made in found}
        return found

    def _end(self, begun: list[Definition], body: tuple[Stmt, ...], now: dict[str, int]) -> list[Definition]:
        """A turn ends: what it gives goes on or comes round, whatever is read in the turn itself."""
        read: dict[str, bool] = {}
        for statement in statements(body):
            read |= dict.fromkeys({ref.name for ref in refs(statement)} & read.keys(), True)
            if isinstance(statement, StreamSet):
                read[statement.target.name] = False
        found = [self._same(name, now) for name, again in read.items() if again or len(read) > 1]
        for value in found:
            self.round |= {first.key: value for first in begun if first.key[1] == value.key[1]}
        return found

    def _same(self, name: str, now: dict[str, int]) -> Definition:
        """A stream's next value, which is the one before."""
        target = self.streams[name][now[name]].statement.target  # type: ignore[union-attr]
        same = Sum((Term((Tensor(Ref(name), target.legs),)),))
        return self._assigned(name, StreamSet(target, "=", same), now)

    def _bind(
        self,
        name: str,
        subs: tuple[Size, ...],
        statement: Bind | Call | Frozen,
        now: dict[str, int],
        index: int = 0,
    ) -> None:
        """A value bound from here on; turns of one loop, written apart, bind one name several times."""
        known = self.bound.setdefault((name, subs), [])
        made = self._definition(name, subs, statement, now, index, -1 - len(known))
        known.append(made)
        self.table[(name, subs)] = made
        now[_BOUND + name] = len(known) - 1

    def _name(self, statement: Named, now: dict[str, int]) -> None:
        """A stream's value has a name of its own from here on."""
        (ref,) = refs(statement)
        name = statement.target.name
        value = self.streams[ref.name][now[ref.name]]
        known = self.bound.setdefault((name, ()), [])
        known.append(value)
        self.table[(name, ())] = value
        now[_BOUND + name] = len(known) - 1
        if statement.shown:
            self.called_too[value.key] = name

    def child(self, call: Call, versions: Versions) -> Scope:
        """The net that a call applies, as a scope of its own."""
        key = (call.name, tuple(sorted(versions.items())))
        if key not in self._children:
            net = self.program.net(call.net)
            turn = sum(name == call.name for name, _ in self._children)
            path = self._path_of(call) + (f"{{{turn}}}" if turn else "")
            self._children[key] = Scope(self.program, net, self.opened, path, self, call, versions)
        return self._children[key]

    def owner(self, call: Call | None = None) -> str:
        """Before the names of this net's own values, or before those of a net that it calls: ``ln_1{l}.``."""
        if call is None:
            return "" if self.parent is None or self.call is None else self.parent.owner(self.call)
        prefix = self.owner()
        if call.shared:
            return f"{prefix if call.name in owned_shared(self.net) else ''}{call.name}."
        return f"{prefix}{call.name}{names.braces(self.loops.get(id(call), ()))}."

    def address(self, found: Definition | None, ref: Ref) -> str:
        """The full name of a value as the state_dict or a cache has it, loop variables in braces."""
        if found is None:
            return f"{self.owner()}{ref.name}{names.braces(map(show, ref.subs))}"
        _, name, subs, _ = found.key
        name = found.scope.called_too.get(found.key, name)
        if name == ref.name and not all(isinstance(sub, int) for sub in ref.subs):
            subs = ref.subs
        own = all(found.statement is not declared for declared in self.declared.get(found.key[1], ()))
        return f"{found.scope.owner() if own else ''}{bare(name)}{names.braces(map(show, subs))}"

    def depth(self) -> int:
        return 0 if self.parent is None else self.parent.depth() + 1

    def resolve(self, ref: Ref, versions: Versions) -> Definition | None:
        """The value a reference means at a place; arguments and results of nets drawn open are seen through.

        None for what nothing here defines, such as a family member under a loop variable.
        """
        found = self._local(ref, versions)
        if found is None:
            return None
        match found.statement:
            case Decl(kind="input") if self.call is not None and self.parent is not None:
                position = [decl.name for decl in self.net.inputs].index(ref.name)
                return self.parent.resolve(self.call.arguments[position], self.call_versions)
            case Call(arguments=(ref,)) as call if self.opened.hides(call, self._path_of(call)):
                return self.resolve(ref, found.versions)
            case Call() as call if self.opens(call):
                inner = self.child(call, found.versions)
                output = inner.net.outputs[found.index]
                through = inner.resolve(Ref(output.name, output.subs), inner.last)
                if through is None:
                    return found
                through_own = through.scope.path.startswith(inner.path)
                shown = found.shown if through_own else through.shown
                return Definition(
                    through.key, through.statement, through.scope, through.versions, shown, through.index
                )
        return found

    def _local(self, ref: Ref, versions: Versions) -> Definition | None:
        if ref.name in self.streams:
            known = self.streams[ref.name]
            version = versions.get(ref.name, len(known) - 1)
            if ref.subs:
                known = self.numbered.get(ref.name, [])
                try:
                    version = evaluate(ref.subs[0], {})
                except SizeError:
                    return None
            return known[version] if 0 <= version < len(known) else None
        found = self.table.get((ref.name, ref.subs))
        turns = self.bound.get((ref.name, ref.subs), [])
        if len(turns) > 1:
            found = turns[versions.get(_BOUND + ref.name, len(turns) - 1)]
        if found is None and not all(isinstance(sub, int) for sub in ref.subs):
            # a member that a loop picks: any declared one tells what it looks like
            members = (d for (name, _), d in self.table.items() if name == ref.name)
            found = next((d for d in members if isinstance(d.statement, Decl)), None)
        if found is None:
            looped = not all(isinstance(sub, int) for sub in ref.subs)  # Any member is drawn as the first.
            for decl in self.declared.get(ref.name, ()):
                if looped or decl.subs in (ref.subs, ()):
                    return Definition(("", decl.name, decl.subs, -1), decl, self, {}, decl.name)
        return found

    def is_of_a_turn(self, ref: Ref) -> bool:
        """Whether a reference means a value that a turn of a repeat has bound, under the turn's number."""
        return any(
            name == ref.name
            and isinstance(found.statement, Bind | Call)
            and not all(isinstance(sub, int) for sub in subs)
            for (name, subs), found in self.table.items()
        )

    def opens(self, call: Call) -> bool:
        """Whether the called net is drawn open; one that a figure's expression calls only if it says so."""
        path = self._path_of(call)
        if self.by_name:
            return self.opened.unfolds(call, path)
        return self.depth() < 12 and self.opened.of(self.program, call, path)

    def called(self, ref: Ref) -> Scope | None:
        """The net whose only result a reference is, as a scope of its own, if it is drawn open."""
        found = self._local(ref, self.last)
        if found is None or not isinstance(found.statement, Call) or not self.opens(found.statement):
            return None
        call = found.statement
        return self.child(call, found.versions) if len(call.results) == 1 else None

    def _path_of(self, call: Call) -> str:
        return f"{self.path}.{call.name}" if self.path else call.name

    def uses(self, roots: list[tuple[Ref, Versions]]) -> Uses:
        """How often each value is used, starting from some uses at this level."""
        counted = Uses()
        for ref, versions in roots:
            counted.use(self, ref, versions)
        return counted


@dataclass(slots=True)
class Uses:
    """``counts`` of uses by key. ``shadow`` are those by what is frozen: they count for the layout alone.

    ``readers`` are the values that are made of a value; None stands for a use at the level it starts from.
    """

    counts: Counter[Key] = field(default_factory=Counter)
    shadow: Counter[Key] = field(default_factory=Counter)
    readers: dict[Key, list[Key | None]] = field(default_factory=dict)

    def use(
        self,
        scope: Scope,
        ref: Ref,
        versions: Versions,
        *,
        shadow: bool = False,
        reader: Definition | None = None,
    ) -> None:
        found = scope.resolve(ref, versions)
        if found is None:
            return
        counts = self.shadow if shadow else self.counts
        first = found.key not in counts
        counts[found.key] += 1
        if not shadow:
            self.readers.setdefault(found.key, []).append(reader.key if reader is not None else None)
        if not first or any(one.key in counts for one in found.given_with if one.key != found.key):
            return
        if not found.is_derived and not (found.scope.by_name and found.has_name):
            self.visit(found, shadow=shadow)

    def visit(self, found: Definition, *, shadow: bool = False) -> None:
        """Count what a definition itself reads."""
        scope, versions = found.scope, found.versions
        match found.statement:
            case Frozen(definition=inner) if inner is not None:
                for ref in refs(inner):
                    self.use(scope, ref, versions, shadow=True)
            case Bind() | Call() as statement:
                for ref in refs(statement):
                    self.use(scope, ref, versions, shadow=shadow, reader=found)
            case StreamSet(target=target, op=op) as statement:
                for ref in refs(statement):
                    self.use(scope, ref, versions, shadow=shadow, reader=found)
                if op != "=":
                    self.use(scope, Ref(target.name), versions, shadow=shadow, reader=found)
                if found.key in scope.round:
                    last = {target.name: scope.round[found.key].key[3]}
                    self.use(scope, Ref(target.name), last, shadow=shadow, reader=found)
            case Decl() | Frozen():
                pass
