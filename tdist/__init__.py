"""How far is one learning task from another: the H-score and the coupled transfer distance, to be read next to the
book."""

from tdist import (
    agreement,
    baselines,
    couplings,
    exponents,
    features,
    fisher_rao,
    hgr,
    joint,
    networks,
    pixelwise,
    scenes,
    tasks,
    transfer,
)
from tdist.agreement import mantel
from tdist.hgr import ace
from tdist.hscore import HScore, h_score, transferability
from tdist.joint import Joint
from tdist.pixelwise import pixelwise_h_score
from tdist.tasks import Task

__all__ = ["HScore", "Joint", "Task", "ace", "agreement", "baselines", "couplings", "exponents", "features",
           "fisher_rao", "h_score", "hgr", "joint", "mantel", "networks", "pixelwise", "pixelwise_h_score", "scenes",
           "tasks", "transfer", "transferability"]
