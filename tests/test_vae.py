"""A VAE, its fit, the length of its path, and the study of these lengths."""

import copy
import pickle
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from tdist import tasks, vae_paths
from tdist import vae as room
from tdist.manners import Diverged
from tdist.studies import fitted_vae as study
from tdist.studies import load
from tdist.studies.spaces import NAMES
from tdist.vae import VAE, fitted_vae, gaussian_distance, loss_of
from tdist.vae_paths import vae_length

FIT = {"steps": 60, "batch": 16, "latent": 2, "width": 4, "progress": False}
SMALL = {"points": 4, "steps": 5, "batch": 16, "inputs": 40, "progress": False}


@pytest.fixture(scope="module")
def clothes():
    images = tasks.fashion_mnist().images[:, :, ::3, ::3]
    return images[:300], 255 - images[300:600]


@pytest.fixture(scope="module")
def fitted(clothes):
    return fitted_vae(clothes[0], **FIT)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


# the fit


def test_vae_loss_is_minus_the_evidence_lower_bound():
    model, images, noise = VAE((1, 7, 9), 3, 2), torch.rand(5, 1, 7, 9), torch.randn(5, 3)
    mean, std = model.encode(images)
    p = torch.sigmoid(model.decode(mean + std * noise))
    assert p.shape == images.shape
    log_likelihood = (images * p.log() + (1 - images) * (1 - p).log()).sum() / 5
    divergence = kl_divergence(Normal(mean, std), Normal(0, 1)).sum() / 5
    expected = (divergence - log_likelihood).item()
    assert model.loss(images, noise).item() == pytest.approx(expected, rel=1e-5)


def test_a_fit_lowers_the_loss_and_hangs_on_its_seed_alone(clothes, fitted):
    images = clothes[0]
    losses = [loss_of(fitted_vae(images, **FIT | {"steps": steps}), images / 255)
              for steps in (0, 60, 250)]
    assert losses[0] > losses[1] > losses[2]
    state, before = torch.random.get_rng_state(), images.clone()
    again, other = (weights(fitted_vae(images, seed=seed, **FIT)) for seed in (0, 1))
    assert torch.equal(again, weights(fitted)) and not torch.allclose(other, again)
    assert torch.equal(state, torch.random.get_rng_state()) and torch.equal(before, images)


def test_a_fit_begins_with_adams_step(clothes, monkeypatch):
    """1e-3 against the sign of every gradient that is not nearly 0."""
    seen, loss = [], VAE.loss
    monkeypatch.setattr(VAE, "loss", lambda self, *given: (seen.append(given),
                                                           loss(self, *given))[1])
    start, after = (fitted_vae(clothes[0], **FIT | {"steps": steps}) for steps in (0, 1))
    monkeypatch.undo()
    start.loss(*seen[0]).backward()
    gradient = torch.cat([p.grad.flatten() for p in start.parameters()])
    firm = gradient.abs() > 1e-4
    assert firm.float().mean() > 0.2
    assert torch.allclose((weights(after) - weights(start))[firm], -1e-3 * gradient[firm].sign(),
                          rtol=1e-3)


def test_random_numbers_of_two_purposes_never_meet():
    draws = [torch.randn(2000, generator=room.generator(3, purpose))
             for purpose in (room.FIT, room.PATH, room.LOSS)]
    draws.append(torch.randn(2000, generator=torch.Generator().manual_seed(3)))
    assert len(torch.cat(draws).unique()) > 7900
    assert torch.equal(draws[0], torch.randn(2000, generator=room.generator(3, room.FIT)))


def test_a_fit_refuses(clothes):
    images = clothes[0]
    for name, least in (("steps", 0), ("seed", 0), ("batch", 1), ("latent", 1), ("width", 1)):
        for wrong, error in ((least - 1, ValueError), (2.5, ValueError), ("2", TypeError)):
            with pytest.raises(error, match=f"{name} must be a whole number, at least {least}"):
                fitted_vae(images, **FIT | {name: wrong})
    with pytest.raises(TypeError, match=r"images must be a torch.Tensor.*as_tensor"):
        fitted_vae(images.numpy())
    with pytest.raises(ValueError, match="images must be uint8"):
        fitted_vae(images[0])


# the path


def test_vae_length_by_hand(clothes, fitted, monkeypatch):
    """The codes along the path are caught, and their steps measured and averaged again."""
    encodings, encode = [], VAE.encode

    def watch(self, images):
        result = encode(self, images)
        if not torch.is_grad_enabled() and len(images) == 40:
            encodings.append((images, *result))
        return result

    monkeypatch.setattr(VAE, "encode", watch)
    for mixture in (True, False):
        encodings.clear()
        found = vae_length(fitted, *clothes, mixture=mixture, **SMALL)
        del encodings[2], encodings[-1]  # the losses at the two ends also encode
        at_source, at_target = encodings[::2], encodings[1::2]
        assert len(at_source) == len(at_target) == 5
        assert not torch.equal(at_source[0][0], at_target[0][0])
        length = riemannian = 0
        for k, (s, t) in enumerate(zip(pairwise(at_source), pairwise(at_target), strict=True), 1):
            tau = k / 4 if mixture else 1
            ds, dt = (gaussian_distance(*a[1:], *b[1:]) for a, b in (s, t))
            length += (1 - tau) * ds.mean() + tau * dt.mean()
            riemannian += ((1 - tau) * (ds**2).mean() + tau * (dt**2).mean()).sqrt()
        assert found.length == pytest.approx(length.item()) and float(found) == found.length
        assert found.riemannian_length == pytest.approx(riemannian.item())
        assert found.riemannian_length > found.length


def test_vae_length_orders_what_it_should(clothes, fitted):
    source, target = clothes
    size = SMALL | {"steps": 15}
    same, mixed, direct = (vae_length(fitted, source, to, mixture=mixture, **size)
                           for to, mixture in ((source, False), (target, True), (target, False)))
    assert same.length < 0.5 * mixed.length and same.length < 0.5 * direct.length
    assert mixed.source_loss == direct.source_loss and direct.target_loss < mixed.target_loss
    # equal weights are at distance zero
    assert vae_length(fitted, source, target, **size | {"lr": 0.0}).length == 0


def test_a_path_is_reproducible_and_touches_nothing(clothes, fitted):
    source, target = clothes
    state, before, own = torch.random.get_rng_state(), source.clone(), weights(fitted)
    first = vae_length(fitted, source, target, **SMALL)
    assert first == vae_length(fitted, source, target, **SMALL)
    assert first != vae_length(fitted, source, target, seed=1, **SMALL)
    assert torch.equal(state, torch.random.get_rng_state()) and torch.equal(source, before)
    assert torch.equal(weights(fitted), own) and not torch.equal(weights(first.vae), own)


def test_the_mixture_draws_its_share_of_the_target():
    zeros, ones = torch.zeros(3, 1, 1, 1), torch.ones(5, 1, 1, 1)
    generator = torch.Generator().manual_seed(0)
    share = [room.mixture(zeros, ones, tau, 4000, generator).mean().item()
             for tau in (0, 0.25, 1)]
    assert share == pytest.approx([0, 0.25, 1], abs=0.02) and (share[0], share[2]) == (0, 1)


def test_a_path_is_walked_by_sgd_of_its_rate(clothes, fitted, monkeypatch):
    """Every step is minus lr / (numbers of an image) times the loss's gradient, taken again here;
    and so it is with the same SGD as another optimiser."""
    seen, loss = [], VAE.loss

    def watch(self, images, noise):
        seen.append((copy.deepcopy(self), images, noise))
        return loss(self, images, noise)

    monkeypatch.setattr(VAE, "loss", watch)
    few = SMALL | {"points": 2, "steps": 2}
    found = vae_length(fitted, *clothes, **few | {"lr": 0.3})
    monkeypatch.undo()
    path = [entry for entry in seen if len(entry[1]) == 16]
    assert len(path) == 4 and len(seen) == 6  # and the losses of the two ends
    numbers = clothes[0][0].numel()
    for (model, images, noise), (after, *_) in zip(path, seen[2:], strict=True):
        model.zero_grad()
        model.loss(images, noise).backward()
        gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
        assert torch.allclose(weights(after), weights(model) - 0.3 / numbers * gradient, rtol=0,
                              atol=1e-7)
    same = vae_length(fitted, *clothes, optimiser=partial(torch.optim.SGD, lr=0.3 / numbers), **few)
    assert same == found and torch.equal(weights(same.vae), weights(found.vae))
    other = vae_length(fitted, *clothes, optimiser=partial(torch.optim.Adam, lr=0.002),
                       **SMALL | {"points": 1, "steps": 1})
    assert (weights(other.vae) - weights(fitted)).abs().max() == pytest.approx(0.002, rel=1e-2)


def test_a_vaes_length_is_a_result():
    found = vae_paths.VAELength(1.25, 1.5, 160.123456, 140.0)
    assert pickle.loads(pickle.dumps(found)) == copy.copy(found) == copy.deepcopy(found) == found
    assert repr(found) == ("VAELength(length=1.25, riemannian_length=1.5, source_loss=160.1, "
                           "target_loss=140)")
    assert float(found) == 1.25
    with pytest.raises(AttributeError):
        found.length = 2


def test_a_path_refuses(clothes, fitted):
    source, target = clothes
    for wrong, message in ((target / 255, "uint8"), (target[:, :, 1:], "one size"),
                           (target[:0], "at least 1")):
        with pytest.raises(ValueError, match=message):
            vae_length(fitted, source, wrong, **SMALL)
    with pytest.raises(ValueError, match=r"this one takes \(1, 10, 10\)"):
        vae_length(fitted, source[:, :, 1:], target[:, :, 1:], **SMALL)
    for name in ("points", "steps", "batch", "inputs"):
        for wrong, error in ((0, ValueError), (2.5, ValueError), ("2", TypeError)):
            with pytest.raises(error, match=f"{name} must be a whole number, at least 1"):
                vae_length(fitted, source, target, **{name: wrong})
    for wrong in (-0.1, torch.inf, torch.nan, "fast"):
        with pytest.raises(ValueError, match="lr must be"):
            vae_length(fitted, source, target, lr=wrong)
    with pytest.raises(ValueError, match="seed must be a whole number"):
        vae_length(fitted, source, target, seed=-1)
    with pytest.raises(TypeError, match=r"source_images.*as_tensor"):
        vae_length(fitted, source.numpy(), target)
    with pytest.raises(TypeError, match=r"vae must be a VAE.*fitted_vae"):
        vae_length(source, target, source)
    with pytest.raises(TypeError, match=r"optimiser must be a function.*partial"):
        vae_length(fitted, source, target, optimiser=torch.optim.SGD(fitted.parameters(), 0.1))


def test_a_loss_beyond_all_numbers_is_an_end_even_where_weights_are_finite():
    model, images = VAE((1, 8, 8), 2, 2), torch.zeros(3, 1, 8, 8)
    model.decoder[-1].bias.data.fill_(3e38)  # 64 pixels' losses overflow in their sum
    optimiser, noise = torch.optim.SGD(model.parameters(), 0.0), torch.zeros(3, 2)
    with pytest.raises(Diverged, match="at here;"):
        room.descend(model, optimiser, 1, "here", lambda: (images, noise), [images])
    with pytest.raises(Diverged, match="the loss of a VAE"):
        loss_of(model, images)


@pytest.mark.parametrize("change", [{"lr": 1e6}, {"lr": 1e30, "steps": 1},
                                    {"lr": 1e3, "points": 1}])
def test_a_path_that_blows_up_says_so_and_keeps_its_last_good_weights(clothes, fitted, change):
    before = weights(fitted)
    with pytest.raises(Diverged, match=r"tau = .*smaller lr") as caught:
        vae_length(fitted, *clothes, **SMALL | change)
    model = caught.value.network
    assert isinstance(model, VAE) and all(torch.isfinite(p).all() for p in model.parameters())
    mean, std = model.encode(clothes[0] / 255)
    assert torch.isfinite(mean).all() and (std > 0).all() and torch.isfinite(std).all()
    assert torch.equal(weights(fitted), before)


# the study


def test_a_unit_holds_what_the_paths_give(monkeypatch):
    monkeypatch.setattr(study, "RATE", 0.01)
    fit = {"steps": 6, "batch": 8, "latent": 2, "width": 2}
    path = {"points": 2, "steps": 3, "batch": 8, "inputs": 10}
    parts, tests = ([tasks.digits().only(tuple(names), names).subset(size, size)
                     for names in ("012", "789")] for size in (40, 30))
    found = study.unit(lambda: (parts, tests), 1, 3, fit, path)
    model, half = (fitted_vae(parts[1].images, seed=3, progress=False, **fit | {"steps": steps})
                   for steps in (6, 3))
    unseen = [test.images / 255 for test in tests]
    assert found["losses"] == pytest.approx([loss_of(model, x, 3) for x in unseen], rel=1e-4)
    assert found["half"] == pytest.approx(loss_of(half, unseen[1], 3), rel=1e-4)
    assert found["train"] == pytest.approx(loss_of(model, parts[1].images / 255, 3), rel=1e-4)
    for way, mixture in (("mixture", True), ("direct", False)):
        for j in range(2):
            gone = vae_length(model, parts[1].images, parts[j].images, mixture=mixture, seed=3,
                              optimiser=partial(torch.optim.Adam, lr=0.01), progress=False, **path)
            assert found[way]["length"][j] == pytest.approx(gone.length, rel=1e-4)
            assert found[way]["riemannian"][j] == pytest.approx(gone.riemannian_length, rel=1e-4)
            assert found[way]["losses"][j] == pytest.approx(loss_of(gone.vae, unseen[j], 3),
                                                            rel=1e-4)
    assert found["mixture"]["length"][0] != found["direct"]["length"][0]
    last = study.UNITS[f"1/{NAMES[-1]}"]
    assert last.func is study.unit and last.args == (study.pictures, len(NAMES) - 1, 1)


def test_the_stored_vaes_are_fitted():
    """Each is the best on its own task, changed by the second half of its steps by less than tasks
    differ, and on its path it comes to what the target's own VAE has."""
    units = load("fitted_vae")["units"]
    for seed in study.SEEDS:
        own = [units[f"{seed}/{name}"] for name in NAMES]
        losses = np.array([unit["losses"] for unit in own])  # (VAE, task)
        best = np.diag(losses)
        assert (losses.argmin(0) == np.arange(len(NAMES))).all()
        off = ~np.eye(len(NAMES), dtype=bool)
        half, others = (np.array([unit["half"] for unit in own]),
                        np.where(off, losses, 0).sum(0) / (len(NAMES) - 1))
        assert (np.abs(half - best) < 0.5 * (others - best)).all()
        for way in study.WAYS:
            ends = np.array([unit[way]["losses"] for unit in own])
            gone = (losses - ends)[off].sum() / (losses - best)[off].sum()
            assert 0.9 < gone < 1.5
