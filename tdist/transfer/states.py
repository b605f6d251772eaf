"""The state of a long run in a file: a killed run goes on from there, and a file of another run is refused."""

import hashlib
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch


def identity(source, target, network, settings, classes, features, test, seed):
    """A fingerprint of everything that the numbers of a road depend on: {what: digest}. How many roads follow each
    other, and how long fine-tuning is, are left out."""
    modules = re.sub("0x[0-9a-f]+", "", repr(network))  # without addresses
    named = {key: value for key, value in asdict(settings).items() if key not in ("iterations", "fine_tune_steps")}
    near = map(features, (source, target)) if features else ()
    return {"settings": _digest(repr(sorted(named.items()))), "classes": _digest(repr(classes)),
            "seed": _digest(repr(seed)), "network": _digest(modules),
            "weights of the network": _digest(*network.state_dict().values()), "features": _digest(*near)
            } | {what: _digest(repr(tuple(task.classes)), task.images, task.labels) for what, task in zip(
                ("source", "target", "test images of the source", "test images of the target"),
                (source, target, *(test or ())), strict=False)}


def _digest(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else
                      np.ascontiguousarray(torch.as_tensor(part).detach().cpu().numpy()))
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
        found = dict(state["identity"])
    except (OSError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # a file that is no state fails in any way
        raise ValueError(f"{path} is not the state of a transfer; name another file") from error
    differ = [what for what in {**identity, **found} if identity.get(what) != found.get(what)]
    if differ:
        raise ValueError(f"{path} belongs to another run, by its {', '.join(differ)}; move it away to start afresh. "
                         "(New random weights? Call torch.manual_seed before the network is made.)")
    return state
