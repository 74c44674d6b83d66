"""Draws a chart with matplotlib: the figures' colours and type, sizes in points, the same bytes each time."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tnlang.draw.themes import FAINT, GREY, INK
from tnlang.plots.chart import Chart
from tnlang.source import ValueMismatch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PIXELS = 12_000
KINDS = ("svg", "pdf", "png")

PATTERN = ("#FFFFFF", "#CFE9CC", "#74C476", "#3B8D4A", "#17482A")
"""From zero upwards: the green of attention patterns."""
SIGNED = ("#2B62B8", "#7FB0EE", "#C9DEF9", "#FFFFFF", "#F9CFDE", "#EE86B0", "#BE4A7F")
"""From the least to the greatest, white at zero: the figures' blue and pink."""
GREYS = ("#000000", "#FFFFFF")
"""For images."""

TYPE, SMALL = 9.0, 7.5
TITLE_GAP = 5.0
WORD_ROOM = 8.0
"""Points that a word takes along its axis; where entries are closer only every n-th has one."""
LONGEST_WORD = 24

SETTINGS: dict[Any, Any] = {
    "font.family": ["STIXGeneral", "DejaVu Sans"],
    "mathtext.fontset": "stix",
    "svg.hashsalt": "tnlang",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "text.usetex": False,
    "text.parse_math": False,  # names and tokens are texts of the user's, no formulas
    "font.size": TYPE,
    "axes.linewidth": 0.8,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
}


class MissingMatplotlib(ImportError):
    """matplotlib is not installed."""


def draw(
    chart: Chart, kind: str = "svg", *, width: float = 246.0, dpi: float = 200.0, grey: bool = False
) -> bytes:
    """The chart as a file's bytes: ``kind`` is svg, pdf or png, ``width`` in points (a column has about 246).

    ``dpi`` is that of a PNG; ``grey`` draws a map as an image, black to white. Raises MissingMatplotlib,
    ValueError for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"a plot is one of {', '.join(KINDS)}, not {kind}")
    if kind == "png" and (width / 72 * dpi > MOST_PIXELS):
        raise ValueMismatch(f"a PNG has at most {MOST_PIXELS:,} pixels across: lower its width or its dpi")
    try:
        import matplotlib
    except ImportError:
        raise MissingMatplotlib("plots want matplotlib: pip install 'tnlang[plot]'") from None
    with matplotlib.rc_context(SETTINGS):
        figure = _curve(chart, width) if chart.form == "curve" else _maps(chart, width, grey)
        written = BytesIO()
        metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
        figure.savefig(written, format=kind, dpi=dpi, metadata=metadata, bbox_inches="tight", pad_inches=0.03)
    return written.getvalue()


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width / 72, height / 72), layout="compressed")


# ---------------------------------------------------------------- curves


def _curve(chart: Chart, width: float) -> Figure:
    figure = _figure(width, 0.62 * width)
    axes = figure.add_subplot()
    values = chart.values
    marker = "o" if len(values) <= 60 else ""
    axes.plot(np.arange(len(values)), values, color="#2B62B8", linewidth=1.2, marker=marker, markersize=3)
    if chart.log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    elif not chart.signed:
        axes.set_ylim(bottom=0)
    if chart.signed:
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(chart.legs[0], style=_style(chart.legs[0]))
    _ticks(axes.xaxis, chart.ticks.get(chart.legs[0], ()), len(values), 0.85 * width, turned=True)
    if chart.title:
        axes.set_title(chart.title, fontsize=TYPE)
    return figure


# ---------------------------------------------------------------- heat maps


def _maps(chart: Chart, width: float, grey: bool) -> Figure:
    panels = chart.values if chart.values.ndim == 3 else chart.values[None]
    count = len(panels)
    across = min(count, max(1, ceil(sqrt(count * 1.3))))
    down = ceil(count / across)
    rows, columns = panels.shape[1:]
    ratio = min(3.0, max(1 / 3, rows / columns))
    height = down * (0.8 * width / across * ratio + 14.0) + 40.0
    figure = _figure(width, min(height, 2000.0))
    grid = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    scale = _scale(chart, grey)
    shown = None
    for number, axes in enumerate(grid):
        if number >= count:
            axes.set_visible(False)
            continue
        shown = _map(axes, panels[number], chart, scale, 0.75 * width / across)
        if chart.titles:
            axes.set_title(chart.titles[number], fontsize=SMALL, pad=3)
        first_column, last_row = number % across == 0, number + across >= count
        axes.set_ylabel(chart.legs[-2] if first_column else "", style=_style(chart.legs[-2]))
        axes.set_xlabel(chart.legs[-1] if last_row else "", style=_style(chart.legs[-1]))
        if count > 1:
            axes.tick_params(labelleft=first_column, labelbottom=last_row)
    if shown is not None and not grey:
        bar = figure.colorbar(shown, ax=list(grid[:count]), shrink=0.8, aspect=26, pad=0.02)
        bar.outline.set_linewidth(0.6)
        bar.ax.tick_params(labelsize=SMALL, width=0.6)
    if chart.title:
        _over(figure, list(grid[:count]), chart.title)
    return figure


def _over(figure: Figure, panels: Sequence[Axes], title: str) -> None:
    """Write a title close above the panels, in their middle, where the layout has left them."""
    from matplotlib.transforms import Bbox

    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    reach = [box for panel in panels if (box := panel.get_tightbbox()) is not None]
    maps = Bbox.union([panel.get_window_extent() for panel in panels])
    points = figure.dpi / 72
    at = ((maps.x0 + maps.x1) / 2, max(box.y1 for box in reach) + TITLE_GAP * points)
    x, y = figure.transFigure.inverted().transform(at)
    figure.text(x, y, title, fontsize=TYPE, ha="center", va="bottom")


def _scale(chart: Chart, grey: bool) -> dict[str, Any]:
    """The colours of a map and the values at their ends; what is -inf is faint grey."""
    from matplotlib.colors import LinearSegmentedColormap

    finite = chart.values[np.isfinite(chart.values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    colours: tuple[str, ...] = PATTERN
    if grey:
        colours = GREYS
    elif chart.signed:
        colours = SIGNED
        high = max(-low, high)
        low = -high
    else:
        low = 0.0
    if not high > low:
        high = low + 1.0
    colourmap = LinearSegmentedColormap.from_list("values", colours, bad=FAINT)
    return {"cmap": colourmap, "vmin": low, "vmax": high}


def _map(axes: Axes, values: NDArray[np.float64], chart: Chart, scale: dict[str, Any], room: float) -> Any:
    """One panel, about ``room`` points wide."""
    rows, columns = values.shape
    aspect: Literal["equal", "auto"] = "equal" if 1 / 3 <= rows / columns <= 3 else "auto"
    masked = np.ma.masked_invalid(values)
    shown = axes.imshow(masked, aspect=aspect, interpolation="nearest", resample=False, **scale)
    high = room * min(3.0, max(1 / 3, rows / columns))
    _ticks(axes.yaxis, chart.ticks.get(chart.legs[-2], ()), rows, high, turned=False)
    _ticks(axes.xaxis, chart.ticks.get(chart.legs[-1], ()), columns, room, turned=True)
    axes.tick_params(length=2, width=0.6)
    return shown


def _style(leg: str) -> str:
    """Single letters stand in italics, as beside the wires of a figure; words upright."""
    return "italic" if len(leg) == 1 else "normal"


def _ticks(axis: Any, words: Sequence[str], size: int, room: float, *, turned: bool) -> None:
    """Words at the entries of a leg that is ``room`` points long, or whole numbers."""
    from matplotlib.ticker import MaxNLocator

    if not words:
        axis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        return
    every = ceil(size * WORD_ROOM / room)
    positions = range(0, size, every)
    texts = [_short(words[position]) for position in positions]
    long = max(map(len, texts)) > 2
    axis.set_ticks(list(positions), texts, rotation=90 if turned and long else 0)


def _short(word: str) -> str:
    """A word as it stands beside an axis: spaces seen, nothing that cannot be printed, not too long."""
    text = "".join(c if c.isprintable() else "·" for c in word.replace("\n", "↵"))
    return text if len(text) <= LONGEST_WORD else text[: LONGEST_WORD - 1] + "…"
