"""The figures that must come out as accepted."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.conftest import PROGRAMS
from tests.draw import page
from tests.draw.figures import FIGURES, figure_scene, target
from tests.draw.goldens import check_golden, geometry
from tests.draw.scenes import SCENES
from tnlang.draw.faithful import faults
from tnlang.draw.layout import layout
from tnlang.draw.lint import lint
from tnlang.draw.view import view
from tnlang.elaborate import load_program


@pytest.mark.parametrize("name", FIGURES)
def test_geometry_is_as_accepted(name):
    check_golden(f"geometry/{name}.jsonl", geometry(figure_scene(name)))


def test_the_whole_of_gpt2_has_nothing_to_find():
    """The figures of the gallery are looked at by its own tests."""
    program = load_program(PROGRAMS["gpt2"])
    assert [(f.rule, f.message) for f in lint(figure_scene("gpt2"))] == []
    (panel,) = view(program, target(program)).panels
    assert [(f.rule, f.message) for f in faults(panel.content, layout(panel.content))] == []


def test_the_page_shows_what_differs(tmp_path, monkeypatch):
    scenes = {"one": SCENES["isometries"], "two": SCENES["ladder"]}
    monkeypatch.setattr(page, "SCENES", scenes)
    monkeypatch.setattr(page, "FIGURES", {})
    monkeypatch.setattr(page, "FOLDER", tmp_path / "goldens")
    (tmp_path / "goldens" / "geometry").mkdir(parents=True)
    for name in scenes:
        (tmp_path / "goldens" / "geometry" / f"{name}.jsonl").write_text(geometry(scenes[name]()))
    assert page.main(tmp_path / "index.html") == 0
    (tmp_path / "goldens" / "geometry" / "two.jsonl").write_text(geometry(scenes["one"]()))
    assert page.main(tmp_path / "index.html") == 1
    text = (tmp_path / "index.html").read_text()
    assert text.index(">two<") < text.index(">one<")
    before = ElementTree.fromstring((tmp_path / "pictures" / "two.accepted.svg").read_text())
    assert before.get("viewBox") == "0 0 {:g} {:g}".format(*_size(scenes["one"]()))
    assert not (tmp_path / "pictures" / "one.accepted.svg").exists()


def _size(scene):
    return scene.width, scene.height
