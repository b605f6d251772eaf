"""Running the studies: what is stored and what is missing, one unit after another or side by side,
and the cheap units again."""

import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import torch
from tqdm import tqdm

from tdist.manners import line, need
from tdist.studies import shelf  # noqa: F401  registers every study
from tdist.studies.results import Results, command, load, path_of
from tdist.studies.study import STUDIES, load_file

BACKENDS = ("loky", "dask", "ray")


def find(name, source=None):
    """A registered study by name, after running the user's file that registers it, if one is given.

    Raises
    ------
    ValueError
        If there is no such study, with those that there are.
    """
    if source is not None:
        load_file(source)
    if name not in STUDIES:
        raise ValueError(f"there is no study {name!r}; there are {', '.join(STUDIES)}. A study of "
                         "your own is found with --from FILE.py")
    return STUDIES[name]


@dataclass(frozen=True, repr=False)
class State:
    """How far a study is; ``float(state)`` is the share that is done.

    Attributes
    ----------
    done : list of str
    left : list of str
        Keys of the units that are stored, and of those that are not.
    seconds : float
        That the stored units took.
    device : str
        That they ran on.

    Examples
    --------
    >>> float(State("mine", done=["a"], left=["b", "c", "d"]))
    0.25
    """

    name: str
    done: list
    left: list
    seconds: float = 0.0
    device: str = ""

    __repr__ = line

    def __float__(self):
        return len(self.done) / (len(self.done) + len(self.left))


def state(name, *, source=None, folder=None):
    """What is stored of a study, and what is left.

    Parameters
    ----------
    name : str
    source : str or Path, optional
        The user's file that registers it.
    folder : str or Path, optional
        Of the stored results, as ``tdist.studies.results.where``.

    Returns
    -------
    State

    Examples
    --------
    >>> import tempfile
    >>> found = state("digits", folder=tempfile.mkdtemp())
    >>> len(found.done), len(found.left), float(found)
    (0, 62, 0.0)
    """
    jobs = find(name, source).jobs()
    if not path_of(name, folder).exists():
        return State(name, [], list(jobs))
    stored = load(name, folder)
    done = [key for key in jobs if key in stored["units"]]
    return State(name, done, [key for key in jobs if key not in stored["units"]],
                 stored["seconds"], stored["device"])


def run(name, *, source=None, keys=None, folder=None, jobs=1, backend="loky", progress=True):
    """Compute the units of a study that are not stored, and store each as it is done.

    Parameters
    ----------
    name : str
    source : str or Path, optional
        The user's file that registers the study.
    keys : list of str, optional
        These units only.
    folder : str or Path, optional
        Of the stored results, as ``tdist.studies.results.where``.
    jobs : int
        Units side by side, in as many processes; this one alone writes.
    backend : "loky", "dask" or "ray"
        Joblib's: processes of this machine, or those of a cluster. Dask's is the one that
        ``DASK_SCHEDULER_ADDRESS`` names, Ray's the one that ``RAY_ADDRESS`` names; without the
        variable, one is started here. Ray gives `jobs` units back at a time. A cluster's machines
        need the package, the data and the user's file at the same paths.
    progress : bool
        Show bars.

    Returns
    -------
    State
        After the run.

    Raises
    ------
    ValueError
        If there is no such study, unit or back end, or the file has another configuration.
    FileNotFoundError
        If data are missing that a unit needs, or there is no folder for the result.
    RuntimeError
        If another process is writing the file.

    Examples
    --------
    >>> import tempfile
    >>> from tdist.studies import Study, load, register
    >>> folder = tempfile.mkdtemp()
    >>> study = register(Study("cubes", {str(k): lambda k=k: k**3 for k in range(4)}))
    >>> found = run("cubes", keys=["2", "3"], folder=folder, progress=False)
    >>> found.done, found.left, float(found)
    (['2', '3'], ['0', '1'], 0.5)
    >>> load("cubes", folder)["units"]
    {'2': 8, '3': 27}
    >>> del STUDIES["cubes"]
    """
    study = find(name, source)
    units = study.jobs(progress and jobs == 1)
    if isinstance(keys, str):
        raise TypeError(f"keys must be a list of units, got the string {keys!r}; try [{keys!r}]")
    if unknown := [key for key in keys or () if key not in units]:
        raise ValueError(f"{name} has no unit {unknown[0]!r}; it has {', '.join(units)}")
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, got {jobs}")
    if keys is None and (missing := study.missing()):
        raise FileNotFoundError("\n".join(missing))
    with Results(name, study.config, command(name, source), folder) as results:
        left = [key for key in keys or units if key not in results.data["units"]]
        done = _serial(units, left) if jobs == 1 else _parallel(name, source, left, jobs, backend)
        for key, value, seconds in tqdm(done, name, len(left), disable=not progress or not left):
            results.put(key, value, seconds)
    return state(name, folder=folder)


def _serial(units, left):
    for key in left:
        yield _timed(key, units[key])


def _parallel(name, source, left, jobs, backend):
    source = source and str(Path(source).resolve())  # a worker may have another current folder
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {BACKENDS}, got {backend!r}")
    if backend == "ray":
        _cluster("ray.util.joblib", "ray[default]").register_ray()
    cluster = (_cluster("distributed", "dask[distributed]").Client() if backend == "dask"
               else nullcontext())
    calls = [joblib.delayed(_in_worker)(name, source, key) for key in left]
    with cluster, joblib.parallel_config(backend=backend, n_jobs=jobs):
        if backend == "ray":  # gives its results back in blocks only: `jobs` units at a time
            for start in range(0, len(calls), jobs):
                yield from joblib.Parallel(batch_size=1)(calls[start:start + jobs])
        else:
            yield from joblib.Parallel(return_as="generator_unordered", batch_size=1)(calls)


def _cluster(module, package):
    try:
        return need(module)
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(f"{missing.name} is not installed; get it with: "
                                  f"pip install '{package}'", name=missing.name) from None


def _in_worker(name, source, key):
    """A worker is told names, not functions: so it caches what its units share, as one process
    does, and a unit can be any function."""
    return _timed(key, _jobs(name, source)[key])


@cache
def _jobs(name, source):
    return find(name, source).jobs()


def _timed(key, unit):
    start = time.perf_counter()
    value = unit()
    return key, value, time.perf_counter() - start


@dataclass(frozen=True, repr=False)
class Check:
    """A cheap unit that was computed again; ``float(result)`` is `deviation`.

    Attributes
    ----------
    key : str
    deviation : float
        The furthest that a number is from the stored one, relative to it.
    tolerance : float
        How far it may be: runs on another processor round differently.

    Examples
    --------
    >>> Check("a", deviation=0.015, tolerance=0.02).holds
    True
    """

    key: str
    deviation: float
    tolerance: float

    __repr__ = line

    def __float__(self):
        return self.deviation

    @property
    def holds(self):
        return self.deviation <= self.tolerance


def check(name, *, source=None, folder=None):
    """Compute the cheap units of a stored study again, on one thread.

    Parameters
    ----------
    name : str
    source : str or Path, optional
        The user's file that registers the study.
    folder : str or Path, optional
        Of the stored results, as ``tdist.studies.results.where``.

    Returns
    -------
    list of Check

    Raises
    ------
    FileNotFoundError
        If nothing is stored, or data are missing that a unit needs.
    ValueError
        If the study was stored with another configuration, or has no cheap unit.

    Examples
    --------
    >>> import tempfile
    >>> from tdist.studies import Study, register
    >>> folder = tempfile.mkdtemp()
    >>> study = register(Study("cube", {"3": lambda: 3**3}, check={"3": 1e-9}))
    >>> _ = run("cube", folder=folder, progress=False)
    >>> check("cube", folder=folder)
    [Check(key='3', deviation=0, tolerance=1e-09)]
    >>> del STUDIES["cube"]
    """
    study = find(name, source)
    if not study.check:
        raise ValueError(f"{name} names no cheap unit to check")
    stored, units = load(name, folder), study.jobs()
    Results(name, study.config, stored["command"], folder)  # of the same configuration?
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the stored runs had: more threads sum in another order
    try:
        return [Check(key, deviation(units[key](), stored["units"][key]), tolerance)
                for key, tolerance in study.check.items() if key in stored["units"]]
    finally:
        torch.set_num_threads(threads)


def deviation(found, stored):
    """The furthest that a number is from the stored one, relative to it; infinity if the two do not
    have the same shape.

    Examples
    --------
    >>> deviation({"a": [1.0, 2.1]}, {"a": [1.0, 2.0]})  # doctest: +ELLIPSIS
    0.05...
    >>> deviation([1.0], [1.0, 2.0])
    inf
    """
    if isinstance(stored, dict) and isinstance(found, dict) and set(stored) == set(found):
        return max((deviation(found[key], stored[key]) for key in stored), default=0.0)
    if isinstance(stored, list) and isinstance(found, list | tuple) and len(stored) == len(found):
        return max(map(deviation, found, stored), default=0.0)
    numbers = isinstance(stored, int | float) and isinstance(found, int | float)
    if numbers and stored and found != stored:
        away = abs(found - stored) / abs(stored)
        return away if away < np.inf else np.inf  # max() would pass over a NaN
    return 0.0 if found == stored else np.inf
