"""A generated module: one Python file with a class for each net, and no more of the runtime than they use."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from tnlang.lower.layout import WIDTH, wrapped
from tnlang.lower.names import LIBRARY
from tnlang.lower.steps import ModulePlan, NetPlan
from tnlang.lower.torch_classes import class_lines, docstring, results_class
from tnlang.lower.torch_numbers import MARK
from tnlang.lower.torch_runtime import WORD, definitions, used_definitions

_MODULES = ("cmath", "difflib", "fnmatch", "inspect", "itertools", "json", "math", "os", "time")
_FROM = {
    "collections.abc": ("Callable", "Iterable", "Iterator", "Mapping"),
    "pathlib": ("Path",),
    "typing": ("Any", "ClassVar", "NamedTuple", "Self"),
}

USER_FUNCTIONS = "# Functions of the user's:"
"""The line above the imports of what ``fn`` declares; whoever runs a generated module looks for it."""


def module_source(plan: ModulePlan) -> str:
    """The text of the module: what nets are, the nets, then the functions that they use.

    The same plan gives the same bytes.
    """
    public = [name for net in plan.nets for name in _public(net)]
    clashes = sorted(set(public) & set(LIBRARY))
    classes = "\n".join(line for net in plan.nets for line in ["", "", *class_lines(net)])
    classes = re.sub(f"{MARK}({'|'.join(LIBRARY)})\\b", lambda m: _given_way(m[1], clashes), classes)
    shared = used_definitions(classes, clashes)
    before = "\n\n\n".join(text for text in shared if text.startswith("class "))
    after = "\n\n\n".join(text for text in shared if not text.startswith("class "))
    for function in sorted(definitions().keys() & _variables(plan)):
        before, classes, after = (
            re.sub(rf"(?<![\w.]){function}\(", f"{function}_(", part) for part in (before, classes, after)
        )
    values, mapping, tensor = (_given_way(name, clashes) for name in ("Values", "Mapping", "Tensor"))
    values = f"{values} = {mapping}[str, {tensor}]"
    names = ", ".join(f'"{name}"' for name in sorted(public))
    code = "\n".join([values, "", "", before, classes, "", "", after, ""])
    head = [
        *docstring(_title(plan), ""),
        "",
        "from __future__ import annotations",
        "",
        *_imports(set(WORD.findall(code)), clashes),
        *_user_imports(plan.functions),
        "",
        *wrapped(f"__all__ = [{names}]"),
        "",
    ]
    return "\n".join(head) + code


def _variables(plan: ModulePlan) -> set[str]:
    """The names of variables that methods have: a function of the runtime that is called so gives way."""
    found = {word.name for net in plan.nets for word in net.keywords}
    for net in plan.nets:
        for body in (net.fused, net.observed):
            found |= set(body.names) if body is not None else set()
    return found


def _public(net: NetPlan) -> Iterator[str]:
    if len(net.outputs) > 1:
        yield results_class(net)
    yield net.class_name


def _title(plan: ModulePlan) -> tuple[str, ...]:
    name = PurePath(plan.title).name or "A program"
    classes = ", ".join(net.class_name for net in plan.nets)
    return (
        f"{name} as PyTorch modules, written by tnlang: change the .tn text, not this file.",
        "",
        *textwrap.wrap(
            f"{'Nets' if len(plan.nets) > 1 else 'Net'}: {classes}.", WIDTH, break_long_words=False
        ),
        "Inputs may have leading batch axes. Every named value goes through a submodule of its name, for",
        "hooks to read or replace it; run_with_cache() returns all, forward(..., frozen=...) replaces some.",
    )


def _given_way(name: str, clashes: Sequence[str]) -> str:
    """A name of the library, with a mark where a net's class has it."""
    return f"{name}_" if name in clashes else name


def _imports(used: set[str], clashes: Sequence[str]) -> list[str]:
    lines = [f"import {module}" for module in _MODULES if module in used]
    for module, names in _FROM.items():
        wanted = [
            f"{name} as {name}_" if name in clashes else name
            for name in names
            if _given_way(name, clashes) in used
        ]
        if wanted:
            lines.append(f"from {module} import {', '.join(wanted)}")
    functional = _given_way("F", clashes)
    lines += ["", "import torch"]
    if functional in used:
        lines.append(f"import torch.nn.functional as {functional}")
    tensor = "Tensor as Tensor_" if "Tensor" in clashes else "Tensor"
    return [*lines, f"from torch import {tensor}, nn"]


def _user_imports(functions: Sequence[tuple[str, str, str]]) -> list[str]:
    """The user's own functions, under the names of the text."""
    lines = [
        f"from {module} import {name}" if name == local else f"from {module} import {name} as {local}"
        for local, module, name in functions
    ]
    return ["", USER_FUNCTIONS, *sorted(lines)] if lines else []
