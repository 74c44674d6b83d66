"""What a declaration's properties say of its legs."""

from __future__ import annotations

from tnlang.ir.net import Property

ISOMETRIES = ("isometry", "unitary", "orthogonal")
"""The properties of a matrix that its conjugate cancels, on one side or on both."""


def sides(prop: Property, axes: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The legs of a tensor as the rows and columns of a matrix.

    Those in the brackets of an isometry or unitary are the columns, of an orthogonal matrix the row and the
    column; without brackets the second half are columns.
    """
    columns = prop.legs or tuple(range(axes // 2, axes))
    if prop.name == "orthogonal" and len(prop.legs) == 2:
        columns = prop.legs[1:]
    return tuple(axis for axis in range(axes) if axis not in columns), columns
