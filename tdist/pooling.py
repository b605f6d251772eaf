"""From the output of a layer to features (batch, k): which axes are positions is known, seen from
the shapes, or asked for, and a layer is pooled before a later one can change it in place."""

import difflib
import warnings
from collections.abc import Mapping

import torch
from torch import nn

from tdist.loading import leaves, shown

FIRST, LAST = "first", "last"  # (b, c, ...) and (b, ..., c)
# what these give is plain from what they compute; subclasses of LayerNorm are not in the list,
# because torchvision's and timm's LayerNorm2d turn the axes round
CHANNELS_FIRST = (nn.modules.conv._ConvNd, nn.modules.batchnorm._NormBase, nn.GroupNorm,
                  nn.modules.pooling._MaxPoolNd, nn.modules.pooling._AvgPoolNd,
                  nn.modules.pooling._AdaptiveMaxPoolNd, nn.modules.pooling._AdaptiveAvgPoolNd,
                  nn.Upsample, nn.PixelShuffle)
CHANNELS_LAST = (nn.Linear, nn.Embedding, nn.MultiheadAttention, nn.TransformerEncoderLayer,
                 nn.TransformerDecoderLayer)
WIDTHS = ("out_channels", "out_features", "num_features", "num_channels", "normalized_shape",
          "embedding_dim", "embed_dim", "nf")  # nf: the Conv1D of transformers


def layout_of(module):
    """FIRST or LAST, where the kind of the layer settles it; else None."""
    if isinstance(module, CHANNELS_FIRST):
        return FIRST
    flat = type(module) is nn.LayerNorm and len(module.normalized_shape) == 1
    return LAST if flat or isinstance(module, CHANNELS_LAST) else None


class Watch:
    """Features of a model's layers: ``with Watch(model, layers) as watch: watch(inputs, rows)``.

    Parameters as in :func:`tdist.features.batches`.
    """

    def __init__(self, model, layers, pool="mean", layout=None, calls=None):
        self.model, self.calls, self.modules = model, calls, dict(model.named_modules())
        for name in layers:
            if name not in self.modules:
                close = (difflib.get_close_matches(name, self.modules, n=3)
                         or list(self.modules)[-3:])
                raise ValueError(f"the model has no layer {name!r}; close names: {close}. All "
                                 "names: [name for name, _ in model.named_modules()]")
        self.pool = _each("pool", pool, layers, "mean", ("mean", "flatten"))
        self.layout = _each("layout", layout, layers, None, (None, FIRST, LAST))
        self.kinds = {}  # number of axes: layouts of the layers that settle it and have run
        self.handles = []

    def __enter__(self):
        for module in self.modules.values():
            if layout := layout_of(module):
                self.handles.append(module.register_forward_hook(self._note(layout)))
        for name in self.pool:
            self.handles.append(self.modules[name].register_forward_hook(self._keep(name)))
        return self

    def __exit__(self, *_):
        for handle in self.handles:
            handle.remove()

    def __call__(self, inputs, rows):
        """Run the model; {layer: features (rows, k)}."""
        self.found, self.rows = {name: [] for name in self.pool}, rows
        self.mask = inputs.get("attention_mask") if isinstance(inputs, Mapping) else None
        # pictures as high as wide, wherever their channels are, give maps as high as wide
        self.square = any(x.shape[-2] in (x.shape[-1], x.shape[-3]) for x in leaves(inputs)
                          if isinstance(x, torch.Tensor) and x.ndim >= 4)
        try:
            if isinstance(inputs, Mapping):
                self.model(**inputs)
            else:
                self.model(*inputs if isinstance(inputs, list | tuple) else (inputs,))
        except Exception as error:
            error.add_note(f"The model was given {shown(inputs)}. If it takes something else, pass "
                           "prepare=a function from a batch of the loader to (inputs, labels): a "
                           "tuple of inputs becomes its arguments, a dict its keyword arguments")
            raise
        return {name: self._features(name) for name in self.pool}

    def _note(self, layout):
        def hook(_module, _inputs, output):
            if isinstance(output, torch.Tensor):
                self.kinds.setdefault(output.ndim, set()).add(layout)
        return hook

    def _keep(self, name):
        def hook(_module, _inputs, output):
            try:
                pooled = self._pooled(name, output)
            except Exception as error:  # raised after the pass, when the calls are counted
                pooled = error
            self.found[name].append((output.shape if isinstance(output, torch.Tensor) else None,
                                     pooled))
        return hook

    def _features(self, name):
        """The features of a layer after a pass, checked."""
        shapes, parts = zip(*self.found[name], strict=True) if self.found[name] else ((), ())
        if not parts:
            inside = [name[:end] for end in range(len(name)) if end == 0 or name[end] == "."]
            scripted = any(isinstance(self.modules.get(outer), torch.jit.ScriptModule)
                           for outer in inside)
            raise ValueError(f"layer {name!r} did not run in the model's forward pass" + (
                "; it is part of a torch.jit module, which runs outside Python, where nothing can "
                "be seen: pass the module that it was made from" if scripted else ""))
        if len(parts) > 1 and self.calls is None:
            raise ValueError(
                f"layer {name!r} ran {len(parts)} times in one forward pass, and its features are "
                "not one thing; pass calls=a function from the list of them, (rows, k) for each "
                "call, to the features: calls=torch.cat puts parts of the batch together, "
                "calls=lambda parts: parts[-1] takes the last. Of a DataParallel pass .module")
        for part in parts:
            if isinstance(part, Exception):
                raise part
        features = parts[0] if self.calls is None else self.calls(list(parts))
        if not isinstance(features, torch.Tensor):
            raise TypeError(f"layer {name!r}: pool gave {shown(features)}; it must give a tensor "
                            "(batch, features)")
        if features.ndim != 2:
            raise ValueError(f"layer {name!r}: pool gave shape {tuple(features.shape)}; it must "
                             "give (batch, features)")
        if len(features) != self.rows:
            shape, hint = shapes[0], ""
            if shape is not None and len(shape) == 3 and shape[1] == self.rows:
                hint = ": are its axes (tokens, batch, channels)? pool=lambda out: out.mean(0)"
            raise ValueError(f"layer {name!r} gave {len(features)} rows of features for "
                             f"{self.rows} labels; its output has the shape "
                             f"{None if shape is None else tuple(shape)}{hint}. Pass pool=a "
                             "function from the output to (batch, features)")
        return features

    def _pooled(self, name, output):
        """An output as features (b, k) that share no memory with it."""
        pool = self.pool[name]
        if callable(pool):
            try:
                pooled = pool(output)
            except Exception as error:
                error.add_note(f"pool was given what layer {name!r} gave: {shown(output)}")
                raise
            return pooled.clone() if isinstance(pooled, torch.Tensor) else pooled
        tensors = [part for part in leaves(output) if isinstance(part, torch.Tensor)]
        if len(tensors) != 1 or tensors[0].ndim < 2:
            raise TypeError(f"layer {name!r} gave {shown(output)}; pass pool=a function from this "
                            f"output to a tensor (batch, features), or pool={{{name!r}: function}}")
        [output] = tensors
        if pool == "flatten" or output.ndim == 2:
            return _floating(output.flatten(1)).clone()
        output = _floating(output)
        if self._layout(name, output) == FIRST:
            return output.flatten(2).mean(2)
        if output.ndim == 3:
            self._check_batch_axis(name, output)
            if self.mask is not None and self.mask.shape == output.shape[:2]:
                kept = (self.mask != 0)[..., None]  # (b, tokens, 1)
                return output.masked_fill(~kept, 0).sum(1) / kept.sum(1)
        return output.flatten(1, -2).mean(1)

    def _check_batch_axis(self, name, output):
        """As many tokens as rows, in a model with parts that put the batch second: ask."""
        second = any(getattr(module, "batch_first", True) is False
                     for module in self.modules.values())
        if second and output.shape[0] == output.shape[1] == self.rows:
            raise ValueError(
                f"layer {name!r} gave {tuple(output.shape)} for {self.rows} rows, and parts of the "
                "model have batch_first=False: which axis is the batch? Pass pool=lambda out: "
                "out.mean(0) if it is the second, out.mean(1) if the first")

    def _layout(self, name, output):
        """FIRST or LAST: as said, by the layer's kind, or by the majority of three witnesses."""
        module, shape, axes = self.modules[name], output.shape, output.ndim
        if known := self.layout[name] or layout_of(module):
            return known
        # which of the two axes is as wide as a layer inside
        widths = {width for part in module.modules() for width in _widths(part)}
        votes = [_one(shape[1] in widths, shape[-1] in widths)]
        if axes >= 4 and self.square:  # which two axes are equally long
            votes.append(_one(shape[-1] == shape[-2] != shape[-3],
                              shape[-1] != shape[-2] == shape[-3]))
        # what the model says of itself (timm), or else what all layers so far agree on
        said = getattr(module, "output_fmt", getattr(self.model, "output_fmt", None))
        kinds = self.kinds.get(axes, ())
        whole = LAST if axes == 4 and getattr(said, "value", said) == "NHWC" else _one(
            kinds == {FIRST}, kinds == {LAST})
        spoken = [vote for vote in (*votes, whole) if vote]
        if spoken.count(FIRST) == spoken.count(LAST):
            raise ValueError(
                f"layer {name!r} gave {tuple(shape)}; which axis has the channels cannot be seen. "
                f'Pass layout={{{name!r}: "first"}} for (batch, channels, ...) or "last" for '
                "(batch, ..., channels), or pool=a function from the output to (batch, features)")
        found = max(FIRST, LAST, key=spoken.count)
        if len(set(spoken)) > 1 or (len(spoken) == 1 and whole is None):
            warnings.warn(f"layer {name!r} gave {tuple(shape)}: by these lengths alone its "
                          f'channels are taken to come {found}; layout={{{name!r}: "{found}"}} '
                          "says so", stacklevel=2)
        self.layout[name] = found
        return found


def _each(what, option, layers, default, choices):
    """An option of every layer, from a dict by layer or one for all, checked."""
    if isinstance(option, Mapping):
        if unknown := [name for name in option if name not in layers]:
            raise ValueError(f"{what} is given for {unknown}, which are not among the layers "
                             f"{list(layers)}")
        option = {name: option.get(name, default) for name in layers}
    else:
        option = dict.fromkeys(layers, option)
    for name, choice in option.items():
        if choice not in choices and not (what == "pool" and callable(choice)):
            expected = '"mean", "flatten" or a function' if what == "pool" else (
                '"first" for (batch, channels, ...), "last" for (batch, ..., channels) or None')
            raise ValueError(f"{what} must be {expected}, got {choice!r} for layer {name!r}")
    return option


def _one(first, last):
    """The witness's word, if it speaks for one of the two."""
    return None if first == last else FIRST if first else LAST


def _widths(module):
    """Numbers of channels that a layer says it gives."""
    for name in WIDTHS:
        width = getattr(module, name, None)
        width = width[-1] if isinstance(width, tuple) and width else width
        if isinstance(width, int):
            yield width


def _floating(x):
    """float32 for what has too few digits to be summed, or no fractions."""
    return x if x.dtype in (torch.float32, torch.float64) else x.float()
