"""Running a net on NumPy arrays: the reference that everything else is compared with.

It follows the definition term by term, in float64 or complex128; plainness comes before speed.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

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
    Value,
)
from tnlang.ir.program import Program
from tnlang.ir.scales import scale_names
from tnlang.ir.size import SizeError, evaluate, loop_key, variables
from tnlang.ir.slots import (
    array_legs,
    call_path,
    check_dims,
    check_shapes,
    dotted,
    has,
    input_decls,
    onehot_leg,
    owned_shared,
    parameter_decls,
    settled_dims,
)
from tnlang.ir.walk import value_wires
from tnlang.reference.arrays import Array, OneHot, dense, gather
from tnlang.reference.arrays import Value as WholeValue
from tnlang.reference.evaluate import Scope, UserFunction, evaluate_sum
from tnlang.reference.factor import cp, qr, svd, tensor_train, tucker
from tnlang.source import ValueMismatch


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a run gives: ``outputs`` in the order of the net, ``cache`` every named value by dotted name.

    ``attention.0.A`` is the A of the attention called in the first turn of a repeat, ``x.3`` the value of a
    stream after its fourth assignment, ``n.0`` a value bound in the first turn, ``cell.h#2`` the h of a
    shared cell that runs for the second time.
    """

    outputs: dict[str, Array]
    cache: dict[str, Array]


@dataclass(frozen=True, slots=True)
class _Run:
    """What all nets of one run share. ``cache`` is filled as the run goes."""

    program: Program
    parameters: Mapping[str, Array]
    tensors: Mapping[tuple[str, tuple[int, ...]], WholeValue]
    frozen: Mapping[str, ArrayLike]
    functions: Mapping[str, UserFunction]
    batch: int
    cache: dict[str, Array] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    """The frozen values read so far."""


def execute(
    program: Program,
    net: str,
    inputs: Mapping[str, ArrayLike] | Sequence[ArrayLike] = (),
    parameters: Mapping[str, ArrayLike] | None = None,
    dims: Mapping[str, int] | None = None,
    frozen: Mapping[str, ArrayLike] | None = None,
    functions: Mapping[str, UserFunction] | None = None,
) -> Result:
    """Run a net.

    ``inputs`` are the net's, in order or by name, then the file-level tensors it uses; each may have leading
    batch axes, which broadcast. A one-hot input is an array of whole numbers without its one-hot axis.
    ``parameters`` go by state_dict name; others may be among them. ``dims`` rebind sizes; a dim without
    default is bound by a shape. ``frozen`` has the values of ``Frozen`` statements, by the names they have in
    a cache. ``functions`` are the ``fn`` functions that may run: each gets an array whose last axes are the
    legs it works along.

    Raises KeyError for no such net, and ValueMismatch, naming net, value and leg, for whatever does not fit.
    """
    main = program.net(net)
    given = dict(dims or {})
    check_dims(program, given)
    handed = _by_name(net, input_decls(program, main), inputs)
    declared = {dotted(decl.name, decl.subs): decl for decl in input_decls(program, main)}
    shapes = [("input", name, array_legs(declared[name]), array.shape) for name, array in handed.items()]
    try:
        slots = dict(parameter_decls(program, main, settled_dims(net, given, shapes)))
        arrays = _parameters(net, slots, parameters or {})
        shapes += [("parameter", name, decl.legs, arrays[name].shape) for name, decl in slots.items()]
        numbers = settled_dims(net, given, shapes)
        check_shapes(net, numbers, shapes)
        batch = _batch_axes(net, shapes)
        values = {
            (declared[name].name, declared[name].subs): _whole(net, declared[name], array, numbers, batch)
            for name, array in handed.items()
        }
        padded = {name: _pad(array, len(slots[name].legs), batch) for name, array in arrays.items()}
        run = _Run(program, padded, values, frozen or {}, functions or {}, batch)
        arguments = tuple(values[decl.name, decl.subs] for decl in main.inputs)
        with np.errstate(all="ignore"):
            results = _Frame(run, main, "", "", numbers).run_net(arguments)
    except SizeError as error:
        raise ValueMismatch(f"net {net}: {error}") from error
    names = [dotted(output.name, output.subs) for output in main.outputs]
    outputs = {name: dense(value, batch) for name, value in zip(names, results, strict=True)}
    common = np.broadcast_shapes(*(shape[: len(shape) - len(legs)] for _, _, legs, shape in shapes))
    return Result(
        {name: np.broadcast_to(a, common + a.shape[batch:]) for name, a in outputs.items()},
        {name: np.broadcast_to(a, common + a.shape[batch:]) for name, a in run.cache.items()},
    )


def _by_name(
    net: str, declared: Sequence[Decl], inputs: Mapping[str, ArrayLike] | Sequence[ArrayLike]
) -> dict[str, Array]:
    names = {dotted(decl.name, decl.subs): decl for decl in declared}
    if not isinstance(inputs, Mapping):
        if len(inputs) > len(names):
            raise ValueMismatch(
                f"net {net} takes {len(names)} inputs ({', '.join(names)}), got {len(inputs)}"
            )
        inputs = dict(zip(names, inputs, strict=False))
    missing = [name for name in names if name not in inputs]
    unknown = [name for name in inputs if name not in names]
    if missing or unknown:
        said = [f"net {net}: missing input {name}" for name in missing]
        said += [f"net {net} has no input {name}" for name in unknown]
        raise ValueMismatch("; ".join(said))
    return {name: _numbers(net, name, decl, inputs[name]) for name, decl in names.items()}


def _numbers(net: str, name: str, decl: Decl, array: ArrayLike) -> Array:
    """An array in the type it is computed in; the entries of a one-hot value stay whole numbers."""
    found = np.asarray(array)
    if onehot_leg(decl) is not None:
        if not np.issubdtype(found.dtype, np.integer):
            raise ValueMismatch(f"net {net}: input {name} is one-hot: whole numbers, not {found.dtype}")
        return found
    if np.iscomplexobj(found) or has(decl, "complex"):
        return found.astype(np.complex128, copy=False)
    return found.astype(np.float64, copy=False)


def _parameters(net: str, slots: Mapping[str, Decl], given: Mapping[str, ArrayLike]) -> dict[str, Array]:
    missing = [name for name in slots if name not in given]
    if missing:
        raise ValueMismatch(f"net {net}: missing parameters {', '.join(missing)}")
    arrays = {name: _numbers(net, name, decl, given[name]) for name, decl in slots.items()}
    for name, decl in slots.items():
        if arrays[name].ndim != len(decl.legs):
            legs = ", ".join(leg.name for leg in decl.legs)
            raise ValueMismatch(f"net {net}: parameter {name}[{legs}] got shape {arrays[name].shape}")
    return arrays


def _batch_axes(net: str, shapes: Sequence[tuple[str, str, Sequence[object], Sequence[int]]]) -> int:
    extra = {name: tuple(shape[: len(shape) - len(legs)]) for _, name, legs, shape in shapes}
    try:
        return len(np.broadcast_shapes(*extra.values()))
    except ValueError:
        said = ", ".join(f"{name} has {axes}" for name, axes in extra.items() if axes)
        raise ValueMismatch(f"net {net}: the batch axes of the inputs do not broadcast: {said}") from None


def _pad(array: Array, legs: int, batch: int) -> Array:
    """The array with as many batch axes as all others have."""
    return array.reshape((1,) * (batch - (array.ndim - legs)) + array.shape)


def _whole(net: str, decl: Decl, array: Array, numbers: Mapping[str, int], batch: int) -> WholeValue:
    hot = onehot_leg(decl)
    padded = _pad(array, len(array_legs(decl)), batch)
    if hot is None:
        return padded
    size = evaluate(decl.legs[hot].size, numbers)
    if padded.size and not (padded.min() >= 0 and padded.max() < size):
        raise ValueMismatch(
            f"net {net}: input {decl.name} has entries from {padded.min()} to {padded.max()}, "
            f"leg {decl.legs[hot].name} has {size}"
        )
    return OneHot(padded, hot, size)


@dataclass(slots=True)
class _Frame:
    """One net being run: ``path`` is where its values stand in the cache, ``owner`` where parameters are."""

    run: _Run
    net: Net
    path: str
    owner: str
    numbers: Mapping[str, int]
    turn: tuple[tuple[str, int], ...] = ()
    values: dict[tuple[str, tuple[int, ...]], WholeValue] = field(default_factory=dict)
    streams: dict[str, list[WholeValue]] = field(default_factory=dict)
    scales: dict[int, str] = field(init=False)

    def __post_init__(self) -> None:
        self.scales = scale_names(self.net)

    def run_net(self, arguments: Sequence[WholeValue]) -> list[WholeValue]:
        """The outputs of the net on whole values."""
        for decl, value in zip(self.net.inputs, arguments, strict=True):
            self.values[decl.name, decl.subs] = value
        for decl in self.net.owned:
            self.values[decl.name, decl.subs] = self.declared(decl, self.owner)
        self.body(self.net.body)
        return [self.lookup(output.name, output.subs) for output in self.net.outputs]

    def declared(self, decl: Decl, owner: str) -> WholeValue:
        """A parameter, constant or tensor."""
        if decl.kind == "const":
            value = np.asarray(decl.value)
            kept = value.astype(np.complex128 if np.iscomplexobj(value) else np.float64)
            return _pad(kept, len(decl.legs), self.run.batch)
        if decl.kind == "param":
            return self.run.parameters[owner + dotted(decl.name, decl.subs)]
        return self.run.tensors[decl.name, decl.subs]

    def lookup(self, name: str, subs: tuple[int, ...]) -> WholeValue:
        """A value by name: the net's own, a stream's, or one of file level."""
        if name in self.streams:
            return self.streams[name][subs[0] if subs else -1]
        if (name, subs) in self.values:
            return self.values[name, subs]
        for decl in self.run.program.declarations:
            if (decl.name, decl.subs) == (name, subs):
                return self.declared(decl, "")
        raise ValueMismatch(f"net {self.net.name} has no value {dotted(name, subs)} at this point")

    def ref(self, ref: Ref) -> WholeValue:
        """The whole value that a call gets."""
        return self.lookup(ref.name, tuple(evaluate(sub, self.numbers) for sub in ref.subs))

    def body(self, body: tuple[Stmt, ...]) -> None:
        for statement in body:
            match statement:
                case Bind(target=target, body=total):
                    self.bind(target, self.compute(target, total))
                case StreamSet(target=target, op=op, body=total):
                    change = self.compute(target, total)
                    self.assign(target, change if op == "=" else self.changed(target.name, op, change))
                case Frozen(target=target, definition=definition):
                    if isinstance(definition, StreamSet):
                        self.assign(target, self.frozen(target, self.stream_key(target.name)))
                    else:
                        self.bind(target, self.frozen(target, self.key(target)))
                case Call():
                    self.call(statement)
                case Repeat(loop=loop, body=inner):
                    outside, turn = self.numbers, self.turn
                    for value in range(evaluate(loop.start, outside), evaluate(loop.stop, outside)):
                        self.numbers = {**outside, loop_key(loop.var): value}
                        self.turn = (*turn, (loop.var, value))
                        self.body(inner)
                    self.numbers, self.turn = outside, turn
                case Factor():
                    self.factor(statement)
                case Shared():
                    pass

    def factor(self, statement: Factor) -> None:
        """The factors of a value, by their names."""
        x = dense(self.ref(statement.source), self.run.batch)
        sizes = [[evaluate(leg.size, self.numbers) for leg in decl.legs] for decl in statement.factors]
        batch = self.run.batch
        found: tuple[Array, ...]
        match statement.function:
            case "svd":
                found = svd(x, statement.left, sizes[1][0], statement.error, batch)
            case "qr":
                found = qr(x, statement.left, sizes[0][-1], batch)
            case "cp":
                found = cp(x, sizes[0][0], batch)
            case "tucker":
                found = tucker(x, sizes[0], batch)
            case "tt":
                ranks = [entries[-1] for entries in sizes[:-1]]
                found = tensor_train(x, ranks, statement.centre, statement.error, batch)
        for decl, array in zip(statement.factors, found, strict=True):
            self.values[decl.name, decl.subs] = array
            self.record(self.path + dotted(decl.name, [value for _, value in self.turn]), array)

    def compute(self, target: Value, total: Sum) -> Array:
        def seen(name: str, array: Array) -> None:
            self.record(self.path + dotted(name, [value for _, value in self.turn]), array)

        scope = Scope(self.lookup, self.numbers, self.run.batch, self.run.functions, seen, self.scales)
        return gather(evaluate_sum(total, value_wires(target.legs), scope), target.legs, self.run.batch)

    def bind(self, target: Value, value: WholeValue) -> None:
        subs = tuple(evaluate(sub, self.numbers) for sub in target.subs)
        self.values[target.name, subs] = value
        if not target.anonymous:
            self.record(self.key(target), dense(value, self.run.batch))

    def record(self, key: str, array: Array) -> None:
        """Put a named value into the cache; one that a shared net computes again is ``name#2``."""
        self.run.cache[self.numbered(key)] = array

    def numbered(self, key: str) -> str:
        """The name of a value in the cache that is about to be put there."""
        keys = itertools.chain([key], (f"{key}#{number}" for number in itertools.count(2)))
        return next(free for free in keys if free not in self.run.cache)

    def assign(self, target: Value, value: Array) -> None:
        self.record(self.stream_key(target.name), value)
        self.streams.setdefault(target.name, []).append(value)

    def changed(self, name: str, op: str, change: Array) -> Array:
        before = dense(self.streams[name][-1], self.run.batch)
        return before + change if op == "+=" else before - change

    def stream_key(self, name: str) -> str:
        """The cache's name of the value that the next assignment gives a stream."""
        return self.path + dotted(name, [len(self.streams.get(name, ()))])

    def key(self, target: Value) -> str:
        """The cache's name of a value: its subs, then the turns of the loops that they do not say."""
        carried = {var for sub in target.subs for var in variables(sub)}
        subs = [evaluate(sub, self.numbers) for sub in target.subs]
        return self.path + dotted(target.name, [*subs, *(v for var, v in self.turn if var not in carried)])

    def frozen(self, target: Value, key: str) -> Array:
        """A value that is not computed but handed in."""
        given, key = self.run.frozen, self.numbered(key)
        plain = key.replace("*", "")  # a patched value, by the name that it has in a cache
        found = key if key in given or plain in self.run.taken else plain
        if found not in given:
            raise ValueMismatch(f"net {self.net.name} needs the frozen value {key}")
        self.run.taken.add(key)
        array = np.asarray(given[found])
        array = array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
        names = target.leg_names or tuple(f"{n + 1}" for n in range(len(target.legs)))
        sizes = [1] * len(target.legs)
        for position, leg in enumerate(target.legs):
            for wire in value_wires((leg,)):
                sizes[position] *= evaluate(wire.size, self.numbers)
        if not len(sizes) <= array.ndim <= len(sizes) + self.run.batch:
            raise ValueMismatch(
                f"net {self.net.name}: frozen value {key} got shape {array.shape}, needs {sizes}"
            )
        for name, size, entries in zip(names, sizes, array.shape[array.ndim - len(sizes) :], strict=True):
            if size != entries:
                raise ValueMismatch(
                    f"net {self.net.name}: leg {name} of frozen value {key} has {entries} entries, not {size}"
                )
        return _pad(array, len(sizes), self.run.batch)

    def call(self, call: Call) -> None:
        callee = self.run.program.net(call.net)
        turn = tuple(value for _, value in self.turn)
        owner = call_path(self.owner, call.name, turn, call.shared, owned_shared(self.net))
        path = f"{self.path}{dotted(call.name, () if call.shared else turn)}."
        arguments = [self.ref(argument) for argument in call.arguments]
        results = _Frame(self.run, callee, path, owner, self.numbers).run_net(arguments)
        for target, value in zip(call.results, results, strict=True):
            self.bind(target, value)
