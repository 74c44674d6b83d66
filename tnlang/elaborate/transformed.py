"""Nets made from nets: the transforms that a file asks for, by the registry of tnlang.transforms."""

from __future__ import annotations

from tnlang.elaborate.scope import NetEntry, World
from tnlang.syntax import ast


def elaborate_definition(entry: NetEntry, syntax: ast.NetDefinition, world: World) -> None:
    """Elaborate ``net frozen = freeze(model, A)``."""
