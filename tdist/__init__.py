"""How far is one learning task from another: the H-score and the coupled transfer distance, to be
read next to the book. A room is loaded when it is first used."""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={
        "affinities", "agreement", "baselines", "couplings", "exact_roads", "exponents", "features",
        "fisher_rao", "gaussians", "geodesics", "hgr", "hscore", "inputs", "joint", "manners",
        "networks", "pixelwise", "plots", "ranking", "rivals", "scenes", "scores", "selection",
        "shortest", "studies", "tasks", "transfer", "vae", "vae_paths",
    },
    submod_attrs={
        "agreement": ["mantel"],
        "hgr": ["ace"],
        "hscore": ["HScore", "canonical_h_score", "h_score", "transferability"],
        "joint": ["Joint"],
        "pixelwise": ["pixelwise_h_score"],
        "ranking": ["rank"],
        "scores": ["compare"],
        "tasks": ["Task"],
    },
)
