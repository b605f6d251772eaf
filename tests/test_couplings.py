"""Block couplings: the proximal step against POT, hand sums and its own certificate."""

import copy
import pickle
import warnings
from dataclasses import replace

import numpy as np
import ot
import pytest
import torch
from scipy.optimize import minimize

from tdist import couplings, descent
from tdist.couplings import (
    Coupling,
    GapWarning,
    entropic,
    from_features,
    proximal,
    round_to_marginals,
)


def problem(blocks=3, n=8, seed=0):
    rng = np.random.default_rng(seed)
    cost = rng.random((blocks, n, n))
    previous = entropic(rng.random((blocks, n, n)), 0.1, tolerance=1e-10).coupling
    return cost, previous


def objective(gamma, cost, previous, entropy, lam):
    log = np.log(gamma, where=gamma > 0, out=np.zeros_like(gamma))
    return np.sum(gamma * cost) + entropy * np.sum(gamma
                                                   * log) + lam * np.sum((gamma - previous) ** 2)


def uniform(n):
    return np.full(n, 1 / n)


def test_entropic_coupling_is_that_of_pot():
    cost, _ = problem()
    found = entropic(cost, 0.05, tolerance=1e-12)
    for gamma, c in zip(found.coupling, cost, strict=True):
        expected = ot.sinkhorn(uniform(8), uniform(8), c, 0.05, method="sinkhorn_log",
                               stopThr=1e-14, numItermax=10_000)
        assert np.abs(gamma - expected).max() < 1e-7


def test_small_entropy_reaches_plain_optimal_transport():
    cost, _ = problem(n=6)
    found = entropic(cost, 1e-3, max_steps=5000, tolerance=1e-9)
    for gamma, c in zip(found.coupling, cost, strict=True):
        assert np.sum(gamma * c) == pytest.approx(ot.emd2(uniform(6), uniform(6), c),
                                                  abs=1e-3 * np.log(36))


def test_costs_far_above_the_entropy_stay_finite():
    """exp(-cost / entropy) is 0 in whole columns. With P the optimal plan,
    F(Gamma) <= F(P) + gap."""
    rng = np.random.default_rng(0)
    cost = 100 * ((rng.normal(size=(20, 10, 1, 3)) - rng.normal(1, 1, (20, 1, 10, 3))) ** 2).sum(3)
    found = entropic(cost, 0.02)
    assert np.abs(found.coupling.sum(1) - 0.1).max() < 1e-12
    assert np.abs(found.coupling.sum(2) - 0.1).max() < 1e-12
    for gamma, gap, c in zip(found.coupling, found.gap, cost, strict=True):
        best = ot.emd2(uniform(10), uniform(10), c)
        assert best - 1e-9 <= np.sum(gamma * c) <= best + 0.02 * np.log(10) + gap < np.inf


def test_without_entropy_it_is_pots_conditional_gradient():
    """With entropy = 0 the objective is quadratic, where POT's cg is exact."""
    cost, previous = problem(blocks=2, n=6)
    lam = 2.0
    found = proximal(cost, previous, 0.0, lam, tolerance=1e-9, max_steps=4_000)
    for gamma, c, before in zip(found.coupling, cost, previous, strict=True):
        square, slope = (lambda g, b=before: np.sum((g - b) ** 2)), lambda g, b=before: 2 * (g - b)
        expected = ot.optim.cg(uniform(6), uniform(6), c, lam, square, slope, numItermax=4_000,
                               stopThr=1e-14, stopThr2=1e-14)
        ours, theirs = (objective(g, c, before, 0, lam) for g in (gamma, expected))
        # conditional gradient nears its minimum like 1 / iterations
        assert theirs - 1e-4 < ours < theirs + 1e-8


@pytest.mark.parametrize("lam", [1.5, 800.0])
def test_a_general_solver_finds_no_better_coupling(lam):
    cost, previous = problem(blocks=1, n=4, seed=3)
    entropy = 0.1
    found = proximal(cost, previous, entropy, lam, tolerance=1e-12)
    sums = [{"type": "eq", "fun": lambda g, i=i, a=a: g.reshape(4, 4).sum(a)[i] - 0.25}
            for a in (0, 1) for i in range(4)]
    best = minimize(lambda g: objective(g.reshape(4, 4), cost[0], previous[0], entropy, lam),
                    np.full(16, 1 / 16),
                    bounds=[(1e-12, 1)] * 16, constraints=sums[:-1], method="SLSQP",
                    options={"ftol": 1e-14, "maxiter": 2000})
    ours = objective(found.coupling[0], cost[0], previous[0], entropy, lam)
    assert ours == pytest.approx(best.fun, abs=1e-6) and ours <= best.fun + 1e-9


@pytest.mark.parametrize("lam", [0.1, 10.0, 300.0])
def test_the_certificate_closes_and_holds(lam):
    cost, previous = problem(blocks=4, n=12, seed=1)
    scale = cost.mean()
    found = proximal(cost, previous, 0.2 * scale, lam * scale, tolerance=1e-10, max_steps=20_000)
    assert np.all(found.gap <= 1e-10 * scale) and np.all(found.gap >= 0)
    early = proximal(cost, previous, 0.2 * scale, lam * scale, max_steps=1, sweeps=2)
    for b in range(4):
        excess = (objective(early.coupling[b], cost[b], previous[b], 0.2 * scale, lam * scale)
                  - objective(found.coupling[b], cost[b], previous[b], 0.2 * scale, lam * scale))
        assert -1e-9 <= excess <= early.gap[b] + 1e-12


def test_the_gap_of_blocks_of_30_closes_to_rounding():
    cost, previous = problem(blocks=3, n=30, seed=4)
    found = proximal(cost, previous, 0.2, 10.0, tolerance=1e-12, max_steps=20_000)
    assert np.all(found.gap <= 1e-12) and np.all(found.gap >= 0)


@pytest.mark.parametrize("lam", [0.0, 2.0, 10.0])
def test_mirror_steps_alone_close_the_usual_step(lam):
    """200 steps and no Newton after them, which would mend a wrong linearisation or a loose
    bound."""
    rng = np.random.default_rng(6)
    cost, previous = rng.random((2, 30, 30)), entropic(rng.random((2, 30, 30)), 0.1,
                                                       tolerance=1e-3).coupling
    scale = cost.mean()
    found = proximal(cost, previous, 0.05 * scale, lam * scale, tolerance=1e-4, max_steps=200)
    assert np.all(found.gap <= 1e-4 * scale) and found.steps < 200


def test_optimality_conditions_at_the_solution():
    """C + eps (log G + 1) + 2 lam (G - G') = u_i + v_j: no second difference is left."""
    cost, previous = problem(blocks=2, n=5, seed=2)
    g = proximal(cost, previous, 0.1, 3.0, tolerance=1e-13, sweeps=200).coupling
    slope = cost + 0.1 * np.log(g) + 6.0 * (g - previous)
    slope -= slope.mean(1, keepdims=True) + slope.mean(2, keepdims=True) - slope.mean((1, 2),
                                                                                      keepdims=True)
    assert np.abs(slope).max() < 1e-4


def test_weights_pull_as_they_should():
    cost, previous = problem(n=10)
    near, far = (proximal(cost, previous, 0.05, lam).coupling for lam in (1000.0, 0.01))
    assert np.linalg.norm(near - previous) < 0.1 * np.linalg.norm(far - previous)
    still = proximal(cost, previous, 0.0, 1e6, max_steps=300).coupling
    assert np.sum(far * cost) < np.sum(near * cost) < cost.mean() * 3
    assert np.sum(still * cost) > np.sum(far * cost)
    flat = entropic(cost, 1e4).coupling
    assert np.allclose(flat, 1 / 100, atol=1e-6)


def test_large_proximal_weights_converge_where_the_naive_step_does_not():
    """2 lam / (n eps) = 133: linearising at weight eps alone overshoots."""
    cost, previous = problem(blocks=2, n=10, seed=4)
    entropy, lam = 0.03, 20.0
    assert 2 * lam / (10 * entropy) > 100
    found = proximal(cost, previous, entropy, lam, tolerance=1e-7, max_steps=5000)
    assert np.all(found.gap < 1e-7)


@pytest.mark.parametrize("entropy", [0.05, 0.0])
@pytest.mark.parametrize("lam", [250.0, 6250.0])
def test_newton_closes_what_mirror_steps_leave(entropy, lam):
    """As under a growing proximal weight."""
    cost, previous = problem(blocks=3, n=8, seed=5)
    left = proximal(cost, previous, entropy, lam, max_steps=200)
    found = proximal(cost, previous, entropy, lam, tolerance=1e-10)
    assert (left.gap > 1e-5).all() and (found.gap <= 1e-10).all() and 200 < found.steps <= 220
    assert np.abs(found.coupling.sum(1) - 1 / 8).max() < 1e-12
    for b in range(3):
        excess = (objective(left.coupling[b], cost[b], previous[b], entropy, lam)
                  - objective(found.coupling[b], cost[b], previous[b], entropy, lam))
        assert 1e-6 < excess <= left.gap[b]


def test_the_unit_of_the_cost_does_not_matter():
    """Also to where Newton's method begins: with weights above and below 1."""
    cost, previous = problem(blocks=3, n=8, seed=5)
    usual, other = (proximal(unit * cost, previous, 0.05 * unit, 250.0 * unit, tolerance=1e-10)
                    for unit in (1, 2.0**-10))
    assert usual.steps == other.steps > 200 and other.closed
    np.testing.assert_allclose(other.coupling, usual.coupling, atol=1e-12)


@pytest.mark.parametrize("max_steps, steps", [(200, 200), (203, 203), (None, 220)])
def test_steps_end_at_their_limit(max_steps, steps, monkeypatch):
    """At a bound that is never met: at most 200 mirror steps, and then 20 of Newton's method."""
    real = descent.newton
    monkeypatch.setattr(descent, "newton",
                        lambda *start: real(*start[:4], -1.0, min(start[5], 30)))
    monkeypatch.setattr(couplings, "_vouch", lambda *_: None)
    cost, previous = problem(blocks=2, n=6)
    assert proximal(cost, previous, 0.0, 50.0, 1e-15, max_steps).steps == steps


def test_two_hundred_steps_without_a_proximal_term_are_not_annealed():
    cost, _ = problem(n=8)
    left, closed = (entropic(cost, 1e-3, 1e-9, max_steps) for max_steps in (200, 201))
    assert left.steps == 200 and not left.closed
    assert closed.steps > 201 and closed.closed


@pytest.mark.parametrize("n", [2, 4, 7])
def test_one_step_is_enough_where_the_product_coupling_is_best(n):
    """Mirror steps start from it, and so do the potentials that vouch for them."""
    found = proximal(np.full((1, n, n), 3.0), np.full((1, n, n), n**-2.0), 0.1, 5.0, max_steps=1)
    assert found.closed and found.gap == pytest.approx(0, abs=1e-14)


def test_a_gap_of_0_is_closed_where_every_term_is_0():
    assert proximal(np.zeros((1, 2, 2)), np.full((1, 2, 2), 0.25), 0.0, 1.0, max_steps=1).closed


@pytest.mark.parametrize("n, most", [(8, 16), (25, 40)])
def test_annealing_takes_a_few_steps_a_level(n, most):
    """After a thousand steps of Sinkhorn; wherever the costs lie, and in whatever unit."""
    cost, _ = problem(n=n)
    for entropy in (1e-4, 1e-3, 1e-2):
        for scale, at in ((1, 0), (10, 5), (0.1, -5)):
            found = entropic(scale * cost + at, entropy, tolerance=1e-9)
            assert found.closed and found.steps <= 1000 + most
    assert entropic(cost, 0.1, tolerance=1e-9).steps < 10
    assert proximal(cost, cost * 0 + n**-2.0, 0.1, 1.0, sweeps=1).coupling.shape == cost.shape


@pytest.mark.parametrize("entropy", [0.01, 0.0])
def test_newton_halves_steps_that_overshoot(entropy):
    """From potentials of 0, where full steps go astray without entropy."""
    cost, previous = (torch.from_numpy(x) for x in problem(blocks=2, n=6))
    zero = torch.zeros(2, 6, dtype=torch.float64)
    start = zero, zero, torch.full_like(cost, 1 / 36)
    found, gap, steps = descent.newton(*start, (cost, previous, entropy, 10.0), 1e-9, 60)
    assert (gap <= 1e-9).all() and steps < 20
    again = proximal(cost, previous, entropy, 10.0, tolerance=1e-9)
    assert (found - again.coupling).abs().max() < 1e-4


def test_blocks_do_not_see_each_other_and_the_cost_may_shift():
    cost, previous = problem(blocks=3)
    together = proximal(cost, previous, 0.05, 1.0, tolerance=1e-11).coupling
    alone = proximal(cost[1:2], previous[1:2], 0.05, 1.0, tolerance=1e-11).coupling
    shifted = proximal(cost + 7.0, previous, 0.05, 1.0, tolerance=1e-12).coupling
    assert np.abs(together[1:2] - alone).max() < 1e-5 and np.abs(together - shifted).max() < 1e-4


def test_marginals_and_symmetry_of_transposing():
    cost, previous = problem(n=9)
    g = proximal(cost, previous, 0.05, 1.0, tolerance=1e-11).coupling
    assert np.allclose(g.sum(1), 1 / 9, atol=1e-14) and np.allclose(g.sum(2), 1 / 9, atol=1e-14)
    assert g.min() >= 0
    t = proximal(cost.swapaxes(1, 2), previous.swapaxes(1, 2), 0.05, 1.0, tolerance=1e-11).coupling
    assert np.abs(t.swapaxes(1, 2) - g).max() < 1e-5


def test_rounding_makes_marginals_exact_and_moves_little():
    rng = np.random.default_rng(0)
    g = entropic(rng.random((2, 7, 7)), 0.1).coupling
    rough = torch.from_numpy(g * (1 + 0.01 * rng.normal(size=g.shape)))
    done = round_to_marginals(rough).numpy()
    assert np.allclose(done.sum(1), 1 / 7, atol=1e-15)
    assert np.allclose(done.sum(2), 1 / 7, atol=1e-15)
    off = np.abs(rough.numpy().sum(1) - 1 / 7).sum() + np.abs(rough.numpy().sum(2) - 1 / 7).sum()
    assert np.abs(done - rough.numpy()).sum() <= 2 * off + 1e-12


def test_couplings_from_features_are_those_of_pot():
    """Squared distances, and one unit of cost for all blocks: the second, twice as wide, is coupled
    more sharply."""
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(2, 2, 7, 3)) * np.array([1, 2])[:, None, None]
    found = from_features(source, target, entropy=0.1, tolerance=1e-12)
    cost = np.array([ot.dist(s, t) for s, t in zip(source, target, strict=True)])
    for gamma, c in zip(found.coupling, cost, strict=True):
        expected = ot.sinkhorn(uniform(7), uniform(7), c, 0.1 * cost.mean(), method="sinkhorn_log",
                               stopThr=1e-12,
                               numItermax=10_000)
        assert np.abs(gamma - expected).max() < 1e-6


def test_couplings_from_features_join_each_sample_to_its_copy():
    rng = np.random.default_rng(1)
    source = torch.from_numpy(rng.normal(size=(3, 6, 50)))
    order = torch.from_numpy(np.stack([rng.permutation(6) for _ in range(3)]))
    target = source.gather(1, order[..., None].expand(-1, -1, 50))
    found = from_features(source, target)
    assert isinstance(found.coupling, torch.Tensor) and torch.equal(found.coupling.argmax(1), order)
    assert found.coupling.amax(1).min() > 0.99 / 6
    far = from_features(1000 * source + 7, 1000 * target + 7)
    assert torch.allclose(far.coupling, found.coupling, atol=1e-9)
    assert torch.allclose(far.gap, found.gap, atol=1e-9)


def test_features_far_from_zero_keep_their_digits():
    """Squares by a product of matrices would lose them: 1e6 squared has twelve."""
    source, target = torch.rand(2, 1, 40, 3, generator=torch.manual_seed(0), dtype=torch.float64)
    near, far = (couplings.from_features(source + at, target + at, entropy=0.1).coupling
                 for at in (0, 1e6))
    assert isinstance(near, torch.Tensor) and torch.allclose(near, far, rtol=1e-6, atol=1e-12)
    array = couplings.from_features(source.numpy(), target.numpy(), entropy=0.1).coupling
    assert isinstance(array, np.ndarray) and np.allclose(array, near)


def test_equal_features_give_the_product_coupling():
    assert np.allclose(from_features(np.ones((1, 4, 2)), np.ones((1, 4, 2))).coupling, 1 / 16)


def test_kinds_and_inputs_are_kept():
    cost, previous = problem()
    kept = cost.copy(), previous.copy()
    result = proximal(torch.from_numpy(cost).float(), torch.from_numpy(previous), 0.05, 1.0)
    assert isinstance(result.coupling, torch.Tensor) and isinstance(result.gap, torch.Tensor)
    again = proximal(cost.astype(np.float32), previous, 0.05, 1.0)
    assert isinstance(again.coupling, np.ndarray)
    assert np.allclose(again.coupling, result.coupling.numpy())
    assert np.array_equal(cost, kept[0]) and np.array_equal(previous, kept[1])


@pytest.mark.parametrize("call, message", [
    (lambda c, p: proximal(c, p[:1], 0.1, 1.0), "differ in shape"),
    (lambda c, p: proximal(c[0], p[0], 0.1, 1.0), "blocks, n, n"),
    (lambda c, p: proximal(np.where(c > 0.9, np.nan, c), p, 0.1, 1.0), "NaN"),
    (lambda c, p: proximal(c, p, -0.1, 1.0), "at least 0"),
    (lambda c, p: proximal(c, p, 0.0, 0.0), "ot.emd"),
    (lambda c, p: proximal(c, 8 * p, 0.1, 1.0), "previous must be a coupling"),
    (lambda c, p: proximal(c, 1.004 * p, 0.1, 1.0), "previous must be a coupling"),
    # columns whose sums are right, and rows
    (lambda c, p: proximal(c, p * np.linspace(0.9, 1.1, 8)[:, None] + (1 / 8 - (
        p * np.linspace(0.9, 1.1, 8)[:, None]).sum(1, keepdims=True)) / 8, 0.1, 1.0), "previous"),
    (lambda c, p: proximal(c, p * np.linspace(0.9, 1.1, 8) + (1 / 8 - (
        p * np.linspace(0.9, 1.1, 8)).sum(2, keepdims=True)) / 8, 0.1, 1.0), "previous"),
    (lambda c, p: proximal(c, p, 0.1, 1.0, tolerance=-1), "tolerance"),
    (lambda c, p: proximal(c, p, 0.1, np.nan), "finite"),
    (lambda c, p: proximal(c, p, 0.1, 1.0, max_steps=0), "at least 1"),
    (lambda c, p: proximal(c, p, 0.1, 1.0, sweeps=0), "at least 1"),
    (lambda c, p: entropic(c, 0.0), "ot.emd"),
    (lambda c, p: entropic(c[:, :, :5], 0.1), "blocks, n, n"),
    (lambda c, p: from_features(c, p[:, :5]), "as many source"),
    (lambda c, p: from_features(c[0], p[0]), "source .*blocks, n, k"),
    (lambda c, p: from_features(c, p[0]), "target .*blocks, n, k"),
    (lambda c, p: from_features(np.where(c > 0.9, np.nan, c), p), "source holds NaN"),
    (lambda c, p: from_features(c, p, entropy=0), "ot.emd"),
])
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(*problem())


@pytest.mark.parametrize("call, message", [
    (lambda c, p: proximal([["a"]], p, 0.1, 1.0), "cost must be made of real numbers"),
    (lambda c, p: proximal(c, p, 0.1, 1.0, max_steps=2.5), "integer"),
    (lambda c, p: proximal(torch.tensor(1j * c), p, 0.1, 1.0), "cost must be made of real"),
    (lambda c, p: proximal(c, torch.tensor(p + 0j), 0.1, 1.0), "previous must be made of real"),
    (lambda c, p: from_features(c, torch.tensor(c + 1j)), "target must be made of real"),
    (lambda c, p: from_features(np.array([[["x"]]]), p), "source must be made of real numbers"),
])
def test_a_wrong_kind_is_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call(*problem())


@pytest.mark.parametrize("scale", [1e-250, 1e200, 1e300])
def test_the_unit_of_features_does_not_matter(scale):
    source, target = np.random.default_rng(0).normal(size=(2, 2, 6, 3))
    usual, other = from_features(source, target), from_features(scale * source, scale * target)
    assert np.allclose(usual.coupling, other.coupling, atol=1e-9) and other.closed
    assert usual.gap.max() <= 1e-6  # of the mean cost


# What is not closed is said


@pytest.mark.parametrize("entropy", [1e-2, 1e-3, 1e-4, 1e-6, 1e-9, 1e-300])
def test_any_entropy_is_closed(entropy):
    """With P the plan of ot.emd, F(Gamma) lies between its cost and its objective."""
    cost = np.random.default_rng(0).random((3, 12, 12))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = entropic(cost, entropy)
    assert found.closed and np.all(found.gap <= 1e-6 * cost.mean() + 1e-15)
    assert np.abs(found.coupling.sum(1) - 1 / 12).max() < 1e-12
    for gamma, gap, c in zip(found.coupling, found.gap, cost, strict=True):
        plan = ot.emd(uniform(12), uniform(12), c)
        ours = objective(gamma, c, 0, entropy, 0)
        assert ours <= objective(plan, c, 0, entropy, 0) + gap + 1e-12
        assert np.sum(gamma * c) >= np.sum(plan * c) - 1e-12


def test_newton_while_the_entropy_falls_finds_what_sinkhorn_finds():
    cost = np.random.default_rng(1).random((3, 8, 8))
    expected = entropic(cost, 0.05, tolerance=1e-12)
    found, gap, steps = descent.anneal((torch.from_numpy(cost), torch.zeros(3, 8, 8), 0.05, 0.0),
                                       1e-13, 20)
    assert (gap <= 1e-13).all() and 0 < steps < 40
    assert isinstance(expected.steps, int) and expected.steps > 0
    assert np.abs(found.numpy() - expected.coupling).max() < 1e-6


CUT_SHORT = {"proximal": (lambda c, p: proximal(c, p, 0.01, 1.0), "proximal weight closes it$"),
             "entropic": (lambda c, p: entropic(c, 0.01), "ot.emd"),
             "from_features": (lambda c, p: from_features(c, p, 0.01), "ot.emd")}


@pytest.mark.parametrize("name", CUT_SHORT)
def test_a_missing_certificate_is_said_with_the_way_out(name, monkeypatch):
    call, way_out, given = *CUT_SHORT[name], problem()
    monkeypatch.setattr(couplings, "STEPS", 1)
    with pytest.warns(GapWarning, match="after 1 steps a duality gap of .* larger.*" + way_out):
        assert not call(*given).closed


@pytest.mark.frames
@pytest.mark.parametrize("name", CUT_SHORT)
def test_a_missing_certificate_is_said_to_the_caller(name, monkeypatch):
    given = problem()
    monkeypatch.setattr(couplings, "STEPS", 1)
    with pytest.warns(GapWarning) as seen:
        CUT_SHORT[name][0](*given)
    assert len(seen) == 1 and seen[0].filename == __file__


def test_a_limit_of_ones_own_brings_no_warning_but_the_field():
    cost, previous = problem()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not proximal(cost, previous, 0.01, 1.0, max_steps=1).closed
        assert not entropic(cost, 0.01, max_steps=3).closed
        assert entropic(np.zeros((1, 4, 4)), 0.1).closed  # a bound of 0 is met up to rounding
        assert entropic(cost, 1.0, tolerance=0, max_steps=500).closed


def test_sums_that_vanish_leave_potentials_finite():
    cost = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]], dtype=torch.float64) * 1e6
    zero = torch.zeros(1, 2, dtype=torch.float64)
    f, g, log_gamma = descent.sinkhorn(cost, 1.0, zero, zero, 3)
    assert f.isfinite().all() and g.isfinite().all() and log_gamma.isfinite().all()


def test_newtons_result_is_taken_only_where_it_is_better(monkeypatch):
    cost, previous = problem(blocks=3, n=8, seed=5)
    left = proximal(cost, previous, 0.05, 250.0, max_steps=200)

    def newton(f, g, best, problem, bound, steps):
        gaps = [0.0, float(left.gap[1]), 9.0]  # better, as good, worse
        return torch.full_like(best, 1 / 64), torch.tensor(gaps, dtype=best.dtype), 1

    monkeypatch.setattr(descent, "newton", newton)
    with pytest.warns(GapWarning):
        found = proximal(cost, previous, 0.05, 250.0)
    assert np.allclose(found.coupling[0], 1 / 64) and found.gap[0] == 0
    assert np.array_equal(found.coupling[1:], left.coupling[1:])
    assert np.array_equal(found.gap[1:], left.gap[1:])


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_results_pickle_copy_and_print(kind):
    cost, previous = problem(n=4)
    found = proximal(kind(cost), previous, 0.05, 1.0)
    for other in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found),
                  replace(found)):
        assert isinstance(other, Coupling) and (other.coupling == found.coupling).all()
        assert other.steps == found.steps and other.closed is True
        assert repr(other) == repr(found) and "\n" not in repr(found)


def test_the_module_is_reached_by_its_fixed_name():
    import tdist
    assert tdist.couplings is couplings
