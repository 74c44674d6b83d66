"""Names of the text as Python names."""

from __future__ import annotations

import ast
import keyword

import pytest
import torch
from torch import nn

from tnlang.elaborate import load_program
from tnlang.execute import instantiate
from tnlang.lower import torch_source
from tnlang.lower.names import (
    MODULE_ATTRIBUTES,
    NET_ATTRIBUTES,
    Names,
    attribute,
    class_name,
    class_names,
    identifier,
)
from tnlang.lower.runtime.net import Net
from tnlang.lower.torch_runtime import definitions
from tnlang.source import Source


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("a -> b' -> gpt2.ln", "a_to_gpt2_ln"),
        ("W_Q", "W_Q"),
        ("W'", "W_prime"),
        ("x''", "x_prime_prime"),
        ("lambda", "lambda_"),
        ("self", "self_"),
        ("θ", "θ"),
        ("A.0", "A_0"),
        ("__init__", "u__init__"),
        ("2x", "_2x"),
        ("a b;c", "a_20_b_3b_c"),
        ("ﬁ", "fi"),
    ],
)
def test_identifier(name: str, python: str) -> None:
    assert identifier(name) == python
    assert python.isidentifier() and not keyword.iskeyword(python)


def _is_torch(name: str) -> bool:
    """Whether it is torch's own: other packages add methods to nn.Module."""
    return getattr(getattr(nn.Module, name, None), "__module__", "torch").startswith("torch")


def test_everything_a_module_has_is_escaped() -> None:
    instance = nn.Module()
    public = {name for name in dir(instance) if not name.startswith("_") and _is_torch(name)}
    assert public <= MODULE_ATTRIBUTES
    for name in public:
        assert not hasattr(instance, attribute(name))


def test_everything_a_generated_class_has_is_escaped() -> None:
    own = {name for name in vars(Net) if not name.startswith("_")}
    assert own <= NET_ATTRIBUTES | MODULE_ATTRIBUTES  # what PyTorch has is overridden


@pytest.mark.parametrize(
    ("net", "python"),
    [
        ("gpt2", "Gpt2"),
        ("self_attention", "SelfAttention"),
        ("frozen/attention", "FrozenAttention"),
        ("gpt2.attention", "Gpt2Attention"),
        ("f'", "FPrime"),
        ("none", "None_"),
        ("2d", "N2d"),
        ("ψ", "Ψ"),
    ],
)
def test_class_name(net: str, python: str) -> None:
    assert class_name(net) == python
    assert python.isidentifier()


def test_each_net_has_a_class_of_its_own() -> None:
    """Also those that a transform makes of the nets called (``c/d``), and those of several outputs."""
    text = """
dim n = 2
net cell(x[n]) -> y[n] { param W[n, n]; z[i] = W[i, j] x[j]; y = tanh(z) }
net whole(x[n]) -> y[n] { y = cell(x) }
net a = freeze(whole, cell.z)
net a_cell(x[n]) -> y[n] { y = 2 x }
net aCell(x[n]) -> y[n] { y = 3 x }
net two(x[n]) -> (y[n], z[n]) { y = 4 x; z = x }
net two_output(x[n]) -> y[n] { y = 5 x }
"""
    program = load_program(Source("model.tn", text))
    names = class_names(program)
    assert names["a_cell"] == "ACell" and names["two"] == "Two"
    assert len(set(names.values())) == len(names)
    classes = [node.name for node in ast.parse(torch_source(program)).body if isinstance(node, ast.ClassDef)]
    assert len(set(classes)) == len(classes)
    x = torch.ones(2)
    for net, expected in (("a_cell", 2), ("aCell", 3), ("two_output", 5)):
        assert torch.equal(instantiate(program, net)(x), expected * x)
    assert torch.equal(instantiate(program, "two")(x).y, 4 * x)


def test_each_name_is_given_once() -> None:
    names = Names.local()
    assert [names.take("x"), names.take("x"), names.take("x")] == ["x", "x_", "x_2"]
    assert names.take("torch") == "torch_"


def test_every_function_of_the_runtime_may_be_a_dim() -> None:
    """Where a variable has its name, a function gives way: everywhere or nowhere."""
    for name in (name for name in definitions() if name[0].islower()):
        text = (
            f"dim {name} = 2\nnet f(x[{name}]) -> y[a: {name}] {{\n param Q[a: {name}, {name}] ~ normal(1)\n"
        )
        program = load_program(Source("model.tn", text + " y[a] = softmax[a](Q[a, c] x[c])\n}"))
        module = instantiate(program, "f").double()
        assert module(torch.ones(2, dtype=torch.float64)).shape == (2,)
