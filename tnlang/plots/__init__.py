"""Plots: values of a net as heat maps and curves, in the colours and type of the figures.

    value of a net (array) --chart--> Chart: an array whose axes are legs --draw--> SVG, PDF or PNG

matplotlib is an extra (``tnlang[plot]``), imported when something is drawn.
"""

from __future__ import annotations

from tnlang.plots.chart import Chart, chart
from tnlang.plots.draw import KINDS, MissingMatplotlib, draw
from tnlang.plots.legs import cache_key, legs_of, value_names

__all__ = ["KINDS", "Chart", "MissingMatplotlib", "cache_key", "chart", "draw", "legs_of", "value_names"]
