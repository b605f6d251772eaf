"""What a study is: named units of work, each stored when it is done; and the list of studies."""

import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from tdist.manners import line, write_aside
from tdist.studies.results import NAME
from tdist.tasks import data_folder

STUDIES = {}  # the studies that are registered, by name


@dataclass(frozen=True, repr=False)
class Study:
    """An experiment whose result is stored unit by unit.

    Parameters
    ----------
    name : str
        Of the study and of its file, NAME.json.
    units : dict, or callable
        {key: function without arguments}, or a function of ``progress`` (whether the units show
        bars of their own) that gives one. A unit stands by itself: units run in any order and in
        several processes. What several of them need, they keep (:func:`kept`) or cache. Its value
        is what JSON holds: numbers, strings, lists, dicts.
    config : dict
        Sizes, seeds, settings: what the units depend on. A file with another config is refused.
    check : dict, optional
        Of the cheap units, which anyone can compute again in seconds: {key: how far a number may
        be from the stored one, relative to it}.
    needs : dict, optional
        {name of a data set: function that raises an OSError naming the way out if it is missing}.
    takes : str
        How long, in words.

    Raises
    ------
    TypeError
        If the units are neither a dict nor a function.
    ValueError
        If a cheap unit is not one of the units.

    Examples
    --------
    >>> from functools import partial
    >>> study = Study("powers", {str(n): partial(pow, 2, n) for n in range(4)}, takes="no time")
    >>> {key: unit() for key, unit in study.jobs().items()}
    {'0': 1, '1': 2, '2': 4, '3': 8}
    """

    name: str
    units: Mapping | Callable
    config: dict = field(default_factory=dict)
    check: dict = field(default_factory=dict)
    needs: dict = field(default_factory=dict)
    takes: str = ""

    __repr__ = line

    def __post_init__(self):
        if not isinstance(self.units, Mapping) and not callable(self.units):
            raise TypeError("units must be a dict {key: function}, or a function of progress that "
                            f"gives one; got {type(self.units).__name__}")
        if isinstance(self.units, Mapping) and (other := set(self.check) - set(self.units)):
            raise ValueError(f"check names {sorted(other)}, which are not units of {self.name}")

    def jobs(self, progress=False):
        """{key: function without arguments}, in the order in which one process runs them."""
        return dict(self.units(progress) if callable(self.units) else self.units)

    def missing(self):
        """What the study needs and does not find: a list of messages, each with the way out."""
        found = []
        for look in self.needs.values():
            try:
                look()
            except OSError as error:
                found.append(str(error))
        return found


def register(study):
    """Put a study on the list that ``python -m tdist.studies`` shows and runs.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Study
        The same.

    Raises
    ------
    TypeError
        If it is no :class:`Study`.
    ValueError
        If another study has its name.

    Examples
    --------
    >>> register(Study("powers_of_two", {"4": lambda: 2**4})).name
    'powers_of_two'
    >>> del STUDIES["powers_of_two"]
    """
    if not isinstance(study, Study):
        raise TypeError(f"only a Study can be registered, got {type(study).__name__}")
    if study.name in STUDIES:
        raise ValueError(f"there is a study named {study.name} already; give yours another name")
    if not re.fullmatch(NAME, study.name):
        raise ValueError(f"a study's name is its file's: letters, digits, '.', '_', '+' and '-', "
                         f"got {study.name!r}")
    STUDIES[study.name] = study
    return study


def kept(name, make):
    """make(), kept as NAME.pt in the data folder: tensors, or dicts of them.

    A second process that needs the same waits for the first one instead of making it again.
    """
    import torch  # not for a study that keeps nothing

    path = data_folder() / f"{name}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not path.exists():
            value = make()
            write_aside(path, lambda file: torch.save(value, file))
    return torch.load(path, weights_only=True)


def load_file(path):
    """Run a user's file, once in a process, so that the studies in it are registered.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it registers no study.
    """
    path = Path(path).resolve()
    if path in _LOADED:
        return
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; --from takes a Python file that registers a "
                                "study")
    before = set(STUDIES)
    spec = importlib.util.spec_from_file_location(f"studies_in_{path.stem}", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if set(STUDIES) == before:
        raise ValueError(f"{path} registers no study; it ends with register(Study(name, units))")
    _LOADED.add(path)


_LOADED = set()
