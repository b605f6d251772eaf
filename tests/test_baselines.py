"""Rivals of the coupled transfer distance: against closed forms, hand sums and other programs."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.integrate import quad, solve_ivp
from scipy.optimize import linear_sum_assignment, minimize
from scipy.spatial.distance import cdist
from torch import nn
from torch.distributions import Normal, kl_divergence

from tdist import baselines
from tdist.baselines import task2vec, task2vec_distance, wasserstein
from tdist.tasks import Task, fashion_mnist
from tdist.vae import gaussian_distance

DECAY = 0.05
NUMPYS = (torch.float64, torch.float32, torch.float16, torch.int8, torch.uint16, torch.int64,
          torch.bool)
RAW = {"size": None, "progress": False}
EXACT = RAW | {"decay": DECAY, "draws": None}


def little_task(classes=3, n=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, 1, 2, 2), generator=generator, dtype=torch.uint8)
    order = (images.flatten(1).float() @ torch.tensor([1.0, -1, 2, 0.3])).argsort().argsort()
    labels = order * classes // n
    return Task("little", images, labels, tuple("abcdef"[:classes]))


def linear_trunk(k=3, seed=1):
    trunk = nn.Sequential(nn.Flatten(), nn.Linear(4, k))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in trunk.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    return trunk


def softmax_by_hand(task, trunk, decay):
    """Inputs (n, 4), head (classes, k) and probabilities (n, classes) of the least cross-entropy
    + decay / 2 |head|^2."""
    x = (task.images.flatten(1).double() / 127.5 - 1).numpy()
    weight, bias = (p.detach().double().numpy() for p in trunk.parameters())
    z, classes = x @ weight.T + bias, len(task.classes)
    onehot = np.eye(classes)[task.labels.numpy()]

    def log_p(v):
        head, offset = v[:-classes].reshape(classes, -1), v[-classes:]
        logits = z @ head.T + offset
        return logits - np.log(np.exp(logits).sum(1, keepdims=True))

    def objective(v):
        return -(onehot * log_p(v)).sum(1).mean() + decay / 2 * np.sum(v[:-classes] ** 2)

    v = minimize(objective, np.zeros(classes * (z.shape[1] + 1)), tol=1e-12).x
    return x, v[:-classes].reshape(classes, -1), np.exp(log_p(v))


@pytest.mark.parametrize("classes", [2, 3])
def test_fisher_information_of_a_linear_trunk(classes):
    r"""log p_y = log softmax(V W x)_y has the gradient V^T(e_y - p) x^T in W."""
    task, trunk = little_task(classes), linear_trunk()
    x, head, p = softmax_by_hand(task, trunk, DECAY)
    expected = np.zeros(3)
    for row, q in zip(x, p, strict=True):
        for y in range(classes):
            expected += q[y] * (head.T @ (np.eye(classes)[y] - q)) ** 2 * np.mean(row**2) / len(x)
    assert task2vec(task, trunk, **EXACT) == pytest.approx(expected, rel=1e-4)


def test_drawn_labels_have_the_exact_sum_as_their_mean():
    """Also in batches, where sums of scores are squared."""
    task, trunk = little_task(), linear_trunk()
    exact = task2vec(task, trunk, **EXACT)
    drawn = partial(task2vec, task, trunk, decay=DECAY, **RAW)
    assert drawn(draws=1000, batch=8) == pytest.approx(exact, rel=0.05)
    assert drawn(draws=2000, batch=40) == pytest.approx(exact, rel=0.1)


def test_filters_are_means_over_a_convolutions_slices():
    task = little_task()
    trunk = nn.Sequential(nn.Conv2d(1, 2, 2, padding=1), nn.BatchNorm2d(2), nn.Tanh(), nn.Flatten())
    vector = task2vec(task, trunk, **EXACT)
    assert vector.shape == (2,) and vector.dtype == np.float64 and (vector > 0).all()
    assert vector == pytest.approx(task2vec(task, trunk, **EXACT, batch=7))  # evaluation mode
    wider = nn.Sequential(trunk[0], trunk[1], trunk[2], trunk[3], nn.Linear(18, 5))
    assert task2vec(task, wider, **EXACT).shape == (2 + 5,)


def test_same_seed_same_bits_and_nothing_is_touched():
    task, trunk = little_task(), linear_trunk().train()
    state = torch.random.get_rng_state()
    weights, images = trunk[1].weight.clone(), task.images.clone()
    first = task2vec(task, trunk, **RAW, seed=3, images=30)
    assert np.array_equal(first, task2vec(task, trunk, **RAW, seed=3, images=30))
    assert not np.array_equal(first, task2vec(task, trunk, **RAW, seed=4, images=30))
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(weights, trunk[1].weight)
    assert torch.equal(images, task.images) and trunk.training and trunk[1].weight.grad is None


def test_the_default_trunk():
    task = fashion_mnist().only(["trouser", "bag"])
    state = torch.random.get_rng_state()
    vector = task2vec(task, size=32, draws=1, images=12, progress=False)
    assert vector.shape == (21_008,)  # filters
    assert np.isfinite(vector).all() and vector.sum() > 0
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize(("change", "message"), [
    ({"decay": 0}, "decay must be positive"), ({"draws": 0}, "at least 1"),
    ({"batch": 0}, "at least 1"), ({"trunk": nn.Flatten()}, "no filters"),
    ({"trunk": nn.Conv2d(1, 2, 1)}, r"features \(b, k\)"),
])
def test_task2vec_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        task2vec(little_task(), **RAW | {"trunk": linear_trunk()} | change)


def test_task2vec_takes_floats_as_they_are():
    task, trunk = little_task(), linear_trunk()
    floats = replace(task, images=task.images / 127.5 - 1)
    assert np.allclose(task2vec(floats, trunk, **EXACT), task2vec(task, trunk, **EXACT), rtol=1e-4)


def test_pictures_are_brought_to_the_trunks_size_as_pillow_does():
    """With antialiasing; Pillow knows nothing of torch."""
    grey = torch.rand(1, 1, 24, 30, generator=torch.Generator().manual_seed(0))
    expected = Image.fromarray(grey[0, 0].numpy()).resize((8, 8), Image.Resampling.BILINEAR)
    found = baselines._prepared(grey, 8)
    assert found.shape == (1, 3, 8, 8)
    assert np.allclose(found[0], np.asarray(expected)[None], atol=1e-5)


@pytest.mark.parametrize("channels", [2, 4])
def test_pictures_of_other_channels_are_refused_with_the_way_out(channels):
    task = little_task()
    task = replace(task, images=task.images.expand(-1, channels, -1, -1))
    with pytest.raises(ValueError, match=r"images\[:, :3\]"):
        task2vec(task, linear_trunk(), size=8, progress=False)


def test_task2vec_refuses_a_broken_trunk():
    trunk = linear_trunk()
    trunk[1].weight.data[0] = torch.nan
    with pytest.raises(ValueError, match="weights finite"):
        task2vec(little_task(), trunk, **RAW)


def test_task2vec_refuses_a_single_class():
    with pytest.raises(ValueError, match="one class"):
        task2vec(little_task().only(["a"]), linear_trunk(), **RAW)


def test_task2vec_distance_by_hand():
    a, b = np.array([1.0, 3.0]), np.array([1.0, 1.0])
    cosine = (0.25 + 3 / 16) / np.sqrt((1 / 4 + 9 / 16) * (1 / 4 + 1 / 16))
    assert task2vec_distance(a, b) == pytest.approx(1 - cosine)
    assert task2vec_distance(a, b, normalised=False) == pytest.approx(1 - 4 / np.sqrt(20))


def test_task2vec_distance_properties():
    a, b = np.random.default_rng(0).random((2, 50))
    for normalised in (True, False):
        distance = partial(task2vec_distance, normalised=normalised)
        assert distance(a, b) == distance(b, a) > 0
        assert distance(a, 7 * a) == pytest.approx(0, abs=1e-15)
    scale = 10.0 ** np.arange(-25, 25)  # the quotients do not see the size of a filter
    assert task2vec_distance(scale * a, scale * b) == pytest.approx(task2vec_distance(a, b))
    with_zeros = task2vec_distance(np.append(a, 0), np.append(b, 0))
    assert with_zeros == pytest.approx(task2vec_distance(a, b))
    for wrong in (a[:3], -a, a * np.nan, 0 * a, a[None]):
        with pytest.raises(ValueError, match="embeddings must"):
            task2vec_distance(wrong, b)


def test_wasserstein_of_a_shift_is_its_square():
    x = np.random.default_rng(0).normal(size=(60, 3))
    assert wasserstein(x, x + np.array([1, -2, 0.5])) == pytest.approx(5.25)
    assert wasserstein(x, x[::-1]) == pytest.approx(0, abs=1e-12)


def test_wasserstein_on_a_line_is_the_distance_of_sorted_samples():
    x, y = np.random.default_rng(1).normal(size=(2, 40, 1))
    assert wasserstein(x, y) == pytest.approx(np.mean((np.sort(x, 0) - np.sort(y, 0)) ** 2))
    # of 20 and 30 points
    quantiles = (np.repeat(np.sort(z, 0), k, 0) for z, k in ((x[:20], 3), (y[:30], 2)))
    assert wasserstein(x[:20], y[:30]) == pytest.approx(np.mean(np.subtract(*quantiles) ** 2))


def test_wasserstein_is_the_best_assignment():
    x, y = np.random.default_rng(2).normal(size=(2, 50, 4))
    cost = cdist(x, y) ** 2
    expected = cost[linear_sum_assignment(cost)].mean()
    assert wasserstein(x, y) == pytest.approx(expected)
    assert wasserstein(torch.tensor(x), torch.tensor(y)) == pytest.approx(expected)
    pixels = torch.arange(256, dtype=torch.uint8).view(-1, 2)
    assert wasserstein(pixels, pixels.flip(1)) == pytest.approx(2)  # bytes do not wrap around


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16,
                                   torch.float8_e4m3fn, torch.float8_e5m2, torch.int8, torch.uint16,
                                   torch.int64, torch.bool])
def test_wasserstein_takes_any_precision(dtype):
    """Of the values that the tensor holds, in float64."""
    x = torch.arange(12).view(6, 2).remainder(5).to(dtype)
    y = torch.arange(12).view(6, 2).remainder(3).to(dtype)
    expected = wasserstein(x.double().numpy(), y.double().numpy())
    assert wasserstein(x, y) == expected > 0
    assert wasserstein(x.numpy() if dtype in NUMPYS else x.double().tolist(), y) == expected


def test_wasserstein_takes_views_and_gradients():
    x = torch.complex(torch.zeros(4, 2).double(), torch.arange(8.0).double().view(4, 2)).conj().imag
    assert x.is_neg() and wasserstein(x, -x) == wasserstein(x.clone().numpy(), -x.clone().numpy())
    assert wasserstein(torch.ones(2, 1, requires_grad=True), torch.zeros(2, 1)) == 1


def test_wasserstein_refuses():
    x = np.zeros((3, 2))
    with pytest.raises(ValueError, match="2 and 3 coordinates"):
        wasserstein(x, np.zeros((3, 3)))
    with pytest.raises(ValueError, match="NaN"):
        wasserstein(x, x * np.nan)
    with pytest.raises(ValueError, match="two axes"):
        wasserstein(x[0], x)


def gaussians(*pairs):
    """Arguments of the distance, each (coordinates,), from ((mean, std), (other mean, other std)) a
    coordinate."""
    return torch.tensor(pairs, dtype=torch.float64).permute(1, 2, 0).reshape(4, -1)


def between(p, q):
    """The distance of two Gaussians (mean, std) of one coordinate."""
    return gaussian_distance(*gaussians((p, q))).item()


def test_gaussian_distance_along_the_axes():
    """With the mean fixed ds = sqrt(2) dsigma / sigma; between equal sigmas the geodesic bows:
    below mu / sigma."""
    sigma = quad(lambda s: np.sqrt(2) / s, 0.5, 3)[0]
    assert between((1, 0.5), (1, 3)) == pytest.approx(sigma)
    assert between((0, 1), (1e-4, 1)) == pytest.approx(1e-4, rel=1e-8)
    assert between((0, 1), (3, 1)) < 3


def test_gaussian_distance_is_the_length_of_the_geodesic():
    """The geodesic of (dmu^2 + 2 dsigma^2) / sigma^2 from (0, 1) at unit speed, integrated."""
    def acceleration(_, state):
        _, sigma, dmu, dsigma = state
        return dmu, dsigma, 2 * dmu * dsigma / sigma, (dsigma**2 - dmu**2 / 2) / sigma

    for angle in (0.3, 1.2, 2.5):
        start = [0, 1, np.cos(angle), np.sin(angle) / np.sqrt(2)]
        mu, sigma, *_ = solve_ivp(acceleration, (0, 1.7), start, rtol=1e-10, atol=1e-12).y[:, -1]
        assert between((0, 1), (mu, sigma)) == pytest.approx(1.7, rel=1e-7)


def test_gaussian_distance_is_the_root_of_twice_the_divergence_nearby():
    """Torch's own KL, which knows nothing of hyperbolas; and coordinates add as squares."""
    near = gaussians(((0.3, 0.7), (0.3003, 0.7002)), ((-1, 2), (-1.001, 1.9995)))
    kl = kl_divergence(Normal(near[0], near[1]), Normal(near[2], near[3])).sum()
    assert gaussian_distance(*near).item() == pytest.approx((2 * kl).sqrt().item(), rel=1e-3)
    each = [gaussian_distance(*x[:, None]).item() for x in near.T]
    assert gaussian_distance(*near).item() == pytest.approx(np.hypot(*each), rel=1e-12)


def test_gaussian_distance_is_a_metric_without_coordinates():
    rng = np.random.default_rng(0)
    mean = torch.tensor(rng.normal(size=(3, 90, 2)))
    std = torch.tensor(rng.random((3, 90, 2)) + 0.1)

    def apart(i, j):
        return gaussian_distance(mean[i], std[i], mean[j], std[j])

    assert (apart(0, 2) <= apart(0, 1) + apart(1, 2)).all()
    assert torch.equal(apart(0, 1), apart(1, 0))
    scale, shift = torch.tensor([3.0, 0.2]), torch.tensor([5.0, -1])
    moved = gaussian_distance(scale * mean[0] + shift, scale * std[0],
                              scale * mean[1] + shift, scale * std[1])
    assert torch.allclose(moved, apart(0, 1))
    with pytest.raises(ValueError, match="must be positive"):
        gaussian_distance(mean[0], -std[0], mean[1], std[1])
    with pytest.raises(ValueError, match="finite"):
        gaussian_distance(mean[0] * torch.nan, std[0], mean[1], std[1])
