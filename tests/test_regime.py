"""The studies of the training length and of the published preset, at toy size."""

from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest
import torch

from tdist import mantel, tasks, transfer
from tdist.networks import PublishedCNN
from tdist.studies import bridge, costs, load, regime, regime_tables, spaces
from tdist.studies.experiments import SUPERCLASSES, printed
from tdist.studies.spaces import NAMES
from tdist.studies.study import STUDIES
from tdist.tasks import Task
from tdist.transfer import states
from tests.test_studies import STORED

GROUPS = dict(zip(NAMES, ("0123", "3456", "6789", "9012", "2468"), strict=True))
TINY = replace(spaces.BASE, steps=3, sgd_steps=2, batch=16, pretrain_steps=30, fine_tune_steps=25,
               block=4)


def of_digits(train, as_vectors=True):
    data = tasks.digits(train)
    if as_vectors:
        data = Task("digits", data.images.flatten(1).float() / 16, data.labels, data.classes)
    else:
        data = data.resized(32, channels=3)
    return [data.only(tuple(digits), name).subset(40) for name, digits in GROUPS.items()]


@pytest.fixture
def toy(monkeypatch, tmp_path, one_thread):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    space = spaces.Space(lambda: (of_digits(True), of_digits(False)), spaces.perceptron,
                         lambda epochs: replace(TINY, pretrain_steps=30 * epochs))
    monkeypatch.setitem(spaces.SPACES, "toy", space)
    regime.start.cache_clear()
    yield space
    regime.start.cache_clear()


def test_training_and_roads_are_scaled_alike():
    found = {epochs: spaces.scaled(epochs) for epochs in (1, 4, 16, 64, 256)}
    for epochs, settings in found.items():
        assert settings.pretrain_steps * settings.batch / 2500 == pytest.approx(epochs, rel=0.01)
        road = settings.steps * settings.sgd_steps
        assert road == settings.fine_tune_steps
        if epochs > 1:
            assert road * settings.batch / 2500 / epochs == pytest.approx(0.2048)
        left = ("sgd_steps", "pretrain_steps", "fine_tune_steps")
        assert asdict(settings) == asdict(spaces.BASE) | {k: getattr(settings, k) for k in left}
    assert found[1].sgd_steps == 1


def test_a_pair_is_what_the_distances_give(toy, tmp_path):
    parts, tests = toy.tasks()
    classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
    torch.manual_seed(1)
    network = spaces.perceptron(10, 64)
    settings = replace(TINY, pretrain_steps=60)
    given = {"classes": classes, "seed": 1, "progress": False}
    found = regime.pair_unit("toy", 2, 1, NAMES[0], NAMES[1])
    coupled = transfer.coupled(parts[0], parts[1], network, settings, replicas=2, **given)
    assert found["coupled"]["lengths"] == pytest.approx([r.length for r in coupled.iterations],
                                                        rel=1e-5)
    assert found["coupled"]["drift"] == pytest.approx(coupled.drift, rel=1e-5)
    more = transfer.coupled(parts[0], parts[1], network, replace(settings, iterations=6),
                            replicas=2, **given)
    assert found["more"] == pytest.approx([road.length for road in more.iterations], rel=1e-5)
    free = transfer.uncoupled(parts[0], parts[1], network, settings, test=(tests[0], tests[1]),
                              replicas=2, **given)
    assert found["uncoupled"]["riemannian"] == pytest.approx(free.riemannian_length, rel=1e-5)
    assert found["uncoupled"]["accuracy"] == pytest.approx(free.accuracy, rel=1e-5)
    fine = transfer.fine_tuning(parts[0], parts[1], network, settings, test=(tests[0], tests[1]),
                                **given)
    assert found["fine_tuning"]["accuracy"] == pytest.approx(fine.accuracies[-1], rel=1e-5)
    assert found["fine_tuning"]["losses"] == pytest.approx(fine.losses, rel=1e-5)
    assert not list((tmp_path / "unfinished").glob("*.pt"))
    assert "more" not in regime.pair_unit("toy", 2, 1, NAMES[0], NAMES[2])


def test_a_source_its_road_to_itself_and_its_part(toy):
    parts, tests = toy.tasks()
    found = regime.source_unit("toy", 2, 0, "vehicles-1")
    network = regime.start("toy", 2, 0, "vehicles-1")
    i = NAMES.index("vehicles-1")
    settings = replace(TINY, pretrain_steps=0)
    classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
    with torch.inference_mode():
        rows = [classes.index(name) for name in parts[i].classes]
        right = network(tests[i].images)[:, rows].argmax(1) == tests[i].labels
    assert found["test_accuracy"] == pytest.approx(right.double().mean().item(), rel=1e-5)
    assert found["train_accuracy"] > found["test_accuracy"] - 0.2
    given = {"classes": classes, "progress": False}
    stay = transfer.coupled(parts[i], parts[i], network, settings, replicas=2, **given)
    assert found["itself"]["length"] == pytest.approx(stay.length, rel=1e-5)
    part = parts[i].only(parts[i].classes[:3])
    there = transfer.coupled(parts[i], part, network, settings, **given)
    assert found["to_part"]["length"] == pytest.approx(there.length, rel=1e-5)
    assert found["from_part"]["length"] != found["to_part"]["length"]
    assert "drift" in found["itself"] and "drift" not in found["to_part"]


@pytest.mark.slow
def test_a_killed_pair_goes_on_inside_its_road(toy, monkeypatch):
    whole = regime.pair_unit("toy", 1, 0, NAMES[0], NAMES[1])
    monkeypatch.setattr(transfer.iterations, "SAVE_EVERY", -1)
    save, states_seen = states.save, []

    def dies(path, state):
        save(path, state)
        states_seen.append(state["road"])
        if state["road"] and len(state["road"]["rounds"]) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(states, "save", dies)
    with pytest.raises(KeyboardInterrupt):
        regime.pair_unit("toy", 1, 0, NAMES[0], NAMES[1])
    monkeypatch.setattr(states, "save", save)
    found = regime.pair_unit("toy", 1, 0, NAMES[0], NAMES[1])
    for unit in (whole, found):
        for road in ("coupled", "uncoupled", "fine_tuning"):
            del unit[road]["seconds"]
    assert found == whole


def unit(coupled, uncoupled, gain, **more):
    """A pair whose readings (5) are 1.1 times (11), whose drift is .8 of it, and whose early loss
    is minus the coupled length."""
    def road(length, accuracy):
        return {"length": length, "riemannian": 1.1 * length, "drift": 0.8 * length,
                "riemannian_drift": 0.9 * length, "accuracy": accuracy, "loss": 1.5 - accuracy,
                "seconds": 2.0}

    return {"coupled": road(coupled, 0.6 + gain), "uncoupled": road(uncoupled, 0.55),
            "fine_tuning": {"accuracy": 0.6, "loss": 0.9, "losses": [-coupled] * 2,
                            "seconds": 1.0}} | more


def synthetic():
    """At one epoch the length goes with the source, at four with the target but for a trace."""
    units = {}
    for epochs, on in (("1", 0), ("4", 1)):
        for i, a in enumerate(NAMES):
            length = {"length": 0.5}
            units[f"features/{epochs}/0/{a}"] = {
                "test_accuracy": 0.7, "train_accuracy": 0.9, "train_loss": 0.2, "itself": length,
                "to_part": {"length": 1.0}, "from_part": {"length": 2.0 - i / 2}}
            for j, b in enumerate(NAMES):
                if i != j:
                    coupled = 2.0 + (i, j + 1e-7 * i)[on]
                    more = {"more": [2.0, 1.5, 1.0]} if j == (i + 1) % 5 else {}
                    units[f"features/{epochs}/0/{a}/{b}"] = unit(
                        coupled, coupled * (0.95 if i < j else 0.8), 0.01 * (1 if j else -3),
                        **more)
    return {"config": {"seeds": {"features": {"1": 1, "4": 1}}, "tasks": list(NAMES)},
            "units": units}


def test_verdicts_of_a_study_whose_answer_is_known():
    found = regime_tables.verdicts(synthetic())
    assert list(found.index) == [("features", 1, 0), ("features", 4, 0)]
    short, long = (found.loc[("features", epochs, 0)] for epochs in (1, 4))
    assert (short["source share"], long["target share"]) == pytest.approx((1, 1))
    assert short["target share"] < 0.1 and long["source share"] < 0.1
    for row in (short, long):
        assert row["longer (11)/(11)"] == row["longer (5)/(5)"] == 0
        assert row["longer drift (11)/(11)"] == 0
        assert row["longer (5)/(11), as printed"] == 0.5  # 1.1 * .95 > 1 > 1.1 * .8
        assert row["longer drift (5)/(11)"] == 0.5  # .9 * .95 > .8 > .9 * .8
        for name in ("length", "drift"):
            assert 0.8 < row[f"uncoupled / coupled, {name}"] < 0.95
        assert row["part nearer"] == 0.4  # 1 < 2, 1.5; 1 is not below 1
        assert row["gain"] == pytest.approx((16 * 0.01 - 4 * 0.03) / 20)
        assert row["gain error"] == pytest.approx(0.04 / 5)  # of -.03 and four times .01
        assert row["ahead"] == row["loss lower"] == 0.8
        assert row["loss"] == pytest.approx(-row["gain"])
        assert row["r of coupled"] == pytest.approx(-1)
        assert -1 < row["r of uncoupled"] < 0
        assert row["within of coupled"] == pytest.approx(-1)
        assert row["last / first"] == 0.5 and row["seconds a pair"] == 5
        assert row["itself"] == pytest.approx(0.5 / 4)  # the mean length is 2 + mean of 0 to 4
        assert row["drift / length"] == pytest.approx(0.8)
    below = np.triu(np.full((5, 5), 0.95), 1) + np.tril(np.full((5, 5), 0.8), -1)
    ends = 2.0 + np.arange(5)[:, None]  # of one epoch, times 1 off the diagonal
    ratio = (below * ends).sum() / (4 * ends.sum())
    assert short["uncoupled / coupled, length"] == pytest.approx(ratio)
    lengths = np.add.outer(np.arange(5), np.zeros(5))
    order = [printed()["fig3"]["tasks"].index(name) for name in NAMES]
    figure = np.array(printed()["fig3"]["coupled"])[np.ix_(order, order)]
    assert short["r with the printed"] == pytest.approx(mantel(lengths, figure).statistic)


@pytest.mark.slow
def test_the_bridge_goes_all_its_ways_at_toy_size(monkeypatch, tmp_path, one_thread):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    few = transfer.Settings.published(steps=2, sgd_steps=2, pretrain_steps=8, fine_tune_steps=4,
                                      iterations=2, visits=2, anneal=True, block=4, lr=0.01,
                                      start_entropy=0.1, tolerance=1e-2)
    case = bridge.Case("toy", lambda: (of_digits(True, False), of_digits(False, False)),
                       bridge.quarter, lambda task: bridge.unit_length(task.images.float()), few)
    jobs = bridge.units(case)
    assert len(jobs) == 26
    row = bridge.units(replace(case, sources=("flowers",)))
    assert set(row) == {"check", *(key for key in jobs if key.startswith("0/flowers"))}
    source, pair = jobs["0/flowers"](), jobs["0/flowers/herbivores"]()
    assert 0 <= source["test_accuracy"] <= 1 and source["itself"]["length"] > 0
    parts, _ = case.tasks()
    classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
    i, j = NAMES.index("flowers"), NAMES.index("herbivores")
    torch.manual_seed(0)
    by_hand = transfer.coupled(parts[i], parts[j], bridge.quarter(10, 3), few, classes=classes,
                               features=case.near, progress=False)
    assert pair["coupled"]["length"] == pytest.approx(by_hand.length, rel=1e-5)
    assert pair["coupled"]["V"] == pytest.approx(by_hand.readings["V"], rel=1e-5)
    assert len(pair["coupled"]["lengths"]) == 2
    assert not list((tmp_path / "unfinished").glob("*.pt"))
    assert len(list((tmp_path / "trained").glob("toy-*.pt"))) == 1  # trained once, for both units


@pytest.mark.parametrize("check", [
    regime.check, *(partial(bridge.check.__wrapped__, network)
                    for network in (bridge.quarter, bridge.whole))])
def test_a_check_leaves_no_file(check, monkeypatch, tmp_path, one_thread):
    """One that stopped in the middle would be refused after a change of its settings."""
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    assert check()["coupled"] > 0
    assert not (tmp_path / "unfinished").exists()


def test_the_cases_are_the_published_ones():
    """Pretraining of 600 epochs and roads of 160; what was changed is here."""
    for case, roads in ((bridge.PRESET, 1), (bridge.BRIDGE, 4), (bridge.WHOLE, 4)):
        own = case.settings
        assert own.pretrain_steps * own.batch == 600 * 2500
        assert own.steps * own.sgd_steps * own.batch == 160 * 2500
        assert own.iterations == roads
    changed = {name for name, value in asdict(bridge.BRIDGE.settings).items()
               if value != asdict(transfer.Settings.published())[name]}
    assert changed == {"anneal", "visits"}
    assert bridge.BRIDGE.config()["weights"] == sum(
        weight.numel() for weight in bridge.quarter(25, 3).parameters())
    assert bridge.WHOLE.settings == bridge.BRIDGE.settings
    assert bridge.WHOLE.config()["weights"] == 1_229_337  # 1,167,882 with ten outputs, not 25
    assert set(bridge.units(bridge.WHOLE)) == {"check", "0/vehicles-1", "0/vehicles-1/vehicles-2"}
    assert tuple(SUPERCLASSES) == NAMES


def test_the_whole_network_is_trained_in_half_the_bits_and_measured_in_all():
    torch.manual_seed(0)
    plain, whole = PublishedCNN(5, 3), bridge.whole(5, 3)
    whole.load_state_dict(plain.state_dict())
    x = torch.randn(8, 3, 32, 32)
    assert torch.allclose(whole.eval()(x), plain.eval()(x), atol=1e-5)
    logits = []
    for network in (plain, whole):
        torch.manual_seed(1)  # of the dropout
        logits.append(network.train()(x))
        logits[-1].square().sum().backward()
    assert logits[1].dtype == torch.float32
    assert 1e-4 < (logits[1] - logits[0]).abs().max() / logits[0].abs().max() < 0.05
    for a, b in zip(plain.parameters(), whole.parameters(), strict=True):
        assert a.dtype == b.dtype == b.grad.dtype == torch.float32


def test_only_sgd_sees_the_whole_network_in_half_the_bits(monkeypatch, one_thread):
    """Lengths, costs, accuracies and losses are of the network in evaluation."""
    in_training, forward = [], bridge.Whole.forward

    def noted(self, x):
        in_training.append(self.training)
        return forward(self, x)

    monkeypatch.setattr(bridge.Whole, "forward", noted)
    bridge.check.__wrapped__(bridge.whole)
    roads = 2 * regime.REPLICAS * 3 * 2 + 2  # with one step each after the end
    assert sum(in_training) == 10 + roads + 6  # the source, roads, fine-tuning
    assert in_training.count(False) > 30


def test_a_source_that_is_no_target_has_no_road_to_itself(monkeypatch, tmp_path, one_thread):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    few = replace(TINY, pretrain_steps=4)
    case = bridge.Case("lone", lambda: (of_digits(True), of_digits(False)), spaces.perceptron,
                       lambda task: task.images, few, targets=("flowers",))
    assert "itself" in bridge.source_unit(case, 0, "flowers")
    found = bridge.source_unit(case, 0, "herbivores")
    assert "itself" not in found and 0 <= found["train_accuracy"] <= 1


def test_our_numbers_beside_the_figure():
    names = printed()["fig3"]["tasks"]
    units = {f"0/{a}": {} for a in names} | {
        f"0/{a}/{b}": {kind: {"V": i + j / 10, "length": 1.0} for kind in ("coupled", "uncoupled")}
        for i, a in enumerate(names) for j, b in enumerate(names) if a != b}
    config = {"settings": {"steps": 100}, "seeds": [0]}
    rows = bridge.beside_the_print({"config": config, "units": units})
    assert len(rows) == 40
    one = {key: unit for key, unit in units.items() if key.startswith("0/flowers")}
    assert bridge.beside_the_print({"config": config, "units": one}) == [
        row for row in rows if row["source"] == "flowers"]
    [row] = [row for row in rows if (row["source"], row["target"], row["kind"]) == (
        "carnivores", "herbivores", "uncoupled")]
    assert row["V"] == 1.0 and row["printed V"] == 0.37  # sources are rows
    assert row["printed as length"] == pytest.approx(0.37 * 141.42136)


def test_hours_add_up():
    """The preset by hand: 20 pairs of a coupled and an uncoupled road of 100 looks and 20,000 SGD
    steps and as much fine-tuning; five sources of 75,000 steps and a road to itself."""
    [found] = costs.hours("preset", [{"step": 0.001, "look": 0.02}])
    assert found == pytest.approx((20 * (2 * 22 + 20) + 5 * (75 + 22)) / 3600)
    assert len(costs.hours("pixels", [{"step": 0.1, "look": 0.0}] * 5)) == 5
    twice = [{"step": 0.002, "look": 0.04}]
    assert costs.hours("preset", twice) == pytest.approx([2 * found])
    [bridge_hours] = costs.hours("bridge", [{"step": 0.001, "look": 0.0}])
    assert bridge_hours == pytest.approx((20 * (5 * 20 + 20) + 5 * (75 + 4 * 20)) / 3600)


@pytest.mark.parametrize("name", ["regime", "regime_pixels"])
def test_the_stored_study_holds_what_the_tables_read(name):
    found = regime_tables.verdicts(load(name, STORED))
    assert found.notna().all(axis=None)
    assert found["source accuracy"].between(0.2, 1).all()


def test_a_verdict_of_less_leaves_its_columns_out():
    """Without replicas no drift, without parts no way to them, and other tasks than the figure's
    have no printed lengths."""
    names = ("a", "b", "c")
    units = {f"0/{a}": {"test_accuracy": 0.7, "train_accuracy": 0.9, "train_loss": 0.2,
                        "itself": {"length": 0.5}} for a in names}
    for a in names:
        for b in set(names) - {a}:
            units[f"0/{a}/{b}"] = unit(2.0 + names.index(a), 2.1 + names.index(a), 0.01)
            for kind in ("coupled", "uncoupled"):
                for reading in ("drift", "riemannian_drift"):
                    del units[f"0/{a}/{b}"][kind][reading]
    found = regime_tables.verdict(units, 0, names)
    assert found["longer (11)/(11)"] == 1 and found["length"] == 3.0
    assert found["uncoupled / coupled, length"] == pytest.approx(3.1 / 3)
    assert not [key for key in found if "drift" in key or "part" in key.split() or "first" in key
                or "printed lengths" in key]
    assert "r with the printed" not in found


def test_units_of_one_training_length():
    units = {"a/1/0/x": 1, "a/16/0/x": 2, "a/1/0/x/y": 3, "b/1/0/x": 4}
    assert regime_tables.at({"units": units}, "a", 1) == {"0/x": 1, "0/x/y": 3}
    assert regime_tables.at({"units": units}, "a", "16") == {"0/x": 2}
    looks = {"fine_tuning": {"losses": [6.0, 2.0, 1.0]}}
    assert regime_tables.early_loss(looks) == 3 and regime_tables.later_loss(looks) == 1.5


def test_an_epoch_has_the_images_of_its_space():
    """Of all of CIFAR-100 it has 20 times the steps, on roads too."""
    small, large = spaces.scaled(4), spaces.SPACES["subsets"].settings(4)
    for field in ("pretrain_steps", "sgd_steps", "fine_tune_steps"):
        assert getattr(large, field) == pytest.approx(20 * getattr(small, field), rel=0.01)
    assert spaces.SPACES["clothes"].settings(64).pretrain_steps == 900  # of 64 images
    assert spaces.SPACES["pixels"].settings(16).visits == "affordable"
    assert spaces.SPACES["hidden 8"].settings(16).visits is None


def test_two_tasks_of_the_circle_share_one_class_or_none(monkeypatch):
    def photographs(train, size):
        labels = torch.arange(10).repeat(3 if train else 1)
        return Task("photographs", torch.zeros(len(labels), 3, size, size, dtype=torch.uint8),
                    labels, tuple("abcdefghij"))

    monkeypatch.setattr(spaces.tasks, "clothing", photographs)
    monkeypatch.setattr(spaces, "principal", lambda parts, tests, width: (parts, tests))
    parts, unseen = spaces.clothes.__wrapped__()
    assert [task.name for task in parts] == list(spaces.SPACES["clothes"].names)
    assert [set(task.classes) for task in parts] == [set(task.classes) for task in unseen]
    assert parts[0].classes == ("a", "b", "d") and len(parts[0]) == 9 and len(unseen[0]) == 3
    shared = [len(set(a.classes) & set(b.classes)) for a in parts for b in parts if a is not b]
    assert sorted(shared) == [0] * 30 + [1] * 60


def test_components_have_a_mean_variance_of_one_and_a_common_centre(monkeypatch):
    rng = np.random.default_rng(0)
    clouds = [torch.from_numpy(rng.standard_normal((50, 6)) * [5, 4, 3, 0.001, 0.001, 0.001]
                               + [shift, shift, shift, 0, 0, 0]).float() for shift in (0, 2)]
    monkeypatch.setattr(spaces, "imagenet", lambda task: task.images)
    parts = [Task(name, x, torch.arange(50) % 2, ("a", "b"))
             for name, x in zip("pq", clouds, strict=True)]
    found, same = spaces.principal(parts, parts, 3)
    together = torch.cat([task.images for task in found])
    assert together.shape == (100, 3)
    assert together.mean(0).abs().max() < 1e-5
    assert together.var(0).mean().item() == pytest.approx(1, rel=1e-5)
    covariance = torch.cov(together.T)
    assert (covariance - covariance.diag().diag()).abs().max() < 1e-5
    apart = torch.cdist(torch.cat(clouds), torch.cat(clouds))
    ratio = torch.cdist(together, together)[apart > 3] / apart[apart > 3]
    assert ratio.std() / ratio.mean() < 0.01, "turned and scaled, but for the small directions"
    assert torch.equal(found[0].images, same[0].images)


@pytest.mark.parametrize("name", [name for name in regime.SEEDS if name != "regime"])
def test_a_study_has_every_pair_of_its_spaces(name):
    jobs, config = STUDIES[name].jobs(), STUDIES[name].config
    n = len(config["tasks"])
    runs = sum(sum(seeds.values()) for seeds in config["seeds"].values())
    assert len(jobs) == 1 + runs * n * n
    for space in config["seeds"]:
        assert list(spaces.SPACES[space].names) == config["tasks"]
