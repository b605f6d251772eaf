"""Matrices of distances between tasks, side by side."""

import matplotlib.pyplot as plt
import numpy as np


def matrices(panels, names, columns=2, printed=()):
    """Matrices (sources, targets) side by side, each coloured on its own scale, with three digits of every number.

    panels is {label: matrix}, with None for an empty place; names are those of the tasks, in the order of the rows;
    labels in `printed` are what a paper printed. Diagonals stay blank. Returns the figure.
    """
    rows, n = -(-len(panels) // columns), len(names)
    fig, axes = plt.subplots(rows, columns, figsize=(7.6, rows * (0.3 * n + 0.45) + 0.6), sharex=True,
                             sharey=True, squeeze=False)
    shown = dict(zip(axes.flat, panels.items(), strict=False))
    for ax in axes.flat:
        if shown.get(ax, (None, None))[1] is None:
            ax.axis("off")
        else:
            _draw(ax, *shown[ax], names, "Greys" if shown[ax][0] in printed else "Blues")
    for ax in axes[:, 0]:
        ax.set_ylabel("source")
    for column in axes.T:
        last = [ax for ax in column if ax.axison][-1]
        last.set_xlabel("target")
        last.tick_params(labelbottom=True)
    return fig


def _draw(ax, label, matrix, names, colours):
    shown = np.where(np.eye(len(names), dtype=bool), np.nan, np.asarray(matrix, float))
    span = np.nanmax(shown) - np.nanmin(shown)
    ax.imshow(shown, cmap=colours, aspect="auto", vmin=np.nanmin(shown) - 0.1 * span, vmax=np.nanmax(shown) + span)
    for i, j in np.argwhere(~np.isnan(shown)):
        digits = np.format_float_positional(shown[i, j], 3, fractional=False, trim="-")
        ax.text(j, i, digits, ha="center", va="center", fontsize=8)
    ax.set(xticks=range(len(names)), yticks=range(len(names)), yticklabels=names)
    ax.set_xticklabels(names, rotation=35, ha="right", rotation_mode="anchor")
    ax.text(0, 1.03, label, transform=ax.transAxes, fontsize=9)
    ax.grid(False)
