"""The rules of ``simplify``: none writes a product of sums out, all lose a node or a wire."""

from __future__ import annotations

from tnlang.transforms.simplify.deltas import (
    copy_rule,
    diagonal,
    entry,
    group,
    identity,
    levi,
    ones,
    repeated,
    shift,
    spider,
)
from tnlang.transforms.simplify.functions import constant_along, twice, whole_leg
from tnlang.transforms.simplify.matrices import conj, inverse, inverted, isometry, onehot, real
from tnlang.transforms.simplify.rewriting import Rules
from tnlang.transforms.simplify.scalars import collect, constant, size, turns

RULES = Rules(
    of_nodes=(ones, copy_rule, group, levi, real, conj, inverted, constant, constant_along, twice, turns),
    of_terms=(identity, spider, entry, diagonal, repeated, shift, size, isometry, inverse, onehot, whole_leg),
    of_sums=(collect,),
)
