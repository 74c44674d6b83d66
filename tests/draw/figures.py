"""The figures that are held by goldens: what of which example is drawn."""

from __future__ import annotations

from functools import cache

import tnlang
from tests.conftest import PROGRAMS
from tnlang.draw.scene import Scene

# T1 to T17, S1 to S4, S6, S9, N1, N3, N5 to N7, N10, N11, N13, N14: the example, and its net where it has no
# figure of that name
FIGURES: dict[str, str] = {
    "T1_tensors": "",
    "T2_entry": "main",
    "T3_scalars": "main",
    "T4_outer": "main",
    "T5_dot": "main",
    "T6_matrix_vector": "main",
    "T7_matrices": "main",
    "T8_trace": "main",
    "T9_ring": "main",
    "T10_transpose": "main",
    "T11_permute": "main",
    "T12_group": "main",
    "T13_split": "main",
    "T14_cyclic": "",
    "T15_transposes": "",
    "T16_hyperedge": "main",
    "T17_ladder": "ladder",
    "S1_identity": "",
    "S2_delta": "",
    "S3_diagonal": "main",
    "S4_isometry": "",
    "S6_unitary": "",
    "S9_svd": "main",
    "N1_chain": "chain",
    "N3_dense": "dense",
    "N5_gpt2": "",
    "N6_onehot": "lookup",
    "N7_embedding": "embed",
    "N10_mlp": "mlp",
    "N11_attention": "attention",
    "N13_pattern": "",
    "N14_frozen": "",
    "gpt2": "gpt2",
}


@cache
def figure_scene(name: str) -> Scene:
    """The scene of a figure of FIGURES, from its example as it stands."""
    program = tnlang.load(PROGRAMS[name])
    net = FIGURES[name]
    return program.nets[net].scene() if net else next(iter(program.figures.values())).scene()
