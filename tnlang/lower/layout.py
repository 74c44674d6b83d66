"""Python lines that fit a page: a long line is broken at its brackets, as formatters do."""

from __future__ import annotations

from itertools import pairwise

WIDTH = 110
_OPEN, _CLOSE = "([{", ")]}"


def fits(line: str) -> bool:
    """Whether a line, indentation included, is short enough."""
    return len(line) - line.count("\0") <= WIDTH  # Marks are taken out in the end.


def wrapped(line: str) -> list[str]:
    """The line as it is if it fits, else broken at its operators or inside its last pair of brackets."""
    if fits(line):
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    operands, span = _operands(line), _last_brackets(line)
    ends_in_call = span is not None and span[1] == len(line) - 1 and fits(line[: span[0] + 1])
    if operands is not None and not (len(operands[1]) == 2 and ends_in_call):
        head, rows = operands
        inner = f"{indent}    {' '.join(rows)}"
        return [
            head + "(",
            *([inner] if fits(inner) else [f"{indent}    {row}" for row in rows]),
            indent + ")",
        ]
    if span is None:
        return [line]
    start, end = span
    head, body, tail = line[: start + 1], line[start + 1 : end], line[end:]
    if not body.strip():
        return [line]
    items = _items(body)
    inner = f"{indent}    {body}"
    if fits(inner):
        return [head, inner, indent + tail]
    clauses = _clauses(body)
    if len(clauses) > 1:
        return [head, *(row for clause in clauses for row in wrapped(f"{indent}    {clause}")), indent + tail]
    if len(items) == 1:
        return [head, *wrapped(inner), indent + tail]
    return [head, *(row for item in items for row in _argument(f"{indent}    {item},")), indent + tail]


def _argument(line: str) -> list[str]:
    """An argument on lines of its own; an operation is broken at its operators, as it stands in brackets."""
    indent = line[: len(line) - len(line.lstrip())]
    rows = [] if fits(line) else _cut(line[len(indent) : -1])
    if len(rows) < 2 or not all(fits(f"{indent}{row},") for row in rows):
        return wrapped(line)
    return [*(indent + row for row in rows[:-1]), f"{indent}{rows[-1]},"]


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


def _operands(line: str) -> tuple[str, list[str]] | None:
    """What stands before the value of a statement, and the value cut before its operators, if it has any."""
    start = next((len(head) for head in ("return ", "yield ") if line.lstrip().startswith(head)), None)
    begin = len(line) - len(line.lstrip())
    if start is None:
        equals = line.find(" = ")
        if equals < 0 or any(depth for at, depth, _ in _scan(line) if at < equals and depth):
            return None
        begin = equals + 3
    else:
        begin += start
    rows = _cut(line[begin:])
    return (line[:begin], rows) if len(rows) > 1 else None


def _cut(value: str) -> list[str]:
    """An expression cut before the operators that bind least; whole where it has none."""
    inside = 0
    brackets = {at: 1 if character in _OPEN else -1 for at, _, character in _scan(value) if character != ","}
    cuts: dict[str, list[int]] = {}
    for at, character in enumerate(value):
        inside += brackets.get(at, 0)
        if inside == 0 and at > 0 and value[at - 1 : at + 2] in (" + ", " - ", " * ", " / "):
            cuts.setdefault("+" if character in "+-" else "*", []).append(at)
    places = cuts.get("+") or cuts.get("*")
    if not places or value.startswith("lambda "):
        return [value]
    edges = [0, *places, len(value)]
    return [value[a:b].strip() for a, b in pairwise(edges)]


def _items(body: str) -> list[str]:
    """The parts between the outermost commas."""
    cuts = [position for position, depth, character in _scan(body) if depth == 0 and character == ","]
    pieces = [body[a + 1 : b] for a, b in zip([-1, *cuts], [*cuts, len(body)], strict=True)]
    return [piece.strip() for piece in pieces if piece.strip()]
