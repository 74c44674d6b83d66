"""tnlang: index notation that is a picture and a PyTorch module.

``tnlang.load`` reads a .tn text or file; everything else hangs on the Program it gives back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tnlang.source import Diagnostic, TnError, ValueMismatch

if TYPE_CHECKING:
    from tnlang.api import FigureHandle, NetHandle, Program, load, verify

__version__ = "0.1.0"
__all__ = ["Diagnostic", "FigureHandle", "NetHandle", "Program", "TnError", "ValueMismatch", "load", "verify"]

_FROM_API = frozenset({"FigureHandle", "NetHandle", "Program", "load", "verify"})


def __getattr__(name: str) -> object:
    # The parser and the layout are loaded when first asked for: the command line starts without them.
    if name in _FROM_API:
        from tnlang import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
