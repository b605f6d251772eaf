r"""The saddle point behind :func:`tdist.exponents.mismatched`: two distributions tilted by one
function of f until their means of f meet.

For 0 < s < 1 and t = z eta, :math:`V(s) = \max_\eta -[s \Lambda_1((1-s)t) + (1-s) \Lambda_2(-st)]`
is concave in s, and its largest value is the exponent. Every (s, eta) gives a lower bound of it;
the divergences of the two tilted distributions, once their means are equal, an upper one.
"""

import numpy as np
from scipy.linalg import qr, solve_triangular
from scipy.optimize import brentq, linprog

EPS, TINY = np.finfo(float).eps, np.finfo(float).tiny
STEPS, PATIENCE = 3000, 10  # of Newton's method; and how many may pass without a gain
FAR = 1e140  # root of Newton's longest step: beyond, it leaves float64
CLOSED = 1e-6  # largest difference of the bounds, as a share of the exponent


def saddle(z, heavy, p1, p2, lost1, lost2):
    """The best tilts: (exponent, s, q1, q2) with the tilted distributions q1 and q2.

    z (n, k) with zeros in the row of the heaviest symbol, and p1, p2 (n,) with the masses 1 - lost1
    and 1 - lost2.

    Raises
    ------
    ArithmeticError
        If the search ends with its two bounds apart.
    """
    sides = [_Side(z, p, lost) for p, lost in ((p1, lost1), (p2, lost2))]
    both = (p1 > 0) & (p2 > 0)
    start = np.zeros(z.shape[1])
    if both[heavy]:  # the best t of all is log p2 / p1: begin with what z can say of it
        llr = sides[1].log_p[both] - sides[0].log_p[both]
        start = np.linalg.lstsq(z[both], llr - (sides[1].log_p - sides[0].log_p)[heavy])[0]
    solved = {}

    def slope(s):  # the derivative of V; it falls
        if s not in solved:
            begin = solved[min(solved, key=lambda known: abs(known - s))].eta if solved else start
            solved[s] = _meet(s, begin, z, *sides)
        return solved[s].first - solved[s].second

    # from 1/2 towards the end where the slope changes sign; it may not, if a support had to be cut
    up = slope(0.5) >= 0
    ends = [1 - 4.0**-i if up else 4.0**-i for i in range(1, 16)]
    end = next((s for s in ends if (slope(s) < 0) == up), None)
    if end is not None:
        unit = max(abs(slope(0.5)), abs(slope(end)))  # products of slopes may underflow
        slope(brentq(lambda s: slope(s) / unit, 0.5, end, xtol=1e-15))
    root = max(solved, key=lambda s: solved[s].value)
    best = solved[root]
    bound = min((max(m.first, m.second) for m in solved.values()
                 if m.apart <= CLOSED * best.value), default=np.inf)
    if not (best.value > 0 and abs(bound - best.value) <= CLOSED * best.value):
        raise ArithmeticError(
            f"no exponent was found: it is at least {best.value:.3g} nats, at a tilt of "
            f"{root:.3g}, and at most {bound:.3g}. Probabilities or values of f that differ by too "
            "many orders of magnitude do this: merge symbols that f hardly tells apart, or give "
            "fewer features")
    return best.value, root, best.q1, best.q2


class _Side:
    """One distribution p (n,), of mass 1 - lost, and what its tilts are like."""

    def __init__(self, z, p, lost):
        self.z, self.p, self.lost = z, p, lost
        self.log_p = np.log(p, where=p > 0, out=np.full(len(p), -np.inf))

    def tilt(self, t):
        """log of the sum of p e^t, and that of the tilted q (n,); t is 0 at the heaviest symbol."""
        raised = self.log_p + t
        whole = np.logaddexp.reduce(raised)
        # p (e^t - 1): where the sum is close to 1, log1p keeps its digits
        with np.errstate(over="ignore"):
            near = np.where(t < 1, self.p * np.expm1(np.minimum(t, 1)), np.exp(raised) - self.p)
        gap = near.sum() - self.lost
        return np.log1p(gap) if abs(gap) < 0.5 else whole, raised - whole

    def mean(self, q):
        """Mean of z under q, as the symbol that weighs most and the way from it (k,), whose digits
        the mean itself would lose; and the rows (n, k) that the mean leaves of z."""
        top = int(np.argmax(q))
        away = self.z - self.z[top]
        way = q @ away
        return top, way, away - way


class _Meeting:
    """Tilts for one s: eta, the value and both divergences of the tilted q1 and q2."""

    def __init__(self, s, eta, z, one, two):
        t = z @ eta
        self.eta = eta
        (l1, self.log_q1), (l2, self.log_q2) = one.tilt((1 - s) * t), two.tilt(-s * t)
        self.q1, self.q2 = np.exp(self.log_q1), np.exp(self.log_q2)
        self.value = -(s * l1 + (1 - s) * l2)
        self.first = (1 - s) * (self.q1 @ t) - l1  # D(q1 || p1)
        self.second = -s * (self.q2 @ t) - l2
        (top1, way1, rest1), (top2, way2, rest2) = one.mean(self.q1), two.mean(self.q2)
        self.lacks = z[top2] - z[top1] + (way2 - way1)  # (k,) the gradient is s (1-s) times this
        self.apart = s * (1 - s) * abs(eta @ self.lacks)
        self.rows = np.concatenate([np.sqrt((1 - s) * self.q1)[:, None] * rest1,
                                    np.sqrt(s * self.q2)[:, None] * rest2])  # (2n, k)


def _meet(s, eta, z, one, two):
    """Newton's method for the largest value at s, with strides that always gain."""
    def at(eta):
        return _Meeting(s, eta, z, one, two)

    best = now = max(at(eta), at(np.zeros_like(eta)), key=lambda meeting: meeting.value)
    waited = 0
    for _ in range(STEPS):
        step = _solve(now.rows, now.lacks)
        gain = s * (1 - s) * (now.lacks @ step)
        if waited > PATIENCE:
            break
        stride, spread = _stride(s, z @ step, gain, now)
        last = spread < 0.5 and gain <= 1e-15 * abs(best.value)
        now = at(now.eta + stride * step)
        waited = 0 if now.value > best.value * (1 + 4 * EPS) else waited + 1
        if now.value >= best.value * (1 - 4 * EPS):
            best = now
        if last:
            break
    return best


def _stride(s, t, gain, now):
    """How far to go along a direction t (n,) of slope `gain`, and the range of the exponents at a
    stride of 1. What a sum of exponentials bends by there is at most sum q d^2 e^(stride d) with d
    the way of an exponent from its mean: the stride at which this bound has used up the slope, to a
    factor of 2, always gains. Exponents may fall far, but none may rise above the others."""
    ways = [side * (t - q @ t) for side, q in ((1 - s, now.q1), (-s, now.q2))]
    parts = list(zip((s, 1 - s), ways, (now.log_q1, now.log_q2), strict=True))
    spread = max(np.ptp(d[log_q > -np.inf]) for _, d, log_q in parts)
    if spread < 0.5:
        return 1.0, spread

    def spent(stride):
        with np.errstate(over="ignore"):
            return sum(weight * (d @ (np.exp(log_q + stride * d) - np.exp(log_q)))
                       for weight, d, log_q in parts)

    stride = np.log1p(spread) / spread
    while spent(2 * stride) < gain and stride < 1e9:
        stride *= 2
    return stride, spread


def _solve(rows, right):
    """(rows^T rows)^-1 right. Rows in falling order and pivoted columns keep the digits of rows
    that differ by many orders of magnitude; where there is next to no curvature the step is FAR
    squared."""
    rows = rows[np.argsort(-np.abs(rows).max(1))]
    triangle, order = qr(rows, mode="r", pivoting=True, check_finite=False)
    triangle = triangle[: len(right)]
    diagonal = np.diag(triangle)
    flat = max(np.sqrt(np.abs(right).max()) / FAR, TINY)
    np.fill_diagonal(triangle, np.where(np.abs(diagonal) < flat, flat, diagonal))
    step = np.empty_like(right)
    step[order] = solve_triangular(triangle, solve_triangular(triangle, right[order], trans="T"))
    return step


def coordinates(f, heavy):
    """f (n, k) in coordinates z (n, rank), of one size and none idle, with zeros at row `heavy`.

    A column that is constant up to the rounding of its own values has no part in it."""
    largest = np.abs(f).max(0)
    largest[largest == 0] = 1
    away = f / largest - f[heavy] / largest  # no overflow at 1e308
    size = np.abs(away).max(0)
    live = size > 8 * EPS
    if not live.any():
        return np.zeros((len(f), 0))
    away = away[:, live] / size[live]
    _, spread, vt = np.linalg.svd(away - away.mean(0), full_matrices=False)
    keep = spread > EPS * max(f.shape) * spread[0]
    return away @ (vt[keep].T / spread[keep])


def usable(f, seen1, seen2):
    """Which symbols (masks) of two supports can take part in a common mean of f; none if no mean is
    common.

    They span the smallest faces of the two convex hulls that hold every common mean; with only them
    the maximum over tilts is attained. f is (n, k)."""
    if seen1.all() and seen2.all():
        return seen1, seen2
    if f.shape[1] == 1:
        return _usable_line(f[:, 0], seen1, seen2)
    points = np.hstack([coordinates(f, 0), np.ones((len(f), 1))])
    rows = np.hstack([points[seen1].T, -points[seen2].T])
    # weights u + w of the symbols, of any total, with one mean under both; as many as possible of
    # the u at 1
    size = rows.shape[1]
    found = linprog(np.r_[-np.ones(size), np.zeros(size)], A_eq=np.hstack([rows, rows]),
                    b_eq=np.zeros(len(rows)), bounds=[(0, 1)] * size + [(0, None)] * size)
    if not found.success:
        raise ArithmeticError(f"no common mean of f was found: {found.message}")
    used = found.x[:size] > 0.5
    used1, used2 = np.zeros_like(seen1), np.zeros_like(seen2)
    used1[seen1], used2[seen2] = used[: seen1.sum()], used[seen1.sum() :]
    return used1, used2


def _usable_line(f, seen1, seen2):
    """The same for one feature f (n,), where hulls are intervals and no tolerance is needed."""
    lows, highs = zip(*((f[seen].min(), f[seen].max()) for seen in (seen1, seen2)), strict=True)
    low, high = max(lows), min(highs)
    if low < high:
        return seen1, seen2
    # at most one common mean; where it is an end of an interval, only the symbols there have it
    return tuple(seen & (low == high) & ((f == low) | (a < low < b))
                 for seen, a, b in zip((seen1, seen2), lows, highs, strict=True))
