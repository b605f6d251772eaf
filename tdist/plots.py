"""One look for every figure: what a colour means, and the drawings that more than one page needs."""

import matplotlib as mpl
import numpy as np

# Okabe and Ito's colours, told apart by colour-blind readers; each means the same thing on every page
COMPUTED = "#0072B2"  # what we computed
SOURCE = "#E69F00"  # the source task
TARGET = "#009E73"  # the target task
OTHER = "#CC79A7"  # a rival or a second variant
WRONG = "#D55E00"  # a claim that fails
PRINTED = "#7F7F7F"  # what a paper printed: always grey and hollow
CYCLE = [COMPUTED, SOURCE, TARGET, OTHER, WRONG, "#56B4E9"]


def use_book_style():
    """Set the matplotlib style shared by every figure of the book."""
    mpl.rcParams.update({
        "figure.figsize": (6.0, 3.4), "figure.dpi": 130, "savefig.dpi": 130, "figure.constrained_layout.use": True,
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25,
        "axes.prop_cycle": mpl.cycler(color=CYCLE), "font.size": 10, "legend.frameon": False,
        "lines.linewidth": 1.6, "lines.markersize": 4.5, "image.cmap": "viridis",
    })


def printed_style():
    """Keyword arguments for points that a paper printed."""
    return {"color": PRINTED, "markerfacecolor": "none", "marker": "o", "linestyle": "none"}


def orders(ax, epsilon, errors, power=3):
    r"""Errors against :math:`\epsilon` on log axes beside a dashed line of slope `power`; errors is {label: values}."""
    for label, values in errors.items():
        ax.loglog(epsilon, values, "o-", label=label)
    first = np.asarray(list(errors.values()))[:, 0].max() * 2
    ax.loglog(epsilon, first * (np.asarray(epsilon) / epsilon[0]) ** power, "--", color=PRINTED, lw=1,
              label=f"slope {power}")
    ax.set(xlabel=r"$\epsilon$", ylabel="absolute error (nats)")
    ax.legend()
    return ax
