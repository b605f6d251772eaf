"""What makes a run repeat itself bit for bit: streams of random numbers, and PyTorch's switches."""

from contextlib import contextmanager

import numpy as np
import torch

# what a random number is for: streams that never meet, the same in every iteration
PRETRAIN, BLOCKS, PAIRS, COSTS, FINE_TUNE = range(5)


def stream(seed, purpose, number=0):
    """Random numbers of one purpose, the same whatever was drawn before."""
    return np.random.default_rng([seed, purpose, number])


@contextmanager
def reproducible(device, seed):
    """Seeded dropout, no denormals (a hundred times slower), deterministic kernels; the caller's
    random state and treatment of denormals stay."""
    # PyTorch sets the treatment of denormals and does not tell it: try one
    flushed = not (torch.tensor(1e-310, dtype=torch.float64) / 2).item()
    torch.set_flush_denormal(True)
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), \
                torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_flush_denormal(flushed)
