"""ablate, patch, replace: equal to the same interventions made by forward hooks on the module of the net."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from tests.drafts import DIMS
from tests.elaborate.notation import codes, elaborated, net, said
from tests.strategies import Case, programs
from tests.torch.modules import arrays, built, given_inputs, tensor
from tests.transforms.fixtures import check_captured, fixtures, is_expected, same_values
from tnlang.ir.check import violations
from tnlang.ir.net import Bind, Net
from tnlang.ir.slots import parameters_of
from tnlang.ir.walk import statements
from tnlang.reference import execute, initialise
from tnlang.transforms import Request, Step, TransformError, transform_of

MODEL = """
dim seq = 4, hidden = 5, head = 2, size = 3, layer = 3
net norm(x[seq, hidden]) -> y[seq, hidden] { param gain[hidden]; y[p, d] = layernorm[d](x[p, d]) gain[d] }
net attention(x[seq, hidden]) -> o[seq, hidden] {
    param W_Q[head, size, hidden], W_K[head, size, hidden]
    param W_V[head, size, hidden], W_O[head, size, hidden], b[hidden]
    n = norm(x)
    Q[h, q, s] = n[q, d] W_Q[h, s, d]
    K[h, k, s] = n[k, d] W_K[h, s, d]
    A[h, q, k] = softmax[k](causal[q, k](Q[h, q, s] K[h, k, s]))
    z[h, q, s] = A[h, q, k] W_V[h, s, e] n[k, e]
    o[q, d] = z[h, q, s] W_O[h, s, d] + b[d]
}
net mlp(x[seq, hidden]) -> o[seq, hidden] {
    param U[hidden, inner: 2 * hidden], D[inner: 2 * hidden, hidden]
    m[p, i] = relu(x[p, d] U[d, i])
    o[p, d] = m[p, i] D[i, d]
}
net model(x[seq, hidden]) -> logits[seq, hidden] {
    stream r = x
    repeat l in 0..layer {
        r += attention(r)
        r += mlp(norm(r) as ln)
    }
    logits = norm(r)
}
"""


@pytest.mark.parametrize("path", fixtures("ablate") + fixtures("replace"), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    same_values(is_expected(path), "after", "expected")


@pytest.mark.parametrize("path", fixtures("patch"), ids=lambda path: path.stem)
def test_fixture_of_a_patch(path: Path) -> None:
    check_captured(path)


Cache = dict[str, torch.Tensor]
Edit = Callable[[torch.Tensor], torch.Tensor]


def hooked(module: nn.Module, x: torch.Tensor, edits: dict[str, Edit]) -> tuple[torch.Tensor, Cache]:
    """A run in which these values, by their names in a cache, are changed by forward hooks."""
    handles = []

    def hook(prefix: str, point: nn.Module, given: tuple[object, ...], value: torch.Tensor) -> torch.Tensor:
        name = given[-1].path + point.name  # type: ignore[attr-defined]
        return edits[name](value) if name in edits else value

    for part in module.modules():
        if type(part).__name__ == "Value":
            handles.append(part.register_forward_hook(lambda *a, p="": hook(p, *a)))
    try:
        return module.run_with_cache(x)
    finally:
        for handle in handles:
            handle.remove()


class Bench:
    """A model with seeded weights, its runs on two inputs, and nets made from it."""

    def __init__(self, transforms: str, text: str = MODEL) -> None:
        self.program = elaborated(text + transforms)
        rng = np.random.default_rng(2)
        shapes = {n: np.shape(a) for n, a in initialise(self.program, "model").items()}
        self.parameters = {n: rng.normal(size=shape) for n, shape in shapes.items()}
        self.x, self.other = rng.normal(size=(2, 4, 5))
        self.module = built(self.program, "model", self.parameters)
        self.clean = self.module.run_with_cache(tensor(self.x))[1]
        self.corrupt = self.module.run_with_cache(tensor(self.other))[1]

    def intervened(self, edits: dict[str, Edit]) -> np.ndarray:
        return hooked(self.module, tensor(self.x), edits)[0].detach().numpy()

    def check(self, name: str, expected: np.ndarray, frozen: Cache | None = None) -> None:
        """The net gives this, by the module and by the reference, from the same state_dict."""
        made = built(self.program, name, self.parameters)
        assert set(made.state_dict()) == set(self.module.state_dict())
        given = {"frozen": frozen} if frozen else {}
        found = made(tensor(self.x), **given).detach().numpy()
        np.testing.assert_allclose(found, expected, atol=1e-10)
        arrays = {key: value.detach().numpy() for key, value in (frozen or {}).items()}
        reference = execute(self.program, name, [self.x], self.parameters, frozen=arrays)
        np.testing.assert_allclose(reference.outputs["logits"], expected, atol=1e-10)

    def changes(self, expected: np.ndarray) -> None:
        """The intervention is one: what is expected is not what the model gives."""
        before = self.module(tensor(self.x)).detach().numpy()
        assert np.abs(before - expected).max() > 1e-3


def at(index: tuple[int | slice, ...], new: Callable[[torch.Tensor], torch.Tensor | float]) -> Edit:
    """Some entries of a value changed."""

    def edit(value: torch.Tensor) -> torch.Tensor:
        changed = value.clone()
        changed[index] = new(value[index])
        return changed

    return edit


ALL = (slice(None),)
ABLATED: dict[str, dict[str, Edit]] = {
    "attention{1}.z": {"attention.1.z": at(ALL, lambda z: 0.0)},
    "z": {f"attention.{layer}.z": at(ALL, lambda z: 0.0) for layer in range(3)},
    "attention{0}.z[1, q, s]": {"attention.0.z": at((1,), lambda z: 0.0)},
    "attention.z[1, q, s], mlp{2}.m[p, 7]": {
        **{f"attention.{layer}.z": at((1,), lambda z: 0.0) for layer in range(3)},
        "mlp.2.m": at((slice(None), 7), lambda z: 0.0),
    },
    "attention{2}.A[0, q, k], attention{2}.A[1, 3, k], mean = k": {
        "attention.2.A": lambda a: at((1, 3), lambda row: row.mean())(
            at((0,), lambda one: one.mean(-1, keepdim=True))(a)
        )
    },
    "attention{1}.o, mlp.o, mean = d": {},
    "r{3}": {"r.3": at(ALL, lambda r: 0.0)},
    "r{2}[p, 4]": {"r.2": at((slice(None), 4), lambda r: 0.0)},
    "r{0}[0, d], mean = d": {},
}


@pytest.mark.parametrize("arguments", [a for a, edits in ABLATED.items() if edits])
def test_ablations_are_what_hooks_do(arguments: str) -> None:
    bench = Bench(f"net edited = ablate(model, {arguments})")
    expected = bench.intervened(ABLATED[arguments])
    bench.changes(expected)
    bench.check("edited", expected)


PATCHED = {
    "attention{1}.z": {"attention.1.z": ALL},
    "z, m": {name: ALL for layer in range(3) for name in (f"attention.{layer}.z", f"mlp.{layer}.m")},
    "attention{0}.z[1, q, s]": {"attention.0.z": (1,)},
    "attention{2}.A[0, 3, k]": {"attention.2.A": (0, 3)},
    "r{3}": {"r.3": ALL},
    "r{2}[1, d], r{4}[p, 0]": {"r.2": (1,), "r.4": (slice(None), 0)},
    "ln": None,
    "n": {f"attention.{layer}.n": ALL for layer in range(3)},
}


@pytest.mark.parametrize("arguments", [a for a, places in PATCHED.items() if places])
def test_patches_are_what_hooks_do(arguments: str) -> None:
    bench = Bench(f"net edited = patch(model, {arguments})")
    edits = {}
    for name, index in PATCHED[arguments].items():
        given = bench.corrupt[name]
        edits[name] = at(index, lambda _, given=given, index=index: given[index])
    expected = bench.intervened(edits)
    bench.changes(expected)
    bench.check("edited", expected, bench.corrupt)
    made = built(bench.program, "edited", bench.parameters)
    assert {name.replace("*", "") for name in made.frozen} == set(edits)


def along(bench: Bench, senders: dict[str, tuple[int | slice, ...]], *stages: list[str]) -> np.ndarray:
    """Path patching by hooks alone: all other blocks keep what they gave, stage by stage.

    Of several receivers the later ones are computed with the earlier ones patched.
    """
    edits: dict[str, Edit] = {}
    for name, index in senders.items():
        edits[name] = at(index, lambda _, given=bench.corrupt[name], index=index: given[index])
    x = tensor(bench.x)
    for receivers in stages:
        reached: dict[str, Edit] = {}
        for receiver in receivers:
            before = hooked(bench.module, x, reached)[1]
            blocks = {name for name in before if name.endswith(".o")}
            own = receiver.rpartition(".")[0]
            through = {name.rpartition(".")[0] + ".o" for name in edits} | {own + ".o"}
            kept = {name: (lambda _, value=before[name]: value) for name in blocks - through}
            found = hooked(bench.module, x, kept | edits)[1][receiver]
            reached[receiver] = lambda _, value=found: value
        edits = reached
    return hooked(bench.module, x, edits)[0].detach().numpy()


Senders = dict[str, tuple[int | slice, ...]]
PATHS: dict[str, tuple[Senders | list[str], ...]] = {
    "attention{0}.z[1, q, s] -> attention{1}.Q": ({"attention.0.z": (1,)}, ["attention.1.Q"]),
    "attention{0}.z[1, q, s] -> attention{2}.K": ({"attention.0.z": (1,)}, ["attention.2.K"]),
    "attention{0}.z -> mlp{1}.m": ({"attention.0.z": ALL}, ["mlp.1.m"]),
    "mlp{0}.o -> logits": ({"mlp.0.o": ALL}, ["logits"]),
    "attention{0}.z -> mlp{0}.o -> attention{2}.Q": (
        {"attention.0.z": ALL},
        ["mlp.0.o"],
        ["attention.2.Q"],
    ),
    "attention{0}.z[0, q, s] -> attention.K": (
        {"attention.0.z": (0,)},
        ["attention.1.K", "attention.2.K"],
    ),
    "attention{0}.z[1, q, s] -> attention{1}.x": ({"attention.0.z": (1,)}, ["attention.1.n"]),
    "attention{0}.z[1, q, s] -> attention{1}.n": ({"attention.0.z": (1,)}, ["attention.1.n"]),
    "r{0} -> attention{2}.Q": ({"r.0": ALL}, ["attention.2.Q"]),
}


@pytest.mark.parametrize("arrow", PATHS)
def test_a_path_is_patched_as_by_hooks(arrow: str) -> None:
    bench = Bench(f"net edited = patch(model, {arrow})")
    senders, *stages = PATHS[arrow]
    expected = along(bench, senders, *stages)
    bench.changes(expected)
    bench.check("edited", expected, bench.corrupt)


def test_what_is_frozen_and_what_is_patched_come_apart() -> None:
    """All heads keep what they gave in one run, but one that on one path is what it was in another."""
    still = "freeze(model, attention{0}.z, attention{1}.z, m)"
    bench = Bench(f"net edited = patch({still}, attention{{0}}.z[1, q, s] -> attention{{2}}.Q)")
    made = built(bench.program, "edited", bench.parameters)
    assert {"attention.0.z", "attention.0.z*", "mlp.2.m"} <= set(made.frozen)
    with pytest.raises(KeyError, match=r"needs the frozen value 'attention.0.z\*'"):
        made(tensor(bench.x), frozen=bench.clean)
    sender = {"attention.0.z": (1,)}
    received = along(bench, sender, ["attention.2.Q"])
    mlp = bench.clean["mlp.2.m"]
    found = made(tensor(bench.x), frozen={**bench.clean, "attention.0.z*": bench.corrupt["attention.0.z"]})
    with torch.no_grad():
        x = tensor(bench.x)
        q = built(
            elaborated(MODEL + "net e = patch(model, attention{0}.z[1, q, s] -> attention{2}.Q)"),
            "e",
            bench.parameters,
        ).run_with_cache(x, frozen=bench.corrupt)[1]["attention.2.Q"]
        expected = hooked(bench.module, x, {"attention.2.Q": lambda _: q, "mlp.2.m": lambda _: mlp})[0]
    np.testing.assert_allclose(found.detach().numpy(), expected.numpy(), atol=1e-10)
    assert np.abs(received - expected.numpy()).max() > 1e-3
    assert codes(MODEL + "net e = patch(freeze(model, z), attention{0}.z -> attention{2}.z)") == ["TN902"]


def test_a_patched_value_comes_in_under_a_star() -> None:
    lines = net(MODEL + "net e = patch(model, attention{1}.z[0, q, s], r{2})", "e/attention")
    assert lines[-3:] == [
        "frozen z*[h, q, s]",
        "z[h, q, s] = (1 + -basis(0)[h]) (Σk,e A[h, q, k] W_V[h, s, e] n[k, e]) + basis(0)[h] z*[h, q, s]",
        "o[q, d] = Σh,s z[h, q, s] W_O[h, s, d] + b[d]",
    ]


SHARED = """
dim n = 4
net cell(x[n]) -> y[n] { param W[n, m: n]; z[i] = tanh(W[i, j] x[j]); y[i] = z[i] x[i] }
net model(x[n]) -> out[n] {
    shared step = cell
    a = step(x)
    b[i] = sin(a[i])
    out = step(b)
}
"""


@pytest.mark.parametrize(
    ("arguments", "edits"),
    [("z", ["step.z", "step.z#2"]), ("step.z", ["step.z", "step.z#2"]), ("a -> out", ["step.y"])],
)
def test_a_shared_net_is_patched_in_each_of_its_calls(arguments: str, edits: list[str]) -> None:
    """What comes in for the second call is ``z*#2``, or what a run has as ``z#2``."""
    program = elaborated(f"{SHARED}net edited = patch(model, {arguments})")
    rng = np.random.default_rng(5)
    parameters = {"step.W": rng.normal(size=(4, 4))}
    x, other = rng.normal(size=(2, 4))
    module = built(program, "model", parameters)
    corrupt = {key: value.detach() for key, value in module.run_with_cache(tensor(other))[1].items()}

    def cell(x: np.ndarray, call: str) -> np.ndarray:
        z = np.tanh(parameters["step.W"] @ x)
        return (corrupt[f"step.z{call}"].numpy() if f"step.z{call}" in edits else z) * x

    a = corrupt["step.y"].numpy() if "step.y" in edits else cell(x, "")
    expected = cell(np.sin(a), "#2")
    made = built(program, "edited", parameters)
    np.testing.assert_allclose(made(tensor(x), frozen=corrupt).detach(), expected, atol=1e-10)
    arrays = {key: value.numpy() for key, value in corrupt.items()}
    found = execute(program, "edited", [x], parameters, frozen=arrays)
    np.testing.assert_allclose(found.outputs["out"], expected, atol=1e-10)
    starred = {key.replace(".z", ".z*").replace(".y", ".y*"): corrupt[key] for key in edits}
    np.testing.assert_allclose(made(tensor(x), frozen=starred).detach(), expected, atol=1e-10)


PLAIN = """
dim n = 3
net f(x[n]) -> y[n] {
    param W[n, m: n]
    a[i] = tanh(x[i])
    b[i] = W[i, j] a[j]
    c[i] = a[i] b[i]
    y[i] = c[i] + b[i]
}
"""


def test_without_a_stream_a_path_leads_through_all_values() -> None:
    assert net(PLAIN + "net g = patch(f, a -> c)", "g") == [
        "a[i] = tanh⟨x[i]⟩",
        "frozen a*[i]",
        "b[i] = Σj W[i, j] a[j]",
        "b into c[i] = Σj W[i, j] a*[j]",
        "c[i] = a*[i] b into c[i]",
        "y[i] = c[i] + b[i]",
    ]


def test_a_path_leads_through_the_terms_of_a_sum_over_a_family() -> None:
    text = """
    dim n = 3
    net f(x[n]) -> y[n] {
        param W{0..2}[n, m: n]
        repeat h in 0..2 { z{h}[i] = tanh(W{h}[i, j] x[j]) }
        y[i] = sum h in 0..2 { W{h}[i, j] z{h}[j] }
    }
    net g = patch(f, z{1} -> y)
    """
    assert net(text, "g") == [
        "z.0[i] = tanh⟨Σj W{0}[i, j] x[j]⟩",
        "frozen z.1*[i]",
        "y[i] = Σj W{0}[i, j] z.0[j] + Σj W{1}[i, j] z.1*[j]",
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("net e = ablate(model)", "TN903"),
        ("net e = ablate(model, Z)", "TN902"),
        ("net e = ablate(model, x)", "TN902"),
        ("net e = ablate(model, z[0, 1])", "TN902"),
        ("net e = ablate(model, z[2, q, s])", "TN902"),
        ("net e = ablate(model, z[0 q, s, t])", "TN122"),
        ("net e = ablate(model, z[0, q: seq, s])", "TN903"),
        ("net e = ablate(model, z, rank = 2)", "TN903"),
        ("net e = ablate(model, z, mean = k)", "TN902"),
        ("net e = ablate(model, z, mean = 2)", "TN903"),
        ("net e = ablate(model, z -> y)", "TN903"),
        ("net e = ablate(freeze(model, z), z)", "TN902"),
        ("net e = freeze(model, z[0, q, s])", "TN903"),
        ("net e = freeze(model[0], z)", "TN903"),
        ("net e = patch(model)", "TN903"),
        ("net e = patch(model, z, mean = k)", "TN903"),
        ("net e = patch(model, r)", "TN902"),
        ("net e = patch(model, attention{0}.z -> attention{9}.Q)", "TN902"),
        ("net e = patch(model, attention{2}.z -> attention{1}.Q)", "TN902"),
        ("net e = patch(model, attention{1}.Z -> attention{2}.Q)", "TN902"),
        ("net e = patch(model, attention{0}.z -> attention{1}.Q[2, q, s])", "TN902"),
        ("net e = patch(model, mlp{0}.m -> norm{0}.y)", "TN902"),
        ("net e = patch(model, logits -> logits)", "TN902"),
        ("net e = patch(model, attention{0}.z -> attention.z)", "TN902"),
        ("net e = replace(model, z)", "TN903"),
        ("net e = replace(model, z, Q)", ""),
        ("net e = replace(model, z, A)", "TN902"),
        ("net e = replace(model, z, o)", "TN902"),
        ("net e = replace(model, z, V)", "TN902"),
        ("net e = replace(model, attention, mlp)", ""),
        ("net e = replace(model, attend, mlp)", "TN902"),
        ("net two(x[seq, hidden], y[seq, hidden]) -> z[seq, hidden] { z = x + y }\n"
         "net e = replace(model, attention, two)", "TN902"),
    ],
)  # fmt: skip
def test_what_is_refused(line: str, code: str) -> None:
    assert codes(MODEL + line) == [code] * bool(code), said(MODEL + line)


def test_all_calls_of_a_net_are_replaced_by_its_name() -> None:
    """Those that have other names, in a repeat and in a net that is called, as one by one."""
    text = """
    dim n = 4
    net norm(x[n]) -> y[n] { param g[n]; y[i] = layernorm[i](x[i]) g[i] }
    net flat(x[n]) -> y[n] { param g[n]; y[i] = x[i] g[i] }
    net block(x[n]) -> y[n] { param W[n, m: n]; y[i] = W[i, j] (norm(x) as inner)[j] }
    net model(x[n]) -> out[n] {
        stream r = x
        repeat l in 0..2 { r += block(norm(r) as first) }
        out = (norm(r) as last)
    }
    net whole = replace(model, norm, flat)
    net each = replace(replace(replace(model, last, flat), first, flat), inner, flat)
    """
    program = elaborated(text)
    rng = np.random.default_rng(3)
    parameters = {name: rng.normal(size=slot.shape) for name, slot in parameters_of(program, "model").items()}
    x = rng.normal(size=4)
    model, whole, each = (
        execute(program, n, [x], parameters).outputs["out"] for n in ("model", "whole", "each")
    )
    r = x
    for layer in range(2):
        first = r * parameters[f"first.{layer}.g"]
        r = r + parameters[f"block.{layer}.W"] @ (first * parameters[f"block.{layer}.inner.g"])
    np.testing.assert_allclose(whole, r * parameters["last.g"], atol=1e-10)
    np.testing.assert_allclose(each, whole, atol=1e-10)
    assert np.abs(model - whole).max() > 1e-3


def _values(net: Net) -> list[str]:
    return [s.target.name for s in statements(net.body) if isinstance(s, Bind) and not s.target.anonymous]


@settings(max_examples=25)
@given(programs())
def test_edits_of_random_programs(case: Case) -> None:
    """Against the module of the program itself, which takes any value from outside."""
    program = elaborated(case.text)
    rng = np.random.default_rng(0)
    module = built(program, case.net, case.parameters, DIMS)
    for name in sorted(set(_values(program.net(case.net)))):
        places = {key: case.values[key] for key in case.values if key.partition(".")[0] == name}
        if not places or any(array.dtype == complex for array in places.values()):
            continue
        given = {key: rng.normal(size=array.shape) for key, array in places.items()}
        one = (Step(name),)
        corner = (Step(name, entries=(0,) * next(iter(places.values())).ndim),)
        for transform, path in (("ablate", one), ("patch", one), ("patch", corner)):
            try:
                nets = transform_of(transform)(Request(program, "new", case.net, (path,)))
            except TransformError:
                continue
            changed = replace(program, nets=(*program.nets, *nets))
            assert violations(changed) == [], f"{transform} {name}\n{case.text}"
            values = given
            if transform == "ablate":
                values = {key: np.zeros_like(array) for key, array in given.items()}
            elif path is corner:
                values = {key: places[key].copy() for key in given}
                for key, array in values.items():
                    array[(0,) * array.ndim] = given[key][(0,) * array.ndim]
                if len(places) > 1 or not np.isfinite(next(iter(places.values()))).all():
                    continue
            expected = arrays(
                module(**given_inputs(case.inputs), frozen={k: tensor(v) for k, v in values.items()})
            )
            expected_by_name = dict(zip(case.outputs, expected, strict=True))
            if not all(np.isfinite(array).all() for array in expected):
                continue
            frozen = given if transform == "patch" else {}
            found = execute(changed, "new", case.inputs, case.parameters, frozen=frozen).outputs
            case.close(found, expected_by_name)
            again = built(changed, "new", case.parameters, DIMS)
            more = {"frozen": {k: tensor(v) for k, v in frozen.items()}} if frozen else {}
            by_module = arrays(again(**given_inputs(case.inputs), **more))
            case.close(dict(zip(case.outputs, by_module, strict=True)), expected_by_name)
