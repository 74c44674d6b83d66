"""Circuits of a net of GPT-2 small's sizes against TransformerLens 3.9, on the same random weights.

    python -m benchmarks.circuits composition|attribution|spectra|memory|trained|largest [ROUNDS]

Values are compared first, then both sides run in turns (``timing.py``), nine times where no number is given.
``composition`` is of Q, K and V and all pairs of heads. ``attribution`` is of 144 heads at each of 512
positions, cache given: one token for all positions, then each position's own. ``spectra`` are the singular
values and eigenvalues of all 144 circuits from tokens to logits; theirs is one head a round, so that the goal
is 144 times as high. ``memory`` runs everything of C2 and C6 for all heads, ours alone, and says the peak
of the process; ``trained`` does so with spectra that decay. ``largest`` compares the largest entries of heads
of both kinds of weights with those of the product written out, some rows at a time.
"""

from __future__ import annotations

import logging
import resource
import sys
import warnings
from collections.abc import Callable
from typing import Any

import torch

import tnlang
from benchmarks.timing import ROUNDS, THREADS, alternate, clock, processor
from tnlang.circuits import Circuit, Circuits, attribution, composition, copying, logit_lens

LAYERS, HEADS, SIZE, HIDDEN, VOCAB, POSITIONS = 12, 12, 64, 768, 50257, 512
PEAK = 2
"""GiB that the whole process may take at most."""
GOALS = {"composition": 0.08, "attribution": 0.015, "spectra": 0.03 * LAYERS * HEADS}

TEXT = f"""
dim seq, layer = {LAYERS}, head = {HEADS}, head_size = {SIZE}, hidden = {HIDDEN}
dim vocab = {VOCAB}, position = 1024
net attn(x[seq, hidden]) -> y[seq, hidden] {{
    param W_Q[head, hidden, head_size], W_K[head, hidden, head_size], W_V[head, hidden, head_size]
    param W_O[head, head_size, hidden]
    S[h, q, k] = x[q, d] W_Q[h, d, s] x[k, e] W_K[h, e, s] / sqrt(head_size)
    z[h, q, s] = softmax[k](causal[q, k](S[h, q, k])) x[k, d] W_V[h, d, s]
    y[q, d] = z[h, q, s] W_O[h, s, d]
}}
net norm(x[seq, hidden]) -> y[seq, hidden] {{ y[p, d] = layernorm[d](x[p, d], eps = 1e-5) }}
net model(tokens[seq, vocab] onehot) -> logits[seq, vocab] {{
    param W_E[vocab, hidden], W_pos[position, hidden], W_U[hidden, vocab]
    stream x[p, d] = tokens[p, v] W_E[v, d] + W_pos[p: 0..seq, d]
    repeat l in 0..layer {{ x += attn(norm(x) as ln1) }}
    logits[p, v] = (norm(x) as ln_final)[p, d] W_U[d, v]
}}
"""


def weights() -> dict[str, torch.Tensor]:
    """Of our names. What reads the stream is centred, as it is where norms have been folded into weights."""
    torch.manual_seed(0)

    def made(*shape: int, read: int | None = None) -> torch.Tensor:
        array = torch.randn(shape) * 0.02
        return array if read is None else array - array.mean(dim=read, keepdim=True)

    found = {"W_E": made(VOCAB, HIDDEN), "W_pos": made(1024, HIDDEN), "W_U": made(HIDDEN, VOCAB, read=0)}
    for layer in range(LAYERS):
        for letter in "QKV":
            found[f"attn.{layer}.W_{letter}"] = made(HEADS, HIDDEN, SIZE, read=1)
        found[f"attn.{layer}.W_O"] = made(HEADS, SIZE, HIDDEN)
    return found


def ours(given: dict[str, torch.Tensor]) -> Circuits:
    return tnlang.load(TEXT).nets["model"].circuits(given)


def peer(given: dict[str, torch.Tensor]) -> Any:
    """Their model with the same weights."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    import transformer_lens as lens

    config = lens.HookedTransformerConfig(
        n_layers=LAYERS, n_heads=HEADS, d_head=SIZE, d_model=HIDDEN, d_vocab=VOCAB, n_ctx=1024,
        attn_only=True, normalization_type="LNPre", device="cpu",
    )  # fmt: skip
    model = lens.HookedTransformer(config)
    roots = {"W_E": "embed.W_E", "W_pos": "pos_embed.W_pos", "W_U": "unembed.W_U"}
    names = {name: f"blocks.{name[5:].replace('.', '.attn.')}" for name in given if name not in roots} | roots
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        state = model.state_dict()
        for name, array in given.items():
            state[names[name]].copy_(array)
    return model


def seconds(work: Callable[[], object]) -> float:
    begun = clock()
    work()
    return clock() - begun


def compare(what: str, rounds: int, own: Callable[[], object], theirs: Callable[[], object]) -> None:
    """Print the times of both, taken in turns."""
    goal = GOALS[what.split()[0].strip(",")]
    print(alternate(what, own, "TransformerLens 3.9", theirs, goal, rounds).line(), flush=True)


def check(what: str, found: torch.Tensor, expected: torch.Tensor, close: float = 1e-4) -> None:
    """Raise where values differ by more than a part of the largest."""
    off = ((found - expected).abs().max() / expected.abs().max()).item()
    print(f"{what:28} off by {off:.1e}")
    if not off < close:
        raise SystemExit(f"{what}: values differ")


def compositions(rounds: int) -> None:
    given = weights()
    circuits, model = ours(given), peer(given)
    circuits.attentions()
    for kind in ("Q", "K", "V"):
        check(f"composition {kind}", composition(circuits, kind), model.all_composition_scores(kind))
        compare(
            f"composition {kind}",
            rounds,
            lambda kind=kind: composition(circuits, kind),  # type: ignore[misc]
            lambda kind=kind: model.all_composition_scores(kind),  # type: ignore[misc]
        )


def attributions(rounds: int) -> None:
    given = weights()
    circuits, model = ours(given), peer(given)
    tokens = torch.randint(VOCAB, (1, POSITIONS), generator=torch.Generator().manual_seed(1))
    module = tnlang.load(TEXT).nets["model"].module()
    module.load_state_dict(given)
    wanted = ["*.z", "x.*", "*.scale"]
    cache = module.run_with_cache(tokens, names_filter=wanted)[1]
    their_cache = model.run_with_cache(tokens)[1]

    def theirs(chosen: Any) -> torch.Tensor:
        for name in [name for name in their_cache.cache_dict if name.endswith("hook_result")]:
            del their_cache.cache_dict[name]
        return their_cache.logit_attrs(their_cache.stack_head_results(layer=-1), chosen)

    for name, chosen in (("one token", 5), ("its own", tokens)):
        what = f"attribution, {name}"
        check(what, attribution(circuits, cache, chosen).flatten(0, 1), theirs(chosen))
        compare(
            what,
            rounds,
            lambda chosen=chosen: attribution(circuits, cache, chosen),  # type: ignore[misc]
            lambda chosen=chosen: theirs(chosen),  # type: ignore[misc]
        )


def spectra(rounds: int) -> None:
    given = weights()
    circuits, model = ours(given), peer(given)

    def own() -> tuple[torch.Tensor, torch.Tensor]:
        full = circuits.full(circuits.OV)
        return full.singular_values(), full.eigenvalues()

    def theirs(layer: int = 3, head: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
        full = model.W_E @ model.OV[layer, head] @ model.W_U
        return full.S, full.eigenvalues

    values, numbers = own()
    their_values, their_numbers = theirs()
    check("spectra, singular values", values[3, 5], their_values)
    check("spectra, eigenvalues", numbers[3, 5].abs(), their_numbers.abs().sort(descending=True).values)
    # Theirs does one head in each round: a goal for it alone is 144 times as high.
    compare("spectra of 144 heads, against one", rounds, own, theirs)


def decaying() -> dict[str, torch.Tensor]:
    """As ``weights``, with spectra that fall and tokens of unlike norms, as those of trained nets do."""
    found = weights()
    for name, array in found.items():
        if name.startswith("attn"):
            scale = torch.exp(-torch.arange(SIZE) / 16)
            found[name] = array * (scale[:, None] if name.endswith("O") else scale)
    scale = (1 + torch.arange(HIDDEN)).rsqrt()
    turned = torch.linalg.qr(torch.randn(HIDDEN, HIDDEN)).Q
    norms = torch.exp(0.2 * torch.randn(VOCAB, 1))
    found["W_E"] = (found["W_E"] * scale * norms) @ turned
    found["W_U"] = turned.T @ (found["W_U"] * scale[:, None] * norms.T)
    found["W_U"] -= found["W_U"].mean(dim=0)
    return found


def memory(_: int) -> None:
    """Everything of C2 and C6 for all heads, ours alone; the largest entries for those of one layer."""
    whole(weights(), [3])


def trained(_: int) -> None:
    """The same with spectra that decay, the largest entries of all heads."""
    whole(decaying(), [*range(LAYERS)])


def whole(given: dict[str, torch.Tensor], layers: list[int]) -> None:
    circuits = ours(given)
    tokens = torch.randint(VOCAB, (1, POSITIONS), generator=torch.Generator().manual_seed(1))
    module = tnlang.load(TEXT).nets["model"].module()
    module.load_state_dict(given, assign=True)
    cache = module.run_with_cache(tokens, names_filter=["*.z", "x.*", "*.scale"])[1]
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    QK, OV = circuits.full_scores(circuits.QK), circuits.full(circuits.OV)
    heads = len(layers) * HEADS
    work = {
        "composition of all pairs": lambda: [composition(circuits, kind) for kind in ("Q", "K", "V")],
        "singular values of both": lambda: (OV.singular_values(), QK.singular_values()),
        "eigenvalues of both, copying of OV": lambda: (copying(OV), QK.eigenvalues()),
        "norms and traces of both": lambda: (QK.norm(), OV.norm(), QK.trace(), OV.trace()),
        "diagonals of both": lambda: (OV.diagonal(), QK.diagonal()),
        "a row and a column of both": lambda: [
            full(17) for one in (OV, QK) for full in (one.row, one.column)
        ],
        "singular vectors of one layer's OV": OV.at(layer=3).svd,
        "attribution of all heads": lambda: attribution(circuits, cache, tokens),
        "logit lens": lambda: logit_lens(circuits, cache, tokens),
        f"ten largest of OV, {heads} heads": lambda: [OV.at(layer=layer).top(10) for layer in layers],
        f"ten largest of QK, {heads} heads": lambda: [QK.at(layer=layer).top(10) for layer in layers],
    }
    for name, one in work.items():
        print(f"{name:36} {seconds(one):8.2f} s", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    met = "met" if peak <= PEAK else "NOT met"
    print(
        f"peak of the process {peak:.2f} GiB, {begun / 2**20:.2f} before the first of these,"
        f" goal {PEAK}: {met}"
    )


def largest(_: int) -> None:
    """``top`` of a head of both kinds against its product written out."""
    for kind, given in (("random", weights()), ("decaying", decaying())):
        circuits = ours(given)
        for full in (circuits.full(circuits.OV), circuits.full_scores(circuits.QK)):
            one = full.at(layer=3, h=5)
            begun = clock()
            values, rows, columns = one.top(10)
            found = clock()
            expected = written_out(one, 10)
            ended = clock()
            check(f"{one.name}, {kind}", values, expected)
            places = zip(rows.tolist(), columns.tolist(), strict=True)
            entries = torch.stack([one.entries([row], [column])[0, 0] for row, column in places])
            check(f"{one.name}, {kind}, at their places", entries, expected)
            print(f"    {found - begun:.2f} s, written out {ended - found:.2f} s", flush=True)


def written_out(circuit: Circuit, k: int, side: int = 1024) -> torch.Tensor:
    """The k largest entries by writing all of them out, a block at a time."""
    flat = circuit.flat()
    left, right = (operand.array for operand in flat.operands)
    best = left.new_full((k,), -torch.inf)
    for rows in left.split(side):
        for columns in right.split(side):
            block = rows @ columns.T
            if block.max() > best[-1]:
                best = torch.cat([best, block[block > best[-1]]]).topk(k).values
    return best


PARTS = {
    "composition": compositions, "attribution": attributions, "spectra": spectra, "memory": memory,
    "trained": trained, "largest": largest,
}  # fmt: skip


def main() -> None:
    part, rounds = [*sys.argv[1:], "", ""][:2]
    if part not in PARTS or (rounds and not rounds.isdecimal()):
        raise SystemExit(__doc__)
    torch.set_grad_enabled(False)
    torch.set_num_threads(THREADS)
    print(f"{processor()}, {THREADS} threads, torch {torch.__version__}")
    PARTS[part](int(rounds or ROUNDS))


if __name__ == "__main__":
    main()
