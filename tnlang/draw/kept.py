"""Labels that were set before, in the user's cache folder: to load the typesetter and its font takes longer
than most pictures do.

Labels are kept as JSON, so nothing that lies there is ever run. What another typesetter, or another version
of our use of it, has left is thrown away. Where there is no such folder, or it is busy, labels are set anew.
"""

from __future__ import annotations

import atexit
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tnlang.draw.glyphs import Glyphs, from_json, to_json
from tnlang.files import cache_folder

FILE = "labels.sqlite"
MOST, LONGEST = 5000, 100_000
"""So many labels are kept, none of them longer than this; when there is no room for more all begins anew."""
_ALL = "SELECT glyphs FROM labels WHERE label = ?"


class Kept:
    """The labels in a file by their keys. Those of another ``stamp`` count for nothing."""

    def __init__(self, path: Path, stamp: str) -> None:
        self.path, self.stamp = path, stamp
        self.added: dict[str, str] = {}
        self._file: sqlite3.Connection | None = None
        with suppress(sqlite3.Error):
            file = sqlite3.connect(path, timeout=0.1)
            if file.execute(_ALL, ("",)).fetchone() == (stamp,):
                self._file = file

    def glyphs(self, key: str, make: Callable[[], Glyphs]) -> Glyphs:
        """The label of a key, made where it is not there."""
        if self._file is not None:
            with suppress(sqlite3.Error, ValueError, TypeError):
                for (text,) in self._file.execute(_ALL, (key,)):
                    return from_json(text)
        made = make()
        text = to_json(made)
        if len(text) < LONGEST:
            self.added[key] = text
        return made

    def close(self) -> None:
        """Add what was made to the file, which stays as it is where that cannot be done."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if not self.added:
            return
        with suppress(sqlite3.Error), closing(sqlite3.connect(self.path, timeout=0.5)) as file, file:
            file.execute("CREATE TABLE IF NOT EXISTS labels (label TEXT PRIMARY KEY, glyphs TEXT)")
            if file.execute(_ALL, ("",)).fetchone() != (self.stamp,):
                file.execute("DELETE FROM labels")
                file.execute("INSERT INTO labels VALUES ('', ?)", (self.stamp,))
            (count,) = file.execute("SELECT count(*) FROM labels").fetchone()
            if count + len(self.added) > MOST:
                file.execute("DELETE FROM labels WHERE label != ''")
            newest = list(self.added.items())[1 - MOST :]
            file.executemany("INSERT OR REPLACE INTO labels VALUES (?, ?)", newest)
        self.added = {}


@cache
def _kept() -> Kept | None:
    """The labels of this user; None where there is no folder for them."""
    folder = cache_folder()
    if folder is None:
        return None
    kept = Kept(folder / FILE, _stamp())
    atexit.register(kept.close)
    return kept


def _stamp() -> str:
    """Which files set labels."""
    here = Path(__file__).parent
    found = [here / name for name in ("typeset.py", "font.py", "glyphs.py")]
    found += [
        Path(spec.origin) for name in ("ziamath", "ziafont") if (spec := find_spec(name)) and spec.origin
    ]
    states = [path.stat() for path in found]
    return " ".join(f"{state.st_mtime_ns}:{state.st_size}" for state in states)


def kept(key: str, make: Callable[[], Glyphs]) -> Glyphs:
    """The label of a key as it was once made, by this process or another."""
    store = _kept()
    return make() if store is None else store.glyphs(key, make)
