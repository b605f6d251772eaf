"""The page "Score your own model" does what it says: another model and another folder in the lines
with an arrow, and every cell runs."""

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

PAGE = Path(__file__).resolve().parents[1] / "notebooks" / "your_own_model.py"


class Other(nn.Module):
    """A network with none of the example's names, widths or layouts."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 5, stride=4), nn.ReLU(inplace=True))
        self.mix = nn.Linear(6, 9)

    def forward(self, x):
        return self.mix(self.stem(x).permute(0, 2, 3, 1))


def run(folder, model, names):
    """The page's names after all of its cells, with new text in the lines with an arrow."""
    new = {"folder": repr(str(folder)), "model": "other_model", "layers": repr(names)}
    page, replaced = {"other_model": model, "__name__": "page"}, []
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
    rng = np.random.default_rng(0)
    for i, name in enumerate(("cats", "dogs", "owls")):
        (tmp_path / name).mkdir()
        for j in range(8):
            pixels = rng.integers(0, 120, (20, 30, 3)) + 60 * i
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name / f"{j}.png")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("names", [["stem", "stem.0", "mix"], ["mix"]])
def test_the_page_runs_with_another_model_and_folder_and_without_the_book(folder, names,
                                                                          monkeypatch):
    monkeypatch.setitem(sys.modules, "myst_nb", None)  # as if it were not installed
    mpl.use("Agg")
    with mpl.rc_context():
        page = run(folder, Other(), names)
        mpl.pyplot.close("all")
    assert list(page["scores"]) == names and page["best"] in names
    assert page["ax"].get_xlabel() == "H-score (at most 2)"
    assert set(page["labels"]) == {0, 1, 2} and len(page["labels"]) == 24


def test_text_and_captions_of_the_page_hold_no_number_of_the_example():
    """Numbers that another model or folder would change are glued, not written."""
    code = "\n".join(c.source for c in jupytext.read(PAGE).cells if c.cell_type == "code")
    checks = [line for line in code.splitlines() if line.lstrip().startswith("assert")]
    guarded = [line for line in checks if line.startswith("    ")]
    assert "at most 9" not in code and "out of 9" not in code
    assert len(guarded) == 2 and all("isclose" in line for line in checks if line not in guarded)
