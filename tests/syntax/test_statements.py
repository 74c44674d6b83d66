"""Statements and items: each rule of the grammar by example, and where a statement ends."""

from __future__ import annotations

import pytest

from tests.syntax.trees import item, items, short
from tnlang.syntax import ast as t


def names(found: tuple[t.Name, ...]) -> list[str]:
    return [name.text for name in found]


def test_dims():
    statement = item('dim seq label "seq pos", hidden = 768, mlp = 4 * hidden label "cells", d{n: 0..3} = 2')
    assert isinstance(statement, t.DimStatement)
    found = [(d.name.text, [short(s) for s in d.subs], short(d.size), short(d.label)) for d in statement.dims]
    assert found == [
        ("seq", [], "", "'seq pos'"),
        ("hidden", [], "768", ""),
        ("mlp", [], "(4 * $hidden)", "'cells'"),
        ("d", ["n: 0..3"], "2", ""),
    ]


@pytest.mark.parametrize("kind", ["tensor", "input", "param", "const"])
def test_declarations(kind):
    statement = item(
        kind + ' V[a, out: b] isometry(a, out) complex label "$V$" ~ normal(0.02, -1), '
        "Z[i: 2] = [1, -0.5], s, u = 2 s"
    )
    assert isinstance(statement, t.Declaration) and statement.kind == kind
    v, z, s, u = statement.items
    assert (v.name.text, short(v.legs)) == ("V", "[a, out: $b]")
    found = [(p.name.text, names(p.arguments), short(p.text)) for p in v.properties]
    assert found == [("isometry", ["a", "out"], ""), ("complex", [], ""), ("label", [], "'$V$'")]
    assert v.init is not None and v.init.name.text == "normal"
    assert [(n.value, n.text) for n in v.init.arguments] == [(0.02, "0.02"), (-1, "-1")]
    assert short(z.value) == "[1, (-0.5)]"
    assert (s.legs, s.value, s.init, s.properties) == (None, None, None, ())
    assert short(u.value) == "(2 s)"


def test_arrays_nest():
    statement = item("const Z[2, 2] = [[1, 0], [0, -1j]]")
    assert isinstance(statement, t.Declaration)
    assert short(statement.items[0].legs) == "[2, 2]"
    assert short(statement.items[0].value) == "[[1, 0], [0, (-1j)]]"


def test_functions():
    plain, full = items('fn f = "pkg:f"; fn g[k] = "pkg.mod:g", numpy = "pkg:g_np" label "$g$"')
    assert isinstance(plain, t.FnDecl) and isinstance(full, t.FnDecl)
    assert (plain.gates, plain.numpy, plain.label, plain.target.value) == (None, None, None, "pkg:f")
    assert short(full.gates) == "[k]"
    assert [short(x) for x in (full.target, full.numpy, full.label)] == ["'pkg.mod:g'", "'pkg:g_np'", "'$g$'"]


def test_nets():
    net = item("net cell(x[n] onehot, h{k}[m]) -> (h[n], c{0..k}[i: 2]) { h = x; stream c = x; c += h }")
    assert isinstance(net, t.NetDecl)
    assert [(i.name.text, short(i.legs)) for i in net.inputs] == [("x", "[n]"), ("h", "[m]")]
    assert names(tuple(p.name for p in net.inputs[0].properties)) == ["onehot"]
    assert [(o.name.text, short(o.bracket)) for o in net.outputs] == [("h", "[n]"), ("c", "[i: 2]")]
    assert [type(s).__name__ for s in net.body] == ["Binding", "StreamStatement", "Binding"]
    assert item("net f() -> y {}") == item("net f() -> (y) { }") == item("net f(\n) -> y\n{\n\n}\n")


def test_bindings():
    binding = item("h{l}[i], c = cell(x) as step")
    assert isinstance(binding, t.Binding)
    assert [(x.name.text, [short(s) for s in x.subs], short(x.bracket)) for x in binding.targets] == [
        ("h", ["$l"], "[i]"),
        ("c", [], ""),
    ]
    assert short(binding.value) == "cell<x> as step"
    assert [b.op for b in items("x = a; x += b; x -= c") if isinstance(b, t.Binding)] == ["=", "+=", "-="]


def test_repeat_stream_shared():
    shared, stream, repeat = items(
        "shared step = layers.cell\nstream x[i] = a[i] as b\nrepeat l in 0..2, k in 0..l { x += f(x) }"
    )
    assert isinstance(shared, t.SharedStatement) and short(shared.net) == "layers.cell"
    assert isinstance(stream, t.StreamStatement) and short(stream.value) == "a[i] as b"
    assert isinstance(repeat, t.RepeatStatement)
    assert [short(r) for r in repeat.loops.ranges] == ["l: 0..2", "k: 0..$l"]
    assert len(repeat.body) == 1


def test_transforms():
    def show(value):
        match value:
            case t.TransformValue(path=path, arguments=None, entries=entries):
                return short(path) + ("[" + ", ".join(map(short, entries)) + "]" if entries else "")
            case t.TransformValue(path=path, arguments=arguments):
                return f"{short(path)}<{', '.join(map(show, arguments))}>"
            case t.TransformArrow(values=values):
                return " -> ".join(map(show, values))
            case t.TransformOption(name=name, op=op, value=bound):
                return f"{name.text} {op} {show(bound)}"
            case t.TransformTuple(items=entries):
                return f"({', '.join(map(show, entries))})"
        return short(value)

    definition = item(
        "net a = patch(freeze(m.n, *.scale, A, in), at{0}.y -> at{1}.x, paths, order <= 2, "
        'left = (i, 0, in), order = "A B", rank = 3, tol = -0.5, kind = svd(x))'
    )
    assert isinstance(definition, t.NetDefinition)
    assert show(definition.value) == (
        "patch<freeze<m.n, *.scale, A, in>, at{0}.y -> at{1}.x, paths, order <= 2, left = (i, 0, in), "
        "order = 'A B', rank = 3, tol = -0.5, kind = svd<x>>"
    )


def test_figures():
    figure = item(
        """figure f "caption" {
            draw A[i, j] "one"; draw m.n
            equation "$Tr$" = A[i, i]
                != B[i, i] ≈ c "row"
            steps contract(m, A); unfold a{0}, b; fold c; hide d.e; ends l
            flow left
            A at (0, -1.5); B right of A; C below left; left above C; W label "$W$"
        }"""
    )
    assert isinstance(figure, t.FigureDecl) and short(figure.caption) == "'caption'"
    draw, other, equation, steps, *opened, flow, at, beside, below, above, label = figure.items
    assert isinstance(draw, t.Draw) and short(draw.caption) == "'one'" and isinstance(other, t.Draw)
    assert isinstance(equation, t.Equation) and equation.relations == ("=", "!=", "≈")
    assert [short(s) for s in equation.sides] == ["'$Tr$'", "A[i, i]", "B[i, i]", "c"]
    assert short(equation.caption) == "'row'"
    assert isinstance(steps, t.Steps) and short(steps.value.path) == "contract"
    assert [(o.kind, [short(p) for p in o.paths]) for o in opened if isinstance(o, t.Openness)] == [
        ("unfold", ["a{0}", "b"]),
        ("fold", ["c"]),
        ("hide", ["d.e"]),
        ("ends", ["l"]),
    ]
    assert isinstance(flow, t.Flow) and flow.direction.text == "left"
    assert isinstance(at, t.PlaceAt) and (at.at.x.value, at.at.y.value) == (0, -1.5)
    placed = [
        (short(p.placed.path), p.relation, short(p.other.path))
        for p in (beside, below, above)
        if isinstance(p, t.PlaceBeside)
    ]
    assert placed == [("B", "right of", "A"), ("C", "below", "left"), ("left", "above", "C")]
    assert isinstance(label, t.PlaceLabel) and label.label.value == "$W$"


def test_hints():
    (figure,) = items(
        "figure f { draw y; x@2 at (0, 1); align row A, x@1; align column B, A; leg in of W{0}@3 up\n"
        "bend h (1, 2) (1.5, -2); label h@2 above }"
    )
    assert isinstance(figure, t.FigureDecl)
    _, at, row, column, leg, bend, label = figure.items
    assert isinstance(at, t.PlaceAt) and (short(at.placed.path), at.placed.number) == ("x", 2)
    assert isinstance(row, t.Align) and isinstance(column, t.Align)
    assert (row.axis, [(short(p.path), p.number) for p in row.placed]) == ("row", [("A", 0), ("x", 1)])
    assert (column.axis, [short(p.path) for p in column.placed]) == ("column", ["B", "A"])
    assert isinstance(leg, t.LegSide) and (leg.leg.text, leg.side.text, leg.placed.number) == ("in", "up", 3)
    assert isinstance(bend, t.Bend) and [(p.x.value, p.y.value) for p in bend.points] == [(1, 2), (1.5, -2)]
    assert isinstance(label, t.LabelSide) and (label.placed.number, label.side.text) == (2, "above")


def test_styles():
    style, theme = items(
        'style W_Q, function softmax, wire in, stream { shape ellipse; fill "#9c9"; width 2; dash 1 -2 }\n'
        "theme dark { style A { stroke white }; style B { stroke red } }"
    )
    assert isinstance(style, t.StyleDecl) and isinstance(theme, t.ThemeDecl)
    assert [(s.kind, short(s.path)) for s in style.selectors] == [
        ("", "W_Q"),
        ("function", "softmax"),
        ("wire", "in"),
        ("", "stream"),
    ]
    assert [(r.name.text, [short(v) for v in r.values]) for r in style.rules] == [
        ("shape", ["ellipse"]),
        ("fill", ["'#9c9'"]),
        ("width", ["2"]),
        ("dash", ["1", "-2"]),
    ]
    assert theme.name.text == "dark" and len(theme.styles) == 2


def test_weights():
    weights = item(
        """weights huggingface for m.gpt2 {
            prefix "transformer."
            a{l}.W_Q[h, s, d] = "h.{l}.w"[d, (0 h s)]; W = "w"
            ignore "h.*.bias"
        }"""
    )
    assert isinstance(weights, t.WeightsDecl)
    assert (weights.format.text, short(weights.net)) == ("huggingface", "m.gpt2")
    prefix, mapped, bare, ignored = weights.items
    assert isinstance(prefix, t.WeightPrefix) and prefix.text.value == "transformer."
    assert isinstance(mapped, t.WeightMap) and short(mapped.target) == "a{$l}.W_Q"
    assert (short(mapped.bracket), short(mapped.key_bracket)) == ("[h, s, d]", "[d, (0 h s)]")
    assert isinstance(bare, t.WeightMap) and (bare.bracket, bare.key_bracket) == (None, None)
    assert isinstance(ignored, t.WeightIgnore) and ignored.pattern.value == "h.*.bias"


def test_files():
    plain, renamed, picked = items('import "a.tn"\nimport "b.tn" as b\nfrom "c.tn" import x, y')
    assert isinstance(plain, t.Import) and plain.alias is None
    assert isinstance(renamed, t.Import) and short(renamed.alias) == "b"
    assert isinstance(picked, t.FromImport) and names(picked.names) == ["x", "y"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"$\nu$"', r"$\nu$"),
        (r'"a \"b\" \\ c"', r'a "b" \ c'),
        (r'"\\"', "\\"),
        ('"# no comment; no end"', "# no comment; no end"),
        ('""', ""),
    ],
)
def test_texts(written, value):
    statement = item(f"import {written}")
    assert isinstance(statement, t.Import) and statement.file.value == value


def test_plain_keywords_are_names_elsewhere():
    assert short(item("draw = at label + of(prefix)").value) == "(+(at label) +of<prefix>)"
    assert short(item("y = fold[left]").value) == "fold[left]"


# ---------------------------------------------------------------- where a statement ends


@pytest.mark.parametrize(
    "text",
    [
        "y = a b + c(d, e)",
        "y = a b +\n c(d, e)",
        "y = a b\n + c(d, e)",
        "y = a b\n\n  # in between\n + c(d, e)",
        "y\n= a b + c(d, e)",
        "y = # says\n a b + c(d,\n e)",
        "y = a b + c(\nd\n,\ne\n)",
        "y = a b + c(d, e);",
        "\n\n;;y = a b + c(d, e)\n;\n",
        "\ufeffy = a b + c(d, e)",
        "y\t=  a\tb + c ( d, e )".replace("c (", "c("),
        "y = a b + c(d, e)\r\n",
        "y = a b + c(d\n, e\n)",
        "y = a b\r\n + c(d,\r\n e)\r\n",
    ],
)
def test_one_statement(text):
    assert item(text) == item("y = a b + c(d, e)")


@pytest.mark.parametrize(
    "text",
    [
        "x = a\ny = (b)",
        "x = a; y = (b)",
        "x = a\r\ny = (b)",
        "x = a # = 3\n\n\ny = (\nb\n)",
        "x = (\na\n)\ny = (b)",
    ],
)
def test_two_statements(text):
    assert len(items(text)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "y = sum h in 0..2 {\n W[\ninput, h\n] f(\nx\n, eps = 3)\n}",
        "y = sum h in 0..2 { W[input\n, h] f(x,\neps = 3) }",
        "y = sum h in 0\n..2\n{ W[input, h] f(\nx, eps\n= 3) }",
    ],
)
def test_lines_in_brackets_that_look_like_statements(text):
    assert item(text) == item("y = sum h in 0..2 { W[input, h] f(x, eps = 3) }")


def test_the_next_line_is_no_more_of_the_line():
    """Two lines that would make one product are two statements."""
    first, second = items("y = a\nb[i] = c")
    assert isinstance(first, t.Binding) and short(first.value) == "a"
    assert isinstance(second, t.Binding) and short(second.value) == "c"
