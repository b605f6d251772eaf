"""Distances between tasks by moving a classifier from one to the other: coupled, uncoupled, and fine-tuning."""

from tdist.transfer.distances import Iteration, Transfer, coupled, pretrained, uncoupled
from tdist.transfer.training import Settings
from tdist.transfer.weights import FineTuning, fine_tuning

__all__ = ["FineTuning", "Iteration", "Settings", "Transfer", "coupled", "fine_tuning", "pretrained", "uncoupled"]
