"""Features of any layer of any module, and their scores in one pass."""

import warnings
from collections import OrderedDict

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
    each, _ = extract(Small(), loader, ["stem", "tokens"], progress=False,
                      pool={"stem": "flatten", "tokens": lambda out: out[:, 0]})
    assert (each["stem"] == flat["stem"]).all() and (each["tokens"] == first["tokens"]).all()


# Each model's layers of four axes (or three) against a copy taken inside a hook by hand, averaged
# over the axes where the model is known to have its positions.

FIRST, LAST = (2, 3), (1, 2)


def copies(model, images, names):
    """What each layer gives at the moment it has run."""
    kept = {}

    def keep(name):
        return lambda _module, _inputs, output: kept.update({name: output.clone()})

    modules = dict(model.named_modules())
    handles = [modules[name].register_forward_hook(keep(name)) for name in names]
    with torch.no_grad():
        model.eval()(images)
    for handle in handles:
        handle.remove()
    return kept


def agree(model, images, layers):
    """Extract equals the copies, averaged over the axes given, for each layer {name: axes}."""
    loader = [(images, torch.arange(len(images)))]
    found, _ = extract(model, loader, list(layers), progress=False)
    truth = copies(model, images, list(layers))
    for name, axes in layers.items():
        expected = truth[name].mean(axes) if axes else truth[name]
        assert found[name].shape == expected.shape, name
        assert np.allclose(found[name], expected, rtol=1e-4, atol=1e-6), name


def pictures(side=64, wide=None):
    return torch.randn(2, 3, side, wide or side, generator=torch.Generator().manual_seed(0))


CONVOLUTIONAL = [
    ("resnet18", ["bn1", "layer1.0.conv1", "layer1.0.bn2", "layer1.0", "layer3.0.bn2", "layer4"]),
    ("alexnet", ["features.0", "features.1", "features.10", "features"]),
    ("vgg11_bn", ["features.0", "features.1", "features.2"]),
    ("squeezenet1_1", ["features.0", "features.3.squeeze", "features.3"]),
    ("densenet121", ["features.denseblock1", "features.transition1", "features.norm5"]),
    ("efficientnet_b0", ["features.0.0", "features.0.1", "features.1", "features.2.0.block.0"])]


@pytest.mark.parametrize(("name", "layers"), CONVOLUTIONAL)
def test_a_layer_is_pooled_before_a_later_one_changes_it_in_place(name, layers):
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    model = torchvision.models.get_model(name)
    agree(model, pictures(), dict.fromkeys(layers, FIRST))


@pytest.mark.parametrize("pool", ["mean", "flatten", lambda out: out.flatten(1),
                                  lambda out: out[:, 0]], ids=["mean", "flatten", "whole", "part"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_what_a_pool_gives_is_no_window_on_what_changes_later(pool, dtype):
    torch.manual_seed(0)
    for shape in ((3, 4), (3, 4, 5)):
        x = torch.randn(2, *shape[1:]).to(dtype)
        model = nn.Sequential(nn.Linear(shape[-1], 6), nn.ReLU(inplace=True)).to(dtype)
        if len(shape) == 2 and callable(pool):
            continue  # of (b, k) one column is no features
        found, _ = extract(model, [(x, torch.arange(2))], "0", pool=pool, progress=False)
        truth = model[0](x).detach().float()
        truth = pool(truth) if callable(pool) else truth.flatten(1) if pool == "flatten" else (
            truth.mean(1) if truth.ndim == 3 else truth)
        assert truth.min() < 0 and np.allclose(found["0"], truth, atol=1e-3)


@pytest.mark.parametrize("side", [64, 96])  # at 96 the first stage of 24 channels is 24 x 24
def test_torchvisions_swin_has_its_channels_last(side):
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    model = torchvision.models.swin_t()
    layers = dict.fromkeys(["features.0", "features.1", "features.1.0.mlp", "features.2",
                            "features.3", "features.5", "norm"], LAST)
    agree(model, pictures(side), layers | {"features.0.0": FIRST})


def test_torchvisions_convnext_has_them_first_outside_its_blocks_and_last_inside():
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    model = torchvision.models.convnext_tiny()
    agree(model, pictures(), {"features.0": FIRST, "features.0.1": FIRST, "features.1": FIRST,
                              "features.1.0": FIRST, "features.1.0.block.0": FIRST,
                              "features.1.0.block.2": LAST, "features.1.0.block.3": LAST})


@pytest.mark.parametrize(("name", "layers"), [
    ("resnet18", dict.fromkeys(["bn1", "act1", "layer1.0.bn2", "layer2", "layer4.1.bn2"], FIRST)),
    ("swin_tiny_patch4_window7_224",
     dict.fromkeys(["patch_embed", "layers.0", "layers.1", "layers.2.blocks.0", "layers.3", "norm"],
                   LAST) | {"patch_embed.proj": FIRST}),
    ("convnext_tiny", {"stem": FIRST, "stages.0": FIRST, "stages.0.blocks.0": FIRST,
                       "stages.0.blocks.0.conv_dw": FIRST, "stages.0.blocks.0.mlp.fc1": LAST,
                       "stages.2": FIRST}),
    ("mambaout_femto", dict.fromkeys(["stages.0", "stages.1", "stages.1.blocks.0"], LAST)),
    ("sequencer2d_s", dict.fromkeys(["stages.0", "stages.1"], LAST)),
    ("vit_tiny_patch16_224", {"blocks.0": 1, "blocks.1.mlp.fc1": 1, "blocks.1.norm1": 1,
                              "blocks.1": 1, "norm": 1}),
    ("mixer_s32_224", {"blocks.0": 1, "blocks.1": 1})])
def test_models_of_timm(name, layers):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    sizes = {"img_size": 64} if "swin" in name or name.startswith(("vit", "mixer")) else {}
    agree(timm.create_model(name, pretrained=False, **sizes), pictures(), layers)


def test_pictures_that_are_not_square_and_cubes():
    """(b, 8, 8, 8), and maps whose height is the number of channels."""
    torch.manual_seed(0)
    block = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
    agree(block, pictures(8), {"": FIRST, "1": FIRST})
    agree(block, pictures(8, 5), {"": FIRST, "0": FIRST, "1": FIRST})


def test_what_the_shapes_do_not_say_is_asked():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.linear = nn.Conv2d(3, 8, 1), nn.Linear(8, 8)

        def forward(self, x):
            return self.linear(self.conv(x).permute(0, 2, 3, 1))

    model = nn.Sequential(Turned(), nn.ReLU())
    loader = [(pictures(8), torch.arange(2))]
    with pytest.raises(ValueError, match=r"layer '1' gave \(2, 8, 8, 8\).*Pass layout="):
        extract(model, loader, "1", progress=False)
    truth = copies(model, pictures(8), ["1"])["1"]
    for layout, axes in (("first", FIRST), ({"1": "last"}, LAST)):
        found, _ = extract(model, loader, "1", layout=layout, progress=False)
        assert np.allclose(found["1"], truth.mean(axes), atol=1e-6)
    with pytest.raises(ValueError, match=r"layout must be .*got 'channels'"):
        extract(model, loader, "1", layout="channels", progress=False)


def test_what_only_the_shapes_say_comes_with_a_warning():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(2), nn.Unflatten(2, (8, 8)))
    class Odd(nn.Module):
        def forward(self, x):
            return x.reshape(len(x), 8, 8, 3)

    with pytest.warns(UserWarning, match="channels are taken to come last"):
        extract(Odd(), [(pictures(8), torch.arange(2))], "", progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extract(Odd(), [(pictures(8), torch.arange(2))], "", layout="last", progress=False)
        extract(model, [(pictures(8), torch.arange(2))], ["0", "2"], progress=False)


@pytest.mark.filterwarnings("ignore:layer")
def test_signals_are_averaged_over_time_and_tokens_over_their_places():
    torch.manual_seed(0)
    signals = nn.Sequential(nn.Conv1d(2, 6, 3), nn.BatchNorm1d(6), nn.ReLU(inplace=True),
                            nn.MaxPool1d(2))
    layers = dict.fromkeys(["", "0", "1", "2", "3"], 2)
    agree(signals, torch.randn(4, 2, 20), layers)

    class Wave(nn.Module):  # convolutions before a transformer, as in wav2vec
        def __init__(self):
            super().__init__()
            self.front = signals
            self.block = nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 6))
            self.encoder = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True)

        def forward(self, x):
            return self.encoder(self.block(self.front(x).transpose(1, 2)))

    agree(Wave(), torch.randn(4, 2, 20), {"front": 2, "front.3": 2, "block": 1, "encoder": 1, "": 1,
                                          "block.0": 1})


@pytest.mark.parametrize("tokens", [5, 4])
def test_a_batch_that_is_the_second_axis_is_not_averaged_away(tokens):
    class Sequence(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.encoder = nn.Linear(3, 6), nn.TransformerEncoderLayer(6, 2, 8)

        def forward(self, x):  # (b, tokens, 3)
            return self.encoder(self.embed(x.transpose(0, 1)))

    torch.manual_seed(0)
    model, x = Sequence(), torch.randn(4, tokens, 3)
    for layer in ("embed", "encoder"):
        message = rf"layer '{layer}'.*batch.*lambda out: out.mean\(0\)"
        with pytest.raises(ValueError, match=message):
            extract(model, [(x, torch.arange(4))], layer, progress=False)
    found, _ = extract(model, [(x, torch.arange(4))], "embed", pool=lambda out: out.mean(0),
                       progress=False)
    assert np.allclose(found["embed"], model.embed(x).mean(1).detach(), atol=1e-6)


class Twins(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.head = nn.Sequential(nn.Linear(3, 4), nn.ReLU()), nn.Linear(8, 2)

    def forward(self, x):
        return self.head(torch.cat([self.trunk(x), self.trunk(-x)], 1))


class Halves(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Linear(3, 4)

    def forward(self, x):
        return torch.cat([self.trunk(half) for half in x.split(len(x) // 2)])


@pytest.mark.parametrize("model", [Twins(), Halves()])
def test_a_layer_that_runs_twice_is_refused_or_put_together(model):
    x = torch.randn(6, 3)
    loader = [(x, torch.arange(6))]
    for read in (extract, h_scores):
        with pytest.raises(ValueError, match="layer 'trunk' ran 2 times in one forward pass"):
            read(model, loader, ["trunk", ""], progress=False)
    calls = torch.cat if isinstance(model, Halves) else lambda parts: torch.cat(parts, 1)
    found, _ = extract(model, loader, "trunk", calls=calls, progress=False)
    views = (x, -x) if isinstance(model, Twins) else (x,)
    truth = torch.cat([model.trunk(view) for view in views], 1).detach()
    assert np.allclose(found["trunk"], truth, atol=1e-6)


def test_rows_that_are_not_the_batchs_are_named():
    timm = pytest.importorskip("timm")
    model = timm.create_model("swin_tiny_patch4_window7_224", pretrained=False, img_size=64)
    with pytest.raises(ValueError, match="attn' gave 18 rows of features for 2 labels"):  # windows
        extract(model, [(pictures(), torch.arange(2))], "layers.0.blocks.0.attn", progress=False)
    windows = nn.Sequential(nn.Unflatten(0, (-1, 2)), nn.Flatten(1), nn.Linear(6, 2))
    with pytest.raises(ValueError, match="layer '2' gave 3 rows of features for 6 labels"):
        extract(windows, [(torch.randn(6, 3), torch.arange(6))], "2", progress=False)


def test_of_a_data_parallel_model_the_layers_are_found():
    model = nn.DataParallel(nn.Sequential(nn.Linear(3, 4)))
    found, _ = extract(model, [(torch.ones(2, 3), torch.arange(2))], "module.0", progress=False)
    assert found["module.0"].shape == (2, 4)


class Reader(nn.Module):
    """Words of a sentence, as transformers' models take and give them."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.mix = nn.Embedding(10, 4), nn.LayerNorm(4)

    def forward(self, input_ids, attention_mask=None):
        hidden = self.mix(self.embed(input_ids))
        return OrderedDict(last_hidden_state=hidden, pooler_output=hidden[:, 0])


IDS, MASK = torch.tensor([[1, 2, 0, 0], [3, 4, 5, 6]]), torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]])
X, Y = torch.randn(2, 3, generator=torch.Generator().manual_seed(2)), torch.tensor([0, 1])


@pytest.mark.parametrize("batch", [
    (X, Y), [X, Y], (X.numpy(), Y.numpy()), (X.double(), Y), (X, [0, 1]), ([X], Y),
    ({"input": X}, Y), {"x": X, "labels": Y}, {"input": X, "label": Y.tolist()},
    (X.numpy().astype(float), Y)],
    ids=repr)
def test_batches_of_many_kinds(batch):
    model = nn.Linear(3, 4)
    found, labels = extract(model, [batch], "", progress=False)
    assert np.allclose(found[""], model(X).detach(), atol=1e-6) and labels.tolist() == [0, 1]


@pytest.mark.parametrize(("batch", "prepare"), [
    ((X, Y, "path"), lambda batch: batch[:2]),
    ({"image": X, "target": Y}, lambda batch: batch.values()),
    (X, lambda batch: (batch, Y)), ("text", lambda batch: (X, Y))],
    ids=["triple", "dict", "x", "str"])
def test_other_batches_are_named_and_prepared(batch, prepare):
    model = nn.Linear(3, 4)
    with pytest.raises(TypeError, match=r"the loader gives .*Pass prepare="):
        extract(model, [batch], "", progress=False)
    found, labels = extract(model, [batch], "", prepare=prepare, progress=False)
    assert np.allclose(found[""], model(X).detach(), atol=1e-6) and labels.tolist() == [0, 1]


def test_a_data_set_in_place_of_a_loader():
    with pytest.raises(TypeError, match="DataLoader"):
        extract(nn.Linear(3, 4), TensorDataset(X, Y), "", progress=False)


def test_a_model_that_takes_something_else_says_what_it_was_given():
    with pytest.raises(RuntimeError, match=r"The model was given Tensor \(2, 3\) of torch.uint8"):
        extract(nn.Linear(3, 4), [(X.to(torch.uint8), Y)], "", progress=False)
    scaled, _ = extract(nn.Linear(3, 4), [(X.to(torch.uint8), Y)], "", progress=False,
                        prepare=lambda batch: (batch[0] / 255, batch[1]))
    assert scaled[""].shape == (2, 4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_inputs_take_the_models_precision(dtype):
    model = nn.Sequential(nn.Linear(3, 40), nn.Unflatten(1, (4, 10))).to(dtype)
    found, _ = extract(model, [(X, Y)], "1", layout="last", progress=False)
    with torch.no_grad():
        truth = model(X.to(dtype)).double().mean(1)
    assert found["1"].dtype == (np.float64 if dtype == torch.float64 else np.float32)
    assert np.allclose(found["1"], truth, atol=1e-6)
    loader = [(torch.randn(60, 3), torch.arange(60) % 2)]
    assert h_scores(model, loader, "0", progress=False)["0"].rank >= 3


def test_padding_does_not_change_a_sentence():
    alone = {"input_ids": IDS[:1, :2], "attention_mask": MASK[:1, :2], "labels": Y[:1]}
    both = {"input_ids": IDS, "attention_mask": MASK, "labels": Y}
    model = Reader()
    one, two = (extract(model, [batch], "mix", progress=False)[0]["mix"] for batch in (alone, both))
    assert np.allclose(one[0], two[0], atol=1e-6) and not np.allclose(two[0], two[1])
    pair = [({"input_ids": IDS, "attention_mask": MASK}, Y)]
    assert np.allclose(extract(model, pair, "mix", progress=False)[0]["mix"], two)


def test_outputs_of_several_tensors_ask_for_a_function(data):
    batch = {"input_ids": IDS, "attention_mask": MASK, "labels": Y}
    with pytest.raises(TypeError, match=r"layer '' gave OrderedDict \('last_hidden_state': Tensor"):
        extract(Reader(), [batch], "", progress=False)
    found, _ = extract(Reader(), [batch], "", pool=lambda out: out["pooler_output"], progress=False)
    assert found[""].shape == (2, 4)

    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    class Single(nn.Module):
        def forward(self, x):
            return x, None

    model = nn.Sequential(nn.Identity(), Pair())
    with pytest.raises(TypeError, match="pass pool="):
        extract(model, data[0], ["1"], progress=False)
    flat, _ = extract(model, data[0], ["1"], pool=lambda out: out[0].flatten(1), progress=False)
    assert flat["1"].shape == (40, 192)
    attention = nn.Sequential(Single())
    assert extract(attention, [(X, Y)], "0", progress=False)[0]["0"].shape == (2, 3)


@pytest.mark.parametrize(("pool", "error", "message"), [
    (lambda out: out.sum(), ValueError, r"layer 'stem': pool gave shape \(\)"),
    (lambda out: out.mean((0, 2, 3))[:, None], ValueError, "layer 'stem' gave 4 rows .* 16 labels"),
    (lambda out: 1.0, TypeError, "layer 'stem': pool gave float"),
    (lambda out: out.missing, AttributeError, "layer 'stem' gave: Tensor"),
    ({"stm": "mean"}, ValueError, r"pool is given for \['stm'\]")])
def test_a_pool_that_fails_names_the_layer(data, pool, error, message):
    with pytest.raises(error, match=message):
        extract(Small(), data[0], ["stem"], pool=pool, progress=False)


def test_scores_in_one_pass_equal_scores_of_extracted_features(data):
    loader, _ = data
    features, labels = extract(Small(), loader, ["stem", "tokens"], progress=False)
    scores = h_scores(Small(), loader, ["stem", "tokens"], progress=False)
    for name, score in scores.items():
        assert np.isclose(score.statistic, h_score(features[name], labels).statistic, rtol=1e-9)
    named = [(x, [f"class {label}" for label in y]) for x, y in loader]
    assert np.isclose(h_scores(Small(), named, "stem", progress=False)["stem"].statistic,
                      scores["stem"].statistic, rtol=1e-9)


@pytest.mark.parametrize("missing", [float("nan"), None])
def test_a_missing_label_is_no_class(missing):
    loader = [(X.repeat(2, 1), ["cat", "dog", "cat", missing])]
    for read in (h_scores, extract) if isinstance(missing, float) else (h_scores,):
        with pytest.raises((TypeError, ValueError), match="label"):
            read(nn.Linear(3, 4), loader, "", progress=False)


def test_nan_is_found_in_its_row_of_the_data_and_its_layer(data):
    _, images = data
    images[30, 0, 0, 0] = torch.nan
    loader = DataLoader(TensorDataset(images, torch.arange(40) % 3), batch_size=16)
    with pytest.raises(ValueError, match="layer 'stem' gives nan at row 30 of the data, column 0"):
        h_scores(Small(), loader, ["stem"], progress=False)


def test_features_that_do_not_vary_are_no_score():
    with pytest.warns(UserWarning, match="layer '': features do not vary"):
        scores = h_scores(nn.Flatten(), [(torch.ones(8, 3), torch.arange(8) % 2)], "",
                          progress=False)
    assert scores[""].rank == 0


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


class LowRank(nn.Linear):
    """As in loralib: evaluation mode merges the update into the weights, training mode takes it
    out."""

    def __init__(self):
        super().__init__(3, 3)
        self.weight.requires_grad_(False)
        self.a, self.b = nn.Parameter(torch.ones(1, 3)), nn.Parameter(torch.ones(3, 1))
        self.merged = False

    def train(self, mode=True):
        super().train(mode)
        if mode == self.merged:
            self.weight.data += (self.b @ self.a).detach() * (-1 if mode else 1)
            self.merged = not mode
        return self

    def forward(self, x):
        out = super().forward(x)
        return out if self.merged else out + x @ self.a.T @ self.b.T


@pytest.mark.parametrize("training", [True, False])
def test_layers_whose_weights_follow_their_mode_are_as_before(training):
    model = nn.Sequential(LowRank(), nn.Linear(3, 2)).train(training)
    before = model[0].weight.clone()
    h_scores(model, [(torch.randn(8, 3), torch.arange(8) % 2)], "0", progress=False)
    assert model.training is training and model[0].merged is not training
    assert torch.allclose(model[0].weight, before, atol=1e-6)
    if training:
        model(X).sum().backward()
        assert model[0].a.grad is not None


def test_gradients_work_between_batches_and_on_their_features(data):
    loader, _ = data
    model, head = Small(), nn.Linear(4, 3)
    for features, labels in batches(model, loader, ["stem"], progress=False):
        nn.functional.cross_entropy(head(features["stem"]), labels).backward()
    assert head.weight.grad.abs().sum() > 0 and model.stem[0].weight.grad is None


@pytest.mark.parametrize(("layers", "pool", "message"), [
    (["stm"], "mean", "close names: .*stem"), (["zzz"], "mean", "no layer 'zzz'"),
    (["stem"], "max", "pool must be"), ([], "mean", "no layers are named")])
def test_errors_name_the_way_out_before_anything_runs(layers, pool, message):
    def loader():
        pytest.fail("the loader was read")
        yield

    for read in (extract, h_scores, batches):
        with pytest.raises(ValueError, match=message):
            read(Small(), loader(), layers, pool=pool, progress=False)


def test_layers_inside_a_torch_jit_module_cannot_be_seen():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model = torch.jit.trace(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), X)
    with pytest.raises(ValueError, match=r"layer '0' did not run .*torch\.jit"):
        extract(model, [(X, Y)], "0", progress=False)
    assert extract(model, [(X, Y)], "", progress=False)[0][""].shape == (2, 4)


def test_an_empty_loader_is_an_error():
    with pytest.raises(ValueError, match="no batch"):
        extract(Small(), [], ["stem"], progress=False)


# a palace and a daisy
@pytest.mark.parametrize(("name", "label"), [("china.jpg", 698), ("flower.jpg", 985)])
def test_efficientnet_knows_two_photographs(name, label):
    """scikit-learn ships two photographs; weights in the wrong places would not name them."""
    image = torch.tensor(load_sample_image(name))[:, 106:533].permute(2, 0, 1)[None] / 127.5 - 1
    image = nn.functional.interpolate(image, (224, 224), mode="bilinear", antialias=True)
    model = efficientnet_lite0()
    with torch.no_grad():
        assert model(image).argmax() == label
    assert not model.training and set(EFFICIENTNET_DEPTHS) <= set(dict(model.named_modules()))
