"""The page "Measure the road between your own tasks" survives its reader: with other tasks, another
network, settings and seeds in the lines with an arrow every cell runs."""

import sys
from pathlib import Path

import jupytext
import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("torchvision")

import matplotlib as mpl
from torch import nn
from torchvision.utils import save_image

from tdist import Task
from tdist.networks import SmallCNN
from tdist.tasks import fashion_mnist
from tdist.transfer import Settings

PAGE = Path(__file__).resolve().parents[1] / "notebooks" / "road_between_your_tasks.py"
MARKED = ["source, target", "network", "settings", "seeds"]
SHORT = Settings(steps=2, sgd_steps=2, pretrain_steps=5, iterations=1, batch=8, block=5)


def vectors():
    """Two tables that share one of their classes, and a network without a hidden layer."""
    rng = np.random.default_rng(0)
    here, there = (Task(name, rng.standard_normal((30, 4)), [*classes] * 10)
                   for name, classes in (("here", "abc"), ("there", "cde")))
    return here, there, lambda outputs: nn.Linear(4, outputs), 2


def photographs(home):
    """Folders of grey clothes of another size than the page's, and one seed alone."""
    tasks = []
    for names in (("coat", "bag"), ("dress", "sandal", "shirt")):
        for i, (image, label) in enumerate(zip(*_clothes(names), strict=True)):
            place = home / names[0] / names[label]
            place.mkdir(parents=True, exist_ok=True)
            save_image(image / 255, place / f"{i}.png")
        tasks.append(Task.from_folder(home / names[0], size=12, progress=False))
    return *tasks, lambda outputs: SmallCNN(outputs, channels=3, size=12), 1


def _clothes(names):
    task = fashion_mnist().only(names).subset(40)
    return task.images, task.labels


def run(source, target, network, seeds):
    """The page's names after all of its cells, with new text in the lines with an arrow."""
    new = dict(zip(MARKED, ("given[0], given[1]", "given[2]", "SHORT", "given[3]"), strict=True))
    page = {"given": (source, target, network, seeds), "SHORT": SHORT, "__name__": "page"}
    replaced = []
    for cell in jupytext.read(PAGE).cells:
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            for i, line in enumerate(lines):
                if "# <--" in line:
                    name = line.split(" = ")[0]
                    replaced.append(name)
                    lines[i] = f"{name} = {new[name]}"
            exec(compile("\n".join(lines), str(PAGE), "exec"), page)
    assert replaced == MARKED
    return page


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vectors", "photographs"])
@pytest.mark.filterwarnings("ignore:the (first coupling|coupling of) .*:RuntimeWarning")
def test_the_page_runs_with_other_tasks_and_without_the_book(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "myst_nb", None)  # as if it were not installed
    mpl.use("Agg")
    source, target, network, seeds = vectors() if kind == "vectors" else photographs(tmp_path)
    with mpl.rc_context():
        page = run(source, target, network, seeds)
        mpl.pyplot.close("all")
    found = page["found"]
    assert (found.source, found.target) == (source.name, target.name)
    assert len(found.seeds) == seeds and page["example"] is False
    assert set(page["outputs"]) == {*source.classes, *target.classes}
    assert 0 <= page["reached"] <= 1
    said = capsys.readouterr().out
    assert f"{source.name} to {target.name}" in said and "trained on the target" in said


def test_the_page_imports_what_a_plain_installation_has():
    """Packages of the group [images], and of the book only what it does without."""
    code = PAGE.read_text(encoding="utf-8")
    assert "myst_nb" in code and "except ModuleNotFoundError" in code
    for name in ("seaborn", "statsmodels", "jupytext"):
        assert f"import {name}" not in code and f"from {name}" not in code
