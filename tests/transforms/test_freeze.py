"""freeze: which values are frozen, what becomes of callees and repeats, what is left to compute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tnlang
from tests.elaborate.notation import codes, elaborated, net, said
from tests.transforms.fixtures import check_captured, fixtures

MODEL = """
dim seq, hidden = 4, layer = 3
net ln(x[seq, hidden]) -> y[seq, hidden] { param gain[hidden]; y[p, d] = layernorm[d](x[p, d]) gain[d] }
net block(x[seq, hidden]) -> y[seq, hidden] {
    param W[out: hidden, in: hidden]
    S[q, k] = x[q, d] x[k, d]
    A[q, k] = softmax[k](S[q, k])
    y[q, o] = A[q, k] W[o, i] (ln(x) as ln_1)[k, i]
}
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r += block(r) }
    t = 2 r
    y = ln(t)
}
"""


def frozen(paths: str, name: str = "f") -> list[str]:
    return net(MODEL + f"net f = freeze(model, {paths})", name)


@pytest.mark.parametrize("path", fixtures("freeze"), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    check_captured(path)


def test_a_bare_name_is_every_value_of_that_name_below():
    assert frozen("A") == [
        "stream r[seq, hidden] = x[seq, hidden]",
        "repeat l in 0..layer",
        "    ~block[seq, hidden] = f/block(r) as block",
        "    r[seq, hidden] += block[seq, hidden]",
        "t[seq, hidden] = 2 r[seq, hidden]",
        "y[seq, hidden] = ln(t) as ln",
    ]
    assert frozen("A", "f/block") == [
        "frozen A[q, k]",
        "~ln_1[seq, hidden] = ln(x) as ln_1",
        "y[q, o] = Σk,i A[q, k] W[o, i] ln_1[k, i]",
    ], "what only A was computed from is gone"


def test_one_turn_cuts_the_repeat():
    lines = frozen("block{1}.A")
    assert [line for line in lines if "repeat" in line or "block(" in line] == [
        "repeat l in 0..1",
        "    ~block[seq, hidden] = block(r) as block",
        "repeat l in 1..2",
        "    ~block[seq, hidden] = f/block(r) as block",
        "repeat l in 2..layer",
        "    ~block[seq, hidden] = block(r) as block",
    ]


def test_a_path_without_turns_is_every_turn():
    lines = frozen("block.A")
    assert [line for line in lines if "repeat" in line] == ["repeat l in 0..layer"]
    lines = frozen("block{0}.A, block{1}.A, block{2}.A")
    assert [line for line in lines if "repeat" in line] == [
        f"repeat l in {at}" for at in ("0..1", "1..2", "2..layer")
    ]


def test_two_variants_of_one_net():
    program = elaborated(MODEL + "net f = freeze(model, block{0}.A, block{2}.S)")
    assert [one.name for one in program.nets][-3:] == ["f/block", "f/block_2", "f"]
    assert program.net("f").source == "model" and program.net("f/block_2").source == "block"
    assert program.exported == ("ln", "block", "model", "f")


def test_values_of_the_net_itself_and_values_of_a_stream():
    assert "frozen t[seq, hidden]" in frozen("t")
    assert frozen("r{0}")[0] == "frozen r[seq, hidden]"
    lines = frozen("r{2}")
    assert lines[3:7] == [
        "    r[seq, hidden] += block[seq, hidden]",
        "repeat l in 1..2",
        "    ~block[seq, hidden] = block(r) as block",
        "    frozen r[seq, hidden]",
    ]


def test_the_scale_of_a_norm():
    assert frozen("scale", "f/ln") == [
        "frozen scale[p]",
        "y[p, d] = (x[p, d] + -mean[d]⟨x[p, d]⟩) scale[p] gain[d]",
    ]
    assert frozen("ln.scale")[-1] == "y[seq, hidden] = f/ln(t) as ln"
    assert "    ~block[seq, hidden] = block(r) as block" in frozen("ln.scale")
    assert "    ~block[seq, hidden] = f/block(r) as block" in frozen("*.scale")


def test_rms_norms_and_norms_in_bubbles():
    text = """
    dim n = 4
    net f(x[n]) -> y[n] { y[i] = relu(rmsnorm[i](2 x[i], eps = 0.5)) + rmsnorm[i](x[i]) }
    net g = freeze(f, scale)
    """
    assert net(text, "g") == [
        "frozen scale",
        "frozen scale_2",
        "y[i] = relu⟨(2 x[i]) scale⟩ + (x[i]) scale_2",
    ]


def test_a_value_called_scale_is_that_value():
    text = "dim n = 4\nnet f(x[n]) -> y[n] { scale = x[0]; y[i] = layernorm[i](x[i]) scale }\n"
    text += "net g = freeze(f, scale)"
    assert net(text, "g") == ["frozen scale", "y[i] = layernorm[i]⟨x[i]⟩ scale"]


def test_freezing_again_and_nested():
    lines = net(MODEL + "net f = freeze(freeze(model, t), block{0}.A)", "f")
    assert "frozen t[seq, hidden]" in lines and "repeat l in 0..1" in lines


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("net f = freeze(model, Q)", "TN902"),
        ("net f = freeze(model, blok.A)", "TN902"),
        ("net f = freeze(model, block{3}.A)", "TN902"),
        ("net f = freeze(model, block{0, 1}.A)", "TN902"),
        ("net f = freeze(model, x)", "TN902"),
        ("net f = freeze(model, W)", "TN902"),
        ("net f = freeze(model)", "TN903"),
        ("net f = freeze(A)", "TN201"),
        ("net f = freeze(model, A, rank = 2)", "TN903"),
        ("net f = freese(model, A)", "TN901"),
        ("net f = freeze(f, A)", "TN501"),
    ],
)
def test_what_is_refused(line: str, code: str):
    assert codes(MODEL + line) == [code]


def test_a_net_that_failed_is_not_reported_again():
    assert codes(MODEL + "net e = simplify(model, A)\nnet f = freeze(e, A)\nfigure q { draw e; draw f }") == [
        "TN902"
    ]


def test_a_pattern_that_matches_nothing_names_what_is_there():
    assert "did you mean" in said(MODEL + "net f = freeze(model, scal)")


@pytest.mark.parametrize(
    ("paths", "fixed"),
    [
        ("A", False),
        ("block{1}.A", False),
        ("*.scale", False),
        ("scale, A", False),
        ("t", True),
        ("r{2}", True),
        ("r{3}", True),
        ("block.y, r{1}", True),
    ],
)
def test_frozen_to_its_own_values_a_net_gives_what_it_gave(paths: str, fixed: bool):
    """The cache of a run, in the frozen net, gives the run's output; another input changes what is open."""
    from tnlang.reference.execute import execute

    program = elaborated(
        MODEL + f"net f = freeze(model, {paths})\nnet scaled = freeze(model, *.scale)", seq=5
    )
    random = np.random.default_rng(1)
    parameters = {"ln.gain": random.normal(size=4)}
    for turn in range(3):
        parameters[f"block.{turn}.W"] = random.normal(size=(4, 4)) / 2
        parameters[f"block.{turn}.ln_1.gain"] = random.normal(size=4)
    x = random.normal(size=(5, 4))
    run = execute(program, "model", [x], parameters)
    cache = dict(run.cache)
    for path, values in _norm_inputs(cache).items():
        centred = values - values.mean(-1, keepdims=True)
        cache[path] = 1 / np.sqrt((centred**2).mean(-1) + 1e-5)
    again = execute(program, "f", [x], parameters, frozen=cache)
    np.testing.assert_allclose(again.outputs["y"], run.outputs["y"], rtol=1e-10)
    other = execute(program, "f", [random.normal(size=(5, 4))], parameters, frozen=cache)
    assert (np.abs(other.outputs["y"] - run.outputs["y"]).max() < 1e-9) == fixed


def _norm_inputs(cache: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = {f"block.{turn}.ln_1.scale": cache[f"r.{turn}"] for turn in range(3)}
    return {**found, "ln.scale": cache["t"]}


def test_api_knows_frozen_nets():
    program = tnlang.load(MODEL + "net f = freeze(model, A)")
    assert "f" in program.nets


SHARED = """
dim n = 2
net cell(x[n]) -> y[n] { param W[n, n]; h[i] = W[i, j] x[j]; y = tanh(h) }
net f(x[n]) -> y[n] { shared step = cell; a = step(x); y = step(a) }
"""


def test_what_is_shared_is_frozen_in_all_calls_or_in_none():
    assert net(SHARED + "net g = freeze(f, h)", "g")[0] == "shared step = g/cell"
    assert codes(SHARED + "net g = freeze(f, a)") == []
    top = SHARED.replace("net f", "shared step = cell\nnet f").replace("shared step = cell; ", "")
    assert codes(top + "net g = freeze(f, h)") == ["TN903"]


SHARED_BLOCK = """
dim seq, hidden = 6, head = 2, size = 3
net att(x[seq, hidden]) -> y[seq, hidden] {
    param W[head, size, hidden], U[head, size, hidden], V[head, size, hidden]
    A[h, q, k] = softmax[k](causal[q, k](x[q, d] W[h, s, d] U[h, s, e] x[k, e]))
    y[q, d] = A[h, q, k] V[h, s, e] x[k, e] W[h, s, d]
}
net model(x[seq, hidden]) -> y[seq, hidden] {
    shared block = att
    stream r = x
    repeat l in 0..2 { r += block(r) }
    r += block(r)
    r += (att(r) as own)
    y = r
}
net both = freeze(model, A)
net one = freeze(model, block.A)
"""


@pytest.mark.parametrize("name", ["both", "one"])
def test_a_shared_net_takes_a_value_for_each_of_its_calls(name: str) -> None:
    torch = pytest.importorskip("torch")
    program = tnlang.load(SHARED_BLOCK)
    model = program.nets["model"].module().double()
    frozen = program.nets[name].module().double()
    frozen.load_state_dict(model.state_dict())
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y, cache = model.run_with_cache(x)
    assert {"block.A", "block.A#2", "block.A#3"} <= cache.keys()
    torch.testing.assert_close(frozen(x, frozen=cache), y)
    arrays = {key: value.detach().numpy() for key, value in (cache | model.state_dict()).items()}
    np.testing.assert_allclose(
        program.nets[name].numpy(x.numpy(), **arrays), y.detach().numpy(), rtol=1e-12, atol=1e-12
    )
    del cache["block.A#3"]
    with pytest.raises(KeyError, match=r"'block\.A#3' is needed"):
        frozen(x, frozen=cache)
