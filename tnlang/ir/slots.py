"""What a net needs from outside: its inputs and parameters by name, and the sizes their arrays settle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tnlang.ir.net import Call, Decl, Frozen, Init, Leg, Net, Property, Repeat, Shared, Stmt
from tnlang.ir.program import Program
from tnlang.ir.size import DimSize, SizeError, evaluate, loop_key, show
from tnlang.ir.walk import file_level_names, statements
from tnlang.source import ValueMismatch


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for an array: its state_dict name, its shape under given dims, and how it was declared.

    A one-hot input has no axis for its one-hot leg; ``shape`` leaves it out.
    """

    name: str
    shape: tuple[int, ...]
    decl: Decl

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs that are axes of the array."""
        return array_legs(self.decl)

    @property
    def init(self) -> Init:
        return self.decl.init or Init("normal", (0.02,))

    @property
    def properties(self) -> tuple[Property, ...]:
        return self.decl.properties

    @property
    def is_complex(self) -> bool:
        return has(self.decl, "complex")


def has(decl: Decl, name: str) -> bool:
    """Whether the value was declared with the property."""
    return any(prop.name == name for prop in decl.properties)


def onehot_leg(decl: Decl) -> int | None:
    """The position of the one-hot leg: the one named, else the last."""
    for prop in decl.properties:
        if prop.name == "onehot":
            return prop.legs[0] if prop.legs else len(decl.legs) - 1
    return None


def array_legs(decl: Decl) -> tuple[Leg, ...]:
    """The legs that are axes of the array handed in: all but a one-hot one."""
    hot = onehot_leg(decl)
    return tuple(leg for position, leg in enumerate(decl.legs) if position != hot)


def dotted(name: str, subs: Sequence[int] = ()) -> str:
    """``A.0``, ``u.0.1``: the name of a member of a family."""
    return ".".join([name, *map(str, subs)])


def used_file_level(program: Program, net: Net) -> tuple[Decl, ...]:
    """The file-level declarations that the net or a net it calls uses, in order of declaration."""
    names: set[str] = set()
    for used in called(program, net):
        names.update(file_level_names(used), used.unused)
    return tuple(decl for decl in program.declarations if decl.name in names)


def called(program: Program, net: Net) -> tuple[Net, ...]:
    """The net and all it calls, each once; also those whose parameters it has for no call."""
    found = {net.name: net}
    queue = [net]
    while queue:
        now = queue.pop()
        owned = (shared for shared in program.shared if shared.name in now.unused)
        for statement in (*statements(now.body), *owned):
            if isinstance(statement, Call | Shared) and statement.net not in found:
                found[statement.net] = program.net(statement.net)
                queue.append(found[statement.net])
    return tuple(found.values())


def takes_frozen(program: Program, net: Net) -> bool:
    """Whether the net, or one that it calls, has values that are handed in from a cache."""
    return any(isinstance(s, Frozen) for used in called(program, net) for s in statements(used.body))


def input_decls(program: Program, net: Net) -> tuple[Decl, ...]:
    """What the caller hands in: the net's inputs in order, then the file-level tensors it uses."""
    tensors = (decl for decl in used_file_level(program, net) if decl.kind in ("tensor", "input"))
    names = {(decl.name, decl.subs) for decl in net.inputs}
    return (*net.inputs, *(decl for decl in tensors if (decl.name, decl.subs) not in names))


def owned_shared(net: Net) -> frozenset[str]:
    """The names of the net's own ``shared`` statements."""
    return frozenset(s.name for s in statements(net.body) if isinstance(s, Shared) and not s.unused)


def file_level_shared(program: Program, net: Net) -> tuple[Shared, ...]:
    """The file-level shared nets that the net or one that it calls uses, or has the parameters of."""
    used: set[str] = set()
    for one in called(program, net):
        own = owned_shared(one)
        calls = (s for s in statements(one.body) if isinstance(s, Call) and s.shared)
        used.update((call.name for call in calls if call.name not in own), one.unused)
    return tuple(shared for shared in program.shared if shared.name in used)


def parameter_decls(program: Program, net: Net, numbers: Mapping[str, int]) -> Iterator[tuple[str, Decl]]:
    """Every parameter under its state_dict name, those of calls and of file level included.

    A name comes twice where two calls share it. Raises SizeError where a repeat's count is not known.
    """
    for decl in used_file_level(program, net):
        if decl.kind == "param":
            yield dotted(decl.name, decl.subs), decl
    yield from _owned(program, net, "", numbers)
    for shared in file_level_shared(program, net):
        yield from _owned(program, program.net(shared.net), f"{shared.name}.", numbers)


def _owned(program: Program, net: Net, prefix: str, numbers: Mapping[str, int]) -> Iterator[tuple[str, Decl]]:
    for decl in net.owned:
        if decl.kind == "param":
            yield prefix + dotted(decl.name, decl.subs), decl
    own = owned_shared(net)

    def visit(
        body: tuple[Stmt, ...], turn: tuple[int, ...], now: Mapping[str, int]
    ) -> Iterator[tuple[str, Decl]]:
        for statement in body:
            match statement:
                case Call(name=name, net=callee, shared=shared):
                    path = call_path(prefix, name, turn, shared, own)
                    yield from _owned(program, program.net(callee), path, now)
                case Shared(name=name, net=callee, unused=True):
                    path = call_path(prefix, name, turn, False, own)
                    yield from _owned(program, program.net(callee), path, now)
                case Shared(name=name, net=callee):
                    yield from _owned(program, program.net(callee), f"{prefix}{name}.", now)
                case Repeat(loop=loop, body=inner):
                    for value in range(evaluate(loop.start, now), evaluate(loop.stop, now)):
                        yield from visit(inner, (*turn, value), {**now, loop_key(loop.var): value})
                case _:
                    pass

    yield from visit(net.body, (), numbers)


def call_path(prefix: str, name: str, turn: tuple[int, ...], shared: bool, own: frozenset[str]) -> str:
    """Where the parameters of a call are: under its name and turn.

    Those that are shared are under the name alone, at the root if it is no ``shared`` of the net (``own``).
    """
    if shared:
        return f"{prefix}{name}." if name in own else f"{name}."
    return f"{prefix}{dotted(name, turn)}."


def parameters_of(program: Program, net: str, dims: Mapping[str, int] | None = None) -> dict[str, Slot]:
    """The parameters of a net by state_dict name, with shapes under the given dims (defaults for the others).

    Raises KeyError for no such net, ValueMismatch for a dim that has no size or cannot be rebound.
    """
    numbers = dict(dims or {})
    check_dims(program, numbers)
    with_shapes: dict[str, Slot] = {}
    try:
        for name, decl in parameter_decls(program, program.net(net), numbers):
            with_shapes[name] = Slot(name, tuple(evaluate(leg.size, numbers) for leg in decl.legs), decl)
    except SizeError as error:
        raise ValueMismatch(f"net {net}: {error}") from error
    return with_shapes


def inputs_of(program: Program, net: str, dims: Mapping[str, int] | None = None) -> dict[str, Slot]:
    """What the caller hands in by name: inputs in order, then file-level tensors, with shapes.

    Raises KeyError for no such net, ValueMismatch for a dim that has no size or cannot be rebound.
    """
    numbers = dict(dims or {})
    check_dims(program, numbers)
    found: dict[str, Slot] = {}
    try:
        for decl in input_decls(program, program.net(net)):
            name = dotted(decl.name, decl.subs)
            found[name] = Slot(name, tuple(evaluate(leg.size, numbers) for leg in array_legs(decl)), decl)
    except SizeError as error:
        raise ValueMismatch(f"net {net}: {error}") from error
    return found


def check_dims(program: Program, dims: Mapping[str, int]) -> None:
    """Raise ValueMismatch for a dim the program does not have, a size below 0, or one that is built in."""
    known = {dim.name: dim for dim in program.dims}
    for name, size in dims.items():
        if name not in known:
            raise ValueMismatch(f"there is no dim {name}; there are {', '.join(sorted(known)) or 'none'}")
        if size < 0:
            raise ValueMismatch(f"dim {name} cannot be {size}")
        dim = known[name]
        if dim.counts_members and size != evaluate(DimSize(dim), {}):
            raise ValueMismatch(
                f"dim {name} counts members of a family: elaborate the program with {name} = {size}"
            )


Shapes = Sequence[tuple[str, str, Sequence[Leg], Sequence[int]]]
"""Kind ("input"), name, legs and the array's shape, which may have batch axes before those of the legs."""


def settled_dims(net: str, given: Mapping[str, int], shapes: Shapes) -> dict[str, int]:
    """The sizes of dims: those given, and those without default from the shapes of arrays.

    Raises ValueMismatch where an array has too few axes.
    """
    numbers = dict(given)
    for kind, name, legs, shape in shapes:
        if len(shape) < len(legs):
            names = ", ".join(leg.name for leg in legs)
            raise ValueMismatch(
                f"net {net}: {kind} {name}[{names}] needs {len(legs)} axes, got shape {tuple(shape)}"
            )
        for leg, entries in _axes(legs, shape):
            if isinstance(leg.size, DimSize) and leg.size.dim.default is None:
                numbers.setdefault(leg.size.dim.name, entries)
    return numbers


def check_shapes(net: str, numbers: Mapping[str, int], shapes: Shapes) -> None:
    """Raise ValueMismatch, naming the leg, where one is not as long as it must be."""
    for kind, name, legs, shape in shapes:
        for leg, entries in _axes(legs, shape):
            try:
                expected = evaluate(leg.size, numbers)
            except SizeError as error:
                raise ValueMismatch(f"net {net}: leg {leg.name} of {kind} {name}: {error}") from error
            if entries != expected:
                named = "" if isinstance(leg.size, int) else f" ({show(leg.size)})"
                raise ValueMismatch(
                    f"net {net}: leg {leg.name} of {kind} {name} has {entries} entries, not {expected}{named}"
                )


def _axes(legs: Sequence[Leg], shape: Sequence[int]) -> Iterator[tuple[Leg, int]]:
    """Each leg with the length of its axis."""
    return zip(legs, shape[len(shape) - len(legs) :], strict=True)
