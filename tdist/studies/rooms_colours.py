"""What few colours lose of the 3D edges at the paper's 64 x 64 pixels, and the score against the
number of colours with leverages: Appendix G.2 of the H-score paper."""

import time
from functools import cache, partial

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.cluster import Birch

from tdist import scenes
from tdist.networks import Encoder
from tdist.pixelwise import palette, quantise, recovery_error, whiten
from tdist.pixelwise.chance import excess, leverage
from tdist.studies.rooms import PAPER, PARTS, codes, seeded
from tdist.studies.rooms_paper import PALETTES, Run, averages, config, grid
from tdist.studies.study import Study, register

ROOMS, SIZES = 600, (24, 64)  # whose edges are looked at, and pixels along an edge
BLURS = (0.5, 1.0, 1.5, 2.0)  # pixels, of the 64 x 64 maps
FAINT = 0.02  # a blurred edge pixel is above it
ENCODERS = {"trained": 1, "untrained": 0, "untrained, narrow": 0}  # and their seeds


def units(scale, progress=False):
    """Edges that are lost, and scores against the number of colours, {key: function}."""
    data = Sources(scale, progress)
    jobs = {f"lost/{size}/{n}": partial(lost_unit, size, n) for size in SIZES for n in PALETTES}
    jobs |= {f"blurred/{sigma}": partial(lost_unit, 64, 5, sigma) for sigma in BLURS}
    jobs["birch/5"] = birch_unit
    return jobs | {f"score/{name}/{n}": partial(data.score_unit, name, n)
                   for name in ENCODERS for n in PALETTES}


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


class Sources:
    """Whitened codes of a trained encoder for 3D edges and of two that never were trained."""

    def __init__(self, scale, progress=False):
        self.run = Run(scale, progress, ENCODERS["trained"])
        self.white, self.maps = cache(self.white), cache(self.maps)

    def maps(self):
        return grid(self.run.rooms("scored").maps["edge3d"], "edge3d").float().numpy()

    def white(self, name):
        width = 4 if name == "untrained, narrow" else self.run.scale.width
        encoder = (self.run.encoder("edge3d")[0] if name == "trained"
                   else seeded(lambda: Encoder(width), ENCODERS[name]).eval())
        white = whiten(codes(encoder, self.run.rooms("scored").images).flatten(1))
        return white, leverage(white)

    def score_unit(self, name, colours):
        """Scores on the coarse grid, by how much leverages make them too high, and the processor's
        seconds that the sums took."""
        classes = quantise(self.maps(), palette(self.maps(), colours))
        white, leverages = self.white(name)
        start = time.process_time()
        score = white.h_score(classes, progress=False)
        seconds = time.process_time() - start
        return averages(score) | {"seconds": round(seconds, 3), "pixels": classes[0].size,
                                  "excess": float(excess(classes, leverages, white.rank).mean())}


register(Study("rooms_colours", partial(units, PAPER),
               config(PAPER) | {"rooms": ROOMS, "blurs": list(BLURS), "faint": FAINT,
                                "seeds_of_encoders": ENCODERS}, {"lost/24/2": 0.02},
               takes="five minutes on one core, after rooms_seed_1"))
