"""Names of the text as Python names: one escape table, and the names that are taken in each place."""

from __future__ import annotations

import builtins
import functools
import keyword
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import resources

from tnlang.ir.program import Program

MODULE_ATTRIBUTES = frozenset(
    [
        "T_destination",
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
    ]
)
"""What every nn.Module has: no parameter or submodule can be an attribute of such a name."""

NET_ATTRIBUTES = frozenset(
    [
        "beside",
        "constants",
        "derived",
        "fetched",
        "forget",
        "frozen",
        "ignored",
        "is_observed",
        "kept",
        "load_weights",
        "matrices",
        "needed",
        "observed",
        "parameter_legs",
        "past_values",
        "prefixes",
        "prepare",
        "prepared",
        "register",
        "replacements",
        "reference",
        "run_with_cache",
        "shared_by",
        "together",
        "was_value",
        "weights",
        "widths",
    ]
)
"""What every generated class has besides."""

RUNTIME = tuple(
    f"runtime/{room}.py" for room in ("net", "checks", "arrays", "factors", "starts", "weights", "cpu")
)
"""The files whose classes and functions generated modules take over."""

LIBRARY = tuple(
    [
        "Any",
        "Callable",
        "F",
        "Iterable",
        "Iterator",
        "Mapping",
        "NamedTuple",
        "Net",
        "NoValue",
        "OneDnnLinear",
        "Part",
        "Path",
        "Self",
        "Tensor",
        "Value",
        "Values",
    ]
)
"""Module-level names in capitals that a net's class may want: such a class keeps its name, these give way."""

_RESERVED = frozenset(
    [
        *keyword.kwlist,
        *LIBRARY,
        *[
            "F",
            "torch",
            "math",
            "cmath",
            "nn",
            "self",
            "constants",
            "frozen",
            "in_place",
            "range",
            "str",
            "float",
            "max",
            "sum",
            "super",
            "unknown",
        ],
    ]
)
"""What a variable of generated code must not hide; the functions of the runtime give way to variables."""


def identifier(name: str) -> str:
    """A Python identifier for a name of the text: ``W'`` is ``W_prime``, ``gpt2.ln`` is ``gpt2_ln``.

    A path is called after its ends: ``a -> b -> c`` is ``a_to_c``.
    """
    path = name.split(" -> ")
    name = f"{path[0]}_to_{path[-1]}" if path[1:] else name
    text = unicodedata.normalize("NFKC", name).replace("'", "_prime").replace(".", "_")
    text = "".join(c if ("_" + c).isidentifier() else f"_{ord(c):x}_" for c in text)
    if not text.isidentifier():
        text = "_" + text
    if text.startswith("__"):  # Python mangles such names inside a class.
        text = "u" + text
    return text + "_" if keyword.iskeyword(text) or text == "self" else text


def attribute(name: str) -> str:
    """The attribute of a generated class for a parameter, value or call."""
    text = identifier(name)
    if text.startswith("_"):  # nn.Module keeps what it needs under such names.
        text = "u" + text
    return text + "_" if text in MODULE_ATTRIBUTES or text in NET_ATTRIBUTES else text


def function_name(name: str) -> str:
    """What a generated module calls a function of the user's: no name of its own runtime, no builtin."""
    text = identifier(name)
    return text + "_" if text in _RESERVED or text in dir(builtins) or text in _runtime() else text


@functools.cache
def _runtime() -> frozenset[str]:
    folder = resources.files("tnlang.lower")
    source = "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in RUNTIME)
    imported = re.findall(r"^import ([a-z]+)$", source, re.MULTILINE)
    return frozenset(imported + re.findall(r"^(?:def|class) (\w+)", source, re.MULTILINE))


def class_name(net: str) -> str:
    """The class of a net: its name in CapWords (``gpt2`` is ``Gpt2``, ``gpt2.ln_f`` is ``Gpt2LnF``)."""
    words = [word for word in re.split(r"[\W_]+", net.replace("'", " prime ")) if word]
    text = "".join(word[0].upper() + word[1:] for word in words) or "Net_"
    text = unicodedata.normalize("NFKC", text)
    if not text.isidentifier():
        text = "N" + text
    return text + "_" if keyword.iskeyword(text) or text in dir(builtins) else text


def class_names(program: Program) -> dict[str, str]:
    """The class of each net, each another: ``a_b`` is ``AB``, and ``aB`` after it ``AB_``.

    Nor is one called as what another one gives (``ABOutput``). What the text names comes first, so that it
    has the class expected.
    """
    taken = Names()
    found = {}
    for net in dict.fromkeys((*program.exported, *(net.name for net in program.nets))):
        name = taken.take(class_name(net))
        while name + OUTPUT in taken.taken:
            name = taken.take(class_name(net))
        taken.taken.add(name + OUTPUT)
        found[net] = name
    return found


OUTPUT = "Output"
"""What follows the class of a net in that of its several outputs."""


@dataclass(slots=True)
class Names:
    """The names of one place, each given once: asked for again, it gets a ``_`` or a number."""

    taken: set[str] = field(default_factory=set)

    @staticmethod
    def of(taken: Iterable[str]) -> Names:
        return Names(set(taken))

    @staticmethod
    def local() -> Names:
        """The names of a method's variables."""
        return Names(set(_RESERVED))

    def take(self, wanted: str) -> str:
        """The name, or the nearest one that is free."""
        text = wanted
        if text in self.taken:
            text += "_"
        number = 2
        while text in self.taken:
            text = f"{wanted}_{number}"
            number += 1
        self.taken.add(text)
        return text
