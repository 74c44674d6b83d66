"""Backbones: residual streams straight down, their blocks beside them.

``graph`` finds the parts beside a stream, ``grid`` their rows by ``steps`` along lines, ``rows`` and
``place`` their coordinates, ``embed`` what is above and below, ``values`` what only makes a value, ``plates``
the outlines of repeats; ``spine`` puts one backbone together, ``abreast`` several beside one another,
``scene`` the picture; ``sides``, ``port``, ``wires``, ``ribbons`` and ``names`` lead and name the other
lines; ``gauge`` measures, ``drawn`` holds what has its place, ``ink`` draws it.
"""
