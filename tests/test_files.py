"""Reading texts, and writing files whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from tnlang.files import decode, read_source, write_whole
from tnlang.source import TnError


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert decode(b"\xef\xbb\xbfdim n", "a.tn").text == "dim n"


def test_bytes_that_are_no_utf8_are_reported_at_their_place(tmp_path):
    file = tmp_path / "latin.tn"
    file.write_bytes("dim é = 3\n# caf".encode() + b"\xe9 au lait\n")
    with pytest.raises(TnError) as caught:
        read_source(file)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.span.line, diagnostic.span.column) == ("TN001", 2, 6)
    assert "0xe9" in diagnostic.message


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "out.svg"
    target.write_text("old")

    def fails(path):
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(target, fails)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.svg"]


def test_a_rewritten_file_keeps_its_mode_and_a_new_one_follows_the_umask(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("x")
    old.chmod(0o604)
    previous = os.umask(0o027)
    try:
        for target in (old, new):
            write_whole(target, lambda path: path.write_text("y"))
    finally:
        os.umask(previous)
    assert [stat.S_IMODE(target.stat().st_mode) for target in (old, new)] == [0o604, 0o640]


def test_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    write_whole(link, lambda path: path.write_text("new"))
    assert link.is_symlink() and real.read_text() == "new"


def test_a_device_is_written_to_and_stays_one():
    write_whole(os.devnull, lambda path: path.write_text("gone"))
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
