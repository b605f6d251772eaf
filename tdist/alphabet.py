"""What callers hand to the rooms of finite alphabets: numbers, probabilities, symbols."""

import numpy as np

# how far a sum of probabilities may be off 1: the rounding of the precision that they came in, by
# the bytes of a number
ROUNDING = {2: 1e-2, 4: 1e-5, 8: 1e-9}


def numbers(x, name):
    """x as a float64 array: NumPy, pandas, lists, or torch tensors of any device and precision.

    Raises
    ------
    TypeError
        If it is not made of real numbers.
    ValueError
        If an entry is masked, or rows differ in length.
    """
    if hasattr(x, "detach"):  # a torch tensor, without importing torch
        x = x.detach().cpu().resolve_conj().resolve_neg()
        x = x if x.dtype.is_complex else x.double().numpy()
    if np.ma.is_masked(x):
        raise ValueError(f"{name} has masked entries; fill them or leave their symbols out")
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name} must be a whole array of numbers: {error}") from None
    if array.dtype.kind in "fiub":
        return array.astype(np.float64)
    try:
        if array.dtype.kind != "O":
            raise TypeError
        return array.astype(np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be made of real numbers, got {type(x).__name__} of "
                        f"{array.dtype}") from None


def probabilities(p, name, axes):
    """p, of so many axes, as a float64 array with sum 1: as far as its own precision can tell, and
    then divided by its sum if that is not float64.

    Raises
    ------
    TypeError, ValueError
        As :func:`numbers`, or if the axes are others, an entry is negative, NaN or infinite, or
        the sum is off.
    """
    array, kind = numbers(p, name), getattr(p, "dtype", None)
    size = getattr(kind, "itemsize", 8) if "float" in str(kind) else 8
    if array.ndim != axes:
        kind = "vector (|X|,)" if axes == 1 else "matrix (|Y|, |X|)"
        raise ValueError(f"{name} must be a {kind}, got {array.ndim} axes of shape {array.shape}")
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"{name} must hold finite non-negative numbers; count tables become "
                         f"probabilities by {name} / {name}.sum()")
    total = array.sum()
    if not abs(total - 1) <= ROUNDING.get(size, 1e-9):
        raise ValueError(f"{name} must sum to 1, got {total:.10g}; normalise it with "
                         f"{name} / {name}.sum()")
    return array if size == 8 else array / total


def symbols(x, name):
    """Numbers of symbols as an array of int64.

    Raises
    ------
    TypeError
        If they are no integers; names the way out for measurements and for names.
    """
    if hasattr(x, "detach"):  # a torch tensor; NumPy lacks some of its floats
        x = x.detach().cpu()
        x = x.double() if x.is_floating_point() else x
    array = np.asarray(x)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind == "f":
        raise TypeError(
            f"{name} must be integers numbered from 0, got {array.dtype}. Measurements have to be "
            f"cut into bins first, by np.digitize({name}, np.quantile({name}, [0.25, 0.5, 0.75])), "
            "or go to a tdist.hgr.SoftHGR; whole numbers become integers by .astype(int)")
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} must be integers numbered from 0, got {array.dtype}; number other "
                        f"symbols by np.unique({name}, return_inverse=True)[1]")
    return array.astype(np.int64)
