"""tnlang: index notation that is a picture and a PyTorch module.

``tnlang.load`` reads a .tn text or file; everything else hangs on the Program it gives back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tnlang.source import Diagnostic, TnError, ValueMismatch

if TYPE_CHECKING:
    from tnlang.api import Program, load, verify
    from tnlang.handles import FigureHandle, NetHandle

__version__ = "0.1.0"
__all__ = ["Diagnostic", "FigureHandle", "NetHandle", "Program", "TnError", "ValueMismatch", "load", "verify"]

_FROM = {
    "FigureHandle": "handles",
    "NetHandle": "handles",
    "Program": "api",
    "load": "api",
    "verify": "api",
}


def __getattr__(name: str) -> object:
    # The parser and the layout are loaded when first asked for: the command line starts without them.
    if name in _FROM:
        from importlib import import_module

        return getattr(import_module(f"tnlang.{_FROM[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
