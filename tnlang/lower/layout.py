"""Python lines that fit a page: a long line is broken at its brackets, as formatters do."""

from __future__ import annotations

import re
from itertools import pairwise

WIDTH = 110
_OPEN, _CLOSE = "([{", ")]}"


def fits(line: str) -> bool:
    """Whether a line, indentation included, is short enough."""
    return len(line) - line.count("\0") <= WIDTH  # Marks are taken out in the end.


def wrapped(line: str, inside: bool = False) -> list[str]:
    """The line as it is if it fits, else broken at operators, calls of methods or in its last brackets.

    ``inside`` brackets a line may end anywhere; a statement that is broken at operators gets brackets for it.
    """
    if fits(line):
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    comma = "," * (inside and line.endswith(","))
    parts, span = _parts(line.removesuffix(comma), inside), _last_brackets(line)
    if parts is not None and inside:
        head, rows = parts
        rows[0], rows[-1] = head.lstrip() + rows[0], rows[-1] + comma
        return [part for row in rows for part in _row(indent + row.strip())]
    ends_in_call = span is not None and span[1] == len(line) - 1 and fits(line[: span[0] + 1])
    if parts is not None and not (len(parts[1]) == 2 and ends_in_call):
        head, rows = parts
        return [head + "(", *wrapped(f"{indent}    {''.join(rows)}", inside=True), indent + ")"]
    if span is None:
        return [line]
    return _opened(line, span)


def _row(line: str) -> list[str]:
    """A part of what is broken already: as it is if it fits, else broken in its last pair of brackets."""
    span = _last_brackets(line)
    return [line] if fits(line) or span is None else _opened(line, span)


def _opened(line: str, span: tuple[int, int]) -> list[str]:
    """A line whose brackets have what is in them on lines of their own."""
    indent = line[: len(line) - len(line.lstrip())]
    start, end = span
    head, body, tail = line[: start + 1], line[start + 1 : end], line[end:]
    if not body.strip():
        return [line]
    inner, items, clauses = f"{indent}    {body}", _items(body), _clauses(body)
    called = re.search(r"[\w)\]]\Z", line[:start]) is not None
    if fits(inner) and (called or len(items) == 1):  # of a list or tuple every item has its line
        return [head, inner, indent + tail]
    if len(clauses) > 1:
        rows = [row for clause in clauses for row in wrapped(f"{indent}    {clause}", inside=True)]
    else:
        comma = "," * (len(items) > 1 or body.endswith(","))
        rows = [row for item in items for row in wrapped(f"{indent}    {item}{comma}", inside=True)]
    return [head, *rows, indent + tail]


def _scan(text: str) -> list[tuple[int, int, str]]:
    """Position, depth before it, and character of each bracket and comma outside of strings."""
    found: list[tuple[int, int, str]] = []
    depth, quote, skip = 0, "", False
    for position, character in enumerate(text):
        if skip:
            skip = False
        elif quote:
            if character == "\\":
                skip = True
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character in _OPEN:
            found.append((position, depth, character))
            depth += 1
        elif character in _CLOSE:
            depth -= 1
            found.append((position, depth, character))
        elif character == ",":
            found.append((position, depth, character))
    return found


def _last_brackets(line: str) -> tuple[int, int] | None:
    """The last pair of brackets that nothing encloses."""
    end = None
    for position, depth, character in reversed(_scan(line)):
        if end is None and depth == 0 and character in _CLOSE:
            end = position
        elif end is not None and depth == 0 and character in _OPEN:
            if position + 1 < end:
                return position, end
            end = None
    return None


def _clauses(body: str) -> list[str]:
    """A comprehension cut before each ``for``; what is none stays whole."""
    inside, cuts = 0, [0]
    brackets = {at: 1 if character in _OPEN else -1 for at, _, character in _scan(body) if character != ","}
    for at in range(len(body)):
        inside += brackets.get(at, 0)
        if inside == 0 and body.startswith(" for ", at):
            cuts.append(at)
    return [body[a:b].strip() for a, b in pairwise([*cuts, len(body)])]


def _parts(line: str, inside: bool) -> tuple[str, list[str]] | None:
    """What stands before a value, and the value cut before its operators or the calls of its methods, if any.

    Each part but the first begins with the blank that stands before it.
    """
    begin = _value_at(line, inside)
    if begin is None:
        return None
    value, depth = line[begin:], 0
    brackets = {at: 1 if character in _OPEN else -1 for at, _, character in _scan(value) if character != ","}
    cuts: dict[str, list[int]] = {}
    for at, character in enumerate(value):
        depth += brackets.get(at, 0)
        if depth == 0 and at > 0 and value[at - 1 : at + 2] in (" + ", " - ", " * ", " / "):
            cuts.setdefault("+" if character in "+-" else "*", []).append(at - 1)
        elif depth == 0 and at > 0 and character == "." and value[at - 1] in _CLOSE:
            cuts.setdefault(".", []).append(at)
    methods = cuts.get(".", []) if len(cuts.get(".", [])) > 1 else []
    places = cuts.get("+") or cuts.get("*") or methods
    if not places or value.startswith("lambda "):
        return None
    edges = [0, *places, len(value)]
    return line[:begin], [value[a:b] for a, b in pairwise(edges)]


def _value_at(line: str, inside: bool) -> int | None:
    """Where the value of a statement or of an argument begins."""
    begin = len(line) - len(line.lstrip())
    for head in ("return ", "yield "):
        if line.startswith(head, begin):
            return begin + len(head)
    if inside:
        named = re.match(r"\s*\w+=(?!=)", line)
        return named.end() if named else begin
    equals = line.find(" = ")
    if equals < 0 or any(depth for at, depth, _ in _scan(line) if at < equals and depth):
        return None
    return equals + 3


def _items(body: str) -> list[str]:
    """The parts between the outermost commas."""
    cuts = [position for position, depth, character in _scan(body) if depth == 0 and character == ","]
    pieces = [body[a + 1 : b] for a, b in zip([-1, *cuts], [*cuts, len(body)], strict=True)]
    return [piece.strip() for piece in pieces if piece.strip()]
