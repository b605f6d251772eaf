"""The tables of the study of noise, on a study whose answer is known."""

import numpy as np
import pytest

from tdist.studies.noise_tables import at_rate_0, interval, longer, rates, seeds, stays

RATES = {"0.04": 1, "0.01": 4, "0.0025": 16}


def road(drift, rate, error=0.01):
    """Three equal steps whose square is the drift's and 2 times the rate; (11) is .9 of (5)."""
    steps = [float(np.sqrt((drift / 3)**2 + 2 * rate))] * 3
    return {"riemannian_steps": steps, "steps": [0.9 * step for step in steps],
            "length": 0.9 * sum(steps), "riemannian": sum(steps), "drift": 0.9 * drift,
            "error": error, "riemannian_drift": drift, "riemannian_error": error, "accuracy": 1.0}


def stored():
    drifts = {("a", "b", "beta"): 1.0, ("a", "b", "uncoupled"): 1.05,
              ("b", "a", "beta"): 1.0, ("b", "a", "uncoupled"): 0.5}
    rng, spread = np.random.default_rng(0), 0.02
    units = {f"rates/{s}/{t}/{kind}": {rate: road(drift, float(rate)) for rate in RATES}
             for (s, t, kind), drift in drifts.items()}
    units["seeds/beta/4"] = {"length": [1.2] * 500, "error": [spread] * 500,
                             "drift": (1 + spread * rng.standard_normal(500)).tolist()}
    units["stay/a/beta"] = {"length": 0.2, "drift": 0.01, "error": 0.02}
    return {"config": {"rates": RATES}, "units": units}


def test_the_length_at_rate_0_is_the_drift():
    found = at_rate_0(road(0.7, 0.0025), road(0.7, 0.01))
    assert found == pytest.approx((0.63, 0.7))
    roads = rates(stored())
    assert roads.loc[(0.0, "beta", "a", "b"), "length"] == pytest.approx(0.9)
    assert roads.loc[(0.0025, "uncoupled", "b", "a"), "riemannian_drift"] == 0.5


def test_a_step_of_noise_alone_is_carried_on_to_0_or_below():
    """Where the square falls faster than the rate, the root is negative, and not NaN."""
    fine, coarse = road(0, 0.0025), road(0, 0.0101)
    assert -0.2 < at_rate_0(fine, coarse)[1] < 0


def test_counts_of_longer_roads():
    roads = rates(stored())
    assert longer(roads, "drift", 0.0025, "(11) / (11)") == (1, 0, 1, 2)  # .045 is not clear
    assert longer(roads, "drift", 0.0025, "(11) / (11)", replicas=6) == (1, 1, 1, 2)
    assert longer(roads, "drift", 0.0025, "(5) / (11), as printed", replicas=6)[:2] == (1, 1)
    # the printed pairing makes an equally long road the longer one
    again = longer(roads, "length", 0.0025, "(5) / (11), as printed", ("beta", "beta"))
    assert again[0] == 2
    assert longer(roads, "length", 0.0, "(5) / (5)", ("beta", "uncoupled"))[0] == 1


def test_seeds_and_stays():
    found = seeds(stored()).loc[("coupled, Beta", 4)]
    assert found["drift"] == pytest.approx(1, abs=0.01)
    assert found["spread of the drift"] == pytest.approx(found["stated error"], rel=0.1)
    assert found["covers"] > 0.98  # 3.2 standard errors, where 2 are 95%
    assert interval(4) == pytest.approx(3.182, abs=1e-3)
    assert stays(stored()).loc[("coupled, Beta", "a"), "drift"] == 0.01
