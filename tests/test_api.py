"""The Python interface."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
import torch

import tnlang
import tnlang.importer

LINEAR = """
dim seq, s = 4, text = 3
net linear(x[seq, s]) -> y[seq, text] {
    param W[text, s]
    y[p, o] = W[o, i] x[p, i]
}
net both(x[seq, s]) -> (first[seq, text], second[seq, text]) {
    first = linear(x) as one
    second = linear(x) as two
}
figure pair "two at once" { draw both }
"""


@pytest.fixture(scope="module")
def program():
    return tnlang.load(LINEAR)


def test_a_text_has_a_line_end_or_no_ending(tmp_path):
    file = tmp_path / "model.tn"
    file.write_text(LINEAR)
    assert list(tnlang.load(str(file)).nets) == list(tnlang.load(file).nets) == ["linear", "both"]
    assert list(tnlang.load("y = 2").nets) == ["main"]
    with pytest.raises(FileNotFoundError):
        tnlang.load("y = 2 # .tn")


def test_the_error_says_what_the_command_line_says(tn):
    from click.testing import CliRunner

    from tnlang.cli import main

    file = tn("tensor A[i: 2, j: 3]\ny[i] = A[i, j]\nz = C\n")
    with pytest.raises(tnlang.TnError) as caught:
        tnlang.load(file)
    assert len(caught.value.diagnostics) == 2
    assert str(caught.value) in CliRunner().invoke(main, ["check", str(file)]).stderr.replace(
        "\n\n1 file", ""
    )


def test_the_module_is_the_reference(program):
    net = program.nets["linear"]
    module = net.module()
    x = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    parameters = {name: value.numpy(force=True) for name, value in module.state_dict().items()}
    expected = net.numpy(x.numpy(), **parameters)
    np.testing.assert_allclose(module(x).numpy(force=True), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(net.numpy(x=x.numpy(), **parameters), expected)


def test_several_outputs_come_by_name(program):
    net = program.nets["both"]
    random = np.random.default_rng(0)
    x, one, two = random.normal(size=(5, 4)), random.normal(size=(3, 4)), random.normal(size=(3, 4))
    out = net.numpy(x, **{"one.W": one, "two.W": two})
    np.testing.assert_allclose(out.first, x @ one.T)
    np.testing.assert_allclose(out.second, x @ two.T)
    module = net.module().double()
    module.load_state_dict({"one.W": torch.from_numpy(one), "two.W": torch.from_numpy(two)})
    np.testing.assert_allclose(module(torch.from_numpy(x)).second.numpy(force=True), x @ two.T)


def test_dims_of_any_name_are_bound_by_keyword(program):
    module = program.nets["linear"].module(s=7, text=2)
    assert type(module).__name__ == "Linear"
    assert module(torch.ones(5, 7)).shape == (5, 2)
    assert tnlang.load(LINEAR, dims={"text": 6}).nets["linear"].module()(torch.ones(1, 4)).shape == (1, 6)
    assert "self" in tnlang.load("dim self = 2\nconst c[self] = [1, 2]\ny[i] = c[i]").nets["main"].source(
        self=2
    )


def test_an_unknown_dim_is_refused(program):
    for ask in (
        lambda: tnlang.load(LINEAR, dims={"width": 2}),
        lambda: program.nets["linear"].module(width=2),
        lambda: program.nets["linear"].svg(width=2),
        lambda: program.nets["linear"].source(width=2),
    ):
        with pytest.raises((tnlang.TnError, ValueError, TypeError), match="width"):
            ask()


def test_arrays_that_do_not_fit_are_refused_by_name(program):
    net = program.nets["linear"]
    with pytest.raises(tnlang.ValueMismatch, match="missing parameters W"):
        net.numpy(np.ones((2, 4)))
    with pytest.raises(tnlang.ValueMismatch, match="input x is given twice"):
        net.numpy(np.ones((2, 4)), x=np.ones((2, 4)))
    with pytest.raises(tnlang.ValueMismatch, match="takes 1 inputs"):
        net.numpy(np.ones((2, 4)), np.ones((2, 4)))
    with pytest.raises(tnlang.ValueMismatch, match="leg s of input x has 5"):
        net.numpy(np.ones((2, 5)), W=np.ones((3, 4)))


def test_a_dim_that_counts_members_makes_the_source_anew():
    chain = tnlang.load(
        "dim N = 3, bond = 2\n"
        "net chain() -> y {\n param A{n: 0..N}[l: bond, r: bond]\n"
        " y = prod n in 0..N { A{n}[b{n}, b{n+1 mod N}] }\n}"
    ).nets["chain"]
    module = chain.module(N=5, bond=3)
    assert sorted(module.state_dict()) == [f"A.{n}" for n in range(5)]
    expected = torch.trace(torch.linalg.multi_dot([module.state_dict()[f"A.{n}"] for n in range(5)]))
    torch.testing.assert_close(module(), expected)


def test_pictures(program):
    net, figure = program.nets["both"], program.figures["pair"]
    assert net.svg() == net._repr_svg_() and "<svg" in net.svg()
    assert "two at once" in figure.svg() and "two at once" not in net.svg()
    width = [int.from_bytes(net.png(scale)[16:20]) for scale in (1.0, 3.0)]
    assert width[1] == pytest.approx(3 * width[0], abs=3)
    assert net.pdf() == net.pdf()


def test_functions_of_python_run_only_if_allowed():
    text = 'fn half = "torch:neg"{}\ntensor x[i: 3]\ny[i] = half(x[i])'
    refused = tnlang.load(text.format("")).nets["main"]
    with pytest.raises(tnlang.ValueMismatch, match="half"):
        refused.numpy(x=[1, 2, 3])
    with pytest.raises(tnlang.ValueMismatch, match="half"):
        refused.module()
    for twin in ("", ', numpy = "operator:neg"'):
        allowed = tnlang.load(text.format(twin), functions=True).nets["main"]
        np.testing.assert_array_equal(allowed.numpy(x=[1, 2, 3]), [-1, -2, -3])
    assert allowed.module()(torch.ones(3)).tolist() == [-1, -1, -1]
    missing = tnlang.load(text.replace("torch:neg", "nowhere:neg").format(""), functions=True).nets["main"]
    with pytest.raises(tnlang.ValueMismatch, match="nowhere"):
        missing.numpy(x=[1, 2, 3])


def test_the_import_hook_has_to_be_asked_for(tn, tmp_path, monkeypatch):
    tn(LINEAR, "linear_model.tn")
    monkeypatch.syspath_prepend(str(tmp_path))
    tn('fn half = "torch:neg"\ntensor x[i: 3]\ny[i] = half(x[i])', "foreign.tn")
    assert not any(type(finder).__module__.startswith("tnlang") for finder in sys.meta_path)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("linear_model")
    tnlang.importer.install()
    tnlang.importer.install()
    try:
        module = importlib.import_module("linear_model")
        assert module.Linear(s=2, text=2)(torch.ones(1, 2)).shape == (1, 2)
        assert module.__spec__.origin == str(tmp_path / "linear_model.tn")
        with pytest.raises(tnlang.ValueMismatch, match="half"):
            importlib.import_module("foreign")
    finally:
        tnlang.importer.uninstall()
        sys.modules.pop("linear_model", None)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("linear_model")
