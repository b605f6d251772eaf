"""Matrices of distances between tasks, side by side."""

import matplotlib.pyplot as plt
import numpy as np


def matrices(panels, names, columns=2, printed=()):
    """Matrices (sources, targets) side by side, each coloured on its own scale, with three digits of every number.

    panels is {label: matrix}; names are those of the tasks, in the order of the rows; labels in `printed` are what a
    paper printed. Diagonals stay blank. Returns the figure.
    """
    rows, n = -(-len(panels) // columns), len(names)
    fig, axes = plt.subplots(rows, columns, figsize=(7.6, rows * (0.3 * n + 0.45) + 0.6), sharex=True,
                             sharey=True, squeeze=False)
    for ax in axes.flat[len(panels):]:
        ax.axis("off")
    for ax, (label, matrix) in zip(axes.flat, panels.items(), strict=False):
        shown = np.where(np.eye(n, dtype=bool), np.nan, np.asarray(matrix, float))
        span = np.nanmax(shown) - np.nanmin(shown)
        ax.imshow(shown, cmap="Greys" if label in printed else "Blues", aspect="auto",
                  vmin=np.nanmin(shown) - 0.1 * span, vmax=np.nanmax(shown) + span)
        for i, j in np.argwhere(~np.isnan(shown)):
            digits = np.format_float_positional(shown[i, j], 3, fractional=False, trim="-")
            ax.text(j, i, digits, ha="center", va="center", fontsize=8)
        ax.set(xticks=range(n), yticks=range(n), yticklabels=names, xlabel=f"target: {label}")
        ax.set_xticklabels(names, rotation=35, ha="right", rotation_mode="anchor")
        ax.grid(False)
    for ax in axes[:, 0]:
        ax.set_ylabel("source")
    return fig
