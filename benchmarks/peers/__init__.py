"""Pictures of the same networks by tnlang and by other programs, side by side, with counted blemishes.

    python -m benchmarks.peers build/peers

needs the peers from PyPI beside tnlang itself: ``pip install -r benchmarks/peers/requirements.txt``.
tensorgrad also wants ``lualatex`` on PATH and torchview graphviz's ``dot``. A peer that is not there is
left out, and the page says so. This is no part of the test run.
"""
