"""Running what is generated: a source text as a module, a net of it as an nn.Module."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tnlang.generated import execute
from tnlang.ir.program import Program
from tnlang.ir.slots import dotted, input_decls
from tnlang.lower import class_names, identifier, torch_source
from tnlang.lower.dims import dims_of, keywords
from tnlang.lower.torch import USER_FUNCTIONS
from tnlang.source import ValueMismatch

if TYPE_CHECKING:
    from torch import nn

Array = NDArray[Any]
NO_DIMS: Mapping[str, int] = MappingProxyType({})


def load_module(source: str, title: str = "net", /, *, functions: bool = False) -> ModuleType:
    """The Python module of a generated source; the same source gives the same module again.

    ``functions`` allows it to import the user's own functions (``fn``). Raises ValueMismatch where it may
    not, and where they are not there.
    """
    if not functions:
        refuse_functions(source)
    try:
        return execute(source, title)
    except ImportError as error:
        raise ValueMismatch(str(error)) from error


def refuse_functions(source: str) -> None:
    """Raise ValueMismatch for a generated source that imports functions its .tn text names."""
    _, line, rest = source.partition(f"\n{USER_FUNCTIONS}\n")
    if line:
        named = rest.partition("\n\n")[0].replace("\n", "; ")
        raise ValueMismatch(f"Python functions have to be allowed by functions=True: {named}")


def instantiate(
    program: Program,
    net: str,
    dims: Mapping[str, int] = NO_DIMS,
    /,
    *,
    functions: bool = False,
    cpu_kernels: bool = False,
) -> nn.Module:
    """A net of a program as a module with fresh parameters; ``dims`` by their names in the text.

    Raises KeyError for a net the program does not have, TypeError for a dim that its class does not take,
    ValueMismatch for one that is no size, and for a repeat with more values than a module keeps.
    """
    module = load_module(
        torch_source(program, (net,), cpu_kernels=cpu_kernels), identifier(net), functions=functions
    )
    words = {word.dim: word.name for word in keywords(dims_of(program, program.net(net)))}
    sizes = {words.get(dim, identifier(dim)): size for dim, size in dims.items()}
    for dim, size in dims.items():
        if not isinstance(size, int) or size < 1:
            raise ValueMismatch(f"dim {dim} is a whole number of at least 1, not {size}")
    try:
        found: nn.Module = getattr(module, class_names(program)[net])(**sizes)
    except ValueError as error:
        raise ValueMismatch(f"net {net}: {error}") from error
    return found


def arguments_of(module: nn.Module, names: Sequence[str]) -> dict[str, str]:
    """What ``forward`` of a net's module calls each of the arrays handed in, by their names in the text."""
    found = inspect.signature(module.forward).parameters.values()
    inputs = [p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]
    tensors = [p.name for p in found if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    return dict(zip(names, inputs + tensors, strict=True))


def run_module(
    program: Program,
    net: str,
    dims: Mapping[str, int],
    inputs: Mapping[str, Array],
    parameters: Mapping[str, Array],
    frozen: Mapping[str, Array],
    /,
    *,
    values: Sequence[str] = (),
    functions: bool = False,
) -> dict[str, Array]:
    """The outputs of a net's module in float64 and those ``values`` of it, by name, on arrays by name.

    There may be ``dims`` of other nets. Raises what ``instantiate`` raises.
    """
    import torch

    taken = {dim.name for dim in dims_of(program, program.net(net)).dims}
    sizes = {name: size for name, size in dims.items() if name in taken}
    module: Any = instantiate(program, net, sizes, functions=functions).double().eval()

    def tensors(arrays: Mapping[str, Array]) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}

    module.load_state_dict(tensors(parameters))
    names = [dotted(decl.name, decl.subs) for decl in input_decls(program, program.net(net))]
    words = arguments_of(module, names)
    given = {words[name]: value for name, value in tensors(inputs).items()}
    more = {"frozen": tensors(frozen) if module.frozen else None}
    cache: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        result = module(**given, **more)
        if values:
            first = [given.pop(words[decl.name]) for decl in program.net(net).inputs]
            _, cache = module.run_with_cache(*first, names_filter=list(values), **given, **more)
    several = result if isinstance(result, tuple) else (result,)
    outputs = [dotted(output.name, output.subs) for output in program.net(net).outputs]
    found = {**cache, **dict(zip(outputs, several, strict=True))}
    return {name: value.resolve_conj().numpy(force=True) for name, value in found.items()}
