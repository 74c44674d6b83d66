"""Running generated sources as modules."""

from __future__ import annotations

import inspect
import pickle
import sys
import traceback

import pytest

from tnlang.generated import execute

SOURCE = "class Net:\n    def f(self):\n        return 1 / 0\n"


def test_the_same_source_is_the_same_module_and_another_one_is_not():
    assert execute(SOURCE, "net") is execute(SOURCE, "net")
    assert execute(SOURCE, "net").Net is not execute(SOURCE + "\n", "net").Net


def test_a_class_can_be_pickled_and_its_source_be_read():
    net = execute(SOURCE, "net").Net()
    assert type(pickle.loads(pickle.dumps(net))) is type(net)
    assert inspect.getsource(type(net)).startswith("class Net:")
    with pytest.raises(ZeroDivisionError) as caught:
        net.f()
    assert "return 1 / 0" in "".join(traceback.format_exception(caught.value))


def test_a_source_that_fails_leaves_no_module():
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        execute("1 / 0", "broken")
    assert set(sys.modules) == before
