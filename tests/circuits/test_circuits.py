"""Circuits against the same matrices written out with torch."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

import tnlang
from tests.conftest import PROGRAMS
from tnlang.circuits import (
    Circuit,
    Circuits,
    attribution,
    composition,
    composition_of,
    copying,
    logit_lens,
    stack,
)
from tnlang.circuits.network import Operand, halves
from tnlang.circuits.small import triangle
from tnlang.ir.net import Wire
from tnlang.source import ValueMismatch

SMALL = {"layer": 3, "head": 3, "head_size": 4, "hidden": 12, "vocab": 31, "position": 16}
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, **CLOSE)


def weights_of(module: torch.nn.Module) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return dict(module.state_dict())


@pytest.fixture(scope="module")
def gpt2() -> tuple[torch.nn.Module, Circuits]:
    net = tnlang.load(PROGRAMS["gpt2"], dims=SMALL).nets["gpt2"]
    module = net.module().double()
    return module, net.circuits(weights_of(module))


def by_hand(W: dict[str, Tensor], layer: int) -> tuple[Tensor, Tensor]:
    """W_QK and W_OV of a layer, the norm's gain and its centring on what is read."""
    centre = torch.eye(12).double() - 1 / 12

    def read(name: str) -> Tensor:
        gain = W[f"ln_1.{layer}.gain"]
        return torch.einsum("hsd,d,de->hse", W[f"attention.{layer}.{name}"], gain, centre)

    QK = torch.einsum("hsd,hse->hde", read("W_Q"), read("W_K")) / 2
    return QK, torch.einsum("hsd,hse->hde", W[f"attention.{layer}.W_O"], read("W_V"))


def test_gpt2(gpt2: tuple[torch.nn.Module, Circuits]) -> None:
    module, circuits = gpt2
    W = dict(module.state_dict())
    QK, OV = (torch.stack(parts) for parts in zip(*(by_hand(W, layer) for layer in range(3)), strict=True))
    close(circuits.QK.dense(), QK)
    close(circuits.OV.dense(), OV)
    assert circuits.OV.rank == circuits.QK.rank == 4
    U = W["W_E"] * W["ln_f.gain"] @ (torch.eye(12).double() - 1 / 12)
    close(circuits.unembed.dense(), U)
    close(circuits.full(circuits.OV).dense(), U @ OV @ W["W_E"].T)
    bias = circuits.attentions()[1].scores["x.2", ""]
    reads = torch.einsum(
        "hsd,d,de->hse", W["attention.1.W_Q"], W["ln_1.1.gain"], torch.eye(12).double() - 1 / 12
    )
    keys = torch.einsum("hsd,d->hs", W["attention.1.W_K"], W["ln_1.1.bias"]) + W["attention.1.b_K"]
    close(bias.dense().squeeze(-1), torch.einsum("hse,hs->he", reads, keys) / 2)
    neurons = circuits.between("mlp.1.y:gelu_tanh", "x.3").dense()
    close(neurons, W["mlp.1.W_in"] * W["ln_2.1.gain"] @ (torch.eye(12).double() - 1 / 12))
    close(circuits.between("x.4", "mlp.1.y:gelu_tanh").dense(), W["mlp.1.W_out"])


def test_what_a_circuit_gives_is_that_of_its_matrix(gpt2: tuple[torch.nn.Module, Circuits]) -> None:
    circuits = gpt2[1]
    for circuit in (circuits.full(circuits.OV), circuits.OV @ circuits.OV.apart(), circuits.QK.T.scaled(-2)):
        D = circuit.dense()
        n = D.shape[-1]
        close(circuit.trace(), D.diagonal(dim1=-2, dim2=-1).sum(-1))
        close(circuit.norm(), torch.linalg.matrix_norm(D))
        close(circuit.singular_values(), torch.linalg.svdvals(D)[..., : circuit.rank])
        u, s, v = circuit.svd()
        close((u * s[..., None, :]) @ v.mT, D)
        close(u.mT @ u, torch.eye(4).double().expand(*D.shape[:-2], 4, 4))
        close(circuit.eigenvalues().sum(-1).real, circuit.trace())
        expected = torch.linalg.eigvals(D).abs().sort(descending=True).values[..., :4]
        close(circuit.eigenvalues().abs(), expected)
        close(circuit.row(3), D[..., 3, :])
        close(circuit.column(5), D[..., 5])
        close(circuit.entries([1, 4], [0, 2, 7]), D[..., [1, 4], :][..., [0, 2, 7]])
        close(circuit.diagonal(), D.diagonal(dim1=-2, dim2=-1))
        x = torch.randn(2, 5, n).double()
        expected = torch.einsum("bij,xpj->bxpi", D.flatten(0, -3), x).unflatten(0, D.shape[:-2])
        close(circuit.times(x), expected)
        for largest in (True, False):
            values, rows, columns = circuit.top(6, largest)
            close(values, D.flatten(-2).topk(6, largest=largest).values)
            places = rows * n + columns
            close(D.flatten(-2).gather(-1, places), values)


def test_matrices_of_a_batch(gpt2: tuple[torch.nn.Module, Circuits]) -> None:
    OV = gpt2[1].OV
    assert [wire.text for wire in OV.batch] == ["layer", "h"]
    close(OV.at(layer=1, h=2).dense(), OV.dense()[1, 2])
    close(OV.at(h=[2, 0], layer=slice(1, None)).dense(), OV.dense()[1:, [2, 0]])
    with pytest.raises(KeyError, match="no batch leg head; it has layer, h"):
        OV.at(head=0)
    close((OV @ OV).dense(), OV.dense() @ OV.dense())
    with pytest.raises(ValueMismatch, match="12 columns, the other 31 rows"):
        OV @ replace_name(gpt2[1].unembed)


def replace_name(circuit: Circuit) -> Circuit:
    return Circuit(circuit.operands, circuit.batch, circuit.rows, circuit.columns)


def test_composition_and_copying(gpt2: tuple[torch.nn.Module, Circuits]) -> None:
    circuits = gpt2[1]
    OV, QK = circuits.OV.dense(), circuits.QK.dense()
    for kind, reads in (("Q", QK.mT), ("K", QK), ("V", OV)):
        found = composition(circuits, kind)  # type: ignore[arg-type]
        for (a, h), (b, i) in itertools.product(itertools.product(range(3), range(3)), repeat=2):
            expected = torch.linalg.matrix_norm(reads[b, i] @ OV[a, h])
            expected = expected / torch.linalg.matrix_norm(reads[b, i]) / torch.linalg.matrix_norm(OV[a, h])
            close(found[a, h, b, i], expected if a < b else torch.zeros(()).double())
    values = torch.linalg.eigvals(OV)
    close(copying(circuits.OV), values.real.sum(-1) / values.abs().sum(-1))


@torch.no_grad()
def test_logits_are_the_sum_of_what_is_attributed(gpt2: tuple[torch.nn.Module, Circuits]) -> None:
    """Heads by themselves: what the stream would have without them; the lens' last value is the logit."""
    module, circuits = gpt2
    tokens = torch.randint(31, (2, 7), generator=torch.Generator().manual_seed(1))
    logits, cache = module.run_with_cache(tokens)
    W = module.state_dict()
    chosen = logits.gather(-1, tokens[..., None]).squeeze(-1) - (W["W_E"] @ W["ln_f.bias"])[tokens]
    close(logit_lens(circuits, cache, tokens)[-1], chosen)
    found = attribution(circuits, cache, tokens)
    U = W["W_E"] * W["ln_f.gain"] @ (torch.eye(12).double() - 1 / 12)
    for layer in range(3):
        A, V, W_O = cache[f"attention.{layer}.A"], cache[f"attention.{layer}.V"], W[f"attention.{layer}.W_O"]
        written = torch.einsum("bhqk,bhks,hsd->hbqd", A, V, W_O)
        expected = torch.einsum("hbqd,bqd,bq->hbq", written, U[tokens], cache["ln_f.scale"])
        close(found[layer], expected)
    fewer = {
        name: value for name, value in cache.items() if name.endswith((".A", "scale")) or name[:2] == "x."
    }
    close(attribution(circuits, fewer, tokens), found)
    close(
        attribution(circuits, cache, 4, 9), attribution(circuits, cache, 4) - attribution(circuits, cache, 9)
    )
    with pytest.raises(ValueMismatch, match=r"the cache has no attention\.0\.A"):
        attribution(circuits, {k: v for k, v in cache.items() if not k.endswith(".A")}, tokens)
    with pytest.raises(ValueMismatch, match="tokens of shape"):
        attribution(circuits, cache, tokens[0])


OTHERWISE = {
    "fused": """
        net block(x[seq, d]) -> y[seq, d] {
            param B[h, i: d, j: d], C[h, i: d, j: d]
            A[p, n, m] = softmax[m](x[m, b] B[n, a, b] x[p, a])
            y[p, o] = x[p, o] + C[n, o, e] A[p, n, m] x[m, e]
        }""",
    "one head": """
        net block(x[seq, d]) -> y[seq, d] {
            param K[s, d], Q[s, d], V[s, d], O[d, s]
            key[m, s] = K[s, e] x[m, e]
            y[q, o] = O[o, s] V[s, e] x[k, e] softmax[k](3 key[k, t] Q[t, f] x[q, f])
        }""",
    "joined": """
        net block(x[seq, d]) -> y[seq, d] {
            param W[three: 3, h, s, d], O[h, s, d], b[h, s]
            qkv[t, p, h, s] = W[t: 3, h, s, e] x[p, e] + b[h, s]
            A[h, q, k] = softmax[k](causal[q, k](qkv[0, q, h, s] qkv[1, k, h, s]))
            y[q, o] = A[h, q, k] qkv[2, k, h, s] O[h, s, o]
        }""",
    "bound": """
        net block(x[seq, d]) -> y[seq, d] {
            param Q[h, s, d], K[h, s, d], V[h, s, d], O[h, s, d]
            OV[h, a, b] = O[h, s, a] V[h, s, b]
            QK[h, a, b: d] = Q[h, s, a] K[h, s, b] + 2 K[h, s, a] Q[h, s, b]
            y[q, o] = x[q, o] + softmax[k](x[q, a] QK[h, a, b] x[k, b]) OV[h, o, e] x[k, e]
        }""",
    "groups": """
        net block(x[seq, d]) -> y[seq, d] {
            param Q[g, r, s, d], K[g, s, d], V[g, s, d], O[g, r, s, d]
            A[g, r, q, k] = softmax[k](causal[q, k]((Q[g, r, s, e] x[q, e]) (K[g, s, f] x[k, f])))
            y[q, o] = A[g, r, q, k] (V[g, s, e] x[k, e]) O[g, r, s, o]
        }""",
}
HEADER = "dim seq, d = 6, h = 3, s = 2, g = 2, r = 3\n"
MATRICES = {
    "fused": ("nij->nij", "B", "noe->noe", "C"),
    "one head": ("sd,se->de", "Q K", "os,se->oe", "O V"),
    "joined": ("hsd,hse->hde", "W.0 W.1", "hso,hse->hoe", "O W.2"),
    "bound": ("hde->hde", "QK", "hso,hse->hoe", "O V"),
    "groups": ("grsd,gse->grde", "Q K", "grso,gse->groe", "O V"),
}


@pytest.mark.parametrize("name", [*MATRICES])
def test_attention_written_otherwise(name: str) -> None:
    net = tnlang.load(HEADER + OTHERWISE[name]).nets["block"]
    W = weights_of(net.module().double())
    circuits = net.circuits(W)
    (attention,) = circuits.attentions()
    if name == "joined":
        W |= {f"W.{n}": W["W"][n] for n in range(3)}
    if name == "bound":
        product = torch.einsum("hsd,hse->hde", W["Q"], W["K"])
        W["QK"] = product + 2 * product.mT
    scores, read, writes, written = MATRICES[name]
    factor = 3 if name == "one head" else 1
    close(attention.QK.dense(), factor * torch.einsum(scores, *(W[letter] for letter in read.split())))
    close(attention.OV.dense(), torch.einsum(writes, *(W[letter] for letter in written.split())))
    assert attention.OV.rank == (6 if name == "fused" else 2)


def test_biases_have_circuits_of_their_own() -> None:
    """What ends at no value: the scores are the sum of all four products."""
    text = """
        net block(x[seq, d]) -> y[seq, d] {
            param Q[h, s, d], K[h, s, d], V[h, s, d], O[h, s, d], a[h, s], b[h, s], c[h, s]
            S[h, q, k] = (Q[h, s, e] x[q, e] + a[h, s]) (K[h, s, f] x[k, f] + b[h, s])
            A[h, q, k] = softmax[k](S[h, q, k])
            y[q, o] = A[h, q, k] (V[h, s, e] x[k, e] + c[h, s]) O[h, s, o]
        }"""
    module = tnlang.load(HEADER + text).nets["block"].module().double()
    W = weights_of(module)
    circuits = tnlang.load(HEADER + text).nets["block"].circuits(W)
    (attention,) = circuits.attentions()
    x = torch.randn(5, 6, generator=torch.Generator().manual_seed(1)).double()
    sides = {"x": x, "": torch.ones(5, 1).double()}
    parts = [sides[q] @ one.dense() @ sides[k].mT for (q, k), one in attention.scores.items()]
    with torch.no_grad():
        y, cache = module.run_with_cache(x)
    assert len(parts) == 4
    close(sum(parts, torch.zeros(())), cache["S"])
    written = [sides[end] @ one.dense().mT for end, one in attention.writes.items()]
    close(sum((cache["A"] @ one for one in written), torch.zeros(())).sum(0), y)


ROTARY = """
    dim seq, d = 6, h = 3, half = 2, size = 2 * half
    net rotary() -> R[seq, out: size, in: size] {
        angle[p, j] = index[p: seq] exp(-index[j: half])
        turn[r, c] = basis(1)[r: 2] basis(0)[c: 2] - basis(0)[r: 2] basis(1)[c: 2]
        R[p, (r j), (c k)] = delta[j, k] (cos(angle[p, j]) delta[r: 2, c] + sin(angle[p, j]) turn[r, c])
    }
    net block(x[seq, d]) -> y[seq, d] {
        param g[d], Q[h, size, d], K[h, size, d], V[h, size, d], O[h, size, d]
        n[p, e] = rmsnorm[e](x[p, e]) g[e]
        R = rotary()
        S[h, q, k] = (R[q, t, s] Q[h, s, e] n[q, e]) (R[k, t, u] K[h, u, f] n[k, f])
        A[h, q, k] = softmax[k](causal[q, k](S[h, q, k]))
        y[q, o] = A[h, q, k] V[h, s, e] n[k, e] O[h, s, o]
    }"""


def test_rotary_scores_have_a_circuit_for_each_pair_of_positions() -> None:
    """Which depends on how far they are apart alone."""
    net = tnlang.load(ROTARY).nets["block"]
    module = net.module().double()
    W = weights_of(module)
    (attention,) = net.circuits(W, seq=5).attentions()
    assert [(wire.text, wire.size) for wire in attention.QK.batch] == [("h", 3), ("q", 5), ("k", 5)]
    x = torch.randn(5, 6, generator=torch.Generator().manual_seed(1)).double()
    with torch.no_grad():
        _, cache = module.run_with_cache(x)
    n = x * cache["scale"][:, None]
    dense = attention.QK.dense()
    close(torch.einsum("hqkde,qd,ke->hqk", dense, n, n), cache["S"])
    close(dense[:, 3, 1], dense[:, 4, 2])
    close(attention.QK.at(q=3, k=1).singular_values(), torch.linalg.svdvals(dense[:, 3, 1])[:, :4])
    assert attention.QK.rank == 4
    close(net.circuits(W).OV.dense()[0], torch.einsum("hsd,hse,e->hde", W["O"], W["V"], W["g"]))
    with pytest.raises(
        ValueMismatch, match=r"dim seq has no value; give it, as in `circuits\(weights, seq=5\)`"
    ):
        net.circuits(W).attentions()[0].QK.dense()


@torch.no_grad()
def test_attentions_that_are_added_together_are_one_layer() -> None:
    text = """
    dim seq, vocab = 7, d = 6, h = 2, s = 3
    net head(x[seq, d]) -> y[seq, d] {
        param Q[h, s, d], K[h, s, d], V[h, s, d], O[h, s, d]
        A[h, q, k] = softmax[k](causal[q, k](Q[h, s, e] x[q, e] K[h, s, f] x[k, f]))
        y[q, o] = A[h, q, k] V[h, s, e] x[k, e] O[h, s, o]
    }
    net model(t[seq, vocab] onehot) -> logits[seq, vocab] {
        param E[vocab, d], U[vocab, d]
        stream x[p, e] = t[p, v] E[v, e]
        repeat l in 0..2 { x += (head(x) as one) + (head(x) as two) }
        logits[p, v] = x[p, e] U[v, e]
    }"""
    net = tnlang.load(text).nets["model"]
    module = net.module().double()
    W = weights_of(module)
    circuits = net.circuits(W)
    assert [[one.name for one in layer] for layer in circuits.layers()] == [
        ["one.0", "two.0"], ["one.1", "two.1"],
    ]  # fmt: skip
    assert [wire.text for wire in circuits.OV.batch] == ["layer", "attention", "h"]
    close(circuits.OV.dense()[1, 0], torch.einsum("hsd,hse->hde", W["one.1.O"], W["one.1.V"]))
    scores = composition(circuits, "V")
    assert scores.shape == (2, 2, 2, 2, 2, 2)
    assert not scores[:, :, :, 0].any() and not scores[1].any() and scores[0, :, :, 1].all()
    tokens = torch.randint(7, (5,), generator=torch.Generator().manual_seed(1))
    logits, cache = module.run_with_cache(tokens)
    found = attribution(circuits, cache, tokens)
    assert found.shape == (2, 2, 2, 5)
    embedded = ((W["E"] @ W["U"].T)[tokens, tokens]).expand(5)
    close(found.sum((0, 1, 2)) + embedded, logits.gather(-1, tokens[:, None]).squeeze(-1))


@torch.no_grad()
def test_heads_with_several_legs_stand_as_in_the_pattern() -> None:
    """Whatever the order of legs in the weights: tables of pairs of heads and of attributions agree."""
    text = """
    dim seq, vocab = 7, d = 6, groups = 2, copies = 2, s = 3
    net attention(x[seq, d]) -> y[seq, d] {
        param Q[d, s, copies, groups], K[groups, d, s], V[s, groups, d], O[copies, s, groups, d]
        A[q, r, k, g] = softmax[k](causal[q, k](Q[e, s, r, g] x[q, e] K[g, f, s] x[k, f]))
        y[q, o] = A[q, r, k, g] V[s, g, e] x[k, e] O[r, s, g, o]
    }
    net model(t[seq, vocab] onehot) -> logits[seq, vocab] {
        param E[vocab, d]
        stream x[p, e] = t[p, v] E[v, e]
        repeat l in 0..2 { x += attention(x) }
        logits[p, v] = x[p, e] E[v, e]
    }"""
    net = tnlang.load(text).nets["model"]
    module = net.module().double()
    W = weights_of(module)
    circuits = net.circuits(W)
    for circuit in (circuits.OV, circuits.QK):
        assert [wire.text for wire in circuit.batch] == ["layer", "r", "g"]
    QK, OV = (
        torch.stack(
            [torch.einsum(how, *(W[f"attention.{layer}.{name}"] for name in names)) for layer in (0, 1)]
        )
        for how, names in (("esrg,gfs->rgef", "QK"), ("sge,rsgo->rgoe", "VO"))
    )
    close(circuits.QK.dense(), QK)
    close(circuits.OV.dense(), OV)
    for kind, reads in (("Q", QK.mT), ("K", QK), ("V", OV)):
        pairs = torch.einsum("rgxe,abyx->rgabye", OV[0], reads[1]).flatten(-2).norm(dim=-1)
        norms = OV[0].flatten(2).norm(dim=2)[..., None, None] * reads[1].flatten(2).norm(dim=2)
        close(composition(circuits, kind)[0, :, :, 1], pairs / norms)
    tokens = torch.randint(7, (5,), generator=torch.Generator().manual_seed(1))
    logits, cache = module.run_with_cache(tokens)
    found = attribution(circuits, cache, 3)
    embedded = W["E"][tokens]
    first = torch.einsum("qrkg,rgoe,ke,o->rgq", cache["attention.0.A"], OV[0], embedded, W["E"][3])
    close(found[0], first)
    close(found.sum((0, 1, 2)) + embedded @ W["E"][3], logits[:, 3])


def test_a_circuit_is_cut_where_it_is_thinnest() -> None:
    a, b, c, d, h = (Wire(n, "w", size) for n, size in enumerate((9, 2, 5, 9, 4)))
    shapes = ((a, b, h), (b, c), (c, d, h))
    operands = [Operand(torch.randn([w.size for w in wires]), wires) for wires in shapes]  # type: ignore[misc]
    first, second, bond = halves(operands, [a], [d], [h])
    assert bond == (b,) and first == (operands[0],) and second == tuple(operands[1:])


def test_a_circuit_that_is_thinnest_at_its_own_leg() -> None:
    x, y, z = (Wire(n, "w", size) for n, size in enumerate((3, 7, 8)))
    left, right = Operand(torch.randn(3, 7), (x, y)), Operand(torch.randn(7, 8), (y, z))
    for circuit in (Circuit((left, right), (), (x,), (z,)), Circuit((left, right), (), (z,), (x,))):
        assert circuit.rank == 3
        expected = torch.linalg.svdvals(circuit.dense())
        torch.testing.assert_close(circuit.singular_values(), expected)
        u, s, v = circuit.svd()
        torch.testing.assert_close((u * s) @ v.mT, circuit.dense())


def test_circuits_that_differ_are_not_stacked(gpt2: tuple[torch.nn.Module, Circuits]) -> None:
    with pytest.raises(ValueMismatch, match="differ in structure"):
        stack([gpt2[1].OV, gpt2[1].embed])


def test_what_is_not_there() -> None:
    text = "dim n = 3\nnet f(x[n]) -> y[n] { param W[n, m: n]; y[i] = relu(W[i, j] x[j]) }"
    circuits = tnlang.load(text).nets["f"].circuits({"W": torch.eye(3)})
    with pytest.raises(ValueMismatch, match="has no attention"):
        circuits.attentions()
    with pytest.raises(KeyError, match="has no value z; it has y"):
        circuits.between("z", "x")
    close(circuits.between("y", "x").dense(), torch.eye(3))
    with pytest.raises(ValueMismatch, match="missing weights W"):
        tnlang.load(text).nets["f"].circuits({})
    with pytest.raises(ValueMismatch, match="leg m of parameter W has 2 entries, not 3"):
        tnlang.load(text).nets["f"].circuits({"W": torch.ones(3, 2)})


def test_heads_of_a_family_are_attentions_of_their_own() -> None:
    text = """
    dim seq = 4, hidden = 5, size = 3
    net f(x[seq, hidden]) -> y[seq, hidden] {
        param Q{0..2}[size, hidden], K{0..2}[size, hidden], V{0..2}[size, hidden], O{0..2}[size, hidden]
        repeat h in 0..2 { A{h}[q, k] = softmax[k](x[q, d] Q{h}[s, d] K{h}[s, e] x[k, e]) }
        y[q, d] = x[q, d] + sum h in 0..2 { A{h}[q, k] V{h}[s, e] x[k, e] O{h}[s, d] }
    }
    """
    net = tnlang.load(text).nets["f"]
    W = weights_of(net.module().double())
    circuits = net.circuits(W)
    assert [attention.pattern for attention in circuits.attentions()] == ["A.0", "A.1"]
    for head, attention in enumerate(circuits.attentions()):
        close(attention.QK.dense(), W[f"Q.{head}"].T @ W[f"K.{head}"])
        close(attention.OV.dense(), W[f"O.{head}"].T @ W[f"V.{head}"])
    assert [wire.text for wire in circuits.OV.batch] == ["layer", "head"]
    assert circuits.OV.shape == (1, 2, 5, 5)
    assert not composition(circuits, "V").any()


def test_without_a_stream_circuits_lead_from_tokens_to_logits() -> None:
    """What heads add is a part of the logits themselves, at each position and for a batch."""
    dims = {"vocab": 9, "position": 7, "hidden": 6, "size": 3}
    net = tnlang.load(PROGRAMS["C2_full_circuits"], dims=dims).nets["model"]
    module = net.module().double()
    W = weights_of(module)
    circuits = net.circuits(W, seq=5)
    assert repr(circuits) == "<circuits of net model>"
    OV = torch.einsum("wd,hsd,hse,ve->hwv", W["W_U"], W["W_O"], W["W_V"], W["W_E"])
    close(circuits.full(circuits.OV).dense(), OV[None])
    QK = torch.einsum("qd,hsd,hse,ke->hqk", W["W_E"], W["W_Q"], W["W_K"], W["W_E"])
    close(circuits.full_scores(circuits.QK).dense(), QK[None])
    with pytest.raises(ValueMismatch, match="no stream to embed tokens in: its circuits lead from tokens"):
        circuits.embed.dense()
    with pytest.raises(ValueMismatch, match="full circuits do not stop at x"):
        circuits.stopped(["x"]).full(circuits.OV)

    tokens = torch.randint(9, (2, 5), generator=torch.Generator().manual_seed(1))
    logits, cache = module.run_with_cache(tokens)
    found = attribution(circuits, cache, tokens)
    x = W["W_E"][tokens] + W["W_P"][:5]
    assert found.shape == (1, 2, 2, 5)
    direct = torch.einsum("bqd,bqd->bq", x, W["W_U"][tokens])
    close(found.sum((0, 1)) + direct, logits.gather(-1, tokens[..., None]).squeeze(-1))
    against = attribution(circuits, cache, 4, 2)
    written = torch.einsum("bhqk,bke,hse,hsd,wd->whbq", cache["A"], x, W["W_V"], W["W_O"], W["W_U"])
    close(against[0], written[4] - written[2])
    with pytest.raises(ValueMismatch, match="net model has no stream whose values"):
        logit_lens(circuits, cache, tokens)


def test_what_an_output_reads_as_it_is_is_no_circuit() -> None:
    net = tnlang.load(PROGRAMS["N17_two_layers"]).nets["two"]
    with pytest.raises(ValueMismatch, match=r"it reads r\.2 itself"):
        net.circuits(dict(net.module().state_dict())).unembed.dense()


@pytest.mark.parametrize("made", ["plain", "lower rank", "no column", "falling"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [(), (3, 2)])
def test_a_triangle_is_as_exact_as_that_of_qr(made: str, dtype: torch.dtype, batch: tuple[int, ...]) -> None:
    """Of float32 arrays it is made in float64: no further from the exact one than QR, but for rounding."""
    rng = torch.Generator().manual_seed(2)
    array = torch.randn(*batch, 90, 12, generator=rng, dtype=torch.float64)
    match made:
        case "lower rank":
            array = array[..., :5] @ torch.randn(*batch, 5, 12, generator=rng, dtype=torch.float64)
        case "no column":
            array[..., 3] = 0
        case "falling":
            array *= 10.0 ** -torch.arange(12)
    array = array.to(dtype)
    exact, spectrum = array.double().mT @ array.double(), torch.linalg.svdvals(array.double())

    def off(factor: Tensor) -> list[float]:
        gram, values = factor.double().mT @ factor.double(), torch.linalg.svdvals(factor.double())
        return [float((a - b).abs().max() / b.max()) for a, b in ((gram, exact), (values, spectrum))]

    for own, by_qr in zip(off(triangle(array)), off(torch.linalg.qr(array).R), strict=True):
        assert own <= by_qr + (1e-9 if dtype == torch.float64 else torch.finfo(dtype).eps)


@torch.no_grad()
def test_heads_that_read_an_input_are_attributed_with_it_beside_the_cache() -> None:
    text = """
    dim seq, mem = 5, vocab = 7, d = 6, h = 2
    net cross(x[seq, d], m[mem, d]) -> y[seq, d] {
        param W_Q[h, d, d], W_O[h, d, d]
        A[h, q, k] = softmax[k](W_Q[h, a, b] x[q, a] m[k, b])
        y[q, o] = A[h, q, k] W_O[h, o, e] m[k, e]
    }
    net model(t[seq, vocab] onehot, m[mem, d]) -> logits[seq, vocab] {
        param E[vocab, d]
        stream x[p, e] = t[p, v] E[v, e]
        repeat l in 0..2 { x += cross(x, m) }
        logits[p, v] = x[p, e] E[v, e]
    }"""
    net = tnlang.load(text).nets["model"]
    module = net.module().double()
    W = weights_of(module)
    circuits = net.circuits(W)
    tokens, m = torch.tensor([1, 2, 3]), torch.randn(5, 6).double()
    logits, cache = module.run_with_cache(tokens, m)
    with pytest.raises(ValueMismatch, match=r"no m, which is an input: add it, \{\*\*cache, 'm': m\}"):
        attribution(circuits, cache, 3)
    found = attribution(circuits, {**cache, "m": m}, 3)
    close(found.sum((0, 1)) + W["E"][tokens] @ W["E"][3], logits[:, 3])


def test_attentions_of_different_kinds_are_composed_pair_by_pair() -> None:
    one = """
    net {net}(x[seq, d]) -> y[seq, d] {{
        param Q[{h}, k, d], K[{h}, k, d], V[{h}, k, d], O[{h}, d, k]
        A[n, p, q] = softmax[q](Q[n, s, i] x[p, i] K[n, s, j] x[q, j])
        y[p, i] = O[n, i, s] A[n, p, q] V[n, s, j] x[q, j]
    }}
    """
    program = tnlang.load(
        f"dim seq = 4, d = 6, two = 2, three = 3, k = 2\n{one.format(net='first', h='two')}"
        f"{one.format(net='later', h='three')}\n"
        "net f(x[seq, d]) -> y[seq, d] { stream r = x; r += first(r); r += later(r); y = r }\n"
    )
    torch.manual_seed(0)
    weights = {name: torch.randn_like(p) for name, p in program.nets["f"].module().named_parameters()}
    circuits = program.nets["f"].circuits(weights)
    with pytest.raises(ValueMismatch, match=r"composition_of\(a\.OV, b\.QK\.T\)"):
        composition(circuits, "Q")
    first, later = circuits.attentions()
    found = composition_of(first.OV, later.QK.T)
    write = torch.einsum("hds,hse->hde", weights["first.O"], weights["first.V"])
    read = torch.einsum("hsd,hse->hde", weights["later.Q"], weights["later.K"])
    both = torch.einsum("gde,hdf->hgef", read, write)
    norms = write.flatten(1).norm(dim=1)[:, None] * read.flatten(1).norm(dim=1)
    torch.testing.assert_close(found, both.flatten(2).norm(dim=2) / norms)
