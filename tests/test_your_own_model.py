"""The page "Score your own model" survives its reader: with another model and folder in the lines
with an arrow every cell runs."""

import re
import sys
from pathlib import Path

import jupytext
import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("torchvision")

import matplotlib as mpl
import torch
from PIL import Image
from torch import nn
from torchvision import transforms
from torchvision.models import resnet18

from tdist.tasks import data_folder

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "notebooks" / "your_own_model.py"
TRANSFORM = transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()])


class Other(nn.Module):
    """A network with none of the example's names, widths or layouts."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 5, stride=4), nn.ReLU(inplace=True))
        self.mix = nn.Linear(6, 9)

    def forward(self, x):
        return self.mix(self.stem(x).permute(0, 2, 3, 1)).mean((1, 2))


def run(folder, models):
    """The page's names after all of its cells, with new text in the lines with an arrow."""
    new = {"folder": repr(str(folder)), "models": "other_models"}
    page, replaced = {"other_models": models, "__name__": "page"}, []
    for cell in jupytext.read(PAGE).cells:
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            for i, line in enumerate(lines):
                if "# <--" in line:
                    name = line.split(" = ")[0]
                    replaced.append(name)
                    lines[i] = f"{name} = {new[name]}"
            exec(compile("\n".join(lines), str(PAGE), "exec"), page)
    assert replaced == list(new)
    return page


@pytest.fixture
def folder(tmp_path):
    """Photographs of clothes, 20 a class, or scikit-learn's digits if there are none."""
    clothes = data_folder() / "clothing" / "train"
    if clothes.is_dir():
        for place in sorted(clothes.iterdir())[:4]:
            (tmp_path / place.name).mkdir()
            for file in sorted(place.iterdir())[:20]:
                (tmp_path / place.name / file.name).symlink_to(file)
        return tmp_path
    from sklearn.datasets import load_digits
    digits = load_digits()
    for i, (image, label) in enumerate(zip(digits.images[:200], digits.target, strict=False)):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(tmp_path / str(label) / f"{i}.png")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("models", [
    lambda: {"resnet18": (resnet18(), TRANSFORM)},
    lambda: {"other": (Other(), TRANSFORM), "nothing": nn.Linear(3, 3)}],
    ids=["resnet18", "with one that fails"])
def test_the_page_runs_with_another_model_and_folder_and_without_the_book(folder, models, capsys,
                                                                          monkeypatch):
    torch.manual_seed(0)
    given = models()
    monkeypatch.setitem(sys.modules, "myst_nb", None)  # as if it were not installed
    monkeypatch.chdir(ROOT)  # where the stored study is
    mpl.use("Agg")
    with mpl.rc_context():
        page = run(folder, given)
        mpl.pyplot.close("all")
    first = next(iter(given))
    assert set(page["found"].table["model"]) == {first} == {page["found"].best.model}
    assert len(page["found"].failed) == len(given) - 1
    assert page["found"].table["n"].iloc[0] == len(page["pictures"])
    assert set(page["decisions"]["model"]) == {first} and page["decisions"]["regret"].min() >= 0
    assert "lite0" in capsys.readouterr().out  # the command


def test_text_and_captions_of_the_page_hold_no_number_of_the_example():
    """Numbers that another model or folder would change are glued, not written; what the page
    claims of its example is asserted for the example alone, with a message. The exercises ask
    about flowers, whatever the folder holds."""
    cells = jupytext.read(PAGE).cells
    [start] = [i for i, c in enumerate(cells) if c.source.startswith("## Exercises")]
    exercises = "\n".join(c.source for c in cells[start:] if c.cell_type == "code")
    assert not re.search(r"\b(folder|models|found|features|trained|task)\b", exercises)
    code = "\n".join(c.source for c in cells[:start] if c.cell_type == "code")
    checks = [line for line in code.splitlines() if line.lstrip().startswith("assert")]
    assert "at most 9" not in code and "out of 9" not in code
    [example, study] = checks  # each with a message, which its next lines hold
    assert example.startswith("    assert") and "decisions" in example and example.endswith("(")
    assert "table.loc" in study and study.endswith("(")


def test_the_page_imports_what_a_plain_installation_has():
    """Packages of the group [images], and of the book only what it does without."""
    code = PAGE.read_text(encoding="utf-8")
    assert "myst_nb" in code and "except ModuleNotFoundError" in code
    for name in ("seaborn", "statsmodels", "jupytext"):
        assert f"import {name}" not in code and f"from {name}" not in code
