"""expand: legs as sums over their entries, values as the terms that they are a sum of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.elaborate.notation import codes, elaborated, net, said
from tests.strategies import Case, programs
from tests.transforms.fixtures import check, fixtures, same_values
from tnlang.ir.check import violations
from tnlang.ir.net import Bind, Call, StreamSet
from tnlang.ir.program import Program
from tnlang.ir.slots import called
from tnlang.ir.walk import statements
from tnlang.reference import execute
from tnlang.transforms import Request, Step, TransformError, transform_of
from tnlang.transforms.expand.legs import summed_wires


@pytest.mark.parametrize("path", fixtures("expand"), ids=lambda path: path.stem)
def test_fixture(path: Path) -> None:
    check(path)


def _expandable(program: Program, name: str) -> Iterator[str]:
    """The names of a net and of those below that can be asked for: values, and legs that are summed."""
    for one in called(program, program.net(name)):
        for statement in statements(one.body):
            if isinstance(statement, Bind | StreamSet):
                yield statement.target.name
                yield from (wire.name for wire in summed_wires(statement.body))


@settings(max_examples=40)
@given(programs())
def test_what_is_expanded_keeps_its_value(case: Case) -> None:
    program = elaborated(case.text)
    for name in sorted(set(_expandable(program, case.net))):
        try:
            nets = transform_of("expand")(Request(program, "new", case.net, ((Step(name),),)))
        except TransformError:
            continue
        changed = replace(program, nets=(*program.nets, *nets))
        assert violations(changed) == [], f"{name}\n{case.text}"
        found = execute(changed, "new", case.inputs, case.parameters).outputs
        case.close(found, case.outputs)


MODEL = """
dim seq, hidden = 4, layer = 3
net attention(x[seq, hidden]) -> y[seq, hidden] {
    param W[hidden, hidden]
    A[q, k] = softmax[k](x[q, d] x[k, d])
    y[q, o] = A[q, k] W[o, i] x[k, i]
}
net model(x[seq, hidden]) -> y[seq, hidden] {
    stream r = x
    repeat l in 0..layer { r += attention(r) }
    y = r
}
"""


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("net f = expand(model, h)", "TN902"),
        ("net f = expand(model, attention{7}.k)", "TN902"),
        ("net f = expand(model, r)", "TN903"),
        ("net f = expand(model)", "TN903"),
        ("net f = expand(model, k, o)", "TN903"),
        ("net f = expand(model, k, rank = 2)", "TN903"),
    ],
)
def test_what_is_refused(line: str, code: str) -> None:
    assert codes(MODEL + line) == [code]


def test_a_name_that_is_nothing_gets_a_hint() -> None:
    assert "did you mean A?" in said(MODEL + "net f = expand(model, AA)")
    assert "sums no such leg" in said(MODEL + "net f = expand(model, attention{7}.k)")


def test_one_turn_of_a_repeat_is_expanded_by_itself() -> None:
    text = MODEL.replace("dim seq,", "dim seq = 3,") + "net f = expand(model, attention{1}.k)"
    program = elaborated(text)
    calls = [s for s in statements(program.net("f").body) if isinstance(s, Call)]
    assert [s.net == "attention" for s in calls] == [True, False, True]
    same_values(program, "model", "f")


def test_the_variables_of_one_sum_have_names_of_their_own() -> None:
    text = """
    dim n = 2, m = 3
    net f(x[n]) -> y[n] {
        param A[n, m], B[m, n]
        r[i] = A[i, j] B[j, k] x[k]
        y[i] = A[i, j] B[j, k] r[k] + r[i]
    }
    net g = expand(expand(f, r), m)
    """
    assert net(text, "g") == [
        "y[i] = sum j in 0..m, j' in 0..m {Σk,k A[i, j] B[j, k] A[k, j'] B[j', k] x[k]} "
        "+ sum j in 0..m {Σk A[i, j] B[j, k] x[k]}"
    ]


def test_a_stream_is_read_as_it_was() -> None:
    """A definition that read a stream is written with the value it read, also after the stream went on."""
    text = """
    dim n = 2
    net f(x[n]) -> y[n] { stream r = x; a[i] = r[i] + 1; r[i] += x[i]; y[i] = a[i] r[i] }
    """
    assert net(text + "net g = expand(f, a)", "g")[2] == "y[i] = r{0}[i] r[i] + 1 r[i]"


def test_a_family_picked_by_a_sum_is_written_out() -> None:
    text = (
        "dim n = 3\nparam A{k: 0..2}[n, m: n]\n"
        "net s(x[n]) -> y[n] { stream r = x; r[i] += sum k in 0..2 { A{k}[i, j] r[j] }; y = r }\n"
        "net e = expand(s, paths)\n"
    )
    assert net(text, "e")[1] == "r.1'[i] = Σj A{0}[i, j] direct[j] + Σj A{1}[i, j] direct[j]"
    same_values(elaborated(text), "s", "e")
