"""One look for every figure: what a colour means, and the drawings that more than one page needs.
"""

import numpy as np

from tdist.manners import need

# Okabe and Ito's colours, told apart by colour-blind readers; each means the same on every page
COMPUTED = "#0072B2"  # what we computed
SOURCE = "#E69F00"  # the source task
TARGET = "#009E73"  # the target task
OTHER = "#CC79A7"  # a rival or a second variant
WRONG = "#D55E00"  # a claim that fails
PRINTED = "#7F7F7F"  # what a paper printed: always grey and hollow
CYCLE = [COMPUTED, SOURCE, TARGET, OTHER, WRONG, "#56B4E9"]


def use_book_style():
    """Set the matplotlib style shared by every figure of the book."""
    mpl = need("matplotlib")
    mpl.rcParams.update({
        "figure.figsize": (6.0, 3.4), "figure.dpi": 130, "savefig.dpi": 130,
        "figure.constrained_layout.use": True, "axes.spines.top": False,
        "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25,
        "axes.prop_cycle": mpl.cycler(color=CYCLE), "font.size": 10, "legend.frameon": False,
        "lines.linewidth": 1.6, "lines.markersize": 4.5, "image.cmap": "viridis",
    })


def printed_style():
    """Keyword arguments for points that a paper printed."""
    return {"color": PRINTED, "markerfacecolor": "none", "marker": "o", "linestyle": "none"}


def orders(ax, epsilon, errors, power=3):
    r"""Errors against :math:`\epsilon` on log axes beside a dashed line of slope `power`, which is
    twice the largest error at the smallest :math:`\epsilon`; errors is {label: values}."""
    for label, values in errors.items():
        ax.loglog(epsilon, values, "o-", label=label)
    epsilon, least = np.asarray(epsilon), np.argmin(epsilon)
    start = np.asarray(list(errors.values()))[:, least].max() * 2
    ax.loglog(epsilon, start * (epsilon / epsilon[least]) ** power, "--", color=PRINTED, lw=1,
              label=f"slope {power}")
    ax.set(xlabel=r"$\epsilon$", ylabel="absolute error (nats)")
    ax.legend()
    return ax


def matrices(panels, names, columns=2, printed=()):
    """Matrices (sources, targets) side by side, each coloured on its own scale, with three digits
    of every number.

    Parameters
    ----------
    panels : dict
        {label: matrix}, with None for an empty place. Rows are sources, columns are targets;
        diagonals stay blank.
    names : sequence of str
        Of the tasks, in the order of the rows.
    columns : int
        Panels side by side.
    printed : collection of str
        Labels of what a paper printed.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows, n = -(-len(panels) // columns), len(names)
    fig, axes = need("matplotlib.pyplot").subplots(
        rows, columns, figsize=(7.6, rows * (0.3 * n + 0.45) + 0.6), sharex=True, sharey=True,
        squeeze=False)
    shown = dict(zip(axes.flat, panels.items(), strict=False))
    for ax in axes.flat:
        if shown.get(ax, (None, None))[1] is None:
            ax.axis("off")
        else:
            _draw(ax, *shown[ax], names, "Greys" if shown[ax][0] in printed else "Blues")
    for ax in axes[:, 0]:
        ax.set_ylabel("source")
    for column in axes.T:
        for last in [ax for ax in column if ax.axison][-1:]:  # a column may be empty
            last.set_xlabel("target")
            last.tick_params(labelbottom=True)
    return fig


def _draw(ax, label, matrix, names, colours):
    shown = np.where(np.eye(len(names), dtype=bool), np.nan, np.asarray(matrix, float))
    span = np.nanmax(shown) - np.nanmin(shown)
    ax.imshow(shown, cmap=colours, aspect="auto", vmin=np.nanmin(shown) - 0.1 * span,
              vmax=np.nanmax(shown) + span)
    for i, j in np.argwhere(~np.isnan(shown)):
        digits = np.format_float_positional(shown[i, j], 3, fractional=False, trim="-")
        ax.text(j, i, digits, ha="center", va="center", fontsize=8)
    ax.set(xticks=range(len(names)), yticks=range(len(names)), yticklabels=names)
    ax.set_xticklabels(names, rotation=35, ha="right", rotation_mode="anchor")
    ax.text(0, 1.03, label, transform=ax.transAxes, fontsize=9)
    ax.grid(False)
