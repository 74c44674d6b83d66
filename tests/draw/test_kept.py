"""Labels that are kept from run to run: the same to the last digit, and no worse where the file is spoilt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tnlang.draw import kept, typeset
from tnlang.draw.glyphs import Glyphs, from_json, to_json
from tnlang.draw.kept import Kept


def same(one: Glyphs, other: Glyphs) -> bool:
    """Whether two labels look alike; outlines are equal only to themselves."""
    drawn = [[o.commands for o in found.outlines] for found in (one, other)]
    rules = [[o.commands for o in found.rules] for found in (one, other)]
    told = [(g.ink, g.base, g.advance, g.problem, g.letters) for g in (one, other)]
    return drawn[0] == drawn[1] and rules[0] == rules[1] and told[0] == told[1]


@pytest.mark.parametrize(
    "text", ["W_Q", r"\frac{1}{\sqrt{d}}", r"\frac{a", "w_{12}", r"\mathbf{x}^{\top}", "語"]
)
def test_json_holds_everything(text: str) -> None:
    glyphs = typeset.glyphs_of(text)
    again = from_json(to_json(glyphs))
    assert same(glyphs, again)
    assert all(rule in again.outlines for rule in again.rules)


def made(name: str) -> Glyphs:
    return typeset.glyphs_of(name)


def never() -> Glyphs:
    raise AssertionError("it was kept")


def test_a_label_is_made_once(tmp_path: Path) -> None:
    first = Kept(tmp_path / "labels", "one")
    a = first.glyphs("a", lambda: made("a"))
    first.close()
    second = Kept(tmp_path / "labels", "one")
    assert same(second.glyphs("a", never), a)
    b = second.glyphs("b", lambda: made("b"))
    second.close()
    third = Kept(tmp_path / "labels", "one")
    assert same(third.glyphs("a", never), a) and same(third.glyphs("b", never), b)
    third.close()


def test_what_another_typesetter_made_does_not_count(tmp_path: Path) -> None:
    for stamp in ("one", "two"):
        store = Kept(tmp_path / "labels", stamp)
        store.glyphs("a", lambda: made("a"))
        store.glyphs(stamp, lambda: made("b"))
        assert set(store.added) == {"a", stamp}
        store.close()
    last = Kept(tmp_path / "labels", "two")
    last.glyphs("one", lambda: made("b"))
    assert set(last.added) == {"one"}
    last.close()


def test_a_spoilt_file_costs_time_alone(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_bytes(b"no database" * 100)
    store = Kept(path, "one")
    assert same(store.glyphs("a", lambda: made("a")), made("a"))
    store.close()
    assert path.read_bytes().startswith(b"no database")


def test_no_more_are_kept_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    store = Kept(tmp_path / "labels", "one")
    for name in "abcdef":
        store.glyphs(name, lambda: made("a"))
    store.close()
    again = Kept(tmp_path / "labels", "one")
    for name in "abcdef":
        again.glyphs(name, lambda: made("a"))
    assert set(again.added) == set("abcd")  # the stamp is the third
    again.close()
    last = Kept(tmp_path / "labels", "one")
    for name in "cdef":
        last.glyphs(name, lambda: made("a"))
    assert set(last.added) == set("ef")
    last.close()


def test_a_second_run_does_not_load_the_typesetter(tmp_path: Path) -> None:
    picture = tmp_path / "net.tn"
    picture.write_text("dim n = 3\ntensor A[i: n, j: n], B[j: n, k: n]\nC[i, k] = A[i, j] B[j, k]\n")
    code = (
        "import sys\nfrom tnlang.cli import main\n"
        f"try:\n    main(['render', {str(picture)!r}, '-o', {str(tmp_path / 'net.svg')!r}])\n"
        "except SystemExit:\n"
        "    print([name for name in ('ziamath', 'numpy', 'torch') if name in sys.modules])\n"
    )
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    told, drawn = [], []
    for _ in range(2):
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert not run.stderr
        told.append(run.stdout.strip())
        drawn.append((tmp_path / "net.svg").read_bytes())
    assert told == ["['ziamath']", "[]"] and drawn[0] == drawn[1]
