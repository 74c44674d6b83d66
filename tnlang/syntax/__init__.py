"""Texts to syntax trees and back: the only user of lark."""

from __future__ import annotations

from tnlang.syntax.parser import parse, parse_collecting

__all__ = ["parse", "parse_collecting"]
