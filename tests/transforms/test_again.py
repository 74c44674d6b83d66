"""A net that is made from one of a loaded program: what transforms made there is not made again."""

from __future__ import annotations

from pathlib import Path

import pytest

import tnlang
from tests.transforms.fixtures import forms
from tnlang.elaborate import transformed
from tnlang.ir.check import violations
from tnlang.transforms import Transform, transform_of

TEXT = """
dim n = 4, layer = 2
net cell(x[n]) -> y[n] { param W[n, m: n]; h[i] = tanh(W[i, j] x[j]); y = h }
net other(x[n]) -> y[n] { param W[n, m: n]; y[i] = W[i, j] x[j] }
net model(x[n]) -> out[n] { stream r = x; repeat l in 0..layer { r += cell(r) }; out = r }
net frozen = freeze(model, h)
net paths = expand(freeze(model, cell{0}.h, cell{1}.h), paths, by = block)
net same = frozen
net swapped = replace(model, cell, other)
net first = simplify(ablate(swapped, cell{1}.y))

figure f { steps simplify(freeze(model, h)) }
"""


@pytest.fixture
def carried_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The transforms that are carried out, in order."""
    found: list[str] = []

    def noted(name: str) -> Transform:
        found.append(name)
        return transform_of(name)

    monkeypatch.setattr(transformed, "transform_of", noted)
    return found


def test_what_was_made_is_taken_over(carried_out: list[str]) -> None:
    program = tnlang.load(TEXT)
    assert len(carried_out) == 8
    carried_out.clear()
    made = program.nets["swapped"].transform("ablate(cell{0}.y)", name="new")
    assert carried_out == ["ablate"]  # neither those of nets nor those of the figure's row
    fresh = tnlang.load(made.program.text)
    assert [net.name for net in made.program.ir.nets] == [net.name for net in fresh.ir.nets]
    assert violations(made.program.ir) == []
    for net in fresh.ir.nets:
        assert forms(made.program.ir, net.name) == forms(fresh.ir, net.name), net.name
    assert made.program.ir.figures[0].items == fresh.ir.figures[0].items


def test_of_an_import_that_has_changed_it_is_made_again(tmp_path: Path, carried_out: list[str]) -> None:
    (tmp_path / "f.tn").write_text("dim n = 3\nnet f(x[n]) -> y[n] { h = tanh(x); y = h + x }\n")
    (tmp_path / "main.tn").write_text('from "f.tn" import f\nnet g = ablate(f, h)\n')
    program = tnlang.load(tmp_path / "main.tn")
    carried_out.clear()
    program.nets["g"].transform("simplify()")
    assert carried_out == ["simplify"]
    carried_out.clear()
    (tmp_path / "f.tn").write_text("dim n = 3\nnet f(x[n]) -> y[n] { h = relu(x); y[i] = h[i] x[i] }\n")
    made = program.nets["g"].transform("simplify()")
    assert carried_out == ["ablate", "simplify"]
    assert made.program.nets["g"].numpy(x=[1, 2, 3]).tolist() == [0, 0, 0]
