"""Python lines that fit a page: a long line is broken at its brackets, as formatters do."""

from __future__ import annotations

WIDTH = 110
_OPEN, _CLOSE = "([{", ")]}"


def fits(line: str) -> bool:
    """Whether a line, indentation included, is short enough."""
    return len(line) - line.count("\0") <= WIDTH  # Marks are taken out in the end.


def wrapped(line: str) -> list[str]:
    """The line as it is if it fits, else broken inside its last pair of brackets, one item a line if need be."""
    if fits(line):
        return [line]
    span = _last_brackets(line)
    if span is None:
        return [line]
    start, end = span
    indent = line[: len(line) - len(line.lstrip())]
    head, body, tail = line[: start + 1], line[start + 1 : end], line[end:]
    if not body.strip():
        return [line]
    items = _items(body)
    inner = f"{indent}    {body}"
    if fits(inner):
        return [head, inner, indent + tail]
    if len(items) == 1:
        return [head, *wrapped(inner), indent + tail]
    return [head, *(row for item in items for row in wrapped(f"{indent}    {item},")), indent + tail]


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


def _items(body: str) -> list[str]:
    """The parts between the outermost commas."""
    cuts = [position for position, depth, character in _scan(body) if depth == 0 and character == ","]
    pieces = [body[a + 1 : b] for a, b in zip([-1, *cuts], [*cuts, len(body)], strict=True)]
    return [piece.strip() for piece in pieces if piece.strip()]
