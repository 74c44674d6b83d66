"""Random programs: the generated module gives what brute force gives, fused and observed, also in batches."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings

from tests.strategies import DIMS, Case, programs
from tests.torch.modules import arrays, built, given_inputs, program

torch.set_num_threads(2)


def _unbound(case: Case) -> dict[str, int]:
    """Sizes for the dims without default: parameters need them before there is an input."""
    return {dim.name: DIMS[dim.name] for dim in program(case.text).dims if dim.default is None}


@settings(max_examples=150)
@given(programs())
def test_generated_module_is_the_definition(case: Case) -> None:
    module = built(case.text, case.net, case.parameters, _unbound(case))
    outputs = arrays(module(**given_inputs(case.inputs)))
    case.close(dict(zip(case.outputs, outputs, strict=True)), case.outputs)
    seen, cache = module.run_with_cache(**given_inputs(case.inputs))
    case.close(dict(zip(case.outputs, arrays(seen), strict=True)), case.outputs)
    case.close({name: value.detach().resolve_conj().numpy() for name, value in cache.items()}, case.values)


@settings(max_examples=60)
@given(programs())
def test_a_batch_is_each_of_its_members(case: Case) -> None:
    if not case.inputs:
        return
    module = built(case.text, case.net, case.parameters, _unbound(case))
    other = {k: a[::-1].copy() if a.ndim and a.dtype.kind == "i" else a * 0.5 for k, a in case.inputs.items()}
    other = {k: a.astype(case.inputs[k].dtype) for k, a in other.items()}
    stacked = {name: np.stack([case.inputs[name], other[name]])[:, None] for name in case.inputs}
    together = arrays(module(**given_inputs(stacked)))
    for position, alone in enumerate((case.inputs, other)):
        for whole, single in zip(together, arrays(module(**given_inputs(alone))), strict=True):
            one = np.broadcast_to(whole, (2, 1, *single.shape))[position, 0]
            np.testing.assert_allclose(one, single, rtol=1e-9, atol=1e-9)
