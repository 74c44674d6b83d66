"""How things are written in a picture: LaTeX of names, numbers, sizes and functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from tnlang.draw.diagram import Family
from tnlang.ir.functions import FUNCTIONS
from tnlang.ir.net import Bubble, Loop
from tnlang.ir.size import DimSize, LoopVar, Size, SizeError, SizeOp, evaluate, show, size_op

_SPECIAL = {
    "\\": r"{\backslash}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "#": r"\#",
    "%": r"\%",
    "&": r"\&",
    "_": r"\_",
    "^": r"{\wedge}",
    "~": r"{\sim}",
}


_GREEK = frozenset(
    word
    for line in (
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon",
        "phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega",
    )
    for word in line.split()
)


def escape(text: str) -> str:
    """Text with the characters that mean something to LaTeX made harmless."""
    return "".join(_SPECIAL.get(c, c) for c in text)


def upright(text: str) -> str:
    """A word in LaTeX; spaces stay."""
    return r"\mathrm{" + escape(text).replace(" ", r"\ ") + "}" if text else ""


def given(label: str) -> str | None:
    r"""The LaTeX of a ``label "…"``: formulas between dollars, the rest text; None if it has none.

    >>> given("$W_Q^\\top$"), given("seq pos"), given("$k$-th {x}")
    ('W_Q^\\top', '\\text{seq pos}', 'k\\text{-th }{\\{}\\text{x}{\\}}')
    """
    if not label:
        return None
    parts = re.split(r"\$([^$]*)\$", label)
    return "".join(part if i % 2 else _text(part) for i, part in enumerate(parts) if part)


_OUTSIDE_TEXT = {
    "\\": r"{\backslash}",
    "{": r"{\{}",
    "}": r"{\}}",
    "&": r"{\&}",
    "<": r"{\lt}",
    ">": r"{\gt}",
    "$": r"{\$}",
}
"""Characters that no text of the typesetter holds; in braces they stand as close as letters do."""


def _text(words: str) -> str:
    runs = re.split(r"([\\{}&<>$])", words)
    return "".join(_OUTSIDE_TEXT.get(run) or rf"\text{{{run}}}" for run in runs if run)


def _piece(text: str) -> str:
    """A part of a name: a single letter is italic, a number as it is, anything longer a word."""
    if text in _GREEK:
        return "\\" + text
    if len(text) <= 1 or text.isdecimal() or (text.isalpha() and text.isupper() and len(text) <= 3):
        return escape(text)
    return upright(text)


@lru_cache(maxsize=65536)
def math(name: str, subs: str = "", label: str = "") -> str:
    """A value's or wire's name: ``W_Q``, ``W1`` and ``σ1`` get a subscript; ``subs`` stand above.

    Of the path before a name only numbers are told, those of turns: parameters of two layers have two names.

    >>> math("W_in"), math("W1"), math("x'"), math("tokens"), math("layers.W_V"), math("y*"), math("a.0.W")
    ('W_{\\\\mathrm{in}}', 'W_{1}', "x'", '\\\\mathrm{tokens}', 'W_{V}', 'y^{\\\\ast }', 'W^{0}')
    """
    turns = [part for part in name.split(".")[:-1] if part.isdecimal()]
    subs = ",".join([*turns, *([subs] if subs else [])])
    above = "^{" + subs + "}" if subs else ""
    if label:
        return (given(label) or "") + above
    if "·" in name:
        return r"\,".join(math(part) for part in name.split("·")) + above
    name = name.rsplit(".", 1)[-1]
    bare = name.rstrip("'*")
    primes = name[len(bare) :]
    split = re.fullmatch(r"([^\W\d_]+)(\d+)", bare)
    if split:
        base, below = split[1], [split[2]]
    else:
        base, *below = [part for part in bare.split("_") if part] or [bare]
    text = _piece(base)
    if len(base) == 1 or below == []:
        under = "_{" + ",".join(map(_piece, below)) + "}" if below else ""
    else:
        # `head_size`: words of one name, rather than a word with a subscript
        short = all(len(part) == 1 or part.isdecimal() for part in below)
        if short:
            under = "_{" + ",".join(map(_piece, below)) + "}"
        else:
            text, under = upright(" ".join([base, *below])), ""
    if primes and (above or "*" in primes):
        marks = "".join(r"\prime " if mark == "'" else r"\ast " for mark in primes)
        return text + under + "^{" + marks + subs + "}"
    return text + under + primes + above


def member(name: str, subs: tuple[int, ...], label: str = "") -> str:
    """A wire's name: the numbers of one of a family stand below it, or above where something is below.

    >>> member("b", (0,)), member("p", (0, 1)), member("h_1", (2,))
    ('b_{0}', 'p_{0,1}', 'h_{1}^{2}')
    """
    numbers, alone = ",".join(map(str, subs)), math(name, label=label)
    if not numbers or set("_^'") & set(alone):
        return math(name, numbers, label)
    return alone + "_{" + numbers + "}"


def paths_apart(known: Iterable[str]) -> dict[str, str]:
    """Of names that would be written alike, as much of the path before each as tells them apart.

    >>> paths_apart(["l1.y", "a0.y", "a0.y*", "a0.hid"]), paths_apart(["a.b.0.y", "c.b.0.y", "c.b.1.y"])
    ({'l1.y': 'l1', 'a0.y': 'a0', 'a0.y*': 'a0'}, {'a.b.0.y': 'a.b', 'c.b.0.y': 'c.b'})
    """
    alike: dict[str, dict[str, list[str]]] = {}
    for name in known:
        *path, last = name.split(".")
        if all(part.isdecimal() or part.isidentifier() for part in path) and "·" not in last:
            words = [part for part in path if not part.isdecimal()]
            alike.setdefault(math(name.rstrip("'*")), {})[name] = words
    found: dict[str, str] = {}
    for group in alike.values():
        for count in range(1 + max(map(len, group.values()))):
            ends = {name: ".".join(words[len(words) - count :]) for name, words in group.items()}
            if len({(end, math(name)) for name, end in ends.items()}) == len(group):
                found |= ends if count else {}
                break
    return found


def braces(subs: Iterable[str]) -> str:
    """``{l,2}``, or nothing."""
    text = ",".join(sub.replace(" ", "") for sub in subs)
    return "{" + text + "}" if text else ""


def without_variables(path: str) -> str:
    """A path without the turns that are no numbers.

    >>> without_variables("layer{l}.att{0}.W")
    'layer.att{0}.W'
    """
    return re.sub(r"\{[^{}]*[^{}\d,][^{}]*\}", "", path)


def with_path(path: str, text: str) -> str:
    """A name in mathematics behind words of its path."""
    return "".join(math(word) + r"{.}" for word in path.split(".") if word) + text


def way(name: str) -> str:
    """The caption of a path through blocks: ``a_1 -> 0 (V)`` as ``a 1 → block 0 (V)``."""
    steps = name.replace("_", " ").split(" -> ")
    return " → ".join(f"block {step}" if step.split(" ")[0].isdecimal() else step for step in steps)


def word(name: str) -> str:
    """A dim's name as the word beside a wire: ``head_size`` is two words."""
    return name.rsplit(".", 1)[-1].replace("_", " ").strip()


def is_word(name: str) -> bool:
    """Whether a dim's name is written as a word beside its wires; ``h``, ``h1``, ``d_K`` and ``chi`` are not.

    >>> [name for name in ("h", "h1", "d_K", "chi", "x'", "mlp", "head_size", "layer_1") if is_word(name)]
    ['mlp', 'head_size', 'layer_1']
    """
    base, *below = [part for part in word(name).rstrip("'").split(" ") if part] or [""]
    letter = re.fullmatch(r"(.*?)\d*", base)
    symbol = letter is not None and (len(letter[1]) <= 1 or letter[1] in _GREEK)
    return not symbol or any(len(part) > 1 and not part.isdecimal() for part in below)


def size(value: Size) -> str:
    """A size as a formula."""
    match value:
        case int():
            return str(value)
        case LoopVar(name):
            return math(name)
        case DimSize(dim):
            return given(dim.label) or (upright(word(dim.name)) if is_word(dim.name) else math(dim.name))
        case SizeOp("/", left, right):
            return r"\frac{" + size(left) + "}{" + size(right) + "}"
        case SizeOp("^", left, right):
            return _bracketed(left) + "^{" + size(right) + "}"
        case SizeOp("mod", left, right):
            return size(left) + r"\ \mathrm{mod}\ " + _bracketed(right)
        case SizeOp("*", left, right):
            return _bracketed(left) + r"\," + _bracketed(right)
        case SizeOp(op, left, right):
            return size(left) + op + (_bracketed(right) if op == "-" else size(right))


def _bracketed(value: Size) -> str:
    text = size(value)
    return "(" + text + ")" if isinstance(value, SizeOp) and value.op in ("+", "-", "mod") else text


def number(value: int | float | complex, text: str = "") -> str:
    """A number as written where that is known, else at up to 4 digits."""
    if text and not isinstance(value, complex):
        constants = {"pi": r"\pi", "inf": r"\infty"}
        if text in constants:
            return constants[text]
        mantissa, _, power = text.lower().partition("e")
        if power:
            factor = "" if mantissa in ("1", "1.0", "1.") else mantissa + r"\cdot "
            return factor + "10^{" + str(int(power)) + "}"
        return escape(text)
    if isinstance(value, complex):
        if value.imag == 0:
            return number(value.real)
        if value.real == 0:
            factor = "" if value.imag == 1 else "-" if value.imag == -1 else number(value.imag)
            return factor + "i"
        sign = "+" if value.imag > 0 else ""
        return f"({value.real:.4g}{sign}{number(complex(0, value.imag))})"
    if isinstance(value, float) and not value.is_integer():
        mantissa, _, power = f"{value:.4g}".partition("e")
        return mantissa if not power else number(value, f"{mantissa}e{power}")
    return str(int(value))


_SIGNS = {
    "power": r"(\cdot)",
    "reciprocal": r"1/(\cdot)",
    "sqrt": r"\sqrt{\cdot}",
    "conj": r"\overline{(\cdot)}",
    "abs": r"|\cdot|",
    "exp": r"\exp",
    "log": r"\log",
    "sin": r"\sin",
    "cos": r"\cos",
    "tanh": r"\tanh",
    "square": r"(\cdot)^2",
}

_MASKS = ("softmax", "log_softmax", "causal", "topk", "argmax")
_NORMS = ("layernorm", "rmsnorm", "normalize", "cumsum", "inverse")


def family(function: str) -> Family:
    """The colour family of a function's bubble."""
    if function in _MASKS:
        return "mask"
    if function in _NORMS or (function in FUNCTIONS and FUNCTIONS[function].legs == "ends"):
        return "norm"
    return "elementwise" if function in FUNCTIONS else "user"


def badge(bubble: Bubble, label: str = "") -> str:
    """A bubble's badge: its own name, or its function's with the legs it works along when that is one leg."""
    if bubble.name:
        return math(bubble.name)
    text = given(label) or _SIGNS.get(bubble.function) or math(bubble.function)
    if bubble.function == "power":
        return text + "^{" + number(dict(bubble.options).get("exponent", 2)) + "}"
    if len(bubble.gates) == 1:
        gate = bubble.gates[0]
        return text + "_{" + member(gate.name, gate.subs, gate.label) + "}"
    return text


_OPTION_SIGNS = {"eps": r"\varepsilon"}


def options(bubble: Bubble) -> str:
    """A bubble's options in a row: ``ε = 10^{-5}``; the exponent of a power stands in its badge."""
    shown = [
        (_OPTION_SIGNS.get(name) or upright(name))
        + " = "
        + (r"\infty" if abs(value) == float("inf") else number(value))
        for name, value in bubble.options
        if bubble.function != "power"
    ]
    return r",\ ".join(shown)


def function(bubble: Bubble) -> str:
    """A function in words: ``softmax[k]``, ``layernorm[d](eps=1e-05)``."""
    gates = ",".join(gate.text.replace(" ", "") for gate in bubble.gates)
    options = ",".join(f"{name}={value!r}" for name, value in bubble.options)
    return bubble.function + (f"[{gates}]" if gates else "") + (f"({options})" if options else "")


def loop(loop: Loop) -> str:
    """A loop in words: ``h in 0 to head``."""
    return f"{loop.var} in {show(loop.start)} to {show(loop.stop)}"


def loops(loops: Iterable[Loop]) -> str:
    """A written-out sum in words: ``(sum over) h in 0 to head``."""
    return "(sum over) " + ", ".join(map(loop, loops))


def turns_of(loop: Loop) -> str:
    """How often a loop runs: the number at default sizes, else the formula."""
    return _number(size_op("-", loop.stop, loop.start))


def times(loop: Loop) -> str:
    """What a plate says of a loop of several turns: ``× 12``; nothing for a single one."""
    count = turns_of(loop)
    return rf"\times {count}" if count != "1" else ""


def turn(loop: Loop) -> str:
    """What a plate says of one turn of a loop, its first: ``l = 0``."""
    return f"{math(loop.var)} = {_number(loop.start)}"


def _number(known: Size) -> str:
    try:
        return str(evaluate(known, {}))
    except SizeError:
        return size(known)


def big_sign(loops: Iterable[Loop]) -> str:
    """The Σ of a written-out index; bounds stand below it unless it runs over all of a dim."""
    return r"\sum_{" + ",".join(map(_range, loops)) + "}"


def _range(loop: Loop) -> str:
    below = loop.start != 0
    if isinstance(loop.stop, DimSize):
        return math(loop.var) + (r" \geq " + size(loop.start) if below else "")
    return (size(loop.start) + r" \leq " if below else "") + math(loop.var) + " < " + size(loop.stop)
