"""The text of generated modules: what it says, what it never does, and that it is always the same."""

from __future__ import annotations

import ast
import itertools
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tnlang
from tests.conftest import PROGRAMS, ROOT
from tnlang.elaborate import load_program
from tnlang.lower import torch_source
from tnlang.source import Source


def source(text: str) -> str:
    return torch_source(load_program(Source("model.tn", text)))


def method(code: str, class_name: str, name: str = "forward") -> str:
    """The statements of a method, without its docstring, each on one line."""
    for node in ast.parse(code).body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name == name:
                    return "\n".join(ast.unparse(statement) for statement in inner.body[1:])
    raise AssertionError(f"no {class_name}.{name}")


def forward(body: str, head: str = "dim n = 4, m = 3\nnet g(x[n], A[n, m], M[n, n])") -> str:
    """The fused body of a net g that gives y."""
    code = method(source(f"{head} -> {body}"), "G")
    kept = [
        line
        for line in code.splitlines()
        if not line.strip().startswith(("legs(", "if self.is_observed", "return self.observed"))
    ]
    return "\n".join(kept)


# ---------------------------------------------------------------- what people read


def test_gpt2_reads_as_one_would_write_it() -> None:
    code = torch_source(load_program(PROGRAMS["gpt2"]))
    assert "return F.layer_norm(x, self.gain.shape, self.gain, self.bias, eps=1e-05)" in code
    assert method(code, "Gpt2").split("\n", 3)[3] == (
        "within('gpt2', 'W_P[p: 0..seq]', seq, self.position)\n"
        "x = F.embedding(tokens, self.W_E) + self.W_P[:seq]\n"
        "for l in range(self.layer):\n"
        "    x = x + self.attention[l](self.ln_1[l](x))\n"
        "    x = x + self.mlp[l](self.ln_2[l](x))\n"
        "return F.linear(self.ln_f(x), self.W_E)"
    )
    assert method(code, "Attention").split("\n")[3:] == [
        "W_Q_x, W_K_x, W_V_x = self.together(0, x)",
        "Q = W_Q_x.unflatten(-1, self.W_Q.shape[:2]).transpose(-3, -2)",
        "K = W_K_x.unflatten(-1, self.W_K.shape[:2]).transpose(-3, -2)",
        "V = W_V_x.unflatten(-1, self.W_V.shape[:2]).transpose(-3, -2)",
        "mixed = attended(Q, K, V, 1 / math.sqrt(self.head_size), is_causal=True)",
        "return F.linear(mixed.transpose(-3, -2).flatten(-2, -1), self.W_O.flatten(0, 1).T, self.b_O)",
    ]
    assert method(code, "Attention", "beside") == (
        "return (((self.W_Q.flatten(0, 1), self.W_K.flatten(0, 1), self.W_V.flatten(0, 1)), "
        "(self.b_Q.flatten(0, 1), self.b_K.flatten(0, 1), self.b_V.flatten(0, 1))),)"
    )
    assert method(code, "Mlp").split("\n")[3:] == [
        "return F.linear(F.gelu(F.linear(x, self.W_in, self.b_in), approximate='tanh'), "
        "self.W_out, self.b_out)"
    ]
    assert "self.attention = nn.ModuleList(" in code
    assert "A[h, q, k] = softmax[k](causal[q, k](Q[h, q, s] K[h, k, s] / sqrt(head_size)))" in code
    assert "x += attention(ln(x) as ln_1)" in code
    assert "param W_Q[head, head_size, hidden] ~ normal(0.02)" in code
    assert re.search(r"Cost .* at seq = 1024: [\d,]+ FLOPs", code)


def test_only_torch_and_the_standard_library_are_imported() -> None:
    allowed = set(sys.stdlib_module_names) | {"torch"}
    for path in (PROGRAMS["gpt2"], PROGRAMS["quantum"], PROGRAMS["S15_mps"]):
        tree = ast.parse(torch_source(load_program(path)))
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = [alias.name for node in top if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in top if isinstance(node, ast.ImportFrom)]
        assert {name.partition(".")[0] for name in names} <= allowed


def test_the_runtime_is_copied_as_far_as_it_is_used() -> None:
    plain = source("dim n = 2\nnet f(x[n]) -> y[n] { y = 2 x }")
    assert "def causal" not in plain
    assert "def levi_civita" not in plain
    assert "def causal" in torch_source(load_program(PROGRAMS["gpt2"]))


# ---------------------------------------------------------------- specials are indexing


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("y[n] { y[i] = delta[i, j] x[j] }", "return x"),
        ("y { y = delta[i, j] M[i, j] }", "return torch.einsum('...ii->...', M)"),
        ("y[n] { y[i] = M[i, j] delta[i, j] }", "return torch.einsum('...ii->...i', M)"),
        ("y[n, n] { y[i, j] = x[i] delta[i, j] }", "return torch.diag_embed(x)"),
        ("y[m] { y[j] = basis(2)[i] A[i, j] }", "return A[..., 2, :]"),
        ("y[m, n] { y[j, i] = A[i, j] }", "return A.mT"),
        ("y { y = basis(2)[i] basis(1)[j] A[i, j] }", "return A[..., 2, 1]"),
        ("y[m] { y[j] = A[n - 1, j] }", "return A[..., self.n - 1, :]"),
        ("y[m] { y[j] = ones[i] A[i, j] }", "return A.sum(-2)"),
        ("y[n] { y[i] = x[i] ones[j: m] ones[j] }", "return self.m * x"),
        ("y[n] { y[i] = shift(1)[i, j] x[j] }", "return shifted(x, -1, 1, self.n)"),
        ("y[n] { y[j] = shift(1)[i, j] x[i] }", "return shifted(x, -1, -1, self.n)"),
        (
            "y[n, r: 2] { y[i, r] = x[i] basis(0)[r: 2] - x[i] x[i] basis(1)[r: 2] }",
            "return torch.stack((x, -(x * x)), dim=-1)",
        ),
        ("y[m] { y[j] = sum k in 0..n { A[k, j] x[k] } }", "return torch.einsum('...kj,...k->...j', A, x)"),
    ],
)
def test_specials_are_indexing(body: str, code: str) -> None:
    assert forward(body) == code


def test_one_hot_values_look_rows_up() -> None:
    head = "dim seq, v = 5, d = 3\nnet g(t[seq, v] onehot, u[seq, v] onehot, E[v, d], s[seq, v])"
    batched = forward("y[seq, d] { y[p, c] = t[p, a] E[a, c] }", head)
    assert batched.endswith("return taken(E.mT[..., None, :, :], t[..., None])")
    table = "dim seq, v = 5, d = 3\nnet g(t[seq, v] onehot)"
    owned = "y[seq, d] { param E[v, d]; y[p, c] = t[p, a] E[a, c] }"
    assert forward(owned, table) == "return F.embedding(t, self.E)"
    assert forward("y[seq] { y[p] = t[p, a] s[p, a] }", head).endswith("return taken(s, t)")
    equal = forward("y[seq] { y[p] = t[p, a] u[p, a] }", head)
    assert equal.endswith("return (t == u).to(E)")
    chosen = forward("y[seq, d] { param W[v, d]; y[p, c] = argmax[a](s[p, a]) W[a, c] }", head)
    assert chosen.endswith("return F.embedding(s.argmax(-1), self.W)")


FORBIDDEN = ("torch.eye", "one_hot(", "torch.zeros", "new_zeros", "new_ones", "torch.ones")


@pytest.mark.parametrize(
    "name",
    [
        "gpt2",
        "I3_tokens",
        "I6_simplified",
        "N7_embedding",
        "C1_bigram",
        "C3_maximum",
        "quantum",
        "S3_diagonal",
        "C9_sinusoid",
    ],
)
def test_examples_make_no_special_arrays(name: str) -> None:
    from tests.torch.test_examples import elaborated

    program = elaborated(PROGRAMS[name])
    code = torch_source(program)
    for node in ast.parse(code).body:
        if isinstance(node, ast.ClassDef) and node.name not in ("Net", "Value", "Part", "NoValue"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name in ("forward", "observed"):
                    text = ast.unparse(inner)
                    assert not [word for word in FORBIDDEN if word in text], text


# ---------------------------------------------------------------- always the same, and tidy


SCRIPT = """
import sys
from pathlib import Path
from tnlang.elaborate import load_program
from tnlang.lower import torch_source
for _ in range(int(sys.argv[2])):  # other ids of wires
    load_program(Path(sys.argv[1]))
sys.stdout.write(torch_source(load_program(Path(sys.argv[1]))))
"""


@pytest.mark.parametrize("name", ["gpt2", "C9_llama", "S19_mera"])
def test_same_bytes_in_every_process(name: str) -> None:
    found = set()
    for seed, before in (("0", "0"), ("1", "1"), ("77", "2")):
        result = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(PROGRAMS[name]), before],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            cwd=ROOT,
        )
        found.add(result.stdout)
    assert len(found) == 1


def test_every_example_is_formatted(tmp_path: Path) -> None:
    from tests.torch.test_examples import elaborated

    for path in PROGRAMS.values():
        program = elaborated(path)
        if program.exported:
            (tmp_path / f"{path.stem}.py").write_text(torch_source(program), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length", "110", str(tmp_path)]
    result = subprocess.run([*ruff, "format", "--diff", *options], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    select = ["--select", "E,F,I", "--ignore", "E741"]
    result = subprocess.run([*ruff, "check", *select, *options], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


# ---------------------------------------------------------------- untrusted text


def test_texts_cannot_leave_their_strings() -> None:
    text = (
        'dim n = 2\nnet f(x[n]) -> y[n] { param W[n] label "\\"\\"\\"\\nimport os"; y[i] = W[i] x[i] }\n'
        'weights safetensors for f {\n    prefix "a\\"); import os; (\\"{x}"\n'
        '    W[i] = "k\\"{{}}\\\\ + __import__(\'os\')"[i]\n    ignore "\\"\\"\\""\n}\n'
    )
    try:
        code = source(text)
    except Exception as error:  # a text that is refused is fine too
        assert type(error).__name__ == "TnError"
        return
    tree = ast.parse(code)
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert imported.count("os") == 1
    calls = [n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    assert "__import__" not in calls


def test_a_sum_of_many_products_is_written_in_seconds() -> None:
    """All products of two of sixteen matrices, added: the square of their sum."""
    torch = pytest.importorskip("torch")
    names = [f"long_name_{n}" for n in range(16)]
    products = [f"{a}[i, j] {b}[j, k] x[k]" for a, b in itertools.product(names, repeat=2)]
    given = ", ".join(f"{name}[n, m: n]" for name in names)
    text = f"dim n = 3\nnet f(x[n], {given}) -> y[n] {{ y[i] = x[i] + {' + '.join(products)} }}"
    started = time.process_time()
    module = tnlang.load(text).nets["f"].module()
    assert time.process_time() - started < 20
    generator = torch.Generator().manual_seed(0)
    x, *matrices = (torch.randn(*s, generator=generator) for s in [(3,), *[(3, 3)] * 16])
    total = sum(matrices)
    added = x + torch.linalg.matrix_power(total, 2) @ x
    assert torch.allclose(module(x, *matrices), added, atol=1e-3)
