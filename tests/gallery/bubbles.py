"""Section 3, networks with bubbles: what each picture shows, written by hand."""

from __future__ import annotations
