"""Maximal correlation: ACE against the SVD of a hand-made matrix and closed forms, soft HGR against
hand sums."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch

import tdist
from tdist.hgr import SoftHGR, ace, soft_hgr, whiten
from tdist.manners import Diverged


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


@pytest.mark.parametrize("tol", [1.0, 1e-3, 1e-5])
def test_ace_stops_at_the_second_small_rise_and_tells_what_is_short(tol):
    """Rises of two sweeps in a row within the tolerance, and for the first time; a word where what
    is missing is more than the tolerance explains."""
    told = set()
    for seed in range(4, 12):
        P = random_joint(20, 30, seed)
        with warnings.catch_warnings(record=True) as words:
            warnings.simplefilter("always")
            found = ace(P, 3, tol=tol, seed=seed)
        rises = np.diff(found.objective)
        small = [i for i in range(1, len(rises)) if max(rises[i - 1], rises[i]) <= tol]
        assert small == [len(rises) - 1]
        short = np.linalg.svd(plain_dtm(P), compute_uv=False)[:3].sum() - found.correlations.sum()
        assert found.short == pytest.approx(short, abs=1e-12)
        assert bool(words) == (short > max(1e-6, 10 * tol))
        told.add(bool(words))
        for word in words:
            text = str(word.message)
            assert f"after {len(found.objective)} sweeps" in text and "stronger mode" in text
            assert f"{short:.2g} below" in text and f"{found.correlations.sum():.6g}" in text
    assert told == ({False} if tol == 1 else {False, True})


def test_ace_is_told_once_where_the_sweeps_ran_out():
    with pytest.warns(UserWarning, match="nearly equal.*needs no sweeps") as words:
        found = ace(random_joint(8, 10, seed=4), 5, max_sweeps=1)
    assert len(found.objective) == 1 == len(words)


@pytest.mark.frames
def test_ace_warns_at_the_callers_line():
    with pytest.warns(UserWarning, match="after 1 sweeps") as words:
        ace(random_joint(8, 10, seed=4), 5, max_sweeps=1)
    assert words[0].filename == __file__


def test_ace_starts():
    P = random_joint(4, 6, seed=3)
    assert np.array_equal(ace(P, 2, seed=7).f, ace(P, 2, seed=7).f)
    assert np.array_equal(ace(P, 2).objective, ace(P, 2, tol=1e-14, seed=0).objective)
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


def test_whiten_does_not_see_where_f_lies():
    f, p = np.array([[1.0, 0.25], [2.0, 4.0], [0.0, 1.5], [7.0, 1.0]]), [0.25, 0.25, 0.125, 0.375]
    assert np.abs(whiten(f + 2.0**40, p) - whiten(f, p)).max() < 1e-9  # an exact shift


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


def test_soft_hgr_does_not_see_where_the_functions_lie():
    f, g = torch.rand(2, 9, 3, generator=torch.manual_seed(0), dtype=torch.float64)
    shift = torch.tensor([5.0, -2.0, 1.0])
    assert torch.isclose(soft_hgr(f + shift, g), soft_hgr(f, g))
    assert torch.isclose(soft_hgr(f, g + shift), soft_hgr(f, g))
    assert soft_hgr(f[:1], g[:1]) == 0


@pytest.mark.parametrize("f, g, error", [
    (torch.zeros(3, 2), np.zeros((3, 2)), TypeError), (np.zeros((3, 2)), torch.zeros(3, 2),
                                                       TypeError),
    (torch.zeros(3, 2), torch.zeros(3, 1), ValueError),
    (torch.zeros(0, 2), torch.zeros(0, 2), ValueError)])
def test_soft_hgr_refuses(f, g, error):
    with pytest.raises(error, match="f and g must"):
        soft_hgr(f, g)


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


@pytest.mark.parametrize("x, y, error, message", [
    (torch.zeros(3, 1), torch.zeros(2, dtype=torch.long), ValueError, "differ in length: 3 and 2"),
    (torch.zeros(3, 2), torch.zeros(3, dtype=torch.long), ValueError, r"\(m, 1\), got \(3, 2\)"),
    (torch.zeros(3, 1), torch.tensor([0, 1, 2]), ValueError, "labels must be 0 to 1, got 0 to 2"),
    (torch.zeros(3, 1), torch.tensor([-1, 1, 0]), ValueError, "got -1 to 1"),
    (torch.zeros(3, 1), torch.zeros(3), TypeError, "labels must be integers.*np.unique"),
    (torch.zeros(3, 1), torch.zeros(3, dtype=torch.bool), TypeError, "labels must be integers"),
    (torch.tensor([[np.nan]]), torch.tensor([0]), ValueError, "finite"),
    (torch.zeros(1, 1) * 1j, torch.tensor([0]), ValueError, "finite real numbers"),
    (torch.zeros(0, 1), torch.zeros(0, dtype=torch.long), ValueError, "empty"),
    ([["a"]], [0], TypeError, "x must be made of real numbers"),
])
def test_network_refuses(x, y, error, message):
    with pytest.raises(error, match=message):
        SoftHGR(inputs=1, classes=2, k=1, hidden=(4,)).fit(x, y, progress=False)


@pytest.mark.parametrize("sizes", [{"epochs": 0}, {"batch_size": 0}])
def test_network_needs_an_epoch_and_a_batch(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        SoftHGR(1, 2, 1).fit(torch.zeros(3, 1), torch.zeros(3, dtype=torch.long), **sizes)


def test_network_takes_one_sample_at_a_time():
    """Alone, each is its own mean: the objective is 0."""
    found = SoftHGR(1, 2, 1).fit(torch.eye(2)[:, :1], torch.tensor([0, 1]), 1, 1, progress=False)
    assert list(found) == [0.0]


@pytest.mark.parametrize("x, lr", [([[1e30], [-1e30]], 3e-3), ([[1.0], [-1.0]], 1e20)])
def test_network_that_diverges_gives_its_last_good_weights(x, lr):
    network = SoftHGR(inputs=1, classes=2, k=1, hidden=(4,))
    with pytest.raises(Diverged, match=r"epoch \d of soft HGR") as caught:
        network.fit(torch.tensor(x), torch.tensor([0, 1]), lr=lr, progress=False)
    assert caught.value.network is network
    assert all(weight.isfinite().all() for weight in network.parameters())


def test_network_whose_last_step_diverges():
    """The objective of the epoch was finite, the weights after it are not."""
    network = SoftHGR(inputs=1, classes=2, k=1, hidden=(4,))
    with pytest.raises(Diverged, match="epoch 0 of soft HGR"):
        network.fit([[1.0], [-1.0]], [0, 1], epochs=1, weight_decay=1e300, progress=False)
    assert all(weight.isfinite().all() for weight in network.parameters())


def test_network_defaults(capsys):
    x, y = torch.randn(1025, 1, generator=torch.manual_seed(0)), torch.arange(1025) % 2
    runs = [SoftHGR(1, 2, 1, hidden=(3,)).fit(x, y, **options)
            for options in ({}, {"epochs": 100, "batch_size": 1024, "lr": 3e-3,
                                 "weight_decay": 0.0, "progress": True})]
    assert np.array_equal(*runs) and capsys.readouterr().err.count("100/100") >= 2


def test_network_takes_arrays():
    y, x = exact_batch(COUNTS)
    onehot = np.eye(6)[x]
    runs = [SoftHGR(6, 4, 1, hidden=(4,)).fit(a, b, epochs=2, progress=False) for a, b in
            ((torch.tensor(onehot).float(), y), (onehot, y.numpy()), (onehot.tolist(), y.int()))]
    assert np.array_equal(runs[0], runs[1]) and np.array_equal(runs[0], runs[2])


def adamw(network, x, y, epochs, lr, weight_decay, cosine):
    """Full batches of AdamW, written out: weights shrink by lr * decay, and then move."""
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in network.parameters()]
    for epoch in range(epochs):
        rate = lr * (1 + np.cos(np.pi * epoch / epochs)) / 2 if cosine else lr
        network.zero_grad()
        (-network(x, y)).backward()
        with torch.no_grad():
            for p, (first, second) in zip(network.parameters(), moments, strict=True):
                first.mul_(0.9).add_(0.1 * p.grad)
                second.mul_(0.999).add_(0.001 * p.grad**2)
                p.mul_(1 - rate * weight_decay)
                steps = epoch + 1
                p.sub_(rate * (first / (1 - 0.9**steps))
                       / ((second / (1 - 0.999**steps)).sqrt() + 1e-8))


def test_network_decays_weights_and_lowers_the_rate_as_a_cosine():
    y, x = exact_batch(COUNTS)
    onehot = torch.eye(6, dtype=torch.float64)[x]
    network = SoftHGR(6, 4, 2, hidden=(8,)).double()  # Adam moves by rounding's sign
    start = copy.deepcopy(network)
    network.fit(onehot, y, epochs=8, batch_size=len(y), lr=0.02, weight_decay=0.5, progress=False)

    def apart(decay, cosine):
        other = copy.deepcopy(start)
        adamw(other, onehot, y, 8, 0.02, decay, cosine)
        return max((a - b).abs().max().item() for a, b in
                   zip(network.parameters(), other.parameters(), strict=True))

    assert apart(0.5, True) < 1e-6
    assert apart(0.0, True) > 1e-3 and apart(0.5, False) > 1e-3


def rare_mode(rare):
    """A strong mode in symbols of mass `rare`, and a weaker one in the rest."""
    P = np.zeros((4, 4))
    P[:2, :2] = np.array([[0.45, 0.05], [0.05, 0.45]]) * (1 - rare)
    P[2:, 2:] = rare * np.array([[0.5, 0], [0, 0.5]])
    return P


@pytest.mark.parametrize("rare", [1e-20, 1e-50, 1e-100])
def test_ace_says_that_it_stopped_at_weaker_modes(rare):
    P = rare_mode(rare)
    sigma = tdist.Joint(P).singular_values
    assert np.allclose(sigma[:2], 1, atol=1e-9) and np.isclose(sigma[2], 0.8)
    with pytest.warns(UserWarning, match=r"below the largest possible.*Joint\(P\).modes\(1\)"):
        found = ace(P, 1)
    assert found.short > 0.1 and np.isclose(float(found) + found.short, 1)
    assert np.isclose(tdist.Joint(P).modes(1).correlations[0], 1)


def test_ace_result_pickles_copies_and_prints():
    found = ace(random_joint(4, 6, seed=3), 2)
    assert abs(found.short) < 1e-12
    for other in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
        assert np.array_equal(other.f, found.f) and float(other) == float(found)
        assert repr(other) == repr(found) and "\n" not in repr(found)


@pytest.mark.parametrize("call, error, message", [
    (lambda: whiten(np.ones((3, 1)), [0.5, 0.6, 0.1]), ValueError, "p must sum to 1"),
    (lambda: whiten(np.ones((3, 3)), np.ones(3) / 3), ValueError, "cannot be white on the 3"),
    (lambda: whiten(np.ones((2, 1)), np.ones(3) / 3), ValueError, r"shape \(3, k\)"),
    (lambda: whiten(np.full((3, 1), np.nan), np.ones(3) / 3), ValueError, "finite"),
    (lambda: soft_hgr(np.ones((3, 1)), np.ones((3, 1))), TypeError, "torch tensors, got ndarray"),
    (lambda: soft_hgr(torch.ones(3), torch.ones(3)), ValueError, "one shape"),
    (lambda: ace(np.eye(3) / 3, 1.5), TypeError, "k, the number of modes, must be an integer"),
    (lambda: ace(np.eye(3) / 3, 1, max_sweeps=0), ValueError, "max_sweeps"),
])
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_no_warnings_on_ordinary_input():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ace(random_joint(3, 4, seed=0), 2)


def test_soft_hgr_shows_its_progress(capsys):
    x, y = torch.randn(20, 2), torch.arange(20) % 2
    for progress in (True, False):
        SoftHGR(2, 2, 1, hidden=(3,)).fit(x, y, epochs=2, progress=progress)
        assert ("soft HGR" in capsys.readouterr().err) is progress


def test_ace_signs_are_those_of_the_modes():
    P = random_joint(5, 7, seed=11)
    for seed in range(4):  # whatever the start
        found = ace(P, 3, seed=seed)
        largest = np.argmax(np.abs(np.sqrt(P.sum(0))[:, None] * found.f), axis=0)
        assert (found.f[largest, range(3)] > 0).all()
        assert np.abs(found.g - tdist.Joint(P).modes(3).g).max() < 1e-4
