"""Rule 2e by what it is for: a name is refused where both of its readings would be right, and only there.

The two readings of a name that a bubble or bracket shares with the rest of its product: one wire that crosses
the wall, or two wires, one inside and one outside. The second is tried by renaming it inside.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.elaborate.notation import codes

NAMES = ("i", "j", "k")
GIVEN = "dim n = 2\ntensor v[n], A[n, n]\n"


@dataclass(frozen=True)
class Leaf:
    wires: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'v' if len(self.wires) == 1 else 'A'}[{', '.join(self.wires)}]"

    def renamed(self, old: str, new: str) -> Leaf:
        return Leaf(tuple(new if wire == old else wire for wire in self.wires))

    def names(self) -> set[str]:
        return set(self.wires)


@dataclass(frozen=True)
class Wall:
    """A bubble or, without function, a bracket."""

    function: str
    terms: tuple[tuple[Leaf | Wall, ...], ...]

    def __str__(self) -> str:
        return f"{self.function}({' + '.join(map(product, self.terms))})"

    def renamed(self, old: str, new: str) -> Wall:
        return Wall(self.function, tuple(tuple(f.renamed(old, new) for f in term) for term in self.terms))

    def names(self) -> set[str]:
        return {name for term in self.terms for factor in term for name in factor.names()}


Factors = tuple[Leaf | Wall, ...]


def product(factors: Factors) -> str:
    return " ".join(map(str, factors))


leaves = st.builds(Leaf, st.lists(st.sampled_from(NAMES), min_size=1, max_size=2).map(tuple))


def walls(inner: st.SearchStrategy[Leaf | Wall]) -> st.SearchStrategy[Wall]:
    terms = st.lists(inner, min_size=1, max_size=2).map(tuple)
    return st.builds(Wall, st.sampled_from(("", "exp")), st.lists(terms, min_size=1, max_size=2).map(tuple))


factors = st.lists(leaves | walls(leaves | walls(leaves)), min_size=2, max_size=4).map(tuple)
kept = st.sampled_from(((), ("i",), ("k",)))


def found(line: Factors, left: tuple[str, ...]) -> list[str]:
    target = f"y[{', '.join(left)}]" if left else "y"
    return codes(f"{GIVEN}{target} = {product(line)}")


@settings(max_examples=150)
@given(factors, kept)
def test_a_name_is_refused_where_it_has_two_right_readings(line: Factors, left: tuple[str, ...]):
    said = found(line, left)
    if set(said) - {"TN402"}:
        return  # wrong in another way: nothing dangles in the sentences this test is about
    readings = 0
    for position, wall in enumerate(line):
        for name in sorted(wall.names() - set(left)) if isinstance(wall, Wall) else ():
            rest = line[:position] + line[position + 1 :]
            if any(name in factor.names() for factor in rest):
                apart = (*line[:position], wall.renamed(name, "z"), *line[position + 1 :])
                read = found(apart, left)
                readings += set(read) <= {"TN402"} and len(read) < max(len(said), 1)
    assert (readings > 0) <= ("TN402" in said), f"{readings} names of {product(line)} have two readings"
    outer = [factor for factor in line if isinstance(factor, Wall)]
    if len(outer) == 1 and not _has_walls(outer[0]):
        assert (readings > 0) == ("TN402" in said), f"{product(line)} has one reading, and is refused"


def _has_walls(wall: Wall) -> bool:
    return any(isinstance(factor, Wall) for term in wall.terms for factor in term)
