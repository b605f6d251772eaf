"""The command line as a stranger meets it: folders as people have them, files of features, and no
traceback for a mistake."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("torchvision")
pytest.importorskip("timm")

import pandas as pd
import torch
from PIL import Image
from torch import nn

from tdist import candidates
from tdist.__main__ import main
from tdist.folders import picture, read_folder
from tdist.hscore import h_score

ROOT = Path(__file__).resolve().parents[1]


class Tiny(nn.Module):
    """In place of EfficientNet-Lite, for speed: mean colours, which tell light images from dark."""

    pretrained_cfg = {"architecture": "tf_efficientnet_lite0", "tag": "in1k",  # noqa: RUF012
                      "input_size": (3, 16, 16), "mean": (0.5,) * 3, "std": (0.5,) * 3}

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 5)

    def forward(self, x):
        return self.head(self.stem(x).mean((2, 3)))


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path_factory):
    monkeypatch.setattr(candidates, "efficientnet_lite", lambda number: Tiny().eval())
    monkeypatch.setenv("TDIST_DATA", str(tmp_path_factory.mktemp("data")))


def write(folder, name, colour, mode="RGB", count=6, ending="png"):
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(name))
    for i in range(count):
        pixels = np.clip(rng.normal(colour, 20, (20, 24, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).convert(mode).save(place / f"{i}.{ending}")
    return place


@pytest.fixture
def folder(tmp_path):
    """Light and dark, in a folder with a space and a letter that is not ASCII."""
    folder = tmp_path / "meine Bilder ü"
    write(folder, "dark", 60)
    write(folder, "light", 190)
    return folder


def command(capsys, *words):
    """Exit code, output and errors of a command."""
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def usage(capsys, *words):
    """What argparse says, which exits by itself."""
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return stopped.value.code, said.out, said.err


# rank


def test_a_folder_is_ranked_and_written_without_a_line_of_code(folder, tmp_path, capsys):
    table, chart = tmp_path / "t.csv", tmp_path / "c.png"
    code, out, err = command(capsys, "rank", folder, "--model", "lite0", "--out", table, "--plot",
                             chart)
    assert code == 0 and "12 images, 2 classes" in out and "Traceback" not in err
    assert err.index("chance: 0.500") < err.index("lite0 stem: loo")  # said before the scores
    frame = pd.read_csv(table)
    assert list(frame["model"]) == ["lite0"] and frame["score"][0] == 1 and frame["n"][0] == 12
    assert frame["imagenet"][0] == 74.83
    with Image.open(chart) as image:
        assert image.size[0] > 400
    code, out, err = command(capsys, "rank", folder, "--model", "lite0", "--score", "knn",
                             "--quiet")
    assert code == 0 and err == "" and "score knn" in out


def test_what_lies_about_in_a_folder_is_left_out_and_named(folder, capsys):
    for name in ("Thumbs.db", ".DS_Store", "._0.png"):
        (folder / "dark" / name).write_bytes(b"nothing")
    (folder / "dark" / "notes.txt").write_text("three of them are blurred")
    (folder / "empty").mkdir()
    (folder / ".hidden").mkdir()
    write(folder, "single", 120, count=1)
    write(folder, "light/bright/more", 200, count=2, ending="JPG")
    (folder / "light" / "loop").symlink_to(folder / "light")
    (folder / "linked").symlink_to(write(folder.parent, "elsewhere", 10, count=3))
    found = read_folder(folder)
    assert found.classes == ("dark", "light", "linked", "single")
    assert np.bincount(found.labels).tolist() == [6, 8, 3, 1]
    code, out, err = command(capsys, "rank", folder, "--model", "lite0")
    assert code == 0 and "18 images, 4 classes" in out
    for words in ("no images in empty", "one image only in single", "notes.txt"):
        assert words in err
    assert "Thumbs" not in err and "DS_Store" not in err


@pytest.mark.parametrize("mode, ending", [
    ("L", "png"), ("1", "png"), ("P", "gif"), ("P", "PNG"), ("CMYK", "jpg"), ("LA", "png"),
    ("RGBA", "webp"), ("YCbCr", "jpeg"), ("RGB", "TIFF"), ("RGB", "bmp")])
def test_pictures_of_any_mode_are_the_same_pictures(mode, ending, tmp_path):
    place = write(tmp_path, "a", 130, mode, 1, ending)
    image = picture(place / f"0.{ending}")
    assert image.mode == "RGB" and image.size == (24, 20)
    assert np.asarray(image).mean() == pytest.approx(127 if mode == "1" else 130, abs=15)


def test_sixteen_bits_transparency_and_a_turned_camera(tmp_path):
    values = np.full((4, 6), 65_535 // 2, np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    assert np.asarray(picture(tmp_path / "deep.png")).max() == 127
    Image.new("RGBA", (4, 6), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert np.asarray(picture(tmp_path / "clear.png")).min() == 255
    turned = Image.new("RGB", (6, 4))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert picture(tmp_path / "turned.jpg").size == (4, 6)
    Image.new("F", (3, 3)).save(tmp_path / "float.tiff")
    with pytest.raises(ValueError, match=r"float\.tiff holds fractions"):
        picture(tmp_path / "float.tiff")


def test_broken_files_are_named_and_refused_or_left_out(folder, capsys):
    whole = (folder / "dark" / "0.png").read_bytes()
    (folder / "dark" / "0.png").write_bytes(whole[: len(whole) // 2])
    (folder / "light" / "3.png").write_bytes(b"")
    code, out, err = command(capsys, "rank", folder, "--model", "lite0")
    assert code == 2 and out == "" and "Traceback" not in err
    for words in ("2 of 12 files cannot be used", "dark/0.png", "light/3.png", "--skip-broken"):
        assert words in err
    code, out, err = command(capsys, "rank", folder, "--model", "lite0", "--skip-broken")
    assert code == 0 and "10 images, 2 classes" in out and "2 broken files left out" in err


@pytest.mark.parametrize("make, words", [
    (lambda f: None, "is not there"),
    (lambda f: f.write_text("x"), "is a file"),
    (lambda f: f.mkdir(), "has no images in sub-folders; endings that count"),
    (lambda f: write(f, "", 100), "and 6 beside them: put the images of each class"),
    (lambda f: write(f, "only", 100), "has one class, 'only'"),
    (lambda f: [write(f, f"all/{name}", 100) for name in "ab"], "Did you mean"),
    (lambda f: [write(f, f"{part}/{name}", 100) for part in ("train", "Test") for name in "ab"],
     "holds the splits Test, train, not classes"),
], ids=["none", "file", "empty", "loose", "one", "nested", "splits"])
def test_a_folder_that_cannot_be_meant_says_what_to_do(make, words, tmp_path, capsys):
    place = tmp_path / "data"
    make(place)
    code, out, err = command(capsys, "rank", place, "--model", "lite0")
    assert code == 2 and words in err and out == "" and "Traceback" not in err


def test_splits_are_told_by_all_of_the_names_only(tmp_path):
    for name in ("train", "bus"):
        write(tmp_path, name, 100)
    assert read_folder(tmp_path).classes == ("bus", "train")


def test_weights_that_cannot_be_had_are_reported_and_the_others_go_on(folder, capsys, monkeypatch):
    import timm

    def offline(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(timm, "create_model", offline)
    words = ("rank", folder, "--model", "timm:resnet18")
    code, out, err = command(capsys, *words, "--model", "lite0")
    assert code == 0 and "left out: timm:resnet18" in out and "no route to host" in out
    code, out, err = command(capsys, *words)
    assert code == 1 and "nothing was ranked" in out and "Traceback" not in err
    code, out, err = command(capsys, "rank", folder, "--model", "torchvision:resnot18")
    assert code == 1 and "torchvision has no model 'resnot18'; close names: resnet18" in out


def test_a_score_that_is_nowhere_defined_is_nothing_ranked(tmp_path, capsys):
    """As many features as images: H is the number of classes minus one whatever the labels are."""
    folder = tmp_path / "few"
    for name, colour in (("a", 40), ("b", 90)):
        write(folder, name, colour, count=2)
    code, out, _ = command(capsys, "rank", folder, "--model", "lite0", "--score", "adjusted")
    assert code == 1 and "a score is missing" in out


def test_a_mistake_in_the_command_is_told_without_a_traceback(folder, capsys):
    for words, said in [(("rank", folder, "--model", "resnet18"), "'resnet18' is not known"),
                        (("rank", folder, "--model", "lite0", "--score", "best"), "these do: h"),
                        (("rank", folder, "--model", "lite0", "--images", "2"), "take more"),
                        (("rank", folder, "--model", "lite0", "--out", "none/t.csv"),
                         "does not exist"),
                        (("rank", folder, "--model", "lite0", "--plot", "none/t.png"),
                         "does not exist")]:
        code, _, err = command(capsys, *words)
        assert code == 2 and said in err and "Traceback" not in err
    assert usage(capsys, "rank", folder)[0] == 2
    assert usage(capsys, "rank", folder, "--model", "lite0", "--images", "-3")[0] == 2
    assert usage(capsys)[0] == 2


def test_help_teaches(capsys):
    code, out, _ = usage(capsys, "--help")
    assert code == 0 and "tdist rank photos --model lite0" in out
    code, out, _ = usage(capsys, "rank", "--help")
    for words in ("keep the test images out", "--skip-broken", "examples:", "exit codes", "knn"):
        assert words in out
    assert max(map(len, out.splitlines())) <= 100


# score


@pytest.fixture
def wine():
    from sklearn.datasets import load_wine
    return load_wine(return_X_y=True)


@pytest.mark.parametrize("kind", ["npy", "npz", "csv", "headed"])
@pytest.mark.parametrize("given", ["plain", "headed", "species", "columns", "npy"])
def test_features_and_labels_of_any_file_give_the_score(kind, given, wine, tmp_path, capsys):
    x, y = wine
    features, labels = tmp_path / f"x.{kind.replace('headed', 'csv')}", tmp_path / "y.csv"
    if kind == "npy":
        np.save(features, x)
    elif kind == "npz":
        np.savez(features, x=x)
    else:
        pd.DataFrame(x, columns=[f"f{i}" for i in range(13)]).to_csv(
            features, index=False, header=kind == "headed")
    names = np.array(["barolo", "grignolino", "barbera"])[y]
    if given == "npy":
        labels = tmp_path / "y.npy"
        np.save(labels, y)
    elif given == "columns":
        pd.DataFrame({"label": names, "file": range(len(y))}).to_csv(labels, index=False)
    else:
        header = {"headed": ["class"], "species": ["species"]}.get(given, [])
        labels.write_text("\n".join(header + names.tolist()))
    code, out, err = command(capsys, "score", features, labels)
    h = h_score(x, y)
    assert ("'species' is taken for the header" in err) == (given == "species")
    assert code == 0 and "178 samples, 13 features, 3 classes" in out
    assert f"{h.statistic:.4f}  of at most 2; by chance {h.chance:.4f}" in out
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["h", "loo", "knn", "logme"]


def test_files_that_cannot_be_meant_say_so(wine, tmp_path, capsys):
    x, y = wine
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "short.npy", y[:7])
    np.save(tmp_path / "pickle.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "text.csv").write_text("a,b\n1,2\n3,cat\n")
    for features, labels, words in [
            ("none.npy", "short.npy", "is not there"), ("x.npy", "none.csv", "is not there"),
            ("x.npy", "short.npy", "178 rows"), ("pickle.npy", "short.npy", "is no .npy"),
            ("text.csv", "short.npy", "'cat' in row 2, column 2"),
            ("short.npy", "short.npy", "of shape (7,)")]:
        code, _, err = command(capsys, "score", tmp_path / features, tmp_path / labels)
        assert code == 2 and words in err and "Traceback" not in err
    code, _, err = command(capsys, "score", tmp_path / "x.npy", tmp_path / "x.npy")
    assert code == 2
    np.save(tmp_path / "y.npy", y)
    code, _, err = command(capsys, "score", tmp_path / "x.npy", tmp_path / "y.npy", "--score", "H")
    assert code == 2 and "are not known" in err


def test_labels_are_what_the_file_says_numbers_too(tmp_path, capsys):
    """Numbers in a file without a header are labels, from the first line on."""
    np.save(tmp_path / "x.npy", np.arange(12.0).reshape(6, 2) ** 2)
    (tmp_path / "y.csv").write_text("0\n1\n0\n1\n0\n1\n")
    code, out, _ = command(capsys, "score", tmp_path / "x.npy", tmp_path / "y.csv", "--score", "h")
    assert code == 0 and "6 samples" in out


@pytest.mark.slow
def test_the_module_runs_from_any_folder(wine, tmp_path):
    np.save(tmp_path / "x.npy", wine[0])
    np.save(tmp_path / "y.npy", wine[1])
    done = subprocess.run([sys.executable, "-m", "tdist", "score", "x.npy", "y.npy"], cwd=tmp_path,
                          capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0 and "178 samples" in done.stdout, done.stderr
