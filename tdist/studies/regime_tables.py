"""What the study of training lengths found: every verdict at every length, beside the accuracy
that was reached."""

import numpy as np

from tdist.agreement import mantel
from tdist.manners import need
from tdist.studies.experiments import printed
from tdist.studies.pairs import Pairs, versus

# how an uncoupled and a coupled road are read
PAIRINGS = {"(11)/(11)": ("length", "length"), "(5)/(5)": ("riemannian", "riemannian"),
            "(5)/(11), as printed": ("riemannian", "length"),
            "drift (11)/(11)": ("drift", "drift"),
            "drift (5)/(11)": ("riemannian_drift", "drift")}


def of(kind, name):
    """A number of a pair's unit, for :class:`tdist.studies.Pairs`."""
    return lambda unit: unit[kind][name]


def at(stored, space, epochs):
    """The units of one training length, "SEED/SOURCE" and "SEED/SOURCE/TARGET"."""
    prefix = f"{space}/{epochs}/"
    return {key.removeprefix(prefix): unit for key, unit in stored["units"].items()
            if key.startswith(prefix)}


def early_loss(unit):
    """Mean loss of fine-tuning's first looks, at most seven: before any step, then every 25."""
    return np.mean(unit["fine_tuning"]["losses"])


def later_loss(unit):
    """The same without the look before any step."""
    return np.mean(unit["fine_tuning"]["losses"][1:])


def verdicts(stored):
    """Every verdict of the stored study, by (space, epochs, seed).

    The columns, over the pairs of two tasks: ``source share`` and ``target share`` of the variance
    of the coupled length; ``longer ...``, the share of pairs whose uncoupled road is the longer
    one, in each reading, and ``uncoupled / coupled ...``, the ratio of the means; ``part nearer``,
    the share of sources from which the way to a part is shorter than back, where there are such
    roads; ``gain``, the target's accuracy on unseen images after the coupled road less that after
    as many steps of fine-tuning, ``gain error``, its standard error over the targets' means, and
    ``ahead``, the share of pairs where it is positive; ``loss`` and ``loss lower``, the same of the
    loss, where less is better; ``r of KIND`` and ``within of KIND``, the correlation of the lengths
    with the early loss over all pairs and the rank correlation within targets, of three tasks and
    more; ``last / first`` of six roads; ``itself``, the length from a source to itself over the
    mean length; ``r with the printed`` coupled lengths of Figure 3, for its tasks.
    """
    pd, rows = need("pandas"), {}
    for space, seeds in stored["config"]["seeds"].items():
        for epochs, number in seeds.items():
            own = at(stored, space, epochs)
            for seed in range(number):
                rows[space, int(epochs), seed] = verdict(own, seed, stored["config"]["tasks"])
    return pd.DataFrame(rows).T.rename_axis(["space", "epochs", "seed"])


def verdict(units, seed, names):
    """Every verdict of one seed, from units "SEED/SOURCE" and "SEED/SOURCE/TARGET": those of
    :func:`verdicts` that the units have the numbers for."""
    pairs = Pairs(units, names, [seed])
    sources = [units[f"{seed}/{name}"] for name in names]
    return (_reached(pairs, sources) | _lengths(pairs, sources)
            | _after(pairs) | _knows(pairs) | _roads(units, seed))


def _reached(pairs, sources):
    """Accuracies, and the loss that the sources were left with."""
    found = {f"source {name}": np.mean([each[f"{where}_{what}"] for each in sources])
             for name, where, what in (("accuracy", "test", "accuracy"),
                                       ("training accuracy", "train", "accuracy"),
                                       ("training loss", "train", "loss"))}
    return found | {f"target accuracy, {kind}": pairs.runs(of(kind, "accuracy")).mean()
                    for kind in ("coupled", "uncoupled", "fine_tuning")}


def _lengths(pairs, sources):
    """What is said of lengths."""
    length, paper = of("coupled", "length"), printed()["fig3"]
    mean = pairs.runs(length).mean()
    (a, b), seed = pairs.pairs[0], pairs.seeds[0]
    known = pairs.units[f"{seed}/{a}/{b}"]["coupled"]  # no drift without replicas
    found = {f"{kind} share": pairs.share(length, kind) for kind in ("source", "target")}
    found |= {f"longer {name}": pairs.longer(of("uncoupled", free), of("coupled", paired)).mean()
              for name, (free, paired) in PAIRINGS.items() if {free, paired} <= set(known)}
    found |= {f"uncoupled / coupled, {name}": pairs.runs(of("uncoupled", name)).mean()
              / pairs.runs(of("coupled", name)).mean()
              for name in ("length", "drift") if name in known}
    if "to_part" in sources[0]:
        found["part nearer"] = np.mean([each["to_part"]["length"] < each["from_part"]["length"]
                                        for each in sources])
    if "drift" in known:
        found["drift / length"] = pairs.runs(of("coupled", "drift")).mean() / mean
    if set(pairs.names) == set(paper["tasks"]):
        order = [paper["tasks"].index(name) for name in pairs.names]
        figure = np.array(paper["coupled"])[np.ix_(order, order)]
        found["r with the printed"] = mantel(pairs.mean(length), figure).statistic
    return found | {"length": mean, "itself": np.mean([each["itself"]["length"]
                                                       for each in sources]) / mean}


def _after(pairs):
    """What the coupled road gains over fine-tuning."""
    carried, tuned = (pairs.runs(of(kind, "accuracy"))[0] for kind in ("coupled", "fine_tuning"))
    gain = carried - tuned
    loss = pairs.runs(of("coupled", "loss"))[0] - pairs.runs(of("fine_tuning", "loss"))[0]
    by_target = [gain[[pair[1] == target for pair in pairs.pairs]].mean()
                 for target in pairs.names]
    return {"gain": gain.mean(), "ahead": (gain > 0).mean(),
            "gain error": np.std(by_target, ddof=1) / len(by_target)**0.5,
            "loss": loss.mean(), "loss lower": (loss < 0).mean()}


def _knows(pairs):
    """How lengths go with the early loss."""
    if len(pairs.names) < 3:  # no two sources of a target
        return {}
    truth = pairs.mean(early_loss)
    found = {kind: versus(pairs.mean(of(kind, "length")), truth)
             for kind in ("coupled", "uncoupled")}
    return {f"{name} of {kind}": each[name] for kind, each in found.items()
            for name in ("r", "within")}


def _roads(units, seed):
    """Of the pairs with six roads, and the time of all pairs."""
    own = [unit for key, unit in units.items()
           if key.startswith(f"{seed}/") and key.count("/") == 2]
    last = [unit["more"][-1] / unit["more"][0] for unit in own if "more" in unit]
    seconds = [sum(unit[kind]["seconds"] for kind in ("coupled", "uncoupled", "fine_tuning"))
               for unit in own]
    return ({"last / first": np.mean(last)} if last else {}) | {"seconds a pair": np.mean(seconds)}
