"""Every transform in a file, from the command line and from Python: the same words, the same net."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import tnlang
from tests.transforms.fixtures import forms
from tnlang.cli import main
from tnlang.transforms import TRANSFORMS

MODEL = """
dim seq = 4, hidden = 5, head = 2, layer = 2
net norm(x[seq, hidden]) -> y[seq, hidden] { param g[hidden]; y[p, d] = layernorm[d](x[p, d]) g[d] }
net attention(x[seq, hidden]) -> o[seq, hidden] {
    param W_Q[head, hidden, hidden], W_K[head, hidden, hidden], W_V[head, out: hidden, in: hidden]
    Q[h, q, e] = x[q, d] W_Q[h, d, e]
    A[h, q, k] = softmax[k](Q[h, q, e] W_K[h, d, e] x[k, d])
    z[h, q, d] = A[h, q, k] W_V[h, d, e] x[k, e]
    o[q, d] = z[h, q, d] ones[h]
}
net model(x[seq, hidden]) -> out[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r += attention(norm(r)) }
    out = r
}
"""

STEPS = {
    "ablate": ["ablate(attention{1}.z[0, q, d], mean = q)"],
    "contract": ["contract(W_V, A, name = B)"],
    "decompose": ["decompose(attention.W_V, svd, rank = 2, left = (head, out))"],
    "derivative": ["freeze(A, scale)", "derivative(x)"],
    "expand": ["freeze(A, *.scale)", "expand(paths, order <= 1, by = block)"],
    "fold": ["fold(norm)"],
    "freeze": ["freeze(A, attention{0}.z)"],
    "incremental": ["replace(attention, norm)", "incremental(seq)"],
    "patch": ["patch(attention{0}.z[1, q, d] -> attention{1}.Q -> attention{1}.o)", "freeze(A)"],
    "replace": ["replace(attention, norm)"],
    "simplify": ["simplify()"],
    "slice": ["slice(e)"],
}


def nested(steps: list[str]) -> str:
    """``freeze(A)``, ``expand(h)`` as ``expand(freeze(model, A), h)``."""
    value = "model"
    for step in steps:
        word, _, rest = step.partition("(")
        value = f"{word}({value}{', ' * (rest != ')')}{rest}"
    return value


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
def test_the_same_net(name: str, tmp_path: Path) -> None:
    steps = STEPS[name]
    written = tnlang.load(f"{MODEL}net model_{name} = {nested(steps)}\n")
    expected = forms(written.ir, f"model_{name}")
    one = tnlang.load(MODEL).nets["model"].transform(*steps, name=f"model_{name}")
    assert forms(one.program.ir, one.name) == expected
    by_parts = tnlang.load(MODEL).nets["model"]
    for step in steps:
        by_parts = by_parts.transform(step)
    assert forms(by_parts.program.ir, by_parts.name) == expected
    file = tmp_path / "model.tn"
    file.write_text(MODEL, encoding="utf-8")
    result = CliRunner().invoke(main, ["transform", str(file), "model", *steps])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(MODEL)
    last = steps[-1].partition("(")[0]
    assert forms(tnlang.load(result.stdout).ir, f"model_{last}") == expected


def ran(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["transform", "-", *arguments], input=MODEL)
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["model", "freeze(B)"], 1, "<stdin>:16:34: error TN902: model has no value B"),
        (["model", "freeze(A"], 1, "<step 1>:1:15: error TN103"),
        (["model", "freeze(A)", "frees(A)"], 1, "error TN901: there is no transform frees"),
        (["model", "freeze(A)\nnet b = a"], 1, "<step 1>:1:1: error TN903: one transform is a step"),
        (["model", "freeze(A) # )"], 0, ""),
        (["model", "freeze(A)", "--name", "b = model #"], 1, "TN903: b = model # is no name for a net"),
        (["model", "freeze(A)", "--name", "norm"], 1, "error TN203"),
        (["models", "freeze(A)"], 2, "there is no net models"),
        (["model"], 2, "Missing argument"),
        (["model", "freeze(A)", "-o", "f.txt"], 2, "f.txt ends in none of .tn, .py, .svg"),
    ],
)
def test_mistakes_are_diagnostics(arguments: list[str], code: int, said: str) -> None:
    found, errors = ran(*arguments)
    assert (found, said in errors) == (code, True), errors


def test_a_picture_or_a_module(tmp_path: Path) -> None:
    steps = ["model", "ablate(z)", "--name", "without"]
    assert ran(*steps, "-o", str(tmp_path / "a.svg")) == (0, "")
    assert "<svg" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert ran(*steps, "-o", str(tmp_path / "a.py"), "--dim", "layer=3") == (0, "")
    assert "class Without(Net)" in (tmp_path / "a.py").read_text(encoding="utf-8")
    assert ran(*steps, "-o", str(tmp_path / "a.tn")) == (0, "")
    assert (tmp_path / "a.tn").read_text(encoding="utf-8").endswith("net without = ablate(model, z)\n")


def test_names_are_made_free() -> None:
    net = tnlang.load(MODEL).nets["model"]
    again = net.transform("freeze(A)").program.nets["model"].transform("freeze(z)")
    assert again.name == "model_freeze_2"
    with pytest.raises(ValueError, match="at least one step"):
        net.transform()
