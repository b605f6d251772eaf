r"""The iterations of a transfer: a road, the costs that pairs travel on it, the coupling that they
lead to, and the next road. Equation 12 of the coupled-transfer paper.
"""

import copy
import math
import time
import warnings
from dataclasses import astuple

import torch
from tqdm import tqdm

from tdist import couplings
from tdist.manners import whole
from tdist.transfer import states
from tdist.transfer.blocks import Blocks, seen
from tdist.transfer.checks import checked
from tdist.transfer.randomness import reproducible
from tdist.transfer.results import Iteration, Transfer
from tdist.transfer.roads import travel
from tdist.transfer.training import device_of, evaluate, guarded, pretrain, settling

SAVE_EVERY = 30  # seconds between states within a road
SETTLED = 0.05, 0.01  # of its loss, or nats: a target whose loss falls by no more is followed


def transfer(joined, source, target, network, settings, classes, features, test, seed, replicas,
             save, progress):
    """A distance, with couplings, as :func:`tdist.transfer.coupled` explains it, or without."""
    features = _once(features)
    settings, head, seed = checked(source, target, network, settings, classes, test, seed=seed)
    moving = [copy.deepcopy(network) for _ in range(whole("replicas", replicas, 1))]
    parts = _blocks(source, target, test, network, settings, seed)  # of test images too, if any
    kind, roads = (settings.mixing, settings.iterations) if joined else ("mixture", 1)
    with states.hold(save), reproducible(device_of(network), seed):
        identity = save and states.identity(source, target, network, settings, classes, features,
                                            test, seed, kind, replicas)
        state = states.load(save, identity, device_of(network))
        if state is None:
            gaps = [part.start(features, settings.start_entropy, settings.tolerance)
                    for part in parts] if joined else [math.nan]
            _vouch(gaps[0], settings, "first coupling", "start_entropy")
            start = pretrain(source, copy.deepcopy(network), head, settings, seed, progress)
            state = {"identity": identity, "weights": start.state_dict(), "cost": None,
                     "couplings": [part.coupling for part in parts], "start_gap": gaps[0],
                     "iterations": [], "road": None}
            states.save(save, state)
        done = len(state["iterations"])
        if done > roads:
            raise ValueError(f"{save} has {done} iterations, more than the {roads} asked for; ask "
                             "for as many, or save elsewhere")
        with tqdm(total=roads * settings.steps, initial=done * settings.steps,
                  desc=f"{source.name} to {target.name}{'' if joined else ', uncoupled'}",
                  disable=not progress) as bar:
            while len(state["iterations"]) < roads:
                state = _iterate(state, moving, parts, head, settings, seed, kind, save, bar)
                states.save(save, state)
        moving[0].load_state_dict(state["end"])
        return _result(state, moving[0], parts, head, settings, seed, joined)


def _iterate(state, moving, parts, head, settings, seed, kind, save, bar):
    """The state after one more road and the coupling that it leads to."""
    for network in moving:
        network.load_state_dict(state["weights"])
    for part, coupling in zip(parts, state["couplings"], strict=True):
        part.coupling = coupling
    number, last = len(state["iterations"]), [time.monotonic()]
    if state["road"]:
        bar.update(len(state["road"]["rounds"]))

    def keep(road):
        if time.monotonic() - last[0] > SAVE_EVERY:
            states.save(save, state | {"road": road()})
            last[0] = time.monotonic()

    road = travel(moving, parts, head, settings, seed, kind, bar, number, state["road"], keep)
    record = {"length": sum(road.steps), "riemannian_length": sum(road.riemannian_steps),
              "steps": road.steps, "train_loss": road.train_loss, "test_loss": road.test_loss,
              "readings": road.readings, "drifts": [astuple(drift) for drift in road.drifts],
              "rounds": road.rounds, "riemannian_steps": road.riemannian_steps}
    state = state | {"road": None, "end": moving[0].state_dict()}
    if not road.costs:  # uncoupled
        nothing = dict.fromkeys(("coupled_cost", "independent_cost", "gap", "moved"), math.nan)
        return state | {"iterations": [*state["iterations"], record | nothing]}
    new = [next_coupling(cost, part.coupling, settings, number)
           for cost, part in zip(road.costs, parts, strict=True)]
    (coupling, gap), cost, previous = new[0], road.costs[0], parts[0].coupling
    seen_here = ~cost.isnan().any((1, 2))  # (blocks,) that the road reached
    _vouch(gap, settings, f"coupling of iteration {number + 1}", "entropy")
    record |= {"coupled_cost": (coupling * cost)[seen_here].sum((1, 2)).mean().item(),
               "independent_cost": cost.nanmean().item(), "gap": gap,
               "moved": (coupling - previous).abs().sum((1, 2)).mean().item() / 2}
    if state["cost"] is not None:  # of blocks that this road did not reach, the last that is known
        cost = torch.where(seen_here[:, None, None], cost, state["cost"])
    return state | {"couplings": [found for found, _ in new], "cost": cost,
                    "iterations": [*state["iterations"], record]}


def _result(state, network, parts, head, settings, seed, joined):
    iterations = tuple(Iteration(**record) for record in state["iterations"])
    last, (relative, absolute) = iterations[-1], SETTLED
    with guarded(network, "the end of the road"):
        accuracy, loss = evaluate(network, parts[-1].tasks[1], head)
        now, later = settling(network, parts[0].tasks[1], head, settings, seed)
    mean, mean_error, root, root_error = last.drift
    return Transfer(
        length=last.length, riemannian_length=last.riemannian_length, iterations=iterations,
        accuracy=accuracy, loss=loss, network=network,
        coupling=state["couplings"][0] if joined else None, cost=state["cost"],
        start_gap=state["start_gap"], drift=mean, drift_error=mean_error, riemannian_drift=root,
        riemannian_drift_error=root_error, readings=last.readings, falling=now - later,
        settled=now - later <= max(relative * now, absolute))


def next_coupling(cost, previous, settings, iteration):
    """The next coupling, and its largest gap, relative to the block's mean cost, or, where that is
    the unit, to the mean cost of all."""
    own = cost.mean((1, 2))  # (blocks,)
    unit = {"block": own, "mean": own.nanmean().expand_as(own)}.get(settings.scale)
    if unit is None:
        unit = torch.full_like(own, settings.scale)
    # a block that was not measured, or in which nothing moved, where every coupling is best
    still = own.isnan() | (unit == 0) | (own == 0)
    unit, own = (torch.where(still, 1, scale)[:, None, None] for scale in (unit, own))
    cost = torch.where(still[:, None, None], 0, cost)
    with warnings.catch_warnings(action="ignore", category=couplings.GapWarning):
        found = couplings.proximal(cost / unit, previous, settings.entropy,
                                   settings.proximal * settings.growth**iteration,
                                   settings.tolerance)
    gap = found.gap * (unit / (unit if settings.scale == "mean" else own)).flatten()
    return (torch.where(still[:, None, None], previous, found.coupling),
            torch.where(still, 0.0, gap).max().item())


def _vouch(gap, settings, which, entropy):
    if gap > settings.tolerance:
        warnings.warn(f"the {which} has a duality gap of {gap:.2g} of the mean cost, above the "
                      f"tolerance of {settings.tolerance:.2g}: it is not known to be the best; a "
                      f"larger {entropy} closes it", RuntimeWarning, stacklevel=3)


def _once(features):
    """The same features, computed once for each task."""
    known = {}

    def of(task):
        if id(task) not in known:
            known[id(task)] = seen(features, task)
        return known[id(task)]

    return features and of


def _blocks(source, target, test, network, settings, seed):
    return [Blocks(*pair, settings.block, seed, device_of(network))
            for pair in ((source, target), test) if pair]
