"""What every room does alike."""

import copy
import os
import pickle
import stat
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from tdist.manners import Diverged, line, need, sole_writer, whole, write_aside


@dataclass(frozen=True, repr=False)
class Result:
    value: object

    __repr__ = line


@pytest.mark.parametrize(("value", "shown"), [
    (1.23456789, "1.235"), (7, "7"), (np.float32(0.1), "0.1"), (np.int64(3), "3"), ("a", "'a'"),
    (torch.tensor(2.5), "2.5"), (np.zeros((2, 3)), "ndarray (2, 3)"), (None, "None"),
    (torch.zeros(4, 1), "Tensor (4, 1)"), ([1.5, 2.0], "[1.5, 2]"), ((1, 2, 3), "(1, 2, 3)"),
    (list(range(9)), "9 of int"), (dict.fromkeys(range(9), 0.5), "9 of float"),
    (nn.Linear(2, 2), "Linear"), ([], "[]"), (True, "True"), (float("nan"), "nan"),
])
def test_a_result_is_shown_in_one_readable_line(value, shown):
    assert repr(Result(value)) == f"Result(value={shown})"


def test_an_error_of_training_travels_with_its_network():
    error = Diverged("step 3", nn.Linear(2, 1))
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert str(other) == str(error) and other.where == "step 3"
        assert torch.equal(other.network.weight, error.network.weight)
    assert isinstance(error, ArithmeticError)


def test_whole_numbers():
    for value in (3, 3.0, np.int64(3), np.float32(3)):
        assert whole("n", value, 1) == 3 and type(whole("n", value, 1)) is int
    for value in (0, -1, 2.5, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="n must be a whole number, at least 1"):
            whole("n", value, 1)
    for value in ("3", None, True, [3]):
        with pytest.raises(TypeError, match="n must be a whole number, at least 1"):
            whole("n", value, 1)


def test_a_package_of_no_group_is_named_by_itself():
    with pytest.raises(ModuleNotFoundError, match=r"no_such .* pip install no_such$"):
        need("no_such")


def test_a_file_is_whole_or_as_before(tmp_path):
    path = tmp_path / "file"
    write_aside(path, lambda file: file.write(b"one"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask()
    path.chmod(0o600)
    write_aside(path, lambda file: file.write(b"two"))
    assert path.read_bytes() == b"two" and stat.S_IMODE(path.stat().st_mode) == 0o600

    def broken(file):
        file.write(b"th")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"file could not be written.*No space left"):
        write_aside(path, broken)
    with pytest.raises(KeyboardInterrupt):
        write_aside(path, lambda file: (_ for _ in ()).throw(KeyboardInterrupt))
    assert path.read_bytes() == b"two" and os.listdir(tmp_path) == ["file"]


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_errors_name_a_folder_that_is_missing_or_in_the_way(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}/no does not exist"):
        write_aside(tmp_path / "no" / "file", lambda file: None)
    with pytest.raises(IsADirectoryError, match=f"{tmp_path} is a folder"):
        write_aside(tmp_path, lambda file: None)


def test_a_file_has_one_writer(tmp_path):
    path = tmp_path / "run"
    second = f"from tdist.manners import sole_writer\nwith sole_writer({str(path)!r}): print('in')"

    def other():
        return subprocess.run([sys.executable, "-c", second], capture_output=True, text=True,
                              check=False)

    with sole_writer(path):
        assert "RuntimeError" in (told := other().stderr) and str(path) in told
    assert other().stdout == "in\n"
    with pytest.raises(KeyError), sole_writer(path):
        raise KeyError
    with sole_writer(path):  # given back by the error too
        pass
    assert os.listdir(tmp_path) == []
