"""Texts to syntax trees and back: the only user of lark."""

from __future__ import annotations

from tnlang.syntax.format import format_text
from tnlang.syntax.parser import parse, parse_collecting

__all__ = ["format_text", "parse", "parse_collecting"]
