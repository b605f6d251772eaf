"""Every study of the book: each of these rooms registers its own."""

from tdist.studies import (  # noqa: F401
    block_sizes,
    blocks,
    bridge,
    budgets,
    discrepancies,
    distances,
    estimates,
    intervals,
    knobs,
    known_lengths,
    layers,
    looks,
    noise,
    predictive,
    regime,
    rooms_colours,
    rooms_paper,
    rooms_seeds,
    sample_needs,
    which_model,
)
