"""Distances between tasks by moving a classifier from one to the other: coupled, uncoupled, and
fine-tuning."""

from tdist.manners import Diverged
from tdist.transfer.distances import coupled, pretrained, uncoupled
from tdist.transfer.results import FineTuning, Iteration, Transfer
from tdist.transfer.settings import Settings
from tdist.transfer.spreads import Spread, Survey
from tdist.transfer.surveys import survey
from tdist.transfer.weights import fine_tuning

__all__ = ["Diverged", "FineTuning", "Iteration", "Settings", "Spread", "Survey", "Transfer",
           "coupled", "fine_tuning", "pretrained", "survey", "uncoupled"]
