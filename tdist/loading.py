"""What a loader gives: the inputs of a model, as it takes them, and a label for each row."""

from collections.abc import Mapping

import numpy as np
import torch


def pair(batch):
    """The inputs and labels of a batch, where its kind says which is which."""
    if isinstance(batch, Mapping):
        key = next((key for key in ("labels", "label") if key in batch), None)
        inputs = {name: value for name, value in batch.items() if name != key}
        if key is not None and inputs:
            return next(iter(inputs.values())) if len(inputs) == 1 else inputs, batch[key]
    elif isinstance(batch, list | tuple) and len(batch) == 2:
        return batch
    raise TypeError(f"the loader gives {shown(batch)}; a batch must be (inputs, labels), or a dict "
                    'with "labels" or "label". Pass prepare=a function from a batch to (inputs, '
                    "labels), such as prepare=lambda batch: (batch[0], batch[1])")


def sent(inputs, device, dtype):
    """Arrays as tensors, on the device, floats in the model's dtype."""
    if isinstance(inputs, Mapping):
        return {name: sent(part, device, dtype) for name, part in inputs.items()}
    if isinstance(inputs, list | tuple):
        return tuple(sent(part, device, dtype) for part in inputs)
    if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "fiub":
        inputs = torch.from_numpy(inputs)
    if isinstance(inputs, torch.Tensor):
        return inputs.to(device, dtype if inputs.is_floating_point() else None)
    return inputs


def plain(labels):
    """Labels as an array; an error where some are missing among strings."""
    if isinstance(labels, torch.Tensor):
        return labels.detach().cpu().numpy()
    array = np.asarray(labels)
    if array.dtype.kind == "U" and not all(isinstance(label, str) for label in labels):
        other = next(label for label in labels if not isinstance(label, str))
        raise TypeError(f"labels are strings, and {other!r} among them; drop the rows without a "
                        "label, and give the others one kind of labels")
    return array


def shown(value):
    """What came, for a message: kind, shape and dtype, and those of what it holds."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} {tuple(value.shape)} of {value.dtype}"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key!r}: {shown(part)}" for key, part in value.items())
        return f"{type(value).__name__} ({inside})"
    if isinstance(value, list | tuple):
        inside = [shown(part) for part in value[:4]] + ["..."] * (len(value) > 4)
        return f"{type(value).__name__} of {len(value)} ({', '.join(inside)})"
    return type(value).__name__


def leaves(value):
    """What a nest of tuples, lists and dicts holds."""
    if isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from leaves(part)
    else:
        yield value
