"""The import contracts hold in the tests' own sense too: each of them can be broken, and is then reported."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

BREAKERS = [
    ("ir/net.py", "import tnlang.elaborate", "The stages"),
    ("lower/__init__.py", "import tnlang.draw.scene", "The stages"),
    ("api.py", "import tnlang.cli.report", "The stages"),
    ("source.py", "import tnlang.files", "The stages"),
    ("draw/scene.py", "import tnlang.syntax.ast", "Pictures, code and transforms"),
    ("transforms/__init__.py", "import tnlang.syntax.ast", "Pictures, code and transforms"),
    ("draw/scene.py", "import torch", "torch is imported"),
    ("cli/render.py", "import transformers", "torch is imported"),
    ("lower/__init__.py", "import tnlang.lower.runtime", "The text that generated modules share"),
    ("elaborate/__init__.py", "import lark", "lark is known"),
]


def lint(folder: Path) -> str:
    """What import-linter says of the package in a folder."""
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    ).stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copytree(ROOT / "tnlang", folder / "tnlang", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_each_contract_reports_what_breaks_it(copy):
    assert "BROKEN" not in lint(copy)
    for file, line, contract in BREAKERS:
        path = copy / "tnlang" / file
        before = path.read_text(encoding="utf-8")
        path.write_text(f"{before}\n{line}\n", encoding="utf-8")
        broken = [text for text in lint(copy).splitlines() if " BROKEN" in text]
        path.write_text(before, encoding="utf-8")
        assert any(text.startswith(contract) for text in broken), (file, line, broken)
