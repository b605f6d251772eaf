"""What callers hand in as a task's data, labels and classes: taken in many kinds, or refused with
the way out."""

import numpy as np
import torch

from tdist.manners import need


def checked_data(name, images):
    """As a tensor, uint8 or float32."""
    if isinstance(images, np.ndarray) and images.dtype.kind in "fiub":
        images = torch.from_numpy(np.require(images, requirements=["C", "W"]))
    if not isinstance(images, torch.Tensor):
        raise TypeError("images must be a torch.Tensor or an array of numbers (uint8 or floats), "
                        f"got {type(images).__name__}; np.stack makes one of a list")
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise TypeError(f"images must be uint8 or floats, got {images.dtype}; store pixels of 0 to "
                        "255 as uint8, other numbers as float32")
    shape = tuple(images.shape)
    if images.ndim < 2 or (images.dtype == torch.uint8 and images.ndim != 4):
        raise ValueError("images must be uint8 of shape (n, channels, height, width) or floats of "
                         f"shape (n, ...), got {images.dtype} of shape {shape}; images[:, None] "
                         "has one channel, or one number")
    turned = images.ndim == 4 and shape[3] in (1, 3, 4) and shape[1] > 4 and (
        images.dtype == torch.uint8 or shape[1] == shape[2])
    if turned:
        raise ValueError(f"images of shape {shape} seem to be (n, height, width, channels); a task "
                         "takes (n, channels, height, width): images.permute(0, 3, 1, 2) of a "
                         "tensor, images.transpose(0, 3, 1, 2) of an array")
    if len(images) == 0:
        raise ValueError(f"{name} has no images")
    images = images if images.dtype == torch.uint8 else images.float()
    if not torch.isfinite(images).all():
        raise ValueError("images hold NaN or infinity, in float32")
    return images


def whole_numbers(labels):
    """Labels as int64."""
    if not isinstance(labels, torch.Tensor):
        values = np.asarray(labels)
        if values.dtype.kind not in "iub":
            raise TypeError(f"labels must be whole numbers, got {values.dtype}; number them: "
                            "classes, labels = np.unique(labels, return_inverse=True)")
        labels = torch.from_numpy(values.astype(np.int64))
    if labels.is_floating_point() or labels.is_complex():
        raise TypeError(f"labels must be whole numbers, got {labels.dtype}; labels.long() if they "
                        "are 0.0, 1.0, ...")
    return labels.long()


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


def picture(file, size):
    """A file as uint8 (3, height, width)."""
    Image = need("PIL.Image")
    try:
        with Image.open(file) as image:
            if image.mode.startswith(("I", "F")):  # PIL would cut its values off at 255
                raise ValueError(f"{file} has more than 8 bits a pixel (mode {image.mode}); store "
                                 "it with 8 bits")
            image = image.convert("RGB")
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error}; mend or delete it") from error
    if size is not None:
        image = image.resize((size, size), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)
