"""tdist.joint against hand sums, closed forms, SciPy and scikit-learn."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import chi2_contingency, chisquare, entropy
from sklearn.metrics import mutual_info_score

from tdist import Joint
from tdist.alphabet import probabilities, symbols
from tdist.hgr import whiten
from tdist.joint import check_modes, directions, perturb


def random_joint(rng, rows, columns, concentration=1.0):
    return Joint(rng.dirichlet(np.full(rows * columns, concentration)).reshape(rows, columns))


def binary_symmetric(flip):
    """A fair bit and its copy, flipped with this probability."""
    return Joint([[(1 - flip) / 2, flip / 2], [flip / 2, (1 - flip) / 2]])


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def joint(rng):
    return random_joint(rng, 3, 5)


# --- the matrix and its modes ---------------------------------------------------------------------


def test_dtm_by_hand(joint):
    for y in range(3):
        for x in range(5):
            py, px = joint.P[y].sum(), joint.P[:, x].sum()
            expected = (joint.P[y, x] - py * px) / np.sqrt(py * px)
            assert joint.dtm[y, x] == pytest.approx(expected, abs=1e-15)


def test_marginals(joint):
    assert joint.px.shape == (5,) and joint.py.shape == (3,)
    assert np.allclose(joint.py, [sum(row) for row in joint.P.tolist()], atol=1e-15)
    assert np.allclose(joint.px, [sum(column) for column in joint.P.T.tolist()], atol=1e-15)


@pytest.mark.parametrize("flip", [0.0, 0.1, 0.3, 0.5, 0.8])
def test_binary_symmetric_closed_form(flip):
    joint = binary_symmetric(flip)
    assert np.allclose(joint.singular_values, [abs(1 - 2 * flip), 0], atol=1e-12)
    capacity = np.log(2) - entropy([flip, 1 - flip])
    assert joint.mutual_information() == pytest.approx(capacity, abs=1e-12)
    assert joint.h_score([0.0, 1.0]) == pytest.approx((1 - 2 * flip) ** 2, abs=1e-12)


def test_singular_values_of_random_joints(rng):
    for _ in range(200):
        joint = random_joint(rng, *rng.integers(2, 8, size=2))
        sigma = joint.singular_values
        assert sigma[0] <= 1 + 1e-12 and (np.diff(sigma) <= 0).all() and sigma[-1] < 1e-12
        assert np.abs(joint.dtm @ np.sqrt(joint.px)).max() < 1e-12
        assert np.abs(np.sqrt(joint.py) @ joint.dtm).max() < 1e-12


def test_inertia_is_chi_squared(rng):
    counts = rng.integers(1, 50, size=(4, 6))
    chi2 = chi2_contingency(counts, correction=False).statistic
    sigma = Joint(counts / counts.sum()).singular_values
    assert np.sum(sigma**2) == pytest.approx(chi2 / counts.sum(), rel=1e-12)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
def test_modes(rng, shape):
    joint = random_joint(rng, *shape)
    most = min(shape) - 1
    modes = joint.modes()
    assert modes.f.shape == (shape[1], most) and modes.g.shape == (shape[0], most)
    assert np.abs(joint.px @ modes.f).max() < 1e-11 and np.abs(joint.py @ modes.g).max() < 1e-11
    assert np.abs((modes.f.T * joint.px) @ modes.f - np.eye(most)).max() < 1e-11
    assert np.abs((modes.g.T * joint.py) @ modes.g - np.eye(most)).max() < 1e-11
    cross = modes.f.T @ joint.P.T @ modes.g
    assert np.abs(cross - np.diag(modes.correlations)).max() < 1e-11
    rebuilt = (np.sqrt(joint.py)[:,
                                 None] * modes.g * modes.correlations) @ (modes.f.T
                                                                          * np.sqrt(joint.px))
    assert np.abs(rebuilt - joint.dtm).max() < 1e-11
    assert joint.h_score(modes.f) == pytest.approx(np.sum(modes.correlations**2), abs=1e-11)
    assert np.allclose(joint.modes(1).correlations, modes.correlations[:1])


def test_signs_of_modes_are_fixed(rng):
    for _ in range(50):
        joint = random_joint(rng, 4, 6)
        modes, turned = joint.modes(), Joint(joint.P[:, ::-1]).modes()
        phi = np.sqrt(joint.px)[:, None] * modes.f
        assert (phi.max(axis=0) == np.abs(phi).max(axis=0)).all()
        assert np.allclose(modes.f, turned.f[::-1]) and np.allclose(modes.g, turned.g)
    coin = Joint([[0.4, 0.1], [0.1, 0.4]]).modes()  # two largest entries: the first is positive
    assert np.allclose(coin.f[:, 0], [1, -1]) and np.allclose(coin.g[:, 0], [1, -1])


def test_a_label_lies_at_the_mean_of_its_symbols(rng):
    joint = random_joint(rng, 3, 5)
    modes = joint.modes()
    assert np.allclose(joint.conditional_mean(modes.f), modes.correlations * modes.g)
    assert np.allclose(Joint(joint.P.T).conditional_mean(modes.g), modes.correlations * modes.f)


@pytest.mark.parametrize("k", [1, 2])
def test_no_ascent_passes_the_modes(rng, k):
    """Maximal correlation is the sum of the first singular values: a search from random starts."""
    P = np.array([[10, 5, 3, 2], [3, 9, 9, 4], [2, 2, 5, 6]]) / 60
    joint, best = Joint(P), 0.0

    def loss(numbers):
        a, b = np.split(numbers.reshape(-1, k), [4])
        return -np.trace(whiten(a, joint.px).T @ P.T @ whiten(b, joint.py))

    for _ in range(4):
        found = minimize(loss, rng.standard_normal(7 * k), tol=1e-10)
        assert -found.fun < joint.singular_values[:k].sum() + 1e-10
        best = max(best, -found.fun)
    assert best == pytest.approx(joint.singular_values[:k].sum(), abs=1e-7)


def test_maximal_correlation_1_is_not_strict_dependence():
    blocks = Joint(np.kron(np.eye(2), np.ones((2, 2))) / 8)
    assert np.allclose(blocks.singular_values, [1, 0, 0, 0])
    assert blocks.mutual_information() == pytest.approx(np.log(2))  # of ln 4 in Y
    modes = blocks.modes(1)
    assert np.allclose(modes.f[:, 0], [1, 1, -1, -1]) and np.allclose(modes.f, modes.g)


@pytest.mark.parametrize("k", [0, -1, 3, 5])
def test_modes_out_of_range(joint, k):
    with pytest.raises(ValueError, match=r"between 1 and .* = 2"):
        joint.modes(k)


def test_check_modes():
    assert check_modes(None, (4, 9)) == 3 and check_modes(2, (4, 9)) == 2
    with pytest.raises(ValueError):
        check_modes(None, (1, 9))


def test_unseen_symbols_keep_their_place(rng):
    small = random_joint(rng, 3, 4)
    P = np.insert(np.insert(small.P, 1, 0, axis=0), 2, 0, axis=1)
    large = Joint(P)
    assert np.allclose(large.singular_values[:3], small.singular_values, atol=1e-14)
    assert not large.dtm[1].any() and not large.dtm[:, 2].any()
    assert not large.modes(2).f[2].any() and not large.modes(2).g[1].any()
    assert large.mutual_information() == pytest.approx(small.mutual_information(), abs=1e-14)
    f = rng.standard_normal((4, 2))
    assert large.h_score(np.insert(f, 2, 99, axis=0)) == pytest.approx(small.h_score(f), abs=1e-12)
    assert not large.conditional_mean(np.ones(5))[1].any()


# --- mutual information ---------------------------------------------------------------------------


def test_mutual_information_by_hand(joint):
    total = 0.0
    for y in range(3):
        for x in range(5):
            total += joint.P[y,
                             x] * np.log(joint.P[y, x] / (joint.P[y].sum() * joint.P[:, x].sum()))
    assert joint.mutual_information() == pytest.approx(total, abs=1e-14)


def test_mutual_information_of_scikit_learn(joint):
    x, y = joint.sample(500, seed=3)
    assert Joint.from_samples(x, y).mutual_information() == pytest.approx(mutual_info_score(y, x),
                                                                          abs=1e-12)


def test_mutual_information_ends():
    p = np.array([0.5, 0.3, 0.2])
    assert Joint(np.diag(p)).mutual_information() == pytest.approx(entropy(p), abs=1e-14)
    assert Joint(np.outer(p, p)).mutual_information() == pytest.approx(0, abs=1e-14)


def local_tasks(epsilon, third_moment, seed=3):
    """A family of tasks whose conditionals lie in the epsilon-balls about one marginal."""
    p0 = np.random.default_rng(seed).dirichlet(np.full(5, 5.0))
    if third_moment:
        py = np.array([0.5, 0.3, 0.2])
        phi = directions(p0, 2, seed=seed)
        phi = np.vstack([phi / 2, -(py[:2] / py[2]) @ phi / 2])  # the P_Y-weighted mean is zero
        phi /= np.linalg.norm(phi, axis=1).max()
    else:
        py, phi = np.array([0.5, 0.5]), directions(p0, 1, seed=seed) * np.array([[1.0], [-1.0]])
    return [Joint.from_conditionals(py, perturb(p0, phi, e)) for e in epsilon]


@pytest.mark.parametrize("third_moment, slope", [(True, 3), (False, 4)])
def test_information_is_half_the_inertia(third_moment, slope):
    epsilon = 2.0 ** -np.arange(5, 10)
    gap = [abs(j.mutual_information() - np.sum(j.dtm**2) / 2)
           for j in local_tasks(epsilon, third_moment)]
    assert np.polyfit(np.log(epsilon), np.log(gap), 1)[0] == pytest.approx(slope, abs=0.05)


def test_h_score_may_exceed_twice_the_information():
    joint = Joint(np.diag([0.9, 0.1]))
    assert joint.h_score([0.0, 1.0]) == pytest.approx(1, abs=1e-12)
    assert 2 * joint.mutual_information() == pytest.approx(0.650, abs=5e-4)


# --- H-score --------------------------------------------------------------------------------------


def h_by_definition(joint, f):
    """tr(cov(f)^-1 cov(E[f|Y])), sums written out."""
    mean = sum(joint.px[x] * f[x] for x in range(len(f)))
    cov = sum(joint.px[x] * np.outer(f[x] - mean, f[x] - mean) for x in range(len(f)))
    between = np.zeros_like(cov)
    for y, py in enumerate(joint.py):
        class_mean = sum(joint.P[y, x] / py * f[x] for x in range(len(f)))
        between += py * np.outer(class_mean - mean, class_mean - mean)
    return np.trace(np.linalg.inv(cov) @ between)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_h_score_is_its_definition(rng, k):
    for _ in range(20):
        joint, f = random_joint(rng, 3, 6), rng.standard_normal((6, k))
        assert joint.h_score(f) == pytest.approx(h_by_definition(joint, f), abs=1e-10)


def test_h_score_by_hand():
    # P(Y=0) = P(Y=1) = 1/2, x in {0, 1, 2}; E f = 1, var f = 1/2; class means 1/2 and 3/2: H =
    # (1/4) / (1/2)
    joint = Joint([[0.25, 0.25, 0.0], [0.0, 0.25, 0.25]])
    assert joint.h_score([0, 1, 2]) == pytest.approx(0.5, abs=1e-14)


def test_h_score_does_not_see_affine_maps(rng, joint):
    f = rng.standard_normal((5, 2))
    h = joint.h_score(f)
    assert joint.h_score(f @ rng.standard_normal((2, 2)) + 1e3) == pytest.approx(h, abs=1e-10)
    assert joint.h_score(f * [1e-6, 1e6]) == pytest.approx(h, abs=1e-10)
    more = np.c_[f, np.full(5, 0.1), f[:, 0] - 2 * f[:, 1]]
    assert joint.h_score(more) == pytest.approx(h, abs=1e-10)


def test_h_score_bounds(rng):
    for _ in range(100):
        joint, k = random_joint(rng, *rng.integers(2, 7, size=2)), rng.integers(1, 7)
        sigma2 = joint.singular_values**2
        h = joint.h_score(rng.standard_normal((joint.P.shape[1], k)))
        assert -1e-12 < h <= sigma2[:k].sum() + 1e-10
        assert joint.h_score(np.eye(joint.P.shape[1])) == pytest.approx(sigma2.sum(), abs=1e-10)


def test_h_score_of_a_constant(joint):
    assert joint.h_score(np.full(5, 0.1)) == 0 and joint.h_score(np.zeros((5, 3))) == 0


def test_conditional_mean(joint):
    f = np.arange(5.0)
    expected = [sum(joint.P[y, x] * x for x in range(5)) / joint.P[y].sum() for y in range(3)]
    assert joint.conditional_mean(f).shape == (3, 1)
    assert np.allclose(joint.conditional_mean(f)[:, 0], expected, atol=1e-14)


@pytest.mark.parametrize("f, match", [
    (np.zeros((3, 2)), r"\(5, k\), got \(3, 2\)"), (np.zeros((5, 2, 1)), r"got \(5, 2, 1\)"),
    (np.full(5, np.nan), "NaN"),
])
def test_bad_features(joint, f, match):
    for method in (joint.h_score, joint.conditional_mean):
        with pytest.raises(ValueError, match=match):
            method(f)


# --- making joints --------------------------------------------------------------------------------


@pytest.mark.parametrize("P, match", [
    ([0.5, 0.5], "matrix"), (np.ones((2, 2, 2)) / 8, "3 axes"), ([[0.5, np.nan]], "finite"),
    ([[1.5, -0.5]], "non-negative"), ([[1, 2], [3, 4]], "sum to 1, got 10"), ([[0.5, 0.4]],
                                                                              "P / P.sum"),
])
def test_bad_joints(P, match):
    with pytest.raises(ValueError, match=match):
        Joint(P)


def test_joint_keeps_its_own_copy():
    P = np.full((2, 2), 0.25)
    joint = Joint(P)
    P[0, 0] = 9
    assert joint.P[0, 0] == 0.25
    with pytest.raises(ValueError):
        joint.P[0, 0] = 1
    assert repr(joint) == "Joint(|Y|=2, |X|=2, I=0 nats)"
    assert repr(Joint([[0.25, 0.25, 0], [0, 0, 0.5]])) == "Joint(|Y|=2, |X|=3, I=0.6931 nats)"


def test_from_conditionals():
    joint = Joint.from_conditionals([0.25, 0.75], [[0.5, 0.5, 0], [0, 1 / 3, 2 / 3]])
    assert np.allclose(joint.P, [[0.125, 0.125, 0], [0, 0.25, 0.5]], atol=1e-15)
    with pytest.raises(ValueError, match="row 1 of px_given_y must sum"):
        Joint.from_conditionals([0.5, 0.5], [[0, 1], [1, 1]])


def test_symbols_are_whole_numbers():
    for given in ([], [True, False], np.array([3, 4], np.uint8), torch.tensor([1, 2])):
        assert symbols(given, "x").dtype == np.int64


def test_from_samples_by_hand():
    x, y = [0, 0, 2, 2], [1, 1, 0, 1]
    assert np.allclose(Joint.from_samples(x, y).P, [[0, 0, 0.25], [0.5, 0, 0.25]])
    assert Joint.from_samples(x, y, shape=(3, 4)).P.shape == (3, 4)
    assert np.allclose(Joint.from_samples(np.array(x) > 0, y).P, [[0, 0.25], [0.5, 0.25]])


@pytest.mark.parametrize("x, y, shape, match", [
    ([], [], None, "length > 0"), ([0, 1], [0], None, "one length"), ([[0]], [[0]], None,
                                                                      "vectors"),
    ([0, -1], [0, 1], None, "x must be numbered from 0, got -1"),
    ([0, 3], [0, 1], (2, 3), r"shape must be .*at least \(2, 4\)"),
    ([0, 3], [0, 1], (1, 4), "shape must be"), ([0, 3], [0, 1], (4,), "shape must be"),
    ([0, 10**9], [0, 1], None, "100 million cells; .*np.unique"),
    ([7, 2**62], [0, 10**7], None, "100 million cells"), ([0, 1], [0, 1], (10**5, 10**5),
                                                          "million"),
    ([0, 1], [0, 1], (2**62, 4), "million"), ([0, 1], [0, 1], (4, 2**62), "million"),
])
def test_bad_samples(x, y, shape, match):
    with pytest.raises(ValueError, match=match):
        Joint.from_samples(x, y, shape)


@pytest.mark.parametrize("x, y, match", [
    ([0, 1], [0.5, 1], r"y must be integers .*np.digitize.*SoftHGR"),
    (np.random.default_rng(0).normal(size=9), np.zeros(9, int), "x must be integers.*digitize"),
    (torch.zeros(2, dtype=torch.bfloat16), [0, 1], "digitize"),
    (["a", "b"], [0, 1], "return_inverse"), ([None, 1], [0, 1], "return_inverse"),
])
def test_samples_that_are_no_symbols(x, y, match):
    with pytest.raises(TypeError, match=match):
        Joint.from_samples(x, y)


def test_symbols_seen_once_are_warned_of(rng):
    x, y = rng.normal(size=500), rng.integers(0, 3, 500)
    with pytest.warns(UserWarning, match="x has 500 symbols in 500 samples.*np.digitize.*SoftHGR"):
        found = Joint.from_samples(np.unique(x, return_inverse=True)[1], y)
    assert found.singular_values[0] > 0.999  # of independent variables
    with pytest.warns(UserWarning, match="y has 500 symbols"):
        Joint.from_samples(y, np.unique(x, return_inverse=True)[1])
    binned = Joint.from_samples(np.digitize(x, np.quantile(x, [0.25, 0.5, 0.75])), y)
    assert binned.singular_values[0] < 0.2
    few, more = np.arange(9), np.arange(9) % 8  # nine symbols in eighteen samples, and in nine
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Joint.from_samples(np.r_[few, few], np.r_[few, few])
        Joint.from_samples(more, more)
    with pytest.warns(UserWarning, match="x has 9 symbols in 9 samples"):
        Joint.from_samples(few, more)
    tensors = Joint.from_samples(torch.tensor([0, 1, 1]),
                                 torch.tensor([0, 1, 1], dtype=torch.int32))
    assert np.allclose(tensors.P, [[1 / 3, 0], [0, 2 / 3]])


def test_sample(rng):
    P = rng.dirichlet(np.ones(12)).reshape(3, 4)
    P[1, 2] = 0
    joint = Joint(P / P.sum())
    x, y = joint.sample(20_000, seed=5)
    assert x.shape == y.shape == (20_000,) and x.max() == 3 and y.max() == 2
    counts = np.zeros((3, 4))
    np.add.at(counts, (y, x), 1)
    assert counts[1, 2] == 0
    seen = joint.P > 0
    assert chisquare(counts[seen], 20_000 * joint.P[seen]).pvalue > 1e-3
    assert [len(part) for part in joint.sample(0)] == [0, 0]
    again = joint.sample(20_000, seed=5)
    assert (again[0] == x).all() and (again[1] == y).all()
    assert not (joint.sample(20_000, seed=6)[0] == x).all()


# --- neighbourhoods -------------------------------------------------------------------------------


def test_directions(rng):
    p0 = rng.dirichlet(np.ones(6))
    phi = directions(p0, 4, seed=1)
    assert phi.shape == (4, 6)
    assert np.allclose(np.linalg.norm(phi, axis=1), 1, atol=1e-12)
    assert np.abs(phi @ np.sqrt(p0)).max() < 1e-12
    assert (directions(p0, 4, seed=1) == phi).all()
    assert not np.allclose(directions(p0, 4, seed=2), phi)
    assert np.allclose(np.abs(directions([0.36, 0.64], 1)), [[0.8, 0.6]])
    rough = p0 * (1 + 9e-10)  # a sum that is 1 but for rounding
    assert np.abs(directions(rough, 50) @ np.sqrt(rough)).max() < 1e-14


def test_perturb(rng):
    p0 = rng.dirichlet(np.full(6, 5.0))
    p = perturb(p0, directions(p0, 3, seed=1), 0.01)
    assert p.shape == (3, 6) and np.allclose(p.sum(axis=1), 1, atol=1e-14)
    assert np.allclose(((p - p0) ** 2 / p0).sum(axis=1), 0.01**2, rtol=1e-9)
    assert np.allclose(p - p0, 0.01 * np.sqrt(p0) * directions(p0, 3, seed=1), atol=1e-15)
    assert perturb(p0, np.zeros((0, 6)), 0.01).shape == (0, 6)
    even = np.full(4, 0.25)  # down to nothing, and no further
    assert np.array_equal(perturb(even, [0.5, -0.5, 0.5, -0.5], 1.0), [0.5, 0, 0.5, 0])


@pytest.mark.parametrize("phi, epsilon, match", [
    ([0.9, -0.9], 0.1, "length <= 1"), ([0.5, 0.5], 0.1, "orthogonal"),
    ([0.7, -0.7], 2.0, "probability negative"),
])
def test_perturb_errors(phi, epsilon, match):
    with pytest.raises(ValueError, match=match):
        perturb([0.5, 0.5], phi, epsilon)


@pytest.mark.parametrize("P", [
    np.outer([0.2, 0.3, 0.5], [0.1, 0.2, 0.3, 0.4]),  # independent: every singular value is zero
    # one mode
    np.outer([0.2, 0.3, 0.5], [0.1, 0.2, 0.3, 0.4]) + 0.02 * np.outer([1, -1, 0], [1, -1, 1, -1]),
    np.array([[0.2, 0.2, 0.0, 0.05], [0.05, 0.05, 0.0, 0.2], [0.1, 0.1, 0.0, 0.05],
              [0.0, 0.0, 0.0, 0.0]]),
])
def test_modes_are_whitened_where_singular_values_vanish(P):
    joint = Joint(P)
    k = min((joint.px > 0).sum(), (joint.py > 0).sum()) - 1
    modes = joint.modes()
    for h, p in ((modes.f, joint.px), (modes.g, joint.py)):
        assert h.shape[1] == k and np.abs(p @ h).max() < 1e-12
        assert np.allclose((h.T * p) @ h, np.eye(k), atol=1e-12)
    assert np.allclose(modes.f.T @ P.T @ modes.g, np.diag(modes.correlations), atol=1e-12)
    with pytest.raises(ValueError, match="k must be"):
        joint.modes(k + 1)


# --- what callers hand in -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_tables_of_any_precision(kind):
    torch.manual_seed(0)
    P = torch.softmax(torch.randn(200), 0).reshape(10, 20).to(kind)
    P = P / P.sum()
    joint = Joint(P)
    assert joint.P.dtype == np.float64 and abs(joint.P.sum() - 1) < 1e-6
    exact = P.double().numpy() / P.double().sum().item()
    assert np.allclose(joint.P, exact, rtol=1e-6)
    rows = torch.softmax(torch.randn(2, 7).to(kind), 1)
    assert np.allclose(Joint.from_conditionals(torch.tensor([0.5, 0.5]), rows).py, 0.5, atol=1e-6)


def test_float64_stays_as_it_came_and_longer_numbers_are_held_to_its_sum():
    p = [0.3, 0.3, 0.3, 0.1]
    assert sum(p) != 1  # by rounding
    for given in (p, np.array(p)):
        assert probabilities(given, "p", 1).tolist() == p
    assert probabilities(np.array(p, np.longdouble), "p", 1) == pytest.approx(p, rel=1e-15)
    with pytest.raises(ValueError, match=r"must sum to 1, got 1\.000001"):
        probabilities(np.array([0.5, 0.500001], np.longdouble), "p", 1)


def test_what_the_message_advises_works():
    counts = np.float32([[1, 2, 4], [3, 3, 1]])
    with pytest.raises(ValueError,
                       match=r"P must sum to 1, got 14; normalise it with P / P.sum\(\)"):
        Joint(counts)
    assert Joint(counts / counts.sum()).P.sum() == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("P", ["text", [["0.5", "0.5"]], [[0.5, 0.5j]], [[0.5, {}]], None,
                               torch.tensor([[0.5, 0.5j]])])
def test_what_is_no_table_of_numbers(P):
    with pytest.raises((TypeError, ValueError), match="P must"):
        Joint(P)


@pytest.mark.parametrize("P", [[[0.5], [0.25, 0.25]], np.ma.array([[0.5, 0.5]], mask=[[1, 0]]),
                               [[0.5, None]]])
def test_tables_with_holes(P):
    with pytest.raises(ValueError, match=r"P (must|has masked)"):
        Joint(P)


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e200, 1e307])
def test_h_score_does_not_see_the_unit(rng, joint, scale):
    f = rng.standard_normal((5, 2))
    assert joint.h_score(f * [scale, 1]) == pytest.approx(joint.h_score(f), rel=1e-9)


@pytest.mark.parametrize("rare", [1e-20, 1e-40, 1e-300])
def test_h_score_of_a_rare_symbol(rare):
    joint = Joint(np.diag([1 - rare, rare]))
    for f in ([0, 1], [1, 2], [1e6, 1e6 + 1]):
        assert joint.h_score(f) == pytest.approx(1, rel=1e-9)


def test_h_score_is_of_the_symbols_that_occur():
    """Whatever the feature is at another one."""
    joint = Joint([[0.3, 0.1, 0.1, 0.0], [0.1, 0.1, 0.3, 0.0]])
    f = np.array([1.0, 2.0, 4.0, 0.0])
    for at in (3.0, 1e300, -1e-300):
        assert joint.h_score(np.r_[f[:3], at]) == joint.h_score(f) > 0.1
        assert joint.h_score([3.0, 3.0, 3.0, at]) == 0


def test_h_score_of_two_columns_that_hardly_move(rng, joint):
    """A column's own unit and place do not count."""
    f = rng.standard_normal((5, 3))
    moved = f * [1.0, 1e-9, 1e-12] + [0.0, 1.0, 0.0]
    assert joint.h_score(moved) == pytest.approx(joint.h_score(f), rel=1e-5)


def test_h_score_goes_from_the_most_frequent_symbol():
    """From a rare one far off, the two that matter would be one."""
    joint = Joint([[1e-60, 0.5, 0.0], [0.0, 0.0, 0.5]])
    assert joint.h_score([1e6, 0.0, 1e-12]) == pytest.approx(1, rel=1e-9)


def test_defaults_repeat():
    joint = Joint([[0.3, 0.2], [0.1, 0.4]])
    assert np.array_equal(joint.sample(50), joint.sample(50, seed=0))
    assert np.array_equal(directions([0.5, 0.3, 0.2], 2), directions([0.5, 0.3, 0.2], 2, seed=0))
    with pytest.raises(ValueError, match="at least 0, got -1"):
        joint.sample(-1)


@pytest.mark.parametrize("call, match", [
    (lambda: directions([1.0], 2), "two symbols"), (lambda: directions([0.5, 0.6], 2), "sum to 1"),
    (lambda: perturb([0.5, 0.5], [0.1, 0.1, 0.1], 0.1), "phi must be finite, of shape"),
    (lambda: perturb([0.5, 0.5], [np.nan, 0.1], 0.1), "phi must be finite"),
    (lambda: perturb([0.5, 0.5], [0.5, -0.5], np.nan), "probability negative"),
    (lambda: Joint.from_conditionals([0.5, 0.5], [[1, 0]]), "one row for each of the 2 labels"),
])
def test_bad_neighbourhoods_and_conditionals(call, match):
    with pytest.raises(ValueError, match=match):
        call()


def test_directions_may_be_off_by_a_billionth():
    edge = 1 + 1e-9
    assert perturb([0.5, 0.5, 0], [0, 0, edge], 0.1) == pytest.approx([0.5, 0.5, 0])
    assert perturb([1.0, 0.0], [1e-9, 0], 0.1) == pytest.approx([1, 0])
    for p0, phi in (([0.5, 0.5, 0], [0, 0, edge + 1e-12]), ([1.0, 0.0], [1.001e-9, 0])):
        with pytest.raises(ValueError, match="length <= 1 and be orthogonal"):
            perturb(p0, phi, 0.1)


def test_modes_pickle_copy_and_print(joint):
    modes = joint.modes()
    for other in (pickle.loads(pickle.dumps(modes)), copy.copy(modes), copy.deepcopy(modes)):
        assert np.array_equal(other.f, modes.f) and float(other) == modes.correlations.sum()
        assert repr(other) == repr(modes) and "\n" not in repr(modes)
    twin = pickle.loads(pickle.dumps(joint))
    assert np.array_equal(twin.P, joint.P) and repr(twin) == repr(joint)


def test_information_of_two_rare_symbols():
    """Their marginals are 1e-200 each, and the product of these is 0 in float64."""
    joint = Joint([[1.0, 0.0], [0.0, 1e-200]])
    assert joint.mutual_information() == pytest.approx(1e-200 * 200 * np.log(10), rel=1e-12)
