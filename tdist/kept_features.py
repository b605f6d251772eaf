"""Features of a model's layers on disk, by the content of model, preprocessing and images: made in
one pass that goes on where it was stopped, read without being loaded."""

import hashlib
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from numpy.lib.format import open_memmap
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from tdist.auto_layers import auto_layers, first_token
from tdist.features import batches
from tdist.manners import write_aside
from tdist.tasks import data_folder

SAVED = 20  # seconds after which a pass notes how far it is


class Prepared(Dataset):
    """Items from a place on, as a model takes them: (input, 0)."""

    def __init__(self, items, prepare, start=0):
        self.items, self.prepare, self.start = items, prepare, start

    def __len__(self):
        return len(self.items) - self.start

    def __getitem__(self, i):
        return self.prepare(self.items[self.start + i][0]), 0


def default_cache():
    """The folder that features are kept in: ``ranking`` in :func:`tdist.tasks.data_folder`."""
    return data_folder() / "ranking"


def kept_features(candidate, images, layers="auto", *, cache=None, batch=64, workers=0,
                  device=None, progress=True):
    """Features of a model's layers for all images, from the disk or in one pass.

    What is on the disk is found by the content of the model's weights and code, its preprocessing,
    and the images. A pass that was stopped goes on where it was.

    Parameters
    ----------
    candidate : tdist.candidates.Candidate
    images : tdist.images.Images
    layers : "auto", or sequence of str
    cache : str or Path, optional
    batch, workers : int
        Images that go through the model at once; processes that read them.
    device : str, optional
    progress : bool

    Returns
    -------
    features : dict of numpy.ndarray, shapes (n, k)
        By layer, float32, each mapped from its file: a layer takes memory while it is read.
    seconds : float
        That the pass took now; 0 if everything was on the disk.
    """
    folder = Path(cache) if cache else default_cache()
    key = hashlib.sha256(f"{candidate.digest}{images.digest}".encode()).hexdigest()[:24]
    place = folder.expanduser() / key
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / "lock"):
        pools = _pools(place, candidate, images, layers)
        missing = {name: pool for name, pool in pools.items()
                   if not _file(place, name, pool).exists()}
        began = time.perf_counter()
        if missing:
            _one_pass(place, candidate, images, missing, batch, workers, device, progress)
        seconds = time.perf_counter() - began if missing else 0.0
    return {name: np.load(_file(place, name, pool), mmap_mode="r")
            for name, pool in pools.items()}, seconds


def _pools(place, candidate, images, layers):
    """{layer: pool}, for "auto" from two images, once."""
    if not isinstance(layers, str) or layers != "auto":
        return dict.fromkeys([layers] if isinstance(layers, str) else layers, "mean")
    known, named = place / "auto.json", {"first token": first_token}
    if known.exists():
        return {name: named.get(pool, pool) for name, pool in
                json.loads(known.read_text(encoding="utf-8")).items()}
    weight = next(iter(candidate.network.parameters()), torch.empty(0))
    two = torch.stack([candidate.prepare(images.items[i][0]) for i in (0, len(images) - 1)])
    training = candidate.network.training
    pools = auto_layers(candidate.network.eval(), two.to(weight.device, weight.dtype))
    candidate.network.train(training)
    said = {name: "first token" if pool is first_token else pool for name, pool in pools.items()}
    write_aside(known, lambda file: file.write(json.dumps(said).encode()))
    return pools


def _file(place, layer, pool):
    """Of the features of a layer: layers' names may be empty, long, or differ in case only."""
    said = f"{layer}\0{getattr(pool, '__name__', pool)}"
    return place / f"{hashlib.sha256(said.encode()).hexdigest()[:24]}.npy"


def _one_pass(place, candidate, images, pools, batch, workers, device, progress):
    """Run the model over what is left and put the features into their files."""
    names = {name: _file(place, name, pool) for name, pool in pools.items()}
    joined = "\0".join(sorted(file.name for file in names.values()))
    state = place / f"{hashlib.sha256(joined.encode()).hexdigest()[:24]}.json"
    done = json.loads(state.read_text(encoding="utf-8"))["rows"] if state.exists() else 0
    parts = {name: file.with_suffix(".part") for name, file in names.items()}
    if done and not all(part.exists() for part in parts.values()):
        done = 0
    maps = {name: open_memmap(part, "r+") for name, part in parts.items()} if done else {}
    loader = DataLoader(Prepared(images.items, candidate.prepare, done), batch,
                        num_workers=workers)
    saved = time.monotonic()
    network = candidate.network if device is None else candidate.network.to(device)
    with (warnings.catch_warnings(), tqdm(total=len(images), initial=done, desc=candidate.name,
                                          unit=" images", disable=not progress) as bar):
        warnings.filterwarnings("ignore", message=".*by these lengths alone")
        for features, labels in batches(network, loader, list(pools), pool=pools, progress=False):
            rows = slice(done, done + len(labels))
            for name, x in features.items():
                if name not in maps:
                    maps[name] = open_memmap(parts[name], "w+", np.float32,
                                             (len(images), x.shape[1]))
                maps[name][rows] = x.detach().float().cpu().numpy()
            done = rows.stop
            bar.update(len(labels))
            if time.monotonic() - saved > SAVED:
                _note(state, maps, done)
                saved = time.monotonic()
    for name, array in maps.items():
        array.flush()
        os.replace(parts[name], names[name])
    state.unlink(missing_ok=True)


def _note(state, maps, done):
    """The features first, then how many rows of them hold."""
    for array in maps.values():
        array.flush()
    write_aside(state, lambda file: file.write(json.dumps({"rows": done}).encode()))
