"""The papers' networks: with ImageNet weights (from :mod:`tdist.sources`), and the encoders and
decoders of section 5.2."""

import torch
from torch import nn

from tdist.sources import (  # noqa: F401  their address since the first version
    EFFICIENTNET_DEPTHS,
    RESNET_DEPTHS,
    SOURCES,
    Source,
    efficientnet_lite,
    efficientnet_lite0,
    resnet50,
)


class Residual(nn.Module):
    """relu(x + two 3 x 3 convolutions with batch norm); a dilation widens what they see at the same
    resolution."""

    def __init__(self, channels, dilation=1):
        super().__init__()
        self.body = nn.Sequential(_conv(channels, channels, dilation=dilation), nn.ReLU(),
                                  _conv(channels, channels))

    def forward(self, x):
        return torch.relu(x + self.body(x))


class Encoder(nn.Sequential):
    """Pictures (b, 3, s, s) to codes (b, 8, s/4, s/4): 16 x 16 x 8 = 2,048 numbers at s = 64, as in
    section 5.2.

    Like Taskonomy's ResNet it dilates instead of striding further, so that the code keeps its
    resolution.

    Parameters
    ----------
    width : int
        Channels of the first layer.

    Examples
    --------
    >>> tuple(Encoder(width=4)(torch.zeros(1, 3, 64, 64)).shape)
    (1, 8, 16, 16)
    """

    def __init__(self, width=16):
        super().__init__(_conv(3, width, 5, stride=2), nn.ReLU(),
                         _conv(width, 2 * width, stride=2), nn.ReLU(),
                         *(Residual(2 * width, dilation) for dilation in (1, 2, 4)),
                         nn.Conv2d(2 * width, 8, 1))


class MapDecoder(nn.Sequential):
    """Codes (b, channels, s/4, s/4) to maps (b, s, s).

    Parameters
    ----------
    width : int
        Half the channels of the first layer.
    channels : int
        Of the codes: 8 a source.

    Examples
    --------
    >>> tuple(MapDecoder(width=4)(torch.zeros(1, 8, 16, 16)).shape)
    (1, 64, 64)
    """

    def __init__(self, width=16, channels=8):
        super().__init__(_conv(channels, 2 * width), nn.ReLU(), Residual(2 * width, 2),
                         nn.Conv2d(2 * width, 16, 3, padding=1), nn.PixelShuffle(4),
                         nn.Flatten(1, 2))


class LabelDecoder(nn.Sequential):
    """Codes (b, channels, s/4, s/4) to logits (b, classes).

    Parameters
    ----------
    classes : int
    width : int
        Half the channels of the first layer.
    channels : int
        Of the codes: 8 a source.

    Examples
    --------
    >>> tuple(LabelDecoder(10, width=4)(torch.zeros(2, 8, 16, 16)).shape)
    (2, 10)
    """

    def __init__(self, classes, width=16, channels=8):
        super().__init__(_conv(channels, 2 * width, stride=2), nn.ReLU(),
                         _conv(2 * width, 4 * width, stride=2), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16 * width, classes))


def _conv(channels, out, size=3, stride=1, dilation=1):
    padding = dilation * (size // 2)
    return nn.Sequential(nn.Conv2d(channels, out, size, stride, padding, dilation, bias=False),
                         nn.BatchNorm2d(out))


class CNN(nn.Sequential):
    """The 8-layer network of the coupled-transfer paper: seven convolutions with batch norm and
    ReLU, dropout, and one linear layer.

    Images (b, channels, s, s), s >= 16, to logits (b, outputs). The paper's text says no more than
    that, and the widths are this book's: width, width, then 2 and 4 times it, halving the picture
    at every other layer. The network of the authors' program is :class:`PublishedCNN`.

    Parameters
    ----------
    outputs, channels : int
        Classes, and channels of the images.
    width : int
        Channels of the first two layers.
    dropout : float
        Before the linear layer.

    Examples
    --------
    >>> tuple(CNN(10, channels=1, width=4)(torch.zeros(2, 1, 28, 28)).shape)
    (2, 10)
    """

    def __init__(self, outputs, channels=3, width=96, dropout=0.2):
        widths = [width, width, 2 * width, 2 * width, 4 * width, 4 * width, 4 * width]
        layers = []
        for i, (before, after) in enumerate(zip([channels, *widths[:-1]], widths, strict=True)):
            layers += [_conv(before, after, stride=1 + i % 2), nn.ReLU()]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout),
                         nn.Linear(widths[-1], outputs))


class PublishedCNN(nn.Sequential):
    """The convolutional network of the coupled-transfer paper's published program: six 3 x 3
    convolutions of 32, 64, 128, 128, 256 and 256 channels with ReLU, and one linear layer.

    Batch norm follows the first, third and fifth convolution, a pooling that halves the picture the
    others; the second pooling is followed by dropout of whole channels (.05). 1,167,882 weights for
    ten outputs. Images (b, channels, 32, 32) to logits (b, outputs).

    Parameters
    ----------
    outputs, channels : int
        Classes, and channels of the images.
    width : int
        Channels of the first convolution, 32 in the program; the others keep their ratio to it.
        With a quarter, 8, there are 81,162 weights.

    Raises
    ------
    ValueError
        If images are not 32 x 32.

    Examples
    --------
    >>> tuple(PublishedCNN(10, width=4)(torch.zeros(2, 3, 32, 32)).shape)
    (2, 10)
    """

    def __init__(self, outputs, channels=3, width=32):
        layers = []
        for before, after in ((1, 2), (4, 4), (8, 8)):
            layers += [nn.Conv2d(channels, before * width, 3, padding=1),
                       nn.BatchNorm2d(before * width), nn.ReLU(),
                       nn.Conv2d(before * width, after * width, 3, padding=1), nn.ReLU(),
                       nn.MaxPool2d(2)]
            channels = after * width
        layers.insert(12, nn.Dropout2d(0.05))
        super().__init__(*layers, nn.Flatten(), nn.Linear(4 * 4 * channels, outputs))

    def forward(self, x):
        if x.shape[-2:] != (32, 32):
            raise ValueError(f"PublishedCNN takes images of 32 x 32, got {tuple(x.shape[1:])}; "
                             "bring a task to that size with task.resized(32)")
        return super().forward(x)


class WideResNet(nn.Module):
    """Wide residual network of Zagoruyko and Komodakis (2016); depth 16 and factor 4 are WRN-16-4.

    Images (b, channels, s, s), s >= 4, to logits (b, outputs). Batch norm and ReLU come before each
    convolution.

    Parameters
    ----------
    outputs, channels : int
        Classes, and channels of the images.
    depth : int
        Convolutions, with those of the short cuts: 4 more than a multiple of 6.
    factor : int
        How many times as wide as a residual network whose stages have 16, 32 and 64 channels.
    dropout : float
        Between the two convolutions of a block.

    Examples
    --------
    >>> tuple(WideResNet(10, depth=10, factor=1)(torch.zeros(2, 3, 32, 32)).shape)
    (2, 10)
    """

    def __init__(self, outputs, channels=3, depth=16, factor=4, dropout=0.0):
        super().__init__()
        if (depth - 4) % 6:
            raise ValueError(f"depth must be 4 more than a multiple of 6, got {depth}")
        widths = [16, 16 * factor, 32 * factor, 64 * factor]
        blocks = [WideBlock(widths[stage - (i == 0)], widths[stage],
                            2 if i == 0 and stage > 1 else 1, dropout)
                  for stage in (1, 2, 3) for i in range((depth - 4) // 6)]
        self.body = nn.Sequential(nn.Conv2d(channels, 16, 3, padding=1, bias=False), *blocks,
                                  nn.BatchNorm2d(widths[3]), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                                  nn.Flatten(), nn.Linear(widths[3], outputs))

    def forward(self, x):
        return self.body(x)


class WideBlock(nn.Module):
    """x + conv(dropout(relu(bn(conv(relu(bn(x))))))); where the width or the stride changes,
    relu(bn(x)) goes through a 1 x 1 convolution in place of x."""

    def __init__(self, before, after, stride=1, dropout=0.0):
        super().__init__()
        self.first = nn.Sequential(nn.BatchNorm2d(before), nn.ReLU())
        self.rest = nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False),
                                  nn.BatchNorm2d(after), nn.ReLU(), nn.Dropout(dropout),
                                  nn.Conv2d(after, after, 3, padding=1, bias=False))
        self.short = None if before == after and stride == 1 else nn.Conv2d(
            before, after, 1, stride, bias=False)

    def forward(self, x):
        active = self.first(x)
        return self.rest(active) + (x if self.short is None else self.short(active))


class SmallCNN(nn.Sequential):
    """Two convolutions and two linear layers, for 8 x 8 digits and other small pictures; no batch
    norm or dropout. Images (b, channels, size, size) to logits (b, outputs).

    Parameters
    ----------
    outputs, channels, size : int
        Classes; channels and size of the images.

    Examples
    --------
    >>> tuple(SmallCNN(10)(torch.zeros(2, 1, 8, 8)).shape)
    (2, 10)
    """

    def __init__(self, outputs, channels=1, size=8):
        super().__init__(nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(),
                         nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(),
                         nn.Linear(32 * (-(-size // 2)) ** 2, 64), nn.ReLU(),
                         nn.Linear(64, outputs))
