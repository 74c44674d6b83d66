"""Classes of the Plan as Python: ``__init__``, ``forward``, the observed way, the weights."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace

from tnlang.lower.layout import fits, wrapped
from tnlang.lower.names import OUTPUT, Names, identifier
from tnlang.lower.numbers import Arith, MathCall, Name, Num, Scalar, Total
from tnlang.lower.plan import Expr, Var
from tnlang.lower.steps import (
    Body,
    Derived,
    Keyword,
    Matrices,
    NetPlan,
    Parameter,
    Start,
    StoredAt,
    Submodule,
    Turns,
    Watched,
)
from tnlang.lower.torch_expressions import Writer
from tnlang.lower.torch_methods import Method
from tnlang.lower.torch_numbers import library, range_code, repr_name, text
from tnlang.lower.torch_runtime import definitions


def class_lines(plan: NetPlan) -> list[str]:
    """The text of a net's class, lines as they are."""
    lines = [*results_lines(plan), f"class {plan.class_name}({library('Net')}):"]
    lines += docstring(plan.doc, "    ")
    constants = class_constants(plan)
    if constants:
        lines += ["", *constants]
    methods = forward_lines(plan)
    derived = derived_lines(plan, plan.derived) if plan.derived is not None else []
    needs_reference = any("self.reference" in line for line in (*methods, *derived))
    lines += ["", *init_lines(plan, needs_reference), "", *methods]
    lines += ["", *derived] if derived else []
    if plan.fused is not None and plan.fused.beside:
        lines += ["", *beside_lines(plan, plan.fused.beside)]
    if plan.checkpoint is not None:
        lines += ["", *weights_lines(plan)]
    for registered, attribute in renamed(plan):
        *owners, last = registered.split(".")
        owner = f"self.get_submodule({repr_name('.'.join(owners))})" if owners else "self"
        alone = any(p.name == registered and p.members[0][0] == () for p in plan.parameters)
        table = "_parameters" if alone else "_modules"
        lines += ["", "    @property", f"    def {attribute}(self):"]
        lines += [f"        return {owner}.{table}[{repr_name(last)}]"]
    return lines


def docstring(doc: Sequence[str], indent: str) -> list[str]:
    """A docstring, with nothing in it that could end it."""
    safe = [line.replace("\\", "\\\\").replace('"""', "'''") for line in doc]
    if len(safe) == 1 and fits(f'{indent}"""{safe[0]}"""'):
        return [f'{indent}"""{safe[0]}"""']
    rows = [f"{indent}{line}" if line else "" for line in safe]
    return [f'{indent}"""{safe[0]}', *rows[1:], f'{indent}"""']


def results_class(plan: NetPlan) -> str:
    return plan.class_name + OUTPUT


def results_lines(plan: NetPlan) -> list[str]:
    """A NamedTuple for a net with several outputs."""
    if len(plan.outputs) < 2:
        return []
    fields = [f"    {field(name)}: {library('Tensor')}" for _, name in plan.outputs]
    doc = f'    """What {plan.name} gives."""'
    return [f"class {results_class(plan)}({library('NamedTuple')}):", doc, "", *fields, "", ""]


def field(name: str) -> str:
    """The field of a NamedTuple: no underscore may come first, and its methods' names are taken."""
    plain = name.lstrip("_") or "value"
    return f"{plain}_" if plain in ("count", "index") else plain


def class_constants(plan: NetPlan) -> list[str]:
    found: list[str] = []
    if plan.buffers:
        pairs = ", ".join(f"{repr_name(b.attribute)}: {_lists(b.value)!r}" for b in plan.buffers)
        found += wrapped(f"    constants = {{{pairs}}}")
    legs = [pair for parameter in plan.parameters for pair in parameter_legs(parameter)]
    if legs:
        pairs = ", ".join(f"{repr_name(name)}: {tuple_code(every)}" for name, every in legs)
        found += wrapped(f"    parameter_legs = {{{pairs}}}")
    if plan.derived is not None:
        found += wrapped(f"    prepared = {tuple_code(plan.derived.buffers)}")
    if plan.matrices:
        pairs = ", ".join(f"{repr_name(name)}: {rows}" for name, rows in plan.matrices)
        found += wrapped(f"    matrices = {{{pairs}}}")
    if plan.past_values:
        found += wrapped(f"    past_values = {tuple_code(plan.past_values)}")
    if plan.checkpoint is not None:
        if plan.checkpoint.prefixes:
            found += wrapped(f"    prefixes = {tuple_code(plan.checkpoint.prefixes)}")
        if plan.checkpoint.ignored:
            found += wrapped(f"    ignored = {tuple_code(plan.checkpoint.ignored)}")
    return found


def parameter_legs(parameter: Parameter) -> list[tuple[str, tuple[str, ...]]]:
    """The legs of a parameter by its name; of a family once where they are the same for every member."""
    if len(set(parameter.legs)) == 1:
        return [(parameter.name, parameter.legs[0])]
    return [
        (".".join((parameter.name, *map(str, subs))), legs)
        for (subs, _), legs in zip(parameter.members, parameter.legs, strict=True)
    ]


def tuple_code(texts: Sequence[str]) -> str:
    return f"({', '.join(map(repr_name, texts))}{',' if len(texts) == 1 else ''})"


# ---------------------------------------------------------------- __init__


def init_lines(plan: NetPlan, needs_reference: bool) -> list[str]:
    """``__init__``: dims as keywords, parameters, constants, the nets called, the points of values."""
    parameters = [_keyword(word) for word in plan.keywords]
    if plan.file_level:
        parameters.append(f"{file_level(plan)}: bool = True")
    signature = ", ".join(
        ["self", "*", *parameters, "**unknown: object"] if parameters else ["self", "**unknown: object"]
    )
    lines = wrapped(f"    def __init__({signature}) -> None:")
    lines.append("        super().__init__()")
    counting = "".join(f", {identifier(name)}={size}" for name, size in plan.counting)
    lines += wrapped(f"        refuse(self, unknown{counting})")
    for word in in_order(plan.keywords):
        if word.default is not None and not isinstance(word.default, Num):
            lines += wrapped(
                f"        {word.name} = {text(word.default)} if {word.name} is None else {word.name}"
            )
    lines += [f"        self.{attribute} = {name}" for attribute, name in plan.stored]
    if needs_reference:
        lines.append('        self.register_buffer("reference", torch.empty(0), persistent=False)')
    rooted = [p for p in plan.parameters if p.root_only]
    rooted_nets = [s for s in plan.submodules if s.root_only]
    if rooted or rooted_nets:
        lines.append(f"        if {file_level(plan)}:")
        for parameter in rooted:
            lines += _register(parameter.name, parameter.attribute, parameter_code(parameter), "            ")
        for submodule in rooted_nets:
            lines += _register(submodule.name, submodule.attribute, submodule_code(submodule), "            ")
    owned = [parameter for parameter in plan.parameters if not parameter.root_only]
    below = [parameter for parameter in owned if "." in parameter.name]
    for parameter in owned:
        if parameter not in below:
            lines += _register(parameter.name, parameter.attribute, parameter_code(parameter), "        ")
    for submodule in plan.submodules:
        if not submodule.root_only:
            lines += _register(submodule.name, submodule.attribute, submodule_code(submodule), "        ")
    for watched in plan.watched:
        lines += wrapped(f"        self.{watched.attribute} = {watched_code(watched)}")
    for parameter in below:  # where a value has the name of their owner they stand below the value
        lines += _register(parameter.name, parameter.attribute, parameter_code(parameter), "        ")
    if plan.needed:
        items = []
        for need in plan.needed:
            dotted = ".".join([need.name, *("{" + text(sub) + "}" for sub in need.subs)])
            if need.loops:
                heads = " ".join(f"for {v} in {range_code(a, b)}" for v, a, b in need.loops)
                items.append(f'*(f"{dotted}" {heads})')
            else:
                items.append(f'f"{dotted}"' if "{" in dotted else repr_name(dotted))
        lines += wrapped(f"        self.needed = ({', '.join(items)}{',' * (len(items) == 1)})")
    return lines


def file_level(plan: NetPlan) -> str:
    """The keyword that says whether the net owns the parameters of the file: not where another calls it."""
    return Names.of({word.name for word in plan.keywords} | {"self", "unknown"}).take(plan.file_level)


def _keyword(word: Keyword) -> str:
    match word.default:
        case Num(value):
            return f"{word.name}: int = {value}"
        case None if not word.late:
            return f"{word.name}: int"
    return f"{word.name}: int | None = None"


def in_order(words: Sequence[Keyword]) -> list[Keyword]:
    """Dims after those that their defaults name."""
    placed: dict[str, Keyword] = {}
    by_name = {word.name: word for word in words}

    def place(word: Keyword) -> None:
        if word.name in placed:
            return
        if word.default is not None:
            for name in _names(word.default):
                if name in by_name:
                    place(by_name[name])
        placed[word.name] = word

    for word in words:
        place(word)
    return list(placed.values())


def _names(number: Scalar) -> list[str]:
    match number:
        case Name(name):
            return [name]
        case Arith(left=left, right=right):
            return _names(left) + _names(right)
        case MathCall(argument=argument):
            return _names(argument)
        case Total(start=start, stop=stop, body=body):
            return _names(start) + _names(stop) + _names(body)
        case Num():
            return []


def _register(name: str, attribute: str, code: str, indent: str) -> list[str]:
    if attribute == name:
        return wrapped(f"{indent}self.{attribute} = {code}")
    return wrapped(f"{indent}self.register({repr_name(name)}, {code})")


def renamed(plan: NetPlan) -> list[tuple[str, str]]:
    """What is registered under a name that is no attribute, and the attribute it has instead."""
    every: list[Parameter | Submodule] = [*plan.parameters, *plan.submodules]
    return [(part.name, part.attribute) for part in every if part.name != part.attribute]


def _lists(value: object) -> object:
    return [_lists(item) for item in value] if isinstance(value, tuple) else _float(value)


def _float(value: object) -> object:
    return float(value) if isinstance(value, int) else value


def parameter_code(parameter: Parameter) -> str:
    """An nn.Parameter, or the members of a family in (nested) lists."""
    if parameter.members[0][0] == ():
        return f"nn.Parameter({start_code(parameter.members[0][1], parameter.starts[0])})"
    members = {
        subs: start_code(sizes, start)
        for (subs, sizes), start in zip(parameter.members, parameter.starts, strict=True)
    }
    return _family(members)


def _family(members: dict[tuple[int, ...], str]) -> str:
    depth = len(next(iter(members)))
    firsts = sorted({subs[0] for subs in members})
    listed = firsts == list(range(len(firsts)))
    if depth == 1:
        codes = [members[(first,)] for first in firsts]
        if listed:
            return f"nn.ParameterList([{', '.join(_runs(codes))}])"
        pairs = ", ".join(f'"{first}": {code}' for first, code in zip(firsts, codes, strict=True))
        return f"nn.ParameterDict({{{pairs}}})"
    inner = [_family({s[1:]: code for s, code in members.items() if s[0] == first}) for first in firsts]
    if listed:
        return f"nn.ModuleList([{', '.join(inner)}])"
    pairs = ", ".join(f'"{first}": {code}' for first, code in zip(firsts, inner, strict=True))
    return f"nn.ModuleDict({{{pairs}}})"


def _runs(codes: Sequence[str]) -> list[str]:
    """Equal members side by side, written once."""
    found: list[tuple[str, int]] = []
    for code in codes:
        if found and found[-1][0] == code:
            found[-1] = (code, found[-1][1] + 1)
        else:
            found.append((code, 1))
    if len(found) == 1 and found[0][1] > 1:
        return [f"{found[0][0]} for _ in range({found[0][1]})"]
    return [code if count == 1 else f"*({code} for _ in range({count}))" for code, count in found]


def start_code(sizes: Sequence[Scalar], start: Start) -> str:
    """Fresh numbers for a parameter, with its properties."""
    shape = ", ".join(map(text, sizes)) if sizes else "()"
    kind = ", dtype=complex_type()" if start.complex else ""
    match start.name, start.arguments:
        case "normal", (deviation, *_):
            code = f"{deviation!r} * torch.randn({shape}{kind})"
        case "uniform", (low, high, *_):
            code = f"torch.empty({shape}{kind}).uniform_({low!r}, {high!r})"
        case _:
            code = f"torch.{start.name}({shape}{kind})"
    for property_name, legs in start.properties:
        match property_name:
            case "isometry" | "unitary" | "orthogonal":
                columns = legs or tuple(range(start.rank // 2, start.rank))
                if property_name == "orthogonal" and len(legs) == 2:
                    columns = legs[1:]
                code = f"isometry({code}, {', '.join(map(str, columns))})"
            case "symmetric":
                axes = legs or tuple(range(start.rank))
                code = f"symmetric({code}, {', '.join(map(str, axes))})"
            case "diagonal":
                code = f"diagonal({code}, {', '.join(map(str, legs or range(start.rank)))})"
            case "positive":
                code = f"positive({code})"
    return code


def submodule_code(submodule: Submodule) -> str:
    """A net, or a list of one for each turn."""
    if len(submodule.turns) == 1:
        return _turns(submodule.turns[0], submodule.keyed)
    if submodule.keyed:
        inner = ", ".join(f"**{_turns(turn, True, bare=True)}" for turn in submodule.turns)
        return f"nn.ModuleDict({{{inner}}})"
    return f"nn.ModuleList([{', '.join(map(_spliced, submodule.turns))}])"


def _spliced(turn: Turns) -> str:
    """The nets of some turns as items of a longer list."""
    (var, start, stop), *rest = turn.loops
    one = _turns(replace(turn, loops=tuple(rest)), False)
    match start, stop:
        case Num(int(first)), Num(int(last)) if last - first == 1:
            return one
    name = var if re.search(rf"\b{re.escape(var)}\b", one) else "_"
    return f"*({one} for {name} in {range_code(start, stop)})"


def _turns(turn: Turns, keyed: bool, bare: bool = False) -> str:
    words = [f"{name}={text(value)}" for name, value in turn.keywords]
    if not turn.owns_file_level:
        words.append("file_level=False")
    code = f"{turn.class_name}({', '.join(words)})"
    for var, start, stop in reversed(turn.loops):
        name = var if re.search(rf"\b{re.escape(var)}\b", code) else "_"
        if keyed:
            code = f"{{str({var}): {code} for {var} in {range_code(start, stop)}}}"
            code = code if bare else f"nn.ModuleDict({code})"
        else:
            code = f"nn.ModuleList({code} for {name} in {range_code(start, stop)})"
    return code


def watched_code(watched: Watched) -> str:
    """The point of a value, or a list of points."""
    if not watched.counts:
        return f"{library('Value')}({repr_name(watched.name)})"
    return f"values({repr_name(watched.name)}, {', '.join(map(text, watched.counts))})"


# ---------------------------------------------------------------- forward


def forward_lines(plan: NetPlan) -> list[str]:
    """``forward``, fused, and ``observed``; where values are frozen, the second is the first."""
    inputs = [f"{a.name}: {library('Tensor')}" for a in plan.inputs]
    options = []
    for option in plan.options:
        if not option.is_array:
            options.append(f"{option.name}: int | None = None")
        elif option.required:
            options.append(f"{option.name}: {library('Tensor')}")
        else:
            options.append(f"{option.name}: nn.Module | {library('Tensor')} | None = None")
    result = f"{results_class(plan)}" if len(plan.outputs) > 1 else library("Tensor")
    handed = [*(a.name for a in plan.inputs), *(f"{a.name}={a.name}" for a in plan.options)]

    def head(name: str, *last: str) -> list[str]:
        inside = ", ".join(["self", *inputs, "*", *options, *last])
        return wrapped(f"    def {name}({inside}) -> {result}:")

    def method(body: Body) -> list[str]:
        return Method(plan.name, Writer(plan.like), Names.of([*body.names, *definitions()])).body(
            body, "        "
        )

    optional = f"frozen: {library('Values')} | {library('Part')} | None = None"
    sign = docstring(textwrap.wrap(plan.signature, 96), "        ")
    if plan.fused is None:
        lines = [*head("forward", optional), *sign, "        frozen = self.replacements(frozen)"]
        return _named_results(plan, [*lines, *method(plan.observed)])
    filling = ["in_place: bool = False"] if plan.fused.fills else []
    sign = docstring([*textwrap.wrap(plan.signature, 96), *_filling(plan.fused.fills)], "        ")
    lines = [*head("forward", optional, *filling), *sign, "        if self.is_observed(frozen):"]
    call = ", ".join([*handed, "frozen=self.replacements(frozen)"])
    lines += wrapped(f"            return self.observed({call})")
    lines += method(plan.fused)
    lines += ["", *head("observed", f"frozen: {library('Part')}")]
    lines += ['        """The same with a line for each named value."""']
    lines += method(plan.observed)
    return _named_results(plan, lines)


def _filling(names: Sequence[str]) -> list[str]:
    """What a docstring says of the inputs that can be written into."""
    return ["", f"``in_place`` writes into {' and '.join(names)}."] if names else []


def derived_lines(plan: NetPlan, derived: Derived) -> list[str]:
    """``derived``: the values that parameters alone give, as a tuple."""
    lines = [f"    def derived(self) -> tuple[{library('Tensor')}, ...]:"]
    lines += docstring(("The values that parameters alone give, computed.",), "        ")
    writer = Writer(plan.like if plan.like.startswith("self.") else "self.reference")
    method = Method(plan.name, writer, Names.of([*derived.body.names, *definitions()]))
    for step in derived.body.steps:
        lines += method.step(step, "        ")
    given = [writer.text(value) for value in derived.body.result]
    return [*lines, *wrapped(f"        return ({', '.join(given)}{',' if len(given) == 1 else ''})")]


def beside_lines(plan: NetPlan, beside: Sequence[Matrices]) -> list[str]:
    """``beside``: the matrices and biases that multiply one array, a row for each."""
    rows = f"tuple[tuple[tuple[{library('Tensor')}, ...], tuple[{library('Tensor')}, ...]], ...]"
    lines = [f"    def beside(self) -> {rows}:"]
    lines += docstring(
        ("Matrices that multiply one array, and their biases: prepare() puts them side by side.",), "        "
    )
    writer = Writer(plan.like)

    def listed(arrays: Sequence[Expr]) -> str:
        return f"({', '.join(map(writer.text, arrays))}{',' if len(arrays) == 1 else ''})"

    lines.append("        return (")
    for one in beside:
        lines.append("            (")
        lines += wrapped(f"                {listed(one.weights)},")
        lines += wrapped(f"                {listed(one.biases)},")
        lines.append("            ),")
    return [*lines, "        )"]


def _named_results(plan: NetPlan, lines: list[str]) -> list[str]:
    return [line.replace("return Results(", f"return {results_class(plan)}(") for line in lines]


# ---------------------------------------------------------------- weights


def weights_lines(plan: NetPlan) -> list[str]:
    """``weights``: where each parameter stands in a checkpoint."""
    assert plan.checkpoint is not None
    writer = Writer(plan.like)
    kinds = f"{library('Callable')}[[{library('Tensor')}], {library('Tensor')}]"
    lines = [f"    def weights(self) -> {library('Iterator')}[tuple[str, str, {kinds}]]:"]
    lines += docstring(
        (f"Where each parameter stands in a {plan.checkpoint.format} checkpoint.",), "        "
    )
    open_loops: tuple[tuple[str, Scalar, Scalar], ...] = ()
    for stored in plan.checkpoint.stored:
        if stored.loops != open_loops:
            for depth, (var, start, stop) in enumerate(stored.loops):
                lines.append(f"{'    ' * (depth + 2)}for {var} in {range_code(start, stop)}:")
            open_loops = stored.loops
        indent = "    " * (len(stored.loops) + 2)
        parts = stored_code(stored, writer)
        line = f"{indent}yield {', '.join(parts)}"
        rows = [f"{indent}yield (", *(f"{indent}    {part}," for part in parts), f"{indent})"]
        lines += [line] if fits(line) else rows
    return lines


def stored_code(stored: StoredAt, writer: Writer) -> tuple[str, str, str]:
    """The name of a parameter, the key of its array, and what is done to that."""
    change = "same" if isinstance(stored.change, Var) else f"lambda w: {writer.text(stored.change)}"
    return joined_text(stored.parameter), joined_text(stored.key), change


def joined_text(pieces: Sequence[str | Scalar]) -> str:
    """Texts and numbers as one string."""
    if all(isinstance(piece, str) for piece in pieces):
        return repr_name("".join(piece for piece in pieces if isinstance(piece, str)))
    inside = ""
    for piece in pieces:
        if isinstance(piece, str):
            inside += repr_name(piece)[1:-1].replace("{", "{{").replace("}", "}}").replace('"', '\\"')
        else:
            inside += "{" + text(piece) + "}"
    return f'f"{inside}"'
