"""What holds of all transforms: state_dicts move, checkpoints fit, parts have places in the text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch import nn

from docs.pages import ROOT, pictures
from tests.elaborate.notation import elaborated
from tests.torch.modules import arrays, built, given_inputs, tensor
from tests.transforms.fixtures import fixtures
from tests.transforms.test_three_ways import nested
from tnlang.ir.net import Bind, Net, Part, StreamSet
from tnlang.ir.program import Program
from tnlang.ir.slots import called, parameters_of
from tnlang.ir.walk import statements, walk
from tnlang.reference import execute, initialise, load_weights, random_inputs
from tnlang.source import NOWHERE
from tnlang.transforms import TRANSFORMS

BLOCKS = """
dim seq = 4, hidden = 4, head = 2, layer = 3
param E[hidden, in: hidden]
net norm(x[seq, hidden]) -> y[seq, hidden] { param g[hidden]; y[p, d] = layernorm[d](x[p, d]) g[d] }
net attention(x[seq, hidden]) -> o[seq, hidden] {
    param W_Q[head, hidden, hidden], W_V[head, out: hidden, in: hidden]
    n = norm(x)
    Q[h, q, e] = n[q, d] W_Q[h, d, e]
    A[h, q, k] = softmax[k](causal[q, k](Q[h, q, e] n[k, e]))
    z[h, q, d] = A[h, q, k] W_V[h, d, e] n[k, e]
    o[q, d] = z[h, q, d] ones[h]
}
net other(x[seq, hidden]) -> o[seq, hidden] { param W_O[hidden, in: hidden]; o[q, d] = W_O[d, e] x[q, e] }
net model(x[seq, hidden]) -> out[seq, hidden] {
    e[q, d] = x[q, f] E[d, f]
    stream r = e
    repeat l in 0..layer { r += attention(r); r += other(norm(r) as ln) }
    out = norm(r)
}
"""

SHARED = """
dim n = 3
param U[n, m: n], B[n]
net inner(x[n]) -> y[n] { param V[n, m: n]; y[i] = V[i, j] x[j] + B[i] }
net cell(x[n]) -> y[n] { param W[n, m: n]; t = inner(x); h[i] = W[i, j] t[j]; y = tanh(h) }
shared top = cell
net model(x[n]) -> y[n] {
    shared step = cell
    param K{0..2}[n]
    a = step(x)
    b[i] = K{0}[i] a[i]
    c = top(b)
    d[i] = U[i, j] c[j]
    g = step(d)
    y[i] = g[i] K{1}[i]
}
"""

PROGRAMS = {"blocks": BLOCKS, "shared": SHARED}
STEPS = {
    "blocks": [
        ["freeze(A)"],
        ["freeze(n)"],
        ["freeze(attention{1}.o)"],
        ["freeze(e)"],
        ["freeze(out)"],
        ["freeze(o, z)"],
        ["freeze(o)", "simplify()"],
        ["freeze(e)", "freeze(ln.y)"],
        ["freeze(A)", "freeze(attention.o)"],
        ["ablate(e)"],
        ["ablate(attention{1}.o, n)"],
        ["ablate(attention{2}.z[0, q, d], mean = q)"],
        ["ablate(o)", "simplify()"],
        ["patch(e)"],
        ["patch(attention.o)"],
        ["patch(attention{0}.o -> attention{2}.Q)"],
        ["freeze(e)", "patch(attention{0}.o -> attention{2}.Q)"],
        ["replace(attention, other)"],
        ["replace(attention{1}, norm)"],
        ["replace(e, x)"],
        ["freeze(A, scale)", "expand(h)"],
        ["freeze(A, scale)", "expand(paths, order <= 1)"],
        ["freeze(e, attention{1}.o, A, scale)", "expand(paths, by = block)"],
        ["derivative(x)"],
        ["derivative(attention{2}.W_V)"],
        ["freeze(attention.o)", "derivative(e)"],
        ["contract(W_V, A, name = B)"],
        ["contract(E, x, name = B)"],
        ["decompose(E, svd)"],
        ["decompose(attention.W_V, tucker, rank = (2, 2, 2))"],
        ["decompose(other.W_O, cp, rank = 2)"],
        ["decompose(attention.W_V, tt)"],
        ["fold(norm)"],
        ["fold(ln)"],
        ["freeze(attention{0}.o, e)", "fold(ln)"],
        ["incremental(seq)"],
        ["simplify()"],
        ["slice(e)"],
        ["slice(largest <= 50)"],
    ],
    "shared": [
        *([f"freeze({value})"] for value in "abcdgy" if value != "y"),
        ["freeze(a, g)"],
        ["freeze(a)", "freeze(c, d)"],
        ["ablate(c)"],
        ["ablate(b)", "simplify()"],
        ["patch(d)"],
        ["patch(c -> y)"],
        ["freeze(c)", "patch(d -> y)"],
        ["replace(d, x)"],
        ["derivative(x)"],
        ["derivative(K{1})"],
        ["derivative(d)"],
        ["contract(U, c)"],
        ["decompose(U, svd)"],
        ["freeze(d)", "expand(j)"],
        ["simplify()"],
    ],
}
CASES = [(name, steps) for name, all_steps in STEPS.items() for steps in all_steps]


def shapes(program: Program, net: str) -> dict[str, tuple[int, ...]]:
    return {name: slot.shape for name, slot in parameters_of(program, net).items()}


def test_each_transform_is_tried() -> None:
    assert {step.partition("(")[0] for _, steps in CASES for step in steps} == set(TRANSFORMS)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_each_transform_has_fixtures_and_a_picture_on_its_page(transform: str) -> None:
    drawn = [picture.program for picture in pictures(ROOT / "docs" / "transforms.md")]
    texts = [one.read_text(encoding="utf-8") if isinstance(one, Path) else one for one in drawn]
    assert any(f"{transform}(" in text for text in texts)
    assert fixtures(transform)


@pytest.mark.parametrize(("name", "steps"), CASES, ids=str)
def test_a_state_dict_moves_both_ways(name: str, steps: list[str]) -> None:
    program = elaborated(f"{PROGRAMS[name]}net new = {nested(steps)}\n")
    stands_in_the_text(program, PROGRAMS[name].count("\n"))
    old, new = shapes(program, "model"), shapes(program, "new")
    more = {key for key in new if key not in old}
    assert {key: new[key] for key in new if key not in more} == old
    assert not more or steps[0].startswith("replace(attention"), more
    parameters = initialise(program, "new", seed=1)
    model = built(program, "model", {key: parameters[key] for key in old})
    made = built(program, "new")
    assert set(made.state_dict()) == set(new)
    own = {key: tensor(parameters[key]) for key in more}
    made.load_state_dict(model.state_dict() | own)
    model.load_state_dict({key: value for key, value in made.state_dict().items() if key not in more})
    if steps[0].startswith(("freeze", "ablate", "replace")) and "expand(paths" not in steps[-1]:
        gives_what_the_reference_gives(program, parameters, model, made)


def gives_what_the_reference_gives(
    program: Program, parameters: dict[str, np.ndarray], model: nn.Module, made: nn.Module
) -> None:
    """With frozen values from a run of the source; what is left out needs none."""
    inputs = random_inputs(program, "model", seed=1)
    with torch.no_grad():
        _, cache = model.run_with_cache(**given_inputs(inputs))
        more = {"frozen": cache} if made.frozen else {}
        found = arrays(made(**given_inputs(inputs), **more))
    frozen = {key: value.numpy() for key, value in cache.items()} if made.frozen else {}
    outputs = execute(program, "new", inputs, parameters, frozen=frozen).outputs
    for got, wanted in zip(found, outputs.values(), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-10)


STORED = """
weights huggingface for model {
    prefix "model."
    E[d, e] = "embed"[e, d]
    attention{l}.W_Q[h, d, e] = "h.{l}.q"[d, (h e)]
    attention{l}.W_V[h, d, e] = "h.{l}.v"[h, d, e]
    attention{l}.norm.g[d] = "h.{l}.norm"[d]
    ln{l}.g[d] = "h.{l}.ln"[d]
    other{l}.W_O[d, e] = "h.{l}.o"[d, e]
    norm.g[d] = "norm"[d]
}
"""


@pytest.mark.parametrize(
    "steps",
    [
        ["freeze(e, out)"],
        ["freeze(A, scale)", "expand(paths, by = block)"],
        ["patch(attention{0}.o -> attention{2}.Q)"],
        ["freeze(attention{1}.o)", "simplify()"],
        ["decompose(E, svd)"],
        ["fold(norm)"],
        ["derivative(x)"],
        ["incremental(seq)"],
    ],
    ids=str,
)
def test_a_checkpoint_fills_what_is_made_from_its_net(steps: list[str], tmp_path: Path) -> None:
    program = elaborated(f"{BLOCKS}net new = {nested(steps)}\n{STORED}")
    rng = np.random.default_rng(0)
    sizes = {"q": (4, 8), "v": (2, 4, 4), "norm": (4,), "ln": (4,), "o": (4, 4)}
    layers = {f"h.{layer}.{key}": shape for layer in range(3) for key, shape in sizes.items()}
    stored = {key: rng.normal(size=shape) for key, shape in {"embed": (4, 4), "norm": (4,), **layers}.items()}
    save_file(stored, tmp_path / "model.safetensors")
    model, made = built(program, "model").load_weights(tmp_path), built(program, "new").load_weights(tmp_path)
    expected = {key: value.numpy() for key, value in model.state_dict().items()}
    np.testing.assert_array_equal(expected["attention.2.W_Q"][1], stored["h.2.q"][:, 4:])
    read = load_weights(program, "new", tmp_path)
    assert set(read) == set(made.state_dict()) == set(expected)
    for key, value in made.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), expected[key])
        np.testing.assert_array_equal(read[key], expected[key])


def stands_in_the_text(program: Program, lines: int) -> None:
    """Each part of the new net has a place in the source, not in the line that makes it."""
    for net in called(program, program.net("new")):
        for part in (net, *parts(net)):
            assert part.origin.span != NOWHERE and part.origin.span.line <= lines, part


def parts(net: Net) -> Iterator[Part]:
    for statement in statements(net.body):
        yield statement
        if isinstance(statement, Bind | StreamSet):
            yield from (statement.body, *statement.body.terms, *walk(statement.body))
