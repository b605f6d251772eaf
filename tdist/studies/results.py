"""Stored results of a study: a JSON file that grows unit by unit, so a killed run loses nothing."""

import json
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parents[2] / "notebooks" / "results"


class Results:
    """The units of one study at one scale, in FOLDER/NAME.json.

    Parameters
    ----------
    name : str
        Name of the file.
    config : dict
        What the units depend on (sizes, seeds). A stored file with another config is refused, not overwritten.
    command : str
        The command that makes the file.
    folder : Path
        Where the file is.
    """

    def __init__(self, name, config, command, folder=FOLDER):
        self.path = Path(folder) / f"{name}.json"
        self.data = {"name": name, "command": command, "config": config, "device": describe_device(),
                     "versions": {"python": platform.python_version()}
                     | {package: version(package) for package in ("torch", "numpy", "scikit-learn", "timm")},
                     "seconds": 0.0, "units": {}}
        if self.path.exists():
            stored = load(name, folder)
            if stored["config"] != config:
                raise ValueError(f"{self.path} was made with another configuration, {stored['config']}; "
                                 "move it away to start afresh")
            self.data = stored

    def unit(self, key, compute):
        """The stored value of a unit, or compute() once, saved before it is returned."""
        if key not in self.data["units"]:
            start = time.perf_counter()
            value = compute()
            self.data["units"][key] = value
            self.data["seconds"] = round(self.data["seconds"] + time.perf_counter() - start, 1)
            fresh = self.path.with_suffix(".tmp")
            fresh.write_text(json.dumps(self.data, indent=1) + "\n")
            fresh.replace(self.path)  # a kill leaves the old file or the new one, never half a file
        return self.data["units"][key]


def describe_device(device=None):
    """A device in words; by default the GPU if there is one."""
    if device == "cuda" or (device is None and torch.cuda.is_available()):
        return torch.cuda.get_device_name()
    return f"CPU, {os.cpu_count()} cores, {platform.machine()}"


def load(name, folder=FOLDER):
    """The stored result NAME as a dict, or FileNotFoundError with the command that makes it."""
    path = Path(folder) / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; make it with: python -m tdist.studies {name} --scale paper")
    return json.loads(path.read_text())
