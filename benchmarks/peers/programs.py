"""The programs that draw: each takes a network and writes a PDF, or says that it cannot draw it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers.networks import Network


class CannotDraw(Exception):
    """This program has no way to say this network."""


@dataclass(frozen=True, slots=True)
class Peer:
    """``draw`` writes a PDF to the path."""

    name: str
    package: str
    draw: Callable[[Network, Path], None]

    @property
    def title(self) -> str:
        return f"{self.name} {version(self.package)}"


def _tensors_only(network: Network) -> None:
    if not network.tensors:
        raise CannotDraw("no nonlinearities")


def draw_quimb(network: Network, path: Path) -> None:
    """``TensorNetwork.draw`` with names inside the shapes and beside the wires."""
    import matplotlib

    matplotlib.use("Agg")
    import quimb.tensor as qtn

    _tensors_only(network)
    tensors = [qtn.rand_tensor((2,) * len(legs), legs, tags=[name]) for name, legs in network.tensors]
    net = qtn.TensorNetwork(tensors)
    figure = net.draw(
        color=[name for name, _ in network.tensors],
        show_inds="all",
        show_tags=True,
        legend=False,
        return_fig=True,
        figsize=(6, 6),
    )
    figure.savefig(path)


def draw_discopy(network: Network, path: Path) -> None:
    """A string diagram of the hypergraph, read from top to bottom."""
    import matplotlib

    matplotlib.use("Agg")
    from discopy.frobenius import Box, Hypergraph, Ty

    _tensors_only(network)
    wire = Ty("")
    names = list(dict.fromkeys(leg for _, legs in network.tensors for leg in legs))
    boxes = tuple(Box(name, Ty(), wire ** len(legs)) for name, legs in network.tensors)
    spiders = tuple(names.index(leg) for leg in network.open)
    ends = tuple(((), tuple(names.index(leg) for leg in legs)) for _, legs in network.tensors)
    graph = Hypergraph(Ty(), wire ** len(network.open), boxes, wires=((), ends, spiders))
    graph.to_diagram().draw(path=str(path), show=False, figsize=(6, 6))


def draw_editor(network: Network, path: Path) -> None:
    """tensor-network-editor's own placement: what it gives a network that it imports from quimb."""
    from tensor_network_editor import PythonLoadOptions, load_python_spec, render_spec_pdf

    _tensors_only(network)
    lines = [
        f"    qtn.rand_tensor({(2,) * len(legs)!r}, {legs!r}, tags=[{name!r}]),"
        for name, legs in network.tensors
    ]
    source = "\n".join(["import quimb.tensor as qtn", "network = qtn.TensorNetwork([", *lines, "])", ""])
    options = PythonLoadOptions(import_mode="live", object_name="network")
    render_spec_pdf(load_python_spec(source, python=options), output_path=str(path))


def draw_tensorgrad(network: Network, path: Path) -> None:
    """tensorgrad's TikZ, set with lualatex."""
    import sympy
    import tensorgrad as tg
    from tensorgrad import functions
    from tensorgrad.extras.to_tikz import to_tikz

    if network.tensors:
        size = sympy.symbols("n")
        ends: dict[str, int] = {}
        for _, legs in network.tensors:
            for leg in legs:
                ends[leg] = ends.get(leg, 0) + 1
        factors = []
        dots: dict[str, list[str]] = {}
        for name, legs in network.tensors:
            renamed = {}
            for leg in legs:
                if ends[leg] + (leg in network.open) > 2:
                    dots.setdefault(leg, []).append(f"{leg}_{name}")
                    renamed[leg] = f"{leg}_{name}"
                else:
                    renamed[leg] = leg
            factors.append(tg.Variable(name, **{renamed[leg]: size for leg in legs}))
        factors += [tg.Delta(size, *joined) for joined in dots.values()]
        value = tg.Product(factors)
    elif network.name == "mlp":
        i, n, m = sympy.symbols("i n m")
        layer = functions.relu(tg.Variable("W1", n, i) @ tg.Variable("x", i))
        value = tg.Variable("W2", m, n) @ layer
    else:
        seq, hidden, inner = sympy.symbols("seq d s")
        x = tg.Variable("x", seq, hidden)
        queries = tg.Variable("W_Q", inner, hidden) @ x.rename(seq="q")
        keys = tg.Variable("W_K", inner, hidden) @ x.rename(seq="k")
        pattern = functions.softmax(queries @ keys, dim="k")
        value = pattern @ x.rename(seq="k")
    source = path.with_suffix(".tex")
    # its font is a matter of taste; where it is not installed the document's own does
    text = to_tikz(value)
    if subprocess.run(["kpsewhich", "comicneue.sty"], capture_output=True, check=False).returncode:
        text = re.sub(r"\\usepackage(\[[^]]*\])?\{comicneue\}", "", text)
    source.write_text(text)
    command = ["lualatex", "-interaction=batchmode", "-halt-on-error", f"-output-directory={path.parent}"]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotDraw(f"lualatex: {done.stdout[-200:]}")


def draw_torchview(network: Network, path: Path) -> None:
    """torchview's graph of the module that computes the same."""
    import torch
    from torch import nn
    from torchview import draw_graph

    class Product(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tensors = nn.ParameterList(torch.randn((2,) * len(legs)) for _, legs in network.tensors[1:])
            self.letters = {
                leg: i for i, leg in enumerate({x: 0 for _, legs in network.tensors for x in legs})
            }

        def forward(self, first: torch.Tensor) -> torch.Tensor:
            numbers = [[self.letters[leg] for leg in legs] for _, legs in network.tensors]
            operands = [first, *self.tensors]
            mixed = [part for pair in zip(operands, numbers, strict=True) for part in pair]
            return torch.einsum(*mixed, [self.letters[leg] for leg in network.open])

    class Mlp(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 8, bias=False), nn.Linear(8, 4, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(torch.relu(self.first(x)))

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query, self.key = nn.Linear(8, 4, bias=False), nn.Linear(8, 4, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            scores = torch.einsum("qs,ks->qk", self.query(x), self.key(x)) / 2.0
            return torch.softmax(scores, -1) @ x

    if network.tensors:
        module: nn.Module = Product()
        data = torch.randn((2,) * len(network.tensors[0][1]))
    elif network.name == "mlp":
        module, data = Mlp(), torch.randn(4)
    else:
        module, data = Attention(), torch.randn(5, 8)
    graph = draw_graph(module, input_data=data, expand_nested=True, device="cpu").visual_graph
    graph.render(outfile=str(path), format="pdf", cleanup=True)


PEERS = (
    Peer("tensorgrad", "tensorgrad", draw_tensorgrad),
    Peer("discopy", "discopy", draw_discopy),
    Peer("quimb", "quimb", draw_quimb),
    Peer("tensor-network-editor", "tensor-network-editor", draw_editor),
    Peer("torchview", "torchview", draw_torchview),
)
