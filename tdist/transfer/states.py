"""The state of a long run in a file: a killed run goes on from there, one run writes it at a time,
and a file that is damaged or of another run is refused."""

import hashlib
import re
from contextlib import nullcontext
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

import numpy as np
import torch

from tdist.manners import sole_writer, write_aside

# settings that say how many roads follow each other, and how long fine-tuning is: no road depends
# on them
FREE = ("iterations", "fine_tune_steps")
START = ("identity", "weights", "couplings", "start_gap", "iterations", "cost", "road", "checksum")
LATER = ("end",)  # from the first road on


def identity(source, target, network, settings, classes, features, test, seed, kind,
             replicas):
    """A fingerprint of everything that the numbers of a road depend on: {what: digest}."""
    modules = re.sub("0x[0-9a-f]+", "", repr(network))  # without addresses
    trained = [name for name, weight in network.named_parameters() if weight.requires_grad]
    named = {name: value for name, value in asdict(settings).items() if name not in FREE}
    near = [features(task) for task in (source, target)] if features else []
    whose = ("source", "target", "test images of the source", "test images of the target")
    tasks = zip(whose, (source, target, *(test or ())), strict=False)
    return {"settings": _digest(named), "seed": _digest(seed),
            "kind of road": _digest(kind), "replicas": _digest(replicas),
            "classes": _digest(classes if classes is None else list(classes)),
            "network": _digest([modules, trained]),
            "weights of the network": _digest(network.state_dict()), "features": _digest(near),
            **{what: _digest([list(task.classes), task.images, task.labels])
               for what, task in tasks}}


def _digest(value):
    digest = hashlib.sha256()
    for part in _parts(value):
        digest.update(part)
    return digest.hexdigest()


def _parts(value):
    """The bytes of nested lists and dictionaries of tensors and plain values, with their kinds."""
    if isinstance(value, dict):
        value = [pair for item in value.items() for pair in item]
    if isinstance(value, list | tuple):
        yield f"[{len(value)}".encode()
        for part in value:
            yield from _parts(part)
    elif isinstance(value, torch.Tensor):
        yield f"{value.dtype} {tuple(value.shape)}".encode()
        yield value.detach().cpu().flatten().view(torch.uint8).numpy()  # of any precision
    else:  # a name or a number, NumPy's as Python's
        yield repr(value.item() if isinstance(value, np.generic) else value).encode()


def hold(path):
    """A context in which the file is this run's alone; without a path, any.

    Raises RuntimeError if another run has it, and OSError, at once and not after hours of training,
    if it cannot be written.
    """
    return nullcontext() if path is None else sole_writer(path)


def save(path, state):
    """Write the state to a file; without a path, nothing. A kill leaves the old or the new."""
    if path is not None:
        whole = state | {"checksum": _digest(state)}
        write_aside(path, lambda file: torch.save(whole, file))


def load(path, identity, device):
    """The state in a file, on a device; None if there is no file.

    Raises ValueError if the file is another run's, damaged, or no state.
    """
    if path is None or not Path(path).exists():
        return None
    content = BytesIO(Path(path).read_bytes())  # an error of the disk is not one of the content
    try:
        state = torch.load(content, map_location=device, weights_only=True)
        found = dict(state["identity"])
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # a file that is no state fails in any way
        raise ValueError(f"{path} is not the state of a transfer; name another file") from error
    needed = START + LATER * bool(state.get("iterations"))
    if missing := [key for key in needed if key not in state]:
        raise ValueError(f"{path} is the state of a transfer without its {', '.join(missing)}; "
                         "move it away to start afresh")
    if state.pop("checksum") != _digest(state):
        raise ValueError(f"{path} is damaged: its checksum is that of other numbers; move it away "
                         "to start afresh")
    differ = [what for what in {**identity, **found} if identity.get(what) != found.get(what)]
    if differ:
        raise ValueError(
            f"{path} belongs to another run, by its {', '.join(differ)}; move it away to start "
            "afresh. (New random weights? Call torch.manual_seed before the network is made.)")
    return state
