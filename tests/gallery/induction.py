"""Section 4, the induction head: what each picture shows, written by hand."""

from __future__ import annotations
