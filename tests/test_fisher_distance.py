"""The Fisher task distance: against closed forms and loops of one sample after another."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tdist.baselines import _head, task2vec, task2vec_asymmetric, task2vec_distance
from tdist.rivals import fisher_diagonal, fisher_distance, matched
from tdist.tasks import Task
from tests.test_rivals import task


def samples(m=17, k=3, classes=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(m, k, generator=generator),
            torch.randint(classes, (m,), generator=generator))


def network(*layers, seed=0):
    generator = torch.Generator().manual_seed(seed)
    found = nn.Sequential(*layers)
    with torch.no_grad():
        for p in found.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    return found


def test_of_softmax_regression():
    """The score in row c of the weights is (1[y = c] - p_c) x; its square has the mean
    p_c (1 - p_c) x^2 over the model's own labels."""
    x, y = samples()
    model = network(nn.Linear(3, 4))
    p = model(x).softmax(1).detach().double().numpy()
    x1 = np.hstack([x.double().numpy() ** 2, np.ones((17, 1))])
    given = np.einsum("ic,ij->cj", (np.eye(4)[y] - p) ** 2, x1) / 17
    expected = np.einsum("ic,ij->cj", p * (1 - p), x1) / 17
    for found, sums in ((fisher_diagonal(model, x, y), given),
                        (fisher_diagonal(model, x), expected)):
        assert found == pytest.approx(np.r_[sums[:, :3].ravel(), sums[:, 3]], rel=1e-5)
        assert found.dtype == np.float64


def test_of_a_deep_network_one_sample_after_another():
    """In evaluation mode, in batches, of the weights that have a gradient."""
    x, y = samples(m=9)
    model = network(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 4), nn.Dropout(0.9))
    model[0].bias.requires_grad_(False)
    model[1].running_mean.fill_(0.3)
    model.train()
    model[4].eval()
    state = copy.deepcopy(model.state_dict())
    found = fisher_diagonal(model, x, y, batch=4), fisher_diagonal(model, x, batch=4)
    assert model.training and model[1].training and not model[4].training
    assert all(torch.equal(v, state[name]) for name, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())

    model.eval()
    weights = [p for p in model.parameters() if p.requires_grad]
    sums = [0, 0]
    for i in range(9):
        p = model(x[i:i + 1]).softmax(1).detach()[0]
        for c in range(4):
            loss = cross_entropy(model(x[i:i + 1]), torch.tensor([c]))
            g = torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights)]).numpy()
            sums[0] += (c == y[i].item()) * g**2 / 9
            sums[1] += p[c].item() * g**2 / 9
    assert found[0] == pytest.approx(sums[0], rel=1e-4, abs=1e-9)
    assert found[1] == pytest.approx(sums[1], rel=1e-4, abs=1e-9)
    assert found[0].shape == (15 + 10 + 24,)


def test_given_labels_of_the_models_own_have_its_information_as_their_mean():
    x, _ = samples(m=5)
    model = network(nn.Linear(3, 4))
    many = x.repeat(4000, 1)
    drawn = torch.multinomial(model(many).softmax(1), 1,
                              generator=torch.Generator().manual_seed(0))[:, 0]
    assert fisher_diagonal(model, many, drawn, batch=20_000) == pytest.approx(
        fisher_diagonal(model, x), rel=0.1)


def test_the_distance_is_hellingers():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 30))
    p, q = a / a.sum(), b / b.sum()
    assert fisher_distance(a, b) == pytest.approx(np.sqrt(1 - np.sum(np.sqrt(p * q))))
    assert fisher_distance(a, b) == fisher_distance(b, a) == pytest.approx(
        fisher_distance(5 * a, b / 3))
    assert fisher_distance(a, 2 * a) == pytest.approx(0, abs=1e-9)
    assert fisher_distance([1, 0], [0, 3]) == 1  # no weight in common
    for wrong in (a[:3], -a, a * np.nan, 0 * a, a[None]):
        with pytest.raises(ValueError, match="diagonals must"):
            fisher_distance(wrong, b)


def test_samples_that_use_other_weights_are_at_distance_one():
    """Of the first input alone and of the second alone."""
    model = nn.Linear(2, 3, bias=False)
    first, second = torch.tensor([[1.0, 0]]), torch.tensor([[0, 2.0]])
    assert fisher_distance(fisher_diagonal(model, first), fisher_diagonal(model, second)) == (
        pytest.approx(1))


def test_matched_labels_are_the_networks_own_again():
    """Whatever they were called; the whole distance does not read the names."""
    x, y = task(40, 3, 4, seed=1)
    names = np.array(["d", "a", "c", "b"])[y]
    assert np.array_equal(matched(x, y, x, names), y)
    z, w = task(40, 3, 4, seed=2, shift=0.3)
    model = network(nn.Linear(3, 4))
    found = [fisher_diagonal(model, torch.tensor(z).float(), matched(x, y, z, label))
             for label in (w, 3 - w)]
    assert found[0] == pytest.approx(found[1])
    with pytest.raises(ValueError, match="4 classes cannot be told apart by the names of 2"):
        matched(z[w < 2], w[w < 2], x, y)


def test_matching_is_of_all_classes_at_once():
    """The nearest mean of both is 0; together the second does better to take 3."""
    found = matched([[0.0], [3.0]], ["p", "q"], [[-5.0], [1.0]], [0, 1])
    assert found.tolist() == ["p", "q"]
    fewer = matched([[0.0], [3.0], [7.0]], [5, 6, 8], [[8.0], [2.0], [9.0]], [1, 0, 1])
    assert fewer.tolist() == [8, 6, 8]


def test_refuses():
    x, y = samples()
    model = network(nn.Linear(3, 4))
    with pytest.raises(ValueError, match="0 to 3, the network's outputs; got"):
        fisher_diagonal(model, x, y + 1)
    with pytest.raises(ValueError, match="differ in length"):
        fisher_diagonal(model, x, y[1:])
    with pytest.raises(ValueError, match="batch must be"):
        fisher_diagonal(model, x, y, batch=0)
    with pytest.raises(ValueError, match="finite"):
        fisher_diagonal(model, x * torch.inf, y)


def test_task2vec_of_features_is_the_filters_mean_of_the_same_information():
    """Of a task whose images are columns of numbers, through a deep trunk and the head that
    Task2Vec trains."""
    x, y = task(60, 6, 3, seed=3)
    images = torch.tensor(x).float()[:, :, None, None]
    features = Task("features", images, torch.tensor(y), ("a", "b", "c"))
    trunk = network(nn.Flatten(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4))
    head = nn.Linear(4, 3)
    weight, bias = _head(trunk, [images], features.labels, 0.1)
    head.weight.data, head.bias.data = weight, bias
    F = fisher_diagonal(nn.Sequential(trunk, head), images)
    expected = np.r_[F[:30].reshape(5, 6).mean(1), F[35:55].reshape(4, 5).mean(1)]
    found = task2vec(features, trunk, size=None, draws=None, progress=False)
    assert found == pytest.approx(expected, rel=1e-4)


def test_task2vec_from_a_source_to_a_target():
    a, b, trivial = np.random.default_rng(0).random((3, 20))
    found = task2vec_asymmetric(a, b, trivial)
    assert found == pytest.approx(task2vec_distance(a, b) - 0.15 * task2vec_distance(a, trivial))
    assert found != task2vec_asymmetric(b, a, trivial)
    assert task2vec_asymmetric(a, b, trivial, alpha=0) == task2vec_distance(a, b)
