"""The formatter: what it writes, that it changes no tree, and that its own output stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import PROGRAMS
from tests.strategies import programs
from tests.syntax.trees import tree
from tnlang.source import Diagnostics, Source, TnError
from tnlang.syntax import format_text
from tnlang.syntax.format import WIDTH
from tnlang.syntax.parser import read
from tnlang.syntax.words import OPENERS

EXAMPLES = list(PROGRAMS.values())


def formatted(text: str) -> str:
    """The text in canonical form, which must have the same tree and stay as it is."""
    written = format_text(Source("test.tn", text))
    assert tree(written) == tree(text)
    assert format_text(Source("test.tn", written)) == written
    return written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("\n\n# only a comment  \n\n", "# only a comment\n"),
        ("y=a*b/c+d-2^3", "y = a * b / c + d - 2^3\n"),
        ("y   =  -a  [ i,j ] (  b+c )", "y = -a[i, j] (b + c)\n"),
        ("y=f( x,eps=-1e-5 )[i]", "y = f(x, eps = -1e-5)[i]\n"),
        ("y=f [k](x)", "y = f[k](x)\n"),
        ("y = f (x)(z)", "y = f (x) (z)\n"),
        ("y = 2x 1j", "y = 2 x 1j\n"),
        (
            "y = A{ n + 1 mod N , 2*k }[p:0 .. n - 1,( h s ),k:seq]",
            "y = A{n+1 mod N, 2*k}[p: 0..n-1, (h s), k: seq]\n",
        ),
        ("y = A[n+1]", "y = A[n + 1]\n"),
        ("y=sum h in 0 .. n - 1 {a[h]+b} c", "y = sum h in 0..n-1 { a[h] + b } c\n"),
        ("dim  m=4*( n+1 ) , k=-2", "dim m = 4 * (n + 1), k = -2\n"),
        ("param W [a,b]isometry(a)~normal( 0.1,-2 )", "param W[a, b] isometry(a) ~ normal(0.1, -2)\n"),
        ("const Z[2,2]=[[1,0],[ 0,-1 ]]", "const Z[2, 2] = [[1, 0], [0, -1]]\n"),
        ("net f( x [n] )->( y,z ) {y=x;z=x}", "net f(x[n]) -> (y, z) { y = x; z = x }\n"),
        ("net f()->y{0}[i]{}", "net f() -> y{0}[i] { }\n"),
        ("net f()->y {}", "net f() -> y { }\n"),
        (
            "net a=patch(b,c . d->e , *.s , order<=2,left=( i,j ))",
            "net a = patch(b, c.d -> e, *.s, order <= 2, left = (i, j))\n",
        ),
        ('figure f"cap"{draw a"x";A at( 0,-1 )}', 'figure f "cap" { draw a "x"; A at (0, -1) }\n'),
        ("x = a;y = b;\n;z = c", "x = a; y = b\nz = c\n"),
        ("x = a\r\ny = b # c\r\n", "x = a\ny = b   # c\n"),
        ("\ufeffx = a", "x = a\n"),
        ("x = a\n\n\n\ny = b", "x = a\n\ny = b\n"),
    ],
)
def test_blanks(text, written):
    assert formatted(text) == written


def test_indents_and_blank_lines():
    text = """\
net f(x) -> y {

# first
  stream r = x   # streams
      repeat l in 0..2 {
    r += (
  a +
     b)
   # last

      }

   y = c
  + d
       * e
}
# end
"""
    assert (
        formatted(text)
        == """\
net f(x) -> y {
    # first
    stream r = x   # streams
    repeat l in 0..2 {
        r += (
            a +
            b)
        # last
    }

    y = c
        + d
        * e
}
# end
"""
    )


def test_brackets_over_lines():
    text = "y = f(\ng(a,\nb),\n(c\nd)\n)\nx = (\nsum h in 0..2 {\na[h]\n}\n)\n"
    assert (
        formatted(text)
        == """\
y = f(
    g(a,
        b),
    (c
        d)
)
x = (
    sum h in 0..2 {
        a[h]
    }
)
"""
    )


def test_columns_of_the_author():
    aligned = "y[q, d]    = a\nA[h, q, k] = b   # one\nz          = c   # two\n"
    assert formatted(aligned) == aligned
    wider = "y     = a\nlong_name[i] = b\n"
    assert formatted(wider) == "y = a\nlong_name[i] = b\n"
    moved = "y [i,j]    = a     # one\nA [h,q]    = b     # two\n"
    assert formatted(moved) == "y[i, j] = a   # one\nA[h, q] = b   # two\n"
    moved = "y [i]      = a     # one\nA [h,q]    = bb    # two\n"
    assert formatted(moved) == "y[i]    = a    # one\nA[h, q] = bb   # two\n"


def test_long_lines_break_in_brackets():
    long = " + ".join(f"W_{n}[i, j] x[j]" for n in range(12))
    written = formatted(f"y[i] = tanh({long})\nz[i] = {long}\n")
    lines = written.splitlines()
    assert len(lines) > 4 and all(len(line) <= WIDTH for line in lines)
    assert lines[1].startswith("    + W_")
    call = formatted("y = f(" + ", ".join(f"argument_{n}[i, j]" for n in range(12)) + ")")
    assert all(len(line) <= WIDTH and line.endswith((",", ")")) for line in call.splitlines())


def test_a_long_block_gets_a_line_for_each_statement():
    statements = [f"a_{n}[i] = f(x_{n}[i])" for n in range(8)]
    written = formatted("net f(x) -> y { " + "; ".join(statements) + " }  # why")
    assert written == "net f(x) -> y {\n" + "".join(f"    {s}\n" for s in statements) + "}   # why\n"


def test_what_cannot_be_broken_stays():
    long = "y = " + " ".join(f"W_{n}[i, j]" for n in range(20)) + "\n"
    assert formatted(long) == long


def test_mistakes_are_raised():
    with pytest.raises(TnError, match="TN103"):
        format_text(Source("a.tn", "y = (a"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path):
    text = path.read_text(encoding="utf-8")
    written = formatted(text)
    assert all(line == line.rstrip() for line in written.splitlines())
    assert max(map(len, written.splitlines())) <= max(WIDTH, *map(len, text.splitlines()))


@given(programs())
@settings(max_examples=60)
def test_random_programs(case):
    formatted(case.text)


@given(st.sampled_from(EXAMPLES), st.integers(0, 2**32), st.sampled_from([0.1, 0.5, 0.9]))
@settings(max_examples=120)
def test_any_layout_of_a_program(path, seed, share):
    """Blanks, line breaks and comments where they may stand change no tree, before or after formatting."""
    text = path.read_text(encoding="utf-8")
    noisy = scattered(text, seed, share)
    assert tree(noisy) == tree(text)
    written = formatted(noisy)
    assert written.count("# noise") == noisy.count("# noise")


def scattered(text: str, seed: int, share: float) -> str:
    """The program with blanks at places where tokens meet, and line breaks inside brackets."""
    import random

    rng = random.Random(seed)
    tokens, _ = read(Source("test.tn", text), Diagnostics())
    pieces: list[str] = []
    open_brackets: list[str] = []
    end = 0
    for token in tokens:
        between = text[end : token.start_pos]
        keeps = token.type in ("CALL", "SUB", "NL") or (open_brackets and open_brackets[-1] == "LBRACE")
        if end and token.type not in ("CALL", "SUB", "NL") and rng.random() < share and "#" not in between:
            if open_brackets and not keeps:
                between = rng.choice(["\n", " # noise\n\n", "  ", "\n# noise\n "])
            elif "\n" not in between and token.type != "LPAR":
                between += "  "
        pieces += [between, str(token)]
        end = token.end_pos
        if token.type in OPENERS:
            open_brackets.append(token.type)
        elif token.type in ("RPAR", "RSQB", "RBRACE"):
            open_brackets.pop()
    return "".join(pieces) + text[end:]
