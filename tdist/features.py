"""Features of any named layer of any torch module, over a DataLoader, and their H-scores in one pass."""

import difflib
from contextlib import contextmanager

import numpy as np
import torch
from tqdm import tqdm

from tdist.hscore import HScore
from tdist.networks import SOURCES


def batches(model, loader, layers, pool="mean", device=None, progress=True):
    """Run the model over the loader; yield ({layer: features (b, k)}, labels) for each batch.

    Nothing is kept between batches, so memory does not grow with the data.

    Parameters
    ----------
    model : torch.nn.Module
        Any module. It runs in evaluation mode without gradients; its mode and weights are as before afterwards.
    loader : iterable of (inputs, labels)
        Such as a DataLoader; inputs are a tensor, the model's only argument.
    layers : list of str
        Names as in ``model.named_modules()``; "" is the model's own output.
    pool : "mean", "flatten" or callable
        From a layer's output to (b, k): average over positions (height and width, or tokens), keep every number,
        or your own function of the output.
    device : torch.device, optional
        Where to send the inputs; by default the device of the model's weights.
    progress : bool
        Show a progress bar.

    Raises
    ------
    ValueError
        If a layer is not in the model (close names are given), did not run, or its output cannot be pooled.
    """
    layers = [layers] if isinstance(layers, str) else list(layers)
    modules = dict(model.named_modules())
    for name in layers:
        if name not in modules:
            close = difflib.get_close_matches(name, modules, n=3) or list(modules)[-3:]
            raise ValueError(f"the model has no layer {name!r}; close names: {close}. "
                             "All names: [name for name, _ in model.named_modules()]")
    weights = next(model.parameters(), torch.empty(0))
    device = weights.device if device is None else device
    with _watch({name: modules[name] for name in layers}) as seen, _evaluation(model):
        for inputs, labels in tqdm(loader, desc="features", disable=not progress):
            seen.clear()
            with torch.inference_mode():
                model(inputs.to(device))
                features = {name: _pool(name, seen, pool) for name in layers}
            yield features, labels


def extract(model, loader, layers, pool="mean", device=None, progress=True):
    """Features of the layers for all of the loader's data: ({layer: array (m, k)}, labels (m,)), on the CPU.

    Parameters and errors as in :func:`batches`, which does the same without holding everything.
    """
    kept, labels = {}, []
    for features, y in batches(model, loader, layers, pool, device, progress):
        labels.append(np.asarray(y))
        for name, values in features.items():
            kept.setdefault(name, []).append(values.float().cpu().numpy())
    if not labels:
        raise ValueError("the loader gave no batch")
    return {name: np.concatenate(parts) for name, parts in kept.items()}, np.concatenate(labels)


def imagenet(task, progress=False):
    """Features (images, 1280) of a :class:`tdist.Task` from EfficientNet-Lite0 with ImageNet weights, at 96 x 96."""
    source = SOURCES["efficientnet_lite0"]
    found, _ = extract(source.network(), task.loader(96, source.mean, source.std), ["bn2"], progress=progress)
    return found["bn2"]


def h_scores(model, loader, layers, shrinkage=None, pool="mean", device=None, progress=True):
    """H-score of each layer, {layer: HScoreResult}, in one pass; only class sums and Gram matrices are held.

    Labels are integers. Parameters and errors as in :func:`batches` and :class:`tdist.HScore`.
    """
    layers = [layers] if isinstance(layers, str) else list(layers)
    metrics = {name: HScore(shrinkage) for name in layers}
    for features, labels in batches(model, loader, layers, pool, device, progress):
        for name, values in features.items():
            metrics[name].to(values.device).update(values, labels)
    return {name: metric.compute() for name, metric in metrics.items()}


@contextmanager
def _watch(modules):
    """A dict that holds the latest output of each module, by name, while the context lasts."""
    seen = {}

    def keep(name):
        def hook(_module, _inputs, output):
            seen[name] = output
        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _evaluation(model):
    """Evaluation mode; every submodule's own mode comes back afterwards."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _pool(name, seen, pool):
    """A layer's output as features (b, k)."""
    if name not in seen:
        raise ValueError(f"layer {name!r} did not run in the model's forward pass")
    output = seen[name]
    if callable(pool):
        return pool(output)
    if not isinstance(output, torch.Tensor) or output.ndim < 2:
        raise ValueError(f"layer {name!r} gave {type(output).__name__} of shape {getattr(output, 'shape', None)}; "
                         "pass pool=a function from this output to a tensor (batch, features)")
    if pool == "flatten" or output.ndim == 2:
        return output.flatten(1)
    if pool != "mean":
        raise ValueError(f'pool must be "mean", "flatten" or a function, got {pool!r}')
    # (b, c, height, width): positions come last; (b, tokens, c): in the middle
    return output.mean(dim=1) if output.ndim == 3 else output.flatten(2).mean(dim=2)
