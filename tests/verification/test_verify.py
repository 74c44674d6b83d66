"""Every picture of the examples agrees with its program, read from its curves alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tnlang
from tests import pictures
from tests.conftest import PROGRAMS
from tests.verification.damage import edited, end_at, move, paths, remove
from tnlang.draw.geometry import bbox
from tnlang.verification import Unreadable, verify
from tnlang.verification.connect import read_picture
from tnlang.verification.svg import read_paths, read_svg


def drawings():
    for name in PROGRAMS:
        try:
            program = pictures.program(name)
        except tnlang.TnError:
            continue  # which examples this version may refuse is held by tests/elaborate/test_examples.py
        for kind, handles in (("figure", program.figures), ("net", program.nets)):
            for shown in handles:
                yield pytest.param(name, kind, shown, id=f"{name}-{kind}-{shown}")


@pytest.mark.parametrize(("name", "kind", "shown"), list(drawings()))
def test_the_picture_and_the_module_are_the_program(name: str, kind: str, shown: str) -> None:
    report = pictures.verifier(name, module=True).report(pictures.svg(name, kind, shown))
    assert report.ok, str(report)
    assert report.name == f"{kind} {shown}"
    assert any(what.startswith("the module of") for what, _ in report.compared)


def test_a_closed_loop_is_its_size() -> None:
    text = "dim n = 3\ntensor A[n, n]\nfigure f { draw A[i, j] delta[k: n, l: n] delta[k, l] }\n"
    program = tnlang.load(text)
    svg = program.figures["f"].svg()
    assert verify(svg, program.ir).ok
    without_loop = tnlang.load(text.replace("delta[k: n, l: n] delta[k, l]", ""))
    assert not verify(without_loop.figures["f"].svg(), program.ir).ok


def test_a_module_that_differs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    program = tnlang.load(PRODUCT)
    svg = program.nets["main"].svg()
    monkeypatch.setattr("tnlang.execute.run_module", lambda *_, **__: {"y": np.ones((2, 4))})
    assert verify(svg, program.ir).faults[0].startswith("the module of main differs")


# ---------------------------------------------------------------- what is read, by hand

PRODUCT = "tensor A[i: 2, j: 3], B[j: 3, k: 4]\ny[i, k] = A[i, j] B[j, k]\n"
BUBBLES = """
tensor A[i: 2, j: 3], b[i: 2], v[j: 3]
y[i] = v[j] (A[i, j] + b[i])
z[i] = relu(A[i, j] exp(v[j]))
"""


def svg_of(text: str, net: str = "main") -> tuple[str, tnlang.Program]:
    program = tnlang.load(text + "\n")
    return program.nets[net].svg(), program


def test_a_product_is_read_from_where_its_curves_end() -> None:
    svg, _ = svg_of(PRODUCT)
    picture = read_picture(read_svg(svg))
    names = {shape.words.text: number for number, shape in enumerate(picture.shapes)}
    assert set(names) == {"A", "B"} and picture.regions == () and picture.signs == ()
    joined = [{(end.shape, end.leg, end.open) for end in wire.ends} for wire in picture.wires]
    a, b = names["A"], names["B"]
    assert {(a, "j", ""), (b, "j", "")} in joined
    assert {(a, "i", ""), (None, "", "y.i")} in joined and {(b, "k", ""), (None, "", "y.k")} in joined


def test_ids_say_nothing() -> None:
    svg, program = svg_of(BUBBLES)
    for word in ("wire", "shape", "wall"):
        svg = svg.replace(f"{word}-", "x-")
    assert verify(svg, program.ir, module=False).ok


def test_another_program_differs() -> None:
    svg, _ = svg_of(PRODUCT)
    other = tnlang.load("tensor A[i: 2, j: 3], B[j: 3, k: 4]\ny[i, k] = A[i, j] B[j, k] / 2\n")
    report = verify(svg, other.ir, module=False)
    assert not report.ok and report.faults[0].startswith("output y differs")


def test_a_transposed_matrix_is_another_picture() -> None:
    svg, _ = svg_of("tensor A[i: 3, j: 3], v[j: 3]\ny[i] = A[i, j] v[j]\n")
    other = tnlang.load("tensor A[i: 3, j: 3], v[j: 3]\ny[j] = A[i, j] v[i]\n")
    assert not verify(svg, other.ir, module=False).ok
    told = svg.replace("A [i, j]", "A [j, i]") if "A [i, j]" in svg else svg.replace("A [j, i]", "A [i, j]")
    own = tnlang.load("tensor A[i: 3, j: 3], v[j: 3]\ny[i] = A[i, j] v[j]\n")
    assert told != svg and not verify(told, own.ir, module=False).ok


def test_titles_cannot_join_what_the_curves_do_not() -> None:
    """A wire that keeps its title and loses its shape is no wire of it."""
    svg, program = svg_of(PRODUCT)
    picture = read_svg(svg)
    (middle,) = (k for k, e in enumerate(picture.layer("wires")) if e.title.startswith("j"))
    x, y = picture.layer("wires")[middle].path.end
    torn = edited(svg, ("wires", middle, end_at(False, (x, y + 26.0))))
    report = verify(torn, program.ir, module=False)
    assert not report.ok and "free" in report.faults[0]


def test_a_shape_out_of_its_bubble_is_seen() -> None:
    svg, program = svg_of("tensor A[i: 2, j: 3], v[j: 3]\nz[i] = relu(A[i, j] v[j])\n")
    assert verify(svg, program.ir, module=False).ok
    unwrapped = edited(svg, ("bubbles", 0, remove))
    assert "differs" in verify(unwrapped, program.ir, module=False).faults[0]
    shapes = [e.title for e in read_svg(svg).layer("shapes")]
    away = edited(svg, ("shapes", shapes.index("v [j]"), move(0.0, 200.0)))
    assert not verify(away, program.ir, module=False).ok


def test_signs_between_terms_are_read() -> None:
    text = "dim n = 3\ntensor A[n, m: 2], B[n, m: 2]\nfigure f { draw A[i, j] - B[i, j] }\n"
    program = tnlang.load(text)
    svg = program.figures["f"].svg()
    assert verify(svg, program.ir, module=False).ok
    plus = svg.replace("<title>-</title>", "<title>+</title>")
    assert plus != svg and not verify(plus, program.ir, module=False).ok


def shown(text: str, *changes: tuple[str, str]) -> tuple[str, ...]:
    """What is wrong with the picture of a program's first figure, with some of its titles exchanged."""
    program = tnlang.load(text + "\n")
    svg = next(iter(program.figures.values())).svg()
    for old, new in changes:
        assert old in svg
        svg = svg.replace(old, "\0").replace(new, old).replace("\0", new)
    return verify(svg, program.ir).faults


def test_bare_wires_that_end_at_one_anothers_names_are_seen() -> None:
    """Wires between free ends are tied by nothing but the names there."""
    program = tnlang.load("figure f { equation delta[i: 3, j] delta[k: 3, l] = delta[k, l] delta[i, j] }\n")
    svg = program.figures["f"].svg()
    assert verify(svg, program.ir).ok
    wires = read_svg(svg).layer("wires")
    first, other = wires[0].path.start, wires[1].path.start
    swapped = edited(svg, ("wires", 0, end_at(True, other)), ("wires", 1, end_at(True, first)))
    assert "does not stand by it" in verify(swapped, program.ir).faults[0]


def test_names_of_tensors_that_stand_in_one_another_are_seen() -> None:
    text = "tensor A[i: 3, j: 3], B[i: 3, j: 3]\nfigure f { draw A[i, j] B[j, k] }"
    assert shown(text) == ()
    faults = shown(text, ("(name of shape) A", "(name of shape) B"))
    assert [fault.partition(" (")[0] for fault in faults] == [
        "the name of B does not stand by it",
        "the name of A does not stand by it",
    ]


def test_a_name_nearer_to_another_wire_is_seen() -> None:
    """A name that has left its wire for one beside it tells a reader that it is the name of that one."""
    svg, program = svg_of("tensor A[i: 2, j: 3], B[i: 2, j: 3]\ny = A[i, j] B[i, j]\n")
    found = read_svg(svg).layer("labels")
    (place,) = (n for n, e in enumerate(found) if e.title.startswith("(name of wire) i"))
    wires = {e.title[0]: bbox(e.path) for e in read_svg(svg).layer("wires")}
    name = bbox(found[place].path)
    way = wires["j"].center[1] - wires["i"].center[1]
    assert verify(svg, program.ir, module=False).ok and abs(way) > 20
    middle = wires["i"].center[1] + way / 2
    nearer = edited(svg, ("labels", place, move(0.0, middle + 2.0 * np.sign(way) - name.center[1])))
    assert "does not stand by it" in verify(nearer, program.ir, module=False).faults[0]


def test_a_parameter_of_the_file_is_one_in_a_figure_and_in_what_it_calls() -> None:
    text = "dim n = 3\nparam W[n, n]\nnet f(x[n]) -> y[n] { y[i] = W[i, j] x[j] }\ntensor v[n]\n"
    assert shown(text + "figure g { equation W[i, j] W[j, k] v[k] = W[i, j] f(v)[j] }") == ()


def test_inputs_may_have_the_names_that_the_module_uses() -> None:
    text = "tensor F[a: 2, b: 3], torch[b: 3], self[a: 2], frozen[a: 2]\n"
    assert shown(text + "figure f { draw F[i, j] torch[j] self[i] frozen[i] }") == ()


def test_a_net_too_large_to_be_run_is_refused() -> None:
    legs = [f"a{n}" for n in range(40)]
    vectors = " ".join(f"v[{leg}]" for leg in legs)
    declared = f"tensor T[{', '.join(f'{leg}: 2' for leg in legs)}], v[a: 2]"
    svg, program = svg_of(f"{declared}\ny = T[{', '.join(legs)}] {vectors}")
    assert verify(svg, program.ir).faults[0].startswith("T has 1,099,511,627,776 entries")


def test_lines_of_an_equation_are_not_taken_for_a_panel_that_begins_with_a_sign() -> None:
    svg, verifier = pictures.svg("S16_tensor_train", "figure", "S16"), pictures.verifier("S16_tensor_train")
    report = verifier.report(svg)
    assert not report.faults
    assert [what for what, _ in report.compared][:4] == [f"side {place}" for place in (1, 2, 3, 4)]


def test_the_sign_before_a_panel_is_read() -> None:
    """What is nearly what stands before it begins with a sign, which belongs to its panel."""
    svg, verifier = pictures.svg("S16_tensor_train", "figure", "S16"), pictures.verifier("S16_tensor_train")
    (place,) = (n for n, e in enumerate(read_svg(svg).layer("labels")) if e.title == "≈")
    assert not verifier.report(edited(svg, ("labels", place, remove))).ok
    assert not verifier.report(svg.replace("<title>≈</title>", "<title>=</title>")).ok


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no XML"),
        ("<svg/>", "no SVG"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>', "entities"),
        (
            '<svg xmlns="http://www.w3.org/2000/svg"><g id="a-wires"><path d="M0 0l9 9"/></g></svg>',
            "path data",
        ),
        (
            '<svg xmlns="http://www.w3.org/2000/svg"><g id="a-wires"><path d="M0 0L1e9 9"/></g></svg>',
            "coordinate",
        ),
        (
            '<svg xmlns="http://www.w3.org/2000/svg"><g id="wires" transform="scale(2)">'
            '<path d="M0 0L9 9"/></g></svg>',
            "transformed",
        ),
    ],
)
def test_what_is_no_picture_of_ours_is_refused(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read_svg(text)


def test_curves_are_read_in_all_letters() -> None:
    (path,) = read_paths("M1 2L3 4H5V6C1 1 2 2 3 3Q4 4 5 5Z")
    assert path.closed and path.start == (1, 2) and path.end == (5, 5) and len(path.segments) == 5
    assert len(list(read_paths("M0 0L1 1M2 2L3 3"))) == 2


def test_a_picture_that_does_not_say_what_it_is() -> None:
    svg, program = svg_of(PRODUCT)
    start = svg.index("<desc")
    nameless = svg[:start] + svg[svg.index("</desc>") + len("</desc>") :]
    assert "which figure or net" in verify(nameless, program.ir, module=False).faults[0]
    assert verify(nameless, program.ir, net="main", module=False).ok
    with pytest.raises(KeyError):
        verify(svg, program.ir, net="nothing")


def test_paths_of_damage_are_those_of_the_reader() -> None:
    from xml.etree import ElementTree

    svg, _ = svg_of(BUBBLES)
    root = ElementTree.fromstring(svg)
    for layer in ("wires", "shapes", "dots", "bubbles", "gates"):
        assert len(paths(root, layer)) == len(read_svg(svg).layer(layer))


def test_the_command_says_what_agrees(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from tnlang.cli.app import main

    (tmp_path / "product.tn").write_text(PRODUCT)
    svg = tnlang.load(tmp_path / "product.tn").nets["main"].svg()
    (tmp_path / "good.svg").write_text(svg)
    (tmp_path / "bad.svg").write_text(edited(svg, ("wires", 0, remove)))
    run = CliRunner().invoke
    good = run(main, ["verify", str(tmp_path / "good.svg"), "--no-module"])
    assert good.exit_code == 0 and "2 shapes, 3 wires" in good.output, good.output
    bad = run(main, ["verify", str(tmp_path / "bad.svg"), "--no-module"])
    assert bad.exit_code == 1 and "wires" in bad.output
    (tmp_path / "elsewhere").mkdir()
    alone = tmp_path / "elsewhere" / "good.svg"
    alone.write_text(svg)
    assert run(main, ["verify", str(alone)]).exit_code == 2
    named = run(main, ["verify", str(alone), str(tmp_path / "product.tn"), "--net", "main", "--no-module"])
    assert named.exit_code == 0
