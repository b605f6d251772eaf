"""A run in a file: killed, resumed, shared, damaged, of another run."""

import copy
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tdist import transfer
from tdist.manners import sole_writer
from tdist.transfer import Settings, coupled, states, uncoupled
from tdist.transfer.randomness import DROPOUT, continued, torch_states
from tdist.transfer.roads import Traveller, travel
from tests.transfers import QUICK, linear, normed, points

pytestmark = pytest.mark.usefixtures("one_thread")
PLAIN = replace(QUICK, pretrain_steps=5, iterations=1, steps=2)


def dies(calls, at):
    """A road that is interrupted, the `at`-th time."""
    def road(*arguments, **keywords):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return travel(*arguments, **keywords)

    return road


def same_bits(one, two):
    assert one.iterations == two.iterations
    assert (one.accuracy, one.loss, one.start_gap) == (two.accuracy, two.loss, two.start_gap)
    assert torch.equal(one.coupling, two.coupling) and torch.equal(one.cost, two.cost)
    for a, b in zip(one.network.state_dict().values(), two.network.state_dict().values(),
                    strict=True):
        assert torch.equal(a, b)


# killed and resumed

def test_a_killed_run_resumes_to_the_same_numbers(digit_pair, tmp_path, monkeypatch):
    source, target, network, found = digit_pair
    path, calls = tmp_path / "run.pt", []
    given = {"settings": QUICK, "save": path, "progress": False}
    monkeypatch.setattr(transfer.iterations, "travel", dies(calls, 3))
    with pytest.raises(KeyboardInterrupt):
        coupled(source, target, network, **given)
    same_bits(coupled(source, target, network, **given), found)
    assert len(calls) == 4  # two roads, the killed one, and only the third again
    same_bits(coupled(source, target, network, **given), found)
    assert len(calls) == 4
    assert 0 < found.start_gap <= QUICK.tolerance
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_with_batch_norm_dropout_momentum_and_test_images(tmp_path, monkeypatch):
    given, path, calls = normed(), tmp_path / "run.pt", []
    whole = coupled(**given)
    monkeypatch.setattr(transfer.iterations, "travel", dies(calls, 2))
    with pytest.raises(KeyboardInterrupt):
        coupled(save=path, **given)
    same_bits(coupled(save=path, **given), whole)


@pytest.mark.parametrize("distance", [coupled, uncoupled])
def test_a_road_goes_on_from_inside(distance, tmp_path, monkeypatch):
    """Killed after each of its looks: replicas, momentum, dropout, batch norm and rounds go on."""
    given, path, saved, looks = normed(), tmp_path / "run.pt", [], []
    given["settings"] = replace(given["settings"], iterations=1, rounds=2)
    whole = distance(replicas=2, **given)
    monkeypatch.setattr(transfer.iterations, "SAVE_EVERY", -1)
    save, step = states.save, Traveller.step

    def dies_after(path, state):
        save(path, state)
        saved.append(state["road"])
        if state["road"]:
            raise KeyboardInterrupt

    def counts(self):
        looks.append(len(self.rounds))
        step(self)

    monkeypatch.setattr(states, "save", dies_after)
    monkeypatch.setattr(Traveller, "step", counts)
    for _ in range(given["settings"].steps):
        with pytest.raises(KeyboardInterrupt):
            distance(save=path, replicas=2, **given)
    monkeypatch.setattr(states, "save", save)
    found = distance(save=path, replicas=2, **given)
    assert looks == list(range(given["settings"].steps))  # none twice
    assert found.drift == whole.drift and found.drift_error == whole.drift_error
    for one, two in zip(found.iterations, whole.iterations, strict=True):
        for field in fields(one):
            a, b = getattr(one, field.name), getattr(two, field.name)
            assert a == b or (a != a and b != b), field.name  # or both NaN
    for a, b in zip(found.network.state_dict().values(), whole.network.state_dict().values(),
                    strict=True):
        assert torch.equal(a, b)
    # the end of a road has no road in it
    assert torch.load(path, weights_only=True)["road"] is None
    assert saved[0] is None and saved[1]["rounds"]


@pytest.mark.slow
def test_twenty_kills_at_random_moments(tmp_path):
    """SIGKILL to a process that runs a transfer, again and again, until it ends; then from the
    start, until it was killed twenty times, and five times with a state to go on from. Every end
    is that of the run that nothing disturbed."""
    from tests import killed  # which runs once

    processes, path = multiprocessing.get_context("forkserver"), tmp_path / "run.pt"
    processes.set_forkserver_preload(["tests.killed"])
    rng, kills, saved, ends, seconds = np.random.default_rng(0), 0, 0, 0, 60
    while kills < 20 or saved < 5 or path.exists():
        assert kills < 400
        more = ends >= 2 and (kills < 20 or saved < 5)
        process = processes.Process(target=killed.run, args=(path,))
        start = time.perf_counter()
        process.start()
        process.join(rng.uniform(0, seconds) if more else None)
        if process.exitcode is None:
            process.kill()
            process.join()
            kills, saved = kills + 1, saved + path.exists()
            continue
        assert process.exitcode == 0
        seconds = min(seconds, time.perf_counter() - start)  # the first one waits for the server
        same_bits(killed.run(path), killed.WHOLE)
        assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
        path.unlink()
        ends += 1


def test_a_finished_run_goes_on_to_more_iterations(digit_pair, tmp_path):
    source, target, network, found = digit_pair
    path = tmp_path / "run.pt"
    for iterations in (2, 3):
        settings = replace(QUICK, iterations=iterations, fine_tune_steps=iterations)
        last = coupled(source, target, network, settings, save=path, progress=False)
        assert last.iterations == found.iterations[:iterations]
    assert torch.equal(last.coupling, found.coupling)
    with pytest.raises(ValueError, match="has 3 iterations, more than the 1"):
        coupled(source, target, network, replace(QUICK, iterations=1), save=path, progress=False)


# of which run

def identity(source=None, target=None, network=None, settings=PLAIN, classes=None, features=None,
             test=None, seed=0, kind="beta", replicas=1):
    source, target = source or points(), target or points(classes=("b", "c"), seed=1)
    return states.identity(source, target, network or linear(3), settings, classes, features, test,
                           seed, kind, replicas)


def differ(**change):
    """By what an identity differs from that of the plain run."""
    plain, other = identity(), identity(**change)
    return {what for what in {*plain, *other} if plain.get(what) != other.get(what)}


OTHER = {"head": "union", "mixing": "linear", "step": "kl", "visits": 9, "momentum": 0.5,
         "clock": "arcsine", "scale": 1.0, "anneal": True, "frozen_norm": True, "augment": True}


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_identity_has_every_field_of_the_settings_that_a_road_depends_on(name):
    value = OTHER.get(name) or getattr(PLAIN, name) + 1
    expected = set() if name in ("iterations", "fine_tune_steps") else {"settings"}
    assert differ(settings=replace(PLAIN, **{name: value})) == expected


def test_identity_has_every_argument():
    plain, other = points(), points(classes=("b", "c"), seed=1)
    frozen, renamed = linear(3), replace(plain, classes=("a", "b", "d"))
    frozen[1].bias.requires_grad_(False)
    images, labels = plain.images, plain.labels
    for expected, change in (
            ("seed", {"seed": 1}),
            ("kind of road", {"kind": "mixture"}),
            ("replicas", {"replicas": 2}),
            ("classes", {"classes": ("a", "b", "c")}),
            ("features", {"features": lambda task: task.labels[:, None]}),
            ("network", {"network": nn.Sequential(*linear(3), nn.Identity())}),
            ("network", {"network": frozen}),
            ("weights of the network", {"network": linear(3, seed=1)}),
            ("source", {"source": replace(plain, images=images + 1e-6)}),
            ("source", {"source": replace(plain, images=images.transpose(1, 3))}),
            ("source", {"source": replace(plain, images=images.view(torch.uint8))}),
            ("source", {"source": replace(plain, labels=labels.flip(0))}),
            ("source", {"source": renamed}),
            ("target", {"target": replace(other, images=other.images.flip(0))})):
        assert differ(**change) == {expected}, change
    test = {"test": (plain, other)}
    assert differ(**test) == {"test images of the source", "test images of the target"}
    for place, what in ((0, "source"), (1, "target")):
        pair = [plain, other]
        pair[place] = replace(pair[place], images=pair[place].images + 1)
        one, two = identity(**test), identity(test=pair)
        assert {key for key in one if one[key] != two[key]} == {f"test images of the {what}"}


def test_equal_arguments_of_another_type_go_on(tmp_path, monkeypatch):
    source, target = points(), points(classes=("b", "c"), seed=1)
    path, classes = tmp_path / "run.pt", ("a", "b", "c", "d")
    found = coupled(source, target, linear(4), PLAIN, classes=classes, seed=3, save=path,
                    test=(source, target), progress=False)
    monkeypatch.setattr(transfer.iterations, "travel", None)
    monkeypatch.setattr(transfer.iterations, "pretrain", None)
    equal = replace(PLAIN, steps=np.int64(2), lr=np.float64(0.05), momentum=0, growth=1,
                    proximal=np.int32(10), head=np.str_("gated"))
    for given in ({"seed": np.int64(3)}, {"settings": equal}, {"classes": list(classes)},
                  {"classes": np.array(classes)}, {"test": [source, target]}, {"save": str(path)},
                  {"settings": replace(PLAIN, fine_tune_steps=9)}):
        again = coupled(source, target, linear(4), **{
            "settings": PLAIN, "classes": classes, "seed": 3, "save": path,
            "test": (source, target), "progress": False} | given)
        assert again.iterations == found.iterations


def test_files_of_other_runs_are_refused_by_what_differs(digit_pair, tmp_path):
    source, target, _, _ = digit_pair
    path = tmp_path / "run.pt"
    given = {"settings": PLAIN, "save": path, "progress": False}
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
    coupled(source, target, network, **given)
    before = path.read_bytes()
    for what, other in (("seed", {"seed": 1}), ("settings", {"settings": replace(PLAIN, lr=0.01)}),
                        ("features", {"features": lambda task: task.labels[:, None]})):
        with pytest.raises(ValueError, match=f"belongs to another run, by its {what};"):
            coupled(source, target, network, **{**given, **other})
    network[2] = nn.Tanh()  # the same weights in another network
    with pytest.raises(ValueError, match="by its network;"):
        coupled(source, target, network, **given)
    network[3] = nn.Linear(16, 10)
    with pytest.raises(ValueError, match=r"network, weights of the network; .* torch\.manual_seed"):
        coupled(source, target, network, **given)
    assert path.read_bytes() == before


# damaged, foreign, shared

@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A finished run in a file; its bytes and its arguments."""
    path = tmp_path_factory.mktemp("stored") / "run.pt"
    given = {"source": points(), "target": points(classes=("b", "c"), seed=1),
             "network": linear(3), "settings": PLAIN, "progress": False}
    coupled(save=path, **given)
    return path.read_bytes(), given


def test_what_is_no_state_is_refused_by_name_and_left_alone(stored, tmp_path):
    whole, given = stored
    path = tmp_path / "run.pt"
    other = tmp_path / "other.pt"
    torch.save({"weights": torch.zeros(3)}, other)
    for content in (b"", b"edges and corners", bytes(2000), whole[:-100], whole[:300], whole[500:],
                    other.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"run\.pt is not the state of a transfer; name ano"):
            coupled(save=path, **given)
        assert path.read_bytes() == content


class Made:
    """What makes a folder where it is unpickled."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_no_code_of_a_file_is_run(tmp_path):
    torch.save({"identity": {}, "road": Made(tmp_path / "made")}, tmp_path / "run.pt")
    with pytest.raises(ValueError, match="not the state of a transfer"):
        states.load(tmp_path / "run.pt", {}, None)
    assert not (tmp_path / "made").exists()


def test_a_state_without_a_part_names_the_part(stored, tmp_path):
    whole, given = stored
    path = tmp_path / "run.pt"
    path.write_bytes(whole)
    state = torch.load(path)
    for key in (*states.START[1:], *states.LATER):
        torch.save({name: value for name, value in state.items() if name != key}, path)
        with pytest.raises(ValueError, match=rf"run\.pt is the state .* without its {key};"):
            coupled(save=path, **given)


def test_a_changed_number_is_noticed(stored, tmp_path):
    whole, given = stored
    path = tmp_path / "run.pt"
    path.write_bytes(whole)
    state = torch.load(path)
    changed = {key: copy.deepcopy(state) for key in ("weights", "end", "couplings", "cost",
                                                     "start_gap", "iterations")}
    for key in ("weights", "end"):
        changed[key][key]["1.bias"][0] += 1e-7
    changed["couplings"]["couplings"][0][0, 0, 0] += 1e-12
    changed["cost"]["cost"] = state["cost"].float()
    changed["start_gap"]["start_gap"] += 1e-15
    changed["iterations"]["iterations"][0]["steps"][0] += 1e-12
    for key, other in changed.items():
        torch.save(other, path)
        with pytest.raises(ValueError, match=r"run\.pt is damaged"):
            coupled(save=path, **given)
        assert torch.load(path).keys() == state.keys(), key


def test_no_flipped_bit_gives_another_number(stored, tmp_path):
    """In a tensor, a name, the archive's tables: refused by name, or without effect."""
    whole, given = stored
    path, rng, refused = tmp_path / "run.pt", np.random.default_rng(0), 0
    path.write_bytes(whole)
    known = states.identity(*(given[key] for key in ("source", "target", "network", "settings")),
                            None, None, None, 0, "beta", 1)
    expected = states._digest(states.load(path, known, "cpu"))
    for place in rng.integers(len(whole), size=300):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            assert states._digest(states.load(path, known, "cpu")) == expected
        except ValueError as error:
            assert str(path) in str(error)
            refused += 1
    assert refused > 30


def never(*arguments, **keywords):
    raise AssertionError("this must not be reached")


def test_a_folder_that_is_not_there_or_not_ours_is_noticed_before_any_training(
        stored, tmp_path, monkeypatch):
    _, given = stored
    monkeypatch.setattr(transfer.iterations, "pretrain", never)
    with pytest.raises(FileNotFoundError, match="none does not exist; create it first"):
        coupled(save=tmp_path / "none" / "run.pt", **given)
    with pytest.raises(IsADirectoryError, match="is a folder; name a file in it"):
        coupled(save=tmp_path, **given)
    theirs = Path(tempfile.mkdtemp())
    theirs.chmod(0o555)
    user = os.geteuid()
    try:
        if user == 0:  # who may write everywhere
            os.seteuid(65534)
        with pytest.raises(PermissionError, match=rf"{theirs}/run\.pt could not be written"):
            coupled(save=theirs / "run.pt", **given)
    finally:
        os.seteuid(user)
        shutil.rmtree(theirs)


def test_a_full_disk_names_the_path_and_the_old_state_stays(stored, tmp_path):
    """A limit of the size of a file stands for the disk."""
    whole, given = stored
    path, limits = tmp_path / "run.pt", resource.getrlimit(resource.RLIMIT_FSIZE)
    path.write_bytes(whole)
    longer = given | {"settings": replace(PLAIN, iterations=2)}
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, limits[1]))
        with pytest.raises(OSError, match=rf"{path} could not be written: .* untouched"):
            coupled(save=path, **longer)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == whole
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
    assert coupled(save=path, **longer).iterations == coupled(**longer).iterations


def test_a_second_run_on_one_file_is_refused(stored, tmp_path, monkeypatch):
    whole, given = stored
    path = tmp_path / "run.pt"
    path.write_bytes(whole)
    with sole_writer(path), pytest.raises(
            RuntimeError, match=rf"another process is writing {path}; wait for it"):
        coupled(save=path, **given)
    assert path.read_bytes() == whole

    def second(*arguments, **keywords):  # while the first is on its road
        with pytest.raises(RuntimeError, match="another process is writing"):
            coupled(save=path, **longer)
        return travel(*arguments, **keywords)

    longer = given | {"settings": replace(PLAIN, iterations=2)}
    monkeypatch.setattr(transfer.iterations, "travel", second)
    assert len(coupled(save=path, **longer).iterations) == 2


def test_what_a_killed_writer_left_is_removed_and_what_others_left_is_not(stored, tmp_path):
    _, given = stored
    mine = tmp_path / ".run[1].pt.x1y2.unfinished"
    others = tmp_path / ".run1.pt.x1y2.unfinished", tmp_path / "run[1].pt.lr0.unfinished"
    for file in (mine, *others):
        file.write_text("half a state", encoding="utf-8")
    coupled(save=tmp_path / "run[1].pt", **given)
    assert {file.name for file in tmp_path.iterdir()} == {
        "run[1].pt", *(file.name for file in others)}


def test_replicas_draw_dropout_from_streams_of_their_own():
    """The first from the seed alone, the others from the seed and their number."""
    cpu = torch.device("cpu")
    states = torch_states(cpu, 3, 3)
    assert len(states) == 3 and all(map(torch.equal, states, torch_states(cpu, 3, 3)))
    torch.manual_seed(3)
    assert torch.equal(states[0], torch.get_rng_state())
    for replica in (1, 2):
        own = np.random.default_rng([3, DROPOUT, 0, replica]).integers(2**63)
        torch.manual_seed(int(own))
        assert torch.equal(states[replica], torch.get_rng_state())
    drawn = []
    for i in (0, 1, 0):
        with continued(cpu, states, i):
            drawn.append(torch.rand(4))
    torch.manual_seed(3)
    assert torch.equal(torch.cat([drawn[0], drawn[2]]), torch.rand(8))
    assert not torch.equal(drawn[0], drawn[1])
