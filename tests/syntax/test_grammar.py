"""The parser's making: no conflicts, a method for each rule, tables kept where nobody else can write them."""

from __future__ import annotations

import threading

import pytest
from lark import Lark

from tests.syntax.trees import tree
from tnlang.syntax import grammar
from tnlang.syntax.build import callbacks
from tnlang.syntax.grammar import grammar_text, parser
from tnlang.syntax.rules import Rules


def test_the_grammar_has_no_conflicts():
    """Strict mode refuses shift/reduce conflicts and terminals that could match the same text."""
    strict = Lark(grammar_text(), parser="lalr", lexer="basic", strict=True, keep_all_tokens=True)
    assert strict.rules


def test_every_rule_has_its_method_and_every_method_its_rule():
    """A rule without a method would put lark's own trees into ours."""
    rules = Lark(grammar_text(), parser="lalr").rules
    names = {rule.alias or rule.origin.name for rule in rules}
    passed_on = {id(r) for r in rules if not r.alias and r.options.expand1 and len(r.expansion) == 1}
    made = {r.alias or r.origin.name for r in rules if id(r) not in passed_on}
    methods = set(vars(callbacks(Rules())))
    assert {name for name in made if not name.startswith("_")} <= methods <= names


def test_the_parser_is_made_once():
    assert parser() is parser()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_tables_are_kept(home):
    first, _ = parser.__wrapped__()
    kept = (home / "tnlang" / "grammar.lark").read_bytes()
    assert (home / "tnlang").stat().st_mode & 0o077 == 0
    again, _ = parser.__wrapped__()
    assert (home / "tnlang" / "grammar.lark").read_bytes() == kept
    assert {t.name for t in first.terminals} == {t.name for t in again.terminals}


def test_spoilt_tables_are_made_anew(home):
    parser.__wrapped__()
    file = home / "tnlang" / "grammar.lark"
    kept = file.read_bytes()
    for spoilt in (b"", b"nonsense", kept[: len(kept) // 2], b"0" * 64 + kept[64:]):
        file.write_bytes(spoilt)
        lark, _ = parser.__wrapped__()
        assert lark.parse_interactive("").choices()
        assert len(file.read_bytes()) > len(kept) // 2


def test_a_folder_that_others_may_write_is_not_used(home):
    (home / "tnlang").mkdir()
    (home / "tnlang").chmod(0o777)
    assert grammar._cache_file() == ""
    (home / "tnlang").chmod(0o700)
    assert grammar._cache_file() == str(home / "tnlang" / "grammar.lark")


def test_no_folder_is_no_obstacle(home, monkeypatch):
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))
    assert grammar._cache_file() == ""
    lark, _ = parser.__wrapped__()
    assert lark.parse_interactive("").choices()


def test_threads_do_not_mix_their_texts():
    texts = [f"y{n} = a{n} b + c{{{n}}}\n" * 40 for n in range(6)]
    wanted = [tree(text) for text in texts]
    seen: list[object] = [None] * len(texts)

    def work(n: int) -> None:
        for _ in range(5):
            seen[n] = tree(texts[n])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == wanted
