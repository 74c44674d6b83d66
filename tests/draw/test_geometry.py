"""Paths and curves: their shapes, their measures, and what must hold whatever the numbers are."""

from __future__ import annotations

from math import hypot, isclose, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnlang.draw import curves
from tnlang.draw import geometry as g

number = st.floats(-500, 500).map(lambda value: round(value, 2))
point = st.tuples(number, number)


def test_a_circle_is_round_to_a_thousandth():
    for x, y in g.flatten(g.circle((3.0, -2.0), 20.0), 1.0):
        assert isclose(hypot(x - 3, y + 2), 20, rel_tol=1e-3)
    assert isclose(g.length(g.circle((0, 0), 20)), 2 * pi * 20, rel_tol=2e-3)


def test_boxes_of_outlines():
    assert g.bbox(g.rounded(g.Box(0, 0, 60, 40), 30)) == g.Box(0, 0, 60, 40)
    triangle = g.bbox(g.triangle((0, 0), g.UP))
    assert triangle.width <= 48 and triangle.height <= 46
    assert isclose(triangle.bottom, 23) and triangle.top > -23  # the tip is rounded, the edge is not
    assert g.bbox(g.stadium(g.Box(0, 0, 100, 40))) == g.Box(0, 0, 100, 40)


@given(point, st.sampled_from([90.0, 180.0, 270.0, 360.0]))
def test_turning_by_right_angles_is_exact(at, angle):
    line = curves.straight((0.0, 0.0), (10.0, 0.0))
    turned = g.turn(line, angle, at)
    back = g.turn(turned, -angle, at)
    assert all(isclose(a, b, abs_tol=1e-9) for a, b in zip(back.end, line.end, strict=True))
    assert isclose(g.length(turned), 10, abs_tol=1e-9)


@given(point, point, number)
def test_moving_and_reversing_keep_the_curve(a, b, shift):
    path = curves.cubic(a, g.RIGHT, b, g.LEFT)
    moved = g.move(path, (shift, 0.0))
    assert isclose(g.length(moved), g.length(path), abs_tol=1e-6)
    back = g.reverse(path)
    assert back.start == path.end and back.end == path.start
    assert g.reverse(back) == path


def test_tracks_turn_in_quarter_circles():
    track = curves.track(((0, 0), (100, 0), (100, 80)), 24)
    arc = 24 * pi / 2
    assert isclose(g.length(track), 76 + arc + 56, rel_tol=1e-3)
    assert curves.track(((0, 0), (10, 0), (10, 8)), 24).end == (10, 8)  # a radius that does not fit is cut
    assert curves.track(((0, 0), (50, 0), (100, 0))).segments == (curves.LineTo((100, 0)),)


def test_cubics_leave_and_arrive_along_their_normals():
    path = curves.cubic((0, 0), g.RIGHT, (100, 60), g.UP)
    assert g.point_at(path, 0)[1][0] > 0.99
    assert g.point_at(path, 1)[1][1] > 0.99
    assert curves.cubic((0, 0), g.RIGHT, (80, 0), g.LEFT) == curves.straight((0, 0), (80, 0))


def test_u_turns_are_half_circles():
    path = curves.u_turn((0, 0), g.RIGHT, (30, 40))
    assert isclose(g.length(path), 30 + pi * 20, rel_tol=1e-3)
    assert isclose(g.bbox(path).right, 50, abs_tol=0.01)


def test_arcs_lie_on_their_circle():
    arc = curves.arc((0, 0), 44, 180, 360)
    assert all(isclose(hypot(*p), 44, rel_tol=1e-3) for p in g.flatten(arc))
    assert g.bbox(arc).top < -43.9  # clockwise on the screen from the left: over the top


def test_caps_meet_a_dot_on_one_tangent():
    left = curves.cap((0, 0), g.DOWN, (40, 50), g.RIGHT)
    right = curves.cap((80, 0), g.DOWN, (40, 50), g.LEFT)
    assert g.point_at(left, 1)[1][0] > 0.99
    assert g.point_at(right, 1)[1][0] < -0.99


def test_the_members_of_a_fork_begin_side_by_side():
    paths = curves.fork((0, 0), g.RIGHT, [((60, -20), g.LEFT), ((60, 20), g.LEFT)], [2.0, 4.0])
    assert [path.start for path in paths] == [(0, -2.0), (0, 1.0)]
    assert [path.end for path in paths] == [(60, -20), (60, 20)]


def test_crossings_and_their_angles():
    found = g.crossings(curves.straight((0, 0), (10, 10)), curves.straight((0, 10), (10, 0)))
    assert len(found) == 1
    assert found[0][0] == pytest.approx((5, 5))
    assert found[0][1] == pytest.approx(90)
    assert g.crossings(curves.straight((0, 0), (10, 0)), curves.straight((0, 0), (10, 0))) == ()
    assert len(g.crossings(curves.straight((-30, 0), (30, 0)), g.circle((0, 0), 20))) == 2


def test_inside_and_distance():
    circle = g.circle((0, 0), 20)
    assert g.contains(circle, (14, 13)) and not g.contains(circle, (15, 15))
    assert g.distance_to(circle, (30, 0)) == pytest.approx(10)
    assert g.distance_to(circle, (0, 0)) == pytest.approx(20, rel=0.02)


def test_points_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="a path runs through"):
        g.flatten(curves.cubic((0, 0), g.RIGHT, (float("nan"), 0), g.UP))
