"""What all tests share: few threads, fixed seeds, the examples."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# The IR's invariants are verified after every pass.
os.environ["TNLANG_CHECK"] = "1"

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PROGRAMS = {path.stem: path for path in sorted(EXAMPLES.rglob("*.tn"))}
"""Every example program by its name, those of the gallery among them."""

# Random tests are the same in every run; a machine under load is no failure.
settings.register_profile(
    "tnlang", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("tnlang")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one example run in one process, which draws it once (with ``--dist loadgroup``)."""
    for item in items:
        values = item.callspec.params.values() if hasattr(item, "callspec") else ()
        names = [getattr(value, "name", value) for value in values]
        example = next((name for name in names if isinstance(name, str) and name in PROGRAMS), None)
        if example is not None:
            item.add_marker(pytest.mark.xdist_group(example))


@pytest.fixture
def tn(tmp_path: Path):
    """Writes a .tn text to a file of its own and gives the path."""

    def write(text: str, name: str = "model.tn") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
