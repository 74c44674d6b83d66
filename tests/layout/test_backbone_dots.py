"""Dots of a block beside a backbone: each has a place of its own, and the picture means its net."""

from __future__ import annotations

import pytest

import tnlang
from tests.layout.pictures import diagrams_in, sheets_of
from tnlang.draw.diagram import Side
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint

PROGRAMS = {
    "a leg of the last row goes on in the sum and in its own row": """dim seq = 5, d = 6, h = 2, k = 3
net relative(x[seq, d]) -> y[seq, d] {
    param Q[h, k, d], K[h, k, d], V[h, k, d], O[h, k, d], R[q: seq, s: seq, k], u[h, k]
    A[h, q, s] = softmax[s]((Q[h, e, a] x[q, a] + u[h, e]) K[h, e, b] x[s, b] + Q[h, e, a] x[q, a] R[q, s, e])
    y[q, a] = A[h, q, s] V[h, e, b] x[s, b] O[h, e, a]
}
""",
    "a sum in a bubble stands right of the bracket round its term": """dim time = 6, chan = 8
dim heads = 3, width = 4
net linear_bias(u[time, chan]) -> out[time, chan] {
    param slope[heads]
    param Query[chan, heads, width], Key[width, chan, heads]
    param Val[heads, chan, width], Proj[chan, width, heads]
    near[t, s] = index[s: time] - index[t: time]
    S[g, t, s] = u[t, c] Query[c, g, w] Key[w, e, g] u[s, e] / sqrt(width) + slope[g] near[t, s]
    out[t, c] = softmax[s](causal[t, s](S[g, t, s])) u[s, e] Val[g, e, w] Proj[c, w, g]
}
""",
    "two legs of one shape are shared by the column": """dim tok = 5, dm = 6, ff = 12, expert = 4
net moe(x[tok, dm]) -> y[tok, dm] {
    param Router[expert, dm], Up[expert, ff, dm], Down[expert, dm, ff], Gate[expert, ff, dm]
    stream r = x
    g[t, e] = softmax[e](topk[e](Router[e, d] r[t, d], k = 2))
    hid[t, e, f] = silu(Gate[e, f, a] r[t, a]) (Up[e, f, b] r[t, b])
    r[t, d] += g[t, e] Down[e, d, f] hid[t, e, f]
    y = r
}
""",
}


@pytest.mark.parametrize("flow", ["down", "right", "up", "left"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_dots_have_places_of_their_own(name: str, flow: Side) -> None:
    net = PROGRAMS[name].split("net ")[1].split("(")[0]
    text = PROGRAMS[name] + f"figure F {{ draw {net}; flow {flow} }}\n"
    (sheet,) = sheets_of(text)
    (diagram,) = diagrams_in(sheet)
    found = layout(diagram, flow)
    assert lint(found) == faults(diagram, found) == ()
    known = tnlang.load(text)
    report = tnlang.verify(known.figures["F"].svg(), known, module=False)
    assert report.ok, str(report)
