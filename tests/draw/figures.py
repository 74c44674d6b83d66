"""The figures that are held by goldens: what of which example is drawn."""

from __future__ import annotations

from tests import pictures
from tnlang.draw.scene import Scene
from tnlang.ir.program import Figure, NetTarget, Program

FIGURES = (
    *("T1_tensors", "T2_entry", "T3_scalars", "T4_outer", "T5_dot", "T6_matrix_vector", "T7_matrices"),
    *("T8_trace", "T9_ring", "T10_transpose", "T11_permute", "T12_group", "T13_split", "T14_cyclic"),
    *("T15_transposes", "T16_hyperedge", "T17_ladder"),
    *("S1_identity", "S2_delta", "S3_diagonal", "S4_isometry", "S6_unitary", "S9_svd"),
    *("N1_chain", "N3_dense", "N5_gpt2", "N6_onehot", "N7_embedding", "N10_mlp", "N11_attention"),
    *("N13_pattern", "N14_frozen", "gpt2"),
)


def target(program: Program) -> Figure | NetTarget:
    """The first figure of an example; where it has none, its last net."""
    return program.figures[0] if program.figures else NetTarget(program.exported[-1])


def figure_scene(name: str) -> Scene:
    """The scene of one of FIGURES, from its example as it stands."""
    return pictures.scene(name, *pictures.shown(name))
