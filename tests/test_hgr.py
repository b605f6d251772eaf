"""Maximal correlation: ACE against the SVD of a hand-made matrix and closed forms, soft HGR against hand sums."""

import warnings

import numpy as np
import pytest
import torch

import tdist
from tdist.hgr import SoftHGR, ace, soft_hgr, whiten


def random_joint(rows, columns, seed):
    return np.random.default_rng(seed).dirichlet(np.full(rows * columns, 0.6)).reshape(rows,
                                                                                       columns)


def plain_dtm(P):
    """Definition 1, entry by entry."""
    py, px = P.sum(1), P.sum(0)
    return np.array([[P[y, x] / np.sqrt(py[y] * px[x]) - np.sqrt(py[y] * px[x])
                      for x in range(len(px))]
                     for y in range(len(py))])


def expectation(P, f, g):
    """E[f g^T] cell by cell, (k, j)."""
    return sum(P[y, x] * np.outer(f[x], g[y]) for y in range(P.shape[0]) for x in range(P.shape[1]))


@pytest.mark.parametrize("rows, columns, k",
                         [(5, 8, 1), (5, 8, 4), (8, 5, 3), (2, 6, 1), (6, 6, 5)])
def test_ace_finds_the_modes(rows, columns, k):
    P = random_joint(rows, columns, seed=rows + columns)
    found = ace(P, k)
    left, sigma, right = np.linalg.svd(plain_dtm(P))
    assert np.abs(found.correlations - sigma[:k]).max() < 1e-12
    assert np.isclose(float(found), sigma[:k].sum(), atol=1e-12)
    # ordered modes, up to sign
    f, g = right[:k].T / np.sqrt(P.sum(0))[:, None], left[:, :k] / np.sqrt(P.sum(1))[:, None]
    sign = np.sign((f * found.f).sum(0))
    assert found.f.shape == (columns, k) and found.g.shape == (rows, k)
    assert np.abs(found.f - sign * f).max() < 1e-5 and np.abs(found.g - sign * g).max() < 1e-5


def test_ace_functions_are_feasible_and_reach_the_value():
    P = random_joint(7, 9, seed=1)
    found = ace(P, 3)
    for function, p in ((found.f, P.sum(0)), (found.g, P.sum(1))):
        assert np.abs(p @ function).max() < 1e-13
        assert np.abs((function.T * p) @ function - np.eye(3)).max() < 1e-12
    assert np.abs(expectation(P, found.f, found.g) - np.diag(found.correlations)).max() < 1e-12
    assert (np.diff(found.correlations) <= 0).all()


def test_ace_objective_rises_to_the_sum_and_stays():
    P = random_joint(8, 10, seed=4)
    sigma = np.linalg.svd(plain_dtm(P), compute_uv=False)
    for k in (1, 3, 5):
        objective = ace(P, k).objective
        assert (np.diff(objective) > -1e-14).all()
        assert abs(objective[-1] - sigma[:k].sum()) < 1e-14 * k
        assert len(objective) > 10


def test_ace_does_not_drift_to_the_constant():
    P = random_joint(8, 10, seed=4)
    sigma = np.linalg.svd(plain_dtm(P), compute_uv=False)
    with pytest.warns(UserWarning, match="stopped after 300 sweeps"):
        found = ace(P, 5, tol=-1, max_sweeps=300)  # a tolerance below zero never stops
    assert len(found.objective) == 300
    assert abs(found.objective[-1] - sigma[:5].sum()) < 1e-13
    assert np.abs(P.sum(0) @ found.f).max() < 1e-13


def test_ace_rate():
    # sigma_2 / sigma_1 = 1/2 by construction: the gap falls by 1/16 a sweep
    u = np.array([[1, 1, -1, -1], [1, -1, 1, -1]]) / 2
    P = np.full((4, 4), 1 / 16) + (0.8 * np.outer(u[0], u[0]) + 0.4 * np.outer(u[1],
                                                                               u[1])) / 4 * 0.5
    found = ace(P, 1)
    assert np.isclose(found.correlations[0], 0.4, atol=1e-14)
    gap = 0.4 - found.objective
    gap = gap[(gap < 1e-3) & (gap > 1e-12)]
    assert len(gap) >= 4 and np.allclose(gap[1:] / gap[:-1], 1 / 16, rtol=0.02)


def test_ace_symmetric_channel():
    # Y is X with probability 1 - e, else one of the others: every sigma is 1 - n e / (n - 1)
    n, e = 5, 0.3
    P = (np.eye(n) * (1 - e) + (1 - np.eye(n)) * e / (n - 1)) / n
    assert np.allclose(ace(P, 4).correlations, 1 - n * e / (n - 1), atol=1e-12)


def test_ace_extremes():
    assert np.allclose(ace(np.eye(4) / 4, 3).correlations, 1, atol=1e-12)
    independent = np.outer([0.2, 0.3, 0.5], [0.1, 0.2, 0.3, 0.4])
    found = ace(independent, 2)
    assert np.abs(found.correlations).max() < 1e-12
    assert np.abs((found.f.T * [0.1, 0.2, 0.3, 0.4]) @ found.f - np.eye(2)).max() < 1e-12


def test_ace_takes_joints_samples_and_empty_symbols():
    P = random_joint(4, 6, seed=2)
    assert np.array_equal(ace(tdist.Joint(P), 2).f, ace(P, 2).f)
    wide = np.zeros((5, 8))
    wide[np.ix_([0, 1, 3, 4], [1, 2, 3, 4, 6, 7])] = P
    found = ace(wide, 2)
    assert np.abs(found.correlations - ace(P, 2).correlations).max() < 1e-12
    assert np.abs(found.f[[0, 5]]).max() == 0 and np.abs(found.g[2]).max() == 0
    with pytest.raises(ValueError, match="= 3, got 4"):
        ace(wide, 4)  # five labels, but four that occur
    joint = tdist.Joint(P)
    estimate = ace(tdist.Joint.from_samples(*joint.sample(200_000, seed=0), shape=P.shape), 2)
    assert np.abs(estimate.correlations - ace(P, 2).correlations).max() < 0.01
    best = np.sum(ace(P, 2).correlations ** 2)
    assert best * 0.999 < joint.h_score(estimate.f) <= best + 1e-12


def test_ace_starts():
    P = random_joint(4, 6, seed=3)
    assert np.array_equal(ace(P, 2, seed=7).f, ace(P, 2, seed=7).f)
    assert not np.isclose(ace(P, 2, seed=7).objective[0], ace(P, 2, seed=8).objective[0])
    assert np.isclose(float(ace(P, 2, seed=7)), float(ace(P, 2, seed=8)), atol=1e-12)


@pytest.mark.parametrize("k", [0, 4, 5])
def test_ace_refuses_k(k):
    with pytest.raises(ValueError, match=r"k must be between 1 and min\(\|X\|, \|Y\|\) - 1 = 3"):
        ace(random_joint(4, 6, seed=0), k)


def test_ace_refuses_counts():
    with pytest.raises(ValueError, match="sum to 1"):
        ace(np.ones((3, 3)), 1)


def test_whiten_is_symmetric_whitening():
    rng = np.random.default_rng(0)
    p, f = rng.dirichlet(np.ones(7)), rng.standard_normal((7, 3)) + 5
    centred = f - p @ f
    values, vectors = np.linalg.eigh((centred.T * p) @ centred)
    assert np.abs(whiten(f, p) - centred @ (vectors / np.sqrt(values)) @ vectors.T).max() < 1e-12


def test_whiten_singular_and_empty():
    p = np.array([0.2, 0.0, 0.3, 0.1, 0.4])
    f = np.array([[1.0, 2], [9, 9], [3, 6], [2, 4], [7, 14]])  # one direction only
    white = whiten(f, p)
    assert np.abs(p @ white).max() < 1e-13
    assert np.abs((white.T * p) @ white - np.eye(2)).max() < 1e-12
    assert np.abs(white[1]).max() == 0


def test_soft_hgr_by_hand():
    f, g = torch.tensor([[1.0], [-1.0]]), torch.tensor([[3.0], [-3.0]])
    # E fg = 3, cov f = 1, cov g = 9: 3 - 9/2
    assert soft_hgr(f, g).item() == -1.5
    assert soft_hgr(f + 10, g - 4).item() == -1.5  # centred inside
    # two features: E f^T g = 1 + 1/2, cov f = I, cov g = diag(1, 1/4)
    f = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    assert soft_hgr(f, f * torch.tensor([1, 0.5])).item() == pytest.approx(1.5 - 1.25 / 2)
    # off-diagonal entries count: cov f = [[1, 1], [1, 1]], cov g the same
    twin = torch.tensor([[1.0, 1], [-1, -1]])
    assert soft_hgr(twin, twin).item() == pytest.approx(2 - 4 / 2)


def exact_batch(counts):
    """A batch that is the distribution counts / counts.sum(): labels y (n,) and symbols x (n,)."""
    y, x = np.repeat(np.indices(counts.shape).reshape(2, -1), counts.ravel(), axis=1)
    return torch.from_numpy(y), torch.from_numpy(x)


COUNTS = np.random.default_rng(5).integers(1, 9, size=(4, 6))


def test_soft_hgr_maximum_for_fixed_f_is_half_the_h_score():
    y, x = exact_batch(COUNTS)
    P = COUNTS / COUNTS.sum()
    f = np.random.default_rng(0).standard_normal((6, 2))
    centred = f - P.sum(0) @ f
    means = (P @ centred) / P.sum(1)[:, None]
    best = torch.from_numpy(means @ np.linalg.inv((centred.T * P.sum(0)) @ centred))
    value = soft_hgr(torch.from_numpy(f)[x], best[y]).item()
    score = float(tdist.h_score(f[x.numpy()], y.numpy()))
    assert abs(value - score / 2) < 1e-12
    rng = np.random.default_rng(1)
    for _ in range(200):
        other = best + 0.1 * torch.from_numpy(rng.standard_normal(best.shape))
        assert soft_hgr(torch.from_numpy(f)[x], other[y]).item() < value


def test_soft_hgr_joint_maximum():
    y, x = exact_batch(COUNTS)
    found = ace(COUNTS / COUNTS.sum(), 2)
    f, g = torch.from_numpy(found.f), torch.from_numpy(found.g * found.correlations)
    best = np.sum(found.correlations**2) / 2
    assert abs(soft_hgr(f[x], g[y]).item() - best) < 1e-12
    A = torch.tensor([[2.0, 1], [0.5, -1]], dtype=float)  # f -> fA, g -> g A^-T
    assert abs(soft_hgr(f[x] @ A, g[y] @ torch.linalg.inv(A).T).item() - best) < 1e-12
    rng = np.random.default_rng(0)
    for _ in range(200):
        step_f, step_g = (0.1 * torch.from_numpy(rng.standard_normal(v.shape)) for v in (f, g))
        assert soft_hgr((f + step_f)[x], (g + step_g)[y]).item() < best + 1e-12


def test_network_reaches_the_best_h_score():
    y, x = exact_batch(COUNTS)
    onehot = torch.eye(6)[x]
    network = SoftHGR(inputs=6, classes=4, k=2, hidden=(16,))
    history = network.fit(onehot, y, epochs=300, batch_size=len(y), lr=2e-2, progress=False)
    best = np.sum(ace(COUNTS / COUNTS.sum(), 2).correlations ** 2)
    assert len(history) == 300 and 0.99 * best < 2 * history[-1] <= best + 1e-6
    score = tdist.h_score(network.features(onehot), y)
    assert score.rank == 2 and 0.99 * best < score.statistic <= best + 1e-6


def test_network_mean_objective_of_uneven_batches():
    y, x = exact_batch(COUNTS)
    network = SoftHGR(inputs=6, classes=4, k=1, hidden=(4,))
    onehot = torch.eye(6)[x]
    generator = torch.Generator().manual_seed(0)
    batches = torch.randperm(len(y), generator=generator).split(40)
    with torch.no_grad():
        expected = sum(network(onehot[b], y[b]).item() * len(b) for b in batches) / len(y)
    assert len(y) % 40
    assert np.isclose(network.fit(onehot, y, 1, 40, lr=0.0, progress=False)[0], expected, atol=1e-6)


def test_network_is_repeatable_and_leaves_the_global_generator():
    y, x = exact_batch(COUNTS)
    onehot = torch.eye(6)[x]
    torch.manual_seed(3)
    state = torch.get_rng_state()
    runs = []
    for seed in (0, 0, 1):
        network = SoftHGR(inputs=6, classes=4, k=2, hidden=(8, 8), seed=seed)
        runs.append(network.fit(onehot, y, epochs=2, batch_size=32, progress=False))
    assert np.array_equal(runs[0], runs[1]) and not np.array_equal(runs[0], runs[2])
    assert torch.equal(torch.get_rng_state(), state)


def test_network_shapes():
    network = SoftHGR(inputs=3, classes=5, k=2, hidden=())
    features = network.features(torch.zeros(7, 3))
    assert isinstance(features, np.ndarray) and features.shape == (7, 2)
    assert network.g.weight.shape == (5, 2)


def test_network_errors():
    network = SoftHGR(inputs=1, classes=2, k=1, hidden=(4,))
    with pytest.raises(ValueError, match="differ in length: 3 and 2"):
        network.fit(torch.zeros(3, 1), torch.zeros(2, dtype=torch.long), progress=False)
    with pytest.raises(FloatingPointError, match="diverged in epoch 0"):
        network.fit(torch.tensor([[1e30], [-1e30]]), torch.tensor([0, 1]), progress=False)


def test_no_warnings_on_ordinary_input():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ace(random_joint(3, 4, seed=0), 2)
