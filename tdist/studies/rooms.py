"""Eight tasks in rendered rooms: section 5.2 and Appendix G of the H-score paper.

Eight encoders, one a task; what each target then costs on each encoder's code, measured as
Taskonomy does; and the H-score of every pixel. Live: small rooms, few of them. Paper: 20,000 rooms
of 64 x 64, codes of 2,048 numbers, in :mod:`tdist.studies.rooms_paper`.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from tdist import scenes
from tdist.affinities import ahp, win_rates
from tdist.manners import Diverged
from tdist.networks import Encoder, LabelDecoder, MapDecoder
from tdist.pixelwise import palette, quantise
from tdist.scenes import MAPS, TASKS

COLOURS = 16
PARTS = ("encoder", "scored", "decoder", "held_out")
CLASSES = {"object": len(scenes.OBJECTS) + 1, "scene": len(scenes.SCENES)}


@dataclass(frozen=True)
class Scale:
    """Sizes of one run: pixels along an edge, then numbers of rooms and passes.

    The encoders' rooms, the rooms that are scored, the decoders' rooms and the held-out ones are
    four disjoint sets.
    """

    size: int
    encoder_rooms: int
    encoder_epochs: int
    scored_rooms: int
    decoder_rooms: int
    decoder_epochs: int
    held_out_rooms: int
    width: int = 16
    batch: int = 50
    lr: float = 3e-3


LIVE = Scale(24, 1000, 4, 2000, 150, 8, 300, batch=25)
PAPER = Scale(64, 20_000, 3, 20_000, 1000, 12, 500)


def rooms(scale, part, progress=False):
    """The rooms of one part of a run, one of PARTS; each part has a seed of its own."""
    seed = PARTS.index(part)
    return scenes.render(getattr(scale, f"{part}_rooms"), scale.size, seed=seed,
                         progress=progress)


def pictures(images):
    """uint8 (n, 3, s, s) as the encoders take them: floats in [-1, 1], channels last."""
    return (images / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def losses(output, target):
    """Loss of each picture (b,): cross-entropy in nats for labels, mean square over the pixels of
    standardised maps."""
    if target.ndim == 1:
        return cross_entropy(output, target, reduction="none")
    return (output - target).square().mean((1, 2))


def targets(task, part, like):
    """Targets of a task to train and test on: labels, or maps with mean 0 and standard deviation 1
    in `like`."""
    if task not in MAPS:
        return part.target(task)
    reference = like.target(task).float()
    return (part.target(task).float() - reference.mean()) / reference.std()


def decoder(task, scale, sources=1):
    """A new decoder of a task, on the codes of so many sources side by side."""
    if task in MAPS:
        return MapDecoder(scale.width, 8 * sources)
    return LabelDecoder(CLASSES[task], scale.width, 8 * sources)


def train(network, inputs, target, epochs, scale, prepare=lambda x: x, seed=0, progress=None):
    """Train with Adam and a cosine schedule on shuffled batches; the network, in evaluation mode.

    `progress` names the bar; None shows none. Raises Diverged, with the weights of before the last
    pass, if a loss is not finite.
    """
    order = torch.Generator().manual_seed(seed)
    steps = epochs * -(-len(inputs) // scale.batch)
    optimiser = torch.optim.Adam(network.parameters(), lr=scale.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, scale.lr, total_steps=steps)
    network.train()
    with tqdm(total=steps, desc=progress, disable=progress is None) as bar:
        for epoch in range(epochs):
            good, found = copy.deepcopy(network.state_dict()), []
            for rows in torch.randperm(len(inputs), generator=order).split(scale.batch):
                optimiser.zero_grad()
                loss = losses(network(prepare(inputs[rows])), target[rows]).mean()
                loss.backward()
                optimiser.step()
                schedule.step()
                bar.update()
                found.append(loss.detach())
            weights = (weight.detach().sum() for weight in network.parameters())
            if not torch.stack([*found, *weights]).isfinite().all():
                network.load_state_dict(good)
                raise Diverged(f"pass {epoch} of {epochs} over {len(inputs)} rooms", network.eval())
    return network.eval()


def seeded(build, seed=0):
    """build(), with weights drawn from a seed and the caller's random numbers left as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def train_encoder(task, data, scale, progress=False, seed=0):
    """The encoder and decoder of a task, trained together on all of `data`, as a Sequential."""
    network = seeded(lambda: torch.nn.Sequential(Encoder(scale.width), decoder(task, scale)), seed)
    network = network.to(memory_format=torch.channels_last)
    train(network, data.images, targets(task, data, data), scale.encoder_epochs, scale, pictures,
          seed, progress=f"encoder for {task}" if progress else None)
    return network


@torch.no_grad()
def codes(encoder, images):
    """The encoder's output for every picture, (n, 8, s/4, s/4) float32."""
    return torch.cat([encoder(pictures(part)).contiguous() for part in images.split(250)])


def outputs(task, train_codes, train_rooms, test_codes, scale, seed=0):
    """What a new decoder, trained on the frozen codes of one source or of several side by side,
    says of the held-out rooms: maps or logits.

    train_codes, test_codes: lists of codes (rooms, 8, s/4, s/4), one a source.
    """
    inputs, held_out = [], []
    for code, test in zip(train_codes, test_codes, strict=True):
        mean, std = code.mean((0, 2, 3), keepdim=True), code.std((0, 2, 3), keepdim=True)
        inputs.append((code - mean) / std)
        held_out.append((test - mean) / std)
    network = train(seeded(lambda: decoder(task, scale, len(inputs)), seed), torch.cat(inputs, 1),
                    targets(task, train_rooms, train_rooms), scale.decoder_epochs, scale, seed=seed)
    with torch.no_grad():
        return network(torch.cat(held_out, 1))


def transfer(task, train_codes, train_rooms, test_codes, test_rooms, scale, progress=False, seed=0):
    """Loss of every source on every held-out room, (sources, rooms), of a new decoder on each
    frozen code.

    train_codes, test_codes: {source: codes of the rooms}.
    """
    held_out = targets(task, test_rooms, train_rooms)
    found = [losses(outputs(task, [train_codes[source]], train_rooms, [test_codes[source]], scale,
                            seed), held_out)
             for source in tqdm(train_codes, desc=f"decoders for {task}", disable=not progress)]
    return torch.stack(found).numpy()


def affinity(loss):
    """Taskonomy's affinity of each source for one target, :eq:`eq-ahp`; losses (sources, rooms)."""
    return ahp(win_rates(loss)).weights


def quantised(data, colours=COLOURS):
    """The target of every task as classes: labels (n,), or colours of a palette (n, s, s)."""
    found = {task: data.target(task).numpy() for task in TASKS}
    maps = {task: found[task].astype(np.float32) for task in MAPS}
    return found | {task: quantise(x, palette(x, colours)) for task, x in maps.items()}


@torch.no_grad()
def own_loss(network, task, data, like):
    """Mean loss of an encoder with its own decoder on rooms it has not seen; `like` are those it
    was trained on."""
    target = targets(task, data, like)
    batches = zip(data.images.split(250), target.split(250), strict=True)
    return float(torch.cat([losses(network(pictures(x)), y) for x, y in batches]).mean())
