"""Names of the text as Python names."""

from __future__ import annotations

import keyword

import pytest
from torch import nn

from tnlang.lower.names import MODULE_ATTRIBUTES, NET_ATTRIBUTES, Names, attribute, class_name, identifier
from tnlang.lower.runtime import Net


@pytest.mark.parametrize(
    ("name", "python"),
    [
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
    assert own <= NET_ATTRIBUTES


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


def test_each_name_is_given_once() -> None:
    names = Names.local()
    assert [names.take("x"), names.take("x"), names.take("x")] == ["x", "x_", "x_2"]
    assert names.take("torch") == "torch_"
