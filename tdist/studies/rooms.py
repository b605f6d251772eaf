"""Eight tasks in rendered rooms: section 5.2 and Appendix G of the H-score paper.

Eight encoders, one a task; what each target then costs on each encoder's code, measured as Taskonomy does; and the
H-score of every pixel. Live: small rooms, few of them. Paper: 20,000 rooms of 64 x 64, codes of 2,048 numbers.
"""

from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from tdist import scenes
from tdist.affinities import ahp, win_rates
from tdist.networks import Encoder, LabelDecoder, MapDecoder
from tdist.pixelwise import PixelScores, palette, quantise, recovery_error, second_order, whiten
from tdist.pixelwise.chance import excess, leverage
from tdist.scenes import MAPS, TASKS
from tdist.studies.results import Results
from tdist.tasks import data_folder

COLOURS = 16
PALETTES = (2, 3, 4, 5, 8, 12, 16, 24, 32)
STEPS = {"depth": 4}  # pairs of sources at paper scale are scored at every n-th pixel of every n-th row
OTHERS = 8  # and so for the other maps
CLASSES = {"object": len(scenes.OBJECTS) + 1, "scene": len(scenes.SCENES)}


@dataclass(frozen=True)
class Scale:
    """Sizes of one run: pixels along an edge, then numbers of rooms and passes.

    The encoders' rooms, the rooms that are scored, the decoders' rooms and the held-out ones are four disjoint sets.
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
    """The rooms of one part of a run: "encoder", "scored", "decoder" or "held_out"; each part has a seed of its own."""
    seed = ("encoder", "scored", "decoder", "held_out").index(part)
    return scenes.render(getattr(scale, f"{part}_rooms"), scale.size, seed=seed, progress=progress)


def pictures(images):
    """uint8 (n, 3, s, s) as the encoders take them: floats in [-1, 1], channels last."""
    return (images / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def losses(output, target):
    """Loss of each picture (b,): cross-entropy in nats for labels, mean square over pixels for standardised maps."""
    if target.ndim == 1:
        return cross_entropy(output, target, reduction="none")
    return (output - target).square().mean((1, 2))


def targets(task, part, like):
    """Targets of a task to train and test on: labels, or maps with mean 0 and standard deviation 1 in `like`."""
    if task not in MAPS:
        return part.target(task)
    reference = like.target(task).float()
    return (part.target(task).float() - reference.mean()) / reference.std()


def decoder(task, scale):
    return MapDecoder(scale.width) if task in MAPS else LabelDecoder(CLASSES[task], scale.width)


def train(network, inputs, target, epochs, scale, prepare=lambda x: x, seed=0, progress=None):
    """Train with Adam and a cosine schedule on shuffled batches; the network, in evaluation mode.

    `progress` names the bar; None shows none.
    """
    order = torch.Generator().manual_seed(seed)
    steps = epochs * -(-len(inputs) // scale.batch)
    optimiser = torch.optim.Adam(network.parameters(), lr=scale.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, scale.lr, total_steps=steps)
    network.train()
    with tqdm(total=steps, desc=progress, disable=progress is None) as bar:
        for _ in range(epochs):
            for rows in torch.randperm(len(inputs), generator=order).split(scale.batch):
                optimiser.zero_grad()
                losses(network(prepare(inputs[rows])), target[rows]).mean().backward()
                optimiser.step()
                schedule.step()
                bar.update()
    return network.eval()


def seeded(build, seed=0):
    """build(), with weights drawn from a seed and the caller's random numbers left as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def train_encoder(task, data, scale, progress=False):
    """The encoder and decoder of a task, trained together on all of `data`: a Sequential of the two."""
    network = seeded(lambda: torch.nn.Sequential(Encoder(scale.width), decoder(task, scale)))
    network = network.to(memory_format=torch.channels_last)
    train(network, data.images, targets(task, data, data), scale.encoder_epochs, scale, pictures,
          progress=f"encoder for {task}" if progress else None)
    return network


@torch.no_grad()
def codes(encoder, images):
    """The encoder's output for every picture, (n, 8, s/4, s/4) float32."""
    return torch.cat([encoder(pictures(part)).contiguous() for part in images.split(250)])


def transfer(task, train_codes, train_rooms, test_codes, test_rooms, scale, progress=False):
    """Loss of every source on every held-out room (sources, rooms): a new decoder on each frozen code.

    train_codes, test_codes: {source: codes of the rooms}.
    """
    target = targets(task, train_rooms, train_rooms)
    held_out = targets(task, test_rooms, train_rooms)
    found = []
    for source in tqdm(train_codes, desc=f"decoders for {task}", disable=not progress):
        mean, std = train_codes[source].mean((0, 2, 3), keepdim=True), train_codes[source].std((0, 2, 3), keepdim=True)
        network = train(seeded(lambda: decoder(task, scale)), (train_codes[source] - mean) / std, target,
                        scale.decoder_epochs, scale)
        with torch.no_grad():
            found.append(losses(network((test_codes[source] - mean) / std), held_out))
    return torch.stack(found).numpy()


def affinity(loss):
    """Taskonomy's affinity of each source for one target, :eq:`eq-ahp`, from losses (sources, rooms)."""
    return ahp(win_rates(loss)).weights


def quantised(data, colours=COLOURS):
    """The target of every task as classes: labels (n,), or colours of a palette (n, s, s)."""
    found = {task: data.target(task).numpy() for task in TASKS}
    return {task: quantise(x, palette(x, colours)) if task in MAPS else x
            for task, x in ((task, x.astype(np.float32) if task in MAPS else x) for task, x in found.items())}


def paper():
    """Section 5.2 at the paper's size, stored unit by unit; rooms, encoders and codes are kept in the data folder."""
    results = Results("rooms", config(PAPER), "python -m tdist.studies rooms --scale paper")
    results.unit("check", check)
    seen, parts = _kept_rooms("encoder"), {part: _kept_rooms(part) for part in ("decoder", "held_out")}
    encoders = {}
    for task in tqdm(TASKS, desc="encoders"):
        results.unit(f"encoder/{task}", lambda task=task: own_loss(_encoder(task, seen), task, parts["held_out"], seen))
        encoders[task] = _encoder(task, seen)[0]
    code = {part: {source: codes(encoder, data.images) for source, encoder in encoders.items()}
            for part, data in parts.items()}
    for task in tqdm(TASKS, desc="targets"):
        results.unit(f"transfer/{task}", lambda task=task: _transfer_unit(task, code, parts))
    data = _kept_rooms("scored")
    target = quantised(data)
    white = {}
    for source, encoder in tqdm(encoders.items(), desc="sources"):
        white[source] = whiten(codes(encoder, data.images).flatten(1))
        for task in TASKS:
            results.unit(f"h/{source}/{task}", lambda w=white[source], task=task:
                         _scores(w.h_score(target[task]), task == "depth"))
        results.unit(f"leverage/{source}", lambda w=white[source]: {
            task: float(np.mean(excess(target[task], leverage(w), w.rank))) for task in TASKS})
    coarse = {task: grid(target[task], task) for task in TASKS}
    first = {source: w.h_score(_columns(coarse)) for source, w in tqdm(white.items(), desc="single sources")}
    for source in first:
        results.unit(f"pairs/{source}", lambda source=source: _by_task(first[source], coarse))
    for a, b in tqdm(list(combinations(TASKS, 2)), desc="pairs of sources"):
        results.unit(f"pairs/{a}+{b}", lambda a=a, b=b: pair_unit(a, b, white, coarse, first))
    for colours in tqdm(PALETTES, desc="palettes"):
        results.unit(f"colours/{colours}",
                     lambda n=colours: colour_unit(n, data.maps["edge3d"].float().numpy(), white["edge3d"]))


def config(scale):
    """What the stored units depend on."""
    return asdict(scale) | {"colours": COLOURS, "tasks": list(TASKS), "steps_of_pairs": STEPS,
                            "steps_of_other_pairs": OTHERS}


def check():
    """The cheap unit that a test computes again: an untrained encoder's code of 600 small rooms, scored for the labels
    and for where each map is above its mean. (A palette would magnify rounding: k-means has many near ties.)"""
    data = scenes.render(600, 16, seed=9, progress=False)
    white = whiten(codes(seeded(lambda: Encoder(4)).eval(), data.images).flatten(1))
    target = {task: data.target(task).float().numpy() for task in TASKS}
    codes_of = {task: x > x.mean() if task in MAPS else x.astype(int) for task, x in target.items()}
    return {task: float(np.mean(white.h_score(y, progress=False).adjusted)) for task, y in codes_of.items()}


def colour_unit(colours, maps, white):
    """Recovery error of a palette, relative to the variance, and the H-score with so many classes a pixel."""
    centres = palette(maps, colours)
    score = white.h_score(grid(quantise(maps, centres), "edge3d"))
    return {"error": float(recovery_error(maps, centres) / maps.var()), **_scores(score)}


def _scores(score, whole=False):
    """An H-score averaged over pixels, :eq:`eq-pixel-h-score`; on request the maps too."""
    values = {"h": score.statistic, "adjusted": score.adjusted, "chance": score.chance, "classes": score.classes}
    found = {name: float(np.mean(value)) for name, value in values.items()} | {"rank": score.rank}
    return found | ({"map": np.round(score.adjusted, 3).tolist()} if whole else {})


def pair_unit(a, b, white, coarse, first):
    """Scores of two sources side by side, for every task."""
    [(_, score)] = second_order({a: white[a], b: white[b]}, _columns(coarse), first, progress=False)
    return _by_task(score, coarse)


def grid(codes, task):
    """The pixels of a task's codes (n, s, s) that pairs are scored at, at paper scale; labels (n,) as they are."""
    step = STEPS.get(task, OTHERS)
    return codes[:, ::step, ::step] if task in MAPS else codes


def _columns(target):
    """All tasks' codes side by side, (n, pixels): one source or pair is whitened once for all of them."""
    return np.hstack([codes.reshape(len(codes), -1).astype(np.uint8) for codes in target.values()])


def _by_task(score, target):
    """The scores (pixels,) of :func:`_columns`, task by task."""
    found, start = {}, 0
    for task, codes in target.items():
        shape = codes.shape[1:]
        here = slice(start, start := start + int(np.prod(shape)))
        one = PixelScores(score.statistic[here].reshape(shape), score.classes[here].reshape(shape),
                          score.rank, score.n, score.saturated[here].reshape(shape))
        found[task] = _scores(one, task == "depth")
    return found


def _transfer_unit(task, code, parts):
    loss = transfer(task, code["decoder"], parts["decoder"], code["held_out"], parts["held_out"], PAPER, progress=True)
    return {"loss": loss.mean(1).tolist(), "wins": np.round(win_rates(loss), 4).tolist()}


def _folder():
    folder = data_folder() / "rooms"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _kept(name, make):
    """make(), kept in the data folder; a killed write leaves nothing half done."""
    path = _folder() / f"{name}.pt"
    if not path.exists():
        fresh = path.with_suffix(".unfinished")
        torch.save(make(), fresh)
        fresh.replace(path)
    return torch.load(path, weights_only=True)


def _kept_rooms(part):
    def make():
        data = rooms(PAPER, part, progress=True)
        return {"images": data.images, "maps": data.maps, "object": data.object, "scene": data.scene}
    return scenes.Rooms(**_kept(f"{part}-{PAPER.size}-{getattr(PAPER, part + '_rooms')}", make))


def _encoder(task, data):
    """The paper-scale network of a task, trained once."""
    name = f"encoder-{task}-{PAPER.size}-{PAPER.encoder_rooms}-{PAPER.encoder_epochs}-{PAPER.width}"
    state = _kept(name, lambda: train_encoder(task, data, PAPER, progress=True).state_dict())
    network = torch.nn.Sequential(Encoder(PAPER.width), decoder(task, PAPER)).to(memory_format=torch.channels_last)
    network.load_state_dict(state)
    return network.eval()


@torch.no_grad()
def own_loss(network, task, data, like):
    """Mean loss of an encoder with its own decoder on rooms it has not seen; `like` are those it was trained on."""
    target = targets(task, data, like)
    return float(torch.cat([losses(network(pictures(x)), y)
                            for x, y in zip(data.images.split(250), target.split(250), strict=True)]).mean())
