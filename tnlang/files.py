"""Reads .tn files, and writes files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tnlang.source import Diagnostic, Source, Span, TnError

LARGEST = 16 * 2**20
"""A text has at most so many bytes: a program that long was not written, and would be read for minutes."""


def read_source(path: str | os.PathLike[str]) -> Source:
    """The text of a file, reported under the path as given.

    Raises OSError where it cannot be read, TnError where it is not UTF-8 or too long.
    """
    with Path(path).open("rb") as file:
        return decode(file.read(LARGEST + 1), os.fspath(path))


def decode(data: bytes, name: str) -> Source:
    """A text from its bytes: UTF-8, with or without a byte-order mark. Raises TnError for anything else, and
    for more than LARGEST bytes."""
    if len(data) > LARGEST:
        message = f"this text has more than {LARGEST >> 20} MiB"
        raise TnError(
            [Diagnostic("TN002", message, Span(Source(name, ""), 1, 1, 1, 1), hint="divide it into files")]
        )
    try:
        return Source(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        source = Source(name, data.decode("utf-8", errors="replace"))
        before = data[: error.start].decode("utf-8")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        raise TnError(
            [
                Diagnostic(
                    "TN001",
                    f"this is not UTF-8: byte 0x{data[error.start]:02x} stands for no character",
                    Span(source, line, column, line, column + 1),
                    hint="save the file as UTF-8",
                )
            ]
        ) from None


def cache_folder() -> Path | None:
    """The user's folder for what is made again where it is lost; None if there is none.

    Nobody but the user may be able to write there: what lies there is believed.
    """
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tnlang"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except (OSError, RuntimeError):
        return None
    foreign = os.name == "posix" and (state.st_uid != os.getuid() or state.st_mode & 0o022)
    return None if foreign or not os.access(folder, os.W_OK) else folder


def write_whole(target: Path, write: Callable[[Path], object]) -> None:
    """Call ``write`` with a temporary path beside the target, then rename that over the target.

    A link is followed, so what it points to is replaced; a device or a pipe is written to directly.
    Raises OSError; the target is then as it was.
    """
    real = Path(os.path.realpath(target))
    if real.exists() and not real.is_file():
        write(real)
        return
    temporary = real.with_name(f".{secrets.token_hex(8)}{real.suffix}")
    try:
        write(temporary)
        if real.exists():
            temporary.chmod(real.stat().st_mode & 0o777)
        temporary.replace(real)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename = str(target)  # the name the user knows
        raise
