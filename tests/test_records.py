"""Frozen dataclasses of our own making behave as the standard library's do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field, replace
from typing import Any

import pytest

from tnlang.records import dataclass

MAKERS = {"ours": dataclass, "standard": dataclasses.dataclass}


def classes(maker: Any) -> tuple[Any, Any, Any]:
    @maker(frozen=True, slots=True, kw_only=True)
    class Base:
        span: int = field(default=3, compare=False, repr=False)

    @maker(frozen=True, slots=True)
    class Leaf(Base):
        name: str
        tags: tuple[str, ...] = ()

    @maker(frozen=True, slots=True, eq=False)
    class Thing:
        parts: list[int] = field(default_factory=list)

        def __repr__(self) -> str:
            return "a thing"

    return Base, Leaf, Thing


@pytest.mark.parametrize("maker", MAKERS)
def test_what_a_record_does(maker: str) -> None:
    base, leaf, thing = classes(MAKERS[maker])
    a, b = leaf("x", span=1), leaf("x", (), span=2)
    assert a == b and hash(a) == hash(b) and len({a, b, leaf("y")}) == 2
    assert a != leaf("x", ("t",)) and a != base() and base() == base(span=7) and a != ("x", ())
    assert repr(a) == "classes.<locals>.Leaf(name='x', tags=())" and repr(thing()) == "a thing"
    assert thing() != thing() and thing().parts is not thing().parts
    changed = replace(a, tags=("t",))
    assert changed == leaf("x", ("t",)) and changed.span == 1
    assert [f.name for f in dataclasses.fields(leaf)] == ["span", "name", "tags"]
    match a:
        case leaf(name, tags):
            assert (name, tags) == ("x", ())
        case _:
            pytest.fail("no match")
    with pytest.raises(AttributeError):
        object.__setattr__(a, "other", 1)
    with pytest.raises(TypeError):
        leaf()


@dataclass(frozen=True, slots=True)
class Kept:
    name: str
    size: int = 1


def test_a_record_is_copied_and_pickled() -> None:
    kept = Kept("x", 2)
    assert pickle.loads(pickle.dumps(kept)) == copy.copy(kept) == copy.deepcopy(kept) == kept
