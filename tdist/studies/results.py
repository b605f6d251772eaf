"""Stored results of a study: a JSON file that grows unit by unit, so a killed run loses nothing."""

import json
import os
import platform
import re
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tdist.manners import sole_writer, write_aside

# from a checkout, and from its notebooks; nothing outside the current folder is written unasked
FOLDERS = ("notebooks/results", "results")
NAME = r"\w[\w.+-]*"  # of a study and its file: never a path
PARTS = ("name", "command", "config", "device", "versions", "seconds", "units")


def command(name, source=None):
    """The command that makes the stored result of a study, here or in the user's own file."""
    return f"python -m tdist.studies run {name}" + (f" --from {source}" if source else "")


def where(folder=None):
    """The folder of stored results: the one named, or ``notebooks/results`` or ``results`` here.

    Parameters
    ----------
    folder : str or Path, optional

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        If the folder named is not there, or none is named and neither of the two is there.
    """
    choices = FOLDERS if folder is None else (folder,)
    for path in map(Path, choices):
        if path.is_dir():
            return path
    if folder is not None:
        raise FileNotFoundError(f"the folder {folder} is not there; create it first")
    raise FileNotFoundError(f"there is no folder {' or '.join(FOLDERS)} in {Path.cwd()}; name one "
                            "with --out FOLDER (in Python: folder=), or create it")


def path_of(name, folder=None):
    """FOLDER/NAME.json; ValueError for a name that is more than a name."""
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise ValueError(f"a result's name has letters, digits, '.', '_', '+' and '-' only, "
                         f"got {name!r}")
    return where(folder) / f"{name}.json"


class Results:
    """The units of one study, in FOLDER/NAME.json; ``with`` it, this process is the only writer.

    Parameters
    ----------
    name : str
        Name of the file.
    config : dict
        What the units depend on (sizes, seeds). A stored file with another config is refused, not
        overwritten.
    command : str
        The command that makes the file.
    folder : str or Path, optional
        Where the file is; by default as :func:`where`.

    Attributes
    ----------
    path : Path
    data : dict
        What the file holds.

    Raises
    ------
    ValueError
        If the file has another config, or is not a whole stored result.
    RuntimeError
        In ``with``, if another process is writing the file.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with Results("sums", {"terms": 3}, "a command", folder) as results:
    ...     results.unit("first", lambda: 1 + 2 + 3)
    6
    >>> load("sums", folder)["units"]
    {'first': 6}
    """

    def __init__(self, name, config, command, folder=None):
        self.path, self.config = path_of(name, folder), _plain("the configuration", config)
        self.new = {"name": name, "command": command, "config": self.config, "device": None,
                    "versions": {}, "seconds": 0.0, "units": {}}
        self.writer = None
        self.data = self._read()

    def _read(self):
        if not self.path.exists():
            return self.new
        stored = read(self.path)
        if stored["config"] != self.config:
            raise ValueError(f"{self.path} was made with another configuration, "
                             f"{stored['config']}; move it away to start afresh")
        return stored

    def __enter__(self):
        writer = sole_writer(self.path)
        writer.__enter__()
        self.writer = writer
        self.data = self._read()  # the last writer may have added units since
        return self

    def __exit__(self, *error):
        self.writer, writer = None, self.writer
        return writer.__exit__(*error)

    def put(self, key, value, seconds=0.0):
        """Save a unit; the value as it is stored. What JSON cannot hold is refused, and the rest
        is untouched."""
        if self.writer is None:
            raise RuntimeError(f"{self.path} is open for reading; write inside: with results: ...")
        value = _plain(f"unit {key!r}", value)
        new = self.data | {"units": self.data["units"] | {key: value},
                           "seconds": round(self.data["seconds"] + seconds, 1)}
        if not self.data["units"]:
            new |= {"device": describe_device(), "versions": _versions()}
        text = json.dumps(new, indent=1) + "\n"
        write_aside(self.path, lambda file: file.write(text.encode()))
        self.data = new
        return value

    def unit(self, key, compute):
        """The stored value of a unit, or compute() once, saved before it is returned."""
        if key not in self.data["units"]:
            self.put(key, compute())
        return self.data["units"][key]


def _plain(what, value):
    """The value as JSON gives it back, or an error that says what cannot be stored."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except TypeError as error:
        raise TypeError(f"{what} cannot be stored: {error}; give Python's own numbers, strings, "
                        "lists and dicts, as float(x) or x.tolist()") from None
    except ValueError as error:
        raise ValueError(f"{what} cannot be stored: {error}; JSON has no NaN and no infinity: "
                         "give None where there is no number") from None


def describe_device(device=None):
    """A device in words; by default the GPU if there is one, else the processor."""
    import torch

    if device == "cuda" or (device is None and torch.cuda.is_available()):
        return torch.cuda.get_device_name()
    return f"CPU, {os.cpu_count()} cores, {platform.machine()}, {_processor()}"


def peak_memory():
    """The most memory that this process has had, GB, by the kernel of Linux: resource.getrusage
    would count the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s*(\d+) kB", status).group(1)) * 1024 / 1e9


def _versions():
    found = {"python": platform.python_version()}
    for package in ("torch", "numpy", "scikit-learn", "timm"):
        with suppress(PackageNotFoundError):  # timm may be left out
            found[package] = version(package)
    return found


def _processor():
    info = Path("/proc/cpuinfo")  # Linux; elsewhere platform knows the processor
    described = info.read_text(encoding="utf-8") if info.exists() else ""
    found = re.search(r"model name\s*: (.+)", described)
    return found.group(1).strip() if found else platform.processor() or "unknown processor"


def read(path):
    """A stored result as a dict; ValueError with the path if the file is not a whole one."""
    try:
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a whole stored result: {error}; restore it, or move it "
                         "away to start afresh") from None
    if not isinstance(stored, dict) or (missing := [p for p in PARTS if p not in stored]):
        lacks = f"has no {missing}" if isinstance(stored, dict) else f"holds {type(stored)}"
        raise ValueError(f"{path} is not a whole stored result: it {lacks}; restore it, or move it "
                         "away to start afresh")
    if stored["command"].endswith("--scale paper"):  # files older than today's command line
        stored["command"] = command(stored["name"])
    return stored


def load(name, folder=None):
    """The stored result of a study.

    Parameters
    ----------
    name : str
    folder : str or Path, optional
        By default as :func:`where`.

    Returns
    -------
    dict
        name, command, config, device, versions, seconds, and units {key: value}.

    Raises
    ------
    FileNotFoundError
        If it is not there, with the command that makes it.
    ValueError
        If the file is not a whole stored result.

    Examples
    --------
    >>> import tempfile
    >>> load("digits", tempfile.mkdtemp())
    Traceback (most recent call last):
    FileNotFoundError: ... is not there; make it with: python -m tdist.studies run digits
    """
    path = path_of(name, folder)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; make it with: {command(name)}")
    return read(path)
