"""Charts: what is cut from an array, what is refused, and what the drawn file shows."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest

from tnlang.api import load
from tnlang.plots import cache_key, chart, draw, legs_of
from tnlang.source import ValueMismatch

PROGRAM = """\
dim seq, hidden = 6, head = 2, size = 3
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param W_Q[head, size, hidden]
    param W_K[head, size, hidden]
    A[h, q, k] = softmax[k](causal[q, k](W_Q[h, s, d] x[q, d] W_K[h, s, e] x[k, e]))
    y[q, d] = A[h, q, k] x[k, d] ones[h]
}
net two(x[seq, hidden]) -> y[seq, hidden] {
    stream s = x
    repeat l in 0..2 { s += attention(s) }
    y = s
}
"""

SQUARE = np.arange(6.0).reshape(2, 3)


def test_legs_become_axes():
    made = chart(np.zeros((4, 2, 3)), ("h", "q", "k"), at={"h": -1})
    assert made.form == "map" and made.legs == ("q", "k") and made.values.shape == (2, 3)
    turned = chart(SQUARE, ("q", "k"), rows="k")
    assert turned.legs == ("k", "q")
    assert (turned.values == SQUARE.T).all()


def test_entries_are_taken_from_the_leg_named():
    array = np.arange(24.0).reshape(2, 3, 4)
    assert (chart(array, ("h", "q", "k"), at={"q": 1}).values == array[:, 1]).all()
    assert (chart(array, ("h", "q", "k"), at={"k": -1, "h": 0}).values == array[0, :, -1]).all()


def test_a_batch_of_one_is_no_axis():
    assert chart(SQUARE[None], ("q", "k")).legs == ("q", "k")
    assert chart(np.stack([SQUARE, SQUARE]), ("q", "k")).legs == ("batch", "q", "k")


@pytest.mark.parametrize(
    "array, legs, options, said",
    [
        (SQUARE, ("q", "k"), {"at": {"z": 0}}, "has no leg z"),
        (SQUARE, ("q", "k"), {"at": {"q": 2}}, "2 entries, so there is no entry 2"),
        (SQUARE, ("q", "k"), {"rows": "z"}, "has no leg z"),
        (SQUARE, ("q", "k"), {"ticks": {"q": ["a"]}}, "2 entries, but 1 words"),
        (SQUARE, ("q", "k"), {"at": {"q": 0, "k": 0}}, "a number alone"),
        (SQUARE, ("q", "k"), {"log": True}, "logarithmic"),
        (np.zeros((2,) * 4), ("a", "b", "c", "d"), {}, "not 4"),
        (np.zeros(3), ("a", "b"), {}, "does not have the legs"),
        (np.array([1.0, np.nan]), ("a",), {}, "not all finite"),
        (np.array([1.0, np.inf]), ("a",), {}, "not all finite"),
        (np.zeros((0, 2)), ("a", "b"), {}, "0 entries"),
        (np.array(["a"]), ("a",), {}, "cannot be plotted"),
        (np.zeros((401, 1, 1)), ("a", "b", "c"), {}, "401 panels"),
    ],
)
def test_what_cannot_be_plotted_is_said(array, legs, options, said):
    with pytest.raises(ValueMismatch, match=re.escape(said)):
        chart(array, legs, **options)


def test_legs_of_values_by_path():
    program = load(PROGRAM)
    net = program.nets["two"].ir
    assert cache_key("attention{1}.A") == "attention.1.A"
    assert legs_of(program.ir, net, "attention.1.A") == ("h", "q", "k")
    assert legs_of(program.ir, net, "attention.0.W_Q") == ("head", "size", "hidden")
    assert legs_of(program.ir, net, "x") == ("seq", "hidden")
    assert legs_of(program.ir, net, "attention.1.B") is None


def test_every_value_of_a_run_has_legs_that_fit_it():
    torch = pytest.importorskip("torch")
    program = load(PROGRAM)
    handle = program.nets["two"]
    torch.manual_seed(0)
    module = handle.module()
    _, cache = module.run_with_cache(torch.randn(5, 6))
    for key, array in {**cache, **module.state_dict()}.items():
        legs = legs_of(program.ir, handle.ir, key)
        assert legs is not None and len(legs) == array.ndim, key


def _pixels(chart_made, **options):
    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.open(io.BytesIO(draw(chart_made, "png", **options))).convert("RGB")).astype(int)


def test_a_map_shows_each_entry_by_its_own_colour():
    """The cells of a map, found by their colours, stand where their entries are."""
    values = np.array([[0.0, 0.25, 0.5], [0.75, 1.0, 0.1]])
    pixels = _pixels(chart(values, ("q", "k")), dpi=100)
    darkest = pixels.sum(-1) == (0x17 + 0x48 + 0x2A)
    rows, columns = np.nonzero(darkest & (np.arange(pixels.shape[1]) < 0.8 * pixels.shape[1]))
    ink = np.argwhere((pixels != 255).any(-1))
    middle = ink.mean(0)
    assert rows.mean() > middle[0]  # the second row is the lower one
    assert 0.3 * pixels.shape[1] < columns.mean() < 0.7 * pixels.shape[1]  # the second column of three


def test_signed_values_are_white_at_zero_and_blue_below():
    pixels = _pixels(chart(np.array([[-1.0, 0.0, 1.0]]), ("q", "k")), dpi=100)
    flat = {tuple(p) for p in pixels.reshape(-1, 3)}
    assert (0x2B, 0x62, 0xB8) in flat and (0xBE, 0x4A, 0x7F) in flat


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_the_same_chart_gives_the_same_bytes(kind):
    made = chart(SQUARE, ("q", "k"), title="A", ticks={"q": ["a", "b"]})
    assert draw(made, kind) == draw(made, kind)


def test_words_are_texts_not_markup():
    """Tokens with dollars, braces, angle brackets and control characters are drawn, never interpreted."""
    tokens = ["$\\frac{", "<script>", "\x1b[31m", "_^{}$x$", "a\nb", "𝒙" * 99]
    for kind in ("svg", "pdf", "png"):
        draw(chart(np.eye(6), ("q", "k"), title="$\\input{x}", ticks={"q": tokens, "k": tokens}), kind)
    text = draw(chart(np.eye(6), ("q", "k"), ticks={"q": tokens}), "svg").decode()
    assert "<script>" not in text


def test_many_panels_and_long_legs_stay_drawable():
    assert draw(chart(np.random.default_rng(0).random((12, 40, 40)), ("h", "q", "k")), "svg")
    words = [f"w{i}" for i in range(2000)]
    assert draw(chart(np.ones(2000), ("k",), ticks={"k": words}), "svg")


def test_a_mask_of_minus_infinity_is_left_out():
    scores = np.where(np.tril(np.ones((4, 4))) > 0, 1.0, -np.inf)
    pixels = _pixels(chart(scores, ("q", "k")), dpi=60)
    assert (0xC3, 0xC8, 0xD0) in {tuple(p) for p in pixels.reshape(-1, 3)}


@pytest.mark.parametrize("shape", [(12, 12), (3, 12, 12), (2, 8, 8), (4, 12), (40, 6), (4, 90)], ids=str)
def test_a_title_stands_close_above_the_maps(shape):
    made = chart(np.zeros(shape), ("h", "q", "k")[-len(shape) :], title="noun")
    inked = (_pixels(made, dpi=144)[..., :3].min(-1) < 140).any(1)  # two rows a point
    below = np.flatnonzero(np.diff(inked.astype(int)) == -1)[0]
    gap = np.flatnonzero(inked[below + 1 :])[0] / 2
    assert 3 <= gap <= 10


def test_the_command_plots_what_a_run_gives(tmp_path):
    from click.testing import CliRunner

    from tnlang.cli import main

    (tmp_path / "two.tn").write_text(PROGRAM)
    np.save(tmp_path / "x.npy", np.random.default_rng(1).normal(size=(3, 6)).astype(np.float32))
    file, array, out = str(tmp_path / "two.tn"), f"x={tmp_path / 'x.npy'}", str(tmp_path / "A.svg")

    def run(*arguments: str):
        return CliRunner().invoke(main, ["plot", file, *arguments])

    done = run("attention{1}.A", "--net", "two", "--input", array, "--words", "q=the quick <fox", "-o", out)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "A.svg").read_text().startswith("<?xml")
    done = run("attention{0}.W_Q", "--net", "two", "--at", "head=1", "-o", out)
    assert done.exit_code == 0, done.output
    done = run("attention{1}.B", "--net", "two", "--input", array, "-o", out)
    assert done.exit_code == 1 and "no value attention{1}.B; there are attention." in done.output
    done = run("attention{1}.A", "--net", "two", "--input", array, "--at", "h=x", "-o", out)
    assert done.exit_code == 2 and "whole number" in done.output
    for option in (
        ("--width", "nan"),
        ("--dpi", "nan"),
        ("--width", "4000", "--dpi", "2400", "--kind", "png"),
    ):
        done = run("attention{0}.W_Q", "--net", "two", "--at", "head=1", *option, "-o", out)
        assert done.exit_code in (1, 2) and "Traceback" not in done.output, option
    done = run("attention{0}.Q", "--net", "two", "-o", out)
    assert done.exit_code == 1 and "has no value attention{0}.Q" in done.output
    done = run("attention{1}.A", "--net", "two", "-o", out)
    assert done.exit_code == 1 and "takes the inputs x" in done.output
