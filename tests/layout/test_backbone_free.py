"""Numbers and signs, which hang on no wire: in their own bubble, beside a backbone's rows, on nothing."""

from __future__ import annotations

import pytest

import tnlang
from tests.layout.pictures import diagrams_in, sheets_of
from tnlang.draw.diagram import Side
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint

PROGRAMS = {
    "a number beside a wide tensor between its rows": """dim seq = 4, hidden = 6, head = 2, head_size = 3
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param W_Q[head, head_size, hidden], W_K[head, head_size, hidden]
    param W_V[head, head_size, hidden], W_O[head, head_size, hidden]
    A[h, q, k] = softmax[k](causal[q, k](x[q, d] W_Q[h, s, d] W_K[h, s, e] x[k, e] / sqrt(head_size)))
    y[q, d] = A[h, q, k] x[k, e] W_V[h, s, e] W_O[h, s, d]
}
net f = contract(attention, W_Q, W_K)
""",
    "a sum whose term has a bubble": """dim T = 4, D = 5, H = 2, K = 3
net f(x[T, D]) -> y[T, D] {
    param Wq{0..H}[K, D], Wk{0..H}[K, D], Wv{0..H}[K, D], Wo{0..H}[D, K]
    stream r = x
    r[q, d] += sum h in 0..H {
        softmax[k](causal[q, k](Wq{h}[s, a] r[q, a] Wk{h}[s, b] r[k, b])) Wv{h}[v, c] r[k, c] Wo{h}[d, v]
    }
    y = r
}
""",
}


@pytest.mark.parametrize("flow", ["down", "right", "up", "left"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_what_hangs_on_no_wire_stands_free_in_its_own_bubble(name: str, flow: Side) -> None:
    text = f"{PROGRAMS[name]}figure F {{ draw f; flow {flow} }}\n"
    (sheet,) = sheets_of(text)
    (diagram,) = diagrams_in(sheet)
    found = layout(diagram, flow)
    assert lint(found) == faults(diagram, found) == ()
    known = tnlang.load(text)
    report = tnlang.verify(known.figures["F"].svg(), known, module=False)
    assert report.ok, str(report)
