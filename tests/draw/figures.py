"""The figures that are held by goldens: what of which example is drawn."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import tnlang
from tnlang.draw.scene import Scene

EXAMPLES = Path(__file__).parents[2] / "examples"

# T1 to T17, S1 to S4, S6, S9, N1, N3, N5 to N7, N10, N11, N13, N14: the example, and its net where it has no
# figure of that name
FIGURES: dict[str, str] = {
    "t01": "",
    **{f"t{number:02}": "main" for number in range(2, 14)},
    "t14": "",
    "t15": "",
    "t16": "main",
    "t17": "ladder",
    "s01": "",
    "s02": "",
    "s03": "main",
    "s04": "",
    "s06": "",
    "s09": "main",
    "n01": "chain",
    "n03": "dense",
    "n05": "",
    "n06": "lookup",
    "n07": "embed",
    "n10": "mlp",
    "n11": "attention",
    "n13": "",
    "n14": "",
    "gpt2": "gpt2",
}


@cache
def figure_scene(name: str) -> Scene:
    """The scene of a figure of FIGURES, from its example as it stands."""
    program = tnlang.load(EXAMPLES / f"{name}.tn")
    net = FIGURES[name]
    return program.nets[net].scene() if net else program.figures[name].scene()
