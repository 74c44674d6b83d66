"""Imports: four name spaces, transitively, from below the importing file's folder only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnlang.elaborate import check_text, load_program
from tnlang.source import TnError

LIB = """
dim n = 3
tensor W[n, n]
const half = 2
fn g[k] = "pkg:g"
net f(x[n]) -> y[n] { param V[n]; y[i] = W[i, j] x[j] V[i] }
hidden[i] = W[i, i]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "lib.tn").write_text(LIB)
    (tmp_path / "sub" / "deep.tn").write_text(
        'from "deeper.tn" import h, m\nnet d(x[m]) -> y[m] { y = h(x) }'
    )
    (tmp_path / "sub" / "deeper.tn").write_text("dim m = 2\nnet h(x[m]) -> y[m] { y = 2 x }")
    (tmp_path / "loop.tn").write_text('import "pool.tn"')
    (tmp_path / "pool.tn").write_text('import "loop.tn"')
    (tmp_path / "broken.tn").write_text("net b(x[q]) -> y[q] { y = x }\ndim ok = 2")
    return tmp_path


def load(folder: Path, text: str):
    path = folder / "main.tn"
    path.write_text(text)
    return load_program(path)


def codes(folder: Path, text: str) -> list[str]:
    return [d.code for d in check_text(text, "main.tn", root=folder)]


def test_a_file_by_its_name_and_by_another(folder: Path):
    program = load(
        folder, 'import "lib.tn"\nnet a(x[lib.n]) -> y[lib.n] { y[i] = lib.f(x)[i] + lib.W[i, 0] lib.half }'
    )
    assert [net.name for net in program.nets] == ["lib.f", "a"]
    assert program.exported == ("lib.f", "a")
    assert [dim.name for dim in program.dims] == ["lib.n"]
    assert [decl.name for decl in program.declarations] == ["lib.half", "lib.W"]
    assert [function.name for function in program.functions] == ["lib.g"]
    program = load(folder, 'import "lib.tn" as l\nnet a(x[l.n]) -> y[l.n] { y = l.f(x) }')
    assert [net.name for net in program.nets] == ["l.f", "a"]


def test_names_from_a_file_stay_as_they_are(folder: Path):
    program = load(folder, 'from "lib.tn" import f, n, W\nnet a(x[n]) -> y[n] { y[i] = f(x)[i] W[i, 0] }')
    assert program.exported == ("f", "a")
    assert [dim.name for dim in program.dims] == ["n"]
    program = load(folder, 'from "lib.tn" import f\nfigure q { draw f }')
    assert [dim.name for dim in program.dims] == ["lib.n"], "what is not named keeps the file's name"


def test_imports_of_imports(folder: Path):
    program = load(folder, 'from "sub/deep.tn" import d, m\nnet a(x[m]) -> y[m] { y = d(x) }')
    assert [net.name for net in program.nets] == ["deeper.h", "d", "a"]
    assert [dim.name for dim in program.dims] == ["m"]
    program = load(folder, 'import "sub/deep.tn"\nnet a(x[deep.m]) -> y[deep.m] { y = deep.d(x) }')
    assert [net.name for net in program.nets] == ["deeper.h", "deep.d", "a"]


def test_one_file_reached_twice_is_one_file(folder: Path):
    program = load(folder, 'import "lib.tn"\nfrom "lib.tn" import n\nnet a(x[n]) -> y[n] { y = lib.f(x) }')
    assert [dim.name for dim in program.dims] == ["n"]


def test_dims_of_imports_are_bound_by_the_caller(folder: Path):
    (folder / "main.tn").write_text('import "lib.tn"')
    assert load_program(folder / "main.tn", dims={"lib_n": 5}).dims[0].default == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('import "/etc/passwd.tn"', ["TN860"]),
        ('import "../lib.tn"', ["TN860"]),
        ('import "sub/../lib.tn"', ["TN860"]),
        ('import "./lib.tn"', ["TN860"]),
        ('import "sub//deep.tn"', ["TN860"]),
        ('import "~/lib.tn"', ["TN860"]),
        ('import "C:\\\\lib.tn"', ["TN860"]),
        ('import "lib"', ["TN860"]),
        ('import "sub"', ["TN860"]),
        ('import "missing.tn"', ["TN860"]),
        ('import "loop.tn"', ["TN861"]),
        ('import "broken.tn"', ["TN202", "TN202"]),
        ('from "lib.tn" import q', ["TN862"]),
        ('from "lib.tn" import hidden', ["TN862"]),
        ('import "lib.tn" as l\nimport "sub/deep.tn" as l', ["TN203"]),
        ('from "lib.tn" import n\ndim n = 4', ["TN203"]),
        ('from "lib.tn" import f\nnet f() -> y { y = 1 }', ["TN203"]),
        ('import "lib.tn"\ny = lib.hidden[i] lib.hidden[i]', ["TN206"]),
        ('import "lib.tn"\ny = lib.q', ["TN200"]),
        ('import "lib.tn"\ny = libb.W[0, 0]', ["TN200"]),
        ('import "lib.tn"\ny = lib.q(2)', ["TN201"]),
        ('import "lib.tn"\ntensor x[lib.q]', ["TN202"]),
    ],
)
def test_what_is_refused(folder: Path, text: str, expected: list[str]):
    assert codes(folder, text) == expected


def test_a_failed_import_makes_no_other_mistakes(folder: Path):
    text = 'from "missing.tn" import f, n, W\nnet a(x[n]) -> y[n] { y[i] = f(x)[i] + W[i, j] x[j] }\nz = q'
    assert codes(folder, text) == ["TN860", "TN200"]


def test_links_out_of_the_folder_are_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    outside = tmp_path_factory.mktemp("outside") / "secret.tn"
    outside.write_text("dim secret = 1")
    (folder / "link.tn").symlink_to(outside)
    (folder / "inside.tn").symlink_to(folder / "lib.tn")
    assert codes(folder, 'import "link.tn"') == ["TN860"]
    assert codes(folder, 'import "inside.tn"') == []


def test_an_imported_file_reads_from_below_its_own_folder(folder: Path):
    (folder / "sub" / "up.tn").write_text('import "../lib.tn"')
    (folder / "sub" / "beside.tn").write_text('import "lib.tn"')
    assert codes(folder, 'import "sub/up.tn"') == ["TN860"]
    assert codes(folder, 'import "sub/beside.tn"') == ["TN860"]


def test_a_text_without_a_folder_imports_nothing():
    assert [d.code for d in check_text('import "lib.tn"', "<text>")] == ["TN860"]


def test_mistakes_of_an_imported_file_are_reported_in_it(folder: Path):
    with pytest.raises(TnError) as caught:
        load(folder, 'import "broken.tn"')
    assert {Path(d.span.source.name).name for d in caught.value.diagnostics} == {"broken.tn"}


def test_a_file_that_is_not_utf8_is_reported(folder: Path):
    (folder / "latin.tn").write_bytes(b"dim n\xe9 = 2")
    assert codes(folder, 'import "latin.tn"') == ["TN001"]
