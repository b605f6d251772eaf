"""One matrix of tasks against another, pair by pair."""

import numpy as np

from tdist.manners import need
from tdist.plots import COMPUTED, PRINTED

MARKERS = "os^Dv<>P*X"


def scatters(panels, names, x, y, columns=3, printed=()):
    """Pairs of tasks side by side in panels, one number of a pair against another.

    A marker is a target; a line joins its sources, from left to right. Where the lines rise, the
    two numbers agree about which source is the better one.

    Parameters
    ----------
    panels : dict
        {label: (x, y)}, two matrices (sources, targets) each; diagonals are left out.
    names : sequence of str
        Of the tasks, ten at most.
    x, y : str
        Labels of the axes.
    columns : int
        Panels side by side.
    printed : collection of str
        Labels of what a paper printed: grey and hollow.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> near, loss = [[0, 1, 2], [3, 0, 1], [1, 2, 0]], [[0, 5, 7], [6, 0, 4], [5, 8, 0]]
    >>> figure = scatters({"ours": (near, loss)}, ["a", "b", "c"], "distance", "loss", columns=1)
    >>> len(figure.axes)
    1
    """
    plt, rows = need("matplotlib.pyplot"), -(-len(panels) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(7.6, 2.5 * rows + 0.5), squeeze=False)
    for ax in axes.flat[len(panels):]:
        ax.axis("off")
    for ax, (label, two) in zip(axes.flat, panels.items(), strict=False):
        colour = PRINTED if label in printed else COMPUTED
        for t, marker in zip(range(len(names)), MARKERS, strict=False):
            a, b = (np.delete(np.asarray(m, float)[:, t], t) for m in two)
            order = np.argsort(a)
            ax.plot(a[order], b[order], "-", color=colour, lw=0.8, alpha=0.4)
            ax.plot(a, b, marker, color=colour, ms=5,
                    markerfacecolor="white" if label in printed else colour)
        ax.set_title(label, fontsize=9, loc="left")
        ax.margins(0.08)
    for ax in axes[:, 0]:
        ax.set_ylabel(y)
    fig.supxlabel(x, fontsize=10)
    handles = [plt.Line2D([], [], color="black", marker=marker, ls="none", ms=5, label=name)
               for name, marker in zip(names, MARKERS, strict=False)]
    fig.legend(handles=handles, loc="outside upper center", ncols=len(names), fontsize=8,
               title="target", title_fontsize=8)
    return fig
