"""The papers' experiments, and yours: the same functions at live and at paper scale."""

from tdist.studies.pairs import Pairs
from tdist.studies.results import load
from tdist.studies.study import Study, register

__all__ = ["Pairs", "Study", "load", "register"]
