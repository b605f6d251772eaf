"""Tasks (images with labels) and their data sets: one that is always there, others if the user has them."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch.utils.data import DataLoader, TensorDataset

SHIPPED = Path(__file__).parent / "data" / "fashion_mnist_6000.npz"


@dataclass(frozen=True)
class Task:
    """A classification task: images and the class of each.

    Parameters
    ----------
    name : str
    images : torch.Tensor, shape (n, channels, height, width), uint8
    labels : torch.Tensor, shape (n,), int64
        0 to len(classes) - 1.
    classes : tuple of str
        What each label means.

    Raises
    ------
    ValueError
        If the parts do not fit together.
    """

    name: str
    images: torch.Tensor
    labels: torch.Tensor
    classes: tuple

    def __post_init__(self):
        if self.images.ndim != 4 or self.images.dtype != torch.uint8:
            raise ValueError(f"images must be uint8 of shape (n, channels, height, width), got {self.images.dtype} "
                             f"of shape {tuple(self.images.shape)}")
        if self.labels.shape != self.images.shape[:1] or len(self.labels) == 0:
            raise ValueError(f"{len(self.images)} images need as many labels, at least one; got shape "
                             f"{tuple(self.labels.shape)}")
        if self.labels.min() < 0 or self.labels.max() >= len(self.classes):
            raise ValueError(f"labels must lie in 0 to {len(self.classes) - 1}, one for each name in classes")

    def __len__(self):
        return len(self.labels)

    def subset(self, size, seed=0):
        """`size` images drawn without replacement."""
        if not 0 < size <= len(self):
            raise ValueError(f"size must be between 1 and {len(self)}, got {size}")
        chosen = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:size]
        return replace(self, images=self.images[chosen], labels=self.labels[chosen])

    def only(self, names):
        """The images of some classes, which are renumbered in the order of `names`."""
        missing = [name for name in names if name not in self.classes]
        if missing:
            raise ValueError(f"{self.name} has no class {missing}; it has {list(self.classes)}")
        number = torch.full((len(self.classes),), -1)
        number[[self.classes.index(name) for name in names]] = torch.arange(len(names))
        labels = number[self.labels]
        return replace(self, images=self.images[labels >= 0], labels=labels[labels >= 0], classes=tuple(names))

    def loader(self, size, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), batch_size=250):
        """Batches (images, labels) for an ImageNet network: three channels, `size` x `size`, (value - mean) / std."""
        mean, std = torch.tensor(mean).view(3, 1, 1), torch.tensor(std).view(3, 1, 1)

        def prepare(batch):
            images, labels = map(torch.stack, zip(*batch, strict=True))
            images = ((images / 255).expand(-1, 3, -1, -1) - mean) / std
            images = torch.nn.functional.interpolate(images, (size, size), mode="bilinear", antialias=True)
            return images.contiguous(memory_format=torch.channels_last), labels

        return DataLoader(TensorDataset(self.images, self.labels), batch_size, collate_fn=prepare)


def fashion_mnist():
    """6,000 images of Fashion-MNIST that come with the package: 600 a class, 28 x 28, grey. MIT licence."""
    with np.load(SHIPPED) as data:
        images, labels, classes = (torch.from_numpy(data["images"]), torch.from_numpy(data["labels"]),
                                   tuple(data["classes"].tolist()))
    return Task("Fashion-MNIST", images[:, None], labels.long(), classes)


def data_folder():
    """Where optional data sets are looked for: $TDIST_DATA, or tdist in the user's cache folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(os.environ.get("TDIST_DATA", cache / "tdist"))


def cifar100(train=True):
    """CIFAR-100: 50,000 training or 10,000 test images, 32 x 32, in colour.

    Raises FileNotFoundError, saying where it looked and how to get the data, if they are not there.
    """
    try:
        data = torchvision.datasets.CIFAR100(data_folder(), train=train)
    except RuntimeError as error:
        raise FileNotFoundError(
            f"CIFAR-100 is not in {data_folder()}; get it with make data or tdist.tasks.download(), "
            "or set TDIST_DATA to the folder that holds cifar-100-python") from error
    return Task("CIFAR-100", torch.from_numpy(data.data).permute(0, 3, 1, 2).contiguous(),
                torch.tensor(data.targets), tuple(data.classes))


def download():
    """Fetch the optional data sets through torchvision; what is there already is only checked.

    Raises ConnectionError, naming the data set and the folder, if one cannot be fetched.
    """
    for name in ("CIFAR100", "CIFAR10", "MNIST", "FashionMNIST"):
        try:
            getattr(torchvision.datasets, name)(data_folder(), download=True)
        except (OSError, RuntimeError) as error:
            raise ConnectionError(f"{name} could not be fetched to {data_folder()}: {error}\nCall again with a "
                                  "network, or set TDIST_DATA to a folder that has it.") from error
        print(f"{name}: in {data_folder()}")
