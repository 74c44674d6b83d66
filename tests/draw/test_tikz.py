"""TikZ: what a label may become, how a scene is written, and that pdflatex (where there is) compiles it."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import tnlang
from tests.conftest import PROGRAMS
from tests.draw.scenes import SCENES, tensor, wire
from tests.draw.test_svg import HOSTILE
from tnlang.draw.frame import framed
from tnlang.draw.scene import LabelItem, Look, RibbonItem, Scene, ShapeItem
from tnlang.draw.tex import latex
from tnlang.draw.tex_symbols import ALPHABETS, DELIMITERS, IN_TEXT, LARGE, MARKS, SYMBOLS
from tnlang.draw.tikz import to_tikz
from tnlang.draw.typeset import printable

TEX = shutil.which("pdflatex")
needs_tex = pytest.mark.skipif(TEX is None, reason="there is no pdflatex on PATH")


@pytest.mark.parametrize(
    ("label", "word", "expected"),
    [
        ("W_Q", False, r"$\displaystyle W_{Q}$"),
        (r"W_Q^\top", False, r"$\displaystyle W_{Q}^{\top}$"),
        (r"\frac{1}{\sqrt{d}}", False, r"$\displaystyle \frac{1}{\sqrt{d}}$"),
        (r"\mathrm{softmax}_k\circ f", False, r"$\displaystyle {\mathrm{softmax}}_{k}\circ f$"),
        (r"\text{head size}", False, r"$\displaystyle \textnormal{head~size}$"),
        (r"\left[\theta x\right]", False, r"$\displaystyle \left[\theta x\right]$"),
        (r"\hat{x}'", False, r"$\displaystyle {\hat{x}}^{\prime}$"),
        (r"\sum", False, r"$\textstyle \sum$"),
        (r"\sum_{h}^{n} x", False, r"$\displaystyle \sum\limits_{h}^{n}x$"),
        (r"\mathbb{R}^n", False, r"$\displaystyle {\mathbb{R}}^{n}$"),
        (r"\mathbf{w}", False, r"$\displaystyle \mathbf{w}$"),
        ("the $k$-th of 5%", True, r"the $\displaystyle k$-th of 5\%"),
        ("a_1 {b} --- é", True, r"a\_1 \{b\} -{}-{}- \'{e}"),
        ("中", True, r"\tnchar{4E2D}{4E}{2D}"),
        ("x^a^b", False, r"x\textasciicircum{}a\textasciicircum{}b"),
        ("", False, ""),
    ],
)
def test_labels(label: str, word: bool, expected: str):
    assert latex(label, word) == expected


KNOWN = {
    *(
        "displaystyle",
        "textstyle",
        "frac",
        "atop",
        "sqrt",
        "limits",
        "nolimits",
        "mathop",
        "mathrm",
        "phantom",
    ),
    *(
        "textnormal",
        "ensuremath",
        "underline",
        "left",
        "right",
        "begin",
        "end",
        "tnchar",
        "u",
        "H",
        "v",
        "c",
        "k",
        "r",
    ),
    *(command for _, command in ALPHABETS),
}
WRITTEN = [*IN_TEXT.values(), *SYMBOLS.values(), *DELIMITERS.values(), *MARKS.values(), *LARGE]
KNOWN |= {command for text in WRITTEN for command in re.findall(r"\\([a-zA-Z]+)", text)}

ATTACKS = [
    r"\input{/etc/passwd}",
    r"\immediate\write18{touch x}",
    r"\catcode`\%=12 \def\x{y}\x",
    r"\text{\input{x}}",
    r"$\input{x}$",
    r"^^5cinput x",
    r"}\end{tikzpicture}\input{x}",
    r"\csname input\endcsname x",
    r"\begin{verbatim}",
    r"\\ & \par",
    r"\href{file:///etc/passwd}{x}",
    r"\rule{9000pt}{9000pt}\hspace{9999pt}",
    r"x_{y_{z}}^{a}'' \middle| \right) \left.",
    "%\n\\input{x}",
    "~#$%^&_{}\\<>|\"'`@",
]


def written(label: str) -> list[str]:
    """A label in formulas, texts and formulas in texts."""
    return [latex(label), latex(label, True), latex(f"a ${label}$ b", True)]


@pytest.mark.parametrize("label", [*HOSTILE, *ATTACKS])
def test_nothing_of_a_label_is_a_command(label: str):
    for text in written(label):
        assert set(re.findall(r"\\([a-zA-Z]+)", text)) <= KNOWN
        assert {"input", "write", "def", "catcode", "csname"}.isdisjoint(re.findall(r"\\([a-zA-Z]+)", text))
        assert set(re.findall(r"\\(?:begin|end)\{(\w+)", text)) <= {"array"}
        bare = re.sub(r"\\[^a-zA-Z]", "", text)
        assert bare.count("{") == bare.count("}") and bare.count("$") % 2 == 0
        assert not set("#%") & set(bare) and "^^" not in bare
        assert text.isascii() and text.isprintable()


def coordinates(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"\((-?[\d.]+),(-?[\d.]+)\)", text)]


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_as_tikz(name: str):
    scene = SCENES[name]()
    text = to_tikz(scene)
    assert text == to_tikz(scene) and text.isascii()
    labels = [item for item in scene.items if isinstance(item, LabelItem)]
    assert text.count(r"\node[") == len(labels)
    single = [item for item in scene.items if not isinstance(item, LabelItem | RibbonItem)]
    ribbons = {item.width for item in scene.items if isinstance(item, RibbonItem)}
    assert text.count(r"\path[") == len(single) + len(ribbons)
    assert f"rectangle ({scene.width:g},{scene.height:g});" in text
    for x, y in coordinates(text):
        assert -0.01 <= x <= scene.width + 0.01 and -0.01 <= y <= scene.height + 0.01
    defined = set(re.findall(r"\\providecolor\{(\w+)\}", text))
    assert set(re.findall(r"(?:fill|draw|text)=(tn\w+)", text)) == defined
    assert set(re.findall(r"\\path\[(tn/\w+)", text)) <= set(re.findall(r"(tn/\w+)/\.style", text))
    assert r"\documentclass" not in text and text.rstrip().endswith(r"\end{tikzpicture}%")


def test_roles_are_named_and_can_be_restyled():
    text = to_tikz(framed([*tensor(1, "W", (0, 0)), wire(2, (0, 0), (60, 0))]))
    assert r"\providecolor{tnweight}{HTML}{F5E7C4}%" in text
    assert "tn/weight/.style={fill=tnweight,draw=tnweightedge,tn weight/.try}" in text
    assert r"\path[tn/weight,line width=1.7bp]" in text
    assert re.search(r"\\path\[tn/wire,line width=1.75bp\] \([\d.,]+\) -- \([\d.,]+\);", text)
    assert re.search(
        r"\\node\[tn/label,anchor=base,text=tnink,tn/size=19\] at .* \{\$\\displaystyle W\$\};", text
    )


def test_a_program_s_style_is_its_own():
    items = [
        replace(item, look=Look("#99CC99", "none", 3.0)) if isinstance(item, ShapeItem) else item
        for item in (*tensor(1, "A", (0, 0)), *tensor(2, "B", (80, 0)))
    ]
    text = to_tikz(framed(items[:1] + items[1:2] + list(tensor(3, "C", (160, 0)))))
    assert r"\providecolor{tncolour99cc99}{HTML}{99CC99}%" in text
    assert "fill=tncolour99cc99,draw=none]" in text
    assert "tn/weight/.style={fill=tnweight,draw=tnweightedge," in text


def test_sizes_and_themes():
    scene = replace(framed(tensor(1, "W", (0, 0))), scale=0.5, theme="dark")
    text = to_tikz(scene)
    assert "[x=0.5bp,y=-0.5bp," in text and "tn/size=9.5]" in text and "line width=0.85bp" in text
    assert r"\fill[tnpage] (0,0) rectangle" in text and "{tnpage}{HTML}{171A1F}" in text
    page = f"paperwidth={scene.width / 2:g}bp,paperheight={scene.height / 2:g}bp"
    assert page in to_tikz(scene, standalone=True)


def compiled(text: str, folder: Path) -> str:
    """What pdflatex says, which must not be that anything is wrong."""
    assert TEX is not None
    (folder / "x.tex").write_text(text, encoding="utf-8")
    command = [TEX, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "x.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def document(pictures: list[str]) -> str:
    preamble = "\\documentclass{article}\n\\usepackage{tikz,amsmath,amssymb}\n\\begin{document}\n"
    return preamble + "\n\n".join(pictures) + "\n\\end{document}\n"


@needs_tex
def test_pdflatex_compiles_one_page_of_the_picture_s_size(tmp_path: Path):
    program = tnlang.load(PROGRAMS["N11_attention"])
    handle = next(iter(program.figures.values() or program.nets.values()))
    text = handle.drawn(theme="dark", width="86mm").tikz(standalone=True)
    assert "1 page" in compiled(r"\pdfobjcompresslevel=0 " + text, tmp_path)
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", (tmp_path / "x.pdf").read_bytes())
    assert box and float(box[1]) == pytest.approx(243.78, abs=0.1)


@needs_tex
def test_pdflatex_compiles_every_primitive_and_theme(tmp_path: Path):
    scenes = [
        replace(make(), theme=theme, scale=0.4) for make in SCENES.values() for theme in ("paper", "mono")
    ]
    compiled(document([to_tikz(scene) for scene in scenes]), tmp_path)


VOCABULARY = r"""
\alpha \Theta \frac \sqrt \hat \bar \vec \left( \right) \sum \int \mathrm \mathbf \mathbb \mathcal
\text \circ \top \dagger \to \langle \rangle \operatorname \binom \overline \underbrace \prime \tilde
\begin{matrix} \end{matrix} \begin{cases} \end{cases} \\ & { } { } { } ^ _ ^ _ ' x y W 12 é 中 λ ₂ ² ⊗ ∈
𝔸 😀 # % ~ $ < > | " - -- \lim \det \sin \not \stackrel \overset \underset \color{red} \mathfrak \prod
\lfloor \rfloor \| \, \; \quad \limits \hspace{2em}
"""


@needs_tex
def test_pdflatex_compiles_whatever_a_label_says(tmp_path: Path):
    chance = random.Random(7)
    words = VOCABULARY.split()
    made = [
        "".join(chance.choice(words) + chance.choice(["", " ", "{x}"]) for _ in range(9)) for _ in range(60)
    ]
    texts = [printable(label) for label in (*HOSTILE, *ATTACKS, *made)]
    items = [
        LabelItem(text, (0.0, 30.0 * at), 14.0, "note", word=word)
        for at, (text, word) in enumerate((text, word) for text in texts for word in (False, True))
    ]
    pictures = [to_tikz(framed(items[at : at + 20])) for at in range(0, len(items), 20)]
    compiled(document(pictures), tmp_path)
    assert not (tmp_path / "x").exists()


def test_the_canvas_of_an_empty_scene():
    assert r"\useasboundingbox (0,0) rectangle (10,10);" in to_tikz(Scene(10, 10, ()))
