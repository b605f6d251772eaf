"""Error exponents against closed forms, other optimisers and sums over every sample."""

import copy
import itertools
import pickle
from math import comb

import numpy as np
import pytest
import torch
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import log_softmax, logsumexp
from scipy.stats import binom

from tdist import tilting
from tdist.exponents import Exponent, chernoff, log_error_probability, mismatched, types
from tdist.hgr import whiten
from tdist.joint import directions, perturb

P0 = np.array([0.30, 0.25, 0.20, 0.15, 0.10])
Q1, Q2 = np.array([0.50, 0.30, 0.20]), np.array([0.36, 0.30, 0.34])


def information(p1, p2):
    """Chernoff information as a number."""
    return float(chernoff(p1, p2))


def exponent(f, p1, p2):
    return float(mismatched(f, p1, p2))


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
    assert np.isclose(float(c), -np.log(2 * np.sqrt(p * (1 - p))), rtol=1e-12, atol=1e-15)
    if p < 0.5:
        assert abs(c.tilt - 0.5) < 1e-5


def test_chernoff_keeps_small_values():
    delta = 1e-6  # -log(2 sqrt(1/4 - delta^2)) = 2 delta^2 (1 + O(delta^2))
    assert np.isclose(information([0.5 - delta, 0.5 + delta], [0.5 + delta, 0.5 - delta]),
                      2 * delta**2, rtol=1e-4)


def test_chernoff_is_the_least_of_the_sums(rng):
    s = np.linspace(0, 1, 100_001)[:, None]
    for _ in range(20):
        p1, p2 = rng.dirichlet(np.ones(4), size=2)
        c = chernoff(p1, p2)
        least = -np.log(np.sum(p1**s * p2 ** (1 - s), axis=1).min())
        assert np.isclose(float(c), least, rtol=1e-8)
        at_tilt = -np.log(np.sum(p1**c.tilt * p2 ** (1 - c.tilt)))
        assert np.isclose(float(c), at_tilt, rtol=1e-9)
        other = chernoff(p2, p1)
        assert np.isclose(float(c), float(other), rtol=1e-9)
        assert np.isclose(c.tilt, 1 - other.tilt, atol=1e-5)


def test_chernoff_is_the_divergence_to_the_halfway_point(rng):
    # the other definition: on the exponential path from p2 to p1, the point as far from one as from
    # the other
    for _ in range(20):
        p1, p2 = rng.dirichlet(np.ones(4), size=2)

        def path(s, p1=p1, p2=p2):
            q = p1**s * p2 ** (1 - s)
            return q / q.sum()

        s = brentq(lambda s, p1=p1, p2=p2: divergence(path(s), p1) - divergence(path(s), p2), 0, 1,
                   xtol=1e-15)
        assert np.isclose(information(p1, p2), divergence(path(s), p1), rtol=1e-9)


def test_chernoff_where_a_symbol_is_impossible():
    assert information([1, 0], [0, 1]) == np.inf
    # errs only if every draw is symbol 0
    assert np.isclose(information([1, 0], [0.3, 0.7]), -np.log(0.3), rtol=1e-6)
    assert np.isclose(information([0.3, 0.7], [1, 0]), -np.log(0.3), rtol=1e-6)
    # the common part is the same shape: least at an end
    assert np.isclose(information([0.5, 0.5, 0], [0.25, 0.25, 0.5]), np.log(2), rtol=1e-6)
    s = np.linspace(1e-6, 1 - 1e-6, 100_001)[:, None]
    p1, p2 = np.array([0.5, 0.2, 0.3, 0]), np.array([0.1, 0.4, 0, 0.5])
    least = -np.log(np.sum(p1[:2] ** s * p2[:2] ** (1 - s), axis=1).min())
    assert np.isclose(information(p1, p2), least, rtol=1e-8)


def test_chernoff_of_equal_distributions_is_zero():
    assert information(P0, P0) == 0


@pytest.mark.parametrize("bad", [
    ([0.5, 0.5], [0.2, 0.3, 0.5]), ([[0.5, 0.5]], [[0.5, 0.5]]), ([0.5, 0.6], [0.5, 0.5]),
    ([-0.5, 1.5], [0.5, 0.5]), ([0.5, 0.5], [np.nan, 1.0]), ([None, 1], [0.5, 0.5]),
    (np.ma.array([0.5, 0.5], mask=[True, False]), [0.5, 0.5]), ([[0.5], 0.5], [0.5, 0.5]),
])
def test_not_distributions(bad):
    with pytest.raises(ValueError, match=r"p1|p2"):
        information(*bad)
    with pytest.raises(ValueError, match=r"p1|p2"):
        exponent([0.0, 1.0], *bad)


# The best exponent from the mean of a feature


def test_likelihood_ratio_loses_nothing(rng):
    for _ in range(20):
        p1, p2 = rng.dirichlet(np.ones(5), size=2)
        e = mismatched(np.log(p1 / p2), p1, p2)
        assert np.isclose(float(e), information(p1, p2), rtol=1e-9) and abs(e.mean[0]) < 1e-7


def test_features_that_tell_every_symbol_lose_nothing(rng):
    p1, p2 = rng.dirichlet(np.ones(4), size=2)
    for f in (np.eye(4), np.eye(4)[:, :3], rng.standard_normal((4, 3)),
              rng.standard_normal((4, 6))):
        assert np.isclose(exponent(f, p1, p2), information(p1, p2), rtol=1e-8)


def test_indicators_of_groups_merge_the_symbols(rng):
    # the mean of the indicators is the histogram of the groups: Chernoff information of the merged
    # distributions
    groups = np.array([0, 1, 0, 2, 1, 2, 2])
    for _ in range(10):
        p1, p2 = rng.dirichlet(np.ones(7), size=2)
        f = np.eye(3)[groups]
        e = exponent(f, p1, p2)
        assert np.isclose(e, information(p1 @ f, p2 @ f), rtol=1e-8)
        first = [[p @ f[:, 0], 1 - p @ f[:, 0]] for p in (p1, p2)]
        assert np.isclose(exponent(f[:, 0], p1, p2), information(*first), rtol=1e-8)


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
        assert np.isclose(exponent(f, p1, p2), information(*np.clip(list(merged), 0, 1)), rtol=1e-6,
                          atol=1e-12)
        most = information(p1, p2) * (1 + 1e-7) + 1e-12
        assert exponent(rng.standard_normal((size, 2)), p1, p2) <= most


def test_supports_that_meet_in_one_face():
    # means in common only at f = 1, which each sees with the one symbol there: errs if every draw
    # is that symbol
    f, p1, p2 = np.array([0.0, 1.0, 2.0]), np.array([0.6, 0.4, 0.0]), np.array([0.0, 0.1, 0.9])
    assert np.isclose(exponent(f, p1, p2), -np.log(0.1), rtol=1e-12)


def test_threshold_is_where_the_rates_cross(rng):
    def rate(f, p, t):
        return -minimize_scalar(lambda theta: np.log(p @ np.exp(theta * (f - t))), bracket=(-1, 1),
                                tol=1e-12).fun

    for _ in range(10):
        p1, p2 = rng.dirichlet(np.full(4, 3.0), size=2)
        f = rng.standard_normal(4)
        low, high = sorted([p1 @ f, p2 @ f])
        t = brentq(lambda t, f=f, p1=p1, p2=p2: rate(f, p1, t) - rate(f, p2, t), low, high,
                   xtol=1e-13)
        e = mismatched(f, p1, p2)
        assert np.isclose(float(e), rate(f, p1, t), rtol=1e-6)
        assert np.isclose(e.mean[0], t, atol=1e-5)


def test_two_features_by_constrained_search(rng):
    # inf over l of max(I_1, I_2), straight from I_j(l) = min D(q || p_j) over q with E_q f = l
    # (Sanov)
    for _ in range(3):
        p1, p2 = rng.dirichlet(np.full(4, 3.0), size=2)
        f = rng.standard_normal((4, 2))
        start = np.r_[p1, p2, 1.0]
        constraints = [
            {"type": "eq", "fun": lambda v: [v[:4].sum() - 1, v[4:8].sum() - 1]},
            {"type": "eq", "fun": lambda v, f=f: (v[:4] - v[4:8]) @ f},
            {"type": "ineq", "fun": lambda v, p1=p1, p2=p2: [v[8] - divergence(v[:4], p1),
                                                             v[8] - divergence(v[4:8], p2)]}]
        found = minimize(lambda v: v[8], start, method="SLSQP",
                         bounds=[(1e-9, 1)] * 8 + [(0, None)],
                         constraints=constraints, options={"ftol": 1e-10, "maxiter": 500})
        e = mismatched(f, p1, p2)
        assert found.success and np.isclose(float(e), found.fun, rtol=1e-6)
        assert np.allclose(e.mean, found.x[:4] @ f, atol=1e-3)


def test_mismatched_is_affine_invariant_and_symmetric(rng):
    p1, p2 = rng.dirichlet(np.ones(6), size=2)
    f = rng.standard_normal((6, 2))
    e = mismatched(f, p1, p2)
    a, b = rng.standard_normal((2, 2)), rng.standard_normal(2)
    moved = mismatched(f @ a + b, p1, p2)
    assert np.isclose(float(moved), float(e), rtol=1e-8)
    assert np.allclose(moved.mean, e.mean @ a + b, atol=1e-6)
    for other in (f * [1e6, 1e-6], f * [1e300, 1e-300], f * 1e-308, f[:, [0, 1, 0]]):
        assert np.isclose(exponent(other, p1, p2), float(e), rtol=1e-6)
    assert np.isclose(exponent(f, p2, p1), float(e), rtol=1e-8)


def test_more_features_never_hurt_and_never_beat_the_best_test(rng):
    for _ in range(10):
        p1, p2 = rng.dirichlet(np.ones(6), size=2)
        f = rng.standard_normal((6, 4))
        chain = [exponent(f[:, :k], p1, p2) for k in (1, 2, 3, 4)] + [information(p1, p2)]
        assert (np.diff(chain) > -1e-10).all()


def test_mismatched_at_the_extremes():
    assert exponent(np.ones(5), P0, P0[::-1]) == 0
    assert exponent([1.0, 0.0, 1.0], [0.3, 0.4, 0.3], [0.1, 0.4, 0.5]) == 0  # one mean under both
    assert exponent([0.0, 1.0, 2.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]) == np.inf
    assert np.isclose(exponent([0.0, 1.0], [1, 0], [0.3, 0.7]), -np.log(0.3), rtol=1e-6)


@pytest.mark.parametrize("f", [np.ones(4), np.ones((2, 3)), np.full(3, np.nan), np.ones((3, 1, 1))])
def test_not_a_feature(f):
    with pytest.raises(ValueError, match="f must be finite, of shape"):
        exponent(f, Q1, Q2)


# Far apart: probabilities down to the least float


TINY = [1e-5, 1e-10, 1e-11, 1e-16, 1e-50, 1e-100, 1e-300, 5e-324]


@pytest.mark.parametrize("e", TINY)
def test_mirrored_coins_at_every_scale(e):
    p, q = [e, 1 - e], [1 - e, e]
    claim = -np.log(2) - (np.log(e) + np.log1p(-e)) / 2  # -log(2 sqrt(e (1 - e)))
    for found in (chernoff(p, q), mismatched([0, 1], p, q), mismatched([3, -4], q, p)):
        assert np.isclose(float(found), claim, rtol=1e-12) and abs(found.tilt - 0.5) < 1e-6
    assert np.isclose(mismatched([0, 1], p, q).mean[0], 0.5, atol=1e-9)


@pytest.mark.parametrize(("a", "b"), itertools.permutations(TINY, 2))
def test_two_symbols_leave_nothing_to_lose(a, b):
    for p, q in (([a, 1 - a], [b, 1 - b]), ([a, 1 - a], [1 - b, b])):
        claim = information(p, q)
        assert claim > 0
        for f in ([0, 1], [5, -3], [1e-9, 2e-9], [100.0, 101.0]):
            assert np.isclose(exponent(f, p, q), claim, rtol=1e-9)


def test_rare_symbols_decide_with_all_their_digits():
    # 1 - sum p1^s p2^(1-s) = a s + b (1-s) - a^s b^(1-s) for rare masses a and b, b^2 being nothing
    a, b = 1e-100, 1e-50

    def short(s):
        return a * s + b * (1 - s) - a**s * b ** (1 - s)

    claim = -minimize_scalar(lambda s: -short(s) * 1e50, bounds=(0, 1),
                             method="bounded").fun * 1e-50
    assert np.isclose(information([a, 1 - a], [b, 1 - b]), claim, rtol=1e-9, atol=0)
    assert np.isclose(exponent([0, 1], [a, 1 - a], [b, 1 - b]), claim, rtol=1e-9, atol=0)
    assert np.isclose(information([a, 1], [b, 1 - 2e-16]), claim, rtol=1e-9, atol=0)  # a sum off 1


@pytest.mark.parametrize("a", [1e-100, 1e-284, 1e-300, 1e-306])
@pytest.mark.parametrize("rest", [(1e-10, 1e-9), (1e-10, 1.5e-6)])
def test_a_third_symbol_that_is_rarer_still(a, rest):
    """Rare masses a and 3 a are Poisson's: (1-s) a + 3 a s - a 3^s at its largest. From 1e-284 on
    it was refused, and 1e-17 of it returned at 1e-300."""
    s = np.log(2 / np.log(3)) / np.log(3)
    found = mismatched([0, 1, 3], [1, a, a * rest[0]], [1, 3 * a, a * rest[1]])
    assert float(found) / a == pytest.approx(1 + 2 * s - 3**s, rel=1e-4)
    assert found.tilt == pytest.approx(1 - s, abs=1e-3)


def test_the_least_floats_have_an_exponent():
    poisson = 1e-320 * (1 + 2 * 0.5453 - 3**0.5453)
    assert float(mismatched([0, 1], [1, 1e-320], [1, 3e-320])) == pytest.approx(poisson, abs=2e-323)
    assert float(mismatched([0, 1], [1, 1e-320], [1, 1e-320])) == 0


def by_brackets(f, log_p1, log_p2):
    """The exponent of one feature from brackets alone: slopes change sign between their ends."""
    f = (f - f.min()) / np.ptp(f)

    def tilted(s):
        def lacks(eta):
            q1, q2 = (np.exp(log_softmax(v)) for v in
                      (log_p1 + (1 - s) * eta * f, log_p2 - s * eta * f))
            return (q1 - q2) @ f if (q1 + q2) @ f < 1 else (q2 - q1) @ (1 - f)
        ends = [1.0, 1.0]
        while lacks(-ends[0]) > 0:
            ends[0] *= 2
        while lacks(ends[1]) < 0:
            ends[1] *= 2
        eta = brentq(lacks, -ends[0], ends[1], xtol=1e-13, maxiter=1000)
        return -(s * logsumexp(log_p1 + (1 - s) * eta * f)
                 + (1 - s) * logsumexp(log_p2 - s * eta * f))

    return tilted(minimize_scalar(lambda s: -tilted(s), bounds=(0, 1), method="bounded",
                                  options={"xatol": 1e-13}).x)


@pytest.mark.parametrize("gap", [3, 25, 28, 100, 600])
def test_softmax_outputs_of_any_logit_gap(rng, gap):
    for _ in range(6):
        size = rng.integers(2, 9)
        logs = np.maximum(log_softmax(rng.standard_normal((2, size)) * gap / 3, axis=1), -690)
        f = rng.standard_normal(size) * 10.0 ** rng.integers(-5, 5)
        found, claim = mismatched(f, *np.exp(logs)), by_brackets(f, *logs)
        assert np.isclose(float(found), claim, rtol=1e-7, atol=1e-13)
        assert np.isclose(exponent(1e4 - 7 * f, *np.exp(logs)), float(found), rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize("gap", [3, 25, 100, 600])
def test_several_features_far_apart_merge_the_symbols(rng, gap):
    for _ in range(6):
        size = rng.integers(2, 9)
        logs = np.maximum(log_softmax(rng.standard_normal((2, size)) * gap / 3, axis=1), -690)
        p1, p2 = np.exp(logs)
        f = np.eye(size)[:, : rng.integers(1, size + 1)][rng.integers(0, size, size)]
        merged = (p @ np.column_stack([f, 1 - f.sum(axis=1)]) for p in (p1, p2))
        claim = information(*np.clip(list(merged), 0, 1))
        for g in (f, f @ rng.standard_normal((f.shape[1], f.shape[1])) + 3):
            assert np.isclose(exponent(g, p1, p2), claim, rtol=1e-6,
                              atol=0 if claim > 1e-12 else 1e-15)


def test_affine_changes_where_a_probability_is_1e_100():
    p, q = [0.2, 0.3, 0.5], [1e-100, 0.4, 0.6]
    found = [exponent(np.array([1.0, 0.0, 0.3]) * a + b, p, q)
             for a, b in ((1, 0), (1e-6, 1), (-1e8, 3), (7, 1e3))]
    assert np.allclose(found, found[0], rtol=1e-6)
    logs = np.log([p, q])
    assert np.isclose(found[0], by_brackets(np.array([1.0, 0.0, 0.3]), *logs), rtol=1e-9)


def test_a_search_that_does_not_arrive_gives_no_number(monkeypatch):
    monkeypatch.setattr(tilting, "STEPS", 1)
    with pytest.raises(ArithmeticError, match=r"at least .* nats, at a tilt.*at most .*merge"):
        mismatched([0.0, 1.0, 0.3], [1e-20, 1 - 1e-9, 1e-9], [0.9, 1e-30, 0.1])


# What callers hand in


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_softmaxes_of_any_precision(kind):
    torch.manual_seed(0)
    for size in (2, 10, 1000):
        z = torch.randn(2, size)
        p, q = torch.softmax(z.to(kind).requires_grad_(), 1)
        exact = [v.detach().double().numpy() / v.detach().double().sum().item() for v in (p, q)]
        assert np.isclose(information(p, q), information(*exact), rtol=1e-12)
        by_tensors = exponent(torch.arange(size), p, q)
        assert np.isclose(by_tensors, exponent(np.arange(size), *exact), rtol=1e-9)
    assert log_error_probability([1.0, 0.0], 0.5, torch.tensor([0.7, 0.3]), np.float32([0.2, 0.8]),
                                 3) < 0


def test_what_the_message_advises_works():
    counts = np.float32([1, 2, 4])
    with pytest.raises(ValueError,
                       match=r"p1 must sum to 1, got 7; normalise it with p1 / p1.sum\(\)"):
        chernoff(counts, [0.2, 0.3, 0.5])
    assert information(counts / counts.sum(), [0.2, 0.3, 0.5]) > 0
    with pytest.raises(ValueError, match="sum to 1"):  # not the rounding of float64
        chernoff(np.array([0.5, 0.500001]), [0.5, 0.5])


@pytest.mark.parametrize("call", [
    lambda: chernoff(["0.5", "0.5"], [0.5, 0.5]), lambda: chernoff([0.5, 0.5j], [0.5, 0.5]),
    lambda: mismatched(["a", "b"], [0.5, 0.5], [0.5, 0.5]), lambda: chernoff([{}, 1], [0.5, 0.5]),
    lambda: log_error_probability([0, 1], 0.5, [0.5, 0.5], [0.5, 0.5], 2.5),
    lambda: chernoff(torch.tensor([0.5, 0.5 + 0.1j]), [0.5, 0.5]),
])
def test_what_is_not_a_number(call):
    with pytest.raises(TypeError, match="must be"):
        call()


def test_what_has_other_axes_is_told_which_it_needs():
    with pytest.raises(ValueError, match=r"p2 must be a vector \(\|X\|,\), got 2 axes"):
        chernoff([0.5, 0.5], [[0.5, 0.5]])


def test_results_pickle_copy_and_print():
    for found in (chernoff(Q1, Q2), mismatched([0.0, 1.0, 2.0], Q1, Q2)):
        for other in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
            assert isinstance(other, Exponent) and float(other) == found.statistic == float(found)
            assert other.tilt == found.tilt and np.array_equal(other.mean, found.mean)
            assert repr(other) == repr(found) and "\n" not in repr(found)
        with pytest.raises(AttributeError):
            found.tilt = 0
    assert repr(chernoff(Q1, Q2)).startswith("Exponent(statistic=0.01")


# Lemmas 1 to 3


EPSILON = 2.0 ** -np.arange(2, 10)


@pytest.mark.parametrize(("symmetric", "power"), [(False, 3), (True, 4)])
def test_lemma_1(symmetric, power):
    phi = directions(P0, 2, seed=10) * [[0.9], [0.7]]
    phi = np.array([phi[0], -phi[0]]) if symmetric else phi
    exact = [information(*perturb(P0, phi, e)) for e in EPSILON]
    claim = EPSILON**2 / 8 * np.sum((phi[0] - phi[1]) ** 2)
    assert abs(exact[-1] / claim[-1] - 1) < 0.01
    assert abs(order(exact, claim, EPSILON) - power) < 0.03


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
        vector.append(exponent(f, p1, p2))
        nearest.append(exponent(f @ (p1 @ f - p2 @ f), p1, p2))
    for exact in (vector, nearest):
        assert abs(exact[5] / claim[5] - 1) < 0.02
        assert abs(order(exact, claim, EPSILON) - power) < 0.06


def test_lemma_2_needs_the_variance(rng):
    p1, p2 = perturb(P0, directions(P0, 2, seed=10) * [[0.9], [0.7]], 2.0**-7)
    f = 3 * whiten(rng.standard_normal((5, 1)), P0)[:, 0] + 5
    ratio = exponent(f, p1, p2) / ((p1 - p2) @ f) ** 2 * 8
    variance = P0 @ f**2 - (P0 @ f) ** 2
    assert abs(ratio - 1 / 9) < 2e-3 and abs(ratio * variance - 1) < 0.01


@pytest.mark.parametrize("k", [1, 2, 4])
def test_rule_of_the_nearer_mean_with_its_own_threshold(rng, k):
    """Threshold at the midpoint: the local formula with an error of order three, and below the best
    threshold, which the rule does not choose."""
    f, phi = whiten(rng.standard_normal((5, k)), P0), directions(P0, 2, seed=10)
    epsilon, found = 2.0 ** -np.arange(6, 10), []
    for e in epsilon:
        p1, p2 = perturb(P0, phi, e)
        h = f @ (p1 @ f - p2 @ f)
        middle = (p1 + p2) @ h / 2
        rates = [-minimize_scalar(lambda t, p=p, h=h, at=middle: np.log1p(
            p @ np.expm1(t * (h - at)))).fun for p in (p1, p2)]
        found.append(min(rates))
        assert min(rates) <= exponent(h, p1, p2) * (1 + 1e-9)
    gaps = (phi[0] - phi[1]) @ (np.sqrt(P0)[:, None] * f)
    assert abs(order(found, epsilon**2 / 8 * (gaps @ gaps), epsilon) - 3) < 0.1


def test_two_kinds_of_error_fall_at_the_rates_of_sanov():
    """Type I and II at a threshold off the best one: the least divergence of a Q on the border."""
    p1, p2, tau = np.array([0.5, 0.25, 0.25]), np.array([0.12, 0.36, 0.52]), 0.15
    llr, draws = np.log(p1 / p2), np.array([100, 200])
    for p, prior in ((p1, 1), (p2, 0)):
        rules = [{"type": "eq", "fun": lambda q: q.sum() - 1},
                 {"type": "eq", "fun": lambda q: q @ llr - tau}]
        least = minimize(lambda q, p=p: divergence(q, p), np.ones(3) / 3, bounds=[(1e-9, 1)] * 3,
                         constraints=rules, method="SLSQP", options={"ftol": 1e-12}).fun
        logs = [log_error_probability(llr, tau, p1, p2, m, prior=prior) for m in draws]
        slope = -np.diff(np.array(logs) + np.log(draws) / 2)[0] / 100
        assert abs(slope / least - 1) < 0.03


def test_a_column_twice_is_one_column(rng):
    """The region is judged in the affine hull of the values of f, here a line in the plane."""
    f, (p1, p2) = rng.standard_normal(5), rng.dirichlet(np.ones(5), 2)
    assert np.isclose(exponent(np.c_[f, 2 * f - 1], p1, p2), exponent(f, p1, p2), rtol=1e-9)


def test_nearest_mean_uses_mahalanobis_distance(rng):
    # features that are not whitened: f cov^-1 (mu1 - mu2) attains the exponent, f (mu1 - mu2) does
    # not
    p1, p2 = perturb(P0, directions(P0, 2, seed=10) * [[0.9], [0.7]], 2.0**-7)
    f = rng.standard_normal((5, 2)) @ np.array([[5.0, 4.0], [0.0, 0.5]])
    gap = p1 @ f - p2 @ f
    cov = (f - P0 @ f).T @ (P0[:, None] * (f - P0 @ f))
    full = exponent(f, p1, p2)
    assert abs(exponent(f @ np.linalg.solve(cov, gap), p1, p2) / full - 1) < 1e-3
    assert exponent(f @ gap, p1, p2) / full < 0.9


# Exact error probabilities


def by_enumeration(h, threshold, p1, p2, m, prior):
    error = 0.0
    for sample in itertools.product(range(len(h)), repeat=m):
        drawn = list(sample)
        mean, l1, l2 = np.mean(h[drawn]), np.prod(p1[drawn]), np.prod(p2[drawn])
        tie = abs(mean - threshold) < 1e-9
        error += prior * l1 * (0.5 if tie else mean < threshold)
        error += (1 - prior) * l2 * (0.5 if tie else mean > threshold)
    return error


@pytest.mark.parametrize("prior", [0.5, 0.2])
@pytest.mark.parametrize(("h", "threshold"), [([1.0, 0.0, 0.3], 0.42), ([1.0, 0.0, -1.0], 0.0),
                                              ([0.0, 2.0, 1.0], 1.0)])
def test_error_probability_is_the_sum_over_all_samples(h, threshold, prior):
    h, p1, p2 = np.array(h), np.array([0.5, 0.1, 0.4]), np.array([0.2, 0.5, 0.3])
    for m in (1, 2, 5, 6):
        exact = by_enumeration(h, threshold, p1, p2, m, prior)
        assert np.isclose(np.exp(log_error_probability(h, threshold, p1, p2, m, prior)), exact,
                          rtol=1e-12)


def test_error_probability_of_a_coin():
    m, a, b = 101, 0.6, 0.45
    wrong = 0.5 * binom.cdf(52, m, a) + 0.5 * binom.sf(52, m, b)  # heads > 52.5 decides for a
    found = log_error_probability([0.0, 1.0], 52.5 / m, [1 - a, a], [1 - b, b], m)
    assert np.isclose(np.exp(found), wrong, rtol=1e-10)


def test_error_probability_of_the_better_distribution_orientation():
    # the feature is larger under the first hypothesis, so more draws help; flipped, they hurt
    h = np.log(Q1 / Q2)
    many, few = (log_error_probability(h, 0, Q1, Q2, m) for m in (200, 50))
    assert many < few < np.log(0.5)
    assert np.exp(log_error_probability(-h, 0, Q1, Q2, 200)) > 0.9


def test_error_probability_with_impossible_symbols():
    assert np.isclose(np.exp(log_error_probability([1.0, -1.0], 0, [1, 0], [0.5, 0.5], 3)),
                      0.5 * (3 / 8 + 1 / 8), rtol=1e-12)  # two or three heads from the fair coin
    # the certain symbol is always taken for the other hypothesis, the fair coin's other one too
    assert np.isclose(np.exp(log_error_probability([-1.0, 1.0], 0, [1, 0], [0.5, 0.5], 1)), 0.75)


@pytest.mark.parametrize("h", ["likelihood ratio", [1.0, 0.0, 0.3]])
def test_slope_of_the_error_probability_is_the_exponent(h):
    h = np.log(Q1 / Q2) if h == "likelihood ratio" else np.array(h)
    e = mismatched(h, Q1, Q2)
    few, many = (log_error_probability(h, e.mean[0], Q1, Q2, m) for m in (800, 1600))
    slope = -(many - few + np.log(2) / 2) / 800  # of log(Pe sqrt m)
    assert abs(slope / float(e) - 1) < 0.02
    assert -many / 1600 / float(e) > 1.1  # the raw curve is far above, as log(m) / 2m


@pytest.mark.parametrize(("m", "size"), [(0, 3), (4, 1), (7, 2), (6, 3), (5, 5)])
def test_types_are_all_the_counts(m, size):
    found = types(m, size)
    assert found.shape == (comb(m + size - 1, size - 1), size)
    assert (found >= 0).all() and (found.sum(axis=1)
                                   == m).all() and len(np.unique(found, axis=0)) == len(found)


def test_the_most_types():
    """comb(3162, 2) is the last below five million."""
    assert len(types(3160, 3)) == comb(3162, 2) < 5_000_000 < comb(3163, 2)
    with pytest.raises(ValueError, match="5 million"):
        types(3161, 3)
    assert len(types(4_999_999, 2)) == 5_000_000
    with pytest.raises(ValueError, match="5 million"):
        types(5_000_000, 2)


def test_too_many_types():
    with pytest.raises(ValueError, match="smaller alphabet or fewer draws"):
        log_error_probability(np.arange(20.0), 9, np.ones(20) / 20, np.ones(20) / 20, 100)


@pytest.mark.parametrize("h", [[1.0, 2.0], [1.0, np.inf, 0.0], np.ones((3, 1))])
def test_error_probability_needs_one_number_a_symbol(h):
    with pytest.raises(ValueError, match="one number a symbol"):
        log_error_probability(h, 0, Q1, Q2, 5)


@pytest.mark.parametrize(("change", "message"), [
    ({"m": -1}, "at least 1, got -1"), ({"m": 0}, "at least 1"),
    ({"threshold": np.nan}, "threshold"), ({"threshold": [0, 1]}, "threshold"),
    ({"threshold": np.inf}, "threshold"), ({"threshold": None}, "threshold"),
    ({"prior": 2}, "prior must be a probability"), ({"prior": -0.1}, "prior"),
    ({"prior": np.nan}, "prior"),
])
def test_error_probability_of_nonsense(change, message):
    asked = {"threshold": 0.5, "m": 3, "prior": 0.5} | change
    with pytest.raises(ValueError, match=message):
        log_error_probability([0.0, 1.0, 2.0], p1=Q1, p2=Q2, **asked)


@pytest.mark.parametrize(("seen1", "seen2", "used1", "used2"), [
    ([1, 1, 0], [0, 1, 1], [0, 1, 0], [0, 1, 0]),  # two intervals that touch
    ([0, 1, 1], [1, 1, 0], [0, 1, 0], [0, 1, 0]),
    ([1, 1, 1], [0, 1, 0], [1, 1, 1], [0, 1, 0]),  # a point within an interval, and at its ends
    ([1, 1, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0]), ([1, 1, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]),
    ([1, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]),  # apart
    ([1, 0, 1], [0, 1, 0], [1, 0, 1], [0, 1, 0]), ([1, 1, 1], [1, 0, 1], [1, 1, 1], [1, 0, 1])])
def test_symbols_of_a_common_mean(seen1, seen2, used1, used2):
    """On a line, and by the program for several features, where the line is one of two columns."""
    line, seen = np.array([[0.0], [1.0], [2.0]]), (np.array(seen1) == 1, np.array(seen2) == 1)
    for f in (line, np.hstack([line, 1 - 3 * line])):
        found = tilting.usable(f, *seen)
        assert np.array_equal(found[0], used1) and np.array_equal(found[1], used2)


def test_every_field_where_there_is_nothing_to_search():
    for apart in (chernoff([1, 0], [0, 1]), mismatched([0.0, 1.0], [1, 0], [0, 1])):
        assert (apart.statistic, apart.tilt, apart.mean) == (np.inf, 0.5, None)
    same = mismatched([0.0, 1.0, 0.0], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5])  # one mean under both
    assert (same.statistic, same.tilt) == (0, 0.5) and np.allclose(same.mean, 0.3)
    for share in (0.4, 0.6):  # both must draw the middle symbol to look alike
        touch = mismatched([0.0, 1.0, 2.0], [1 - share, share, 0], [0, share, 1 - share])
        assert touch.statistic == pytest.approx(-np.log(share), rel=1e-12)
        assert touch.tilt == 0.5 and touch.mean.tolist() == [1.0]


def test_error_probability_where_one_hypothesis_is_certain():
    huge = np.array([1.0, 0.0]) * 1.7e308  # of which a sum of two is infinite
    assert np.isclose(log_error_probability(huge, 0.85e308, [0.9, 0.1], [0.2, 0.8], 3),
                      log_error_probability([1.0, 0.0], 0.5, [0.9, 0.1], [0.2, 0.8], 3))
    for prior, claim in ((1, 2), (0, 3)):  # no draw is 0: P1 errs where all are; or none
        found = log_error_probability([1.0, 0.0], 0.5, [0.9, 0.1], [0.2, 0.8], 1, prior)
        assert np.isclose(np.exp(found), {2: 0.1, 3: 0.2}[claim])
    assert log_error_probability([1.0, -1.0], 0, [1, 0], [0, 1], 3) == -np.inf


@pytest.mark.parametrize("unit", [1e-310, 1e-100, 1e12, 1e307])
def test_error_probability_does_not_see_the_unit_of_h(unit):
    h, p, q = np.array([0.0, 1.0, 0.3]), [0.1, 0.5, 0.4], [0.5, 0.2, 0.3]
    assert np.isclose(log_error_probability(unit * h, unit * 0.4, p, q, 5),
                      log_error_probability(h, 0.4, p, q, 5), rtol=1e-12)


def test_a_large_value_makes_no_ties_of_small_ones():
    h, p, q = np.array([0.0, 1.0, 1e12]), np.array([0.1, 0.9, 0.0]), np.array([0.9, 0.1, 0.0])
    assert np.isclose(log_error_probability(h, 0.4, p, q, 3),
                      log_error_probability(h[:2], 0.4, p[:2], q[:2], 3))


# Independent coins: the exponents of several features in closed form


def coin_divergence(a, b):
    return divergence(np.array([a, 1 - a]), np.array([b, 1 - b]))


@pytest.mark.parametrize("delta", [0.3, 0.01])
def test_exponents_of_independent_coins_add(delta):
    a = np.array([0.5 + delta, 0.5 - delta])  # heads of one coin, under the two hypotheses
    coins = np.array(list(itertools.product([1, 0], repeat=3)))  # (8, 3)
    p1, p2 = (np.prod(np.where(coins, heads, 1 - heads), axis=1) for heads in a)
    one = information([a[0], a[1]], [a[1], a[0]])
    for k in (1, 2, 3):
        assert np.isclose(exponent(coins[:, :k], p1, p2), k * one, rtol=1e-9)
        assert np.isclose(exponent(coins[:, :k].sum(axis=1), p1, p2), k * one,
                          rtol=1e-9)  # nearest mean


@pytest.mark.parametrize("k", [2, 3, 9])
def test_an_orthant_loses_to_the_nearest_mean(k):
    """Best common threshold for k fair-ish coins: 4 / (1 + sqrt k)^2 of the nearest mean,
    eq-orthant of the book."""
    a, b = 0.501, 0.499
    t = brentq(lambda t: coin_divergence(t, a) - k * coin_divergence(t, b), b + 1e-9, a - 1e-9,
               xtol=1e-15)
    share = coin_divergence(t, a) / (k * information([a, b], [b, a]))
    assert abs(share - 4 / (1 + np.sqrt(k)) ** 2) < 1e-3


@pytest.mark.parametrize(("a", "b"), itertools.permutations([1e-100, 1e-10, 0.2, 0.5, 0.9], 2))
def test_two_coins_meet_in_closed_form(a, b):
    """q has one divergence from both, and the tilt is where logit q lies between the logits."""
    near, far = np.log(a / b), np.log1p(-b) - np.log1p(-a)
    q = far / (near + far)
    claim = q * np.log(q / a) + (1 - q) * (np.log1p(-q) - np.log1p(-a))
    tilt = (np.log(q / b) - np.log1p(-q) + np.log1p(-b)) / (near + far)
    for found in (chernoff([a, 1 - a], [b, 1 - b]), mismatched([2, 7], [a, 1 - a], [b, 1 - b])):
        assert np.isclose(float(found), claim, rtol=1e-12, atol=0)
        assert np.isclose(found.tilt, tilt, atol=1e-6)


def test_sums_off_1_by_less_than_they_may_be_are_made_1():
    p, q = np.array([0.3, 0.7 + 8e-10]), np.array([0.6, 0.4 - 6e-10])
    whole = [p / p.sum(), q / q.sum()]
    assert np.isclose(information(p, q), information(*whole), rtol=1e-13, atol=0)
    assert np.isclose(exponent([0, 1], p, q), information(*whole), rtol=1e-12, atol=0)
    assert np.isclose(log_error_probability([0, 1], 0.5, p, q, 30),
                      log_error_probability([0, 1], 0.5, *whole, 30), rtol=1e-13, atol=0)


@pytest.mark.parametrize("delta", [2.0**-10, 2.0**-20, 2.0**-26])
def test_coins_that_are_nearly_fair_keep_their_digits(delta):
    p, q = [0.5 - delta, 0.5 + delta], [0.5 + delta, 0.5 - delta]  # without rounding
    claim = -np.log1p(-4 * delta**2) / 2
    assert np.isclose(information(p, q), claim, rtol=1e-12, atol=0)
    assert np.isclose(exponent([0, 1], p, q), claim, rtol=1e-10, atol=0)


def test_chernoff_at_an_end_is_the_mass_in_common():
    for p, q, tilt in (([1, 0], [0.3, 0.7], 0), ([0.3, 0.7], [1, 0], 1),
                       ([1, 0], [1 - 2.0**-40, 2.0**-40], 0)):
        found = chernoff(p, q)
        assert found.tilt == tilt
        assert np.isclose(float(found), -np.log1p(-max(p[1], q[1])), rtol=1e-14, atol=0)


@pytest.mark.parametrize("lost", [0.05, 1e-6])
def test_symbols_that_one_cannot_give(lost):
    """The least sum of what is left, for either side's symbol and for both."""
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.5, 0.2])
    for a, b in ((lost, 0), (0, lost), (lost, 2 * lost)):
        p1, p2 = np.r_[p * (1 - a), a, 0], np.r_[q * (1 - b), 0, b]
        least = minimize_scalar(
            lambda s, a=a, b=b: logsumexp(s * np.log(p * (1 - a)) + (1 - s) * np.log(q * (1 - b))),
            bounds=(0, 1), options={"xatol": 1e-9})
        found = chernoff(p1, p2)
        assert np.isclose(float(found), -least.fun, rtol=1e-11, atol=0)
        assert np.isclose(found.tilt, least.x, atol=1e-6)


@pytest.mark.parametrize("share", [1e-20, 1 - 1e-20, 0.3])
def test_what_is_left_where_one_symbol_is_common(share):
    p1, p2 = ([1 - share, share, 0], [0, share, 1 - share])
    if share == 1:  # to float64
        p1, p2, share = [1e-20, 1, 0], [0, 1, 1e-20], None
    claim = 1e-20 if share is None else -np.log(share)
    assert np.isclose(exponent([0, 1, 2], p1, p2), claim, rtol=1e-12, atol=0)


def test_values_of_f_that_differ_little_keep_their_digits():
    """P1 sees 0 and, once in 10^12, 1; P2 only 10^-10: the mean is known to all its digits if
    values are counted from the symbol of 0, or its neighbour, and not from 1."""
    mean, rare = 1e-10, 1e-12
    claim = mean * np.log(mean / rare) + (1 - mean) * (np.log1p(-mean) - np.log1p(-rare))
    for f in ([0, 1, mean], [1, 0, 1 - mean]):
        p1 = [rare, 1 - rare, 0] if f[0] else [1 - rare, rare, 0]
        if f[0] == 0:
            assert np.isclose(exponent(f, p1, [0, 0, 1]), claim, rtol=1e-8, atol=0)
            assert np.isclose(exponent(f, [0, 0, 1], p1), claim, rtol=1e-8, atol=0)
