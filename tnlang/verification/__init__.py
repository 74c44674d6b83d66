"""Reading a picture back: the network that its curves draw, its value, and the program's."""

from tnlang.verification.compare import Report, Verifier, source_of, verify
from tnlang.verification.svg import Unreadable

__all__ = ["Report", "Unreadable", "Verifier", "source_of", "verify"]
