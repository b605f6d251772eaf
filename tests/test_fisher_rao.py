"""Fisher-Rao distance and lengths of paths, against closed forms."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from tdist import fisher_rao
from tdist.fisher_rao import PathLength, distance, expected_length, path_length, root_kl


def dirichlet(shape, classes=4, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(classes), shape)


def softmax_path(steps, seed=0, inputs=None):
    """A curve of softmaxes, (steps + 1, [inputs,] classes), smooth in its parameter."""
    rng = np.random.default_rng(seed)
    shape = (3,) if inputs is None else (inputs, 3)
    a, b, c = rng.normal(size=(3, *shape))
    t = np.linspace(0, 1, steps + 1).reshape(-1, *[1] * len(shape))
    z = a + 2 * b * t + c * np.sin(3 * t)
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_bernoulli_closed_form():
    """On two classes p = (cos^2, sin^2) of half the distance."""
    p, q = 0.2, 0.7
    expected = 2 * abs(np.arcsin(np.sqrt(p)) - np.arcsin(np.sqrt(q)))
    assert distance([p, 1 - p], [q, 1 - q]) == pytest.approx(expected, abs=1e-14)


def test_arccos_form_and_extremes():
    p, q = dirichlet(50), dirichlet(50, seed=1)
    assert np.allclose(distance(p, q), 2 * np.arccos(np.sqrt(p * q).sum(1)), atol=1e-12)
    assert distance([1.0, 0, 0], [0, 0.5, 0.5]) == pytest.approx(np.pi, abs=1e-15)
    assert np.all(distance(p, p) == 0)


def test_distance_is_a_metric_on_samples():
    p, q, r = (dirichlet(200, seed=s) for s in range(3))
    assert np.allclose(distance(p, q), distance(q, p))
    assert np.all(distance(p, r) <= distance(p, q) + distance(q, r) + 1e-12)


def test_small_distances_are_roots_of_twice_the_divergence():
    p = np.array([0.2, 0.3, 0.5])
    q = p + 1e-5 * np.array([1, -2, 1])
    metric = np.sqrt(np.sum((q - p) ** 2 / p))  # ds^2 = sum dp^2 / p
    assert distance(p, q) == pytest.approx(metric, rel=1e-4)
    assert root_kl(p, q) == pytest.approx(metric, rel=1e-4)


def test_root_kl_by_hand_and_its_worst_case():
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert root_kl(p, q) == pytest.approx(np.sqrt(2 * (0.5 * np.log(2) + 0.5 * np.log(2 / 3))),
                                          abs=1e-14)
    assert root_kl([1.0, 0], [0.5, 0.5]) == pytest.approx(np.sqrt(2 * np.log(2)))
    assert root_kl([0.5, 0.5], [1.0, 0]) == np.inf
    rng = np.random.default_rng(0)
    ratios = []
    # p closer to the edge than q: it falls towards 1/sqrt 2
    for scale in 10.0 ** rng.uniform(-8, 0, 2000):
        p = np.array([scale * 1e-6, 1 - scale * 1e-6])
        q = np.array([scale, 1 - scale])
        ratios.append(root_kl(p, q) / distance(p, q))
    assert min(ratios) == pytest.approx(1 / np.sqrt(2), abs=2e-3)
    assert min(ratios) > 1 / np.sqrt(2) - 1e-3


def test_length_of_a_geodesic_is_exact_at_any_number_of_steps():
    p, q = dirichlet((), seed=3), dirichlet((), seed=4)
    whole = distance(p, q)
    for steps in (1, 2, 7, 100):
        t = np.linspace(0, 1, steps + 1)[:, None]
        roots = (np.sin((1 - t) * whole / 2) * np.sqrt(p) + np.sin(t * whole / 2)
                 * np.sqrt(q)) / np.sin(whole / 2)
        assert path_length(roots**2) == pytest.approx(whole, abs=1e-12)


def test_length_of_a_mixture_path_is_its_integral():
    p, q = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.3, 0.6])
    exact = quad(lambda t: np.sqrt(np.sum((q - p) ** 2 / ((1 - t) * p + t * q))), 0, 1)[0]
    t = np.linspace(0, 1, 2001)[:, None]
    assert path_length((1 - t) * p + t * q) == pytest.approx(exact, abs=1e-7)
    assert exact > distance(p, q)


@pytest.mark.parametrize("step, order", [("fisher-rao", 2), ("kl", 1)])
def test_length_does_not_depend_on_the_number_of_steps(step, order):
    """Refining a fixed path changes its length by O(1/K^2) for the distance, O(1/K) for the root of
    the divergence."""
    lengths = {steps: expected_length(softmax_path(steps, inputs=20), step=step).length
               for steps in (10, 100, 1000)}
    exact = expected_length(softmax_path(100_000, inputs=20)).length
    errors = np.array([abs(lengths[steps] - exact) for steps in (10, 100, 1000)])
    slopes = np.log10(errors[:-1] / errors[1:])
    assert np.allclose(slopes, order, atol=0.25), errors
    assert lengths[1000] == pytest.approx(lengths[10], rel=0.05)  # and not 100 times more or less


def test_chords_are_never_longer_than_refined_paths():
    fine = softmax_path(1024)
    lengths = [path_length(fine[:: 2**k]) for k in range(8)]
    assert all(a >= b - 1e-12 for a, b in pairwise(lengths))
    assert path_length(fine) >= distance(fine[0], fine[-1])


def test_both_readings_of_the_expectation():
    probs = softmax_path(50, inputs=30)
    found = expected_length(probs)
    d = np.array([[distance(probs[k, i], probs[k + 1, i]) for i in range(30)] for k in range(50)])
    assert found.length == pytest.approx(d.mean(1).sum(), abs=1e-12)
    assert float(found) == found.length
    assert found.riemannian_length == pytest.approx(np.sqrt((d**2).mean(1)).sum(), abs=1e-12)
    assert found.length < found.riemannian_length
    one = expected_length(probs[:, :1])
    assert one.length == pytest.approx(one.riemannian_length)
    kl = expected_length(probs, step="kl")
    by_hand = [[np.sqrt(2 * np.sum(p * np.log(p / q))) for p, q in zip(a, b, strict=True)]
               for a, b in pairwise(probs)]
    assert kl.length == pytest.approx(np.mean(by_hand, 1).sum(), abs=1e-9)


def test_weights_count_inputs():
    probs = softmax_path(5, inputs=3)
    twice = np.concatenate([probs, probs[:, :1]], axis=1)
    for field in ("length", "riemannian_length"):
        weighted, repeated = (getattr(x, field)
                              for x in (expected_length(probs, [2, 1, 1]), expected_length(twice)))
        assert weighted == pytest.approx(repeated)
    only = expected_length(probs, weights=np.eye(3)[[0, 1, 2, 0, 1]])
    steps = [distance(probs[k, i], probs[k + 1, i]) for k, i in enumerate((0, 1, 2, 0, 1))]
    assert only.length == pytest.approx(sum(steps)) == pytest.approx(only.riemannian_length)


def test_float32_keeps_small_steps():
    rng = np.random.default_rng(0)
    z, dz = rng.normal(size=(2, 500, 5))
    for size in (1e-2, 1e-3):
        p, q = (torch.softmax(torch.tensor(v), 1) for v in (z, z + size * dz))
        exact, found = distance(p, q), distance(p.float(), q.float())
        assert found.dtype == torch.float32
        assert ((found - exact).abs() / exact).median() < 1e-3


def test_kinds_and_shapes():
    p, q = dirichlet((6, 5)), dirichlet((5,), seed=1)
    assert distance(p, q).shape == (6, 5) and path_length(p).shape == (5,)
    assert isinstance(distance(p[0, 0], q[0]), float)
    t = distance(torch.from_numpy(p), q)
    assert isinstance(t, torch.Tensor) and np.allclose(t.numpy(), distance(p, q))
    before = p.copy()
    path_length(p), root_kl(p, q)
    assert np.array_equal(p, before)


def test_an_input_of_weight_zero_does_not_count_even_where_its_step_is_infinite():
    path = np.array([[[0.4, 0.6], [0.5, 0.5]], [[0.3, 0.7], [1.0, 0.0]]])
    found, alone = expected_length(path, [1, 0], "kl"), expected_length(path[:, :1], step="kl")
    assert found == alone and np.isfinite(found.riemannian_length)
    assert np.isinf(expected_length(path, [1, 1], "kl").length)


@pytest.mark.parametrize("call, message", [
    (lambda: distance([0.5, 0.5], [0.2, 0.3, 0.5]), "2 classes and q has 3"),
    (lambda: root_kl([0.5, 0.5], [0.2, 0.3, 0.5]), "2 classes and q has 3"),
    (lambda: distance([1.5, -0.5], [0.5, 0.5]), "negative"),
    (lambda: distance([np.nan, 1], [0.5, 0.5]), "NaN"),
    (lambda: distance([0.5, 0.4], [0.5, 0.5]), "sum to 1.*off by 0.1"),
    (lambda: distance([1.0], [1.0]), "at least two classes"),
    (lambda: path_length([[0.5, 0.5]]), "two points"),
    (lambda: expected_length(softmax_path(4)), "steps \\+ 1, inputs, classes"),
    (lambda: expected_length(softmax_path(4, inputs=2), weights=[-1, 2]), "at least 0"),
    (lambda: expected_length(softmax_path(4, inputs=2), weights=[0, 0]), "positive sum"),
    (lambda: expected_length(softmax_path(4, inputs=2), step="euclid"), "fisher-rao"),
])
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_numbers_for_arrays_and_tensors_for_tensors():
    p, q = np.array([0.5, 0.5]), torch.tensor([0.25, 0.75], dtype=torch.float64)
    path = np.stack([p, q.numpy()])
    for measure in (distance, root_kl):
        assert isinstance(measure(p, q), torch.Tensor) and isinstance(measure(q, p), torch.Tensor)
        assert not isinstance(measure(p, q.numpy()), torch.Tensor)
    assert isinstance(path_length(torch.tensor(path)), torch.Tensor)
    assert not isinstance(path_length(path), torch.Tensor)


def test_half_precision_may_be_off_by_more():
    off = torch.tensor([0.5, 0.505])
    assert distance(off.half(), off.half()) == 0 == distance(off.bfloat16(), off.bfloat16())
    for kind in (torch.float32, torch.float64):
        with pytest.raises(ValueError, match="sum"):
            distance(off.to(kind), off.to(kind))
    with pytest.raises(ValueError, match="sum"):
        distance(torch.tensor([0.5, 0.6]).half(), torch.tensor([0.5, 0.6]).half())


def test_only_half_precision_is_made_1():
    p, q = np.array([0.5006, 0.5]), np.array([0.25, 0.75])
    chord = np.linalg.norm(np.sqrt(p) - np.sqrt(q))
    assert distance(p, q) == pytest.approx(4 * np.arcsin(chord / 2), rel=1e-14)


def test_nothing_is_further_than_half_a_circle():
    """Where sums are off 1, the chord may be longer than the root of 2."""
    assert distance([1.0009, 0], [0, 1.0009]) == pytest.approx(np.pi, abs=1e-15)
    assert distance(np.zeros((0, 2)), [0.5, 0.5]).shape == (0,)


def test_weights_of_each_step_are_of_any_size():
    path = softmax_path(2, inputs=2)
    usual = expected_length(path, [[1, 2], [3, 1]])
    found = expected_length(path, [[1e300, 2e300], [3e-300, 1e-300]])
    assert found.length == pytest.approx(usual.length, rel=1e-12)
    assert found.riemannian_length == pytest.approx(usual.riemannian_length, rel=1e-12)


def test_every_step_needs_a_weight():
    with pytest.raises(ValueError, match="positive sum at every step"):
        expected_length(softmax_path(2, inputs=2), weights=[[1, 2], [0, 0]])


@pytest.mark.parametrize("weights", [[1, 2], [[1, 2, 3]], np.ones((3, 4)), 1.0, [[[1, 1, 1]]]])
def test_weights_of_another_length_are_named(weights):
    with pytest.raises(ValueError, match=r"weights must have .* \(3,\) or .* \(4, 3\), got"):
        expected_length(softmax_path(4, inputs=3), weights)


def test_weights_of_any_size_and_kind():
    path = softmax_path(4, inputs=3)
    usual = expected_length(path, [2, 1, 1])
    for weights in (1e308 * np.array([1, 0.5, 0.5]), [2e-310, 1e-310, 1e-310],
                    torch.tensor([2, 1, 1]), [2.0, True, 1]):
        assert expected_length(path, weights).length == pytest.approx(usual.length, rel=1e-9)


@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_any_precision(kind):
    torch.manual_seed(0)
    p, q = (torch.softmax(torch.randn(500, 10).to(kind), 1).requires_grad_() for _ in range(2))
    found, exact = distance(p, q), distance(p.double(), q.double()) if kind.itemsize > 2 else None
    assert found.dtype == (kind if kind.itemsize > 2 else torch.float32)
    assert not found.requires_grad and found.isfinite().all() and (found <= np.pi + 1e-6).all()
    if exact is None:
        a, b = (x.detach().double() / x.detach().double().sum(1, keepdim=True) for x in (p, q))
        exact = distance(a, b)
    assert (found - exact).abs().max() < 1e-3
    assert np.allclose(path_length(torch.stack([p, q])), found, atol=1e-6)


@pytest.mark.parametrize("call, error", [
    (lambda: distance(["a", "b"], [0.5, 0.5]), TypeError),
    (lambda: distance([0.5, 0.5j], [0.5, 0.5]), TypeError),
    (lambda: distance(torch.tensor([0.5, 0.5j]), [0.5, 0.5]), TypeError),
    (lambda: distance(np.ma.array([0.5, 0.5], mask=[1, 0]), [0.5, 0.5]), ValueError),
    (lambda: distance([[0.5, 0.5], [1.0]], [0.5, 0.5]), ValueError),
    (lambda: distance(dirichlet((3, 2)), dirichlet((4, 2))), ValueError),
    (lambda: expected_length(np.full((3, 0, 2), 0.5)), ValueError),
])
def test_what_is_no_distribution(call, error):
    with pytest.raises(error, match=r"p must|p has|leading axes|probs must"):
        call()


def test_results_pickle_copy_and_print():
    found = expected_length(softmax_path(4, inputs=3))
    for other in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
        assert isinstance(other, PathLength) and other == found and float(other) == found.length
        assert repr(other) == repr(found) and "\n" not in repr(found)


def test_the_module_is_reached_by_its_fixed_name():
    import tdist
    assert tdist.fisher_rao is fisher_rao
