"""Running what is generated: a source text as a module, a net of it as an nn.Module."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from tnlang.generated import execute
from tnlang.ir.program import Program
from tnlang.ir.slots import dotted
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
    program: Program, net: str, dims: Mapping[str, int] = NO_DIMS, /, *, functions: bool = False
) -> nn.Module:
    """A net of a program as a module with fresh parameters; ``dims`` by their names in the text.

    Raises KeyError for a net the program does not have, TypeError for a dim that its class does not take,
    ValueMismatch for one that is no size, and for a repeat with more values than a module keeps.
    """
    module = load_module(torch_source(program, (net,)), identifier(net), functions=functions)
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


def run_module(
    program: Program,
    net: str,
    dims: Mapping[str, int],
    inputs: Mapping[str, Array],
    parameters: Mapping[str, Array],
    frozen: Mapping[str, Array],
    /,
    *,
    functions: bool = False,
) -> dict[str, Array]:
    """The outputs of a net's module in float64, by name, on arrays by name.

    There may be ``dims`` of other nets. Raises what ``instantiate`` raises.
    """
    import torch

    taken = {dim.name for dim in dims_of(program, program.net(net)).dims}
    sizes = {name: size for name, size in dims.items() if name in taken}
    module: Any = instantiate(program, net, sizes, functions=functions).double().eval()

    def tensors(arrays: Mapping[str, Array]) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}

    module.load_state_dict(tensors(parameters))
    given = {identifier(name): value for name, value in tensors(inputs).items()}
    with torch.no_grad():
        result = module(**given, frozen=tensors(frozen) or None)
    several = result if isinstance(result, tuple) else (result,)
    names = [dotted(output.name, output.subs) for output in program.net(net).outputs]
    return {n: v.resolve_conj().numpy(force=True) for n, v in zip(names, several, strict=True)}
