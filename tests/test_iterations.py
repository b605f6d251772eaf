"""What an iteration does between two roads: the next coupling in every unit, and features seen
once."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from tdist import couplings
from tdist.transfer import Settings
from tdist.transfer.iterations import _once, _vouch, next_coupling
from tdist.transfer.randomness import stream
from tests.transfers import points

# it stops early, so that there are gaps to tell; an own growth, and number of the iteration
LOOSE = Settings(entropy=0.03, proximal=2.0, growth=3.0, tolerance=0.02)
NUMBER = 2


def blocks(n=4):
    """Costs of six blocks, of means 1, 4, 0.5, none (not measured), 0 (nothing moved) and 0.25, and
    couplings of before."""
    rng = np.random.default_rng(0)
    cost = rng.random((6, n, n))
    cost *= (np.array([1, 4, 0.5, np.nan, 0, 0.25]) / cost.mean((1, 2)))[:, None, None]
    cost[0] = np.round(cost[0] * 64) / 64  # so that its mean can be 1 to the last digit
    cost[0, 0, 0] += 16 - cost[0].sum()
    previous = couplings.entropic(rng.random((6, n, n)), entropy=0.5).coupling
    return torch.from_numpy(cost), torch.from_numpy(previous)


@pytest.mark.parametrize("scale", ["block", "mean", 0.5])
def test_the_next_coupling_is_a_proximal_step_in_its_unit(scale):
    cost, previous = blocks()
    settings = replace(LOOSE, scale=scale)
    means = cost.mean((1, 2)).numpy()
    units = np.full(6, np.nanmean(means) if scale == "mean" else 0.5)
    units = means.copy() if scale == "block" else units
    units[3:5] = 1  # where there is none
    with warnings.catch_warnings(action="error"):  # the transfer vouches for the gap, not the step
        found, gap = next_coupling(cost, previous, settings, NUMBER)
    with warnings.catch_warnings(action="ignore", category=couplings.GapWarning):
        step = couplings.proximal(cost.nan_to_num() / torch.from_numpy(units)[:, None, None],
                                  previous, 0.03, 2.0 * 3**2, 0.02)
    measured = [0, 1, 2, 5]
    assert torch.allclose(found[measured], step.coupling[measured], rtol=1e-9, atol=1e-12)
    assert (found[measured] - previous[measured]).abs().amax((1, 2)).min() > 1e-3
    assert torch.equal(found[3:5], previous[3:5])
    own = units if scale == "mean" else means
    shares = step.gap.numpy()[measured] * units[measured] / own[measured]
    assert 1e-6 < gap < 1 and gap == pytest.approx(shares.max(), rel=1e-6)


@pytest.mark.parametrize("scale", ["block", "mean"])
def test_where_nothing_moved_or_was_seen_all_couplings_stay(scale):
    _, previous = blocks()
    for cost in (torch.zeros(6, 4, 4), torch.full((6, 4, 4), torch.nan)):
        found, gap = next_coupling(cost.double(), previous, replace(LOOSE, scale=scale), 0)
        assert torch.equal(found, previous) and gap == 0


def test_a_gap_at_the_tolerance_is_within_it():
    with warnings.catch_warnings(action="error"):
        _vouch(LOOSE.tolerance, LOOSE, "coupling", "entropy")
    with pytest.warns(RuntimeWarning, match=r"coupling has a duality gap of 0\.03 .* tolerance of "
                                            r"0\.02.*a larger entropy closes it"):
        _vouch(0.03, LOOSE, "coupling", "entropy")


def test_features_are_those_of_the_task_and_seen_once():
    looked, a, b = [], points(8), points(6, seed=1)

    def features(task):
        looked.append(task)
        return task.images.flatten(1) * 2

    of = _once(features)
    for task in (a, b, a, b):
        assert torch.equal(of(task), task.images.flatten(1).double() * 2)
    assert len(looked) == 2 and looked[0] is a and looked[1] is b
    assert _once(None) is None


def test_a_stream_is_of_its_purpose_number_and_replica():
    for given, seed in (((3, 5), [3, 5, 0]), ((3, 5, 2), [3, 5, 2]), ((3, 5, 2, 1), [3, 5, 2, 1]),
                        ((2**40, 5), [2**40, 5, 0])):
        assert stream(*given).random() == np.random.default_rng(seed).random()
