"""Tasks (images with labels) and their data sets: one that is always there, others if the user has them."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from sklearn.datasets import load_digits
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, TensorDataset
from torchvision.transforms.functional import pil_to_tensor

SHIPPED = Path(__file__).parent / "data" / "fashion_mnist_6000.npz"


@dataclass(frozen=True)
class Task:
    """A classification task: images and the class of each.

    Parameters
    ----------
    name : str
    images : torch.Tensor, shape (n, channels, height, width), uint8 or float32
        Networks see uint8 scaled to [-1, 1], and floats as they are.
    labels : torch.Tensor, shape (n,), int64
        0 to len(classes) - 1.
    classes : tuple of str
        What each label means. Tasks know their classes by these names: two tasks with a name in common share the class.

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
        for name, kind in (("images", "uint8 or float32"), ("labels", "int64")):
            if not isinstance(getattr(self, name), torch.Tensor):
                raise ValueError(f"{name} must be a torch.Tensor ({kind}), got {type(getattr(self, name)).__name__}")
        if self.images.ndim != 4 or self.images.dtype not in (torch.uint8, torch.float32):
            raise ValueError("images must be uint8 or float32 of shape (n, channels, height, width), got "
                             f"{self.images.dtype} of shape {tuple(self.images.shape)}")
        if not torch.isfinite(self.images).all():
            raise ValueError("images hold NaN or infinity")
        if len(self.images) == 0:
            raise ValueError(f"{self.name} has no images")
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != torch.int64:
            raise ValueError(f"{len(self.images)} images need as many labels, int64; got {self.labels.dtype} of shape "
                             f"{tuple(self.labels.shape)}")
        if self.labels.min() < 0 or self.labels.max() >= len(self.classes):
            raise ValueError(f"labels must lie in 0 to {len(self.classes) - 1}, one for each name in classes")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"two classes have the same name: {list(self.classes)}")

    def __len__(self):
        return len(self.labels)

    def subset(self, size, seed=0):
        """`size` images drawn without replacement."""
        if not 0 < size <= len(self):
            raise ValueError(f"size must be between 1 and {len(self)}, got {size}")
        chosen = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:size]
        return replace(self, images=self.images[chosen], labels=self.labels[chosen])

    def only(self, names, name=None):
        """The images of some classes, which are renumbered in the order of `names`; `name` renames the task."""
        missing = [name for name in names if name not in self.classes]
        if missing:
            raise ValueError(f"{self.name} has no class {missing}; it has {list(self.classes)}")
        number = torch.full((len(self.classes),), -1)
        number[[self.classes.index(name) for name in names]] = torch.arange(len(names))
        labels = number[self.labels]
        return replace(self, name=name or self.name, images=self.images[labels >= 0], labels=labels[labels >= 0],
                       classes=tuple(names))

    def resized(self, size, channels=None):
        """The task in another shape: size x size by bilinear interpolation, and grey copied to `channels` channels."""
        grey = self.images.shape[1] == 1
        if channels not in (None, self.images.shape[1]) and not grey:
            raise ValueError(f"only grey images can be given other channels; {self.name} has {self.images.shape[1]}")
        images = torch.cat([interpolate(part.float(), (size, size), mode="bilinear", antialias=True)
                            for part in self.images.split(1000)])
        if self.images.dtype == torch.uint8:
            images = images.round().clamp(0, 255).to(torch.uint8)
        return replace(self, images=images.expand(-1, channels or -1, -1, -1).contiguous())

    def loader(self, size, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), batch_size=250):
        """Batches (images, labels) for an ImageNet network: three channels, `size` x `size`, (value - mean) / std of
        values that are uint8 / 255 or floats in [0, 1]."""
        if self.images.dtype != torch.uint8 and not 0 <= self.images.min() <= self.images.max() <= 1:
            raise ValueError(f"{self.name} has floats from {self.images.min():.3g} to {self.images.max():.3g}; a "
                             "loader takes floats in [0, 1]: rescale the images, or store them as uint8")
        mean, std = torch.tensor(mean).view(3, 1, 1), torch.tensor(std).view(3, 1, 1)

        def prepare(batch):
            images, labels = map(torch.stack, zip(*batch, strict=True))
            images = images / 255 if images.dtype == torch.uint8 else images
            images = (images.expand(-1, 3, -1, -1) - mean) / std
            images = interpolate(images, (size, size), mode="bilinear", antialias=True)
            return images.contiguous(memory_format=torch.channels_last), labels

        return DataLoader(TensorDataset(self.images, self.labels), batch_size, collate_fn=prepare)


def floats(images):
    """Images as networks take them: uint8 to [-1, 1], floats as they are."""
    return images.float() / 127.5 - 1 if images.dtype == torch.uint8 else images.float()


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


def digits(train=True):
    """scikit-learn's digits, 8 x 8, grey: the first 1,200 to train, the last 597 to test."""
    data = load_digits()
    images = torch.from_numpy((data.images * 255 / 16).round().astype(np.uint8))[:, None]
    part = slice(None, 1200) if train else slice(1200, None)
    return Task("digits", images[part], torch.from_numpy(data.target[part]).long(), tuple("0123456789"))


def cifar100(train=True):
    """CIFAR-100: 50,000 training or 10,000 test images, 32 x 32, in colour.

    Raises FileNotFoundError, saying where it looked and how to get the data, if they are not there.
    """
    return _torchvision("CIFAR100", "CIFAR-100", "cifar-100-python", train)


def cifar10(train=True):
    """CIFAR-10: 50,000 training or 10,000 test images, 32 x 32, in colour. Errors as :func:`cifar100`."""
    return _torchvision("CIFAR10", "CIFAR-10", "cifar-10-batches-py", train)


def mnist(train=True):
    """MNIST: 60,000 training or 10,000 test images, 28 x 28, grey. Errors as :func:`cifar100`."""
    return _torchvision("MNIST", "MNIST", "MNIST/raw", train)


def _torchvision(dataset, name, folder, train):
    try:
        data = getattr(torchvision.datasets, dataset)(data_folder(), train=train)
    except RuntimeError as error:
        raise FileNotFoundError(
            f"{name} is not in {data_folder()}; get it with make data or tdist.tasks.download(), "
            f"or set TDIST_DATA to the folder that holds {folder}") from error
    images = torch.as_tensor(data.data)
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
    return Task(name, images, torch.as_tensor(data.targets), tuple(data.classes))


def clothing(train=True, size=32):
    """Grigorev's photographs of clothes in ten classes (CC0), size x size: 3,068 to train, or the 372 to test.

    Raises FileNotFoundError if $TDIST_DATA/clothing, with a folder of photographs for each class in train/ and test/,
    is not there: copy it from github.com/alexeygrigorev/clothing-dataset-small.
    """
    folder = data_folder() / "clothing" / ("train" if train else "test")
    if not folder.is_dir():
        raise FileNotFoundError(f"the clothing photographs are not in {folder}; copy train/ and test/ of "
                                "github.com/alexeygrigorev/clothing-dataset-small there, or set TDIST_DATA")
    data = torchvision.datasets.ImageFolder(
        folder, lambda image: pil_to_tensor(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)))
    images, labels = zip(*data, strict=True)
    return Task("clothing", torch.stack(images), torch.tensor(labels), tuple(data.classes))


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
