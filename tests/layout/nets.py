"""Random small networks as texts: trees and loops of tensors, hyperedges, bubbles, sums with biases."""

from __future__ import annotations

import random


def random_net(seed: int, most: int = 5) -> str:
    """A net of 2 to ``most`` tensors."""
    rng = random.Random(seed)
    count = rng.randint(2, most)
    legs: list[list[str]] = [[] for _ in range(count)]
    wires = 0
    for item in range(1, count):
        other = rng.randrange(max(0, item - 2), item)
        name = f"w{wires}"
        wires += 1
        legs[item].append(name)
        legs[other].append(name)
    if count > 2 and rng.random() < 0.35:
        a, b = rng.sample(range(count), 2)
        legs[a].append(f"w{wires}")
        legs[b].append(f"w{wires}")
        wires += 1
    if count > 2 and rng.random() < 0.3:  # a wire with three ends
        name = f"w{rng.randrange(wires)}"
        free = [i for i in range(count) if name not in legs[i]]
        if free:
            legs[rng.choice(free)].append(name)
    outputs = []
    for number, item in enumerate(rng.sample(range(count), rng.randint(1, min(2, count)))):
        name = "ij"[number]
        legs[item].append(name)
        outputs.append(name)
    factors = [f"T{i}[{', '.join(names)}]" for i, names in enumerate(legs)]
    if rng.random() < 0.5:
        _add(rng, factors, legs)
    if rng.random() < 0.6 and count > 2:
        _wrap(rng, factors)
    declared = [f"T{i}[{', '.join(f'l{n}: n' for n in range(len(names)))}]" for i, names in enumerate(legs)]
    declared += [f"b{i}[l: n]" for i in range(count)]
    text = f"dim n = 3\ntensor {', '.join(declared)}\n"
    return text + f"Y[{', '.join(outputs)}] = {' '.join(factors)}\n"


def _add(rng: random.Random, factors: list[str], legs: list[list[str]]) -> None:
    """One factor gets a bias along one of its legs."""
    item = rng.randrange(len(factors))
    factors[item] = f"({factors[item]} + b{item}[{rng.choice(legs[item])}])"


def _wrap(rng: random.Random, factors: list[str]) -> None:
    """Some neighbouring factors go into a bubble, once or twice."""
    start = rng.randrange(len(factors))
    stop = rng.randint(start + 1, len(factors))
    function = rng.choice(("tanh", "relu"))
    inner = " ".join(factors[start:stop])
    factors[start:stop] = [f"{function}({inner})"]


def network(seed: int, count: int) -> str:
    """A net of ``count`` tensors: bubbles in bubbles, wires with many ends, parallel wires, loops, sums.

    Which things a seed has differs, so that some nets are plain and some have everything. Some of the tensors
    make a second output in every third net, a number in half of those.
    """
    rng = random.Random(seed)
    often = {kind: rng.choice((0.0, 0.1, 0.3)) for kind in ("bubble", "hyper", "parallel", "loop", "sum")}
    often["open"] = rng.choice((0.0, 0.1, 0.4))
    second = rng.randint(2, min(8, count - 1)) if count > 3 and rng.random() < 1 / 3 else 0
    declared, line = _output(rng, count - second, often, "Y", "T")
    if second:
        is_number = rng.random() < 0.5
        more, another = _output(rng, second, often | {"open": 0.0 if is_number else 0.4}, "Z", "U")
        declared, line = [*declared, *more], line + another
    return f"dim n = 3\ntensor {', '.join(declared)}\n{line}"


def _output(
    rng: random.Random, count: int, often: dict[str, float], name: str, tensor: str
) -> tuple[list[str], str]:
    """What is declared for an output of ``count`` tensors, and the line that says what it is."""
    bubbles = _bubbles(rng, count, often["bubble"])
    legs = _legs(rng, count, often, [set(range(start, stop)) for start, stop in bubbles])
    outputs = []
    for item in range(count):
        if not legs[item] or rng.random() < often["open"]:
            legs[item].insert(rng.randint(0, len(legs[item])), f"o{item}")
            outputs.append(f"o{item}")
    declared, factors = [], []
    for item, names in enumerate(legs):
        declared.append(f"{tensor}{item}[{', '.join(f'l{n}: n' for n in range(len(names)))}]")
        factors.append(f"{tensor}{item}[{', '.join(names)}]")
        if rng.random() < often["sum"] and len(set(names)) == len(names):
            declared.append(f"b{tensor}{item}[l: n]")
            factors[item] = f"({factors[item]} + b{tensor}{item}[{rng.choice(names)}])"
    for start, stop in bubbles:
        factors[start] = f"{rng.choice(('tanh', 'relu', 'exp'))}({factors[start]}"
        factors[stop - 1] += ")"
    left = f"{name}[{', '.join(outputs)}]" if outputs else name
    return declared, f"{left} = {' '.join(factors)}\n"


def _bubbles(rng: random.Random, count: int, often: float) -> list[tuple[int, int]]:
    """Ranges of neighbouring tensors, each inside another or apart from it, the inner ones first."""
    found: list[tuple[int, int]] = []
    for _ in range(round(count * often)):
        start = rng.randrange(count)
        stop = min(count, start + rng.choice((1, 2, 3, 5, 8)))
        if all(b <= start or a >= stop or (a >= start and b <= stop) for a, b in found):
            found.append((start, stop))
    return found


def _legs(
    rng: random.Random, count: int, often: dict[str, float], bubbles: list[set[int]]
) -> list[list[str]]:
    """The names of the wires at each tensor: a tree, and what closes it."""
    ends: list[list[int]] = []
    for item in range(1, count):
        ends.append(
            [item, rng.randrange(max(0, item - 6), item) if rng.random() < 0.8 else rng.randrange(item)]
        )
        if rng.random() < often["parallel"]:
            ends.append(list(ends[-1]))
    for _ in range(round(count * rng.choice((0.0, 0.1, 0.4)))):
        if count > 1:
            ends.append(rng.sample(range(count), 2))
    for wire in ends:
        if rng.random() < often["hyper"]:
            more = sorted({*wire, *rng.sample(range(count), min(count, rng.choice((1, 1, 2, 6))))})
            # a wire of which a bubble has several ends, but not all, could be summed inside or outside
            if all(len(inside & set(more)) in (0, 1, len(more)) for inside in bubbles):
                wire[:] = more
    ends += [[item, item] for item in range(count) if rng.random() < 0.3 * often["loop"]]
    legs: list[list[str]] = [[] for _ in range(count)]
    for number, wire in enumerate(ends):
        for item in wire:
            legs[item].insert(rng.randint(0, len(legs[item])), f"w{number}")
    return legs


def copying(seed: int) -> str:
    """A net of inputs that several values read, some of which are read several times themselves."""
    rng = random.Random(seed)
    known = ["a", "b", "c"][: rng.randint(1, 3)]
    inputs, lines = ", ".join(f"{name}[n]" for name in known), []
    for number in range(rng.randint(2, 5)):
        terms = []
        for factor in range(rng.randint(1, 3)):
            value = rng.choice(known)
            use = rng.choice((f"{value}[i]", f"W[i, k{factor}] {value}[k{factor}]"))
            terms.append(f"tanh({use})" if rng.random() < 0.3 else use)
        lines.append(f" v{number}[i] = {' '.join(terms)}\n")
        known.append(f"v{number}")
    told = rng.sample(range(len(lines)), rng.randint(1, min(3, len(lines))))
    outputs = ", ".join(f"v{number}[n]" for number in sorted({*told, len(lines) - 1}))
    return f"dim n = 3\nnet f({inputs}) -> ({outputs}) {{\n param W[n, m: n]\n{''.join(lines)}}}\n"
