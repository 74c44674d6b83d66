"""Every example in the docs and in docstrings runs, and every picture shown is the one the program draws."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import tnlang
from docs.pages import PAGES, ROOT, Block, Picture, blocks, pictures, run, written
from tnlang.circuits.small import one_thread
from tnlang.cli import main

BLOCKS = [block for page in PAGES for block in blocks(page)]
PICTURES = [picture for page in PAGES for picture in pictures(page)]


def of_kind(kind: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind == kind]


def test_every_block_has_a_kind_that_is_run() -> None:
    assert {block.kind for block in BLOCKS} <= {"tn", "tn-error", "python", "sh", "text"}


@pytest.mark.parametrize("block", of_kind("tn"), ids=str)
def test_tn(block: Block) -> None:
    tnlang.load(block.text)


@pytest.mark.parametrize("block", of_kind("tn-error"), ids=str)
def test_tn_error(block: Block) -> None:
    with pytest.raises(tnlang.TnError):
        tnlang.load(block.text)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(b.kind == "python" for b in blocks(page))], ids=str
)
def test_python(page: Path, tmp_path: Path) -> None:
    """A page leaves torch as it was; of the images that it writes, those are there that it shows."""
    was, state = torch.is_grad_enabled(), torch.get_rng_state()
    try:
        with one_thread():
            run(page, tmp_path)
    finally:
        torch.set_grad_enabled(was)
        torch.set_rng_state(state)
    assert {path.name for path in (tmp_path / "img").iterdir()} == {
        Path(image).name for image in written(page)
    }
    assert all((page.parent / image).is_file() for image in written(page))


@pytest.mark.parametrize("block", of_kind("sh"), ids=str)
def test_sh(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["tnlang"]:
            result = CliRunner().invoke(main, words[1:])
            assert result.exit_code == 0, f"{line}\n{result.output}"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.image.name)
def test_picture(picture: Picture) -> None:
    assert picture.image.read_text(encoding="utf-8") == picture.svg(), "draw it again: make docs"


def test_docstrings() -> None:
    ran = 0
    for module in pkgutil.walk_packages(tnlang.__path__, "tnlang."):
        if not module.name.endswith("__main__"):
            outcome = doctest.testmod(importlib.import_module(module.name))
            assert not outcome.failed, module.name
            ran += outcome.attempted
    assert ran
