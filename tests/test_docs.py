"""Every example in the docs and in docstrings runs, and every picture shown is the one the program draws."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import tnlang
from docs.pages import PAGES, ROOT, Block, Picture, blocks, pictures
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
def test_python(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in blocks(page):
        if block.kind == "python":
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)


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
