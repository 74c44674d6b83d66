"""STIX as the typesetter uses it, with a memory for which character each of its outlines stands for.

Importing this loads ziamath and the font: a tenth of a second that nothing but a label should pay.
"""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree

from ziafont.fonttypes import BBox
from ziafont.glyph import EmptyGlyph, SimpleGlyph
from ziamath import zmath
from ziamath.config import config
from ziamath.mathfont import MathFont
from ziamath.mathtable import MathTable

NAME = "tnlang"


class _Glyph(SimpleGlyph):
    """A glyph that says beside its outline what it is and where it stands."""

    font: _Font

    def place(self, x: float, y: float, point_size: float) -> ElementTree.Element | None:
        element: ElementTree.Element | None = super().place(x, y, point_size)
        char = self.font.characters.get(self.index)
        if element is not None and char:
            element.attrib |= {"char": char, "x": repr(x), "y": repr(y), "size": repr(point_size)}
        return element


class _Absent(EmptyGlyph):
    """A character that the font does not have: room for it, and a mark instead of an outline."""

    def __init__(self, char: str, font: MathFont) -> None:
        super().__init__(0, font)
        self.character = char
        wide = unicodedata.east_asian_width(char) in "WF"
        em = font.info.layout.unitsperem
        self.wide = em if wide else round(0.6 * em)
        self.bbox = self.path.bbox = BBox(0, self.wide, -0.12 * em, 0.88 * em)

    def place(self, x: float, y: float, point_size: float) -> ElementTree.Element:
        width = self.wide / self.font.info.layout.unitsperem * point_size
        place = {"char": self.character, "x": repr(x), "y": repr(y), "size": repr(point_size)}
        return ElementTree.Element("absent", place | {"width": repr(width)})

    def advance(self, nextchr: SimpleGlyph | None = None) -> int:
        return int(self.wide)


class _Font(MathFont):
    """The font that the typesetter has read, which is not read a second time."""

    def __init__(self, read: MathFont) -> None:
        self.__dict__.update(read.__dict__)
        self.math = MathTable(self)
        self.characters: dict[int, str] = {}
        self._mine: dict[int, SimpleGlyph] = {}
        self._absent: dict[str, _Absent] = {}

    def glyph(self, char: str) -> SimpleGlyph:
        index = self.glyphindex(char)
        if index == 0 and not char.isspace() and unicodedata.category(char)[0] != "C":
            return self._absent.setdefault(char, _Absent(char, self))
        self.characters.setdefault(index, char)
        if self.gsub:  # the shape that it takes in scripts
            self.characters.setdefault(self.gsub.sub([index], self.features)[0], char)
        return self.glyph_fromid(index)

    def glyph_fromid(self, glyphid: int) -> SimpleGlyph:
        if glyphid not in self._mine:
            found = super().glyph_fromid(glyphid)
            self._mine[glyphid] = _Glyph(found.index, found.operators, found.bbox, self)
        return self._mine[glyphid]


def typeset(math: ElementTree.Element, size: float) -> tuple[list[ElementTree.Element], float]:
    """What the typesetter draws for MathML, baseline at the origin, and how wide it is with its blanks.

    Paths and rects as ziamath writes them; a path that is one character has the attributes char, x, y and
    size, an element ``absent`` is a character that the font lacks.
    """
    config.svg2, config.precision = False, 2
    if NAME not in zmath.loadedfonts:
        zmath.loadedfonts[NAME] = _Font(zmath.loadedfonts["default"])
    drawn = ElementTree.Element("svg")
    made = zmath.Math(math, size=size, font=NAME)
    made.drawon(drawn, 0, 0)
    return list(drawn.iter()), float(made.node.xadvance())
