"""Files as the commands name them: ``-`` is standard input or output."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tnlang.files import LARGEST, decode, read_source, write_whole
from tnlang.source import Source


def read_input(file: str) -> Source:
    """The text of a file, or of standard input for ``-``."""
    if file == "-":
        return decode(sys.stdin.buffer.read(LARGEST + 1), "<stdin>")
    return read_source(file)


def write_output(target: str, content: str | bytes) -> None:
    """Write to a file, or to standard output for ``-``; bytes are kept off a terminal."""
    data = content.encode() if isinstance(content, str) else content
    if target != "-":
        write_whole(Path(target), lambda path: path.write_bytes(data))
        return
    if isinstance(content, bytes) and sys.stdout.isatty():
        raise click.UsageError("this is no text for a terminal: name a file with -o, or redirect the output")
    stream = sys.stdout.buffer
    stream.write(data)
    stream.flush()
