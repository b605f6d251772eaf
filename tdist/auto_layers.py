"""The layers of a model that are worth scoring, found from its parts and from what they give for
two images: the ends of its stages, and the features that its classifier sees."""

import warnings
from itertools import groupby

import torch
from torch import nn

from tdist.loading import leaves
from tdist.pooling import Watch

MOST = 12  # stages of a model that are scored; of more, every second or third
DOMINANT = 0.85  # a part with this share of the layers that have weights is looked into


def auto_layers(model, inputs):
    """The ends of a model's stages and what its classifier sees: {layer: pool}, from shallow to
    deep, for :func:`tdist.features.batches`.

    Stages are the parts of the part that has nearly all of the layers; of a plain row of layers,
    the last one of each resolution. The features that the last linear layer sees are found by
    their values, averaged over positions or of the first token.

    Parameters
    ----------
    model : torch.nn.Module
        In evaluation mode.
    inputs : torch.Tensor, shape (b, ...)
        A few inputs; two are enough.

    Returns
    -------
    dict
        {layer: "mean", "flatten" or a function of its output}

    Raises
    ------
    ValueError
        If no layer gives one tensor that can be pooled.

    Examples
    --------
    >>> from tdist.networks import efficientnet_lite0
    >>> print(*auto_layers(efficientnet_lite0(), torch.rand(2, 3, 32, 32)))
    blocks.0 blocks.1 blocks.2 blocks.3 blocks.4 blocks.5 blocks.6 bn2
    """
    shapes, seen = _shapes(model, inputs)
    head = list(seen)[-1] if seen else None
    if head is not None and shapes.get("") != shapes.get(head):
        head = None  # the model does not end with it
    names = _stages(model, shapes, head)
    pools = {"": "mean"} if head in (None, "") and "" in shapes else {}
    if head:
        alike = _giving(model, inputs, seen[head])
        alike = {name: pool for name, pool in alike.items() if name in shapes}
        if alike and not any(alike.get(name) == "mean" for name in names):
            name = min(alike, key=lambda name: name.count("."))  # the first of the shallowest
            pools[name] = alike[name]
            names = [other for other in names if other != name]
    while len(names) > MOST:
        names = names[::-1][::2][::-1]
    found = _pooled(model, inputs, dict.fromkeys(names, "mean") | pools)
    if not found:
        raise ValueError("no layer of the model gives one tensor that can be averaged; name the "
                         "layers, as in [name for name, _ in model.named_modules()]")
    return found


def first_token(output):
    """The class token of a transformer's output (b, tokens, k)."""
    return output[:, 0]


def _watched(model, inputs, hook):
    """Run the model; hook(name, module, inputs, the one tensor that it gives) for every part."""
    def told(name):
        def keep(module, given, output):
            tensors = [x for x in leaves(output) if isinstance(x, torch.Tensor)]
            if len(tensors) == 1 and tensors[0].ndim >= 2:
                hook(name, module, given, tensors[0])
        return keep

    handles = [module.register_forward_hook(told(name)) for name, module in model.named_modules()]
    try:
        with torch.no_grad():
            model(inputs)
    finally:
        for handle in handles:
            handle.remove()


def _shapes(model, inputs):
    """{name: shape} of what runs once, in the order in which it ends; {name: input (b, k)} of the
    linear layers."""
    shapes, seen, again = {}, {}, set()

    def hook(name, module, given, output):
        if name in shapes:
            again.add(name)
        shapes[name] = tuple(output.shape)
        if isinstance(module, nn.Linear) and given and given[0].ndim == 2:
            seen[name] = given[0].clone()

    _watched(model, inputs, hook)
    return {name: shape for name, shape in shapes.items() if name not in again}, seen


def _giving(model, inputs, features):
    """{layer: pool} of what gives these features (b, k)."""
    found = {}

    def hook(name, _module, _given, output):
        ways = {"flatten": output.flatten(1)} if output.ndim != 2 else {"mean": output}
        if output.ndim == 4:
            ways = {"mean": output.mean((2, 3)), **ways}
        if output.ndim == 3:
            ways = {first_token: output[:, 0], "mean": output.mean(1)}
        for pool, value in ways.items():
            if name not in found and value.shape == features.shape and torch.allclose(
                    value, features, rtol=1e-4, atol=1e-6):
                found[name] = pool

    _watched(model, inputs, hook)
    return found


def _stages(model, shapes, head):
    """Names of the stages that ran."""
    def layers(name):
        """How many layers with weights a part has, the classifier not counted."""
        part = model.get_submodule(name)
        return sum(any(True for _ in inner.parameters(recurse=False))
                   for below, inner in part.named_modules(prefix=name) if below != head)

    name, parent, inside = "", model, list(model.named_children())
    while True:
        counts = {full: layers(full) for full in (f"{name}.{child}".strip(".")
                                                  for child, _ in inside)}
        alone = [full for full in counts if counts[full] > 1 and not _holds(full, head)]
        most = DOMINANT * sum(counts.values())
        inner = next((full for full in counts if counts[full] > 1 and counts[full] >= most),
                     alone[0] if len(alone) == 1 else None)
        if inner is None:
            break
        name, parent = inner, model.get_submodule(inner)
        inside = list(parent.named_children())
    order = [full for full in shapes if full in counts and not _holds(full, head)]
    stages = [full for full in order if counts[full] > 1]
    if len(stages) > 1:
        return [_with_activation(full, order, counts, shapes, parent) for full in stages]
    resolution = [(shapes[full][2:] if len(shapes[full]) == 4 else len(shapes[full]), full)
                  for full in order]
    return [list(group)[-1][1] for _, group in groupby(resolution, key=lambda pair: pair[0])]


def _holds(name, head):
    return head is not None and (head == name or head.startswith(f"{name}."))


def _with_activation(name, order, counts, shapes, parent):
    """In a row of layers a stage ends after what follows it without weights, as a ReLU."""
    if isinstance(parent, nn.Sequential):
        for after in order[order.index(name) + 1:]:
            if counts[after] or shapes[after] != shapes[name]:
                break
            name = after
    return name


def _pooled(model, inputs, pools):
    """Those layers whose output can be pooled."""
    def can(pools):
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                with Watch(model, list(pools), pools) as watch:
                    watch(inputs, len(inputs))
        except (TypeError, ValueError):
            return False
        return True

    if pools and can(pools):
        return pools
    return {name: pool for name, pool in pools.items() if can({name: pool})}
