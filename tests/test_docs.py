"""What is written about the package is true of it: the names on the API page and their docstrings,
the code in README and CONTRIBUTING, and 100 columns."""

import doctest
import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch import nn

import tdist

ROOT = Path(__file__).resolve().parents[1]
API = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# docstrings without a section that they need; shrinks to nothing
TO_DO = set()


def listed():
    """Names on the API page: functions, classes, and the members that a page shows of a class."""
    for block in re.findall(r"```{eval-rst}\n(.*?)```", API, re.S):
        for name, options in re.findall(r"auto\w+:: (tdist[\w.]+)\n((?: {3}.*\n)*)", block + "\n"):
            yield name
            members = re.search(r":members:(.*)", options)
            if members:
                shown = members.group(1).split(",") if members.group(1).strip() else [
                    key for key, value in vars(find(name)).items()
                    if not key.startswith("_") and hasattr(value, "__get__")
                    and inspect.getdoc(value)]
                yield from (f"{name}.{member.strip()}" for member in shown)


def find(name):
    """What a dotted name stands for: a module as far as it goes, then attributes."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = inspect.getattr_static(found, part) if inspect.isclass(found) else getattr(
                found, part)
        return found
    raise AssertionError(f"{name} is not there")


NAMES = sorted(set(listed()))


def sections(text):
    return set(re.findall(r"^(\w[\w ]*)\n-{3,}$", text, re.M))


def missing(name):
    """What a docstring should have and has not."""
    thing = find(name)
    thing = getattr(thing, "__func__", thing)  # of a class method
    text = inspect.getdoc(thing)
    if not text:
        return {"docstring"}
    parent = name.rpartition(".")[0]
    member = parent.count(".") and inspect.isclass(find(parent))
    wanted = set() if member else {"Examples"}
    if inspect.isclass(thing) and issubclass(thing, Warning):
        return set()  # it has no more to it than its text
    if inspect.isclass(thing):
        given = sections(text)
        wanted |= set() if given & {"Parameters", "Attributes"} else {"Parameters or Attributes"}
    elif callable(thing):
        takes = [p for p in inspect.signature(thing).parameters if p not in ("self", "cls")]
        wanted |= {"Parameters"} if takes else set()
        returns = re.search(r"^\s+(return|yield)\s+\S", inspect.getsource(thing), re.M)
        wanted |= {"Returns"} if returns and not sections(text) & {"Yields"} else set()
        if member:  # what a method gives, and its one argument, a sentence can say
            wanted = {"Parameters"} if len(takes) > 1 else set()
        # or where they are described
        wanted -= {word.capitalize() for sentence in
                   re.findall(r"(Parameters[\w ,]*) as (?:in )?:func:", text)
                   for word in re.findall(r"\w+", sentence)}
    found = {section for section in wanted if section not in sections(text)}
    if "Examples" in wanted and not doctest.DocTestParser().get_examples(text):
        found.add("Examples")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_name_on_the_api_page_is_there_and_explained(name):
    lacks = missing(name)
    assert bool(lacks) == (name in TO_DO), lacks or f"{name} is done: take it off the list"


def test_only_examples_that_need_a_download_are_skipped():
    skipped = {name for name in NAMES if "+SKIP" in (inspect.getdoc(find(name)) or "")}
    data = {f"tdist.tasks.{name}" for name in
            ("cifar10", "cifar100", "mnist", "clothing", "download", "data_folder")}
    assert skipped <= data | {"tdist.networks.resnet50"}


def test_the_front_doors_names_are_on_the_api_page():
    modules = {path.stem for path in (ROOT / "tdist").glob("*.py")} | {
        path.parent.name for path in (ROOT / "tdist").glob("*/__init__.py")}
    assert {f"tdist.{name}" for name in set(tdist.__all__) - modules} <= set(NAMES)


# README


BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.S | re.M)


@pytest.fixture
def with_a_model():
    """What README leaves to the reader: a model, its transform, and a data set."""
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module("layer3", nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.ReLU()))
    model.add_module("layer4", nn.Conv2d(4, 6, 2))
    return {"model": model, "transform": lambda image: image / 255,
            "dataset": tdist.tasks.digits().subset(300).resized(8, channels=3)}


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_the_readmes_code_runs(block, with_a_model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TDIST_DATA", str(tmp_path))
    exec(compile(block, "README.md", "exec"), with_a_model)
    assert re.search(r"\d\.\d+", capsys.readouterr().out)


def test_versions_and_commands_agree():
    assert f"Version {tdist.__version__}" in README
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {tdist.__version__}\n" in citation
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changes, re.M).group(1) == tdist.__version__
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for text in (README, CONTRIBUTING):
        assert set(re.findall(r"`make (\w+)", text)) <= targets
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(re.findall(r"`?\[(\w+)\]`", README)) <= set(groups["optional-dependencies"])


# CONTRIBUTING


def recipe(title):
    """The files that a recipe shows: {path: text}."""
    section = re.search(rf"^## {title}\n(.*?)^## ", CONTRIBUTING, re.S | re.M).group(1)
    blocks = re.findall(r"^ {3}```python\n {3}# (\S+)\n(.*?)^ {3}```", section, re.S | re.M)
    return {path: re.sub(r"^ {3}", "", text, flags=re.M) for path, text in blocks}


@pytest.mark.slow
@pytest.mark.parametrize(("title", "room", "above"),
                         [("A score", "separation", "hscore"), ("A distance", "means", "features")])
def test_a_recipe_leads_to_a_room_whose_tests_pass(title, room, above, tmp_path):
    """Followed to the letter in a copy of the package."""
    for name in ("tdist", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("CONTRIBUTING.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    files = recipe(title)
    assert list(files) == [f"tdist/{room}.py", f"tests/test_{room}.py"]
    for path, text in files.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    for name in ("tests/test_floors.py", "CONTRIBUTING.md"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        mapped, times = re.subn(rf"^(.* )?{above}$", rf"\g<0>\n{room}", text, flags=re.M)
        assert times == 1
        (tmp_path / name).write_text(mapped, encoding="utf-8")
    door = tmp_path / "tdist" / "__init__.py"
    named = door.read_text(encoding="utf-8").replace('"agreement"', f'"agreement", "{room}"', 1)
    door.write_text(named, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    for command in (["pytest", "-q", f"tests/test_{room}.py", "tests/test_floors.py",
                     "--doctest-modules", f"tdist/{room}.py"],
                    ["ruff", "check", *files]):
        done = subprocess.run([sys.executable, "-m", *command], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


# columns


def tracked():
    kinds = "*.py", "*.md", "*.toml", "*.cff", "*.yml", "Makefile"
    found = subprocess.run(["git", "ls-files", *kinds], cwd=ROOT, capture_output=True, text=True,
                           check=False).stdout.split()
    return found or pytest.skip("not a checkout")


def test_a_hundred_columns():
    """But for captions, which are one line, and in text for tables and addresses."""
    long = []
    for name in tracked():
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
            free = line.startswith("# %%") or "https://" in line or (
                name.endswith((".md", ".py")) and re.match(r"(# )?(\||!\[)", line))
            if len(line) > 100 and not free:
                long.append(f"{name}:{number}")
    assert long == []


@pytest.mark.parametrize("path", sorted((ROOT / "tdist").rglob("*.py")), ids=lambda p: p.stem)
def test_an_attribute_has_a_line_of_its_own(path):
    """The package page would lose the second name of "low, high : float"."""
    parts = re.findall(r"Attributes\n +-+\n(.*?)(?:\n\n|\"\"\")", path.read_text("utf-8"), re.S)
    assert [line for part in parts for line in part.splitlines()
            if re.match(r" +\w+, [\w, ]+ : ", line)] == []
