"""What the H-score of an exact distribution is: the identities, the bound and the theorem of the
book."""

import itertools

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.special import gammaln, logsumexp
from scipy.stats import chi2_contingency
from statsmodels.multivariate.manova import MANOVA

from tdist import Joint, ace, h_score
from tdist.exponents import chernoff, types
from tdist.exponents import mismatched as mismatched_exponent
from tdist.hgr import whiten
from tdist.joint import directions, perturb

PX = np.array([0.30, 0.25, 0.20, 0.15, 0.10])
BIRDS = Joint(np.array([[10, 5, 3, 2], [3, 9, 9, 4], [2, 2, 5, 6]]) / 60)
PITCH = np.array([2.0, 3.5, 4.6, 7.1])


def mismatched(f, p1, p2):
    """The exponent as a number."""
    return float(mismatched_exponent(f, p1, p2))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def random_task(rng, rows=3, columns=5):
    return Joint(rng.dirichlet(np.ones(rows * columns)).reshape(rows, columns))


def binary_task(p0, epsilon, px=PX, seed=10):
    """Two labels near each other, P(Y = 0) = p0, marginal px."""
    phi = directions(px, 1, seed=seed)[0]
    return Joint.from_conditionals([p0, 1 - p0],
                                   perturb(px, np.array([(1 - p0) * phi, -p0 * phi]), epsilon))


def conditionals(task):
    return task.P / task.py[:, None]


def by_sums(P, f):
    """tr(cov(f)^-1 cov(E[f|Y])), every sum written out."""
    rows, columns = P.shape
    k = f.shape[1]
    total, between, mean = np.zeros((k, k)), np.zeros((k, k)), np.zeros(k)
    for y, x in itertools.product(range(rows), range(columns)):
        mean += P[y, x] * f[x]
    for y in range(rows):
        py, class_mean = 0.0, np.zeros(k)
        for x in range(columns):
            py += P[y, x]
            class_mean += P[y, x] * f[x]
            total += P[y, x] * np.outer(f[x] - mean, f[x] - mean)
        class_mean /= py
        between += py * np.outer(class_mean - mean, class_mean - mean)
    return np.trace(np.linalg.solve(total, between))


# The definition


@pytest.mark.parametrize("k", [1, 2, 4])
def test_definition_written_out(rng, k):
    for _ in range(10):
        task, f = random_task(rng), rng.standard_normal((5, k)) + 3
        assert np.isclose(task.h_score(f), by_sums(task.P, f), rtol=1e-9)


def test_by_hand():
    # Y = 0: x is 0, 0, 1 with weight 1/6 each; Y = 1: 1, 1, 2. Means 1/3, 4/3; overall 5/6;
    # variance 17/36
    task = Joint([[2 / 6, 1 / 6, 0], [0, 2 / 6, 1 / 6]])
    assert np.isclose(task.h_score(np.arange(3.0)), 0.25 / (17 / 36), rtol=1e-12)


def test_class_means_are_weighted_by_the_labels():
    # labels with probabilities .1 and .9, one symbol each and a shared one
    task = Joint([[0.05, 0.05, 0.0], [0.0, 0.45, 0.45]])
    f = np.array([0.0, 1.0, 3.0])
    means, mean = np.array([0.5, 2.0]), 0.1 * 0.5 + 0.9 * 2.0
    between = 0.1 * (means[0] - mean) ** 2 + 0.9 * (means[1] - mean) ** 2
    assert np.isclose(task.h_score(f), between / (0.5 * 1 + 0.45 * 9 - mean**2), rtol=1e-12)


def test_affine_invariance(rng):
    for _ in range(50):
        task, f = random_task(rng), rng.standard_normal((5, 3))
        g = f @ rng.standard_normal((3, 3)) + 100 * rng.standard_normal(3)
        assert np.isclose(task.h_score(g), task.h_score(f), rtol=1e-8)
    assert np.isclose(task.h_score(f * [1e6, 1.0, 1e-6]), task.h_score(f), rtol=1e-8)


def test_only_the_labels_partition_matters(rng):
    task, f = random_task(rng, 4, 6), rng.standard_normal((6, 2))
    assert np.isclose(Joint(task.P[[2, 0, 3, 1]]).h_score(f), task.h_score(f), rtol=1e-12)
    order = rng.permutation(6)
    assert np.isclose(Joint(task.P[:, order]).h_score(f[order]), task.h_score(f), rtol=1e-12)
    merged = Joint(np.vstack([task.P[0] + task.P[1], task.P[2:]]))
    assert merged.h_score(f) <= task.h_score(f) + 1e-12  # a coarser label says less


# Lemmas 4 and 5, Appendix D


def test_lemmas_4_and_5(rng):
    for _ in range(500):
        rows, columns, k = rng.integers(2, 9, size=3)
        task, f = random_task(rng, rows, columns), rng.standard_normal((columns, k)) + 2
        length = np.sum((task.dtm @ (np.sqrt(task.px)[:, None] * f)) ** 2)
        means = conditionals(task) @ f
        mean = task.py @ means
        assert abs(length - task.py @ np.sum((means - mean) ** 2, axis=1)) < 1e-9
        # the second moment of the lemma needs E f = 0
        assert task.py @ np.sum(means**2, axis=1) > length
        centred = means - mean
        assert abs(length - task.py @ np.sum(centred**2, axis=1)) < 1e-9
        if k < columns:
            g = whiten(f, task.px)
            assert abs(np.sum((task.dtm @ (np.sqrt(task.px)[:, None] * g)) ** 2)
                       - task.h_score(f)) < 1e-9


def test_appendix_d(rng):
    for _ in range(100):
        task, f = random_task(rng, 4, 7), rng.standard_normal((7, 3))
        xi = np.sqrt(task.px)[:, None] * (f - task.px @ f)
        normalised = xi @ np.linalg.inv(sqrtm(xi.T @ xi).real)
        assert abs(np.sum((task.dtm @ normalised) ** 2) - task.h_score(f)) < 1e-9


def test_appendix_d_with_redundant_columns(rng):
    for _ in range(50):
        task, f = random_task(rng, 4, 7), rng.standard_normal((7, 2))
        g = np.hstack([f, f @ rng.standard_normal((2, 3)), np.ones((7, 1))])
        xi = np.sqrt(task.px)[:, None] * (g - task.px @ g)
        projector = xi @ np.linalg.pinv(xi.T @ xi, rcond=1e-12, hermitian=True) @ xi.T
        value = np.trace(task.dtm @ projector @ task.dtm.T)
        assert abs(task.h_score(g) - task.h_score(f)) < 1e-9 and abs(task.h_score(g) - value) < 1e-9


def test_a_constant_says_nothing():
    task = Joint([[0.3, 0.2], [0.1, 0.4]])
    assert task.h_score(np.full(2, 7.0)) == 0


# Pillai's trace, on a table of counts


def counts_and_samples(rng, k=2):
    counts = rng.integers(1, 9, size=(3, 5))
    y, x = (index.repeat(counts.ravel()) for index in map(np.ravel, np.indices(counts.shape)))
    return Joint(counts / counts.sum()), x, y, rng.standard_normal((5, k))


def test_h_score_is_pillais_trace(rng):
    for _ in range(3):
        task, x, y, f = counts_and_samples(rng)
        table = MANOVA(f[x], np.eye(3)[y]).mv_test([("y", np.array([[1.0, -1, 0], [0, 1, -1]]))])
        pillai = table.results["y"]["stat"].loc["Pillai's trace", "Value"]
        assert np.isclose(task.h_score(f), pillai, rtol=1e-8)


def test_samples_that_are_the_distribution(rng):
    task, x, y, f = counts_and_samples(rng)
    assert np.isclose(h_score(f[x], y).statistic, task.h_score(f), rtol=1e-9)
    assert np.isclose(Joint.from_samples(x, y).h_score(f), task.h_score(f), rtol=1e-12)


# Theorem 1


EPSILON = 2.0 ** -np.arange(4, 10)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize(("p0", "power"), [(0.5, 4), (0.3, 3), (0.1, 3)])
def test_theorem_1(rng, p0, power, k):
    f = rng.standard_normal((5, k)) + 5
    exponents, scores = [], []
    for e in EPSILON:
        task = binary_task(p0, e)
        assert np.allclose(task.px, PX, atol=1e-15)
        exponents.append(mismatched(f, *conditionals(task)))
        scores.append(task.h_score(f))
    errors = np.abs(np.array(exponents) - np.array(scores) / (8 * p0 * (1 - p0)))
    assert abs(exponents[3] / scores[3] * 8 * p0 * (1 - p0) - 1) < 0.01
    assert abs(np.log2(errors[-2] / errors[-1]) - power) < 0.06


def test_theorem_1_with_features_that_tell_every_symbol():
    task = binary_task(0.3, 2.0**-7)
    exponent = float(chernoff(*conditionals(task)))
    assert abs(exponent / task.h_score(np.eye(5)) * 8 * 0.3 * 0.7 - 1) < 0.01
    assert np.isclose(task.h_score(np.eye(5)), task.singular_values[0] ** 2, rtol=1e-9)


def test_identity_inside_theorem_1(rng):
    task = random_task(rng, 2, 5)
    f = whiten(rng.standard_normal((5, 3)), task.px)
    gap = np.subtract(*(conditionals(task) @ f))
    assert np.isclose(task.h_score(f), task.py[0] * task.py[1] * gap @ gap, rtol=1e-10)


@pytest.mark.parametrize("e", [2.0**-4, 2.0**-6, 2.0**-8])
def test_theorem_1_holds_for_any_reference(rng, e):
    """Both labels in a ball around PX, which is not their mixture; f as it comes."""
    c, ratios = 1 / (8 * 0.3 * 0.7), []
    for _ in range(30):
        pair = directions(PX, 2, seed=rng) * rng.uniform(0.2, 1, (2, 1))
        task = Joint.from_conditionals([0.3, 0.7], perturb(PX, pair, e))
        assert np.abs(task.px - PX).max() > e / 100
        f = rng.standard_normal(5) + 3
        ratios.append(mismatched(f, *conditionals(task)) / task.h_score(f))
    off = np.abs(np.array(ratios) / c - 1)
    assert e / 100 < off.max() < 0.35 * e  # of first order: 2.2% at 2^-4, 0.14% at 2^-8


def test_second_moments_of_class_means_are_the_h_score_plus_the_squared_mean(rng):
    """What is lost where f has variance 1 but is not centred: the exponent sees only H."""
    task = random_task(rng, 2, 5)
    f = whiten(rng.standard_normal((5, 1)), task.px) + 0.7
    second = task.py @ (conditionals(task) @ f)[:, 0] ** 2
    assert np.isclose(second, task.h_score(f) + 0.7**2, rtol=1e-10)


@pytest.mark.parametrize("f", [[1.0, 0, 0, 0], [2.0, 3.5, 4.6, 7.1]])
def test_h_score_is_the_sum_of_exponents_of_weak_questions(f):
    """An orthonormal set of questions about Y, each asked of the two sides of P_Y."""
    e, total = 2.0**-7, 0.0
    for omega in np.linalg.svd(np.sqrt(BIRDS.py)[None])[2][1:]:
        sides = [(BIRDS.py + sign * e * np.sqrt(BIRDS.py) * omega) @ conditionals(BIRDS)
                 for sign in (1, -1)]
        total += mismatched(f, *sides)
    assert np.isclose(total, e**2 / 2 * BIRDS.h_score(f), rtol=1e-3)


def test_several_labels_sum_over_pairs(rng):
    p = np.array([0.5, 0.3, 0.2])
    errors = []
    u = rng.standard_normal((3, 5))
    u -= p @ u  # so that the mixture is PX
    u -= (u @ PX)[:, None]
    u /= np.abs(u).max()
    f = rng.standard_normal((5, 2))
    for e in EPSILON[-2:]:
        task = Joint.from_conditionals(p, PX * (1 + e * u))
        pairs = sum(p[a] * p[b] * mismatched(f, *conditionals(task)[[a, b]])
                    for a, b in ((0, 1), (0, 2), (1, 2)))
        errors.append(abs(8 * pairs - task.h_score(f)))
    assert errors[-1] < 0.02 * task.h_score(f) and abs(np.log2(errors[0] / errors[1]) - 3) < 0.1


def test_the_larger_h_score_can_have_the_smaller_exponent():
    three = np.array([[0.20, 0.25, 0.25, 0.30], [0.25, 0.20, 0.30, 0.25], [0.30, 0.30, 0.20, 0.20]])
    task = Joint.from_conditionals(np.ones(3) / 3, three)
    f1, f2 = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    assert np.isclose(task.h_score(f1), 0.02) and np.isclose(task.h_score(f2), 0.02 / 3)
    worst = [min(mismatched(f, *three[[a, b]]) for a, b in ((0, 1), (0, 2), (1, 2)))
             for f in (f1, f2)]
    assert worst[0] == 0 and worst[1] > 1e-3


def test_the_birds_first_mode_has_the_larger_score_and_the_smaller_exponent():
    first = BIRDS.modes(1).f[:, 0]
    pairs = [conditionals(BIRDS)[[a, b]] for a, b in itertools.combinations(range(3), 2)]
    smallest = [min(mismatched(f, *pair) for pair in pairs) for f in (first, PITCH)]
    assert BIRDS.h_score(first) > BIRDS.h_score(PITCH) and smallest[1] > 3 * smallest[0] > 0
    # a feature better than the first mode, where the first mode is blind
    three = np.array([[0.20, 0.25, 0.25, 0.30], [0.25, 0.20, 0.30, 0.25], [0.30, 0.30, 0.20, 0.20]])
    modes = Joint(three / 3).modes().f
    blind, other = modes[:, 0], modes @ [np.sqrt(0.5), np.sqrt(0.5)]
    worst = [min(mismatched(f, three[a], three[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
             for f in (blind, other)]
    assert worst[0] < 1e-12 and worst[1] > 2e-3


def test_exponent_between_several_labels_is_that_of_the_closest_pair():
    log_p, draws, logs = np.log(conditionals(BIRDS)), np.array([48, 96]), []
    for m in draws:  # the likelihood rule between three labels, every sample summed
        counts = types(int(m), 4)
        ways = gammaln(m + 1) - gammaln(counts + 1).sum(axis=1)
        likelihood = counts @ log_p.T  # (types, |Y|)
        wrong = likelihood < likelihood.max(axis=1, keepdims=True)
        logs.append(logsumexp((ways[:, None] + likelihood)[wrong]))
    slope = -np.diff(np.array(logs) + np.log(draws) / 2)[0] / 48
    closest = min(float(chernoff(*conditionals(BIRDS)[[a, b]])) for a, b in ((0, 1), (1, 2)))
    assert abs(slope / closest - 1) < 0.03


# Corollary 1


def test_corollary_1_on_5000_draws(rng):
    for _ in range(1000):
        rows, columns = rng.integers(2, 9, size=2)
        task = random_task(rng, rows, columns)
        for k in rng.integers(1, 9, size=5):
            best = np.sum(task.singular_values[:k] ** 2)
            assert task.h_score(rng.standard_normal((columns, k))) <= best + 1e-10
            assert best <= min(k, rows - 1, columns - 1) + 1e-10


def test_modes_attain_the_bound(rng):
    task = random_task(rng, 5, 7)
    for k in (1, 2, 3, 4):
        assert np.isclose(task.h_score(task.modes(k).f), np.sum(task.singular_values[:k] ** 2),
                          rtol=1e-10)
    assert np.isclose(task.h_score(ace(task, 2).f), np.sum(task.singular_values[:2] ** 2),
                      rtol=1e-8)
    # more features than the rank of the matrix add nothing
    everything = np.sum(task.dtm**2)
    assert np.isclose(task.h_score(np.eye(7)), everything)
    assert task.h_score(task.modes(3).f) < everything - 1e-6


def test_a_label_that_is_a_function_of_the_input(rng):
    task = Joint(np.eye(3)[[0, 1, 1, 2, 0]].T * PX)
    for k in (1, 2):
        assert np.isclose(task.h_score(task.modes(k).f), k)
    assert np.isclose(task.h_score(np.eye(5)), 2)  # |Y| - 1, whatever the number of features


def test_the_birds_whole_score_is_chi_squared_over_their_number():
    chi2 = chi2_contingency(60 * BIRDS.P, correction=False).statistic
    assert np.isclose(BIRDS.h_score(np.eye(4)), chi2 / 60, rtol=1e-12)
    assert np.allclose(BIRDS.singular_values.round(4), [0.4317, 0.2666, 0])


# Layers on top


def test_a_linear_layer_gains_nothing_and_the_best_one_loses_nothing(rng):
    for _ in range(30):
        task, f = random_task(rng, 3, 7), rng.standard_normal((7, 5)) + 2
        centred = f - task.px @ f
        cov = (centred.T * task.px) @ centred
        W = np.linalg.solve(cov, (conditionals(task) @ centred).T)  # (k, |Y|)
        assert np.isclose(task.h_score(f @ W[:, 1:]), task.h_score(f), rtol=1e-8)
        assert task.h_score(f @ rng.standard_normal((5, 2))) < task.h_score(f) + 1e-12
        # without the inverse covariance the columns are others, and some of H is lost
        assert task.h_score(f @ (cov @ W)[:, 1:]) < task.h_score(f) * (1 - 1e-4)


def test_data_processing(rng):
    for _ in range(50):
        task = random_task(rng, 4, 6)
        into = np.eye(3)[rng.permutation([0, 1, 2, *rng.integers(3, size=3)])]  # Z = h(X)
        merged, f = Joint(task.P @ into), rng.standard_normal((3, 2))
        assert np.isclose(merged.h_score(f), task.h_score(into @ f), rtol=1e-9)
        assert task.h_score(into @ f) - 1e-12 < np.sum(merged.dtm**2) < np.sum(task.dtm**2) + 1e-12
    assert BIRDS.h_score(np.c_[PITCH, PITCH**2]) > BIRDS.h_score(PITCH) + 0.05  # but H may rise


# Transferability


def exact_transferability(source, target, source_k, target_k):
    return target.h_score(source.modes(source_k).f) / target.h_score(target.modes(target_k).f)


def test_transferability_is_a_ratio_of_exponents():
    target, source = binary_task(0.3, 2.0**-7), binary_task(0.5, 0.3, seed=3)
    assert np.allclose(source.px, target.px)
    r = exact_transferability(source, target, 1, 1)
    e_source, e_target = (mismatched(t.modes(1).f, *conditionals(target)) for t in (source, target))
    assert 0.05 < r < 0.95 and abs(e_source / e_target / r - 1) < 0.02


def test_transferability_is_between_0_and_1(rng):
    above = []
    for _ in range(200):
        px = rng.dirichlet(np.full(8, 3.0))
        source, target = (Joint(rng.dirichlet(np.ones(4), size=8).T * px) for _ in range(2))
        for source_k, target_k in ((3, 3), (2, 3), (1, 1), (2, 2)):
            assert -1e-12 <= exact_transferability(source, target, source_k, target_k) <= 1 + 1e-10
        above.append(exact_transferability(source, target, 3, 1) > 1)
    assert any(above)  # three features against one: not bounded
    assert np.isclose(exact_transferability(target, target, 3, 3), 1)


def test_transfer_from_an_unrelated_source():
    bits = np.array(list(itertools.product([0, 1], repeat=2)))
    target, source = (Joint(np.stack([np.where(bit, 0.1, 0.9), np.where(bit, 0.9, 0.1)]) / 4)
                      for bit in bits.T)
    assert abs(exact_transferability(source, target, 1, 1)) < 1e-12
