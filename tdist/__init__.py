"""How far is one learning task from another: the H-score and its theory, to be read next to the book."""

from tdist import exponents, features, hgr, joint, networks, tasks
from tdist.hgr import ace
from tdist.hscore import HScore, h_score, transferability
from tdist.joint import Joint
from tdist.tasks import Task

__all__ = ["HScore", "Joint", "Task", "ace", "exponents", "features", "h_score", "hgr", "joint", "networks", "tasks",
           "transferability"]
