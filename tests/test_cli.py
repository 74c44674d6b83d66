"""The commands: what they write, how they end, what they say."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

from tnlang.cli import main
from tnlang.cli.app import COMMANDS

TWO = """\
dim m = 3, n = 4, p = 5
tensor A[m, n], B[n, p]
Y[i, k] = A[i, j] B[j, k]
"""
LINEAR = """\
dim seq, d = 4
net linear(x[seq, d]) -> y[seq, d] {
    param W[out: d, in: d]
    y[p, o] = W[o, i] x[p, i]
}
"""
WRONG = "tensor A[i: 2, j: 3]\ny[i] = A[i, j]\nz[i] = B[i]\n"


def tnlang(*arguments: object, text: str | None = None, code: int = 0):
    """Run a command in this process and check how it ends."""
    result = CliRunner().invoke(main, [str(a) for a in arguments], input=text)
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    return result


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples_and_exit_codes(name):
    text = tnlang(name, "--help").stdout
    assert re.search(rf"Examples:\n +tnlang {name}", text)
    assert "Exit codes:" in text


def test_the_examples_of_every_help_text_use_options_that_exist():
    for name in COMMANDS:
        command = main.get_command(None, name)
        known = {
            flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)
        }
        lines = re.findall(rf"tnlang {name}\b(.*)", command.epilog)
        assert lines
        for line in lines:
            assert set(re.findall(r"(?<= )--?[a-z]+", line)) <= known, line


# ---------------------------------------------------------------- check


def test_check_of_a_right_file_says_so(tn):
    result = tnlang("check", tn(TWO))
    assert result.stdout == ""
    assert result.stderr == "1 file: 0 errors, 0 warnings\n"


def test_check_reports_every_error_with_its_place(tn):
    file = tn(WRONG)
    error = tnlang("check", file, code=1).stderr
    assert f"{file}:2:" in error and f"{file}:3:" in error
    assert "^" in error and error.endswith("errors, 0 warnings\n")


def test_check_as_json_is_one_array_with_the_places(tn):
    good, wrong = tn(TWO), tn(WRONG, "wrong.tn")
    result = tnlang("check", good, wrong, "--format", "json", code=1)
    found = json.loads(result.stdout)
    assert {(d["file"], d["line"]) for d in found} == {(str(wrong), 2), (str(wrong), 3)}
    for diagnostic in found:
        assert diagnostic["severity"] == "error" and re.fullmatch(r"TN\d{3}", diagnostic["code"])
        assert diagnostic["column"] < diagnostic["end_column"] or diagnostic["line"] < diagnostic["end_line"]
    assert json.loads(tnlang("check", good, "--format", "json").stdout) == []


def test_check_names_a_dim_that_is_not_there():
    assert "no dim nothing" in tnlang("check", "-", "--dim", "nothing=2", text=TWO, code=1).stderr


def test_check_reads_standard_input():
    assert "<stdin>:3:" in tnlang("check", "-", text=WRONG, code=1).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "missing.tn"),
        ("check", "-", "--dim", "m"),
        ("check", "-", "--dim", "m=0"),
        ("check", "-", "--dim", "m=1", "--dim", "m=2"),
        ("render", "-", "--net", "other"),
        ("render", "-", "--figure", "other"),
        ("render", "-", "-o", "picture.gif"),
        ("render", "-", "--all"),
        ("render", "-", "--theme", "drak"),
        ("render", "-", "--width", "wide"),
        ("render", "-", "--width", "0mm"),
        ("render", "-", "-o", "picture.png", "--scale", "2", "--dpi", "300"),
        ("render", "-", "-o", "/nowhere/at/all.svg"),
        ("compile", "-", "--net", "other"),
        ("run", "-", "-o", "out.csv"),
        ("run", "-", "-o", "out.npy", "--input", "A"),
        ("run", "-", "-o", "out.npy", "--cache"),
        ("cost", "-", "--net", "other"),
        ("nothing",),
    ],
)
def test_wrong_usage_ends_with_2_and_no_traceback(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = tnlang(*arguments, text=TWO, code=2)
    assert result.stderr and "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- render, compile


def test_render_writes_svg_png_and_pdf(tn, tmp_path):
    file = tn(TWO)
    for kind, magic in (("svg", b"<"), ("png", b"\x89PNG\r\n"), ("pdf", b"%PDF-")):
        target = tmp_path / f"two.{kind}"
        tnlang("render", file, "-o", target)
        assert target.read_bytes().startswith(magic)
    svg = (tmp_path / "two.svg").read_text()
    assert "<svg" in svg and tnlang("render", file).stdout == svg


def test_render_takes_theme_width_and_resolution(tn, tmp_path):
    file, picture = tn(TWO), tmp_path / "two.png"
    assert "did you mean dark?" in tnlang("render", file, "--theme", "drak", code=2).stderr
    assert "#171A1F" in tnlang("render", file, "--theme", "dark").stdout
    assert "<text " in tnlang("render", file, "--text").stdout
    assert ' width="144pt"' in tnlang("render", file, "--width", "2in").stdout
    tnlang("render", file, "--width", "2in", "--dpi", "300", "-o", picture)
    assert int.from_bytes(picture.read_bytes()[16:20], "big") == 600
    small = tnlang("render", file, "--width", "3mm", "--width", "5mm")
    said = (
        r"warning: \w+: at a width of 14 pt its smallest label is \d\.\d pt high and .* less than 7 and 5 pt"
    )
    assert re.search(said, small.stderr)
    assert "less than 9 and 6.43 pt" in tnlang("render", file, "--width", "14pt", "--letters", "9").stderr


def test_a_formula_that_cannot_be_set_is_told_of_and_drawn_as_it_stands(tn):
    file = tn(
        """dim m = 3 label "$\\frac{1$", n = 4\ntensor A[m, n] label "the $W_Q$ head"\ny[i, j] = A[i, j]\n"""
    )
    told = tnlang("render", file, "--text")
    assert re.search(r":1:17: warning TN813: the formula \\frac\{1 is not LaTeX", told.stderr)
    assert told.stderr.count("TN813") == 1 and "frac" in told.stdout
    assert "TN813" not in tnlang("render", tn(TWO)).stderr


@pytest.mark.parametrize(("kind", "by"), [("svg", "the reader's machine"), ("tikz", "pdflatex")])
def test_letters_that_the_font_of_the_labels_lacks_are_told_of(tn, kind, by):
    file = tn('tensor 权[n: 2], A[n: 2] label "注x权"\nfigure f { draw 权[i] A[i] }\n')
    told = tnlang("render", file, "--kind", kind).stderr
    said = r":(\d+:\d+): warning TN814: the font of the labels does not have (.*); .*"
    places = re.findall(said + by, told)
    assert places == [("1:8", "权 (U+6743)"), ("1:31", "注 (U+6CE8), 权 (U+6743)")]
    assert "TN814" not in tnlang("render", tn(TWO), "--kind", kind).stderr


def test_render_writes_tikz(tn, tmp_path):
    file = tn(TWO)
    tnlang("render", file, "-o", tmp_path / "two.tex")
    text = (tmp_path / "two.tex").read_text()
    assert "\\begin{tikzpicture}" in text and tnlang("render", file, "--kind", "tikz").stdout == text
    alone = tnlang("render", file, "--kind", "tikz", "--standalone").stdout
    assert alone.startswith("\\documentclass") and text in alone
    tnlang("render", file, "--all", "--kind", "tikz", "-o", tmp_path / "all")
    assert [path.suffix for path in (tmp_path / "all").iterdir()] == [".tex"]
    assert "for TikZ" in tnlang("render", file, "--standalone", code=2).stderr


def test_render_all_draws_each_net(tn, tmp_path):
    tnlang(
        "render", tn(LINEAR + "net twice(x[seq, d]) -> y[seq, d] { y = linear(x) }"), "--all", "-o", tmp_path
    )
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["linear.svg", "twice.svg"]


def test_a_file_with_errors_leaves_the_old_picture(tn, tmp_path):
    target = tmp_path / "out.svg"
    target.write_text("old")
    tnlang("render", tn(WRONG), "-o", target, code=1)
    assert target.read_text() == "old"


def test_compile_writes_a_module_that_runs(tn, tmp_path):
    tnlang("compile", tn(LINEAR), "-o", tmp_path / "linear.py", "--dim", "d=2")
    script = "import torch, linear; print(tuple(linear.Linear()(torch.ones(5, 3, 2)).shape))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "(5, 3, 2)\n", done.stderr


# ---------------------------------------------------------------- run, cost, fmt


@pytest.fixture
def linear(tn, tmp_path):
    """A net, its weights and an input, as files; and the arrays."""
    random = np.random.default_rng(0)
    W, x = random.normal(size=(4, 4)).astype("float32"), random.normal(size=(2, 3, 4)).astype("float32")
    save_file({"W": W}, tmp_path / "model.safetensors")
    np.save(tmp_path / "x.npy", x)
    return tn(LINEAR), tmp_path, x, W


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_run_is_the_definition(linear, backend):
    file, folder, x, W = linear
    tnlang(
        *("run", file, "--input", f"x={folder / 'x.npy'}", "--weights", folder / "model.safetensors"),
        *("-o", folder / "y.npy", "--backend", backend),
    )
    np.testing.assert_allclose(np.load(folder / "y.npy"), x @ W.T, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["float64", "int64", "bool", "float16"])
def test_run_takes_numbers_of_every_type(linear, kind):
    """numpy's own type is float64, the parameters' is float32."""
    file, folder, x, W = linear
    np.save(folder / "x.npy", (4 * x).astype(kind))
    arguments = ("--input", f"x={folder / 'x.npy'}", "--weights", folder / "model.safetensors")
    tnlang("run", file, *arguments, "-o", folder / "y.npy")
    found = np.load(folder / "y.npy")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.load(folder / "x.npy") @ W.T, rtol=1e-4, atol=1e-4)


def test_run_refuses_complex_numbers_for_a_real_net(linear):
    file, folder, x, _ = linear
    np.save(folder / "x.npy", 1j * x)
    result = tnlang("run", file, "--input", f"x={folder / 'x.npy'}", "-o", folder / "y.npy", code=1)
    assert "cannot be run on these arrays" in result.stderr and not (folder / "y.npy").exists()


def test_run_writes_the_cache_by_name(linear):
    file, folder, x, W = linear
    save_file({"x": x}, folder / "in.safetensors")
    tnlang(
        *("run", file, "--net", "linear", "--input", f"x={folder / 'in.safetensors'}", "--cache"),
        *("--weights", folder / "model.safetensors", "-o", folder / "out.safetensors"),
    )
    np.testing.assert_allclose(load_file(folder / "out.safetensors")["y"], x @ W.T, rtol=1e-5, atol=1e-6)


FROZEN = """
dim seq, d = 4
tensor M[d, d]
net pattern(x[seq, d]) -> y[seq, d] {
    A[p, q] = softmax[q](x[p, i] M[i, j] x[q, j])
    y[p, i] = A[p, q] x[q, i]
}
net linear = freeze(pattern, A)
"""


def test_run_of_a_frozen_net_takes_the_values_of_a_cache(tn, tmp_path):
    random = np.random.default_rng(0)
    x, M = random.normal(size=(3, 4)), random.normal(size=(4, 4))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "twice.npy", 2 * x)
    np.save(tmp_path / "M.npy", M)
    file, cache = tn(FROZEN), tmp_path / "cache.safetensors"
    inputs = ("--input", f"x={tmp_path / 'x.npy'}", "--input", f"M={tmp_path / 'M.npy'}")
    tnlang("run", file, "--net", "pattern", *inputs, "--cache", "-o", cache)
    twice = ("--input", f"x={tmp_path / 'twice.npy'}")  # M is gone with the pattern
    frozen = ("run", file, "--net", "linear", *twice, "-o", tmp_path / "y.npy")
    for backend in ("torch", "numpy"):
        assert "A" in tnlang(*frozen, "--backend", backend, code=1).stderr
        tnlang(*frozen, "--backend", backend, "--frozen", cache)
        np.testing.assert_allclose(np.load(tmp_path / "y.npy"), 2 * load_file(cache)["y"], rtol=1e-6)


def test_python_functions_run_only_if_allowed(tn, tmp_path):
    file = tn('fn half = "torch:neg", numpy = "operator:neg"\ntensor x[i: 3]\ny[i] = half(x[i])\n')
    np.save(tmp_path / "x.npy", np.arange(3.0))
    arguments = ("run", file, "--input", f"x={tmp_path / 'x.npy'}", "-o", tmp_path / "y.npy")
    assert "half" in tnlang(*arguments, code=1).stderr and not (tmp_path / "y.npy").exists()
    for backend in ("torch", "numpy"):
        tnlang(*arguments, "--functions", "--backend", backend)
        np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), [0, -1, -2])


def test_run_wants_just_the_inputs_of_the_net(linear):
    file, folder, _, _ = linear
    both = ("--input", f"x={folder / 'x.npy'}", "--input", f"z={folder / 'x.npy'}")
    for inputs in ((), both):
        assert "inputs x" in tnlang("run", file, *inputs, "-o", folder / "y.npy", code=1).stderr


def test_run_says_which_leg_does_not_fit(linear):
    file, folder, _, _ = linear
    np.save(folder / "x.npy", np.zeros((3, 5), "float32"))
    result = tnlang("run", file, "--input", f"x={folder / 'x.npy'}", "-o", folder / "y.npy", code=1)
    assert "d" in re.findall(r"\w+", result.stderr) and "x" in re.findall(r"\w+", result.stderr)
    assert not (folder / "y.npy").exists()


def test_run_says_which_weights_are_missing(linear):
    file, folder, x, _ = linear
    save_file({"V": x}, folder / "other.safetensors")
    result = tnlang(
        *("run", file, "--input", f"x={folder / 'x.npy'}", "--weights", folder / "other.safetensors"),
        *("-o", folder / "y.npy"),
        code=1,
    )
    assert {"W", "V"} <= set(re.findall(r"\w+", result.stderr))


def test_fmt_formats_in_place_and_check_only_tells(tn):
    file = tn("dim  n=3   # size\n")
    assert f"would format {file}" in tnlang("fmt", "--check", file, code=1).stderr
    assert file.read_text() == "dim  n=3   # size\n"
    tnlang("fmt", file)
    formatted = file.read_text()
    assert formatted.split("#")[0].strip() == "dim n = 3" and "# size" in formatted
    assert tnlang("fmt", "--check", file).stderr == ""
    assert tnlang("fmt", "-", text="dim  n=3   # size\n").stdout == formatted


def test_fmt_goes_on_after_a_file_with_errors(tn):
    wrong, other = tn("dim = 3\n", "a.tn"), tn("dim  n=3\n", "b.tn")
    assert f"{wrong}:1:" in tnlang("fmt", wrong, other, code=1).stderr
    assert other.read_text() == "dim n = 3\n"


# ---------------------------------------------------------------- terminals and start-up


def on_a_terminal(*arguments: object, stream: str) -> tuple[int, str, str]:
    """Run a command with a standard stream on a terminal: its status, what came there, and elsewhere."""
    ours, theirs = pty.openpty()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: theirs}
    process = subprocess.Popen([sys.executable, "-m", "tnlang", *map(str, arguments)], **streams)
    os.close(theirs)
    other = process.stderr if stream == "stdout" else process.stdout
    elsewhere = other.read().decode()
    there = b""
    with suppress(OSError):  # how Linux says that the other end is closed
        while chunk := os.read(ours, 4096):
            there += chunk
    os.close(ours)
    return process.wait(), there.decode(), elsewhere


def test_bars_show_on_a_terminal_alone(tn):
    files = [tn("dim n = 3\n", f"{number}.tn") for number in range(3)]
    status, there, elsewhere = on_a_terminal("fmt", "--check", *files, stream="stderr")
    assert status == 0 and "formatting" in there and elsewhere == ""
    assert tnlang("fmt", "--check", *files).stderr == ""


def test_diagnostics_are_coloured_on_a_terminal_alone(tn):
    file = tn(WRONG)
    status, there, _ = on_a_terminal("check", file, stream="stderr")
    assert status == 1 and "\x1b[31m" in there
    assert "\x1b" not in tnlang("check", file, code=1).stderr


def test_a_picture_of_bytes_is_kept_off_a_terminal(tn):
    status, there, elsewhere = on_a_terminal("render", tn(TWO), "--kind", "png", stream="stdout")
    assert (status, there) == (2, "") and "-o" in elsewhere


HEAVY = {"torch", "transformers", "typst", "resvg_py"}


@pytest.mark.parametrize(
    ("command", "heavy"),
    [
        ("check", HEAVY | {"numpy", "ziamath"}),
        ("render", HEAVY | {"rich", "numpy", "shapely"}),
        ("compile", HEAVY | {"ziamath"}),
        ("cost", HEAVY | {"ziamath"}),
    ],
)
def test_a_command_imports_what_it_needs_and_no_more(tn, command, heavy):
    script = (
        "import sys; from tnlang.cli import main\n"
        "try: main(sys.argv[1:-1], standalone_mode=False)\n"
        "finally: print(sorted(set(sys.argv.pop().split()) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, command, str(tn(TWO)), " ".join(heavy)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_verify_refuses_what_is_no_text(tn, tmp_path):
    (tmp_path / "picture.svg").write_bytes(b"%PDF-1.7 \xd0\xd4")
    result = tnlang("verify", tmp_path / "picture.svg", tn(LINEAR), code=1)
    assert "is no SVG" in result.stderr and "codec" not in result.stderr


def test_the_scale_of_a_norm_is_plotted(tn, tmp_path):
    file = tn(
        "dim n = 4\nnet f(x[seq, n]) -> y[seq, n] { y[p, i] = layernorm[i](x[p, i]) as ln }\n"
        "net g(x[seq, n]) -> y[seq, n] { y = f(x) }\ndim seq\n"
    )
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(3, 4)))
    given = ("--net", "g", "--input", f"x={tmp_path / 'x.npy'}")
    tnlang("plot", file, "f.scale", *given, "-o", tmp_path / "scale.svg")
    assert "<svg" in (tmp_path / "scale.svg").read_text(encoding="utf-8")
