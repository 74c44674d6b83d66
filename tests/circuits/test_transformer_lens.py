"""What tnlang.circuits and TransformerLens 3.9 both offer is the same, on the same weights.

In float64 to 1e-9; to 1e-6 where norms are folded into weights and where patching is tabulated, which they do
in float32. Skipped
where TransformerLens is not installed (docs/circuits.md says how).
"""

from __future__ import annotations

import copy
import logging
import warnings
from typing import Any

import pytest
import torch

import tnlang
from tnlang.circuits import Circuits, attribution, composition, copying, find, logit_lens

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    peer = pytest.importorskip("transformer_lens", reason="TransformerLens 3.9 is not installed")

CLOSE = {"rtol": 1e-9, "atol": 1e-9}
FOLDED = {"rtol": 1e-6, "atol": 1e-6}
LAYERS, HEADS, SIZE, HIDDEN, NEURONS, VOCAB, POSITIONS = 3, 4, 5, 20, 24, 31, 12

TEXT = f"""
dim seq, layer = {LAYERS}, head = {HEADS}, head_size = {SIZE}, hidden = {HIDDEN}, mlp = {NEURONS}
dim vocab = {VOCAB}, position = {POSITIONS}
net ln(x[seq, hidden]) -> y[seq, hidden] {{
    param w[hidden], b[hidden]
    y[p, d] = layernorm[d](x[p, d], eps = 1e-5) w[d] + b[d]
}}
net attn(x[seq, hidden]) -> y[seq, hidden] {{
    param W_Q[head, hidden, head_size], W_K[head, hidden, head_size], W_V[head, hidden, head_size]
    param W_O[head, head_size, hidden]
    param b_Q[head, head_size], b_K[head, head_size], b_V[head, head_size], b_O[hidden]
    S[h, q, k] = (x[q, d] W_Q[h, d, s] + b_Q[h, s]) (x[k, e] W_K[h, e, s] + b_K[h, s]) / sqrt(head_size)
    pattern[h, q, k] = softmax[k](causal[q, k](S[h, q, k]))
    v[h, k, s] = x[k, d] W_V[h, d, s] + b_V[h, s]
    z[h, q, s] = pattern[h, q, k] v[h, k, s]
    y[q, d] = z[h, q, s] W_O[h, s, d] + b_O[d]
}}
net mlp(x[seq, hidden]) -> y[seq, hidden] {{
    param W_in[hidden, mlp], b_in[mlp], W_out[mlp, hidden], b_out[hidden]
    y[p, d] = gelu(x[p, e] W_in[e, m] + b_in[m]) W_out[m, d] + b_out[d]
}}
net model(tokens[seq, vocab] onehot) -> logits[seq, vocab] {{
    param W_E[vocab, hidden], W_pos[position, hidden], W_U[hidden, vocab], b_U[vocab]
    stream x[p, d] = tokens[p, v] W_E[v, d] + W_pos[p: 0..seq, d]
    repeat l in 0..layer {{
        x += attn(ln(x) as ln1)
        x += mlp(ln(x) as ln2)
    }}
    logits[p, v] = (ln(x) as ln_final)[p, d] W_U[d, v] + b_U[v]
}}
"""
ROOT = {"embed.W_E": "W_E", "pos_embed.W_pos": "W_pos", "unembed.W_U": "W_U", "unembed.b_U": "b_U"}


def ours_of(name: str) -> str:
    """The name that a parameter of theirs has here."""
    parts = name.split(".")
    return f"{parts[2]}.{parts[1]}.{parts[3]}" if parts[0] == "blocks" else ROOT.get(name, name)


def made(config: Any) -> Any:
    """Their model, without the warning that a later version will not have it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return peer.HookedTransformer(config)


@pytest.fixture(scope="module")
def both() -> tuple[Any, Any, Any]:
    """Their model, ours with the same weights, and the circuits of ours."""
    torch.manual_seed(0)
    logging.disable(logging.WARNING)
    config = peer.HookedTransformerConfig(
        n_layers=LAYERS, n_heads=HEADS, d_head=SIZE, d_model=HIDDEN, d_mlp=NEURONS, d_vocab=VOCAB,
        n_ctx=POSITIONS, act_fn="gelu", normalization_type="LN", dtype=torch.float64, device="cpu",
    )  # fmt: skip
    theirs = made(config)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.4)
    program = tnlang.load(TEXT)
    module = program.nets["model"].module().double()
    names = {ours_of(name): value for name, value in theirs.state_dict().items()}
    module.load_state_dict({name: names[name] for name in module.state_dict()})
    return theirs, module, find(program.ir, "model", module.state_dict())


@pytest.fixture(scope="module")
def folded(both: tuple[Any, Any, Any]) -> Any:
    """Theirs with the norms folded into the weights that read the stream, as ours are by themselves."""
    theirs = made(copy.copy(both[0].cfg))
    theirs.load_and_process_state_dict(
        both[0].state_dict(), center_writing_weights=False, center_unembed=False, fold_value_biases=False
    )
    return theirs


@pytest.fixture(scope="module")
def run(both: tuple[Any, Any, Any]) -> tuple[Any, Any, torch.Tensor]:
    """The caches of one batch of tokens."""
    tokens = torch.randint(VOCAB, (2, 7), generator=torch.Generator().manual_seed(1))
    theirs, module, _ = both
    with torch.no_grad():
        logits, cache = theirs.run_with_cache(tokens)
        found, own = module.run_with_cache(tokens)
    torch.testing.assert_close(found, logits, **CLOSE)
    return cache, own, tokens


def test_scores_and_patterns(run: tuple[Any, Any, torch.Tensor]) -> None:
    cache, own, _ = run
    seen = torch.ones(7, 7).tril().bool()
    for layer in range(LAYERS):
        torch.testing.assert_close(own[f"attn.{layer}.pattern"], cache["pattern", layer], **CLOSE)
        scores = cache["attn_scores", layer].masked_fill(~seen, 0)
        torch.testing.assert_close(own[f"attn.{layer}.S"].masked_fill(~seen, 0), scores, **CLOSE)


@pytest.fixture(scope="module")
def inner(both: tuple[Any, Any, Any]) -> Circuits:
    """Our circuits that end at the norms, as theirs do where norms are not folded."""
    _, module, circuits = both
    return find(circuits.forms.program, "model", module.state_dict(), stops=["ln1.*.y", "ln_final.y"])


def test_circuits(both: tuple[Any, Any, Any], inner: Circuits, folded: Any) -> None:
    for ours, theirs, close in ((inner, both[0], CLOSE), (both[2], folded, FOLDED)):
        torch.testing.assert_close(ours.QK.dense() * SIZE**0.5, theirs.QK.AB, **close)
        torch.testing.assert_close(ours.OV.dense().mT, theirs.OV.AB, **close)
    torch.testing.assert_close(both[2].embed.dense().T, folded.W_E, **FOLDED)
    torch.testing.assert_close(both[2].unembed.dense().T, folded.W_U, **FOLDED)


@pytest.mark.parametrize("kind", ["Q", "K", "V"])
def test_composition(both: tuple[Any, Any, Any], inner: Circuits, folded: Any, kind: Any) -> None:
    for ours, theirs, close in ((inner, both[0], CLOSE), (both[2], folded, FOLDED)):
        torch.testing.assert_close(composition(ours, kind), theirs.all_composition_scores(kind), **close)


def test_full_circuits(both: tuple[Any, Any, Any], folded: Any) -> None:
    circuits = both[2]
    full = circuits.full(circuits.OV)
    theirs = folded.W_E @ folded.OV @ folded.W_U
    torch.testing.assert_close(full.singular_values(), theirs.S, **FOLDED)
    torch.testing.assert_close(full.norm(), theirs.norm(), **FOLDED)
    values = theirs.eigenvalues
    torch.testing.assert_close(copying(full), values.real.sum(-1) / values.abs().sum(-1), **FOLDED)
    u, s, v = full.svd()
    torch.testing.assert_close((u * s[..., None, :]) @ v.mT, theirs.AB.mT, **FOLDED)


@pytest.mark.parametrize("tokens", ["each position's", "one"])
def test_attribution(
    both: tuple[Any, Any, Any], folded: Any, run: tuple[Any, Any, torch.Tensor], tokens: str
) -> None:
    _, own, given = run
    right, wrong = (given, (given + 1) % VOCAB) if tokens != "one" else (5, 3)
    with torch.no_grad():
        _, cache = folded.run_with_cache(given)
    stack = cache.stack_head_results(layer=-1)
    expected = cache.logit_attrs(stack, right).unflatten(0, (LAYERS, HEADS))
    torch.testing.assert_close(attribution(both[2], own, right), expected, **FOLDED)
    expected = cache.logit_attrs(stack, right, incorrect_tokens=wrong).unflatten(0, (LAYERS, HEADS))
    torch.testing.assert_close(attribution(both[2], own, right, wrong), expected, **FOLDED)


def test_logit_lens(both: tuple[Any, Any, Any], folded: Any, run: tuple[Any, Any, torch.Tensor]) -> None:
    _, own, given = run
    with torch.no_grad():
        _, cache = folded.run_with_cache(given)
    expected = cache.logit_attrs(cache.accumulated_resid(layer=-1, incl_mid=True), given)
    torch.testing.assert_close(logit_lens(both[2], own, given), expected, **FOLDED)


def test_processed_weights(both: tuple[Any, Any, Any]) -> None:
    """Norms folded, reading, writing and unembedding weights centred: every weight, and the logits."""
    theirs = made(copy.copy(both[0].cfg))
    theirs.load_and_process_state_dict(both[0].state_dict(), fold_value_biases=False)
    text = TEXT + "net processed = fold(model, ln, centre = (reading, writing, unembed))\n"
    net = tnlang.load(text).nets["processed"]
    assert net.ir.note == "logits is given less its mean over vocab"
    module = net.module().double()
    module.load_state_dict(both[1].state_dict())
    module.prepare()
    kept = {name.removeprefix("prepared_"): value for name, value in module.named_buffers()}
    seen = set()
    for name, value in theirs.named_parameters():
        own = ours_of(name).replace(".", "_")
        primes = [key for key in kept if key == own + "_prime" * key.count("_prime") and key != own]
        assert primes, name
        torch.testing.assert_close(kept[max(primes, key=len)], value.detach(), **FOLDED)
        seen |= set(primes)
    assert len(seen) == len(kept)
    tokens = torch.randint(VOCAB, (2, 7), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        torch.testing.assert_close(module(tokens), theirs(tokens), **FOLDED)


def test_copying_of_heads(both: tuple[Any, Any, Any], inner: Circuits) -> None:
    values = both[0].OV.eigenvalues
    torch.testing.assert_close(copying(inner.OV), values.real.sum(-1) / values.abs().sum(-1), **CLOSE)


OPTIONS = {
    "all but the unembedding's mean": {"center_unembed": False},
    "the unembedding's mean": {"center_writing_weights": False, "fold_value_biases": False},
    "heads refactored": {"refactor_factored_attn_matrices": True},
}


@pytest.mark.parametrize("options", [*OPTIONS])
def test_full_circuits_of_processed_weights(both: tuple[Any, Any, Any], options: str) -> None:
    """Full circuits stay as they are, but for a logit that all tokens share."""
    theirs = made(copy.copy(both[0].cfg))
    theirs.load_and_process_state_dict(both[0].state_dict(), **OPTIONS[options])
    circuits = both[2]
    expected = (theirs.W_E @ theirs.OV @ theirs.W_U).AB.mT
    found = circuits.full(circuits.OV).dense()
    if options != "all but the unembedding's mean":
        found = found - found.mean(dim=-2, keepdim=True)
    torch.testing.assert_close(found, expected, **FOLDED)
    if options != "heads refactored":  # which puts biases of queries and keys among the weights
        expected = (theirs.W_E @ theirs.QK @ theirs.W_E.T).AB
        found = circuits.full_scores(circuits.QK).dense() * SIZE**0.5
        torch.testing.assert_close(found, expected, **FOLDED)


EDITED = (
    TEXT
    + """
net head = patch(model, attn{1}.z[2, q, s])
net values = patch(model, attn{0}.v[3, q, s])
net moved = patch(model, attn{2}.pattern[0, q, k])
net entry = patch(model, x{2}[4, d])
net zero = ablate(model, attn{1}.z[2, q, s])
net mean = ablate(model, mlp{0}.y, mean = p)
net into_values = patch(model, attn{0}.y -> attn{2}.v)
net into_attention = patch(model, mlp{0}.y -> attn{2}.x)
net into_logits = patch(model, attn{1}.y -> logits)
"""
)


@pytest.fixture(scope="module")
def edited(both: tuple[Any, Any, Any]) -> Any:
    """Runs a net of ours that is an edit of the model, with the same weights."""
    nets = tnlang.load(EDITED).nets

    def run(net: str, *tokens: torch.Tensor, **given: Any) -> torch.Tensor:
        module = nets[net].module().double()
        module.load_state_dict(both[1].state_dict())
        with torch.no_grad():
            found: torch.Tensor = module(*tokens, **given)
        return found

    return run


@pytest.fixture(scope="module")
def other(both: tuple[Any, Any, Any]) -> tuple[torch.Tensor, Any, Any]:
    """Other tokens, and the caches of their run: theirs and ours."""
    tokens = torch.randint(VOCAB, (2, 7), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        return tokens, both[0].run_with_cache(tokens)[1], both[1].run_with_cache(tokens)[1]


def test_activation_patching(both: Any, run: Any, edited: Any, other: Any) -> None:
    """One head's output, values or pattern, and one position of the stream, from the other run."""
    from transformer_lens import patching

    (_, _, tokens), (_, their_cache, own_cache) = run, other
    torch.manual_seed(0)
    direction = torch.randn(2, 7, VOCAB).double()

    def metric(logits: torch.Tensor) -> torch.Tensor:
        return (logits * direction).sum()

    expected = {
        "head": (patching.get_act_patch_attn_head_out_all_pos, (1, 2)),
        "values": (patching.get_act_patch_attn_head_v_all_pos, (0, 3)),
        "moved": (patching.get_act_patch_attn_head_pattern_all_pos, (2, 0)),
        "entry": (patching.get_act_patch_resid_pre, (1, 4)),
    }
    clean = metric(both[1](tokens))
    for net, (patched, place) in expected.items():
        with torch.no_grad():
            theirs = patched(both[0], tokens, their_cache, metric)[place]
        ours = metric(edited(net, tokens, frozen=own_cache))
        torch.testing.assert_close(ours.float(), theirs, **FOLDED)  # theirs come in float32
        assert not torch.isclose(ours, clean)


def test_ablation(both: Any, run: Any, edited: Any) -> None:
    tokens = run[2]

    def without(z: torch.Tensor, hook: Any) -> torch.Tensor:
        z[:, :, 2] = 0
        return z

    def mean(y: torch.Tensor, hook: Any) -> torch.Tensor:
        return y.mean(dim=1, keepdim=True).expand(y.shape)

    with torch.no_grad():
        zero = both[0].run_with_hooks(tokens, fwd_hooks=[("blocks.1.attn.hook_z", without)])
        same = both[0].run_with_hooks(tokens, fwd_hooks=[("blocks.0.hook_mlp_out", mean)])
    torch.testing.assert_close(edited("zero", tokens), zero, **CLOSE)
    torch.testing.assert_close(edited("mean", tokens), same, **CLOSE)


@pytest.mark.parametrize(
    ("net", "sender", "receivers"),
    [
        ("into_values", "blocks.0.hook_attn_out", ["blocks.2.hook_v_input"]),
        ("into_attention", "blocks.0.hook_mlp_out", [f"blocks.2.hook_{letter}_input" for letter in "qkv"]),
        ("into_logits", "blocks.1.hook_attn_out", ["blocks.2.hook_resid_post"]),
    ],
)
def test_path_patching(
    both: Any, run: Any, edited: Any, other: Any, net: str, sender: str, receivers: list[str]
) -> None:
    """What one block gives, from the other run for one reader alone."""
    (_, _, tokens), (_, their_cache, own_cache) = run, other
    theirs = made(copy.copy(both[0].cfg))
    theirs.load_state_dict(both[0].state_dict())
    theirs.set_use_split_qkv_input(True)
    with torch.no_grad():
        change = their_cache[sender] - theirs.run_with_cache(tokens)[1][sender]

        def add(stream: torch.Tensor, hook: Any) -> torch.Tensor:
            return stream + (change if stream.dim() == 3 else change[:, :, None])

        expected = theirs.run_with_hooks(tokens, fwd_hooks=[(name, add) for name in receivers])
    torch.testing.assert_close(edited(net, tokens, frozen=own_cache), expected, **CLOSE)
