"""Features of any named layer of any torch module, over a DataLoader, and their H-scores in one
pass."""

import warnings
from contextlib import contextmanager

import numpy as np
import torch
from tqdm import tqdm

from tdist.hscore import HScore
from tdist.inputs import device_of
from tdist.loading import pair, plain, sent, shown
from tdist.networks import SOURCES
from tdist.pooling import Watch


def batches(model, loader, layers, *, pool="mean", layout=None, calls=None, prepare=None,
            device=None, progress=True):
    """Run the model over the loader; yield ({layer: features (b, k)}, labels) for each batch.

    Nothing is kept between batches, so memory does not grow with the data. A layer is pooled at
    the moment it has run: what later layers change in place is not seen.

    What ``pool="mean"`` averages over:

    ===================================== ============================ =========================
    layer                                 its output                   averaged over
    ===================================== ============================ =========================
    convolution, batch norm, group norm,  (b, c, length), (b, c, h,    every axis after the
    pooling, upsampling                   w), (b, c, d, h, w)          second
    linear, layer norm, embedding,        (b, tokens, c),              every axis but the first
    transformer block                     (b, h, w, c)                 and the last
    the same, in a model that is given    (b, tokens, c)               tokens whose mask is 1
    an ``attention_mask`` (b, tokens)
    anything else: a block, a             as the shapes say: the       as above
    ``Sequential``, an activation         widths of the layers inside,
                                          square maps of square
                                          pictures, the layers so far
    any                                   (b, k)                       nothing
    ===================================== ============================ =========================

    Where the shapes are the only witness a warning says what was taken; where they do not say, an
    error asks for ``layout`` or ``pool``. A tuple or dict that holds a single tensor counts as the
    tensor.

    Parameters
    ----------
    model : torch.nn.Module
        Any module. It runs in evaluation mode without gradients; its mode and weights are as before
        afterwards (of a layer that changes its weights in ``train()``, as loralib's do, up to
        rounding).
    loader : iterable
        Such as a DataLoader. A batch is a pair (inputs, labels), or a dict with the labels under
        "labels" or "label" and the inputs under the other keys. Inputs are a tensor or array, the
        model's only argument; a tuple or list, its arguments; or a dict, its keyword arguments.
        They go to the model's device, and floats to the dtype of its weights.
    layers : list of str
        Names as in ``model.named_modules()``; "" is the model's own output.
    pool : "mean", "flatten", callable or dict
        From a layer's output to (b, k): average over positions, keep every number, or your own
        function of the output; or a dict of these by layer.
    layout : "first", "last" or dict, optional
        Where the channels of the output are: (b, c, ...) or (b, ..., c); or a dict by layer.
    calls : callable, optional
        For layers that run more than once in a forward pass: from the list of a layer's features,
        one for each call, to the features. ``torch.cat`` puts together the parts of a batch.
    prepare : callable, optional
        From a batch of the loader, of any kind, to (inputs, labels).
    device : torch.device, optional
        Where to send the inputs; by default the device of the model's weights.
    progress : bool
        Show a progress bar.

    Yields
    ------
    features : dict of torch.Tensor, shapes (b, k)
        On the model's device; they can train a head.
    labels : as the loader gives them

    Raises
    ------
    TypeError
        If a batch, or the output of a layer, is of a kind that needs a function of yours.
    ValueError
        If a layer is not in the model (close names are given), did not run, ran more than once, or
        its output cannot be pooled.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> torch.manual_seed(0)                                       # doctest: +ELLIPSIS
    <torch._C.Generator ...>
    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.Flatten())
    >>> loader = [(torch.randn(5, 1, 8, 8), torch.arange(5)) for _ in range(2)]
    >>> for features, labels in batches(model, loader, ["0", "2"], progress=False):
    ...     print(tuple(features["0"].shape), tuple(features["2"].shape), len(labels))
    (5, 4) (5, 144) 5
    (5, 4) (5, 144) 5

    A loader of triples, and the first token in place of the mean:

    >>> loader = [(torch.randn(5, 7, 3), torch.arange(5), "where it is from")]
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.GELU())
    >>> [(features, _)] = batches(model, loader, ["1"], pool=lambda out: out[:, 0],
    ...                           prepare=lambda batch: batch[:2], progress=False)
    >>> tuple(features["1"].shape)
    (5, 4)
    """
    layers = _names(layers)
    weights = next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))
    device = weights.device if device is None else torch.device(device)
    dtype = weights.dtype if weights.numel() else None
    watch = Watch(model, layers, pool, layout, calls)
    return _run(watch, loader, prepare or pair, device, dtype, progress)


def _run(watch, loader, prepare, device, dtype, progress):
    with watch, _evaluation(watch.model):
        for batch in tqdm(loader, desc="features", disable=not progress):
            inputs, labels = prepare(batch)
            if getattr(labels, "ndim", 1) == 0 or not hasattr(labels, "__len__"):
                raise TypeError(f"the labels of a batch are {shown(labels)}, not one for each row; "
                                "is the loader a data set? Give torch.utils.data.DataLoader(it, "
                                "batch_size=...)")
            with torch.no_grad():
                features = watch(sent(inputs, device, dtype), len(labels))
            yield features, labels


def extract(model, loader, layers, *, pool="mean", layout=None, calls=None, prepare=None,
            device=None, progress=True):
    """Features of the layers for all of the loader's data, on the CPU.

    Parameters and errors as in :func:`batches`, which does the same without holding everything.

    Returns
    -------
    features : dict of numpy.ndarray, shapes (m, k)
        By layer; float32, or float64 where the model's are.
    labels : numpy.ndarray, shape (m,)

    Examples
    --------
    >>> import torch
    >>> loader = [(torch.ones(3, 2, 4), torch.arange(3))]
    >>> features, labels = extract(torch.nn.Conv1d(2, 5, 3), loader, "", progress=False)
    >>> features[""].shape, labels
    ((3, 5), array([0, 1, 2]))

    Sentences are averaged over what their mask keeps:

    >>> class Reader(torch.nn.Module):
    ...     def forward(self, input_ids, attention_mask):
    ...         return input_ids[..., None].float().expand(-1, -1, 2)
    >>> batch = {"input_ids": torch.tensor([[1, 3, 0, 0]]), "attention_mask":
    ...          torch.tensor([[1, 1, 0, 0]]), "labels": torch.tensor([0])}
    >>> extract(Reader(), [batch], "", layout="last", progress=False)[0][""]
    array([[2., 2.]], dtype=float32)
    """
    kept, labels = {}, []
    for features, y in batches(model, loader, layers, pool=pool, layout=layout, calls=calls,
                               prepare=prepare, device=device, progress=progress):
        labels.append(plain(y))
        for name, values in features.items():
            kept.setdefault(name, []).append(values.detach().cpu().numpy())
    if not labels:
        raise ValueError("the loader gave no batch")
    return {name: np.concatenate(parts) for name, parts in kept.items()}, np.concatenate(labels)


def imagenet(task, progress=False):
    """Features of a task's images from EfficientNet-Lite0 with ImageNet weights, at 96 x 96.

    Parameters
    ----------
    task : tdist.Task
        Of images.
    progress : bool
        Show a progress bar; off, because :func:`tdist.transfer.coupled` calls this within its own.

    Returns
    -------
    numpy.ndarray, shape (images, 1280)

    Examples
    --------
    >>> from tdist.tasks import digits
    >>> imagenet(digits().subset(2)).shape
    (2, 1280)
    """
    source = SOURCES["efficientnet_lite0"]
    found, _ = extract(source.network(), task.loader(96, source.mean, source.std), ["bn2"],
                       progress=progress)
    return found["bn2"]


def h_scores(model, loader, layers, *, shrinkage=None, pool="mean", layout=None, calls=None,
             prepare=None, device=None, progress=True):
    """H-score of each layer in one pass; only class sums and Gram matrices are held.

    Parameters
    ----------
    model, loader, layers, pool, layout, calls, prepare, device, progress
        As in :func:`batches`. Labels as :class:`tdist.HScore` takes them.
    shrinkage : None, float or "ledoit-wolf"
        As in :class:`tdist.HScore`.

    Returns
    -------
    dict of HScoreResult
        By layer.

    Raises
    ------
    ValueError
        As in :func:`batches`; and for NaN or infinity in a layer, with its name and the row of the
        data.

    Warns
    -----
    UserWarning
        If the features of a layer do not vary, and other warnings of :func:`tdist.h_score`; with
        the name of the layer.

    Examples
    --------
    >>> import torch
    >>> x, y = torch.randn(20, 2), ["cat", "dog"] * 10
    >>> x[::2] += 100                                               # the cats are far away
    >>> scores = h_scores(torch.nn.Flatten(), [(x, y)], "", progress=False)
    >>> round(scores[""].statistic, 2)
    1.0
    """
    metrics = {name: HScore(shrinkage) for name in _names(layers)}
    start = 0
    for features, labels in batches(model, loader, layers, pool=pool, layout=layout, calls=calls,
                                    prepare=prepare, device=device, progress=progress):
        for name, x in features.items():
            _check_finite(name, x, start)
            where = device_of(x)
            metrics[name].to(where).update(x.detach().to(where), labels)
        start += len(labels)
    return {name: _named(name, metric.compute) for name, metric in metrics.items()}


def _named(name, score):
    """A score whose warnings name the layer."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        result = score()
    for warning in said:
        warnings.warn(f"layer {name!r}: {warning.message}", warning.category, stacklevel=4)
    return result


def _names(layers):
    """A list of layers' names; a string is one name."""
    layers = [layers] if isinstance(layers, str) else list(layers)
    if not layers:
        raise ValueError("no layers are named; all names: "
                         "[name for name, _ in model.named_modules()]")
    return layers


def _check_finite(name, x, start):
    bad = (~torch.isfinite(x)).nonzero()
    if len(bad):
        row, column = bad[0].tolist()
        raise ValueError(f"layer {name!r} gives {x[row, column].item()} at row {start + row} of "
                         f"the data, column {column}; look at that input, and drop or mend it")


@contextmanager
def _evaluation(model):
    """Evaluation mode; afterwards every module is in its own mode again."""
    before = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        # by train(), which some layers override, parents before their parts
        for module, training in before.items():
            if module.training != training:
                module.train(training)
