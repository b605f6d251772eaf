"""Features of any layer of any module, and their scores in one pass."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tdist import h_score
from tdist.features import batches, extract, h_scores
from tdist.networks import EFFICIENTNET_DEPTHS, efficientnet_lite0


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.tokens = nn.Linear(4, 5)
        self.unused = nn.Linear(2, 2)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        out = self.stem(x)  # (b, 4, 6, 6)
        out = self.tokens(out.flatten(2).transpose(1, 2))  # (b, 36, 5)
        return self.head(out.mean(1))


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(40, 3, 8, 8, generator=generator)
    return DataLoader(TensorDataset(images, torch.arange(40) % 3), batch_size=16), images


def test_features_are_the_layers_outputs_averaged_over_positions(data):
    loader, images = data
    model = Small().eval()
    features, labels = extract(model, loader, ["stem", "stem.0", "tokens", ""], progress=False)
    with torch.no_grad():
        stem = model.stem(images)
        tokens = model.tokens(stem.flatten(2).transpose(1, 2))
        assert np.allclose(features["stem"], stem.mean((2, 3)), atol=1e-6)
        assert np.allclose(features["stem.0"], model.stem[0](images).mean((2, 3)), atol=1e-6)
        assert np.allclose(features["tokens"], tokens.mean(1), atol=1e-6)
        assert np.allclose(features[""], model(images), atol=1e-6)
    assert (labels == np.arange(40) % 3).all()


def test_pooling_by_flattening_and_by_a_function(data):
    loader, _ = data
    flat, _ = extract(Small(), loader, "stem", pool="flatten", progress=False)
    assert flat["stem"].shape == (40, 4 * 6 * 6)
    first, _ = extract(Small(), loader, "tokens", pool=lambda out: out[:, 0], progress=False)
    assert first["tokens"].shape == (40, 5)


def test_scores_in_one_pass_equal_scores_of_extracted_features(data):
    loader, _ = data
    features, labels = extract(Small(), loader, ["stem", "tokens"], progress=False)
    scores = h_scores(Small(), loader, ["stem", "tokens"], progress=False)
    for name, score in scores.items():
        assert np.isclose(score.statistic, h_score(features[name], labels).statistic, rtol=1e-9)


def test_the_model_is_left_as_it_was_even_when_it_fails(data):
    loader, _ = data
    model = Small()
    model.stem[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    extract(model, loader, ["stem"], progress=False)
    with pytest.raises(ValueError, match="did not run"):
        extract(model, loader, ["unused"], progress=False)
    assert model.training and not model.stem[1].training and model.stem[0].training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_gradients_work_between_batches(data):
    loader, _ = data
    weight = torch.ones(4, requires_grad=True)
    for _ in batches(Small(), loader, ["stem"], progress=False):
        (weight * 2).sum().backward()
    assert (weight.grad == 6).all()


@pytest.mark.parametrize(("layers", "pool", "message"), [
    (["stm"], "mean", "close names: .*stem"), (["zzz"], "mean", "no layer 'zzz'"), (["stem"], "max", "pool must be")])
def test_errors_name_the_way_out(data, layers, pool, message):
    with pytest.raises(ValueError, match=message):
        extract(Small(), data[0], layers, pool=pool, progress=False)


def test_a_layer_whose_output_is_no_tensor_asks_for_a_function(data):
    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    model = nn.Sequential(nn.Identity(), Pair())
    with pytest.raises(ValueError, match="pass pool="):
        extract(model, data[0], ["1"], progress=False)
    assert extract(model, data[0], ["1"], pool=lambda out: out[0].flatten(1), progress=False)[0]["1"].shape == (40, 192)


def test_an_empty_loader_is_an_error():
    with pytest.raises(ValueError, match="no batch"):
        extract(Small(), [], ["stem"], progress=False)


@pytest.mark.parametrize(("name", "label"), [("china.jpg", 698), ("flower.jpg", 985)])  # a palace, a daisy
def test_efficientnet_knows_two_photographs(name, label):
    """scikit-learn ships two photographs; weights in the wrong places would not name them."""
    image = torch.tensor(load_sample_image(name))[:, 106:533].permute(2, 0, 1)[None] / 127.5 - 1  # the middle square
    image = torch.nn.functional.interpolate(image, (224, 224), mode="bilinear", antialias=True)
    model = efficientnet_lite0()
    with torch.no_grad():
        assert model(image).argmax() == label
    assert not model.training and set(EFFICIENTNET_DEPTHS) <= set(dict(model.named_modules()))
