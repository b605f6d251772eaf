"""The parts of the search behind mismatched exponents, each by itself: sums, slopes and curvatures
by differences, strides by quadrature, linear systems in exact arithmetic."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import log_softmax, logsumexp

from tdist import tilting
from tdist.exponents import chernoff, mismatched
from tdist.tilting import _meet, _Meeting, _Side, _solve, _stride, coordinates, usable


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("t", [[0, 3, -2, 40], [0, 2000, -900, 5], [0, -0.7, 0.9, 2]])
def test_a_tilt_is_a_softmax(t):
    p = np.array([0.5, 1e-300, 0.5, 0])
    whole, log_q = _Side(np.zeros((4, 1)), p, 0.0).tilt(np.array(t, float))
    logs = np.log(p[:3]) + t[:3]
    assert whole == pytest.approx(logsumexp(logs), rel=1e-13, abs=1e-15)
    assert np.allclose(log_q[:3], log_softmax(logs), rtol=1e-13, atol=1e-13)
    assert log_q[3] == -np.inf
    rare, _ = _Side(np.zeros((2, 1)), np.array([1e-30, 1]), 0.0).tilt(np.array([0, -80.0]))
    assert rare == pytest.approx(np.log(1e-30 + np.exp(-80)), rel=1e-14)


@pytest.mark.parametrize("lost", [0.0, 1e-13])
def test_a_small_tilt_keeps_its_digits(lost):
    p, t = np.array([0.25, 0.25, 0.5, 0]), np.array([0, 1e-9, 3e-9, 2])
    found, _ = _Side(np.zeros((4, 1)), p, lost).tilt(t)
    gap = 1.75e-9 + 0.125e-18 + 2.25e-18 - lost  # the sum of p t + p t^2 / 2
    assert found == pytest.approx(gap - gap**2 / 2, rel=1e-15, abs=0)


def two_sides(rng, n=6, k=2, lost=0.1):
    """Coordinates and two distributions; the second never gives the last symbol."""
    p1, p2 = rng.dirichlet(np.ones(n), size=2)
    p1, p2 = p1 * (1 - lost), np.where(np.arange(n) < n - 1, p2, 0)
    z = rng.standard_normal((n, k))
    return z, _Side(z, p1, lost), _Side(z, p2, 1 - p2.sum())


@pytest.mark.parametrize("s", [0.5, 0.2, 0.9])
def test_slopes_and_curvatures_of_the_bound_are_those_of_differences(rng, s):
    """V(eta) = -(s L1((1-s)t) + (1-s) L2(-st)): gradient s(1-s) lacks, minus Hessian s(1-s) times
    the rows' Gram matrix; D(q || p) from its sum."""
    z, one, two = two_sides(rng)
    eta, h = np.array([0.4, -0.9]), 1e-5

    def at(eta):
        return _Meeting(s, eta, z, one, two)

    def value(eta):
        l1, l2 = (logsumexp(side * (z @ eta), b=p) for side, p in ((1 - s, one.p), (-s, two.p)))
        return -(s * l1 + (1 - s) * l2)

    now, steps = at(eta), h * np.eye(2)
    slope = [(value(eta + step) - value(eta - step)) / (2 * h) for step in steps]
    bend = [(at(eta - step).lacks - at(eta + step).lacks) / (2 * h) for step in steps]
    assert now.value == pytest.approx(value(eta), rel=1e-13)
    assert s * (1 - s) * now.lacks == pytest.approx(slope, rel=1e-8)
    assert np.allclose(now.rows.T @ now.rows, bend, rtol=1e-8)
    assert now.apart == pytest.approx(abs(eta @ slope), rel=1e-7)
    for found, q, p in ((now.first, now.q1, one.p), (now.second, now.q2, two.p)):
        live = p > 0
        assert q.sum() == pytest.approx(1) and not q[~live].any()
        assert found == pytest.approx(np.sum(q[live] * np.log(q[live] / p[live])), rel=1e-12)


@pytest.mark.parametrize("s", [0.5, 0.1, 0.99])
@pytest.mark.parametrize("gap", [1e-7, 1, 60, 200])
def test_the_search_ends_where_the_slope_does(gap, s, monkeypatch):
    """With masses down to e^-690, in few looks, by itself."""
    looks = []
    monkeypatch.setattr(tilting, "_Meeting", lambda *args: looks.append(1) or _Meeting(*args))
    for seed in range(6):
        rng = np.random.default_rng(seed)
        logs = np.maximum(log_softmax(gap * rng.standard_normal((2, 6)), axis=1), -690)
        z = rng.standard_normal((6, 3))
        one, two = (_Side(z, p, 0.0) for p in np.exp(logs))
        looks.clear()
        best = _meet(s, np.zeros(3), z, one, two)
        assert len(looks) < 80
        assert gap < 1 or best.apart <= 1e-12 * max(best.value, 1e-3)


def spent(s, t, now, stride):
    """What the slope loses on the way by the bound sum q d^2 e^(stride d), by quadrature."""
    total = 0.0
    for weight, side, log_q in ((s, 1 - s, now.log_q1), (1 - s, -s, now.log_q2)):
        q = np.exp(log_q)
        d = side * (t - q @ t)
        total += weight * quad(lambda u, d=d, q=q: q @ (d**2 * np.exp(u * d)), 0, stride)[0]
    return total


def met(q1, q2):
    with np.errstate(divide="ignore"):
        return SimpleNamespace(q1=q1, q2=q2, log_q1=np.log(q1), log_q2=np.log(q2))


def newton(s, t, now):
    """The slope along t if it is a step of Newton's method: the curvature there."""
    return sum(weight * side**2 * (q @ t**2 - (q @ t)**2)
               for weight, side, q in ((s, 1 - s, now.q1), (1 - s, s, now.q2)))


def test_a_stride_uses_up_the_slope_to_a_factor_of_2(rng):
    for size in [1.0, 1.6, *10.0 ** rng.uniform(0, 2, 60)]:
        s, t = rng.uniform(0.1, 0.9), rng.standard_normal(5)
        t *= size / np.ptp(t)
        now = met(rng.dirichlet(np.full(5, 0.3)), rng.dirichlet(np.full(5, 0.3)))
        gain = newton(s, t, now)
        stride, spread = _stride(s, t, gain, now)
        assert spread == pytest.approx(max(s, 1 - s) * size)
        if spread < 0.5:
            assert stride == 1
        else:
            assert spent(s, t, now, stride) <= gain * (1 + 1e-9)
            assert gain * (1 - 1e-9) <= spent(s, t, now, 2 * stride)


def test_symbols_that_cannot_be_do_not_shorten_a_stride(rng):
    s, t = 0.5, np.array([0.0, 1.0, 2.0, 5.0])
    now = met(np.array([0.2, 0.3, 0.5, 0]), np.array([0.6, 0.1, 0.3, 0]))
    shorter = met(now.q1[:3], now.q2[:3])
    gain = newton(s, t, now)
    assert _stride(s, t, gain, now) == _stride(s, t[:3], gain, shorter)
    assert _stride(s, t, gain, now)[1] == 1
    assert _stride(s, t / 3, gain / 9, now)[0] == 1  # a spread below 1/2


def test_a_stride_may_reach_a_symbol_of_no_mass_and_no_further():
    """q = e^-1500, less than the least float, until the exponent has risen by about as much."""
    log_q = np.array([0.0, -1500.0])
    now = SimpleNamespace(q1=np.array([1.0, 0]), q2=np.array([1.0, 0]), log_q1=log_q, log_q2=log_q)
    stride, _ = _stride(0.5, np.array([0.0, 2.0]), 1e-3, now)
    assert 750 < stride < 1500 < 2 * stride
    now.log_q2 = np.array([0.0, -np.inf])
    stride, _ = _stride(0.5, np.array([0.0, -2.0]), 1e-3, now)
    assert 1e9 <= stride < 2e9  # nothing ever rises


def exactly(rows, right):
    """(rows^T rows)^-1 right in fractions."""
    rows = [[Fraction(value) for value in row] for row in rows.tolist()]
    k = len(right)
    table = [[sum(row[i] * row[j] for row in rows) for j in range(k)] + [Fraction(right[i])]
             for i in range(k)]
    for i in range(k):
        pivot = table[i] = [value / table[i][i] for value in table[i]]
        for j in set(range(k)) - {i}:
            table[j] = [a - table[j][i] * b for a, b in zip(table[j], pivot, strict=True)]
    return np.array([float(row[-1]) for row in table])


@pytest.mark.parametrize("fall", [0, 10, 100])
def test_a_system_of_rows_of_many_orders_of_magnitude(rng, fall):
    for _ in range(10):
        rows = rng.standard_normal((6, 3)) * 10.0 ** -(fall * np.arange(6)[::-1, None] / 6)
        right = rng.standard_normal(3)
        assert np.allclose(_solve(rows, right), exactly(rows, right), rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-150, 1e-155, 1e60])
def test_a_system_whose_squares_are_near_the_ends_of_the_range(rng, unit):
    rows, right = rng.standard_normal((6, 3)), rng.standard_normal(3)
    assert np.allclose(_solve(unit * rows, unit * (unit * right)), _solve(rows, right), rtol=1e-9)


@pytest.mark.parametrize("right", [2.0, 1e-300])
def test_a_direction_without_curvature_has_the_longest_step(right):
    rows = np.sqrt(right / 2) * np.array([[0.5, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert _solve(rows, np.array([right, 0])) == pytest.approx([8.0, 0.0])
    assert _solve(rows, np.array([0, right])) == pytest.approx([0.0, tilting.FAR**2])
    assert _solve(0 * rows, np.zeros(2)) == pytest.approx([0.0, 0.0])


def test_coordinates_are_of_one_size_and_tell_what_f_tells(rng):
    x, y = rng.standard_normal((2, 9))
    f = np.column_stack([x, np.full(9, 0.1), 1e9 + y, np.zeros(9), 3 * x - 1])
    for heavy in (0, 4):
        z = coordinates(f, heavy)
        assert z.shape == (9, 2) and not z[heavy].any()
        assert np.allclose((z - z.mean(0)).T @ (z - z.mean(0)), np.eye(2), atol=1e-12)
        for told in (x, y):
            design = np.column_stack([z, np.ones(9)])
            assert np.allclose(design @ np.linalg.lstsq(design, told)[0], told, atol=1e-6)
    assert coordinates(f[:, [1, 3]], 2).shape == (9, 0)
    assert coordinates(x[:, None] * rng.standard_normal(50), 0).shape == (9, 1)  # of rank 1


def test_intervals_that_nearly_touch_have_no_common_mean():
    f, seen = np.array([[0.0], [1.0], [1 + 1e-12], [2.0]]), np.array([True, True, False, False])
    assert not np.any(usable(f, seen, ~seen))


def test_a_search_that_begins_at_its_end_takes_one_step(rng, monkeypatch):
    """Where f can say log p2 / p1, its best tilt is known before the search."""
    monkeypatch.setattr(tilting, "STEPS", 1)
    for far in (1, 5):
        p1, p2 = np.exp(log_softmax(far * rng.standard_normal((2, 6)), axis=1))
        for f in (np.log(p1 / p2), np.eye(6)):
            assert float(mismatched(f, p1, p2)) == pytest.approx(float(chernoff(p1, p2)), rel=1e-9)


def test_an_exponent_below_the_least_float_is_no_answer():
    with pytest.raises(ArithmeticError, match="no exponent was found"):
        mismatched([0, 1], [5e-324, 1], [1e-323, 1])
