"""The codes of what parsing finds wrong: one table, from which docs and the command line explain them."""

from __future__ import annotations

CODES: dict[str, str] = {
    # what cannot be read
    "TN101": "a character that has no meaning",
    "TN102": "a text without its closing quote",
    "TN103": "a bracket or block that is not closed, or a block that is not opened",
    "TN104": "a bracket that closes nothing",
    "TN105": "nested too deep",
    "TN106": "a number that is too large",
    "TN107": "a name that cannot be one",
    # what does not fit the grammar
    "TN110": "something else is expected here",
    "TN111": "a statement ends too early",
    "TN112": "a reserved word used as a name",
    "TN113": "two statements on one line without `;`",
    "TN114": "a statement in a place where it cannot stand",
    "TN115": "the wrong bracket, or one that touches what it should not",
    # habits of other languages
    "TN120": "a sign or word of another language",
    "TN121": "a leg given by number or option instead of by wire",
    "TN122": "a place in square brackets that names no wire, entry or group",
    "TN123": "a factor after a division without `*`",
}
