"""Section 5, circuits: what the pictures show, written by hand; small models built or trained for them."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

import tnlang
from tests.conftest import PROGRAMS
from tests.gallery.checking import Plot, claim, drawn, plotted
from tests.gallery.induction import SENTENCE, SHARP, SIZE, WORDS, built, generator, parts, repeated
from tnlang.circuits import attribution, composition_of, copying, logit_lens
from tnlang.circuits.small import one_thread
from tnlang.plots import chart

Tensor = torch.Tensor


def off(found: Tensor, expected: Tensor) -> Tensor:
    """How far values are from others, as a part of the largest."""
    return (found - expected).abs().max() / expected.abs().max()


# ---------------------------------------------------------------- no layers, and one


@drawn(vocab=9)
def C1_bigram(tokens, W_E, W_U):
    return W_E[tokens] @ W_U.T


def counts() -> Tensor:
    """How often each word of the sentence follows each, and a little."""
    table = torch.full((len(WORDS), len(WORDS)), 1e-3).double()
    for last, following in pairwise(SENTENCE):
        table[WORDS.index(last), WORDS.index(following)] += 1
    return table / table.sum(dim=1, keepdim=True)


@claim("C1_bigram", bound=1e-9)
@torch.no_grad()
def factors_of_a_table_of_counts_say_what_follows(program):
    U, s, V = torch.linalg.svd(counts().log())
    module = program.nets["bigram"].module(vocab=len(WORDS), hidden=len(WORDS)).double()
    module.load_state_dict({"W_E": U * s, "W_U": V.T})
    return off(module(torch.arange(len(WORDS))).softmax(dim=1), counts())


@plotted("C1_bigram")
def what_follows_in_the_sentence(program):
    yield Plot(chart(counts(), ("last", "next"), title="", ticks={"last": WORDS, "next": WORDS}))


@drawn(vocab=11, position=9, hidden=7, size=3)
def C2_full_circuits(W_E, W_P, W_U, W_Q, W_K, W_V, W_O):
    QK, OV = W_Q.mT @ W_K, W_O.mT @ W_V
    return W_E @ QK @ W_E.T, W_P @ QK @ W_P.T, W_U @ OV @ W_E.T


def two_heads() -> dict[str, Tensor]:
    """A head that looks one position back and writes where nothing reads, and one that says its own token."""
    token, position, elsewhere = parts()
    back = torch.cat([position[1:], torch.zeros(1, 3 * SIZE).double()])
    return {
        "W_E": token,
        "W_P": position,
        "W_U": token,
        "W_Q": torch.stack([SHARP * back, SHARP * token]),
        "W_K": torch.stack([position, token]),
        "W_V": torch.stack([token, token]),
        "W_O": torch.stack([elsewhere, token]),
    }


@claim("C2_full_circuits")
@torch.no_grad()
def the_circuits_found_in_the_model_are_these(program):
    W = two_heads()
    circuits = program.nets["model"].circuits(W, seq=SIZE)
    (attention,) = circuits.attentions()
    pairs = {
        "qk": attention.scores["tokens", "tokens"],
        "qk_position": attention.scores["", ""],
        "ov": attention.writes["tokens"],
    }
    found = []
    for name, circuit in pairs.items():
        module = program.nets[name].module().double()
        module.load_state_dict({key: W[key] for key in module.state_dict()})
        found.append(off(circuit.dense(), module()))
    return max(found)


@claim("C2_full_circuits", bound=1e-9)
@torch.no_grad()
def one_head_copies_and_the_other_writes_nothing_that_is_read(program):
    (attention,) = program.nets["model"].circuits(two_heads(), seq=SIZE).attentions()
    OV = attention.writes["tokens"]
    return (OV.norm()[0] + (copying(OV)[1] - 1).abs()).abs()


@plotted("C2_full_circuits")
@torch.no_grad()
def circuits_of_two_heads_built_by_hand(program):
    (attention,) = program.nets["model"].circuits(two_heads(), seq=SIZE).attentions()
    words = {"head": ("looks back", "looks for itself")}
    for title, circuit in (
        ("QK: tokens", attention.scores["tokens", "tokens"]),
        ("QK: positions", attention.scores["", ""]),
        ("OV", attention.writes["tokens"]),
    ):
        legs = ("head", "out", "in") if title == "OV" else ("head", "q", "k")
        yield Plot(chart(circuit.dense()[:, :16, :16], legs, title=title, ticks=words), width=360)


# ---------------------------------------------------------------- the largest of a list


@drawn(bound=1e-8)
def C3_maximum(tokens, W_E, W_U, W_P, W_Q, W_K, W_V, W_O):
    x = W_E[tokens] + W_P
    A = (x[-1] @ W_Q.T @ W_K @ x.T / len(W_Q) ** 0.5).softmax(dim=0)
    return W_U @ (x[-1] + A @ x @ W_V.T @ W_O), A


def lists(count: int, seed: int) -> Tensor:
    return torch.randint(16, (count, 5), generator=torch.Generator().manual_seed(seed))


@cache
def trained() -> nn.Module:
    """The net of C3 after some seconds of training."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = tnlang.load(PROGRAMS["C3_maximum"]).nets["maximum"].module()
    with torch.enable_grad(), one_thread():
        _train(module)
    return module.double()


def _train(module: nn.Module) -> None:
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for step in range(400):
        tokens = lists(256, 1 + step)
        optimizer.zero_grad()
        F.cross_entropy(module(tokens), tokens.max(dim=1).values).backward()
        optimizer.step()


@claim("C3_maximum", bound=0.02)
@torch.no_grad()
def trained_it_finds_the_largest_number(program):
    tokens = lists(2000, 0)
    return (trained()(tokens).argmax(dim=1) != tokens.max(dim=1).values).double().mean()


def circuits_of_trained(program):
    (attention,) = program.nets["maximum"].circuits(dict(trained().state_dict())).attentions()
    return attention


@claim("C3_maximum", bound=0)
@torch.no_grad()
def every_number_is_copied_to_itself(program):
    """The diagonal of the OV circuit is the largest of its column, but for the smallest numbers, which are
    hardly ever the largest of a list."""
    OV = circuits_of_trained(program).writes["tokens"].dense()
    said = OV.argmax(dim=0)
    return (said != torch.arange(16))[2:].double().sum()


@claim("C3_maximum", bound=0.2)
@torch.no_grad()
def the_eigenvalues_say_that_it_copies(program):
    return 1 - copying(circuits_of_trained(program).writes["tokens"])


@claim("C3_maximum", bound=0.01)
@torch.no_grad()
def larger_numbers_are_attended_to_more(program):
    """Rank correlation of the mean score of a key with the number."""
    scores = circuits_of_trained(program).scores["tokens", "tokens"].dense().mean(dim=0)
    ranks = scores.argsort().argsort().double()
    return 1 - torch.corrcoef(torch.stack([ranks, torch.arange(16.0).double()]))[0, 1]


@plotted("C3_maximum")
@torch.no_grad()
def circuits_of_the_trained_layer(program):
    attention = circuits_of_trained(program)
    yield Plot(chart(attention.scores["tokens", "tokens"].dense(), ("q", "k"), title="QK"))
    yield Plot(chart(attention.writes["tokens"].dense(), ("out", "in"), title="OV"))


# ---------------------------------------------------------------- neurons, and compositions


@drawn
def C4_neurons(x, W_E, W_in, W_out, W_U):
    logits = (x + (x @ W_in.T).relu() @ W_out.T) @ W_U.T
    return logits, W_in @ W_E.T, W_in @ W_E.T, W_U @ W_out, W_U @ W_out


@claim("C4_neurons")
@torch.no_grad()
def they_are_the_circuits_that_lead_through_the_neurons(program):
    model = program.nets["model"]
    shapes = {"W_in": (32, 8), "W_out": (8, 32), "W_U": (50, 8)}
    W = {name: torch.randn(shape, generator=generator()).double() for name, shape in shapes.items()}
    E = torch.randn(50, 8, generator=generator()).double()
    circuits = model.circuits(W)
    reads = circuits.between("r.1:relu", "r.0")
    writes = circuits.unembed @ circuits.between("r.1", "r.1:relu")
    return off(reads.times(E).T, W["W_in"] @ E.T) + off(writes.dense(), W["W_U"] @ W["W_out"])


@drawn(seq=6, hidden=7, size=3)
def C5_composition(x, A, W_V, W_O, W_Q, W_K):
    written = A @ x @ W_V.T @ W_O
    QK = W_Q.T @ W_K
    return x @ QK @ x.T, x @ QK @ written.T, written @ QK @ x.T


def by_queries() -> dict[str, Tensor]:
    """An induction head by Q-composition: the first head finds earlier copies of its token and writes where
    they stand; the second asks for what stands one further."""
    token, position, where = parts()
    return {
        "W_E": token,
        "W_P": position,
        "W_U": token,
        "previous.W_Q": SHARP * token,
        "previous.W_K": token,
        "previous.W_V": position,
        "previous.W_O": where,
        "match.W_Q": 3 * SHARP * where,
        "match.W_K": torch.cat([position[1:], torch.zeros(1, 3 * SIZE).double()]),
        "match.W_V": token,
        "match.W_O": 3 * token,
    }


@claim("C5_composition", bound=0)
@torch.no_grad()
def with_q_composition_a_network_does_induction_too(program):
    module = tnlang.load(PROGRAMS["I8_induction_head"]).nets["induction"].module().double()
    module.load_state_dict(by_queries())
    tokens = repeated()
    first = len(tokens) // 3 + 1
    said = module(tokens)[:-1].argmax(dim=1)
    return (said != tokens[1:])[first:].double().mean()


@claim("C5_composition", bound=1e-6)
@torch.no_grad()
def the_scores_of_composition_tell_the_two_apart(program):
    """One has K-composition and no Q-composition, the other the other way round."""
    net = tnlang.load(PROGRAMS["I8_induction_head"]).nets["induction"]
    weights = built(tnlang.load(PROGRAMS["I8_induction_head"])).state_dict()
    found = []
    for W in (dict(weights), by_queries()):
        previous, match = net.circuits(W).attentions()
        K, Q = composition_of(previous.OV, match.QK), composition_of(previous.OV, match.QK.T)
        found.append((K > 0.1, Q > 0.1, min(K, Q)))
    (by_k, no_q, zero), (no_k, by_q, nothing) = found
    return zero + nothing + float(not (by_k and by_q)) + float(no_q or no_k)


@plotted("C5_composition")
@torch.no_grad()
def patterns_of_the_head_by_queries(program):
    """The first head looks at earlier copies of its token, the second one further."""
    module = tnlang.load(PROGRAMS["I8_induction_head"]).nets["induction"].module().double()
    module.load_state_dict(by_queries())
    _, run = module.run_with_cache(repeated())
    both = torch.stack([run["previous.A"], run["match.A"]])
    yield Plot(chart(both, ("head", "q", "k"), ticks={"head": ("copies", "one further")}), width=360)


# ---------------------------------------------------------------- scores, attribution, the lens


@drawn(hidden=9)
def C6_scores(**W):
    QK = W["W_Q'"].mT @ W["W_K'"]
    OV = W["W_O"].mT @ W["W_V"]
    M = torch.einsum("gim,hmo->hgio", QK, OV)
    return M, M


@claim("C6_scores")
@torch.no_grad()
def the_net_gives_the_scores_of_the_circuits(program):
    """``composition_of`` on the factors; the last output is K."""
    module = program.nets["main"].module().double()
    W = {name: torch.randn_like(value) for name, value in module.state_dict().items()}
    module.load_state_dict(W)
    outputs = module()
    K = outputs if isinstance(outputs, Tensor) else outputs[-1]
    QK = W["W_Q'"].mT @ W["W_K'"]
    OV = W["W_O"].mT @ W["W_V"]
    norms = torch.linalg.matrix_norm(QK) * torch.linalg.matrix_norm(OV)[:, None]
    return off(K, torch.linalg.matrix_norm(QK @ OV[:, None]) / norms)


@claim("C6_scores", bound=1e-9)
@torch.no_grad()
def logits_of_the_induction_head_are_the_sum_of_its_parts(program):
    """What the lens sees first, and what both heads add; what the first adds is never read."""
    program = tnlang.load(PROGRAMS["I8_induction_head"])
    module, tokens = built(program), repeated()
    logits, run = module.run_with_cache(tokens)
    following = tokens.roll(-1)
    circuits = program.nets["induction"].circuits(dict(module.state_dict()))
    heads = attribution(circuits, run, following)
    lens = logit_lens(circuits, run, following)
    expected = logits.gather(1, following[:, None]).squeeze(1)
    return off(lens[0] + heads.sum(dim=0), expected) + off(lens[-1], expected) + heads[0].abs().max()


@plotted("C6_scores")
@torch.no_grad()
def what_each_head_of_the_induction_head_adds(program):
    """To the logit of the token that follows, at each position of a sequence repeated three times."""
    program = tnlang.load(PROGRAMS["I8_induction_head"])
    module, tokens = built(program), repeated()
    _, run = module.run_with_cache(tokens)
    circuits = program.nets["induction"].circuits(dict(module.state_dict()))
    heads = attribution(circuits, run, tokens.roll(-1))
    words = {"head": ("previous", "match")}
    yield Plot(chart(heads, ("head", "position"), title="added to the right logit", ticks=words))


# ---------------------------------------------------------------- patching


def attention_of(x: Tensor, W: dict[str, Tensor], turn: int) -> Tensor:
    """The attention of N11 in a turn of N17."""
    W_Q, W_K, W_V, W_O = (W[f"attention.{turn}.W_{letter}"] for letter in "QKVO")
    S = torch.einsum("qd,hsd,hse,ke->hqk", x, W_Q, W_K, x) / W_Q.shape[1] ** 0.5
    A = S.masked_fill(torch.ones_like(S[0]).triu(1).bool(), -torch.inf).softmax(dim=2)
    return torch.einsum("hqk,ke,hse,hsd->qd", A, x, W_V, W_O)


@drawn(**{"N11_attention.seq": 5})
def C7_patching(x, **arrays):
    """What comes in is of the same run here: on a path as anywhere the output stays what it is."""
    after = x + arrays["attention.0.y"]
    expected = after + attention_of(after, arrays, 1)
    return expected, expected


@claim("C7_patching")
@torch.no_grad()
def values_of_another_run_change_what_reads_them(program):
    """On the path: what the second attention is given. Everywhere: what passes it by, too."""
    module, patched, path = (program.nets[name].module().double() for name in ("two", "patched", "path"))
    W = {name: torch.randn_like(value) / 8 for name, value in module.state_dict().items()}
    for one in (module, patched, path):
        one.load_state_dict(W)
    x, other = torch.randn(2, 6, W["attention.0.W_Q"].shape[2]).double()
    y = module.run_with_cache(other)[1]["attention.0.y"]
    everywhere = x + y + attention_of(x + y, W, 1)
    own = module.run_with_cache(x)[1]
    A, W_V, W_O = own["attention.1.A"], W["attention.1.W_V"], W["attention.1.W_O"]
    on_the_path = own["r.1"] + torch.einsum("hqk,ke,hse,hsd->qd", A, x + y, W_V, W_O)
    found = patched(x, frozen={"attention.0.y": y}), path(x, frozen={**own, "attention.0.y*": y})
    return off(found[0], everywhere) + off(found[1], on_the_path)


# ---------------------------------------------------------------- layer norm


@drawn(seq=5)
def C8_layer_norm(x, W_U, ln_gain, ln_bias):
    return F.layer_norm(x, x.shape[1:], ln_gain, ln_bias) @ W_U.T


@claim("C8_layer_norm")
@torch.no_grad()
def its_circuit_is_the_weight_that_is_folded(program):
    """Gain and centring on W_U; with the scale of another run frozen the net is linear in this one."""
    modules = {name: net.module().double() for name, net in program.nets.items()}
    W = {name: torch.randn_like(value) for name, value in modules["unembed"].state_dict().items()}
    for name in ("unembed", "linear", "folded"):
        modules[name].load_state_dict(W)
    circuit = program.nets["unembed"].circuits(W).between("logits", "x").dense()
    centre = torch.eye(8).double() - 1 / 8
    x, other = torch.randn(2, 5, 8).double()
    scale = modules["unembed"].run_with_cache(other)[1]["ln.scale"]
    linear = modules["linear"](x, frozen={"ln.scale": scale})
    expected = scale[:, None] * (x @ circuit.T) + W["W_U"] @ W["ln.bias"]
    same = off(modules["folded"](x), modules["unembed"](x))
    return off(circuit, W["W_U"] * W["ln.gain"] @ centre) + off(linear, expected) + same


# ---------------------------------------------------------------- the indirect object


@drawn(seq=5)
def C10_indirect_object(x, A_dup, A_ind, A_inh, A_mov, **W):
    def moved(name: str, A: Tensor, value: Tensor) -> Tensor:
        return A @ value @ W[f"{name}.W_OV"].T

    duplicate = moved("duplicate_token", A_dup, x)
    induction = moved("induction_heads", A_ind, x)
    inhibition = moved("s_inhibition", A_inh, duplicate + induction)
    return moved("name_mover", A_mov, x + inhibition)
