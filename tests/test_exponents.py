"""Error exponents against closed forms, other optimisers and sums over every sample."""

import itertools
from math import comb

import numpy as np
import pytest
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.stats import binom

from tdist.exponents import chernoff, log_error_probability, mismatched, types
from tdist.hgr import whiten
from tdist.joint import directions, perturb

P0 = np.array([0.30, 0.25, 0.20, 0.15, 0.10])
Q1, Q2 = np.array([0.50, 0.30, 0.20]), np.array([0.36, 0.30, 0.34])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def divergence(p, q):
    return np.sum(p * np.log(p / q))


def order(exponents, claims, epsilon):
    """Slope of log |exponent - claim| against log epsilon between the last two points."""
    errors = np.abs(np.array(exponents, float) - claims)
    return np.log(errors[-2] / errors[-1]) / np.log(epsilon[-2] / epsilon[-1])


# Chernoff information


@pytest.mark.parametrize("p", [0.5, 0.4, 0.1, 1e-3])
def test_chernoff_of_mirrored_coins(p):
    c = chernoff([p, 1 - p], [1 - p, p])
    assert np.isclose(c, -np.log(2 * np.sqrt(p * (1 - p))), rtol=1e-12, atol=1e-15)
    if p < 0.5:
        assert abs(c.tilt - 0.5) < 1e-5


def test_chernoff_keeps_small_values():
    delta = 1e-6  # -log(2 sqrt(1/4 - delta^2)) = 2 delta^2 (1 + O(delta^2))
    assert np.isclose(chernoff([0.5 - delta, 0.5 + delta], [0.5 + delta, 0.5 - delta]), 2 * delta**2, rtol=1e-4)


def test_chernoff_is_the_least_of_the_sums(rng):
    s = np.linspace(0, 1, 100_001)[:, None]
    for _ in range(20):
        p1, p2 = rng.dirichlet(np.ones(4), size=2)
        c = chernoff(p1, p2)
        assert np.isclose(c, -np.log(np.sum(p1**s * p2 ** (1 - s), axis=1).min()), rtol=1e-8)
        assert np.isclose(c, -np.log(np.sum(p1**c.tilt * p2 ** (1 - c.tilt))), rtol=1e-9)
        assert np.isclose(c, chernoff(p2, p1), rtol=1e-9) and np.isclose(c.tilt, 1 - chernoff(p2, p1).tilt, atol=1e-5)


def test_chernoff_is_the_divergence_to_the_halfway_point(rng):
    # the other definition: on the exponential path from p2 to p1, the point as far from one as from the other
    for _ in range(20):
        p1, p2 = rng.dirichlet(np.ones(4), size=2)

        def path(s, p1=p1, p2=p2):
            q = p1**s * p2 ** (1 - s)
            return q / q.sum()

        s = brentq(lambda s, p1=p1, p2=p2: divergence(path(s), p1) - divergence(path(s), p2), 0, 1, xtol=1e-15)
        assert np.isclose(chernoff(p1, p2), divergence(path(s), p1), rtol=1e-9)


def test_chernoff_where_a_symbol_is_impossible():
    assert chernoff([1, 0], [0, 1]) == np.inf
    assert np.isclose(chernoff([1, 0], [0.3, 0.7]), -np.log(0.3), rtol=1e-6)  # errs only if every draw is symbol 0
    assert np.isclose(chernoff([0.3, 0.7], [1, 0]), -np.log(0.3), rtol=1e-6)
    # the common part is the same shape: least at an end
    assert np.isclose(chernoff([0.5, 0.5, 0], [0.25, 0.25, 0.5]), np.log(2), rtol=1e-6)
    s = np.linspace(1e-6, 1 - 1e-6, 100_001)[:, None]
    p1, p2 = np.array([0.5, 0.2, 0.3, 0]), np.array([0.1, 0.4, 0, 0.5])
    assert np.isclose(chernoff(p1, p2), -np.log(np.sum(p1[:2] ** s * p2[:2] ** (1 - s), axis=1).min()), rtol=1e-8)


def test_chernoff_of_equal_distributions_is_zero():
    assert chernoff(P0, P0) == 0


@pytest.mark.parametrize("bad", [([0.5, 0.5], [0.2, 0.3, 0.5]), ([[0.5, 0.5]], [[0.5, 0.5]]), ([0.5, 0.6], [0.5, 0.5]),
                                 ([-0.5, 1.5], [0.5, 0.5]), ([0.5, 0.5], [np.nan, 1.0])])
def test_not_distributions(bad):
    with pytest.raises(ValueError, match=r"p1|p2"):
        chernoff(*bad)
    with pytest.raises(ValueError, match=r"p1|p2"):
        mismatched([0.0, 1.0], *bad)


# The best exponent from the mean of a feature


def test_likelihood_ratio_loses_nothing(rng):
    for _ in range(20):
        p1, p2 = rng.dirichlet(np.ones(5), size=2)
        e = mismatched(np.log(p1 / p2), p1, p2)
        assert np.isclose(e, chernoff(p1, p2), rtol=1e-9) and abs(e.mean[0]) < 1e-7


def test_features_that_tell_every_symbol_lose_nothing(rng):
    p1, p2 = rng.dirichlet(np.ones(4), size=2)
    for f in (np.eye(4), np.eye(4)[:, :3], rng.standard_normal((4, 3)), rng.standard_normal((4, 6))):
        assert np.isclose(mismatched(f, p1, p2), chernoff(p1, p2), rtol=1e-8)


def test_indicators_of_groups_merge_the_symbols(rng):
    # the mean of the indicators is the histogram of the groups: Chernoff information of the merged distributions
    groups = np.array([0, 1, 0, 2, 1, 2, 2])
    for _ in range(10):
        p1, p2 = rng.dirichlet(np.ones(7), size=2)
        f = np.eye(3)[groups]
        e = mismatched(f, p1, p2)
        assert np.isclose(e, chernoff(p1 @ f, p2 @ f), rtol=1e-8)
        assert np.isclose(mismatched(f[:, 0], p1, p2), chernoff([p1 @ f[:, 0], 1 - p1 @ f[:, 0]],
                                                                [p2 @ f[:, 0], 1 - p2 @ f[:, 0]]), rtol=1e-8)


def test_impossible_symbols_and_merged_groups(rng):
    # supports that overlap in part, on an edge of both hulls, or not at all; masses down to 1e-20
    for trial in range(60):
        size = rng.integers(2, 9)
        p1, p2 = rng.dirichlet(np.full(size, rng.choice([0.05, 0.3, 1.0])), size=2)
        for p in (p1, p2):
            p[rng.permutation(size)[: rng.integers(0, size)]] *= trial % 2
            p /= p.sum()
        f = np.eye(size)[:, : rng.integers(1, size + 1)][rng.integers(0, size, size)]
        merged = (p @ np.column_stack([f, 1 - f.sum(axis=1)]) for p in (p1, p2))
        assert np.isclose(mismatched(f, p1, p2), chernoff(*np.clip(list(merged), 0, 1)), rtol=1e-6, atol=1e-12)
        assert mismatched(rng.standard_normal((size, 2)), p1, p2) <= chernoff(p1, p2) * (1 + 1e-7) + 1e-12


def test_supports_that_meet_in_one_face():
    # means in common only at f = 1, which each sees with the one symbol there: errs if every draw is that symbol
    f, p1, p2 = np.array([0.0, 1.0, 2.0]), np.array([0.6, 0.4, 0.0]), np.array([0.0, 0.1, 0.9])
    assert np.isclose(mismatched(f, p1, p2), -np.log(0.1), rtol=1e-12)


def test_threshold_is_where_the_rates_cross(rng):
    def rate(f, p, t):
        return -minimize_scalar(lambda theta: np.log(p @ np.exp(theta * (f - t))), bracket=(-1, 1), tol=1e-12).fun

    for _ in range(10):
        p1, p2 = rng.dirichlet(np.full(4, 3.0), size=2)
        f = rng.standard_normal(4)
        low, high = sorted([p1 @ f, p2 @ f])
        t = brentq(lambda t, f=f, p1=p1, p2=p2: rate(f, p1, t) - rate(f, p2, t), low, high, xtol=1e-13)
        e = mismatched(f, p1, p2)
        assert np.isclose(e, rate(f, p1, t), rtol=1e-6) and np.isclose(e.mean[0], t, atol=1e-5)


def test_two_features_by_constrained_search(rng):
    # inf over l of max(I_1, I_2), straight from I_j(l) = min D(q || p_j) over q with E_q f = l (Sanov)
    for _ in range(3):
        p1, p2 = rng.dirichlet(np.full(4, 3.0), size=2)
        f = rng.standard_normal((4, 2))
        start = np.r_[p1, p2, 1.0]
        constraints = [{"type": "eq", "fun": lambda v: [v[:4].sum() - 1, v[4:8].sum() - 1]},
                       {"type": "eq", "fun": lambda v, f=f: (v[:4] - v[4:8]) @ f},
                       {"type": "ineq", "fun": lambda v, p1=p1, p2=p2: [v[8] - divergence(v[:4], p1),
                                                                       v[8] - divergence(v[4:8], p2)]}]
        found = minimize(lambda v: v[8], start, method="SLSQP", bounds=[(1e-9, 1)] * 8 + [(0, None)],
                         constraints=constraints, options={"ftol": 1e-10, "maxiter": 500})
        e = mismatched(f, p1, p2)
        assert found.success and np.isclose(e, found.fun, rtol=1e-6)
        assert np.allclose(e.mean, found.x[:4] @ f, atol=1e-3)


def test_mismatched_is_affine_invariant_and_symmetric(rng):
    p1, p2 = rng.dirichlet(np.ones(6), size=2)
    f = rng.standard_normal((6, 2))
    e = mismatched(f, p1, p2)
    a, b = rng.standard_normal((2, 2)), rng.standard_normal(2)
    assert np.isclose(mismatched(f @ a + b, p1, p2), e, rtol=1e-8)
    assert np.allclose(mismatched(f @ a + b, p1, p2).mean, e.mean @ a + b, atol=1e-6)
    assert np.isclose(mismatched(f * [1e6, 1e-6], p1, p2), e, rtol=1e-6)
    assert np.isclose(mismatched(f, p2, p1), e, rtol=1e-8)
    assert np.isclose(mismatched(f[:, [0, 1, 0]], p1, p2), e, rtol=1e-8)


def test_more_features_never_hurt_and_never_beat_the_best_test(rng):
    for _ in range(10):
        p1, p2 = rng.dirichlet(np.ones(6), size=2)
        f = rng.standard_normal((6, 4))
        chain = [float(mismatched(f[:, :k], p1, p2)) for k in (1, 2, 3, 4)] + [float(chernoff(p1, p2))]
        assert (np.diff(chain) > -1e-10).all()


def test_mismatched_at_the_extremes():
    assert mismatched(np.ones(5), P0, P0[::-1]) == 0
    assert mismatched([1.0, 0.0, 1.0], [0.3, 0.4, 0.3], [0.1, 0.4, 0.5]) == 0  # one mean under both
    assert mismatched([0.0, 1.0, 2.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]) == np.inf
    assert np.isclose(mismatched([0.0, 1.0], [1, 0], [0.3, 0.7]), -np.log(0.3), rtol=1e-6)


@pytest.mark.parametrize("f", [np.ones(4), np.ones((2, 3)), np.full(3, np.nan), np.ones((3, 1, 1))])
def test_not_a_feature(f):
    with pytest.raises(ValueError, match="f must be finite, of shape"):
        mismatched(f, Q1, Q2)


# Lemmas 1 to 3


EPSILON = 2.0 ** -np.arange(2, 10)


@pytest.mark.parametrize(("symmetric", "power"), [(False, 3), (True, 4)])
def test_lemma_1(symmetric, power):
    phi = directions(P0, 2, seed=10) * [[0.9], [0.7]]
    phi = np.array([phi[0], -phi[0]]) if symmetric else phi
    exact = [chernoff(*perturb(P0, phi, e)) for e in EPSILON]
    claim = EPSILON**2 / 8 * np.sum((phi[0] - phi[1]) ** 2)
    assert abs(exact[-1] / claim[-1] - 1) < 0.01 and abs(order(exact, claim, EPSILON) - power) < 0.03


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize(("symmetric", "power"), [(False, 3), (True, 4)])
def test_lemmas_2_and_3(rng, k, symmetric, power):
    phi = directions(P0, 2, seed=10) * [[0.9], [0.7]]
    phi = np.array([phi[0], -phi[0]]) if symmetric else phi
    f = whiten(rng.standard_normal((5, k)), P0)
    projection = (np.sqrt(P0)[:, None] * f).T @ (phi[0] - phi[1])
    claim = EPSILON**2 / 8 * (projection @ projection)
    vector, nearest = [], []
    for e in EPSILON:
        p1, p2 = perturb(P0, phi, e)
        vector.append(mismatched(f, p1, p2))
        nearest.append(mismatched(f @ (p1 @ f - p2 @ f), p1, p2))
    for exact in (vector, nearest):
        assert abs(exact[5] / claim[5] - 1) < 0.02 and abs(order(exact, claim, EPSILON) - power) < 0.06


def test_lemma_2_needs_the_variance(rng):
    p1, p2 = perturb(P0, directions(P0, 2, seed=10) * [[0.9], [0.7]], 2.0**-7)
    f = 3 * whiten(rng.standard_normal((5, 1)), P0)[:, 0] + 5
    ratio = mismatched(f, p1, p2) / ((p1 - p2) @ f) ** 2 * 8
    variance = P0 @ f**2 - (P0 @ f) ** 2
    assert abs(ratio - 1 / 9) < 2e-3 and abs(ratio * variance - 1) < 0.01


def test_nearest_mean_uses_mahalanobis_distance(rng):
    # features that are not whitened: f cov^-1 (mu1 - mu2) attains the exponent, f (mu1 - mu2) does not
    p1, p2 = perturb(P0, directions(P0, 2, seed=10) * [[0.9], [0.7]], 2.0**-7)
    f = rng.standard_normal((5, 2)) @ np.array([[5.0, 4.0], [0.0, 0.5]])
    gap = p1 @ f - p2 @ f
    cov = (f - P0 @ f).T @ (P0[:, None] * (f - P0 @ f))
    full = mismatched(f, p1, p2)
    assert abs(mismatched(f @ np.linalg.solve(cov, gap), p1, p2) / full - 1) < 1e-3
    assert mismatched(f @ gap, p1, p2) / full < 0.9


# Exact error probabilities


def by_enumeration(h, threshold, p1, p2, m, prior):
    error = 0.0
    for sample in itertools.product(range(len(h)), repeat=m):
        mean, l1, l2 = np.mean(h[list(sample)]), np.prod(p1[list(sample)]), np.prod(p2[list(sample)])
        tie = abs(mean - threshold) < 1e-9
        error += prior * l1 * (0.5 if tie else mean < threshold)
        error += (1 - prior) * l2 * (0.5 if tie else mean > threshold)
    return error


@pytest.mark.parametrize("prior", [0.5, 0.2])
@pytest.mark.parametrize(("h", "threshold"), [([1.0, 0.0, 0.3], 0.42), ([1.0, 0.0, -1.0], 0.0), ([0.0, 2.0, 1.0], 1.0)])
def test_error_probability_is_the_sum_over_all_samples(h, threshold, prior):
    h, p1, p2 = np.array(h), np.array([0.5, 0.1, 0.4]), np.array([0.2, 0.5, 0.3])
    for m in (1, 2, 5, 6):
        exact = by_enumeration(h, threshold, p1, p2, m, prior)
        assert np.isclose(np.exp(log_error_probability(h, threshold, p1, p2, m, prior)), exact, rtol=1e-12)


def test_error_probability_of_a_coin():
    m, a, b = 101, 0.6, 0.45
    wrong = 0.5 * binom.cdf(52, m, a) + 0.5 * binom.sf(52, m, b)  # heads > 52.5 decides for a
    assert np.isclose(np.exp(log_error_probability([0.0, 1.0], 52.5 / m, [1 - a, a], [1 - b, b], m)), wrong, rtol=1e-10)


def test_error_probability_of_the_better_distribution_orientation():
    # the feature is larger under the first hypothesis, so more draws help; flipped, they hurt
    h = np.log(Q1 / Q2)
    assert log_error_probability(h, 0, Q1, Q2, 200) < log_error_probability(h, 0, Q1, Q2, 50) < np.log(0.5)
    assert np.exp(log_error_probability(-h, 0, Q1, Q2, 200)) > 0.9


def test_error_probability_with_impossible_symbols():
    assert np.isclose(np.exp(log_error_probability([1.0, -1.0], 0, [1, 0], [0.5, 0.5], 3)),
                      0.5 * (3 / 8 + 1 / 8), rtol=1e-12)  # two or three heads from the fair coin


@pytest.mark.parametrize("h", ["likelihood ratio", [1.0, 0.0, 0.3]])
def test_slope_of_the_error_probability_is_the_exponent(h):
    h = np.log(Q1 / Q2) if h == "likelihood ratio" else np.array(h)
    e = mismatched(h, Q1, Q2)
    few, many = (log_error_probability(h, e.mean[0], Q1, Q2, m) for m in (800, 1600))
    slope = -(many - few + np.log(2) / 2) / 800  # of log(Pe sqrt m)
    assert abs(slope / e - 1) < 0.02
    assert -many / 1600 / e > 1.1  # the raw curve is far above, as log(m) / 2m


@pytest.mark.parametrize(("m", "size"), [(0, 3), (4, 1), (7, 2), (6, 3), (5, 5)])
def test_types_are_all_the_counts(m, size):
    found = types(m, size)
    assert found.shape == (comb(m + size - 1, size - 1), size)
    assert (found >= 0).all() and (found.sum(axis=1) == m).all() and len(np.unique(found, axis=0)) == len(found)


def test_too_many_types():
    with pytest.raises(ValueError, match="smaller alphabet or fewer draws"):
        log_error_probability(np.arange(20.0), 9, np.ones(20) / 20, np.ones(20) / 20, 100)


@pytest.mark.parametrize("h", [[1.0, 2.0], [1.0, np.inf, 0.0], np.ones((3, 1))])
def test_error_probability_needs_one_number_a_symbol(h):
    with pytest.raises(ValueError, match="one number a symbol"):
        log_error_probability(h, 0, Q1, Q2, 5)


# Independent coins: the exponents of several features in closed form


def coin_divergence(a, b):
    return divergence(np.array([a, 1 - a]), np.array([b, 1 - b]))


@pytest.mark.parametrize("delta", [0.3, 0.01])
def test_exponents_of_independent_coins_add(delta):
    a = np.array([0.5 + delta, 0.5 - delta])  # heads of one coin, under the two hypotheses
    coins = np.array(list(itertools.product([1, 0], repeat=3)))  # (8, 3)
    p1, p2 = (np.prod(np.where(coins, heads, 1 - heads), axis=1) for heads in a)
    one = chernoff([a[0], a[1]], [a[1], a[0]])
    for k in (1, 2, 3):
        assert np.isclose(mismatched(coins[:, :k], p1, p2), k * one, rtol=1e-9)
        assert np.isclose(mismatched(coins[:, :k].sum(axis=1), p1, p2), k * one, rtol=1e-9)  # nearest mean


@pytest.mark.parametrize("k", [2, 3, 9])
def test_an_orthant_loses_to_the_nearest_mean(k):
    """Best common threshold for k fair-ish coins: 4 / (1 + sqrt k)^2 of the nearest mean, eq-orthant of the book."""
    a, b = 0.501, 0.499
    t = brentq(lambda t: coin_divergence(t, a) - k * coin_divergence(t, b), b + 1e-9, a - 1e-9, xtol=1e-15)
    share = coin_divergence(t, a) / (k * chernoff([a, b], [b, a]))
    assert abs(share - 4 / (1 + np.sqrt(k)) ** 2) < 1e-3
