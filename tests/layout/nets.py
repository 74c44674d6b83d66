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
