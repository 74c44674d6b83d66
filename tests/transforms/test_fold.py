"""fold: the parameters of norms in the weights that read them, as TransformerLens folds them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings

import tnlang
from tests.elaborate.notation import codes, elaborated, net
from tests.strategies import Case, programs
from tests.transforms.fixtures import check, fixtures, same_values
from tnlang.ir.check import violations
from tnlang.ir.net import Bind
from tnlang.reference import execute
from tnlang.transforms import Request, Step, TransformError
from tnlang.transforms.fold import fold

GALLERY = Path(__file__).parents[2] / "examples" / "gallery"
SMALL = {"layer": 2, "vocab": 50, "head": 4, "head_size": 4, "hidden": 16, "position": 10}


@pytest.mark.parametrize("path", fixtures("fold"), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    check(path)


@pytest.fixture(scope="module")
def gpt2() -> tnlang.Program:
    text = (GALLERY / "gpt2.tn").read_text(encoding="utf-8")
    return tnlang.load(text + "\nnet folded = fold(gpt2, ln)\nnet last = fold(gpt2, ln_f)\n", dims=SMALL)


def test_gpt2_gives_the_same_from_one_state_dict(gpt2: tnlang.Program) -> None:
    torch.manual_seed(1)
    source = gpt2.nets["gpt2"].module()
    for parameter in source.parameters():
        torch.nn.init.normal_(parameter)
    tokens = torch.randint(0, 50, (2, 7))
    expected = source(tokens)
    for name in ("folded", "last"):
        module = gpt2.nets[name].module()
        module.load_state_dict(source.state_dict())
        for result in (module(tokens), module.prepare()(tokens)):
            torch.testing.assert_close(result, expected, rtol=1e-5, atol=1e-5)
    assert not [key for key in module.state_dict() if key not in source.state_dict()]


def test_the_tensors_are_those_of_transformer_lens(gpt2: tnlang.Program) -> None:
    """Its formulae: W_Q * gain, b_Q + (W_Q * bias).sum, for Q, K, V, the MLP and the unembedding."""
    module = gpt2.nets["folded"].module()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    module.prepare()
    kept = {name: buffer.numpy() for name, buffer in module.named_buffers()}
    state = {name: value.numpy() for name, value in module.state_dict().items()}
    seen = 0
    for layer in range(2):
        gain, bias = state[f"ln_1.{layer}.gain"], state[f"ln_1.{layer}.bias"]
        for letter in "QKV":
            W, b = state[f"attention.{layer}.W_{letter}"], state[f"attention.{layer}.b_{letter}"]
            found = kept[f"prepared_attention_{layer}_W_{letter}_prime"]
            np.testing.assert_allclose(found, W * gain, rtol=1e-6)
            found = kept[f"prepared_attention_{layer}_b_{letter}_prime"]
            np.testing.assert_allclose(found, b + (W * bias).sum(-1), rtol=1e-4, atol=1e-5)
            seen += 2
        gain, bias = state[f"ln_2.{layer}.gain"], state[f"ln_2.{layer}.bias"]
        W, b = state[f"mlp.{layer}.W_in"], state[f"mlp.{layer}.b_in"]
        np.testing.assert_allclose(kept[f"prepared_mlp_{layer}_W_in_prime"], W * gain, rtol=1e-6)
        found = kept[f"prepared_mlp_{layer}_b_in_prime"]
        np.testing.assert_allclose(found, b + (W * bias).sum(-1), rtol=1e-4, atol=1e-5)
        seen += 2
    W, gain, bias = state["W_E"], state["ln_f.gain"], state["ln_f.bias"]
    np.testing.assert_allclose(kept["prepared_W_E_prime"], W * gain, rtol=1e-6)
    (rest,) = (value for name, value in kept.items() if "bias" in name)
    np.testing.assert_allclose(rest, (W * bias).sum(-1), rtol=1e-4, atol=1e-5)
    assert len(kept) == seen + 2


def test_centred_weights_give_the_same_but_for_the_mean_of_the_logits() -> None:
    text = (GALLERY / "gpt2.tn").read_text(encoding="utf-8")
    text += (
        "\nnet same = fold(gpt2, ln, centre = (reading, writing))\nnet alone = fold(gpt2, centre = writing)"
    )
    text += "\nnet less = fold(gpt2, ln, centre = unembed)\n"
    nets = tnlang.load(text, dims=SMALL).nets
    source = nets["gpt2"].module().double()
    for parameter in source.parameters():
        torch.nn.init.normal_(parameter)
    tokens = torch.randint(0, 50, (2, 7))
    expected = source(tokens)
    for name in ("same", "alone", "less"):
        module = nets[name].module().double()
        module.load_state_dict(source.state_dict())
        wanted = expected - expected.mean(-1, keepdim=True) if name == "less" else expected
        for result in (module(tokens), module.prepare()(tokens)):
            torch.testing.assert_close(result, wanted, rtol=1e-9, atol=1e-9)
        assert bool(nets[name].ir.note) == (name == "less")
        written = [value for key, value in module.named_buffers() if "W_O" in key or "W_out" in key]
        assert len(written) == (0 if name == "less" else 4)
        axes = {"W_O": -1, "W_out": 0}
        for key, value in module.named_buffers():
            if name != "less" and any(weight in key for weight in axes):
                axis = next(axis for weight, axis in axes.items() if weight in key)
                assert value.mean(axis).abs().max() < 1e-12 < value.abs().max()


@pytest.mark.parametrize(
    "line",
    [
        "net a = fold(rms, centre = writing)",
        "net a = fold(rms, centre = reading)",
        "net a = fold(plain, centre = writing)",
        "net a = fold(plain, centre = unembed)",
        "net a = fold(plain, norm, centre = weights)",
        "net a = fold(plain, norm, centre = 3)",
        "net a = fold(plain, norm, center = writing)",
        "net a = fold(plain)",
    ],
)
def test_what_is_not_centred(line: str) -> None:
    """A stream that something but a layer norm reads, and an output that is one."""
    text = """
    dim s = 3, n = 4
    net rms(x[s, n]) -> y[s, n] {
        param W[n, m: n], U[n, m: n]
        stream r = x
        r[p, d] += W[d, e] rmsnorm[e](r[p, e])
        y[p, d] = U[d, e] rmsnorm[e](r[p, e])
    }
    net norm(x[s, n]) -> y[s, n] { param g[n]; y[p, d] = layernorm[d](x[p, d]) g[d] }
    net plain(x[s, n]) -> y[s, n] {
        param W[n, m: n]
        stream r = x
        r[p, d] += W[d, e] norm(r)[p, e]
        y = r
    }
    """
    assert codes(text + line) == ["TN903"]


UNEMBED = """
dim seq = 3, hidden = 4, vocab = 5
net ln(x[seq, hidden]) -> y[seq, hidden] {
    param gain[hidden] ~ ones, bias[hidden] ~ zeros
    scale[p] = rsqrt(var[e](x[p, e]) + 1e-5)
    y[p, d] = (x[p, d] - mean[e](x[p, e])) scale[p] gain[d] + bias[d]
}
net unembed(x[seq, hidden]) -> logits[seq, vocab] {
    param W_U[vocab, hidden]
    logits[p, v] = ln(x)[p, d] W_U[v, d]
}
"""


def test_a_norm_written_out_keeps_its_scale_as_a_value() -> None:
    assert net(UNEMBED + "net f = fold(unembed, ln)", "f") == [
        "W_U'[v, d] = W_U[v, d] ln.gain[d]",
        "ln.scale[p] = rsqrt⟨var[e]⟨x[p, e]⟩ + 1e-5⟩",
        "ln.normal[p, d] = (x[p, d] + -mean[e]⟨x[p, e]⟩) ln.scale[p]",
        "W_U·ln.bias[v] = Σd W_U[v, d] ln.bias[d]",
        "logits[p, v] = Σd ln.normal[p, d] W_U'[v, d] + W_U·ln.bias[v]",
    ]


def test_a_frozen_norm_folds_too() -> None:
    program = tnlang.load(UNEMBED + "net a = freeze(unembed, scale)\nnet b = fold(a, ln)")
    source, folded = program.nets["unembed"].module(), program.nets["b"].module()
    folded.load_state_dict(source.state_dict())
    x = torch.randn(3, 4)
    out, cache = source.run_with_cache(x)
    torch.testing.assert_close(folded(x, frozen=cache), out)


def test_weights_of_families_and_products_of_weights() -> None:
    text = """
    dim n = 3, m = 2
    param W{l: 0..2}[m, n], A[m, n], B[n, k: n], g[n]
    net f(x[n]) -> y[m] {
        h[i] = layernorm[i](x[i]) g[i]
        AB[a, i] = A[a, j] B[j, i]
        y[a] = W{0}[a, i] h[i] + W{1}[a, i] h[i] + AB[a, i] h[i]
    }
    net e = fold(f, h)
    """
    program = elaborated(text)
    assert violations(program) == []
    same_values(program, "f", "e")
    made = [s.target.name for s in program.net("e").body if s.target.derived]  # type: ignore[union-attr]
    assert sorted(made) == ["AB'", "W.0'", "W.1'"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("unembed", "fold takes the norms"),
        ("unembed, lm", "has no norm or value lm"),
        ("ln, y", "no weight reads y"),
        ("ln, scale", "scale has no parameters"),
        ("unembed, ln, rank = 3", "fold has no option rank"),
    ],
)
def test_what_cannot_be_folded_is_refused(arguments: str, said: str) -> None:
    with pytest.raises(tnlang.TnError) as caught:
        tnlang.load(UNEMBED + f"net f = fold({arguments})\n")
    (found,) = caught.value.diagnostics
    assert found.code in ("TN902", "TN903") and said in found.message and found.hint


@settings(max_examples=40)
@given(programs())
def test_what_is_folded_keeps_its_value(case: Case) -> None:
    program = elaborated(case.text)
    values = [s.target.name for s in program.net(case.net).body if isinstance(s, Bind)]
    for name in values:
        with suppress(TransformError):
            nets = fold(Request(program, "new", case.net, ((Step(name),),)))
            changed = replace(program, nets=(*program.nets, *nets))
            assert violations(changed) == [], f"{name}\n{case.text}"
            case.close(execute(changed, "new", case.inputs, case.parameters).outputs, case.outputs)


BY_HAND = """
dim seq = 3, hidden = 4, mlp = 5, layer = 2
net norm(x[seq, hidden]) -> y[seq, hidden] {
    param g[hidden], b[hidden]
    mu[p] = mean[d](x[p, d])
    c[p, d] = x[p, d] - mu[p]
    scale[p] = rsqrt(c[p, d] c[p, d] / hidden + 1e-5)
    y[p, d] = c[p, d] scale[p] g[d] + b[d]
}
net ff(z[seq, hidden]) -> o[seq, hidden] {
    param U[mlp, hidden], D[hidden, mlp]
    o[p, d] = D[d, m] relu(U[m, e] z[p, e])
}
net lm(t[seq, hidden]) -> logits[seq, hidden] {
    param E[hidden, hidden], W_U[hidden, hidden]
    stream r[p, d] = E[d, e] t[p, e]
    repeat l in 0..layer { r += ff(norm(r) as n) }
    final[p, d] = norm(r)[p, d]
    logits[p, v] = W_U[v, d] final[p, d]
}
"""


@pytest.mark.parametrize(
    ("line", "centred"),
    [
        ("fold(lm, norm, centre = (reading, writing))", {"E'", "ff.0.D'", "ff.1.D'"}),
        ("fold(fold(lm, norm), centre = reading)", set()),
        ("fold(lm, centre = writing)", {"E'", "ff.0.D'", "ff.1.D'"}),
    ],
)
def test_a_norm_written_by_hand_centres(line: str, centred: set[str]) -> None:
    program = elaborated(f"{BY_HAND}net new = {line}")
    bound = {s.target.name for s in program.net("new").body if isinstance(s, Bind)}
    assert centred <= bound
    same_values(program, "lm", "new")


def test_a_mean_that_is_read_otherwise_is_no_part_of_a_norm() -> None:
    text = BY_HAND.replace("g[d] + b[d]", "g[d] + b[d] + mu[p]")
    assert codes(f"{text}net new = fold(lm, centre = writing)") == ["TN903"]
