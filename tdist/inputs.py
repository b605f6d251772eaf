"""What callers hand in as features and labels: accepted in many kinds, or refused with the way
out."""

import hashlib
import warnings
from numbers import Real

import numpy as np
import torch

# torch knows few operations on its other types: float8, uint16 to uint64
PLAIN = {torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
         torch.float16, torch.bfloat16, torch.float32, torch.float64}


# --- features ---------------------------------------------------------------------------------


def check_features(features, may_be_empty=False, what="features"):
    """Features as a NumPy array or a torch tensor (m, k) of real numbers, copied only where they
    come in another container; an error if they are not that.

    may_be_empty: m = 0 is allowed, for a batch. what: their name in errors.
    """
    if not isinstance(features, torch.Tensor):
        features = _array(features, what)
    if isinstance(features, torch.Tensor):
        if features.layout != torch.strided:
            raise TypeError(f"{what} are a sparse tensor; pass {what}.to_dense()")
        if features.is_quantized:
            raise TypeError(f"{what} are quantised; pass {what}.dequantize()")
        features = features.detach()
        is_complex = features.is_complex()
    else:
        is_complex = features.dtype.kind == "c"
        if features.dtype.kind not in "fiubc":
            raise TypeError(f"{what} must be numbers, got dtype {features.dtype}; "
                            "convert with np.asarray(x, float)")
    if is_complex:
        raise TypeError(f"{what} are complex; stack their real and imaginary parts as columns")
    if features.ndim != 2:
        raise ValueError(f"{what} must have two axes (samples, {what}), got shape "
                         f"{tuple(features.shape)}; flatten or average the others, or make one "
                         "column with x[:, None]")
    if features.shape[1] == 0 or (len(features) == 0 and not may_be_empty):
        raise ValueError(f"{what} are empty: shape {tuple(features.shape)}")
    return features


def _array(features, what):
    """Other containers as an array, or as a tensor if they hold tensors."""
    if hasattr(features, "toarray"):
        raise TypeError(f"{what} are a sparse matrix; pass {what}.toarray()")
    if hasattr(features, "iloc"):  # a data frame
        return _frame(features, what)
    if np.ma.isMaskedArray(features) and np.ma.is_masked(features):
        return features.astype(float).filled(np.nan)  # found, and its place named, later
    try:
        return _stack(features) if _holds_tensors(features) else np.asarray(features)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"{what} do not form a matrix (samples, {what}): {error}") from None


def _frame(frame, what):
    """A pandas data frame; its nullable columns too, with NaN where a value is missing."""
    array = np.asarray(frame)
    if array.dtype != object or array.ndim != 2:
        return array
    text = [name for name, kind in frame.dtypes.items() if kind.kind not in "fiub"]
    if text:
        raise TypeError(f"{what} must be numbers, but the data frame's columns {text[:5]} are "
                        "not; leave them out, or encode them first")
    single = all(str(kind).lower() == "float32" for kind in frame.dtypes)
    return frame.to_numpy(dtype=np.float32 if single else np.float64, na_value=np.nan)


def _holds_tensors(x):
    while isinstance(x, list | tuple) and len(x):
        x = x[0]
    return isinstance(x, torch.Tensor)


def _stack(x):
    """Nested lists of tensors as one tensor."""
    if isinstance(x, list | tuple):
        return torch.stack([_stack(row) for row in x])
    return torch.as_tensor(x).detach()


def check_lengths(features, labels, what="labels"):
    """As many labels, or what they are called, as rows of features."""
    if len(labels) != len(features):
        raise ValueError(f"features and {what} differ in length: {len(features)} rows and "
                         f"{len(labels)} {what}")


def with_float64(device):
    """The device, or the CPU where the device may have no float64, in which sums accumulate."""
    return device if device.type in ("cpu", "cuda") else torch.device("cpu")


def device_of(features):
    """Where to accumulate the sums of features."""
    return with_float64(features.device if isinstance(features, torch.Tensor)
                        else torch.device("cpu"))


def to_tensor(chunk, device):
    """A chunk as a tensor of one of the PLAIN types on the device, sharing memory where it can."""
    if isinstance(chunk, np.ndarray):
        plain = (chunk.dtype in (np.float32, np.float64) and chunk.flags.c_contiguous
                 and chunk.flags.writeable and min(chunk.strides) > 0)
        return torch.from_numpy(chunk if plain else
                                np.array(chunk, dtype=np.float64, order="C")).to(device)
    chunk = chunk.to(device)
    return (chunk if chunk.dtype in PLAIN else chunk.double()).resolve_neg()


def not_finite(x, start=0, earlier=0, what="features"):
    """The error for features x (rows, k) in which a check found NaN, infinity or overflow.

    start: rows of this call before x. earlier: samples of earlier batches. what: their name.
    """
    bad = (~torch.isfinite(x)).nonzero()
    if len(bad) == 0:
        return ValueError(f"squares of the {what} overflow float64; divide the large columns by "
                          "their size")
    row, column = bad[0].tolist()
    place = f"row {start + row}"
    place += f" of this batch (sample {earlier + start + row} of all)" if earlier else ""
    return ValueError(f"{what} hold {x[row, column].item()} at {place}, column {column}; "
                      "drop those rows or fill them in")


def rounding(features):
    """Relative rounding of the features' dtype: 0 for integers."""
    kind = features.dtype
    if isinstance(kind, torch.dtype):
        return torch.finfo(kind).eps if kind.is_floating_point else 0.0
    return float(np.finfo(kind).eps) if kind.kind == "f" else 0.0


# --- labels -----------------------------------------------------------------------------------


def encode_labels(labels):
    """Labels of any hashable kind as numbers 0 to classes - 1, and the number of classes."""
    codes, classes = classes_of(labels)
    return codes, len(classes)


def classes_of(labels):
    """Labels of any hashable kind as numbers 0 to classes - 1, and the list of classes."""
    return _classes(_label_array(labels))[::-1]


def label_numbers(labels):
    """Labels (m,) as int64 that mean the same in every batch and every process.

    Whole numbers are themselves; text is a digest, since a numbering would depend on what came
    first.
    """
    values = _label_array(labels)
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    if values.dtype.kind in "mM":
        _number(values[0])  # a date: refused
    classes, codes = _classes(values)
    return np.array([_number(label) for label in classes], dtype=np.int64)[codes]


def _classes(values):
    """The classes of a label array (m,), and the number of each sample's class (m,)."""
    if values.dtype != object:
        classes, codes = np.unique(values, return_inverse=True)
        return _without_marks(classes.tolist()), codes.astype(np.int64)
    seen = {}
    try:
        codes = [seen.setdefault(label, len(seen)) for label in values]
    except TypeError:
        raise TypeError("labels cannot be hashed; pass one integer, string or tuple a "
                        "sample") from None
    return _without_marks(list(seen)), np.array(codes, dtype=np.int64)


def _without_marks(classes):
    """The classes; a warning if one is the text that a missing label becomes."""
    for mark in ("nan", "<NA>", "NaT"):
        if mark in classes:
            warnings.warn(f"labels hold the text {mark!r}, taken for a class; if it marks missing "
                          "labels, drop those rows", stacklevel=5)
    return classes


def _number(label):
    if isinstance(label, str | bytes):
        raw = label.encode(errors="surrogatepass") if isinstance(label, str) else b"\0" + label
        return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), signed=True)
    if isinstance(label, Real | np.bool) and -(2**63) <= label < 2**63:
        return int(label)
    raise TypeError(f"HScore takes whole numbers or text as labels, got {label!r} of type "
                    f"{type(label).__name__}; number the classes once over the whole data set, "
                    "for example with np.unique(labels, return_inverse=True)[1]")


def _label_array(labels):
    """Labels as an array (m,) in which none is missing and none is a fraction."""
    masked = np.ma.getmaskarray(labels) if np.ma.isMaskedArray(labels) else np.zeros(0, bool)
    if isinstance(labels, torch.Tensor):
        labels = labels.detach().cpu().resolve_neg()
        labels = (labels.double() if labels.is_floating_point() else labels).numpy()
    if isinstance(labels, list | tuple):  # elements may be tuples: no rows of an array
        values = np.empty(len(labels), dtype=object)
        for i, label in enumerate(labels):
            values[i] = _plain(label)
    else:
        values = np.asarray(labels)
    if values.ndim != 1:
        raise ValueError(f"labels must be a vector (samples,), got shape {values.shape}; "
                         + _way_to_a_vector(values))
    if values.dtype.kind == "c":
        raise TypeError("labels are complex; classes must be integers, strings or other hashable "
                        "values")
    missing = masked if masked.any() else _missing(values)
    if missing.any():
        first = int(missing.argmax())
        raise ValueError(f"labels hold {'masked' if masked.any() else values[first]} at place "
                         f"{first}, {missing.sum()} missing of {len(values)}; drop missing labels "
                         "and their rows, or give them a class of their own")
    _check_whole(values)
    return values


def _plain(label):
    """A label that is a tensor or array of no axes as a number: tensors hash by identity."""
    if label is np.ma.masked:
        return None
    if isinstance(label, torch.Tensor | np.ndarray):
        if label.ndim:
            raise TypeError("labels cannot be hashed; pass one integer, string or tuple a sample")
        return label.item()
    return label


def _way_to_a_vector(values):
    """What to do with labels that are not a vector."""
    if values.ndim == 2 and values.shape[1] == 1:
        return "pass the column alone: labels[:, 0], of a data frame labels.iloc[:, 0]"
    if values.ndim == 2 and values.dtype.kind in "fiub" and values.size:
        parts = (values >= 0).all() and np.allclose(values.sum(1, dtype=float), 1)
        if parts and np.isin(values, (0, 1)).all():
            return "one-hot labels become a vector by labels.argmax(axis=1)"
        if parts:
            return "of class probabilities labels.argmax(axis=1) takes the likeliest class"
        if np.isin(values, (0, 1)).all():
            return ("several labels a sample are not one classification task: score all together "
                    "by tdist.canonical_h_score, or each column, labels[:, j], by itself")
    if values.ndim == 2:
        return ("several columns are several tasks: score each, labels[:, j], by itself; or, if "
                "they are numbers, all together by tdist.canonical_h_score")
    return "pass one label a sample"


def _missing(values):
    """Which labels (m,) are NaN, NaT, None or pandas' NA."""
    if values.dtype.kind in "fmM":
        return np.isnan(values)
    if values.dtype == object:
        return np.fromiter(map(_is_missing, values), bool, len(values))
    return np.zeros(len(values), bool)


def _is_missing(label):
    try:
        return label is None or bool(label != label)  # NaN and NaT differ from themselves
    except TypeError:  # NA: neither equal nor different
        return True
    except ValueError:  # an array: refused as not hashable
        return False


def _check_whole(values):
    """Refuse fractions and infinity among labels (m,) that are floats."""
    if values.dtype == object:
        floats = [label if isinstance(label, float | np.floating) else 0 for label in values]
        numbers = np.array(floats, dtype=float)
    elif values.dtype.kind == "f":
        numbers = values
    else:
        return
    broken = np.flatnonzero(~np.isfinite(numbers) | (np.floor(numbers) != numbers))
    if len(broken):
        raise ValueError(f"labels hold {numbers[broken[0]]} at place {broken[0]}: classes cannot "
                         "be fractions or infinite; score a continuous target by "
                         "tdist.canonical_h_score, or cut it into classes, for example with "
                         "np.digitize")


# --- options ----------------------------------------------------------------------------------


def check_shrinkage(shrinkage):
    """None and 0 are no shrinkage."""
    if shrinkage is None or (isinstance(shrinkage, str) and shrinkage == "ledoit-wolf"):
        return shrinkage or 0.0
    if not isinstance(shrinkage, Real) or not 0 <= shrinkage <= 1:
        raise ValueError('shrinkage must be None, a number in [0, 1] or "ledoit-wolf", got '
                         f"{shrinkage!r}")
    return float(shrinkage)
