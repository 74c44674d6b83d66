"""The command line: a file for each command, loaded when it is called."""

from tnlang.cli.app import main

__all__ = ["main"]
