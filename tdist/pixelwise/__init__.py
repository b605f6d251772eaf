"""H-score at every pixel of a task whose targets are images."""

from tdist.pixelwise.palettes import palette, quantise, recovery_error
from tdist.pixelwise.scores import pixelwise_h_score, second_order
from tdist.pixelwise.whitened import PixelScores, Whitened, whiten

__all__ = ["PixelScores", "Whitened", "palette", "pixelwise_h_score", "quantise",
           "recovery_error", "second_order", "whiten"]
