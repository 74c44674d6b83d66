"""Transforms asked for from outside a text: the text with one more net, ``net NAME = freeze(NET, A)``."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Collection, Sequence

from tnlang.source import Diagnostic, Source, Span, TnError
from tnlang.syntax import ast, format_text, parse

STEP = "freeze(A)"


def with_transform(
    source: Source, net: str, steps: Sequence[str], name: str, taken: Collection[str]
) -> tuple[Source, str]:
    """The source with a net at its end that the steps make of ``net``, one after the other; and its name.

    A step is a transform as in the language without the net it is of: ``freeze(A)``, ``expand(paths)``.
    Without ``name`` it is called after the net and the last step, unlike those ``taken``. Raises TnError for
    what is no step, and for a name that no net can have.
    """
    value, word = net, ""
    for number, step in enumerate(steps, 1):
        word, arguments = _taken_apart(step, f"<step {number}>")
        value = f"{word}({', '.join([value, *arguments])})"
    name = name or _free(f"{net.rpartition('.')[2]}_{word}", taken)
    line = Source("<transform>", f"net {name} = {value}\n")
    items = parse(line).items
    name = unicodedata.normalize("NFKC", name)
    if len(items) != 1 or not isinstance(items[0], ast.NetDefinition) or items[0].name.text != name:
        raise _wrong(line, f"{name} is no name for a net")
    text = source.text if source.text.endswith("\n") or not source.text else source.text + "\n"
    return Source(source.name, text + format_text(line)), name


def _taken_apart(step: str, place: str) -> tuple[str, list[str]]:
    """The word of a step, and its arguments as written (as one). Raises TnError for what is no step."""
    line = Source(place, f"net _ = {step}")
    items = parse(line).items
    match items:
        case (ast.NetDefinition(value=ast.TransformValue(path=path, arguments=arguments, entries=None)),):
            word = path.span.text
            if not arguments:
                return word, []
            return word, [arguments[0].span.to(arguments[-1].span).text]
    raise _wrong(line, "one transform is a step")


def _wrong(line: Source, message: str) -> TnError:
    last = line.text.rstrip("\n").split("\n")
    span = Span(line, 1, 1, len(last), len(last[-1]) + 1)
    return TnError([Diagnostic("TN903", message, span, hint=f"`{STEP}`")])


def _free(name: str, taken: Collection[str]) -> str:
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if one not in taken)
