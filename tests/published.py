"""The coupled-transfer paper's equations and its program's conventions, written down plainly.

An oracle: it imports nothing of the package, goes pair by pair in float64, and answers for one
road that was travelled already: from the weights at each look, the couplings and the times it finds
the program's number V, the lengths L and R, the costs and the next couplings. One block after the
other: a block is `sources` and `targets`, lists of n images each.
"""

import math

import numpy as np
import ot

FIRST_WEIGHT, GROWTH = 0.05, 5  # of the proximal term; it has a factor 1/2 besides
START_ENTROPY = 1e-3


def clock(x):
    """tau when the share x of a road's SGD steps is done: slow at the ends, fast in the middle."""
    if x < 0.5:
        return 0.5 - math.asin(math.sqrt(0.5 - x)) * 2 / math.pi
    return 0.5 + math.asin(math.sqrt(x - 0.5)) * 2 / math.pi


def first_share(rng, tau):
    """Of the first version: the target's share of all pairs of one batch."""
    return float(tau) if tau in (0, 1) else rng.beta(tau / 2, (1 - tau) / 2)


def between(x_s, x_t, share):
    """Equation 8: the image between two."""
    return (1 - share) * x_s + share * x_t


def loss(logits, source_labels, target_labels, shares, source_classes):
    """Equation 8's labels in a union: one softmax, the target's labels numbered behind the
    source's. Mean cross-entropy of a batch, nats."""
    total = 0.0
    for z, y_s, y_t, share in zip(logits, source_labels, target_labels, shares, strict=True):
        log_sum = math.log(sum(math.exp(value) for value in z))
        total -= (1 - share) * (z[y_s] - log_sum) + share * (z[source_classes + y_t] - log_sum)
    return total / len(logits)


def divergence(p, q):
    """KL(p, q) of two probability vectors, nats."""
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def divergences(predict, weights, times, sources, targets):
    """KL of every step at every pair of a block, (K, n, n): predict(weights, image) gives
    probabilities. The weights are those at K + 1 looks, and both ends of a step are seen with the
    images of one time."""
    found = np.zeros((len(times), len(sources), len(targets)))
    for k, tau in enumerate(times):
        for i, x_s in enumerate(sources):
            for j, x_t in enumerate(targets):
                x = between(x_s, x_t, tau)
                found[k, i, j] = divergence(predict(weights[k], x), predict(weights[k + 1], x))
    return found


def program_costs(kl):
    """What the program takes for a pair's cost, (n, n): its mean root, without a 2."""
    return sum(np.sqrt(step) for step in kl) / len(kl)


def costs(kl):
    """Equation 12b, (n, n): the length that a pair travels."""
    return sum(np.sqrt(2 * step) for step in kl)


def program_number(coupling, kl):
    """V of one block, under the coupling that the road was travelled with."""
    return float((coupling * program_costs(kl)).sum())


def expected_length(couplings, kls):
    """L, equation 11, of all blocks: the mean is outside the root."""
    return float(np.mean([(coupling * costs(kl)).sum()
                          for coupling, kl in zip(couplings, kls, strict=True)]))


def riemannian_length(couplings, kls):
    """R, equation 5: the mean is inside the root."""
    total = 0.0
    for k in range(len(kls[0])):
        total += math.sqrt(np.mean([(coupling * 2 * kl[k]).sum()
                                    for coupling, kl in zip(couplings, kls, strict=True)]))
    return total


def uncoupled_lengths(predict, weights, times, sources, targets):
    """L and R of the mixture of equation 9: no image moves, and the target's count tau."""
    inside = outside = 0.0
    for k, tau in enumerate(times):
        ends = [[2 * divergence(predict(weights[k], x), predict(weights[k + 1], x)) for x in images]
                for images in (sources, targets)]
        outside += (1 - tau) * np.mean(np.sqrt(ends[0])) + tau * np.mean(np.sqrt(ends[1]))
        inside += math.sqrt((1 - tau) * np.mean(ends[0]) + tau * np.mean(ends[1]))
    return outside, inside


def proximal_weight(iteration):
    """Twice the factor of the squared distance in the program's step, iteration 0 first."""
    return FIRST_WEIGHT * GROWTH**iteration


def objective(coupling, cost, previous, weight):
    """Equation 12a without entropy, as the program has it."""
    return float((coupling * cost).sum() + weight / 2 * ((coupling - previous)**2).sum())


def program_step(cost, previous, weight):
    """The next coupling as the program finds it: conditional gradients, stopped as POT does."""
    even = np.full(len(cost), 1 / len(cost))
    return ot.optim.cg(even, even, cost, weight, lambda g: 0.5 * ((g - previous)**2).sum(),
                       lambda g: g - previous)


def next_coupling(cost, previous, weight):
    """The next coupling exactly. Equation 12a is a quadratic program: with multipliers f, g of the
    marginals its answer is max(0, previous - (cost - f - g) / weight)."""
    n = len(cost)

    def primal(f, g):
        return np.maximum(previous - (cost - f[:, None] - g) / weight, 0)

    return multiplied(primal, lambda found: weight / 2 * (found**2).sum(),
                      lambda found: (found > 0) / weight, cost.min(1) + weight / n, np.zeros(n))[0]


def start_coupling(source_features, target_features, entropy=START_ENTROPY):
    """The first coupling, of features (n, k): entropic, for minus the cosine similarity. With
    multipliers f, g it is exp((f + g - cost) / entropy) / n**2; the entropy falls to the one asked
    for."""
    unit = [np.array([row / math.sqrt((row**2).sum()) for row in features])
            for features in (source_features, target_features)]
    cost = -unit[0] @ unit[1].T
    n, now = len(cost), 1.0
    f = g = np.zeros(n)
    while True:
        def primal(f, g, now=now):
            return np.exp((f[:, None] + g - cost) / now) / n**2

        found, f, g = multiplied(primal, lambda found, now=now: now * found.sum(),
                                 lambda found, now=now: found / now, f, g)
        if now == entropy:
            return found
        now = max(now / 1.5, entropy)


def multiplied(primal, conjugate, slope, f, g):
    """The coupling primal(f, g), (n, n), with the multipliers that give it marginals 1/n, and
    these; there is an answer only if it has them.

    They maximise mean(f) + mean(g) - conjugate(coupling), which is concave, and whose gradient is
    what the marginals lack. Steps of Newton's method, halved until the function grows or, at its
    top, the gradient falls. slope: the derivative of each entry of the coupling.
    """
    n = len(f)
    even = np.full(2 * n, 1 / n)

    def value(both):
        return even @ both - conjugate(primal(*np.split(both, 2)))

    def lacking(both):
        found = primal(*np.split(both, 2))
        return even - np.concatenate([found.sum(1), found.sum(0)])

    both = np.concatenate([f, g])
    for _ in range(200):
        gradient = lacking(both)
        if np.abs(gradient).max() < 1e-13:
            break
        d = slope(primal(*np.split(both, 2)))
        matrix = np.block([[np.diag(d.sum(1)), d], [d.T, np.diag(d.sum(0))]])
        step = np.linalg.solve(matrix + 1e-9 * matrix.max() * np.eye(2 * n), gradient)
        part = 1.0
        with np.errstate(over="ignore"):
            while (value(both + part * step) < value(both) + 1e-4 * part * gradient @ step
                   and np.abs(lacking(both + part * step)).max() > 0.9 * np.abs(gradient).max()
                   and part > 1e-9):
                part /= 2
        both = both + part * step
    assert np.abs(lacking(both)).max() < 1e-12, "the multipliers were not found"
    return primal(*np.split(both, 2)), *np.split(both, 2)
