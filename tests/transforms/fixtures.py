"""Fixtures of transforms: a file with the nets ``before``, ``after`` (by the transform) and ``expected``."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.elaborate.notation import elaborated
from tests.torch.modules import built, given_inputs
from tnlang.ir.canonical import canonical
from tnlang.ir.net import Call, Repeat, Shared, Stmt
from tnlang.ir.program import Program
from tnlang.ir.slots import called, parameters_of
from tnlang.reference import execute, initialise, random_inputs

HERE = Path(__file__).parent


def fixtures(transform: str) -> list[Path]:
    """The files of a transform."""
    return sorted((HERE / transform).glob("*.tn"))


def check(path: Path) -> None:
    """Fail unless ``after`` is ``expected`` up to canonical form, and gives what ``before`` gives."""
    same_values(is_expected(path), "before", "after")


def is_expected(path: Path) -> Program:
    """Fail unless ``after`` is ``expected`` up to canonical form; the program of a fixture."""
    program = elaborated(path.read_text(encoding="utf-8"))
    after, expected = forms(program, "after"), forms(program, "expected")
    assert after == expected, path.name
    return program


def check_captured(path: Path) -> None:
    """Fail unless ``after`` is ``expected``, and both give with its values what ``before`` gives."""
    program = is_expected(path)
    inputs, parameters = random_inputs(program, "before", seed=0), initialise(program, "before", seed=0)
    whole, cache = built(program, "before", parameters).run_with_cache(**given_inputs(inputs))
    frozen = {name: value.detach().numpy() for name, value in cache.items()}
    for name in ("after", "expected"):
        has = {key: parameters[key] for key in parameters_of(program, name)}
        (found,) = execute(program, name, inputs, has, frozen=frozen).outputs.values()
        np.testing.assert_allclose(found, whole.detach(), rtol=1e-9, atol=1e-9)


def forms(program: Program, name: str) -> list[Hashable]:
    """The canonical forms of a net and of those it calls, which go by their places, not by their names."""
    nets = called(program, program.net(name))
    places = {net.name: str(place) for place, net in enumerate(nets)}

    def placed(statement: Stmt) -> Stmt:
        match statement:
            case Call(net=net) | Shared(net=net):
                return replace(statement, net=places[net])
            case Repeat(body=body):
                return replace(statement, body=tuple(map(placed, body)))
            case _:
                return statement

    return [canonical(replace(net, body=tuple(map(placed, net.body)))) for net in nets]


def same_values(program: Program, before: str, after: str, seed: int = 0) -> None:
    """Fail unless the reference gives the same outputs for both nets, from the same state_dict."""
    inputs = random_inputs(program, before, seed=seed)
    parameters = initialise(program, before, seed=seed)
    random = np.random.default_rng(seed)
    plain = {name for name, slot in parameters_of(program, before).items() if not slot.properties}
    drawn = {name: random.normal(size=np.shape(parameters[name])) for name in parameters}
    parameters |= {name: array for name, array in drawn.items() if name in plain}
    old = execute(program, before, inputs, parameters).outputs
    new = execute(program, after, inputs, parameters).outputs
    assert list(old) == list(new)
    for name, array in old.items():
        np.testing.assert_allclose(new[name], array, rtol=1e-9, atol=1e-9)
