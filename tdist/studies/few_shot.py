"""The same few labels for many starts: what each start is worth to one target.

Networks of one form are trained side by side on the same images in the same order, so that their
losses differ by where they start and not by what they were shown.
"""

import torch
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy


def few_shot(networks, outputs, shown, judged, *, lr, steps, batch, every, rng):
    """Train every network on the target's outputs alone, by plain SGD, and look at regular times.

    networks: of one form, left as they are. outputs: slice, the target's. shown, judged: (images
    (n, k), labels (n,)), to train on and to be judged by.

    Returns {name: array (looks, networks)}: "loss" and "accuracy" on `judged`, and "length", how
    far the weights have travelled. Looks are before the first step and after every `every` steps.
    """
    weights, _ = stack_module_state(networks)
    weights = {name: w.detach().clone().requires_grad_() for name, w in weights.items()}
    apply = vmap(lambda w, x: functional_call(networks[0], w, (x,))[:, outputs], in_dims=(0, None))
    images, labels = shown
    travelled, looks = torch.zeros(len(networks)), []
    for step in range(steps + 1):
        if step % every == 0:
            looks.append((*_judge(apply, weights, *judged), travelled.clone()))
        if step < steps:
            rows = torch.from_numpy(rng.permutation(len(images))[:batch])
            loss = _losses(apply(weights, images[rows]), labels[rows]).sum()
            slopes = torch.autograd.grad(loss, list(weights.values()))
            with torch.no_grad():
                for w, slope in zip(weights.values(), slopes, strict=True):
                    w -= lr * slope
                travelled += lr * sum(s.flatten(1).square().sum(1) for s in slopes).sqrt()
    names = ("loss", "accuracy", "length")
    return {name: torch.stack(one).numpy() for name, one in zip(names, zip(*looks, strict=True),
                                                                strict=True)}


def _losses(logits, labels):
    """Mean cross-entropy of each network, (networks,), from logits (networks, n, classes)."""
    labels = labels.expand(len(logits), -1)
    return cross_entropy(logits.transpose(1, 2), labels, reduction="none").mean(1)


@torch.no_grad()
def _judge(apply, weights, images, labels):
    logits = apply(weights, images)
    return _losses(logits, labels), (logits.argmax(2) == labels).float().mean(1)
