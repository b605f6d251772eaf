"""What makes a run repeat itself bit for bit: streams of random numbers, and PyTorch's switches."""

from contextlib import contextmanager

import numpy as np
import torch

# what a random number is for: streams that never meet, the same in every iteration
PRETRAIN, BLOCKS, PAIRS, COSTS, FINE_TUNE, DROPOUT, PROBE, SETTLE = range(8)


def stream(seed, purpose, number=0, replica=0):
    """Random numbers of one purpose, the same whatever was drawn before."""
    return np.random.default_rng([seed, purpose, number] + [replica] * (replica > 0))


def torch_states(device, seed, replicas):
    """A state of PyTorch's generator for each replica's dropout, the first from the seed alone."""
    states = []
    for replica in range(replicas):
        own = seed if replica == 0 else int(stream(seed, DROPOUT, 0, replica).integers(2**63))
        torch.manual_seed(own)
        states.append(_module(device).get_rng_state())
    return states


@contextmanager
def continued(device, states, i):
    """A block that draws from the i-th state, which is where the block leaves it, afterwards."""
    _module(device).set_rng_state(states[i].cpu())
    yield
    states[i] = _module(device).get_rng_state()


def _module(device):
    """Where PyTorch keeps the generator of dropout on a device."""
    return torch.cuda if device.type == "cuda" else torch


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
