"""What callers hand in as a task's data, labels and classes: taken in many kinds, or refused with
the way out."""

import numpy as np
import torch

from tdist.inputs import check_features, classes_of


def checked_data(name, images):
    """As a tensor, uint8 or float32."""
    images = _tensor(images)
    shape = tuple(images.shape)
    if images.dtype != torch.uint8 and not images.is_floating_point() and images.ndim != 2:
        raise TypeError(f"images must be uint8 or floats, got {images.dtype} of shape {shape}; "
                        "store pixels of 0 to 255 as uint8, other numbers as float32")
    if images.ndim < 2 or (images.dtype == torch.uint8 and images.ndim != 4):
        raise ValueError("images must be uint8 of shape (n, channels, height, width) or floats of "
                         f"shape (n, ...), got {images.dtype} of shape {shape}; " + (
                             "pixels are pictures, images.reshape(n, channels, height, width), and "
                             "numbers are floats" if images.ndim == 2 else
                             "images[:, None] has one channel, or one number"))
    turned = images.ndim == 4 and shape[3] in (1, 3, 4) and shape[1] > 4 and (
        images.dtype == torch.uint8 or shape[1] == shape[2])
    if turned:
        raise ValueError(f"images of shape {shape} seem to be (n, height, width, channels); a task "
                         "takes (n, channels, height, width): images.permute(0, 3, 1, 2) of a "
                         "tensor, images.transpose(0, 3, 1, 2) of an array")
    if len(images) == 0:
        raise ValueError(f"{name} has no images")
    images = images if images.dtype == torch.uint8 else images.float()
    if not (finite := torch.isfinite(images)).all():
        row = int((~finite.flatten(1)).any(1).nonzero()[0])
        raise ValueError(f"images hold NaN or infinity, in float32, first in row {row}; drop such "
                         "rows or fill them in")
    return images


def _tensor(images):
    """Any container of real numbers as a tensor, of its own type where torch has that."""
    if getattr(images, "ndim", 2) == 2:  # vectors, a data frame, a list of rows
        images = check_features(images, may_be_empty=True, what="images")
    if isinstance(images, np.ndarray) and images.dtype.kind in "fiub":
        plain = images.dtype.kind in "ib" or images.dtype in (np.uint8, np.float32)
        images = np.require(images, None if plain else np.float64, ["C", "W"])
        images = torch.from_numpy(images.astype(images.dtype.newbyteorder("="), copy=False))
    if not isinstance(images, torch.Tensor) or images.is_complex():
        raise TypeError("images must be a torch.Tensor or an array of real numbers, got "
                        f"{getattr(images, 'dtype', type(images).__name__)}; np.stack makes an "
                        "array of a list of pictures")
    return images.detach()


def numbered(labels, classes):
    """Labels as int64, and the names of the classes, if these are not given those among labels."""
    values = labels if isinstance(labels, torch.Tensor) else np.asarray(labels)
    if getattr(values.dtype, "kind", "i") in "OUT" and values.ndim == 1:  # objects, text
        return _by_name(labels, classes)
    if classes is None:
        raise TypeError("labels are numbers without names; pass classes, the name of each number "
                        "in order: tasks share a class where they share its name")
    if not isinstance(values, torch.Tensor):
        if values.dtype.kind not in "iub":
            raise TypeError(f"labels must be whole numbers or names, got {values.dtype}; number "
                            "them: classes, labels = np.unique(labels, return_inverse=True)")
        values = torch.from_numpy(values.astype(np.int64))
    if values.is_floating_point() or values.is_complex():
        raise TypeError(f"labels must be whole numbers or names, got {values.dtype}; labels.long() "
                        "if they are 0.0, 1.0, ...")
    return values.long(), classes


def _by_name(labels, classes):
    codes, names = classes_of(labels)
    if other := [name for name in names if not isinstance(name, str)]:
        raise TypeError("labels must be whole numbers or names, got "
                        f"{type(other[0]).__name__} {other[0]!r} among objects; name all of them: "
                        "[str(label) for label in labels]")
    if classes is None:
        classes = tuple(sorted(names))
    if missing := [name for name in names if name not in classes]:
        raise ValueError(f"labels hold {missing[:3]}, not among the classes {list(classes)}")
    return torch.tensor([classes.index(name) for name in names])[torch.from_numpy(codes)], classes


def names_in_order(what, names):
    """Names in their order, as a tuple of plain strings."""
    if isinstance(names, str):
        raise TypeError(f"{what} is the one string {names!r}; pass a tuple of names, or "
                        f"tuple({names!r}) for a class a letter")
    if isinstance(names, set | frozenset | dict) or not hasattr(names, "__iter__"):
        raise TypeError(f"{what} must be a tuple or list of names in the order of the labels, got "
                        f"{type(names).__name__}")
    return tuple(names.tolist() if hasattr(names, "tolist") else names)


def fewer(channels):
    """What to do with so many channels."""
    what, kept = {2: ("drop the alpha channel", ":1"), 4: ("drop the alpha channel", ":3")}.get(
        channels, ("choose three", "[0, 1, 2]"))
    return f"; {what}: dataclasses.replace(task, images=task.images[:, {kept}])"
