"""A scene as TikZ: a ``tikzpicture`` that pdflatex compiles, its labels in the fonts of the document.

Colours are defined by the names of the roles (``tnweight``, ``tnweightedge``), unless the document has
defined them; each role is a style ``tn/weight`` that also does what a style ``tn weight`` of the document
says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tnlang.draw.ink import Inked, label_inks, layers, paint_of, path_of, ribbons, role_of
from tnlang.draw.labels import baseline_start, number
from tnlang.draw.scene import (
    PLAIN,
    CurveTo,
    InkItem,
    Item,
    LabelItem,
    LineTo,
    OutlineItem,
    Path,
    Point,
    RibbonItem,
    Scene,
    ShapeItem,
    WireItem,
)
from tnlang.draw.tex import UNKNOWN, latex
from tnlang.draw.theme import Paint, Theme
from tnlang.draw.themes import THEMES
from tnlang.draw.typeset import printable

_SIZE = (
    r"tn/size/.code={\pgfmathsetmacro\tnscale{1.00375*#1/\csname f@size\endcsname}"
    r"\pgfkeysalso{/tikz/scale=\tnscale}}"
)
"""Letters so many (big) points high, whatever the size of the document's."""
_UNKNOWN = (
    rf"\providecommand{UNKNOWN}[3]"
    r"{\ifnum0\ifdefined\Umathcode\iffontchar\font" + '"#1 '
    r"1\fi\fi=1 \char" + '"#1 '
    r"\else$\vcenter{\offinterlineskip\hbox{\tiny#2}\kern1pt\hbox{\tiny#3}}$\fi}"
)
"""A character by its code point: itself where engine and font have it, else its digits, two by two."""


def to_tikz(scene: Scene, theme: Theme | None = None, *, standalone: bool = False) -> str:
    r"""A file to ``\input`` or, with ``standalone``, a document of one page of the picture's size."""
    pen = _Pen(scene, theme or THEMES[scene.theme])
    body = list(pen.body())
    picture = "\n".join([*pen.head(), *body, r"\end{tikzpicture}%"])
    if not standalone:
        return f"{picture}\n"
    wide, high = (number(side * scene.scale) for side in (scene.width, scene.height))
    size = rf"paperwidth={wide}bp,paperheight={high}bp,margin=0bp"
    return (
        "\\documentclass{article}\n"
        rf"\usepackage[{size}]{{geometry}}" + "\n"
        "\\usepackage{tikz,amsmath,amssymb}\n"
        "\\pagestyle{empty}\\parindent=0pt\\parskip=0pt\\topskip=0pt\n"
        "\\begin{document}%\n"
        f"\\vbox to 0pt{{\\hbox to 0pt{{%\n{picture}\n\\hss}}\\vss}}\n"
        "\\end{document}\n"
    )


def unwritable(scene: Scene) -> frozenset[str]:
    """The characters of the labels that plain LaTeX cannot write: their code points stand for them."""
    labels = (item for item in scene.items if isinstance(item, LabelItem))
    found = (code for item in labels for code in _CODE.findall(latex(item.text, item.word)))
    return frozenset(chr(int(code, 16)) for code in found)


_CODE = re.compile(re.escape(UNKNOWN) + r"\{([0-9A-F]+)\}")


class _Pen:
    """Writes the items of one scene and remembers which colours and roles they took."""

    def __init__(self, scene: Scene, theme: Theme) -> None:
        self.scene, self.theme = scene, theme
        self.ink = label_inks(scene, theme)
        self.colours: dict[str, str] = {}
        self.roles: dict[str, str] = {}

    def head(self) -> Iterator[str]:
        title = printable(self.scene.title)
        yield f"% {title}" if title else "% a tensor network"
        yield r"% needs \usepackage{tikz,amsmath,amssymb}; colours that the document has defined are kept"
        yield r"\begin{tikzpicture}[x=" + self.length(1) + ",y=-" + self.length(1) + ",line join=round,"
        yield f"  {_SIZE},"
        yield from (f"  tn/{role}/.style={{{style}tn {role}/.try}}," for role, style in self.roles.items())
        yield r"  tn/label/.style={inner sep=0pt,outer sep=0pt,tn label/.try}]"
        yield from (rf"\providecolor{{{name}}}{{HTML}}{{{code}}}%" for name, code in self.colours.items())
        yield _UNKNOWN + "%"
        size = f"({number(self.scene.width)},{number(self.scene.height)})"
        yield rf"\useasboundingbox (0,0) rectangle {size};"
        if self.theme.background not in ("", "#FFFFFF"):
            yield rf"\fill[{self.colour('page', self.theme.background)}] (0,0) rectangle {size};"

    def body(self) -> Iterator[str]:
        if self.theme.background not in ("", "#FFFFFF"):
            self.colour("page", self.theme.background)
        for name, items in layers(self.scene.items):
            yield f"% {name}"
            if name == "ribbons":
                yield from (self.inked(first, paths) for first, paths in ribbons(items))
            else:
                yield from map(self.item, items)

    def item(self, item: Item) -> str:
        match item:
            case LabelItem():
                return self.label(item)
            case RibbonItem() | WireItem() | InkItem() | ShapeItem() | OutlineItem():
                return self.inked(item)

    def inked(self, item: Inked, paths: Sequence[Path] = ()) -> str:
        """A path in the style of its role; what is its own follows. ``paths`` may stand for the item's."""
        role = _plain(role_of(item))
        line = isinstance(item, WireItem | RibbonItem) or (isinstance(item, InkItem) and bool(item.stroke))
        name = f"{role}line" if line and isinstance(item, InkItem) else role
        paint = paint_of(item, self.theme, self.scene.scale)
        if name not in self.roles:
            plain = Paint(paint.fill, paint.stroke, 0.0, paint.opacity, paint.dash)
            if getattr(item, "look", PLAIN) != PLAIN:
                own = self.theme.paint(role_of(item)) if not line else Paint("none", self.theme.wire)
                plain = Paint(own.fill, own.stroke, 0.0, own.opacity, own.dash)
            self.roles[name] = self.style(role, plain, line)
        options = [f"tn/{name}"]
        if paint.stroke and paint.stroke != "none":
            options.append(f"line width={self.length(paint.width)}")
        options += self.own(item, paint)
        return rf"\path[{','.join(options)}] {' '.join(map(_path, paths or (path_of(item),)))};"

    def style(self, role: str, paint: Paint, line: bool) -> str:
        """The style of a role, ending in a comma."""
        parts = []
        if paint.fill != "none" and not line:
            parts.append(f"fill={self.colour(role, paint.fill)}")
            if paint.opacity < 1:
                parts.append(f"fill opacity={number(paint.opacity)}")
        if paint.stroke and paint.stroke != "none":
            edge = role if role in ("wire", "ribbon") else f"{role}edge"
            parts.append(f"draw={self.colour(edge, paint.stroke)}")
            if line and paint.opacity < 1:
                parts.append(f"draw opacity={number(paint.opacity)}")
        if paint.dash:
            on_off = " ".join(
                f"{word} {self.length(float(part))}"
                for word, part in zip(("on", "off") * 4, paint.dash.split(), strict=False)
            )
            parts.append(f"dash pattern={on_off}")
        if line or paint.dash:
            parts.append("line cap=round")
        return "".join(f"{part}," for part in parts)

    def own(self, item: Inked, paint: Paint) -> Iterator[str]:
        """What a style of the program changes of the item's role."""
        if isinstance(item, RibbonItem | InkItem) or item.look == PLAIN:
            return
        if item.look.fill and not isinstance(item, WireItem):
            yield "fill=none" if paint.fill == "none" else f"fill={self.named(paint.fill)}"
            if paint.opacity < 1:
                yield f"fill opacity={number(paint.opacity)}"
        if item.look.stroke:
            yield "draw=none" if paint.stroke == "none" else f"draw={self.named(paint.stroke)}"

    def label(self, item: LabelItem) -> str:
        anchor = {"center": "base", "left": "base west", "right": "base east"}[item.anchor]
        role = _plain(item.role)
        ink = self.ink(item)
        named = self.colour(role, ink) if ink == self.theme.text(item.role) else self.named(ink)
        at = _point((item.at[0], baseline_start(item)[1]))
        size = number(item.size * self.scene.scale)
        text = latex(item.text, item.word)
        return rf"\node[tn/label,anchor={anchor},text={named},tn/size={size}] at {at} {{{text}}};"

    def colour(self, role: str, code: str) -> str:
        """The name of a role's colour."""
        return self._define(f"tn{role}", code)

    def named(self, code: str) -> str:
        """The name of a colour that a program's style asks for."""
        return self._define(f"tncolour{code.removeprefix('#').lower()}", code)

    def _define(self, name: str, code: str) -> str:
        self.colours.setdefault(name, code.removeprefix("#"))
        return name

    def length(self, units: float) -> str:
        """A length of the scene on paper."""
        return f"{units * self.scene.scale:.4f}".rstrip("0").rstrip(".") + "bp"


def _plain(role: str) -> str:
    return re.sub(r"[^a-z]", "", role)


def _point(point: Point) -> str:
    return f"({number(point[0])},{number(point[1])})"


def _path(path: Path) -> str:
    parts = [_point(path.start)]
    for segment in path.segments:
        match segment:
            case LineTo(end):
                parts.append(f"-- {_point(end)}")
            case CurveTo(first, second, end):
                parts.append(f".. controls {_point(first)} and {_point(second)} .. {_point(end)}")
    return " ".join(parts) + (" -- cycle" if path.closed else "")
