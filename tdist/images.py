"""What a ranking takes as data, made one kind of thing: items, labels, names of classes, and what
tells that they are the same as before."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tdist.folders import read_folder, sample
from tdist.inputs import encode_labels
from tdist.manners import need
from tdist.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Images:
    """Labelled images: ``items[i]`` is (an image of PIL, or a tensor; its label).

    `notes` say what was left out; `files` whether the items are files.
    """

    name: str
    items: object
    labels: np.ndarray  # (n,) 0 to len(classes) - 1
    classes: tuple
    digest: str
    notes: tuple = ()

    def __len__(self):
        return len(self.labels)


def images_of(data, images=None, seed=0, skip_broken=False, progress=True):
    """Data of any of the kinds that :func:`tdist.rank` takes as :class:`Images`, at most `images`
    of them, drawn class by class.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        With what came, what was expected and the way out.
    """
    if isinstance(data, str | Path):
        return _of_folder(read_folder(data), images, seed, skip_broken, progress)
    if isinstance(data, tuple) and len(data) == 2:
        found = _of_pair(*data)
    elif isinstance(data, Task):
        found = _of_task(data)
    elif hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        found = _of_dataset(data, progress)
    else:
        raise TypeError("data must be a folder, a torch Dataset, a tdist.Task or (images, labels); "
                        f"got {type(data).__name__}" + (
                            ", which gives batches: pass its .dataset"
                            if hasattr(data, "dataset") else ""))
    if len(np.unique(found.labels)) < 2:
        raise ValueError("all labels are the same: a score compares classes and needs at least two")
    return _sampled(found, images, seed)


class _Rows:
    """Some rows of items."""

    def __init__(self, items, rows):
        self.items, self.rows = items, rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.items[int(self.rows[i])]


def _sampled(found, images, seed):
    if images is None or images >= len(found):
        return found
    rows = sample(found.labels, images, seed)
    return replace(found, items=_Rows(found.items, rows), labels=found.labels[rows],
                   digest=_hash(found.digest.encode(), rows.tobytes()),
                   notes=(*found.notes, _drawn(images, len(found), seed)))


def _of_folder(folder, images, seed, skip_broken, progress):
    """Only the files that are drawn are looked at, and looked at before any model runs."""
    drawn = folder.sample(images, seed)
    whole, _ = drawn.read(skip_broken=skip_broken, progress=progress)
    found = whole.numbered()
    notes = folder.notes
    if drawn is not folder:
        notes += (_drawn(images, len(folder), seed),)
    return Images(found.path.absolute().name, found, found.labels, found.classes,
                  _hash(*(found.identity(i) for i in range(len(found)))),
                  notes + found.notes[len(folder.notes):])


def _drawn(images, count, seed):
    return f"{images:,} of {count:,} images, each class with its share (seed {seed})"


def _of_pair(images, labels):
    if isinstance(images, np.ndarray | torch.Tensor):
        codes, count = encode_labels(labels)
        names = tuple(map(str, _names(labels, codes, count)))
        return _of_task(Task("images", images, codes, names))
    if not isinstance(images, list | tuple):
        raise TypeError("images must be an array (n, channels, height, width), or a list of "
                        f"images of PIL; got {type(images).__name__}")
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images and {len(labels)} labels")
    return _of_dataset(list(zip(images, labels, strict=True)), False)


def _of_task(task):
    labels = task.labels.cpu().numpy()
    images = task.images.cpu()
    return Images(task.name, [*zip(images, labels.tolist(), strict=True)], labels, task.classes,
                  _hash(str(tuple(images.shape)).encode(), images.numpy().tobytes()))


def _of_dataset(data, progress):
    """Each item is looked at once, for its label and for what tells that it is the same."""
    found, labels = hashlib.sha256(), []
    for i in tqdm(range(len(data)), desc="reading the data set", unit=" images",
                  disable=not progress):
        item = data[i]
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise TypeError(f"item {i} of the data set is {type(item).__name__}; it must be "
                            "(image, label)")
        found.update(_content(item[0]))
        labels.append(item[1])
    codes, count = encode_labels(labels)
    names, known = _names(labels, codes, count), getattr(data, "classes", None)
    if known is not None and all(isinstance(y, int) and y < len(known) for y in names):
        names = [known[y] for y in names]
    return Images(str(getattr(data, "root", None) or type(data).__name__), data, codes,
                  tuple(map(str, names)), found.hexdigest())


def _names(labels, codes, count):
    first = [int(np.argmax(codes == y)) for y in range(count)]
    return [getattr(labels[i], "item", lambda i=i: labels[i])() for i in first]


def _content(image):
    if isinstance(image, torch.Tensor):
        image = image.detach().cpu().contiguous()
        return str((image.shape, image.dtype)).encode() + image.numpy().tobytes()
    if isinstance(image, np.ndarray):
        return str((image.shape, image.dtype)).encode() + image.tobytes()
    if isinstance(image, need("PIL.Image").Image):
        return f"{image.mode}{image.size}".encode() + image.tobytes()
    raise TypeError(f"an image of the data set is a {type(image).__name__}; it must be an image of "
                    "PIL, a tensor or an array")


def _hash(*parts):
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()
