"""Data sets as tasks: two that are always there, others if the user has them."""

import os
from pathlib import Path

import numpy as np
import torch

from tdist.manners import need
from tdist.tasks.task import Task

SHIPPED = Path(__file__).parents[1] / "data" / "fashion_mnist_6000.npz"
# torchvision's name: where it keeps the data, and how many images to test and to train
OPTIONAL = {"CIFAR100": ("cifar-100-python", 10_000, 50_000),
            "CIFAR10": ("cifar-10-batches-py", 10_000, 50_000),
            "MNIST": ("MNIST/raw", 10_000, 60_000),
            "FashionMNIST": ("FashionMNIST/raw", 10_000, 60_000)}


def fashion_mnist():
    """6,000 images of Fashion-MNIST that come with the package: 600 a class, 28 x 28, grey. MIT
    licence.

    Returns
    -------
    Task

    Examples
    --------
    >>> fashion_mnist().images.shape
    torch.Size([6000, 1, 28, 28])
    """
    with np.load(SHIPPED) as data:
        return Task("Fashion-MNIST", data["images"][:, None], data["labels"], data["classes"])


def data_folder():
    """Where optional data sets are looked for: $TDIST_DATA, or tdist in the user's cache folder.

    Returns
    -------
    pathlib.Path

    Examples
    --------
    >>> os.environ["TDIST_DATA"] = "/data"                                 # doctest: +SKIP
    >>> data_folder()                                                      # doctest: +SKIP
    PosixPath('/data')
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TDIST_DATA") or cache / "tdist")


def digits(train=True):
    """scikit-learn's digits, 8 x 8, grey: the first 1,200 to train, the last 597 to test.

    Parameters
    ----------
    train : bool
        The training images, or the test images.

    Returns
    -------
    Task

    Examples
    --------
    >>> len(digits()), len(digits(train=False))
    (1200, 597)
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    images = (data.images * 255 / 16).round().astype(np.uint8)[:, None]
    part = slice(None, 1200) if train else slice(1200, None)
    return Task("digits", images[part], data.target[part], tuple("0123456789"))


def cifar100(train=True):
    """CIFAR-100: 50,000 training or 10,000 test images, 32 x 32, in colour.

    Parameters
    ----------
    train : bool
        The training images, or the test images.

    Returns
    -------
    Task

    Raises
    ------
    FileNotFoundError
        If the data are not there, saying where it looked and how to get them.
    ValueError
        If they are damaged, saying what to delete.

    Examples
    --------
    >>> cifar100(train=False).images.shape                                 # doctest: +SKIP
    torch.Size([10000, 3, 32, 32])
    """
    return _task("CIFAR100", "CIFAR-100", train)


def cifar10(train=True):
    """CIFAR-10: 50,000 training or 10,000 test images, 32 x 32, in colour. Errors as
    :func:`cifar100`.

    Parameters
    ----------
    train : bool
        The training images, or the test images.

    Returns
    -------
    Task

    Examples
    --------
    >>> cifar10().only(["cat", "dog"], "pets").images.shape                # doctest: +SKIP
    torch.Size([10000, 3, 32, 32])
    """
    return _task("CIFAR10", "CIFAR-10", train)


def mnist(train=True):
    """MNIST: 60,000 training or 10,000 test images, 28 x 28, grey. Errors as :func:`cifar100`.

    Parameters
    ----------
    train : bool
        The training images, or the test images.

    Returns
    -------
    Task

    Examples
    --------
    >>> mnist().resized(32, channels=3).images.shape                       # doctest: +SKIP
    torch.Size([60000, 3, 32, 32])
    """
    return _task("MNIST", "MNIST", train)


def clothing(train=True, size=32):
    """Grigorev's photographs of clothes in ten classes (CC0), size x size: 3,068 to train, or the
    372 to test.

    Parameters
    ----------
    train : bool
        The training images, or the test images.
    size : int
        The shorter side is brought to it, and the middle cut out.

    Returns
    -------
    Task

    Raises
    ------
    FileNotFoundError
        If $TDIST_DATA/clothing, with a folder of photographs for each class in train/ and test/, is
        not there: copy it from github.com/alexeygrigorev/clothing-dataset-small.

    Examples
    --------
    >>> clothing(train=False).images.shape                                 # doctest: +SKIP
    torch.Size([372, 3, 32, 32])
    """
    folder = data_folder() / "clothing" / ("train" if train else "test")
    if not folder.is_dir():
        raise FileNotFoundError(f"the clothing photographs are not in {folder}; copy train/ and "
                                "test/ of github.com/alexeygrigorev/clothing-dataset-small there, "
                                "or set TDIST_DATA")
    return Task.from_folder(folder, size, "clothing", progress=False)


def download():
    """Fetch the optional data sets through torchvision; what is there already is only checked.

    Raises
    ------
    ConnectionError
        If one cannot be fetched, naming the data set and the folder.
    ValueError
        If one is there and damaged, naming what to delete.

    Examples
    --------
    >>> download()                                                         # doctest: +SKIP
    CIFAR100: in /home/me/.cache/tdist
    """
    for name in OPTIONAL:
        _read(name, download=True)
        print(f"{name}: in {data_folder()}")


def _task(dataset, name, train):
    data = _read(dataset, train)
    images = torch.as_tensor(data.data)
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
    return Task(name, images, data.targets, data.classes)


def _read(dataset, train=True, download=False):
    """A data set of torchvision, whole; or an error that tells a missing one from a damaged one."""
    place, *sizes = OPTIONAL[dataset]
    root, folder = data_folder(), data_folder() / place
    read = getattr(need("torchvision").datasets, dataset)
    there = folder.is_dir() and any(folder.iterdir())
    try:
        data = read(root, train=train, download=download)
        if not len(data.data) == len(data.targets) == sizes[train]:
            raise ValueError(f"{len(data.data)} images and {len(data.targets)} labels in place of "
                             f"{sizes[train]}")
    except Exception as error:  # of a damaged file torchvision's reader raises anything
        problem = f"{type(error).__name__} {error}".strip()
        if there:
            raise ValueError(f"{dataset} in {folder} is damaged or incomplete ({problem}); delete "
                             f"{folder} and call tdist.tasks.download() again, with a network"
                             ) from error
        if download:
            raise ConnectionError(f"{dataset} could not be fetched to {root} ({problem}); call "
                                  "again with a network, or set TDIST_DATA to a folder that has it"
                                  ) from error
        raise FileNotFoundError(f"{dataset} is not in {root}; get it with make data or "
                                "tdist.tasks.download(), or set TDIST_DATA to the folder that "
                                f"holds {place}") from error
    return data
