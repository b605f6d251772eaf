"""What a study is, how it runs, and every stored result by the same test."""

import copy
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import FrozenInstanceError
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tdist.studies import Study, load, register, runs
from tdist.studies.__main__ import main
from tdist.studies.results import Results, command, describe_device, where
from tdist.studies.runs import check, deviation, run, state
from tdist.studies.study import STUDIES, kept, load_file
from tdist.studies.twenty_tasks import PARTS, SEEDS
from tdist.tasks import data_folder

STORED = Path(__file__).resolve().parents[1] / "notebooks" / "results"
OF_TWENTY = {*(f"{part}_{trunk}_{seed}" for part in PARTS for trunk, seeds in SEEDS.items()
               for seed in seeds),
             *(f"rivals_{part}_{space}" for part in PARTS for space in ("pixels", *SEEDS))}
NEVER_RUN = ["layers_resnet50",  # its weights come by network
             *(OF_TWENTY - {"calibration_mid_0", *(f"evaluation_mid_{seed}" for seed in range(5)),
                             "evaluation_deep_0", "evaluation_cifar10_0", "rivals_calibration_mid",
                             "rivals_evaluation_mid", "rivals_evaluation_pixels"}),
             "regime_pixels_64", "bridge_published", "sources_wide_resnet_16_4",
             *(f"bridge_{source}" for source in ("herbivores", "carnivores", "vehicles_2",
                                                 "flowers"))]
LARGE = ["wide_resnet_16_4", "layers"]

SMALL = """
import time
from tdist.studies import Study, register


def unit(k):
    time.sleep({pause})
    return {{"square": k * k, "parts": [k / 7, "x" * 2000]}}


register(Study("small", {{str(k): lambda k=k: unit(k) for k in range(12)}}, {{"units": 12}},
               {{"3": 1e-9}}))
"""


@pytest.fixture
def small(tmp_path):
    """A file with a study of twelve units; the study leaves the list afterwards."""
    file = tmp_path / "my_study.py"
    file.write_text(SMALL.format(pause=0.01), encoding="utf-8")
    yield str(file)
    STUDIES.pop("small", None)
    runs._jobs.cache_clear()


EXPECTED = {str(k): {"square": k * k, "parts": [k / 7, "x" * 2000]} for k in range(12)}


# every stored result


def test_every_study_but_one_was_run():
    missing = [name for name in STUDIES if not (STORED / f"{name}.json").exists()]
    assert sorted(missing) == sorted(NEVER_RUN)


@pytest.mark.parametrize("name", [name for name in STUDIES if name not in NEVER_RUN])
def test_a_stored_result_is_whole(name):
    stored, study = load(name, STORED), STUDIES[name]
    assert set(stored["units"]) == set(study.jobs())
    assert stored["config"] == json.loads(json.dumps(study.config))
    assert stored["command"] == f"python -m tdist.studies run {name}"


@cache
def computed(unit):
    """Ten studies share a cheap unit."""
    return unit()


@pytest.mark.parametrize(("name", "key"), [
    pytest.param(name, key, marks=pytest.mark.slow if name in LARGE else ())
    for name, study in STUDIES.items() for key in study.check if name not in NEVER_RUN])
def test_its_cheap_units_are_found_again(name, key, one_thread):
    study = STUDIES[name]
    trunk = study.config.get("trunk", "mid")
    if trunk != "mid" and not (data_folder() / f"trunks/{trunk}-test.pt").exists():
        pytest.skip(f"the features of {trunk} take half an hour: run {name} to keep them")
    try:
        found = computed(study.jobs()[key])
    except FileNotFoundError as absent:
        assert study.missing()
        pytest.skip(str(absent))
    assert deviation(found, load(name, STORED)["units"][key]) <= study.check[key]


@pytest.mark.parametrize("result", [
    runs.State("s", ["a"], ["b", "c", "d"], 1.5, "CPU"), runs.Check("a", 0.01, 0.02)])
def test_results_can_be_kept_and_read(result):
    again = pickle.loads(pickle.dumps(copy.deepcopy(copy.copy(result))))
    assert again == result and float(again) in (0.25, 0.01)
    assert repr(again).startswith(f"{type(result).__name__}(") and "\n" not in repr(again)
    with pytest.raises(FrozenInstanceError):
        result.key = result.name = "b"


def test_every_study_says_how_long_it_takes():
    assert all(study.takes and study.check for study in STUDIES.values())


# the protocol


def test_a_study_is_refused_where_it_is_wrong():
    with pytest.raises(TypeError, match="a dict"):
        Study("s", ["a", "b"])
    with pytest.raises(ValueError, match=r"\['b'\], which are not units"):
        Study("s", {"a": int}, check={"b": 0.1})
    with pytest.raises(ValueError, match=r"a study's name is its file's.*'\.\./s'"):
        register(Study("../s", {"a": int}))
    with pytest.raises(TypeError, match="only a Study"):
        register("digits")
    with pytest.raises(ValueError, match="a study named digits already"):
        register(Study("digits", {"a": int}))


def test_needs_that_are_missing_are_named_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"(?s)CIFAR-?100 is not in.*CIFAR-?10 is not in"):
        run("cifar_subsets", folder=tmp_path)
    assert not (tmp_path / "cifar_subsets.json").exists()


def test_deviation_is_the_furthest_number():
    stored = {"a": [1.0, -2.0], "b": {"c": 4}, "d": "word"}
    found = {"a": (1.1, -2.0), "b": {"c": 5}, "d": "word"}
    assert deviation(found, stored) == 0.25
    assert deviation(stored, stored) == 0
    for wrong in ({"a": [1.0], "b": {"c": 4}, "d": "word"}, {"a": [1.0, -2.0]}, 3, None,
                  stored | {"d": "other"}, stored | {"b": {"c": np.nan}}):
        assert not deviation(wrong, stored) <= 1
    assert deviation(0.1, 0) == np.inf and deviation(0, 0) == 0


def test_run_stores_every_unit_and_a_second_start_computes_none(small, tmp_path, capsys):
    after = run("small", source=small, folder=tmp_path, progress=False)
    assert float(after) == 1 and after.left == [] and len(after.done) == 12
    stored = load("small", tmp_path)
    assert stored["units"] == EXPECTED
    assert stored["command"] == f"python -m tdist.studies run small --from {small}"
    before = (tmp_path / "small.json").stat().st_mtime_ns
    assert main(["run", "small", "--from", small, "--out", str(tmp_path)]) == 0
    assert "small.json has all its units; nothing to do" in capsys.readouterr().out
    assert (tmp_path / "small.json").stat().st_mtime_ns == before


def test_one_unit_by_one_command(small, tmp_path, capsys):
    assert main(["run", "small", "--unit", "3", "--unit", "5", "--from", small, "--out",
                 str(tmp_path)]) == 0
    assert list(load("small", tmp_path)["units"]) == ["3", "5"]
    found = capsys.readouterr().out
    assert "2 units stored, 10 left" in found and "3: {'square': 9" in found
    assert state("small", folder=tmp_path).done == ["3", "5"]


def test_check_computes_the_cheap_unit_again(small, tmp_path, capsys):
    arguments = ["small", "--from", small, "--out", str(tmp_path)]
    assert main(["check", *arguments]) == 1
    assert f"make it with: {command('small')}" in capsys.readouterr().err
    run("small", source=small, folder=tmp_path, progress=False)
    assert main(["check", *arguments]) == 0
    [one] = check("small", folder=tmp_path)
    assert one.holds and float(one) == 0
    path = tmp_path / "small.json"
    stored = path.read_text(encoding="utf-8")
    path.write_text(stored.replace('"square": 9', '"square": 10'), encoding="utf-8")
    assert main(["check", *arguments]) == 1
    assert "FAILS: 3 differs from the stored one by 10.00%" in capsys.readouterr().out


def test_the_list_shows_what_is_stored_and_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TDIST_DATA", str(tmp_path / "nothing"))
    assert main(["list", "--out", str(STORED)]) == 0
    found = capsys.readouterr().out
    assert "digits                   62 of 62 units stored        8 minutes" in found
    assert "missing: MNIST: MNIST is not in" in found
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    found = capsys.readouterr().out
    assert found.count("there is no folder") == 1 and "half an hour on two cores" in found


@pytest.mark.parametrize(("arguments", "message"), [
    (["run", "nope"], "there is no study 'nope'; there are "),
    (["run", "digits", "--unit", "9/a"], "no unit '9/a'; it has check, first steps"),
    (["run", "digits", "--jobs", "0"], "jobs must be at least 1"),
    (["run", "small", "--from", "/nowhere.py"], "/nowhere.py is not there"),
])
def test_what_cannot_be_run_is_said(arguments, message, tmp_path, capsys):
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


def test_a_file_that_registers_nothing(tmp_path):
    (tmp_path / "empty.py").write_text("x = 1", encoding="utf-8")
    with pytest.raises(ValueError, match="registers no study"):
        load_file(tmp_path / "empty.py")


def test_a_units_failure_leaves_the_others(small, tmp_path):
    file = Path(small)
    fails = SMALL.format(pause=0).replace("k / 7", "float('nan') if k == 7 else k / 7")
    file.write_text(fails, encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"unit '7' cannot be stored.*JSON has no NaN"):
            run("small", source=small, folder=tmp_path, progress=False)
        assert list(load("small", tmp_path)["units"]) == [str(k) for k in range(7)]


@pytest.mark.parametrize(("file", "name", "key"), [
    ("my_study.py", "wine", "13 columns"), ("my_pairs.py", "wine_pairs", "1/two/wine")])
def test_the_studies_of_contributing_run(file, name, key, tmp_path, capsys):
    """As they stand there, by the command that stands there; and the stored command exists."""
    text = (STORED.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = text[text.index(f"# {file}"):].split("```")[0]
    (tmp_path / file).write_text(block, encoding="utf-8")
    arguments = ["--from", str(tmp_path / file), "--out", str(tmp_path)]
    try:
        assert main(["run", name, "--unit", key, *arguments]) == 0
        stored = load(name, tmp_path)
        assert list(stored["units"]) == [key]
        assert main([*stored["command"].split()[3:], "--unit", key, "--out", str(tmp_path)]) == 0
        assert "has these units; nothing to do" in capsys.readouterr().out
    finally:
        STUDIES.pop(name, None)


# side by side, killed, and two at once


@pytest.mark.slow
def test_units_side_by_side_give_the_same(small, tmp_path):
    run("small", source=small, folder=tmp_path, jobs=2, progress=False)
    assert load("small", tmp_path)["units"] == EXPECTED


@pytest.mark.slow
def test_units_on_a_dask_cluster_of_two_processes(small, tmp_path):
    distributed = pytest.importorskip("distributed")
    import dask

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1,
                                  dashboard_address=None) as cluster, \
            dask.config.set({"scheduler-address": cluster.scheduler_address}):
        run("small", source=small, folder=tmp_path, jobs=2, backend="dask", progress=False)
    assert load("small", tmp_path)["units"] == EXPECTED


@pytest.mark.slow
def test_units_on_a_ray_cluster_of_two_processes(small, tmp_path):
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    try:
        run("small", source=small, folder=tmp_path, jobs=2, backend="ray", progress=False)
    finally:
        ray.shutdown()
    assert load("small", tmp_path)["units"] == EXPECTED


@pytest.mark.parametrize(("backend", "module"), [("dask", "distributed"), ("ray", "ray")])
def test_a_back_end_that_is_not_installed_is_named(backend, module, small, tmp_path, monkeypatch,
                                                   capsys):
    monkeypatch.setitem(sys.modules, module, None)
    assert main(["run", "small", "--from", small, "--out", str(tmp_path), "--jobs", "2",
                 "--backend", backend]) == 1
    assert f"pip install '{backend}[" in capsys.readouterr().err


PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tdist.studies.runs"])


def start(source, folder):
    """A run in a process of its own, which has all imports already."""
    process = PROCESSES.Process(target=run, args=("small",), kwargs={
        "source": source, "folder": folder, "progress": False})
    process.start()
    return process


@pytest.mark.slow
def test_twenty_kills_at_random_moments(small, tmp_path):
    """A killed run goes on where it stopped; what it stores is what an uninterrupted one does."""
    start(small, tmp_path).join()  # the imports, before the clock matters
    moments, kills, units = np.random.default_rng(0).uniform(0, 0.2, 1000), 0, 0
    folder = tmp_path / "round"
    for moment in moments:
        folder.mkdir(exist_ok=True)
        process = start(small, folder)
        time.sleep(moment)
        process.kill()  # also where it has just ended
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        found = load("small", folder)["units"] if (folder / "small.json").exists() else {}
        assert found.items() <= EXPECTED.items()
        assert len(found) >= units  # nothing is lost
        units = len(found)
        if units == 12:
            assert found == EXPECTED
            folder, units = tmp_path / f"round {kills}", 0
        if kills == 20:
            break
    assert kills == 20
    folder.mkdir(exist_ok=True)
    assert run("small", source=small, folder=folder, progress=False).left == []
    assert load("small", folder)["units"] == EXPECTED


@pytest.mark.slow
def test_a_second_process_on_the_same_file_is_refused(small, tmp_path):
    Path(small).write_text(SMALL.format(pause=0.2), encoding="utf-8")
    process = start(small, tmp_path)
    while not (tmp_path / "small.json").exists():
        assert process.is_alive()
        time.sleep(0.02)
    with pytest.raises(RuntimeError, match=r"another process is writing .*small\.json"):
        run("small", source=small, folder=tmp_path, progress=False)
    process.join()
    assert process.exitcode == 0
    assert load("small", tmp_path)["units"] == EXPECTED


# results


def test_a_killed_run_goes_on_where_it_stopped(tmp_path):
    calls = []

    def compute(value):
        calls.append(value)
        if value == "boom":
            raise KeyboardInterrupt
        return {"value": value}

    with pytest.raises(KeyboardInterrupt), Results("s", {"seed": 0}, "command", tmp_path) as first:
        first.unit("a", lambda: compute("a"))
        first.unit("b", lambda: compute("boom"))
    with Results("s", {"seed": 0}, "command", tmp_path) as second:
        assert second.unit("a", lambda: compute("a again")) == {"value": "a"}
        second.unit("b", lambda: compute("b"))
    assert calls == ["a", "boom", "b"]
    assert load("s", tmp_path)["units"] == {"a": {"value": "a"}, "b": {"value": "b"}}
    with pytest.raises(ValueError, match="another configuration"):
        Results("s", {"seed": 1}, "command", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m tdist\.studies run t"):
        load("t", tmp_path)


def test_a_writer_sees_what_the_one_before_it_stored(tmp_path):
    one, two = (Results("s", {}, "command", tmp_path) for _ in range(2))
    with one:
        one.put("a", 1)
        with pytest.raises(RuntimeError, match="another process is writing"), two:
            pass
    with pytest.raises(RuntimeError, match="with results"):
        two.put("b", 2)
    with two:
        two.put("b", 2)
    assert load("s", tmp_path)["units"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(("value", "error", "message"), [
    (np.float32(1), TypeError, "float32"), ({"a": np.arange(3)}, TypeError, "ndarray"),
    ({1, 2}, TypeError, "set"), (float("nan"), ValueError, "no NaN"),
    ([1, float("inf")], ValueError, "no infinity")])
def test_what_json_cannot_hold_is_refused_and_spoils_nothing(value, error, message, tmp_path):
    with Results("s", {}, "command", tmp_path) as results:
        results.put("a", 1)
        with pytest.raises(error, match=f"unit 'b'.*{message}"):
            results.put("b", value)
        results.put("c", (1, 2))
    assert load("s", tmp_path)["units"] == {"a": 1, "c": [1, 2]}


@pytest.mark.parametrize("text", ["", '{"units": {"a"', "[]", '{"units": {}}', "\x00"])
def test_a_file_that_is_not_whole_is_named(text, tmp_path):
    (tmp_path / "s.json").write_text(text, encoding="utf-8")
    for read in (lambda: load("s", tmp_path), lambda: Results("s", {}, "command", tmp_path)):
        with pytest.raises(ValueError, match=r"s\.json is not a whole stored result"):
            read()


@pytest.mark.parametrize("name", ["../s", "a/b", "", ".hidden", "/etc/passwd", "a\\b", None])
def test_a_name_is_no_path(name, tmp_path):
    for use in (lambda: load(name, tmp_path), lambda: Results(name, {}, "command", tmp_path)):
        with pytest.raises(ValueError, match="a result's name"):
            use()


def test_results_lie_here_or_where_one_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="--out FOLDER"):
        where()
    with pytest.raises(FileNotFoundError, match="create it first"):
        Results("s", {}, "command", "nowhere")
    (tmp_path / "results").mkdir()
    assert where() == Path("results")
    (tmp_path / "notebooks" / "results").mkdir(parents=True)
    assert where() == Path("notebooks/results") and where("results") == Path("results")


def test_a_new_result_names_its_processor(tmp_path):
    with Results("s", {}, "command", tmp_path) as results:
        results.put("a", 1, 1.26)
        results.put("b", 1, 1.26)
    stored = load("s", tmp_path)
    assert stored["device"] == describe_device() and stored["seconds"] == pytest.approx(2.6)
    described = describe_device("cpu")
    assert described.startswith(f"CPU, {os.cpu_count()} cores, ")
    info = Path("/proc/cpuinfo")
    if info.exists() and "model name" in info.read_text(encoding="utf-8"):
        assert described.split(", ", 3)[3] in info.read_text(encoding="utf-8")
    assert set(stored["versions"]) >= {"python", "torch", "numpy", "scikit-learn"}


def test_kept_is_made_once(tmp_path, monkeypatch):
    import torch

    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    calls = []

    def make():
        calls.append(1)
        return {"x": torch.arange(3)}

    for _ in range(2):
        assert kept("a/b", make)["x"].tolist() == [0, 1, 2]
    assert len(calls) == 1


def test_a_failure_to_make_leaves_nothing(tmp_path, monkeypatch):
    import torch

    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        kept("a", lambda: 1 / 0)
    assert kept("a", lambda: torch.ones(2)).tolist() == [1, 1]


@pytest.mark.slow
def test_the_module_runs(tmp_path):
    found = subprocess.run([sys.executable, "-m", "tdist.studies", "run", "digits"], cwd=tmp_path,
                           capture_output=True, text=True)
    assert found.returncode == 1 and "name one with --out" in found.stderr
    assert list(tmp_path.iterdir()) == []
