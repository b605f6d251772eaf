"""The state of a long run in a file: a killed run goes on from there, and a file of another run is refused."""

import hashlib
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch


def identity(source, target, network, settings, classes, features, test, seed):
    """A fingerprint of everything that a transfer's numbers depend on."""
    modules = re.sub("0x[0-9a-f]+", "", repr(network))  # without addresses
    digest = hashlib.sha256(repr((asdict(settings), classes, seed, modules)).encode())
    for task in (source, target, *(test or ())):
        digest.update(repr(task.classes).encode())
        for part in (task.images, task.labels):
            digest.update(part.cpu().contiguous().numpy())
    for value in (*network.state_dict().values(), *(map(features, (source, target)) if features else ())):
        digest.update(np.ascontiguousarray(torch.as_tensor(value).cpu().numpy()))
    return digest.hexdigest()


def save(path, state):
    """Write the state to a file; without a path, nothing. A kill leaves the old state or the new one."""
    if path is not None:
        fresh = Path(f"{path}.unfinished")
        torch.save(state, fresh)
        fresh.replace(path)


def load(path, identity, device):
    """The state in a file, on a device; None if there is no file.

    Raises ValueError if the file is another run's or no state, and FileNotFoundError if its folder is missing.
    """
    if path is None:
        return None
    if not Path(path).parent.is_dir():
        raise FileNotFoundError(f"{Path(path).parent} does not exist; create it first, or save elsewhere")
    if not Path(path).exists():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        found = state["identity"]
    except (OSError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # a file that is no state fails in any way
        raise ValueError(f"{path} is not the state of a transfer; name another file") from error
    if found != identity:
        raise ValueError(f"{path} belongs to another run: other tasks, network, settings, seed or version; "
                         "move it away to start afresh")
    return state
