"""Rivals of the coupled transfer distance: against closed forms, hand sums and other programs."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad, solve_ivp
from scipy.optimize import linear_sum_assignment, minimize
from scipy.spatial.distance import cdist
from torch import nn
from torch.distributions import Normal, kl_divergence

from tdist import vae
from tdist.baselines import task2vec, task2vec_distance, vae_length, wasserstein
from tdist.tasks import Task, fashion_mnist
from tdist.vae import VAE, gaussian_distance

DECAY = 0.05


def little_task(classes=3, n=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, 1, 2, 2), generator=generator, dtype=torch.uint8)
    labels = (images.flatten(1).float() @ torch.tensor([1.0, -1, 2, 0.3])).argsort().argsort() * classes // n
    return Task("little", images, labels, tuple("abcdef"[:classes]))


def linear_trunk(k=3, seed=1):
    trunk = nn.Sequential(nn.Flatten(), nn.Linear(4, k))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in trunk.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    return trunk


def softmax_by_hand(task, trunk, decay):
    """Inputs (n, 4), head (classes, k) and probabilities (n, classes): cross-entropy + decay/2 |head|^2."""
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
    assert task2vec(task, trunk, None, DECAY, draws=None) == pytest.approx(expected, rel=1e-4)


def test_drawn_labels_have_the_exact_sum_as_their_mean():
    """Also in batches, where sums of scores are squared."""
    task, trunk = little_task(), linear_trunk()
    exact = task2vec(task, trunk, None, DECAY, draws=None)
    assert task2vec(task, trunk, None, DECAY, draws=1000, batch_size=8) == pytest.approx(exact, rel=0.05)
    assert task2vec(task, trunk, None, DECAY, draws=2000, batch_size=40) == pytest.approx(exact, rel=0.1)


def test_filters_are_means_over_a_convolutions_slices():
    task = little_task()
    trunk = nn.Sequential(nn.Conv2d(1, 2, 2, padding=1), nn.BatchNorm2d(2), nn.Tanh(), nn.Flatten())
    vector = task2vec(task, trunk, None, DECAY, draws=None)
    assert vector.shape == (2,) and vector.dtype == np.float64 and (vector > 0).all()
    assert vector == pytest.approx(task2vec(task, trunk, None, DECAY, draws=None, batch_size=7))  # evaluation mode
    wider = nn.Sequential(trunk[0], trunk[1], trunk[2], trunk[3], nn.Linear(18, 5))
    assert task2vec(task, wider, None, DECAY, draws=None).shape == (2 + 5,)


def test_same_seed_same_bits_and_nothing_is_touched():
    task, trunk = little_task(), linear_trunk().train()
    state, weights, images = torch.random.get_rng_state(), trunk[1].weight.clone(), task.images.clone()
    first = task2vec(task, trunk, None, seed=3, images=30)
    assert np.array_equal(first, task2vec(task, trunk, None, seed=3, images=30))
    assert not np.array_equal(first, task2vec(task, trunk, None, seed=4, images=30))
    assert torch.equal(state, torch.random.get_rng_state()) and torch.equal(weights, trunk[1].weight)
    assert torch.equal(images, task.images) and trunk.training and trunk[1].weight.grad is None


def test_the_default_trunk():
    task = fashion_mnist().only(["trouser", "bag"])
    state = torch.random.get_rng_state()
    vector = task2vec(task, size=32, draws=1, images=12)
    assert vector.shape == (21_008,) and np.isfinite(vector).all() and vector.sum() > 0  # 21,008 filters
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize(("change", "message"), [
    ({"decay": 0}, "decay must be positive"), ({"draws": 0}, "at least 1"), ({"trunk": nn.Flatten()}, "no filters"),
    ({"trunk": nn.Conv2d(1, 2, 1)}, r"features \(b, k\)"),
])
def test_task2vec_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        task2vec(little_task(), **{"trunk": linear_trunk(), "size": None} | change)


def test_task2vec_takes_floats_as_they_are():
    task, trunk = little_task(), linear_trunk()
    floats = replace(task, images=task.images / 127.5 - 1)
    sizes = {"trunk": trunk, "size": None, "decay": DECAY, "draws": None}
    assert np.allclose(task2vec(floats, **sizes), task2vec(task, **sizes), rtol=1e-4)


def test_task2vec_refuses_a_single_class():
    with pytest.raises(ValueError, match="one class"):
        task2vec(little_task().only(["a"]), linear_trunk(), None)


def test_task2vec_distance_by_hand():
    a, b = np.array([1.0, 3.0]), np.array([1.0, 1.0])
    assert task2vec_distance(a, b) == pytest.approx(1 - (0.25 + 3 / 16) / np.sqrt((1 / 4 + 9 / 16) * (1 / 4 + 1 / 16)))
    assert task2vec_distance(a, b, normalised=False) == pytest.approx(1 - 4 / np.sqrt(20))


def test_task2vec_distance_properties():
    a, b = np.random.default_rng(0).random((2, 50))
    for normalised in (True, False):
        assert task2vec_distance(a, b, normalised) == task2vec_distance(b, a, normalised) > 0
        assert task2vec_distance(a, 7 * a, normalised) == pytest.approx(0, abs=1e-15)
    scale = 10.0 ** np.arange(-25, 25)  # the quotients do not see the size of a filter
    assert task2vec_distance(scale * a, scale * b) == pytest.approx(task2vec_distance(a, b))
    assert task2vec_distance(np.append(a, 0), np.append(b, 0)) == pytest.approx(task2vec_distance(a, b))
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
    quantiles = (np.repeat(np.sort(z, 0), k, 0) for z, k in ((x[:20], 3), (y[:30], 2)))  # of 20 and 30 points
    assert wasserstein(x[:20], y[:30]) == pytest.approx(np.mean(np.subtract(*quantiles) ** 2))


def test_wasserstein_is_the_best_assignment():
    x, y = np.random.default_rng(2).normal(size=(2, 50, 4))
    cost = cdist(x, y) ** 2
    expected = cost[linear_sum_assignment(cost)].mean()
    assert wasserstein(x, y) == pytest.approx(expected)
    assert wasserstein(torch.tensor(x), torch.tensor(y)) == pytest.approx(expected)
    pixels = torch.arange(256, dtype=torch.uint8).view(-1, 2)
    assert wasserstein(pixels, pixels.flip(1)) == pytest.approx(2)  # bytes do not wrap around


def test_wasserstein_refuses():
    x = np.zeros((3, 2))
    with pytest.raises(ValueError, match="2 and 3 coordinates"):
        wasserstein(x, np.zeros((3, 3)))
    with pytest.raises(ValueError, match="NaN"):
        wasserstein(x, x * np.nan)
    with pytest.raises(ValueError, match="two axes"):
        wasserstein(x[0], x)


def gaussians(*pairs):
    """Arguments of the distance, each (coordinates,), from a ((mean, std), (other mean, other std)) a coordinate."""
    return torch.tensor(pairs, dtype=torch.float64).permute(1, 2, 0).reshape(4, -1)


def test_gaussian_distance_along_the_axes():
    """With the mean fixed ds = sqrt(2) dsigma / sigma; between equal sigmas the geodesic bows: below mu / sigma."""
    sigma = quad(lambda s: np.sqrt(2) / s, 0.5, 3)[0]
    assert gaussian_distance(*gaussians(((1, 0.5), (1, 3)))).item() == pytest.approx(sigma)
    assert gaussian_distance(*gaussians(((0, 1), (1e-4, 1)))).item() == pytest.approx(1e-4, rel=1e-8)
    assert gaussian_distance(*gaussians(((0, 1), (3, 1)))).item() < 3


def test_gaussian_distance_is_the_length_of_the_geodesic():
    """The geodesic of (dmu^2 + 2 dsigma^2) / sigma^2 from (0, 1) at unit speed, integrated numerically."""
    def acceleration(_, state):
        _, sigma, dmu, dsigma = state
        return dmu, dsigma, 2 * dmu * dsigma / sigma, (dsigma**2 - dmu**2 / 2) / sigma

    for angle in (0.3, 1.2, 2.5):
        start = [0, 1, np.cos(angle), np.sin(angle) / np.sqrt(2)]
        mu, sigma, *_ = solve_ivp(acceleration, (0, 1.7), start, rtol=1e-10, atol=1e-12).y[:, -1]
        assert gaussian_distance(*gaussians(((0, 1), (mu, sigma)))).item() == pytest.approx(1.7, rel=1e-7)


def test_gaussian_distance_is_the_root_of_twice_the_divergence_nearby():
    """Torch's own KL, which knows nothing of hyperbolas; and coordinates add as squares."""
    near = gaussians(((0.3, 0.7), (0.3003, 0.7002)), ((-1, 2), (-1.001, 1.9995)))
    kl = kl_divergence(Normal(near[0], near[1]), Normal(near[2], near[3])).sum()
    assert gaussian_distance(*near).item() == pytest.approx((2 * kl).sqrt().item(), rel=1e-3)
    each = [gaussian_distance(*x[:, None]).item() for x in near.T]
    assert gaussian_distance(*near).item() == pytest.approx(np.hypot(*each), rel=1e-12)


def test_gaussian_distance_is_a_metric_without_coordinates():
    rng = np.random.default_rng(0)
    mean, std = torch.tensor(rng.normal(size=(3, 90, 2))), torch.tensor(rng.random((3, 90, 2)) + 0.1)
    ab, bc, ac = (gaussian_distance(mean[i], std[i], mean[j], std[j]) for i, j in ((0, 1), (1, 2), (0, 2)))
    assert (ac <= ab + bc).all() and torch.equal(ab, gaussian_distance(mean[1], std[1], mean[0], std[0]))
    scale, shift = torch.tensor([3.0, 0.2]), torch.tensor([5.0, -1])
    moved = gaussian_distance(scale * mean[0] + shift, scale * std[0], scale * mean[1] + shift, scale * std[1])
    assert torch.allclose(moved, ab)
    with pytest.raises(ValueError, match="must be positive"):
        gaussian_distance(mean[0], -std[0], mean[1], std[1])
    with pytest.raises(ValueError, match="finite"):
        gaussian_distance(mean[0] * torch.nan, std[0], mean[1], std[1])


def test_vae_loss_is_minus_the_evidence_lower_bound():
    model, images, noise = VAE((1, 7, 9), 3, 2), torch.rand(5, 1, 7, 9), torch.randn(5, 3)
    mean, std = model.encode(images)
    p = torch.sigmoid(model.decode(mean + std * noise))
    assert p.shape == images.shape
    log_likelihood = (images * p.log() + (1 - images) * (1 - p).log()).sum() / 5
    divergence = kl_divergence(Normal(mean, std), Normal(0, 1)).sum() / 5
    assert model.loss(images, noise).item() == pytest.approx((divergence - log_likelihood).item(), rel=1e-5)


@pytest.fixture(scope="module")
def clothes():
    images = fashion_mnist().images[:, :, ::3, ::3]
    return images[:300], 255 - images[300:600]


SMALL = {"points": 4, "steps": 5, "pretraining": 60, "batch_size": 16, "latent": 2, "width": 4, "inputs": 40}


def test_vae_length_by_hand(clothes, monkeypatch):
    """The weights of every point of the path are caught, and their steps measured and averaged again."""
    source, target = clothes
    encodings, encode = [], VAE.encode

    def watch(self, images):
        result = encode(self, images)
        if not torch.is_grad_enabled() and len(images) == 40:
            encodings.append((images, *result))
        return result

    monkeypatch.setattr(vae.VAE, "encode", watch)
    for mixture in (True, False):
        encodings.clear()
        found = vae_length(source, target, mixture, **SMALL)
        at_source = encodings[1:-1:2]  # the losses at the two ends also encode
        at_target = encodings[2:-1:2]
        assert len(at_source) == len(at_target) == 5 and not torch.equal(at_source[0][0], at_target[0][0])
        length = riemannian = 0
        for k, (s, t) in enumerate(zip(pairwise(at_source), pairwise(at_target), strict=True), 1):
            tau = k / 4 if mixture else 1
            ds, dt = (gaussian_distance(*a[1:], *b[1:]) for a, b in (s, t))
            length += (1 - tau) * ds.mean() + tau * dt.mean()
            riemannian += ((1 - tau) * (ds**2).mean() + tau * (dt**2).mean()).sqrt()
        assert found.length == pytest.approx(length.item()) and float(found) == found.length
        assert found.riemannian_length == pytest.approx(riemannian.item()) and found.riemannian_length > found.length


def test_vae_length_orders_what_it_should(clothes):
    source, target = clothes
    size = SMALL | {"steps": 15, "pretraining": 100}
    same, mixed, direct = (vae_length(source, t, m, **size)
                           for t, m in ((source, False), (target, True), (target, False)))
    assert same.length < 0.5 * mixed.length and same.length < 0.5 * direct.length
    assert mixed.source_loss == direct.source_loss and direct.target_loss < mixed.target_loss
    assert vae_length(source, target, **size | {"rate": 0.0}).length == 0  # equal weights are at distance zero


def test_vae_length_is_reproducible_and_touches_nothing(clothes):
    source, target = clothes
    state, before = torch.random.get_rng_state(), source.clone()
    first = vae_length(source, target, **SMALL)
    assert first == vae_length(source, target, **SMALL) != vae_length(source, target, seed=1, **SMALL)
    assert torch.equal(state, torch.random.get_rng_state()) and torch.equal(source, before)


def test_the_mixture_draws_its_share_of_the_target():
    zeros, ones = torch.zeros(3, 1, 1, 1), torch.ones(5, 1, 1, 1)
    generator = torch.Generator().manual_seed(0)
    share = [vae._draw(zeros, ones, tau, 4000, generator).mean().item() for tau in (0, 0.25, 1)]
    assert share == pytest.approx([0, 0.25, 1], abs=0.02) and (share[0], share[2]) == (0, 1)


def test_vae_length_refuses(clothes):
    source, target = clothes
    for wrong, message in ((target / 255, "uint8"), (target[:, :, 1:], "one size"), (target[:0], "at least 1")):
        with pytest.raises(ValueError, match=message):
            vae_length(source, wrong, **SMALL)
    with pytest.raises(ValueError, match="points must be"):
        vae_length(source, target, points=0)
    with pytest.raises(FloatingPointError, match="smaller rate"):
        vae_length(source, target, **SMALL | {"rate": 1e6})
