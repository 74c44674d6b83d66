"""contract: factors of one product become one tensor, whose value and whose state_dict stay."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings

import tnlang
from tests.drafts import DIMS
from tests.elaborate.notation import elaborated, net
from tests.strategies import Case, programs
from tests.torch.modules import built, given_inputs
from tests.transforms.fixtures import check, fixtures
from tnlang.ir.check import violations
from tnlang.ir.net import Bind, StreamSet, Sum, Tensor
from tnlang.ir.program import Program
from tnlang.ir.slots import called
from tnlang.ir.walk import children, statements
from tnlang.reference import execute
from tnlang.transforms import Request, Step, TransformError, transform_of


@pytest.mark.parametrize("path", fixtures("contract"), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    check(path)


def _products(program: Program, name: str) -> Iterator[tuple[str, ...]]:
    """The names that stand in one product, of a net and of those below."""

    def visit(total: Sum) -> Iterator[tuple[str, ...]]:
        for term in total.terms:
            yield tuple(n.ref.name for n in term.nodes if isinstance(n, Tensor) and not n.ref.subs)
            for node in term.nodes:
                for child in children(node):
                    yield from visit(child)

    for one in called(program, program.net(name)):
        for statement in statements(one.body):
            if isinstance(statement, Bind | StreamSet):
                yield from visit(statement.body)


@settings(max_examples=25)
@given(programs())
def test_what_is_contracted_keeps_its_value(case: Case) -> None:
    program = elaborated(case.text)
    pairs = {pair for names in _products(program, case.net) for pair in itertools.combinations(names, 2)}
    for number, pair in enumerate(sorted(p for p in pairs if p[0] != p[1])):
        try:
            request = Request(program, "new", case.net, tuple((Step(name),) for name in pair))
            nets = transform_of("contract")(request)
        except TransformError:
            continue
        changed = replace(program, nets=(*program.nets, *nets))
        assert violations(changed) == [], f"{pair}\n{case.text}"
        found = execute(changed, "new", case.inputs, case.parameters).outputs
        case.close(found, case.outputs)
        if number == 0:
            module = built(changed, "new", case.parameters, DIMS)
            with torch.no_grad():
                before = module(**given_inputs(case.inputs))
                after = module.prepare()(**given_inputs(case.inputs))
            for result in (before, after):
                several = result if isinstance(result, tuple) else (result,)
                case.close(dict(zip(case.outputs, several, strict=True)), case.outputs)


CHAIN = """
dim n = 3
net chain(x[n]) -> y[n] {
    param A[n, m: n], B[n, m: n], C[n, m: n]
    y[i] = A[i, j] B[j, k] C[k, l] x[l]
}
"""


def test_the_tensor_is_a_value_before_the_statement() -> None:
    assert net(CHAIN + "net f = contract(chain, C, A)", "f") == [
        "C·A[i, j, k, l] = A[i, j] C[k, l]",
        "y[i] = Σj,k,l C·A[i, j, k, l] B[j, k] x[l]",
    ]
    assert net(CHAIN + "net f = contract(chain, B, C, x, name = v)", "f") == [
        "v[j] = Σk,l B[j, k] C[k, l] x[l]",
        "y[i] = Σj A[i, j] v[j]",
    ]


def test_an_order_is_a_value_for_each_pair() -> None:
    assert net(CHAIN + 'net f = contract(chain, order = "x C B A")', "f") == [
        "x·C[k] = Σl C[k, l] x[l]",
        "x·C·B[j] = Σk B[j, k] x·C[k]",
        "y[i] = Σj A[i, j] x·C·B[j]",
    ]


def test_the_same_product_is_one_tensor_and_another_one_a_second() -> None:
    text = """
    dim n = 3
    net f(x[n]) -> y[n] {
        param A[n, m: n], B[n, m: n]
        z[i] = A[i, j] B[j, k] x[k]
        y[i] = A[i, a] B[a, b] z[b] + A[j, i] B[j, k] x[k]
    }
    net g = contract(f, A, B)
    """
    assert net(text, "g") == [
        "A·B[i, k] = Σj A[i, j] B[j, k]",
        "A·B_2[i, k] = Σj A[j, i] B[j, k]",
        "z[i] = Σk A·B[i, k] x[k]",
        "y[i] = Σb A·B[i, b] z[b] + Σk A·B_2[i, k] x[k]",
    ]


def test_a_binding_alone_is_drawn_as_one_tensor() -> None:
    program = elaborated(CHAIN.replace("y[i] =", "W[i, l] = A[i, j] B[j, k] C[k, l]; y[i] = W[i, l] x[l]#"))
    (new,) = transform_of("contract")(Request(program, "f", "chain", ((Step("W"),),)))
    assert [s.target.derived for s in new.body if isinstance(s, Bind)] == [True, False]


def test_what_is_prepared_is_dropped_by_training_and_new_weights() -> None:
    program = tnlang.load(CHAIN + "net f = contract(chain, A, B, C, name = W)")
    module, source = program.nets["f"].module(), program.nets["chain"].module()
    source.load_state_dict(module.state_dict())
    x = torch.randn(3)
    torch.testing.assert_close(module(x), source(x))
    buffers = lambda: [name for name, _ in module.named_buffers()]  # noqa: E731
    assert buffers() == [] and buffers() != [name for name, _ in module.prepare().named_buffers()]
    kept = module.prepared_W.clone()
    with torch.no_grad():
        module.A.zero_()
    assert torch.equal(module.prepared_W, kept) and module(x).abs().max() > 0, "stale until told"
    assert list(module.state_dict()) == list(source.state_dict()), "no buffer in a state_dict"
    module.eval()
    assert buffers() == ["prepared_W"]
    module.train()
    assert buffers() == [] and module(x).abs().max() == 0
    module.prepare().load_state_dict(source.state_dict())
    assert buffers() == []
    torch.testing.assert_close(module(x), source(x))


def test_what_is_observed_may_be_replaced_before_what_follows_from_it() -> None:
    program = tnlang.load(CHAIN + 'net f = contract(chain, order = "A B C x")')
    module = program.nets["f"].module().prepare()
    x = torch.randn(3)
    out, cache = module.run_with_cache(x)
    torch.testing.assert_close(out, module(x))
    assert {"A·B", "A·B·C"} <= set(cache)
    assert torch.equal(module(x, frozen={"A·B": torch.zeros(3, 3)}), torch.zeros(3))


def test_gradients_pass_to_the_parameters() -> None:
    program = tnlang.load(CHAIN + "net f = contract(chain, A, B, C, name = W)")
    module = program.nets["f"].module()
    module(torch.ones(3)).sum().backward()
    assert all(p.grad is not None and np.isfinite(p.grad).all() for p in module.parameters())
