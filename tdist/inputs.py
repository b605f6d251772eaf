"""What callers hand in as features and labels: accepted in many kinds, or refused with the way out."""

from numbers import Real

import numpy as np
import torch


def check_features(features):
    """Features as a NumPy array or a torch tensor (m, k) of real numbers, not copied; an error if they are not that."""
    if isinstance(features, torch.Tensor):
        if features.layout != torch.strided:
            raise TypeError("features are a sparse tensor; pass features.to_dense()")
        features = features.detach()
        kind = "complex" if features.is_complex() else "real"
    else:
        if hasattr(features, "toarray"):
            raise TypeError("features are a sparse matrix; pass features.toarray()")
        features = np.asarray(features)
        kind = {"c": "complex"}.get(features.dtype.kind, "real" if features.dtype.kind in "fiub" else "other")
    if kind == "complex":
        raise TypeError("features are complex; stack their real and imaginary parts as columns")
    if kind == "other":
        raise TypeError(f"features must be numbers, got dtype {features.dtype}; convert with np.asarray(x, float)")
    if features.ndim != 2:
        raise ValueError(f"features must have two axes (samples, features), got shape {tuple(features.shape)}; "
                         "flatten or average the others, or make one column with x[:, None]")
    if 0 in features.shape:
        raise ValueError(f"features are empty: shape {tuple(features.shape)}")
    return features


def device_of(features):
    """Where to accumulate: float64 lives on the CPU and on CUDA, not on every accelerator."""
    on_cuda = isinstance(features, torch.Tensor) and features.device.type == "cuda"
    return features.device if on_cuda else torch.device("cpu")


def to_tensor(chunk, device):
    """A chunk as a tensor on the device, sharing memory where it can."""
    if isinstance(chunk, np.ndarray):
        plain = chunk.dtype in (np.float32, np.float64) and chunk.flags.c_contiguous and chunk.flags.writeable
        chunk = torch.from_numpy(chunk if plain else np.array(chunk, dtype=np.float64, order="C"))
    return chunk.to(device)


def check_finite(sums, x, start):
    """NaN and infinity in x spread to the sums of squares, which are cheaper to check."""
    if not torch.isfinite(sums).all():
        bad = (~torch.isfinite(x)).nonzero()
        if len(bad) == 0:
            raise ValueError("squares of the features overflow float64; divide the large columns by their size")
        row, column = bad[0].tolist()
        raise ValueError(f"features hold {x[row, column].item()} at row {start + row}, column {column}; "
                         "drop those rows or fill them in")


def encode_labels(labels):
    """Labels of any hashable kind as numbers 0 to classes - 1, and the number of classes."""
    labels = labels if isinstance(labels, list | tuple) else _label_array(labels)
    if isinstance(labels, list | tuple) or (labels.dtype == object and labels.ndim == 1):
        seen = {}
        try:
            labels = [_plain(label) for label in labels]
            codes = np.array([seen.setdefault(label, len(seen)) for label in labels], dtype=np.int64)
        except TypeError:
            raise TypeError("labels cannot be hashed; pass one integer, string or tuple a sample") from None
        if any(isinstance(label, float | np.floating) for label in seen):
            _check_whole([label if isinstance(label, float | np.floating) else 0 for label in labels])
        return codes, len(seen)
    if labels.ndim != 1:
        raise ValueError(f"labels must be a vector (samples,), got shape {labels.shape}; "
                         "one-hot labels become a vector by labels.argmax(axis=1)")
    if labels.dtype.kind == "c":
        raise TypeError("labels are complex; classes must be integers, strings or other hashable values")
    if labels.dtype.kind == "f":
        _check_whole(labels)
    values, codes = np.unique(labels, return_inverse=True)
    return codes.astype(np.int64), len(values)


def _label_array(labels):
    """Labels as an array; torch has floats that NumPy has not."""
    if isinstance(labels, torch.Tensor):
        labels = labels.detach().cpu()
        labels = (labels.double() if labels.is_floating_point() else labels).numpy()
    return np.asarray(labels)


def _plain(label):
    """A label that is a tensor or array of no axes as a number: tensors hash by identity, each its own class."""
    if isinstance(label, torch.Tensor | np.ndarray):
        if label.ndim:
            raise TypeError
        return label.item()
    return label


def _check_whole(labels):
    """Refuse fractions, NaN and infinity among float labels."""
    broken = np.flatnonzero(~np.isfinite(labels) | (np.floor(labels) != labels))
    if len(broken):
        raise ValueError(f"labels hold {labels[broken[0]]} at place {broken[0]}: classes cannot be fractions or NaN; "
                         "drop missing labels, and cut a continuous target into classes, for example with np.digitize")


def integer_labels(labels):
    """Integer labels (m,) as int64, for states that must merge across processes."""
    values = _label_array(labels)
    encode_labels(values)
    if values.dtype.kind not in "iufb":
        raise TypeError(f"HScore takes integer labels, got dtype {values.dtype}; number the classes once over the "
                        "whole data set, for example with np.unique(labels, return_inverse=True)[1]")
    return values.astype(np.int64)


def check_shrinkage(shrinkage):
    """None and 0 are no shrinkage."""
    if shrinkage is None or shrinkage == "ledoit-wolf":
        return shrinkage or 0.0
    if not isinstance(shrinkage, Real) or not 0 <= shrinkage <= 1:
        raise ValueError(f'shrinkage must be None, a number in [0, 1] or "ledoit-wolf", got {shrinkage!r}')
    return float(shrinkage)


def rounding(features):
    """Relative rounding of the features' dtype: 0 for integers."""
    kind = features.dtype
    if isinstance(kind, torch.dtype):
        return torch.finfo(kind).eps if kind.is_floating_point else 0.0
    return float(np.finfo(kind).eps) if kind.kind == "f" else 0.0
