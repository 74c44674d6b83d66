"""Random programs with a residual stream: sequences of blocks, each a small random network."""

from __future__ import annotations

from hypothesis import strategies as st

ELEMENTWISE = ("relu", "gelu", "silu", "tanh", "sigmoid")

HEADER = """
dim seq, hidden = 8, head = 2, size = 4, mlp = 32, inner = 16

net ln(x[seq, hidden]) -> y[seq, hidden] {
    param gain[hidden] ~ ones, bias[hidden] ~ zeros
    y[p, d] = layernorm[d](x[p, d]) gain[d] + bias[d]
}
"""


@st.composite
def attention(draw: st.DrawFn, name: str) -> str:
    """Attention with or without heads, mask, scale, and biases of its values."""
    h, heads = draw(st.sampled_from([("h, ", "head, "), ("", "")]))
    mask = draw(st.booleans())
    scale = " / sqrt(size)" if draw(st.booleans()) else ""
    biased = [draw(st.booleans()) for _ in range(4)]
    lines = [f"    param W_{n}[{heads}size, hidden]" for n in "QKVO"]
    lines += [f"    param b_{n}[{heads}size] ~ zeros" for n, on in zip("QKV", biased, strict=False) if on]
    if biased[3]:
        lines.append("    param b_O[hidden] ~ zeros")
    names = {}
    for n, at, on in zip("QKV", ("q", "k", "k"), biased, strict=False):
        if on:
            lines.append(f"    {n}[{h}{at}, s] = W_{n}[{h}s, e] x[{at}, e] + b_{n}[{h}s]")
            names[n] = f"{n}[{h}{at}, s]"
        else:
            names[n] = f"W_{n}[{h}s, e{n}] x[{at}, e{n}]"
    score = f"{names['Q']} {names['K']}{scale}"
    inside = f"causal[q, k]({score})" if mask else score
    lines.append(f"    A[{h}q, k] = softmax[k]({inside})")
    last = " + b_O[d]" if biased[3] else ""
    lines.append(f"    y[q, d] = A[{h}q, k] {names['V']} W_O[{h}s, d]{last}")
    return "\n".join([f"net {name}(x[seq, hidden]) -> y[seq, hidden] {{", *lines, "}"])


@st.composite
def dense(draw: st.DrawFn, name: str) -> str:
    """A network that works on the hidden leg alone: bubbles nested up to three deep, biases, a gate."""
    depth = draw(st.integers(0, 3))
    gate = draw(st.booleans()) and depth > 0
    dims = ["hidden", *("mlp" if i % 2 else "inner" for i in range(1, depth + 1))]
    lines: list[str] = []
    body = "x[p, i0]"
    for i in range(depth):
        lines.append(f"    param W_{i}[{dims[i + 1]}, {dims[i]}]")
        body = f"W_{i}[i{i + 1}, i{i}] {body}"
        if draw(st.booleans()):
            lines.append(f"    param b_{i}[{dims[i + 1]}] ~ zeros")
            body += f" + b_{i}[i{i + 1}]"
        body = f"{draw(st.sampled_from(ELEMENTWISE))}({body})"
    lines.append(f"    param W_out[hidden, {dims[depth]}]")
    body = f"W_out[d, i{depth}] {body}"
    if gate:
        lines.append(f"    param W_gate[{dims[depth]}, hidden]")
        body += f" (W_gate[i{depth}, g] x[p, g])"
    if draw(st.booleans()):
        lines.append("    param b_out[hidden] ~ zeros")
        body += " + b_out[d]"
    return "\n".join(
        [f"net {name}(x[seq, hidden]) -> y[seq, hidden] {{", *lines, f"    y[p, d] = {body}", "}"]
    )


@st.composite
def program(draw: st.DrawFn, most: int = 4) -> str:
    """A whole program: the net ``model`` adds one to ``most`` blocks to its stream."""
    nets, body = [], []
    count = draw(st.integers(1, most))
    for number in range(count):
        name = f"block{'abcd'[number]}"
        nets.append(draw(attention(name) if draw(st.booleans()) else dense(name)))
        match draw(st.sampled_from(["plain", "norm", "norm", "post", "twice"])):
            case "plain":
                body.append(f"r += {name}(r)")
            case "norm":
                body.append(f"r += {name}(ln(r) as ln_{number})")
            case "post":
                body.append(f"r = ln(r + {name}(r)) as ln_{number}")
            case "twice":
                other = f"other{'abcd'[number]}"
                nets.append(draw(dense(other)))
                body.append(f"r += {name}(r) + {other}(r)")
    loop = draw(st.booleans())
    inside = [f"        {line}" for line in body] if loop else [f"    {line}" for line in body]
    if loop:
        inside = ["    repeat l in 0..3 {", *inside, "    }"]
    model = ["net model(x[seq, hidden]) -> y[seq, hidden] {", "    stream r = x", *inside, "    y = r", "}"]
    return "\n".join([HEADER, *nets, *model]) + "\n"


@st.composite
def across(draw: st.DrawFn) -> str:
    """A net whose values (inputs, what is made of them or of the stream) are read in repeats and outside."""
    values = ["s", "x", "z"]
    lines = ["    stream s = x"]

    def step(first: str) -> str:
        """An assignment of the stream that may read a value from far away."""
        value = draw(st.sampled_from([*values, "s"]))
        right = draw(
            st.sampled_from(
                [
                    f"s[p, r] += L[r, c] tanh({value}[p, c])",
                    f"s[p, r] += tanh(s[p, r]) {value}[p, r]",
                    f"s[p, r] = tanh(L[r, c] {value}[p, c]) s[p, r]",
                    f"s[p, r] -= L[r, c] {value}[p, c]",
                    f"s += f({value}) as {first}",
                ]
            )
        )
        return right

    if draw(st.booleans()):
        lines.append(f"    {step('f_0')}")
    if draw(st.booleans()):
        value = draw(st.sampled_from(values))
        made = draw(st.sampled_from([f"M[r, c] {value}[p, c]", f"tanh({value}[p, r])"]))
        lines.append(f"    k[p, r] = {made}")
        values.append("k")
    for number in range(draw(st.integers(1, 2))):
        inside = [f"        {step(f'g_{number}{n}')}" for n in range(draw(st.integers(1, 2)))]
        lines += [f"    repeat l in 0..{draw(st.integers(2, 4))} {{", *inside, "    }"]
    if draw(st.booleans()):
        lines.append(f"    {step('f_1')}")
    value = draw(st.sampled_from(values))
    last = [
        "s",
        f"s + {value}",
        f"s[p, r] {value}[p, r]",
        f"M[r, c] {value}[p, c] + s[p, r]",
        "M[r, c] s[p, c]",
    ]
    lines.append(f"    y[p, r] = {draw(st.sampled_from(last))}".replace("y[p, r] = s + ", "y = s + "))
    if lines[-1].endswith("= s"):
        lines[-1] = "    y = s"
    return "\n".join(
        [
            "dim n = 3, m = 2",
            "net f(x[m, n]) -> y[m, n] { param V[n, n]; y[p, r] = V[r, c] tanh(x[p, c]) }",
            "net model(x[m, n], z[m, n]) -> y[m, n] {",
            "    param L[n, n], M[n, n]",
            *lines,
            "}\n",
        ]
    )
