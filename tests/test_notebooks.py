"""The stored notebooks are the ones that their scripts and the package would produce."""

import base64
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("execute", ROOT / "book" / "execute.py")
execute = importlib.util.module_from_spec(spec)
spec.loader.exec_module(execute)
SCRIPTS = execute.scripts()
each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


@each_script
def test_outputs_are_fresh(script):
    assert execute.stale(script) == "", "run: make run"


def test_every_notebook_has_a_script_and_a_place_in_the_book():
    names = {script.stem for script in SCRIPTS}
    assert names == {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert names == set(re.findall(r"file: notebooks/(\S+)", (ROOT / "_toc.yml").read_text()))


@each_script
def test_cells_are_comparable(script):
    """nbval fails on a cell that ends in a semicolon; the book's build fails on anything written to stderr."""
    for cell in jupytext.read(script).cells:
        assert cell.cell_type != "code" or not cell.source.rstrip().endswith(";"), cell.source
    for cell in nbformat.read(script.with_suffix(".ipynb"), as_version=4).cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output
            assert output.output_type != "error"


@each_script
def test_no_rounding_noise_is_printed(script):
    """Numbers like 3e-16 differ between processors; they are asserted, not printed."""
    for cell in nbformat.read(script.with_suffix(".ipynb"), as_version=4).cells:
        if "nbval-ignore-output" not in cell.metadata.get("tags", []):
            for output in cell.get("outputs", []):
                text = output.get("text") or output.get("data", {}).get("text/plain", "")
                assert not re.search(r"\d(\.\d+)?e-1[4-9]", text), text


def scratch_book(folder, code="import tdist\nprint(tdist.ace)"):
    """A one-notebook book with a copy of the package, in a folder."""
    for part in ("book", "notebooks/results", "tdist"):
        (folder / part).mkdir(parents=True)
    (folder / "book" / "execute.py").write_bytes((ROOT / "book" / "execute.py").read_bytes())
    for path in (ROOT / "tdist").glob("*.py"):
        (folder / "tdist" / path.name).write_bytes(path.read_bytes())
    (folder / "requirements.txt").write_text("numpy\n")
    (folder / "notebooks" / "01_a.py").write_text(f"# %% [markdown]\n# words\n\n# %%\n{code}\n")
    return folder


def run_book(folder, *arguments):
    return subprocess.run([sys.executable, folder / "book" / "execute.py", *arguments], capture_output=True, text=True,
                          check=False)


def test_a_notebook_is_stale_when_what_it_uses_changes_and_only_then(tmp_path):
    book = scratch_book(tmp_path, "import tdist\nprint(2)\nif False:\n    tdist.ace")
    assert "never run" in run_book(book, "--check").stdout
    run_book(book)
    first = (book / "notebooks" / "01_a.ipynb").read_bytes()
    assert run_book(book, "--check").returncode == 0

    run_book(book, "--all")
    assert (book / "notebooks" / "01_a.ipynb").read_bytes() == first, "two runs differ"

    append = lambda name: (book / "tdist" / name).open("a").write("\n# changed\n")  # noqa: E731
    append("plots.py")  # not reached from tdist.ace
    assert run_book(book, "--check").returncode == 0
    append("joint.py")  # reached through tdist.hgr
    assert run_book(book, "--check").returncode == 1
    run_book(book)

    script = book / "notebooks" / "01_a.py"
    script.write_text(script.read_text().replace("words", "other words"))
    assert "text differs" in run_book(book, "--check").stdout
    run_book(book)
    stored = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    assert stored.cells[0].source == "other words" and stored.cells[1].outputs[0].text == "2\n"


def test_the_readme_shows_the_books_picture():
    """The one picture that stands outside a notebook; take it again from the page if this fails."""
    notebook = nbformat.read(ROOT / "notebooks" / "which_layer.ipynb", as_version=4)
    cell = next(c for c in notebook.cells if "fig-layers-cifar" in str(c.metadata.get("mystnb")))
    drawn = next(o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {}))
    assert (ROOT / "book" / "_static" / "which_layer.png").read_bytes() == base64.b64decode(drawn)
