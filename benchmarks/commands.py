"""Whole processes: large networks drawn against graphviz's sfdp, compiling, importing what was compiled.

    python -m benchmarks.commands render [TENSORS ...]     (1000 and 5000 where none are given)
    python -m benchmarks.commands compile
    python -m benchmarks.commands import

``render`` draws a chain, a square grid and a random graph of mean degree 3 with `tnlang render` and with
`sfdp -Tsvg`, in turns. ``compile`` writes modules for GPT-2 and for chains of 1250, 2500 and 5000 tensors.
``import`` says how much longer Python takes to import a module than torch alone. ROUNDS=n in the environment
says how often; with BENCH_BUSY seconds are the processor's.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.large_pictures import KINDS, Wires, text_of
from benchmarks.timing import Timing, alternate, processor, seconds

ROUNDS = int(os.environ.get("ROUNDS", "9"))
GPT2 = Path(__file__).parents[1] / "examples" / "gallery" / "gpt2.tn"
DRAWN = {1000: 1.5, 5000: 6.0}
"""Seconds in which a picture of so many tensors is to be there."""
COMPILED = {"GPT-2": 2.0, "chain of 5000": 10.0}
IMPORTED = 0.05
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""As after an installation: with compiled files of Python's own."""


def run(*command: str | Path) -> None:
    subprocess.run(list(map(str, command)), check=True, env=ENVIRONMENT, capture_output=True)


def tnlang(*words: str | Path) -> None:
    run(sys.executable, "-m", "tnlang", *words)


def dot(wires: Wires) -> str:
    return "graph {\n" + "".join(f"t{a} -- t{b};\n" for a, b in wires) + "}\n"


def told(work: str, found: Sequence[float], goal: float | None) -> str:
    middle = statistics.median(found)
    met = "" if goal is None else f", goal {goal:g} s: {'met' if middle <= goal else 'NOT met'}"
    return f"{work:44s} min {min(found):6.2f} median {middle:6.2f} s{met}"


def timed(work: str, command: Sequence[str | Path], goal: float | None = None) -> None:
    tnlang(*command)
    print(told(work, [seconds(lambda: tnlang(*command)) for _ in range(ROUNDS)], goal), flush=True)


def draw(folder: Path, sizes: Sequence[int]) -> None:
    if shutil.which("sfdp") is None:
        sys.exit("no sfdp on PATH: install graphviz")
    for size in sizes:
        for kind in ("chain", "square grid", "graph of mean degree 3"):
            wires = KINDS[kind](size)
            text, graph = folder / "net.tn", folder / "net.dot"
            text.write_text(text_of(wires))
            graph.write_text(dot(wires))
            timing: Timing = alternate(
                f"{kind}, {size}",
                lambda text=text: tnlang("render", text, "-o", folder / "net.svg"),
                "sfdp -Tsvg",
                lambda graph=graph: run("sfdp", "-Tsvg", graph, "-o", folder / "dot.svg"),
                rounds=ROUNDS,
            )
            print(told(timing.work, timing.ours_s, DRAWN.get(size)))
            print(
                told(f"    {timing.peer}: {timing.ratio:.1f} times as long", timing.peer_s, None), flush=True
            )


def write(folder: Path) -> None:
    timed("GPT-2", ("compile", GPT2, "-o", folder / "gpt2.py"), COMPILED["GPT-2"])
    for size in (1250, 2500, 5000):
        text = folder / f"chain{size}.tn"
        text.write_text(text_of(KINDS["chain"](size)))
        name = f"chain of {size}"
        timed(name, ("compile", text, "-o", folder / "chain.py"), COMPILED.get(name))


def load(folder: Path) -> None:
    """The clock is read in the process that imports, between torch and the module."""
    tnlang("compile", GPT2, "-o", folder / "gpt2_module.py")
    code = (
        "import time, torch\nbegun = time.perf_counter()\nimport gpt2_module\n"
        "print(time.perf_counter() - begun)"
    )
    found = []
    for _ in range(ROUNDS + 1):
        made = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            env=ENVIRONMENT,
            cwd=folder,
            capture_output=True,
            text=True,
        )
        found.append(float(made.stdout))
    print(told("import of GPT-2's module, the first", found[:1], IMPORTED))
    print(told("import of GPT-2's module, later ones", found[1:], IMPORTED))


def main() -> None:
    what, *sizes = sys.argv[1:] or [""]
    print(processor(), flush=True)
    with tempfile.TemporaryDirectory() as name:
        match what:
            case "render":
                draw(Path(name), [int(size) for size in sizes] or list(DRAWN))
            case "compile":
                write(Path(name))
            case "import":
                load(Path(name))
            case _:
                sys.exit(__doc__)


if __name__ == "__main__":
    main()
