"""Every entry of the gallery: there, drawn without a finding, and worth what a person wrote with torch."""

from __future__ import annotations

import re

import pytest

import tnlang
from docs import gallery
from tests import pictures
from tests.gallery.all import CHECKS, PLOTS
from tests.gallery.checking import Check

ENTRIES = gallery.entries()


def test_every_id_has_an_entry() -> None:
    wanted = {f"{letter}{n + 1}" for letter, (_, count) in gallery.SECTIONS.items() for n in range(count)}
    assert {entry.id for entry in ENTRIES} == wanted


def test_every_check_and_plot_has_an_entry() -> None:
    assert {*CHECKS, *PLOTS} <= {entry.name for entry in ENTRIES}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_entry(entry: gallery.Entry) -> None:
    assert entry.shows and entry.weak
    program = pictures.program(entry.name)
    assert program.ir.figures and program.ir.figures[0].caption
    assert any(not check.is_claim for check in entry.checks)
    for check in entry.checks:
        for deviation in check.deviations(program):
            assert deviation.largest <= check.bound, deviation
    scenes = [pictures.scene(entry.name, "figure", name) for name in program.figures]
    assert gallery.findings(program, scenes) == ()
    for plots in PLOTS.get(entry.name, ()):
        for plot in plots(program):
            assert "<svg" in plot.svg()


def test_a_wrong_expectation_is_noticed() -> None:
    program = tnlang.load(
        "tensor A[i: 3, j: 4], B[j: 4, k: 3]\nfigure f { equation A[i, j] B[j, i] = B[j, i] A[i, j] }\n"
    )
    wrong = Check("wrong", lambda A, B: (A @ B).sum())
    assert [d.largest > 0.1 for d in wrong.deviations(program)] == [True, True]
    shape = Check("shape", lambda A, B: A @ B)
    assert [d.largest for d in shape.deviations(program)] == [float("inf")] * 2


@pytest.mark.parametrize(
    ("name", "said", "instead"),
    [
        ("S4_isometry", "= delta", "!= delta"),
        ("S5_projector", "!= delta", "= delta"),
        ("S6_unitary", "unitary complex", "complex"),
        ("S7_many_legs", "isometry(c, d)", "isometry(d)"),
    ],
)
def test_an_equation_that_does_not_hold_is_found(name: str, said: str, instead: str) -> None:
    (entry,) = (entry for entry in ENTRIES if entry.name == name)
    assert said in entry.text
    program = tnlang.load(entry.text.replace(said, instead))
    assert [found.code for found in program.check_equations()]
    assert gallery.findings(program, ())


def test_the_page_holds_together(tmp_path) -> None:
    """Every link and picture of the page is there, and nothing is fetched from elsewhere."""
    gallery.main(tmp_path, "T1")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    targets = re.findall(r'(?:href|src)="([^"]+)"', text)
    assert any(target.startswith("pictures/T16") for target in targets)
    for target in targets:
        if target.startswith("#"):
            assert f'id="{target[1:]}"' in text
        else:
            assert (tmp_path / target).is_file()
    assert "<script" not in text and "://" not in text
