"""Models that are ranked: found by name or handed in, each with its own preprocessing, the layers
worth scoring, and what is known of it without looking at the data."""

import hashlib
import inspect
import logging
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from textwrap import shorten

import torch
from torch import nn

from tdist.manners import need
from tdist.sources import efficientnet_lite
from tdist.tasks.task import floats

NAMES = ('"timm:NAME", "torchvision:NAME", "lite0", "lite1" or "lite2" (EfficientNet-Lite, whose '
         "weights are installed)")
LITE = {f"{prefix}{i}": i for i in range(3) for prefix in ("lite", "timm:tf_efficientnet_lite")}


@dataclass(frozen=True, eq=False)
class Candidate:
    """A model as a candidate.

    Attributes
    ----------
    name : str
    network : torch.nn.Module
    prepare : callable
        From an image of PIL, or a tensor, to the network's input without a batch axis.
    top1 : float or None
        Accuracy on ImageNet, percent, where its name tells.
    """

    name: str
    network: nn.Module
    prepare: Callable
    top1: float | None = None

    @property
    def weights(self):
        """Number of trained weights."""
        return sum(weight.numel() for weight in self.network.parameters())

    @property
    def digest(self):
        """What tells that network and preprocessing are those of before."""
        found = hashlib.sha256(f"{self.network!r}\0{_described(self.prepare)}".encode())
        for kind in sorted({type(part) for part in self.network.modules()}, key=str):
            if kind.__module__.split(".")[0] not in ("torch", "torchvision", "timm"):
                found.update(_source(kind).encode())
        for name, value in self.network.state_dict().items():
            if isinstance(value, torch.Tensor):
                value = value.detach().cpu().contiguous().flatten()
                found.update(f"{name} {value.dtype} {value.numel()}".encode())
                found.update(value.view(torch.uint8).numpy().tobytes() if value.numel() else b"")
        return found.hexdigest()


def candidates(models):
    """{name: function that gives the :class:`Candidate`}; nothing is loaded yet.

    Raises
    ------
    TypeError, ValueError
        If a name or a model is of another kind than :func:`tdist.rank` takes.
    """
    if isinstance(models, str):
        models = [models]
    if isinstance(models, nn.Module):
        raise TypeError("a model needs a name: pass {'mine': model} or {'mine': (model, "
                        "transform)}")
    if not isinstance(models, dict):
        models = {name: name for name in models}
    if not models:
        raise ValueError(f"no models are named; a name is {NAMES}")
    for name, model in models.items():
        _check(name, model)
    return {name: lambda name=name, model=model: _build(name, model)
            for name, model in models.items()}


def _check(name, model):
    if isinstance(model, str):
        if model not in LITE and not re.fullmatch(r"(timm|torchvision):\S+", model):
            raise ValueError(f"the model {model!r} is not known; a name is {NAMES}")
    elif not isinstance(model, nn.Module) and not (
            isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], nn.Module)
            and callable(model[1])):
        raise TypeError(f"{name!r} must be a torch module, (module, transform), or {NAMES}; got "
                        f"{type(model).__name__}")


def _build(name, model):
    if isinstance(model, tuple):
        return Candidate(name, *model)
    if isinstance(model, nn.Module):
        prepare = _timm_transform(model) if hasattr(model, "pretrained_cfg") else _as_it_is
        return Candidate(name, model, prepare)
    if model in LITE:
        network = efficientnet_lite(LITE[model])
        return Candidate(name, network, _timm_transform(network), _top1(network))
    library, wanted = model.split(":")
    found = _of_timm(wanted) if library == "timm" else _of_torchvision(wanted)
    return Candidate(name, *found)


def _of_timm(name):
    timm = need("timm")
    if not timm.is_model(name.split(".")[0].removeprefix("hf_hub:")) and "/" not in name:
        raise _no_model("timm", name, timm.list_models())
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it tells of every retry
    try:
        network = timm.create_model(name, pretrained=True).eval()
    except Exception as error:  # whatever the download raises, the way out is the same
        raise ConnectionError(_no_weights("timm", error)) from error
    return network, _timm_transform(network), _top1(network)


def _of_torchvision(name):
    models = need("torchvision").models
    try:
        weights = models.get_model_weights(name).DEFAULT
    except ValueError:
        raise _no_model("torchvision", name, models.list_models()) from None
    try:
        network = models.get_model(name, weights=weights).eval()
    except Exception as error:
        raise ConnectionError(_no_weights("torchvision", error)) from error
    top1 = weights.meta.get("_metrics", {}).get("ImageNet-1K", {}).get("acc@1")
    return network, weights.transforms(), top1


def _no_model(library, name, names):
    close = get_close_matches(name, names, n=4, cutoff=0.5) or ["none"]
    return ValueError(f"{library} has no model {name!r}; close names: {', '.join(close)}")


def _no_weights(library, error):
    said = shorten(f"{type(error).__name__}: {error}", 160, placeholder=" ...")
    return (f"{library} could not get the weights ({said}); without a network use lite0, lite1 or "
            "lite2, or load the weights yourself and pass {name: (module, transform)}")


def _timm_transform(network):
    """The preprocessing that timm's data configuration of the model asks for."""
    data = need("timm.data")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _InColour(data.create_transform(
            **data.resolve_model_data_config(network), is_training=False))


class _InColour:
    """A transform that is given grey images, too."""

    def __init__(self, transform):
        self.transform = transform

    def __call__(self, image):
        return self.transform(image.convert("RGB") if hasattr(image, "convert") else image)

    def __repr__(self):
        return f"in colour: {self.transform!r}"


def _as_it_is(image):
    """The input of a module that came without a transform."""
    if isinstance(image, torch.Tensor):
        return floats(image)
    raise TypeError("a module that is handed in without its preprocessing takes tensors, and the "
                    "data are pictures: pass {name: (module, transform)}, where transform makes a "
                    "tensor (channels, height, width) of an image of PIL, as "
                    "torchvision.transforms.Compose([Resize((96, 96)), ToTensor(), "
                    "Normalize([0.5] * 3, [0.5] * 3)]) does")


def _top1(network):
    """ImageNet accuracy in percent of a model of timm, from the library's published results."""
    known = getattr(network, "pretrained_cfg", {}) or {}
    name = known.get("architecture", "") + (f".{known['tag']}" if known.get("tag") else "")
    table = files("tdist") / "data" / "timm_imagenet.csv"
    rows = (line.split(",") for line in table.read_text(encoding="utf-8").splitlines()[1:])
    return next((float(top1) for model, top1 in rows if model == name), None)


def _described(prepare):
    """A transform in words that are the same in the next process."""
    said = repr(prepare)
    if not re.search(r" at 0x[0-9a-f]+", said):
        return said
    return re.sub(r" at 0x[0-9a-f]+", "", said) + _source(prepare)


def _source(thing):
    """The source of a function or class; of a function also what it has closed over."""
    try:
        said = inspect.getsource(thing if inspect.isroutine(thing) or inspect.isclass(thing)
                                 else type(thing))
    except (OSError, TypeError):  # typed at a prompt
        code = getattr(thing, "__code__", None)
        said = f"{code.co_code!r}{code.co_consts!r}" if code else repr(type(thing))
    closed = [cell.cell_contents for cell in getattr(thing, "__closure__", None) or ()]
    return said + re.sub(r" at 0x[0-9a-f]+", "", repr(closed) + repr(
        getattr(thing, "__defaults__", None)))
