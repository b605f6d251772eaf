"""The study of costs: what it times is what it says, and powers are those of least squares."""

import copy
import pickle

import numpy as np
import pytest
import torch

from tdist import h_score, pixelwise_h_score
from tdist.studies import growth
from tdist.studies.growth_tables import Power, clock, memory, power, powers, times


@pytest.fixture(autouse=True)
def _quiet(one_thread):
    """On one thread, as the stored runs."""


def test_batches_and_one_call_have_the_same_score():
    parts = [growth.drawn(min(growth.BATCH, 9000 - row), 8, 10, seed)
             for seed, row in enumerate(range(0, 9000, growth.BATCH))]
    x, y = (np.concatenate(each) for each in zip(*parts, strict=True))
    assert len(x) == 9000
    assert growth.streamed(9000, 8)() == pytest.approx(h_score(x, y).statistic, rel=1e-9)


def test_all_pairs_are_scores_of_each_source_for_each_target():
    codes = np.random.default_rng(0).integers(10, size=(300, 3))
    x = [growth.drawn(300, 6, 10, seed)[0] for seed in range(3)]
    by_hand = np.mean([[h_score(f, y).statistic for y in codes.T] for f in x])
    assert growth.all_pairs(3, 300, 6)() == pytest.approx(by_hand, rel=1e-9)


def test_maps_have_a_score_at_each_pixel():
    rng = np.random.default_rng(0)
    codes = rng.integers(5, size=(200, 7), dtype=np.uint8)
    x = growth.drawn(200, 6, 2)[0]
    expected = pixelwise_h_score(x, codes[:, None], colours=5, progress=False)
    assert growth.mapped(200, 6, 7, 5)() == pytest.approx(float(expected), rel=1e-9)


def test_a_coupling_of_blocks_takes_all_images():
    """Its cost lies between the best of all couplings and the mean cost of one half."""
    rng = torch.Generator().manual_seed(0)
    cost = torch.rand((2, 4, 30, 30), generator=rng, dtype=torch.float64)[1]
    assert cost.min(2).values.mean(1).sum() < growth.stepped(30, 120)() < cost.mean((1, 2)).sum()


def test_a_longer_road_is_another_road():
    short, again, long = (growth.carried(steps, 40)() for steps in (2, 2, 4))
    assert short == again != long and short > 0


@pytest.mark.slow
def test_a_process_of_its_own_remembers_its_peak():
    """40,000 x 1,000 float32 are .16 GB; the arrays that draw them are there at the same time."""
    small, large = (growth.remembered("h_score", m=m, k=1000) for m in (1000, 40_000))
    assert small["before"] == pytest.approx(large["before"], rel=0.1)
    assert 0.16 < large["peak"] - large["before"] < 1.5
    assert large["peak"] > small["peak"] + 0.1
    with pytest.raises(RuntimeError, match=r"in a process of its own(.|\n)*KeyError"):
        growth.remembered("nothing")


@pytest.mark.slow
def test_samples_that_two_processes_share_have_one_score():
    [one], two = growth.sharded(1), growth.sharded(2)
    assert len(two) == 2 and two[0]["value"] == two[1]["value"]
    assert two[0]["value"] == pytest.approx(one["value"], rel=1e-5)


# reading it


def test_a_power_is_that_of_least_squares():
    import statsmodels.api as sm

    rng = np.random.default_rng(0)
    sizes = 100 * 2.0 ** np.arange(6)
    costs = 3 * sizes**1.7 * np.exp(0.1 * rng.standard_normal(6))
    found = power(sizes, costs)
    oracle = sm.OLS(np.log(costs[-4:]), sm.add_constant(np.log(sizes[-4:]))).fit()
    assert found.statistic == pytest.approx(oracle.params[1])
    assert found.error == pytest.approx(oracle.bse[1])
    assert (found.size, found.cost, found.points) == (sizes[-1], costs[-1], 4)
    assert pickle.loads(pickle.dumps(copy.copy(found))) == found and float(found) > 0


def test_what_a_power_foretells():
    square = Power(2.0, 0.5, size=10, cost=3.0, points=4)
    assert square.at(10) == 3 and square.at(20) == 12 and square.at(5) == 0.75
    assert square.factor(10) == 1 and square.factor(40) == square.factor(2.5) == pytest.approx(2)


@pytest.mark.parametrize("costs", [[1, 2], [1, 2, 0], [1, -2, 3, 4]])
def test_a_power_takes_three_points(costs):
    with pytest.raises(ValueError, match="three points or more, all above 0"):
        power(range(1, len(costs) + 1), costs)


def test_stored_units_are_read_by_size():
    units = {"check": {}, "time/a/m/16": {"seconds": [9.0, 8.0]},
             "time/a/m/2": {"seconds": [1.0, 2.0]}, "time/a/m/4": {"seconds": [3.0, 2.0]},
             "time/ab/m/8": {"seconds": [0.0]}, "memory/a/m/8": {"peak": 3.0, "before": 1.0}}
    sizes, seconds = times(units, "a", "m")
    assert sizes.tolist() == [2, 4, 16] and seconds.tolist() == [1, 2, 8]
    assert memory(units, "a", "m")[1].tolist() == [2]
    del units["time/ab/m/8"]
    assert {key: round(float(value), 12) for key, value in powers(units).items()} == {("a", "m"): 1}


def test_the_last_worker_ends_the_run():
    assert clock(9900, 3600, 100) == 99 and clock(9901, 3600, 100) == 100
    assert clock(1000, 0, 10, handing_over=3.6) == 1
