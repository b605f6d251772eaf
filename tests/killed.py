"""A run for the test that kills it. Runs are forked from a server that has imported this file, and
so has run once: what PyTorch and scikit-learn load late is loaded, and the kills fall into the run.
"""

from dataclasses import replace

import torch

from tdist.transfer import coupled
from tests.transfers import normed


def ballast():
    """As :func:`normed`, with a state of megabytes, so that many kills fall into its writing."""
    given = normed()
    given["network"].register_buffer("ballast", torch.zeros(2**20))
    return given | {"settings": replace(given["settings"], iterations=6)}


def run(path=None):
    torch.set_num_threads(1)
    return coupled(save=path, **ballast())


WHOLE = run()
