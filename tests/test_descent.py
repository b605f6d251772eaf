"""How couplings are found: each step against its definition, and how many it takes."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from tdist import couplings, descent
from tdist.couplings import entropic, proximal


def matrices(blocks=2, n=5, seed=0):
    """Costs of multiples of 2^-20, so that a shift by a power of 2 is exact, and couplings."""
    rng = np.random.default_rng(seed)
    cost = np.round(rng.random((blocks, n, n)) * 2**20) / 2**20
    previous = entropic(rng.random((blocks, n, n)), 0.1, tolerance=1e-10).coupling
    return torch.from_numpy(cost), torch.from_numpy(previous)


def counted(monkeypatch, room, name):
    """Calls of a function, which goes on as it was."""
    calls, plain = [], getattr(room, name)

    def call(*args):
        calls.append(args)
        return plain(*args)

    monkeypatch.setattr(room, name, call)
    return calls


def test_rounding_by_hand():
    """Rows above 1/n are cut, rows below it are filled."""
    done = descent.round_to_marginals(torch.tensor([[[0.6, 0.0], [0.1, 0.3]]]).double())
    assert np.allclose(done, [[[5 / 12, 1 / 12], [1 / 12, 5 / 12]]], atol=1e-15)


def test_a_sweep_does_not_see_what_is_added_to_a_row():
    """exp(-1e5) is 0, and exp(-1e5) over the row's largest is not."""
    cost, _ = matrices()
    f, g = torch.randn(2, 2, 5, generator=torch.manual_seed(0), dtype=torch.float64)
    rows = torch.tensor([0.0, 1e5, -1e5, 3e4, 7.0], dtype=torch.float64)
    plain = descent.sinkhorn(cost, 0.5, f, g, 3)
    moved = descent.sinkhorn(cost + rows[:, None], 0.5, f + rows, g, 3)
    far = descent.sinkhorn(cost + rows[:, None], 0.5, f, g, 3)
    for found in (moved, far):
        assert torch.allclose(found[2], plain[2], atol=1e-8)
        assert torch.allclose(found[0] - rows, plain[0], atol=1e-8)
        assert torch.allclose(found[1], plain[1], atol=1e-8)
    assert torch.allclose(plain[2], (plain[0][:, :, None] + plain[1][:, None] - cost) / 0.5)
    assert torch.allclose(plain[2].exp().sum(1), torch.tensor(0.2, dtype=torch.float64))


@pytest.mark.parametrize("entropy, weight", [(0.3, 0.0), (0.0, 2.0), (0.3, 2.0), (2.0, 0.05),
                                             (0.02, 5.0)])
def test_the_dual_is_the_least_value_between_0_and_the_marginal(entropy, weight):
    """Entry by entry, by a general search; potentials so far off that some entries are at 1/n."""
    cost, previous = matrices(blocks=1, n=4)
    f, g = 2 * torch.randn(2, 1, 4, generator=torch.manual_seed(1), dtype=torch.float64)
    near = torch.full_like(cost, 1 / 16)
    value, x = descent.dual(f, g, near, cost, previous, entropy, weight)
    expected = (f.sum() + g.sum() + 4 * entropy).item() / 4
    ends = 0
    for i in range(4):
        for j in range(4):
            slope = (cost[0, i, j] - f[0, i] - g[0, j]).item() - entropy
            old = previous[0, i, j].item()

            def cell(v, slope=slope, old=old):
                log = v * np.log(v) if v > 0 else 0.0
                return v * slope + entropy * log + weight * (v - old) ** 2

            found = minimize_scalar(cell, bounds=(0, 0.25), method="bounded",
                                    options={"xatol": 1e-10})
            best = min(found.fun, cell(0.0), cell(0.25))
            expected += best
            assert cell(x[0, i, j].item()) == pytest.approx(best, abs=1e-9)
            assert 0 <= x[0, i, j] <= 0.25
            ends += x[0, i, j].item() == 0.25
    assert value.item() == pytest.approx(expected, abs=1e-8) and (ends or entropy == 2)


@pytest.mark.parametrize("entropy", [0.05, 0.0])
def test_newton_stops_at_its_limit_and_arrives_in_four_steps(entropy):
    cost, previous = matrices(n=6)
    zero = torch.zeros(2, 6, dtype=torch.float64)
    start = zero, zero, torch.full_like(cost, 1 / 36)
    gaps = []
    for limit in range(5):
        _, gap, steps = descent.newton(*start, (cost, previous, entropy, 20.0), -1.0, limit)
        assert steps == limit
        gaps.append(gap.max().item())
    assert gaps[0] > 1e-3 and gaps[4] < 1e-12


def test_one_step_of_newton_by_hand():
    """Block by block: the Hessian of the dual, in which entries at 1/n play no part, solved; and
    the step halved until the dual does not fall."""
    cost, previous = (part[:5] for part in matrices(blocks=12, n=4, seed=2))
    f, g = torch.randn(2, 12, 4, generator=torch.manual_seed(3), dtype=torch.float64)[:, :5] / 2
    near, entries, shares = torch.full_like(cost, 1 / 16), [], []
    found, _, _ = descent.newton(f, g, near, (cost, previous, 0.05, 2.0), -1.0, 1)
    for b in range(5):
        def dual(share, step, b=b):
            return descent.dual((f[b] + share * step[:4])[None], (g[b] + share * step[4:])[None],
                                near[:1], cost[b:b + 1], previous[b:b + 1], 0.05, 2.0)

        value, x = dual(0, torch.zeros(8))
        x = x[0].numpy()
        w = np.where(x < 1 / 4, x / (0.05 + 4 * x), 0)
        hessian = np.block([[np.diag(w.sum(1)), w], [w.T, np.diag(w.sum(0))]])
        lacks = np.concatenate([1 / 4 - x.sum(1), 1 / 4 - x.sum(0)])
        step = torch.from_numpy(np.linalg.lstsq(hessian, lacks, rcond=1e-9)[0])
        shares.append(next(s for s in 0.5 ** np.arange(10) if dual(s, step)[0] >= value))
        expected = descent.round_to_marginals(dual(shares[-1], step)[1])
        assert torch.allclose(found[b], expected[0], atol=1e-6)
        entries.append((x == 1 / 4).sum())
    assert max(shares) == 1 and len(set(shares)) > 3 and max(entries) == 2


def test_one_step_of_annealing_by_hand():
    """Block by block, cut to its logarithm where potentials move by more than half of the
    entropy: in the first block they do not."""
    cost, _ = matrices(blocks=4, n=6)
    cost *= torch.tensor([0.05, 2.0, 1.0, 4.0], dtype=torch.float64)[:, None, None]
    cost[2] += torch.arange(6) / 4
    cost[3] += torch.arange(6)
    reaches = []
    found, _, taken = descent.anneal((cost, 0 * cost, 0.5, 0.0), -1.0, 1)
    for c, coupling in zip(cost.numpy(), found, strict=True):
        x = np.exp(-c / 0.5) / np.exp(-c / 0.5).sum(1, keepdims=True) / 6
        columns = x.sum(0)
        step = np.linalg.lstsq(np.diag(columns) - 6 * x.T @ x, 1 / 6 - columns, rcond=1e-10)[0]
        reaches.append(np.ptp(step))
        cut = np.log1p(reaches[-1]) / reaches[-1] if reaches[-1] > 0.5 else 1
        logits = torch.from_numpy(cut * step - c / 0.5)
        expected = descent.round_to_marginals(logits.softmax(1)[None] / 6)[0]
        assert torch.allclose(coupling, expected, atol=1e-9)
    assert taken == 1 and reaches[0] < 0.5 < reaches[1] < 1.5 < reaches[2] < reaches[3]


def test_steps_of_newton_are_solutions_of_systems(monkeypatch):
    cost, previous = matrices(n=6)
    zero = torch.zeros(2, 6, dtype=torch.float64)
    start = zero, zero, torch.full_like(cost, 1 / 36)
    calls = counted(monkeypatch, torch.linalg, "solve")
    _, gap, steps = descent.newton(*start, (cost, previous, 0.05, 3.0), 1e-9, 60)
    assert (gap <= 1e-9).all() and 0 < steps == len(calls)
    calls.clear()
    _, gap, steps = descent.anneal((cost, 0 * cost, 1e-3, 0.0), 1e-9, 20)
    assert (gap <= 1e-9).all() and 0 < steps == len(calls)


def test_the_unit_of_the_cost_changes_no_step():
    """By a power of 2, which is exact: the same couplings, bit for bit."""
    cost, previous = matrices(blocks=3, n=8, seed=5)
    usual = proximal(cost, previous, 1e-3, 250.0)
    plan, gap, steps = descent.anneal((cost, 0 * cost, 1e-3, 0.0), 1e-9, 20)
    assert usual.steps > 200 and usual.closed
    for s in (2.0**-14, 2.0**14):
        other = proximal(s * cost, previous, s * 1e-3, s * 250.0)
        assert other.steps == usual.steps and other.closed
        assert torch.equal(other.coupling, usual.coupling)
        assert torch.equal(other.gap, s * usual.gap)
        other = descent.anneal((s * cost, 0 * cost, s * 1e-3, 0.0), s * 1e-9, 20)
        assert other[2] == steps and torch.equal(other[0], plan)
        assert torch.equal(other[1], s * gap)


def test_annealing_does_not_see_where_the_costs_of_a_block_lie():
    cost, _ = matrices(blocks=3, n=8)
    at = torch.tensor([0.0, 64.0, -1024.0], dtype=torch.float64)[:, None, None]
    for size in (1, 8):
        plain, moved = (descent.anneal((c, 0 * c, 1e-3, 0.0), 1e-9, 20)
                        for c in (size * cost, size * cost + at))
        assert moved[2] == plain[2] and torch.allclose(moved[0], plain[0], atol=1e-7)


def test_annealing_begins_at_a_twentieth_of_the_spread_and_halves(monkeypatch):
    """Entropies by what the softmax of the first step of each level is divided by; one above the
    start is taken at once."""
    cost, _ = matrices(n=8)
    spread = (cost.amax((1, 2)) - cost.amin((1, 2))).max().item()
    for entropy, levels in ((0.05 * spread, 1), (0.04 * spread, 2), (0.011 * spread, 4),
                            (0.2 * spread, 1)):
        checks = counted(monkeypatch, descent, "_closed")
        softmaxes = []
        plain = torch.Tensor.softmax
        monkeypatch.setattr(torch.Tensor, "softmax",
                            lambda x, *a, p=plain, seen=softmaxes: seen.append(x.std()) or p(x, *a))
        _, gap, taken = descent.anneal((cost, 0 * cost, entropy, 0.0), 1e-9, 20)
        monkeypatch.undo()
        assert taken < 20  # a level begins as soon as the one before is nearly solved
        assert (gap <= 1e-9).all() and checks and {c[2] for c in checks} == {entropy}
        first = (cost.std() / softmaxes[0]).item()  # g is 0 there
        assert first == pytest.approx(entropy * 2 ** (levels - 1), rel=1e-9)


def test_mirror_steps_are_counted_and_checked_every_five(monkeypatch):
    cost, previous = matrices(n=6)
    sweeps = counted(monkeypatch, descent, "sinkhorn")
    checks = counted(monkeypatch, descent, "dual")
    found = proximal(cost, previous, 0.05, 1.0, tolerance=0, max_steps=7)
    assert found.steps == 7 == len(sweeps) and len(checks) == 2 and not found.closed
    sweeps.clear(), checks.clear()
    found = entropic(cost, 0.2)
    assert found.closed and found.steps == len(sweeps) == 5 * len(checks) < 200


def test_without_a_proximal_term_sinkhorn_has_all_the_steps():
    cost, _ = matrices(n=6)
    found = entropic(cost, 0.04)
    assert found.closed and 200 < found.steps < 1000 and found.steps % 5 == 0


def test_a_gap_of_nothing_closes_a_bound_of_nothing():
    nothing = torch.zeros(1, 4, 4, dtype=torch.float64)
    assert entropic(nothing, 0.1).steps == 5
    assert descent.anneal((nothing, nothing, 0.1, 0.0), 0.0, 20)[1:] == (0, 0)
    problem, zero = (nothing, nothing + 1 / 16, 0.0, 1.0), nothing[:, 0]
    assert descent.newton(zero, zero, nothing, problem, 0.0, 5)[1:] == (0, 0)


def test_newton_has_the_steps_that_are_left(monkeypatch):
    cost, previous = matrices(blocks=3, n=8, seed=5)
    calls = counted(monkeypatch, descent, "newton")
    for most, left in ((203, 3), (1000, 20)):
        proximal(cost, previous, 0.05, 250.0, tolerance=0, max_steps=most)
        assert calls[-1][5] == left
    assert len(calls) == 2
    proximal(cost, previous, 0.05, 250.0, tolerance=0, max_steps=200)
    assert len(calls) == 2


def test_defaults():
    cost, previous = matrices()
    pairs = [(proximal(cost, previous, 0.05, 1.0),
              proximal(cost, previous, 0.05, 1.0, 1e-6, 1000, 5)),
             (entropic(cost, 0.05), entropic(cost, 0.05, 1e-6, 1000, 5)),
             (couplings.from_features(cost, previous),
              couplings.from_features(cost, previous, 0.05, 1e-6))]
    source, target = torch.randn(2, 2, 8, 3, generator=torch.manual_seed(0), dtype=torch.float64)
    unit = torch.cdist(source, target, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    pairs.append((couplings.from_features(source, target, 0.1),
                  entropic(unit / unit.mean(), 0.1, 1e-6, 1000, 5)))
    assert pairs[3][0].steps > 5 and torch.equal(pairs[3][0].coupling, pairs[3][1].coupling)
    for one, other in pairs:
        assert one.steps == other.steps and torch.allclose(one.coupling, other.coupling, atol=1e-9)
        assert torch.allclose(one.gap, other.gap, atol=1e-9)


def test_small_costs_are_not_closed_by_rounding():
    cost, previous = matrices()
    found = proximal(1e-12 * cost, previous, 1e-14, 1e-12, tolerance=0, max_steps=1)
    assert not found.closed and (found.gap > 1e-16).all()
