"""The wheel: all that it needs travels in it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds what the wheel installs and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    (wheel,) = folder.glob("tnlang-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_grammar_is_found_away_from_the_checkout(installed, tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import tnlang; from tnlang.syntax.grammar import grammar_text\n"
        "print(tnlang.__file__); print(len(grammar_text()))\n"
        "print(tnlang.load('tensor A[i: 2]; y = A[i] A[i]').nets['main'].numpy([3, 4]))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, str(installed)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    place, size, number = done.stdout.splitlines() or [done.stderr, "", ""]
    assert place == str(installed / "tnlang" / "__init__.py")
    assert int(size) == len((ROOT / "grammar" / "tn.lark").read_text(encoding="utf-8"))
    assert float(number) == 25.0


def test_types_licence_and_command_travel_along(installed):
    assert (installed / "tnlang" / "py.typed").exists()
    (info,) = installed.glob("tnlang-*.dist-info")
    assert "tnlang = tnlang.cli:main" in (info / "entry_points.txt").read_text()
    assert "MIT License" in (info / "licenses" / "LICENSE").read_text()
    metadata = Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    assert metadata["License-Expression"] == "MIT"
    assert {p.name for p in installed.iterdir()} == {"tnlang", info.name}
    assert {p.suffix for p in (installed / "tnlang").rglob("*") if p.is_file()} == {".py", ".lark", ".typed"}
