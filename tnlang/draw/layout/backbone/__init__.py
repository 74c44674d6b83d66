"""Backbones: residual streams straight down, their blocks beside them.

``graph`` finds the parts beside a stream, ``grid`` their rows, ``rows`` and ``place`` their coordinates,
``embed`` what is above and below; ``spine`` puts one backbone together and ``scene`` all of them; ``port``,
``wires`` and ``names`` lead and name the other lines; ``gauge`` measures, ``drawn`` holds what has its place,
``ink`` draws it.
"""
