"""Roads made shorter, against geodesics and minima in closed form."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit, softmax

from tdist.fisher_rao import distance
from tdist.shortest import shorten


def table(w, x):
    """Logits that are weights, three at each input: a model that can say anything."""
    return w.view(len(w), -1, 3)


def logistic(w, x):
    """Logit w x of class 1 against 0, for one weight and inputs (K, n)."""
    return torch.stack([w * x, torch.zeros_like(x)], -1)


def bent(steps, size, seed=0):
    start, end, bend = np.random.default_rng(seed).normal(size=(3, size))
    t = np.linspace(0, 1, steps + 1)[:, None]
    return start + t * (end - start) + 2 * np.sin(np.pi * t) * bend


@pytest.mark.parametrize(("reading", "mean"), [
    ("length", lambda d: d.mean()), ("riemannian_length", lambda d: np.sqrt((d**2).mean()))])
def test_a_model_that_can_say_anything_takes_the_great_circles(reading, mean):
    path = bent(8, 12)
    ends = softmax(path[[0, -1]].reshape(2, 4, 3), -1)
    found = shorten(table, path, np.zeros((8, 4)), reading=reading)
    assert found.settled
    assert getattr(found, reading) == pytest.approx(mean(distance(*ends)), rel=2e-4)
    assert np.array_equal(found.path[[0, -1]], path[[0, -1]])


def test_weights_of_the_inputs_count():
    path = bent(6, 12)
    ends = softmax(path[[0, -1]].reshape(2, 4, 3), -1)
    found = shorten(table, path, np.zeros((6, 4)), [1, 2, 3, 0])
    assert found.length == pytest.approx(np.array([1, 2, 3]) @ distance(*ends)[:3] / 6, rel=2e-4)


def test_weights_may_change_from_step_to_step():
    """Of two inputs the first counts in the first step alone: its prediction changes later, for
    nothing, and the other's at once."""
    path = bent(3, 6)
    weights = [[1, 0], [0, 1], [0, 1]]
    assert shorten(table, path, np.zeros((3, 2)), weights).length < 1e-3
    with pytest.raises(ValueError, match="weights"):
        shorten(table, path, np.zeros((3, 2)), [[1, 0], [0, 1], [0, 0]])


def test_a_road_moves_when_moving_is_cheap():
    """The input is 1, 3, 2, 3: near the weight 0 the logit w x moves least at x = 1, so the whole
    way is made in the first step."""
    inputs = np.array([1.0, 3, 2, 3])[:, None]
    found = shorten(logistic, np.linspace(-0.1, 0.3, 5)[:, None], inputs)
    p = expit(np.array([-0.1, 0.3]))
    jump = distance(*np.stack([p, 1 - p], -1))
    assert found.length == pytest.approx(jump, rel=1e-3)
    assert np.allclose(found.path[1:-1], 0.3, atol=5e-3)


def test_the_mean_metric_of_a_model_is_travelled_at_an_even_pace_and_not_jumped():
    """With one weight there is one way, of the length int sqrt(mean of (x^2 p (1 - p))) dw; the
    distance of its ends, in one jump, is shorter."""
    x = np.array([1.0, 6.0])

    def speed(w):
        p = expit(w * x)
        return np.sqrt(np.mean(x**2 * p * (1 - p)))

    way = quad(speed, 0, 3)[0]
    path = np.linspace(0, 3, 17)[:, None]
    found = shorten(logistic, path, np.tile(x, (16, 1)), reading="riemannian_length")
    p = expit(np.outer([0, 3], x))
    jump = np.sqrt((distance(*np.stack([p, 1 - p], -1)) ** 2).mean())
    assert found.riemannian_length == pytest.approx(way, rel=1e-2)
    assert found.riemannian_length > 1.02 * jump
    steps = np.array([quad(speed, a, b)[0] for a, b in pairwise(found.path[:, 0])])
    assert steps == pytest.approx(np.full(16, way / 16), rel=0.05)


def test_between_two_prices_it_trades_length_for_loss():
    """Losses (w - target)^2: a high price follows the targets, a low one stays where it was."""
    targets = torch.tensor([[0.5], [1.0], [-1.0], [0.0]], dtype=torch.float64)

    def loss(w):
        return (w - targets).square().sum(1)

    inputs = np.ones((4, 1))
    roads = [shorten(logistic, np.zeros((5, 1)), inputs, loss=loss, price=price, free_end=True)
             for price in (1e6, 1.0, 1e-6)]
    assert np.allclose(roads[0].path[1:], targets, atol=1e-4)
    assert roads[0].loss == pytest.approx(0, abs=1e-8)
    assert roads[2].length < 1e-3 and roads[2].loss == pytest.approx(2.25 / 4, rel=1e-3)
    assert roads[0].length > roads[1].length > roads[2].length
    assert roads[0].loss < roads[1].loss < roads[2].loss


def test_the_price_is_length_for_a_nat_of_mean_loss():
    """One step of a small logit: |dw| / 2 + price (w - 1)^2 is least at w = 1 - 1 / (4 price)."""
    def loss(w):
        return (w[:, 0] - 0.1).square()

    found = shorten(logistic, np.array([[0.0], [0.05]]), np.ones((1, 1)), loss=loss, price=5.0,
                    free_end=True)
    assert found.path[1, 0] == pytest.approx(0.1 - 1 / 20, abs=2e-3)


def test_the_path_that_came_in_is_left_alone_and_the_result_is_carried():
    path = bent(4, 3)
    kept = path.copy()
    found = shorten(table, path, np.zeros((4, 1)))
    assert np.array_equal(path, kept)
    copy = pickle.loads(pickle.dumps(found))
    assert np.array_equal(copy.path, found.path) and float(found) == found.length
    assert np.isnan(found.loss) and "settled=True" in repr(found)
    assert not shorten(table, path, np.zeros((4, 1)), max_steps=1).settled


@pytest.mark.parametrize(("changed", "words"), [
    ({"path": np.zeros((5, 3))}, r"\(K \+ 1, weights\)"),
    ({"path": np.full((4, 3), np.nan)}, "finite"),
    ({"price": 1.0}, "go together"),
    ({"loss": lambda w: w.sum(1)}, "go together"),
    ({"free_end": True}, "free end"),
    ({"price": -1.0, "loss": lambda w: w.sum(1)}, "at least 0"),
    ({"reading": "R"}, "reading"),
    ({"weights": [1.0, 2.0]}, "weights"),
])
def test_refuses(changed, words):
    call = {"path": np.zeros((4, 3)), "inputs": np.zeros((3, 1))} | changed
    path, inputs = call.pop("path"), call.pop("inputs")
    with pytest.raises(ValueError, match=words):
        shorten(table, path, inputs, **call)
