"""What callers hand in: the types that arrive, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import torch

from tdist import transferability
from tdist.inputs import (
    PLAIN,
    check_features,
    encode_labels,
    label_numbers,
    not_finite,
    rounding,
    to_tensor,
)
from tests.test_hscore import data


@pytest.mark.parametrize("kinds, expected", [
    (["float32"] * 3, np.float32), (["Float32"] * 3, np.float32), (["Float64"] * 3, np.float64),
    (["float32", "float64", "float32"], np.float64), (["Float32", "Int8", "Float32"], np.float64),
    (["int64"] * 3, np.int64)])
def test_types_of_data_frames(kinds, expected):
    """Half of the memory where all columns are single, nullable or not."""
    frame = pd.DataFrame(data(10, 3)[0] * 9).round().astype(dict(enumerate(kinds)))
    assert np.asarray(check_features(frame)).dtype == expected


def test_rounding_is_that_of_the_type():
    for kind in (np.float16, np.float32, np.float64):
        x = np.ones((2, 1), kind)
        assert rounding(x) == rounding(torch.tensor(x)) == np.finfo(kind).eps > 0
    assert rounding(torch.ones(2, 1).bfloat16()) == 2.0**-7
    assert rounding(np.ones(2, int)) == rounding(torch.ones(2, dtype=torch.bool)) == 0


def test_arrays_of_many_layouts_are_the_same_numbers():
    x = np.arange(24.0).reshape(4, 6)
    frozen = x.copy()
    frozen.flags.writeable = False
    for given in (x, x.astype(np.float32), np.asfortranarray(x), x[::-1][::-1], frozen,
                  x.astype(">f8"), x.astype(int), torch.tensor(x), torch.tensor(x).int(),
                  np.broadcast_to(x, x.shape)):
        found = to_tensor(given, torch.device("cpu"))
        assert found.tolist() == x.tolist() and found.dtype in PLAIN
    assert to_tensor(x.astype(np.float32), torch.device("cpu")).dtype == torch.float32
    assert to_tensor(x, torch.device("cpu")).data_ptr() == x.ctypes.data  # no copy
    for kind in PLAIN:
        given = torch.ones(3, 2, dtype=kind)
        found = to_tensor(given, torch.device("cpu"))
        assert found.dtype == kind and found.data_ptr() == given.data_ptr()


def test_a_masked_array_in_which_nothing_is_masked_is_its_numbers():
    x = np.ma.array(np.ones((3, 2), np.float32), mask=False)
    assert check_features(x).dtype == np.float32
    x[1, 0] = np.ma.masked
    assert np.isnan(check_features(x)).tolist() == [[False, False], [True, False], [False, False]]


def test_the_least_and_the_largest_label():
    ends = [-(2**63), -1000, 1000, 2**63 - 1]
    assert label_numbers(ends).tolist() == ends
    for beyond in (-(2**63) - 1, 2**63):
        with pytest.raises(TypeError, match="whole numbers or text"):
            label_numbers([0, beyond])


def test_labels_of_a_narrow_type():
    assert label_numbers(np.array([3, 250], np.uint8)).dtype == np.int64
    with pytest.raises(TypeError, match=r"whole numbers or text as labels, got .*2026-11-28"):
        label_numbers(np.array(["2026-11-28"], "datetime64[D]"))


def test_a_label_that_is_an_array_is_not_missing():
    labels = np.empty(2, object)
    labels[:] = [np.arange(2), np.arange(3)]
    with pytest.raises(TypeError, match="cannot be hashed"):
        encode_labels(labels)


def test_transferability_to_a_weak_target():
    """The target's own score may be small."""
    x, y = data(classes=2, signal=0.3)
    result = transferability(x[:, :2], x, y)
    assert result.target.statistic < 1
    assert float(result) == result.source.statistic / result.target.statistic


def test_the_place_of_a_number_that_is_not_finite():
    """Rows 40 and on of this call, after 100 samples of earlier ones."""
    x = torch.tensor([[0.0, 1], [2, torch.nan]])
    assert "hold nan at row 41 of this batch (sample 141 of all), column 1" in str(
        not_finite(x, 40, 100))
    assert "hold nan at row 41, column 1" in str(not_finite(x, 40))
    assert "features hold nan at row 1, column 1" in str(not_finite(x))
