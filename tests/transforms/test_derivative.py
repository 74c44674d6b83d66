"""derivative: equal to autograd on random programs, by each function, and written out where that is short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.elaborate.notation import codes, elaborated, lines, said
from tests.strategies import DIMS, Case, expressions, networks
from tests.torch.modules import arrays, built, given_inputs, tensor
from tests.torch.modules import program as loaded
from tests.transforms.fixtures import HERE, fixtures
from tnlang.ir.canonical import canonical
from tnlang.ir.check import violations
from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import Bind
from tnlang.ir.program import Program
from tnlang.ir.walk import walk
from tnlang.lower import identifier
from tnlang.reference import execute, initialise, inputs_of, parameters_of, random_inputs
from tnlang.transforms import Request, Step, TransformError
from tnlang.transforms.derivative import derivative

torch.set_num_threads(2)


def path(name: str) -> tuple[Step, ...]:
    """The path of a parameter by its state_dict name: ``c1.0.W2`` is ``c1{0}.W2``."""
    found: list[Step] = []
    for part in name.split("."):
        if part.isdigit():
            last = found.pop()
            found.append(Step(last.name, (*(last.subs or ()), int(part))))
        else:
            found.append(Step(part))
    return tuple(found)


def differentiated(program: Program, net: str, *by: str) -> tuple[Program, str]:
    """The program with the derivative of a net by one value after the other, and the last one's name."""
    for name in by:
        nets = derivative(Request(program, f"{net}'", net, (path(name),)))
        program = replace(program, nets=(*program.nets, *nets))
        net = f"{net}'"
    return program, net


def autograd(
    program: Program,
    net: str,
    by: str,
    inputs: Mapping[str, np.ndarray],
    parameters: Mapping[str, np.ndarray],
) -> list[np.ndarray]:
    """The Jacobian of each output of a net by one of its inputs or parameters."""
    module = built(program, net, parameters, _unbound(program))
    names = {identifier(name): tensor(array) for name, array in inputs.items()}
    state = {name: tensor(array) for name, array in parameters.items()}

    def outputs(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        own = {**state, by: x} if by in state else state
        given = names if by in state else {**names, identifier(by): x}
        found = torch.func.functional_call(module, own, (), given)
        return found if isinstance(found, tuple) else (found,)

    x = state[by] if by in state else names[identifier(by)]
    return [each.detach().numpy() for each in torch.func.jacrev(outputs)(x)]


def _unbound(program: Program) -> dict[str, int]:
    return {dim.name: DIMS[dim.name] for dim in program.dims if dim.default is None}


def agree(
    program: Program,
    derivative: str,
    expected: list[np.ndarray],
    inputs: Mapping[str, np.ndarray],
    parameters: Mapping[str, np.ndarray],
    tolerance: float = 1e-8,
) -> None:
    """Fail where the reference or the module of the derivative gives something else."""
    assert violations(program) == []
    found = list(
        execute(program, derivative, _used(program, derivative, inputs), parameters).outputs.values()
    )
    state = {name: array for name, array in parameters.items() if name in _state(program, derivative)}
    module = built(program, derivative, state, _unbound(program))
    made = arrays(module(**given_inputs(_used(program, derivative, inputs))))
    for results in (found, made):
        assert len(results) == len(expected)
        for result, right in zip(results, expected, strict=True):
            scale = max(1.0, float(np.abs(right).max(initial=0)))
            np.testing.assert_allclose(result, right, atol=tolerance * scale, rtol=tolerance)


def _state(program: Program, net: str) -> dict[str, object]:
    return dict(parameters_of(program, net, _unbound(program)))


def _used(program: Program, net: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: inputs[name] for name in inputs_of(program, net, _unbound(program))}


# ---------------------------------------------------------------- random programs


def _compare(case: Case, data: st.DataObject) -> None:
    program = loaded(case.text)
    names = [name for name, array in case.inputs.items() if array.dtype.kind != "i"]
    names += list(case.parameters)
    assume(names)
    by = data.draw(st.sampled_from(names))
    made, net = differentiated(program, case.net, by)
    expected = autograd(program, case.net, by, case.inputs, case.parameters)
    assume(all(np.isfinite(each).all() and np.abs(each).max(initial=0) < 1e8 for each in expected))
    agree(made, net, expected, case.inputs, case.parameters)


@settings(max_examples=30)
@given(expressions(), st.data())
def test_of_random_expressions(case: Case, data: st.DataObject) -> None:
    _compare(case, data)


@settings(max_examples=30)
@given(networks(), st.data())
def test_of_random_nets(case: Case, data: st.DataObject) -> None:
    _compare(case, data)


@settings(max_examples=15)
@given(expressions(complex=True), st.data())
def test_of_complex_numbers(case: Case, data: st.DataObject) -> None:
    """Where it is not refused, it is the slope along the real and along the imaginary axis."""
    program = loaded(case.text)
    by = data.draw(st.sampled_from(list(case.inputs)))
    try:
        made, net = differentiated(program, case.net, by)
    except TransformError as error:
        assert "complex" in str(error) and error.hint and error.place is not None
        return
    inputs = case.inputs
    found = execute(made, net, _used(made, net, inputs)).outputs
    x = inputs[by]
    for step in (1e-6, 1e-6j):
        for at in np.ndindex(*x.shape):
            moved = np.zeros(x.shape, complex)
            moved[at] = step
            above, below = (
                execute(program, case.net, {**inputs, by: x + sign * moved}).outputs for sign in (1, -1)
            )
            for slope, up, down in zip(found.values(), above.values(), below.values(), strict=True):
                scale = max(1.0, float(np.abs(slope).max(initial=0)), float(np.abs(up).max(initial=0)))
                np.testing.assert_allclose(slope[(..., *at)], (up - down) / (2 * step), atol=1e-5 * scale)


# ---------------------------------------------------------------- each function, twice

ARGUMENT = "W[i, k] x[k, j] - x[j, i]"
POSITIVE = "W[i, k] x[k, j] + x[j, i]"
FUNCTIONS_OF = {
    **{
        name: f"{name}({ARGUMENT})"
        for name in ["relu", "gelu", "gelu_tanh", "silu", "sigmoid", "tanh", "softplus", "erf"]
    },
    **{name: f"{name}({ARGUMENT})" for name in ("relu", "gelu", "gelu_tanh", "silu", "sigmoid", "tanh")},
    **{name: f"{name}({ARGUMENT})" for name in ("softplus", "erf")},
    **{name: f"{name}({ARGUMENT})" for name in ["exp", "square", "abs", "sign", "step", "sin", "cos"]},
    **{name: f"{name}({POSITIVE})" for name in ["log", "sqrt", "rsqrt"]},
    "leaky_relu": f"leaky_relu({ARGUMENT}, slope = 0.2)",
    "clamp": f"clamp({ARGUMENT}, min = -0.5, max = 0.8)",
    "clamp above": f"clamp({ARGUMENT}, max = 0.8)",
    "cube": f"({ARGUMENT})^3",
    "square as a power": f"({ARGUMENT})^2",
    "root as a power": f"({POSITIVE})^0.5",
    "quotient": f"x[j, i] / ({POSITIVE})",
    **{name: f"{name}[j]({ARGUMENT}) x[i, j]" for name in ["softmax", "log_softmax", "normalize", "cumsum"]},
    **{name: f"{name}[j]({ARGUMENT}) x[i, j]" for name in ("layernorm", "rmsnorm")},
    "topk": f"softmax[j](topk[j]({ARGUMENT}, k = 2))",
    "causal": f"softmax[j](causal[i, j]({ARGUMENT}))",
    "inverse": f"inverse[i, j]({ARGUMENT})",
    **{
        name: f"{name}[l](W[i, l] x[l, j] x[i, l] - x[j, i])"
        for name in ["sum", "prod", "mean", "var", "std", "max", "min", "logsumexp", "norm"]
    },
    "prod with a zero": "prod[l](x[l, j] x[i, l] (ones[l] - basis(1)[l]))",
    "real and imag": f"real({ARGUMENT}) + imag({ARGUMENT}) + conj(x[i, j])",
}


def test_every_function_of_the_language_is_there() -> None:
    tested = " ".join(FUNCTIONS_OF.values())
    left = {name for name in FUNCTIONS if f"{name}(" not in tested and f"{name}[" not in tested}
    assert left == {"argmax", "power", "reciprocal"}, "power is ^, reciprocal is /, argmax has none"


@pytest.mark.parametrize("expression", FUNCTIONS_OF.values(), ids=FUNCTIONS_OF)
def test_once_and_twice(expression: str) -> None:
    text = f"dim n = 3\nnet f(x[n, m: n]) -> y[n, m: n] {{ param W[a: n, b: n]; y[i, j] = {expression} }}\n"
    program = loaded(text)
    rng = np.random.default_rng(3)
    inputs = {"x": rng.uniform(0.4, 1.4, (3, 3))}
    parameters = {"W": rng.uniform(0.4, 1.4, (3, 3))}
    once, net = differentiated(program, "f", "x")
    agree(once, net, autograd(program, "f", "x", inputs, parameters), inputs, parameters)
    for second in ("x", "W"):
        twice, net = differentiated(program, "f", "x", second)
        agree(twice, net, autograd(once, "f'", second, inputs, parameters), inputs, parameters)
    hessian = torch.func.hessian(built(program, "f", parameters))(tensor(inputs["x"]))
    twice, net = differentiated(program, "f", "x", "x")
    agree(twice, net, [hessian.detach().numpy()], inputs, parameters)


# ---------------------------------------------------------------- written out


@pytest.mark.parametrize("fixture", fixtures("derivative"), ids=lambda path: path.stem)
def test_fixture(fixture: Path) -> None:
    program = elaborated(fixture.read_text(encoding="utf-8"))
    got, expected = program.net("after"), program.net("expected")
    assert got.source in ("before", program.net("before").source)
    assert canonical(got) == canonical(expected), "\n".join([*lines(got), "is not", *lines(expected)])


def test_spans_survive() -> None:
    program = elaborated((HERE / "derivative" / "chain_rule.tn").read_text(encoding="utf-8"))
    for statement in program.net("after").body:
        assert isinstance(statement, Bind)
        assert all(node.origin.span.line == 2 for node in walk(statement.body))


# ---------------------------------------------------------------- nets that call nets

MODEL = """
dim seq = 3, hidden = 2, layer = 3
net ln(x[seq, hidden]) -> y[seq, hidden] { param gain[hidden]; y[p, d] = layernorm[d](x[p, d]) gain[d] }
net block(x[seq, hidden]) -> y[seq, hidden] {
    param W[out: hidden, in: hidden]
    S[q, k] = x[q, d] x[k, d]
    A[q, k] = softmax[k](causal[q, k](S[q, k]))
    y[q, o] = A[q, k] W[o, i] (ln(x) as ln_1)[k, i]
}
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r += block(r) }
    t = 2 r
    y = ln(t)
}
"""


@pytest.mark.parametrize("by", ["x", "block.0.W", "block.1.W", "block.2.ln_1.gain", "ln.gain"])
def test_of_a_model(by: str) -> None:
    program = elaborated(MODEL)
    inputs = random_inputs(program, "model", seed=1)
    rng = np.random.default_rng(2)
    parameters = {n: rng.normal(size=a.shape) for n, a in initialise(program, "model", seed=2).items()}
    made, net = differentiated(program, "model", by)
    assert _state(made, net).keys() == parameters.keys(), (
        "a state_dict moves between a net and its derivative"
    )
    agree(made, net, autograd(program, "model", by, inputs, parameters), inputs, parameters)


def test_a_value_that_is_bound() -> None:
    """By the output of the second block: what went before is left out."""
    program = elaborated(MODEL + "net tail(t[seq, hidden]) -> y[seq, hidden] { u = 2 t; y = ln(u) }\n")
    parameters = {"ln.gain": np.array([0.7, -1.2])}
    t = np.random.default_rng(0).normal(size=(3, 2))
    expected = autograd(program, "tail", "t", {"t": t}, parameters)
    made, net = differentiated(program, "tail", "u")
    agree(made, net, [expected[0] / 2], {"t": t}, parameters)


LATE = """
dim n = 3
param A[n, m: n], B[n, m: n]
net f(x[n]) -> y[n] {
    stream r = x
    before[i] = B[i, j] r[j]
    r[i] += A[i, j] r[j] before[i]
    r += before
    y[i] = r[i] + r{0}[i] + before[i]
}
net g(x[n]) -> y[n] {
    stream r = x
    before[i] = B[i, j] r[j]
    r[i] += A[i, j] r[j] before[i]
    y[i] = r[i] before[i]
}
"""


@pytest.mark.parametrize("net", ["f", "g"])
@pytest.mark.parametrize("by", ["A", "B", "x"])
def test_a_stream_that_depends_on_x_from_an_addition_on(net: str, by: str) -> None:
    """What is read of it before does not, its values read by number or not; also a second time."""
    program = loaded(LATE)
    inputs, parameters = random_inputs(program, net, seed=3), initialise(program, net, seed=3)
    made, name = differentiated(program, net, by)
    agree(made, name, autograd(program, net, by, inputs, parameters), inputs, parameters)
    again, twice = differentiated(made, name, "A")
    agree(again, twice, autograd(made, name, "A", inputs, parameters), inputs, parameters)


def test_parameters_that_are_shared_and_not_used() -> None:
    text = "dim n = 2\nnet cell(x[n]) -> y[n] { param W[n, n]; y[i] = W[i, j] x[j] }\n"
    text += "net f(x[n]) -> y[n] { shared step = cell; y[i] = 2 x[i] }\nnet g = derivative(f, step.W)\n"
    assert lines(elaborated(text).net("g"))[-1] == "dy_dW[n, n', n_2] = 0 ones[n, n', n_2]"


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (
            "net u = decompose(block, W, svd, rank = 1)\nnet d = derivative(u, W)",
            "TN903",
            "factors of W",
        ),
        ("net d = derivative(model, Q)", "TN902", "values are"),
        ("net d = derivative(model, blok.W)", "TN902", "block"),
        ("net d = derivative(model, W)", "TN902", "block{0}.W or block{1}.W"),
        ("net d = derivative(model, block.W)", "TN902", "block{0}"),
        ("net d = derivative(model, block{3}.W)", "TN902", "the turns are 0 to 2"),
        ("net d = derivative(model, block{1}.Q)", "TN902", "no value block{1}.Q"),
        ("net d = derivative(model, ln{1}.gain)", "TN902", "write ln"),
        ("net d = derivative(model, *.W)", "TN902", "one value"),
        ("net d = derivative(model, r)", "TN902", "stream"),
        ("net d = derivative(model)", "TN903", "derivative(model, W)"),
        ("net d = derivative(model, x, t)", "TN903", "derivative(model, W)"),
        ("net d = derivative(model, x, rank = 2)", "TN903", "derivative(model, W)"),
        ("net a(x[seq]) -> y[seq] { y[i] = argmax[i](x[i]) }\nnet d = derivative(a, x)", "TN903", "argmax"),
        (
            'fn g[k] = "a:b"\nnet a(x[seq]) -> y[seq] { y[i] = g[i](x[i]) }\nnet d = derivative(a, x)',
            "TN903",
            "freeze the value",
        ),
        (
            "net a(x[seq] complex) -> y[seq] { y[i] = abs(x[i]) }\nnet d = derivative(a, x)",
            "TN903",
            "complex numbers",
        ),
        (
            "net a(x[seq] complex) -> y { y = x[i] conj(x[i]) }\nnet d = derivative(a, x)",
            "TN903",
            "complex",
        ),
    ],
)
def test_what_is_refused(line: str, code: str, says: str) -> None:
    assert codes(MODEL + line) == [code]
    assert says in said(MODEL + line)
