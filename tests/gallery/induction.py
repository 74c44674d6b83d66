"""Section 4, the induction head: what each picture shows, written by hand; and one built by hand.

The head that is built (``weights``) has a hidden space of three parts, turned at random so that no entry of
it means anything by itself: the token, the position, and a part that the first layer fills with the token
before. The first head looks one position back and copies the token it finds to that third part. The second
compares its own token with the third part of others, and copies the token of the one that matches.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

import tnlang
from tests.conftest import PROGRAMS
from tests.gallery.checking import Plot, claim, drawn, plotted
from tnlang.plots import chart

Tensor = torch.Tensor

SIZE = 64
"""How many tokens and positions there are, and the size of the heads."""
SHARP = 20.0
"""Scores of what is looked for; elsewhere they are zero."""


def parts() -> tuple[Tensor, Tensor, Tensor]:
    """Orthonormal bases [64, hidden] of the parts of the hidden space: token, position, token before."""
    turned = torch.linalg.qr(torch.randn(3 * SIZE, 3 * SIZE, generator=generator()).double())[0]
    token, position, before = turned.reshape(3, SIZE, 3 * SIZE)
    return token, position, before


def weights() -> dict[str, Tensor]:
    """The parameters of an induction head, by the names that the net of I8 has for them."""
    token, position, before = parts()
    return {
        "W_E": token,
        "W_P": position,
        "W_U": token,
        "previous.W_Q": SHARP * torch.cat([position[1:], torch.zeros(1, 3 * SIZE).double()]),
        "previous.W_K": position,
        "previous.W_V": token,
        "previous.W_O": before,
        "match.W_Q": SHARP * token,
        "match.W_K": before,
        "match.W_V": token,
        "match.W_O": 3 * token,
    }


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def repeated() -> Tensor:
    """A token that begins the text, then a random sequence of different tokens three times."""
    tokens = 1 + torch.randperm(SIZE - 1, generator=generator())[: (SIZE - 1) // 3]
    return torch.cat([torch.zeros(1, dtype=torch.long), tokens.repeat(3)])


def built(program: tnlang.Program) -> nn.Module:
    """The net of I8 with the weights of the induction head."""
    module = program.nets["induction"].module().double()
    module.load_state_dict(weights())
    return module


def scores(x: Tensor, A: Tensor, W_Q: Tensor, W_K: Tensor, W_O: Tensor, W_V: Tensor) -> Tensor:
    """Of the second head, on keys that are what the first has written."""
    written = A @ x @ W_V.T @ W_O
    return (x @ W_Q.T) @ (written @ W_K.T).T


def masked_softmax(S: Tensor) -> Tensor:
    return S.masked_fill(torch.ones_like(S).triu(1).bool(), -torch.inf).softmax(dim=1)


def head(x: Tensor, arrays: dict[str, Tensor], name: str) -> Tensor:
    W_Q, W_K, W_V, W_O = (arrays[f"{name}.W_{letter}"] for letter in "QKVO")
    return masked_softmax((x @ W_Q.T) @ (x @ W_K.T).T) @ x @ W_V.T @ W_O


# ---------------------------------------------------------------- K-composition


@drawn(seq=6, hidden=3, head_size=2)
def I1_virtual_head(x, A, W_V, W_O, **second):
    S = scores(x, A, second["W_Q'"], second["W_K'"], W_O, W_V)
    return x + masked_softmax(S) @ x @ second["W_V'"].T @ second["W_O'"]


@claim("I1_virtual_head")
@torch.no_grad()
def the_score_is_what_the_first_head_changes_in_the_keys(program):
    """With frozen pattern: scores on keys from the stream after the first head, less those from before it."""
    torch.manual_seed(0)
    module = program.nets["virtual"].module().double()
    W = {name: nn.init.normal_(value) for name, value in module.state_dict().items()}
    x, A = torch.randn(7, 64).double(), torch.randn(7, 7).double()
    S = module.run_with_cache(x, A)[1]["S"]
    after = x + A @ x @ W["W_V"].T @ W["W_O"]
    W_QK = W["W_Q'"].T @ W["W_K'"]
    expected = x @ W_QK @ after.T - x @ W_QK @ x.T
    return (S - expected).abs().max() / S.abs().max()


@drawn
def I2_matrices(x, A, W_V, W_O, **second):
    matrices = [x, second["W_Q'"].T, second["W_K'"], W_O.T, W_V, x.T, A.T]
    return torch.linalg.multi_dot(matrices)


# ---------------------------------------------------------------- tokens

SENTENCE = ["the", "quick", "brown", "fox", "jumps", "the", "quick", "brown"]
WORDS = list(dict.fromkeys(SENTENCE))


@drawn
def I3_tokens():
    return F.one_hot(torch.tensor(WORDS.index("fox")), len(WORDS)).double()


@claim("I3_tokens", bound=0)
@torch.no_grad()
def the_built_network_says_fox_too(program):
    tokens = torch.tensor([len(WORDS), *map(WORDS.index, SENTENCE)])
    said = built(tnlang.load(PROGRAMS["I8_induction_head"]))(tokens)[-1].argmax()
    return float(said != WORDS.index("fox"))


@plotted("I3_tokens")
@torch.no_grad()
def whom_the_built_network_looks_at(program):
    """The text begins with a token of its own."""
    tokens = torch.tensor([len(WORDS), *map(WORDS.index, SENTENCE)])
    _, cache = built(tnlang.load(PROGRAMS["I8_induction_head"])).run_with_cache(tokens)
    words = ["(start)", *SENTENCE]
    yield Plot(chart(cache["match.A"], ("q", "k"), ticks={"q": words, "k": words}))


@drawn
def I4_match(W_Q, W_K, W_O, W_V):
    Match = W_Q.T @ W_K @ W_O.T @ W_V
    kept = torch.eye(len(W_Q)).double()
    return Match, Match, kept, kept


@claim("I4_match")
@torch.no_grad()
def that_of_the_built_head_is_the_identity_on_tokens_and_nothing_else(program):
    W = weights()
    heads = {"W_Q": "match.W_Q", "W_K": "match.W_K", "W_O": "previous.W_O", "W_V": "previous.W_V"}
    module = program.nets["main"].module(hidden=3 * SIZE, head_size=SIZE).double()
    Match = module(**{name: W[stored] for name, stored in heads.items()}) / SHARP
    token, position, before = parts()
    basis = torch.cat([token, position, before])
    seen = basis @ Match @ basis.T
    expected = torch.zeros_like(seen)
    expected[:SIZE, :SIZE] = torch.eye(SIZE)
    return (seen - expected).abs().max()


@drawn
def I5_previous_token():
    return torch.diag(torch.ones(5), -1)


@claim("I5_previous_token", bound=1e-6)
@torch.no_grad()
def the_first_built_head_has_this_pattern(program):
    """From the second query on; the first has only itself to look at."""
    module = built(tnlang.load(PROGRAMS["I8_induction_head"]))
    A = module.run_with_cache(repeated())[1]["previous.A"]
    return (A - torch.diag(torch.ones(len(A) - 1), -1))[1:].abs().max()


@drawn
def I6_simplified(x, W_V, W_O, **second):
    before = torch.diag(torch.ones(len(x) - 1), -1).double()
    return scores(x, before, second["W_Q'"], second["W_K'"], W_O, W_V)


# ---------------------------------------------------------------- the pattern, and the whole


@drawn(seq=12, vocab=3)
def I7_stripes(tokens):
    S = torch.zeros(len(tokens), len(tokens)).double()
    for q, token in enumerate(tokens):
        for k in range(1, len(tokens)):
            S[q, k] = 20 * (tokens[k - 1] == token)
    return masked_softmax(S)


@claim("I7_stripes", bound=1e-6)
@torch.no_grad()
def the_second_copy_has_one_stripe_and_the_third_has_two(program):
    tokens = repeated()[1:]
    copy = len(tokens) // 3
    A = program.nets["induction"].module()(tokens)
    expected = torch.zeros_like(A)
    for q in range(copy, 2 * copy):
        expected[q, q - copy + 1] = 1
    for q in range(2 * copy, 3 * copy):
        expected[q, q - copy + 1] = expected[q, q - 2 * copy + 1] = 0.5
    return (A - expected)[copy:].abs().max()


@plotted("I7_stripes")
@torch.no_grad()
def the_stripes(program):
    tokens = repeated()[1:]
    A = program.nets["induction"].module()(tokens)
    yield Plot(chart(A, ("q", "k"), title="a random sequence, three times"))


@drawn(hidden=3, head_size=2, vocab=7, position=9)
def I8_induction_head(**arrays):
    tokens = arrays["tokens"]
    x = F.embedding(tokens, arrays["W_E"]) + arrays["W_P"][: len(tokens)]
    x = x + head(x, arrays, "previous")
    x = x + head(x, arrays, "match")
    return x @ arrays["W_U"].T


@claim("I8_induction_head", bound=0)
@torch.no_grad()
def built_by_hand_it_predicts_every_token_that_it_can(program):
    """All that follow a token which has stood there before: the copies but for the very first token."""
    tokens = repeated()
    first = len(tokens) // 3 + 1
    said = built(program)(tokens)[:-1].argmax(dim=1)
    return (said != tokens[1:])[first:].double().mean()


@claim("I8_induction_head", bound=0)
@torch.no_grad()
def without_what_the_first_head_writes_it_predicts_none(program):
    module, tokens = built(program), repeated()
    module.load_state_dict({"previous.W_O": torch.zeros(SIZE, 3 * SIZE)}, strict=False)
    return (module(tokens)[:-1].argmax(dim=1) == tokens[1:]).double().mean()


@claim("I8_induction_head", bound=1e-5)
@torch.no_grad()
def its_second_pattern_is_that_of_the_simplified_circuit(program):
    simplified = tnlang.load(PROGRAMS["I7_stripes"]).nets["induction"].module().double()
    A = built(program).run_with_cache(repeated())[1]["match.A"]
    return (A - simplified(repeated())).abs().max()


@plotted("I8_induction_head")
@torch.no_grad()
def the_patterns_of_both_heads(program):
    """One looks back by one, the other gives stripes."""
    _, cache = built(program).run_with_cache(repeated())
    both = torch.stack([cache["previous.A"], cache["match.A"]])
    words = {"head": ("previous", "match")}
    yield Plot(chart(both, ("head", "q", "k"), ticks=words), width=360)
