"""Tasks and the data sets they come from."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from tdist import tasks

FULL = Path("/usr/share/datasets/fashion-mnist")  # Debian's package dataset-fashion-mnist


def small():
    return tasks.Task("small", torch.arange(6 * 4, dtype=torch.uint8).reshape(6, 1, 2, 2),
                      torch.tensor([0, 1, 2, 0, 1, 2]), ("a", "b", "c"))


def test_shipped_fashion_mnist():
    task = tasks.fashion_mnist()
    assert task.images.shape == (6000, 1, 28, 28) and torch.bincount(task.labels).tolist() == [600] * 10


@pytest.mark.skipif(not FULL.exists(), reason="the full Fashion-MNIST is not installed")
def test_shipped_images_are_the_first_600_of_each_class():
    images = np.frombuffer(gzip.open(FULL / "train-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
    images = images.reshape(-1, 28, 28)
    labels = np.frombuffer(gzip.open(FULL / "train-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    task = tasks.fashion_mnist()
    for c in range(10):
        assert (task.images[task.labels == c, 0].numpy() == images[labels == c][:600]).all()


def test_subset_is_a_draw_without_replacement():
    task = small()
    part = task.subset(4, seed=1)
    assert len(part) == 4 and len({int(image[0, 0, 0]) for image in part.images}) == 4
    assert torch.equal(part.images, task.subset(4, seed=1).images)
    for image, label in zip(part.images, part.labels, strict=True):
        assert label == task.labels[int(image[0, 0, 0]) // 4]
    with pytest.raises(ValueError, match="between 1 and 6"):
        task.subset(7)


def test_only_renumbers_classes_in_the_order_given():
    part = small().only(["c", "a"])
    assert part.classes == ("c", "a") and part.labels.tolist() == [1, 0, 1, 0]
    assert [int(image[0, 0, 0]) // 4 for image in part.images] == [0, 2, 3, 5]
    with pytest.raises(ValueError, match="no class"):
        small().only(["d"])


def test_loader_gives_three_channels_in_minus_one_to_one():
    task = tasks.Task("extremes", torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 1, 4, 4).clone(),
                      torch.tensor([0, 1]), ("dark", "light"))
    [(images, labels)] = list(task.loader(8))
    assert images.shape == (2, 3, 8, 8) and labels.tolist() == [0, 1]
    assert torch.allclose(images[0], torch.tensor(-1.0)) and torch.allclose(images[1], torch.tensor(1.0))
    [(images, _)] = list(task.loader(8, mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0)))
    assert torch.allclose(images[1, :, 0, 0], torch.tensor([0.9, 0.4, 0.175]))
    halved = tasks.Task("floats", task.images / 510, task.labels, task.classes)
    assert torch.allclose(next(iter(halved.loader(8)))[0][1], torch.tensor(0.0))
    with pytest.raises(ValueError, match=r"floats from -1 to 0; a loader takes floats in \[0, 1\]"):
        tasks.Task("floats", task.images / 255 - 1, task.labels, task.classes).loader(8)


@pytest.mark.parametrize(("images", "labels", "message"), [
    (torch.zeros(2, 1, 4, 4, dtype=torch.float64), torch.tensor([0, 1]), "uint8 or float32"),
    (torch.full((2, 1, 4, 4), float("nan")), torch.tensor([0, 1]), "NaN"),
    (torch.zeros(2, 4, 4, dtype=torch.uint8), torch.tensor([0, 1]), "float32 of shape"),
    (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([0]), "as many labels"),
    (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([0, 1], dtype=torch.uint8), "int64; got torch.uint8"),
    (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), [0, 1], "labels must be a torch.Tensor"),
    (np.zeros((2, 1, 4, 4), np.uint8), torch.tensor([0, 1]), "images must be a torch.Tensor"),
    (torch.zeros(0, 1, 4, 4, dtype=torch.uint8), torch.zeros(0, dtype=torch.long), "has no images"),
    (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([0, 2]), "0 to 1")])
def test_parts_that_do_not_fit_are_refused(images, labels, message):
    with pytest.raises(ValueError, match=message):
        tasks.Task("bad", images, labels, ("a", "b"))


def test_a_missing_data_set_says_where_it_was_looked_for_and_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}.*make data"):
        tasks.cifar100()


@pytest.mark.skipif(not (tasks.data_folder() / "cifar-100-python").exists(),
                    reason=f"CIFAR-100 is not in {tasks.data_folder()}: make data")
def test_cifar100():
    task = tasks.cifar100()
    assert task.images.shape == (50_000, 3, 32, 32) and torch.bincount(task.labels).tolist() == [500] * 100


def test_a_failed_download_names_the_data_set_and_the_folder(tmp_path, monkeypatch):
    def offline(root, download):
        raise OSError("no network")

    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    monkeypatch.setattr(tasks.torchvision.datasets, "CIFAR100", offline)
    with pytest.raises(ConnectionError, match=f"CIFAR100 could not be fetched to {tmp_path}"):
        tasks.download()


def test_resized_keeps_grey_levels_and_labels():
    task = tasks.Task("flat", torch.full((2, 1, 8, 8), 100, dtype=torch.uint8), torch.tensor([1, 0]), ("a", "b"))
    found = task.resized(32, channels=3)
    assert found.images.shape == (2, 3, 32, 32) and found.images.dtype == torch.uint8
    assert (found.images == 100).all() and torch.equal(found.labels, task.labels)
    assert torch.equal(task.resized(8).images, task.images)
    with pytest.raises(ValueError, match="only grey images"):
        found.resized(8, channels=1)


def test_a_class_has_one_name():
    with pytest.raises(ValueError, match="same name"):
        tasks.Task("twice", torch.zeros(1, 1, 2, 2, dtype=torch.uint8), torch.tensor([0]), ("a", "a"))
