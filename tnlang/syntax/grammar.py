"""The parser that lark makes from grammar/tn.lark, made once and kept in the user's cache folder."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from lark import Lark

from tnlang.files import cache_folder
from tnlang.syntax.build import callbacks
from tnlang.syntax.rules import Rules


def grammar_text() -> str:
    """The grammar: beside the package in a wheel, in the grammar folder of a checkout."""
    packaged = files("tnlang") / "grammar" / "tn.lark"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "grammar" / "tn.lark").read_text(encoding="utf-8")


@cache
def parser() -> tuple[Lark, Rules]:
    """The LALR parser and the rules it calls. Not for two threads at a time: ``Rules`` holds the text."""
    rules = Rules()
    lark = Lark(
        grammar_text(),
        parser="lalr",
        lexer="basic",
        keep_all_tokens=True,
        maybe_placeholders=True,
        transformer=callbacks(rules),
        cache=_cache_file() or False,
    )
    return lark, rules


def _cache_file() -> str:
    """Where lark keeps its tables, which it checks against the grammar and unpickles; empty if nowhere."""
    folder = cache_folder()
    return "" if folder is None else str(folder / "grammar.lark")
