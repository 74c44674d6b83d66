"""How LaTeX writes characters: in texts, in formulas, as accents and as brackets that grow."""

from __future__ import annotations

import re
from types import MappingProxyType

IN_TEXT = MappingProxyType(
    {
        **{c: "\\" + c for c in "#$%&_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedblright{}",
        "`": "{`}",
        "\u00a0": "~",
        "–": r"\textendash{}",
        "—": r"\textemdash{}",
        "‘": "{`}",
        "’": "'",
        "“": r"\textquotedblleft{}",
        "”": r"\textquotedblright{}",
        "…": r"\ldots{}",
        "ß": r"\ss{}",
        "æ": r"\ae{}",
        "Æ": r"\AE{}",
        "œ": r"\oe{}",
        "ø": r"\o{}",
        "Ø": r"\O{}",
        "ł": r"\l{}",
        "Ł": r"\L{}",
        "ı": r"\i{}",
    }
)

_COMBINING = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328"
ACCENTS = MappingProxyType(dict(zip(_COMBINING, "`'^~=u.\"rHvck", strict=True)))
"""Combining marks and LaTeX's letters for them."""


ALPHABETS = (
    ("DOUBLE-STRUCK", "mathbb"),
    ("SCRIPT", "mathcal"),
    ("FRAKTUR", "mathfrak"),
    ("BLACK-LETTER", "mathfrak"),
    ("SANS-SERIF", "mathsf"),
    ("MONOSPACE", "mathtt"),
    ("BOLD", "mathbf"),
)

MARKS = MappingProxyType(
    {
        **dict.fromkeys(("^", "̂", "ˆ"), r"\hat"),
        **dict.fromkeys(("~", "̃", "˜"), r"\tilde"),
        **dict.fromkeys(("¯", "̄", "‾", "̅", "―", "_", "ˉ"), r"\overline"),
        **dict.fromkeys(("˙", "̇", "."), r"\dot"),
        **dict.fromkeys(("¨", "̈"), r"\ddot"),
        **dict.fromkeys(("→", "⃗"), r"\vec"),
        **dict.fromkeys(("ˇ", "̌"), r"\check"),
        **dict.fromkeys(("˘", "̆"), r"\breve"),
        **dict.fromkeys(("´", "́"), r"\acute"),
        **dict.fromkeys(("`", "̀"), r"\grave"),
        "⏞": r"\overbrace",
    }
)

DELIMITERS = MappingProxyType(
    {
        **{c: c for c in "()[]/|."},
        "": ".",
        "{": r"\{",
        "}": r"\}",
        "⟨": r"\langle ",
        "⟩": r"\rangle ",
        "‖": r"\Vert ",
        "∥": r"\Vert ",
        "∣": "|",
        "⌈": r"\lceil ",
        "⌉": r"\rceil ",
        "⌊": r"\lfloor ",
        "⌋": r"\rfloor ",
    }
)

LARGE = frozenset(
    map("\\{}".format, ("sum", "prod", "int", "coprod", "bigcup", "bigcap", "bigoplus", "bigotimes"))
)
"""Operators that take their limits above and below by themselves."""

_GREEK = """
α alpha  β beta  γ gamma  δ delta  ε varepsilon  ζ zeta  η eta  θ theta  ι iota  κ kappa  λ lambda  μ mu  ν nu
ξ xi  π pi  ρ rho  σ sigma  τ tau  υ upsilon  φ varphi  χ chi  ψ psi  ω omega
ϵ epsilon  ϕ phi  ϑ vartheta  ϖ varpi  ϱ varrho  ς varsigma
Γ Gamma  Δ Delta  Θ Theta  Λ Lambda  Ξ Xi  Π Pi  Σ Sigma  Υ Upsilon  Φ Phi  Ψ Psi  Ω Omega
"""

_COMMANDS = """
× times  ÷ div  · cdot  ⋅ cdot  ∘ circ  ◦ circ  ∙ bullet  • bullet  ∗ ast  ⋆ star  ± pm  ∓ mp
⊗ otimes  ⊕ oplus  ⊙ odot  ⊖ ominus  † dagger  ‡ ddagger  ⊤ top  ⊺ top  ⊥ bot  ∞ infty  ∂ partial  ∇ nabla
∅ emptyset  ℓ ell  ℏ hbar  ∀ forall  ∃ exists  ¬ neg  ∧ wedge  ∨ vee  ∩ cap  ∪ cup  ∖ setminus  ∈ in  ∋ ni
⊂ subset  ⊃ supset  ⊆ subseteq  ⊇ supseteq  ≤ leq  ≥ geq  ≠ neq  ≈ approx  ≡ equiv  ∼ sim  ≃ simeq  ≅ cong
∝ propto  ≪ ll  ≫ gg  → to  ← leftarrow  ↔ leftrightarrow  ⇒ Rightarrow  ⇐ Leftarrow  ⇔ Leftrightarrow
↦ mapsto  ↑ uparrow  ↓ downarrow  ⟶ longrightarrow  ⟵ longleftarrow
∑ sum  ∏ prod  ∫ int  ∐ coprod  ⋃ bigcup  ⋂ bigcap  ⨁ bigoplus  ⨂ bigotimes  √ surd  ∣ mid  ∥ parallel
‖ Vert  ⟨ langle  ⟩ rangle  ⌈ lceil  ⌉ rceil  ⌊ lfloor  ⌋ rfloor  … ldots  ⋯ cdots  ⋮ vdots  ⋱ ddots
ℑ Im  ℜ Re  ℵ aleph  △ triangle  ∠ angle  ⋄ diamond  § S  ¶ P
"""


def _named(table: str) -> dict[str, str]:
    return {c: "\\" + name for c, name in (pair.split() for pair in re.split(r"\s{2,}|\n", table.strip()))}


SYMBOLS = MappingProxyType(
    {
        **_named(_GREEK),
        **_named(_COMMANDS),
        **{c: "\\" + c for c in "#$%&_{}"},
        "\\": r"\backslash",
        "^": r"\wedge",
        "~": r"\sim",
        "−": "-",
        "′": r"\prime",
        "″": r"\prime\prime",
        "°": r"{}^{\circ}",
        "*": r"\ast",
        "\u2061": "",  # the application of a function, which has no ink
        "\u2009": r"\,",
        "\u2003": r"\quad",
        "\u00a0": r"\ ",
        "ℝ": r"\mathbb{R}",
        "ℂ": r"\mathbb{C}",
        "ℕ": r"\mathbb{N}",
        "ℤ": r"\mathbb{Z}",
        "𝟙": r"\mathbf{1}",
    }
)
