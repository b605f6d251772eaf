"""What few colours lose of the 3D edges at the paper's 64 x 64 pixels, and what more colours cost:
Appendix G.2 of the H-score paper."""

import time
from functools import cache, partial

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from sklearn.cluster import Birch

from tdist import scenes
from tdist.pixelwise import Whitened, palette, quantise, recovery_error
from tdist.studies.rooms import PAPER, PARTS
from tdist.studies.rooms_paper import PALETTES
from tdist.studies.study import Study, register

ROOMS, SIZES = 600, (24, 64)  # whose edges are looked at, and pixels along an edge
BLURS = (0.5, 1.0, 1.5, 2.0)  # pixels, of the 64 x 64 maps
FAINT = 0.02  # a blurred edge pixel is above it
PIXELS = 64  # that are timed


def units(_progress=False):
    """Edges that are lost, and seconds, against the number of colours, {key: function}."""
    jobs = {f"lost/{size}/{n}": partial(lost_unit, size, n) for size in SIZES for n in PALETTES}
    jobs |= {f"blurred/{sigma}": partial(lost_unit, 64, 5, sigma) for sigma in BLURS}
    jobs["birch/5"] = birch_unit
    return jobs | {f"cost/{n}": partial(cost_unit, n) for n in PALETTES}


@cache
def edges(size):
    """3D edges of the first rooms that are scored, (rooms, size, size)."""
    data = scenes.render(ROOMS, size, seed=PARTS.index("scored"), progress=False)
    return data.maps["edge3d"].float().numpy()


def lost(true, recovered, edge):
    """Share of the edge pixels that come back at less than half their value."""
    return float((recovered < true / 2)[edge].mean())


def lost_unit(size, colours, blur=0.0):
    """Edge pixels lost with a palette of so many colours, in all rooms and in the worst one, and
    the error over the variance."""
    maps = gaussian_filter(edges(size), (0, blur, blur)) if blur else edges(size)
    edge, centres = maps > (FAINT if blur else 0), palette(maps, colours)
    recovered = centres[quantise(maps, centres)][..., 0]
    worst = max(lost(m, r, e) for m, r, e in zip(maps, recovered, edge, strict=True) if e.any())
    return {"lost": lost(maps, recovered, edge), "worst room": worst,
            "error": float(recovery_error(maps, centres) / maps.var())}


def birch_unit():
    """Edge pixels lost with 5 colours of Birch, the clustering of the authors' program, which
    counts each small group once however many pixels it has."""
    maps = edges(64)
    sample = np.random.default_rng(0).choice(maps.ravel(), 20_000)[:, None]
    groups = Birch(n_clusters=5, threshold=0.5).fit_predict(255 * sample)
    centres = np.sort([sample[groups == g].mean() for g in np.unique(groups)])
    recovered = centres[np.abs(maps[..., None] - centres).argmin(-1)]
    return {"lost": lost(maps, recovered, maps > 0), "centres": centres.tolist()}


@cache
def noise():
    """Whitened features of the paper's size that say nothing."""
    z = torch.randn(PAPER.scored_rooms, 2048, generator=torch.Generator().manual_seed(0))
    return Whitened(z.double(), np.zeros(2048), np.arange(len(z)))


def cost_unit(colours):
    """The processor's seconds to score one pixel of random colours, once features are whitened."""
    classes = np.random.default_rng(0).integers(colours, size=(PAPER.scored_rooms, PIXELS))
    white, start = noise(), time.process_time()
    white.h_score(classes.astype(np.uint8), progress=False)
    return round((time.process_time() - start) / PIXELS, 5)


register(Study("rooms_colours", units,
               {"rooms": ROOMS, "sizes": list(SIZES), "blurs": list(BLURS), "faint": FAINT,
                "pixels_of_cost": PIXELS}, {"lost/24/2": 0.02}, takes="two minutes on one core"))
