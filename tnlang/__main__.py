"""``python -m tnlang`` is the ``tnlang`` command."""

from tnlang.cli import main

if __name__ == "__main__":
    main()
