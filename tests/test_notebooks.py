"""The stored notebooks are the ones that their scripts and the package would produce, and no way of
editing a pair leads to lost work, or to outputs under code that did not make them."""

import ast
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupytext.config import load_jupytext_config

from book import execute, record

ROOT = Path(__file__).resolve().parents[1]
PAIRS = execute.book()
each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)


# -------------------------------------------------------------------------- the book's own pairs

@each_pair
def test_outputs_are_fresh(pair):
    assert pair.judge() == ("", ""), "run: make run"


def test_every_notebook_has_a_script_and_a_place_in_the_book():
    names = {pair.name for pair in PAIRS}
    for ending in ("py", "ipynb"):
        assert names == {path.stem for path in (ROOT / "notebooks").glob(f"*.{ending}")}
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert names == set(re.findall(r"file: notebooks/(\S+)", toc))


@each_pair
def test_no_paragraph_turns_into_a_list(pair):
    """A line that was wrapped before "- b" or "2." would begin a list amid a sentence."""
    for cell in jupytext.read(pair.script).cells:
        prose = re.sub(r"\$\$.*?\$\$|```.*?```", "", cell.source, flags=re.S)
        for before, line in pairwise(prose.split("\n") if cell.cell_type == "markdown" else ()):
            starts = re.match(r"[-+*] |\d+\. ", line)
            assert not starts or re.match(r"$|[-+*:] ?|\d+\. | ", before), f"{before}\n{line}"


def on_the_h_score():
    """The pages before the part on the coupled transfer distance."""
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    first = toc.partition("caption: The coupled transfer distance")[0]
    return [pair for pair in PAIRS if f"notebooks/{pair.name}\n" in first]


@pytest.mark.parametrize("pair", on_the_h_score(), ids=lambda pair: pair.name)
def test_an_assertion_says_what_was_expected(pair):
    """To a reader who changed the example."""
    nodes = ast.walk(ast.parse(pair.script.read_text(encoding="utf-8")))
    assert [node.lineno for node in nodes if isinstance(node, ast.Assert) and not node.msg] == []


@each_pair
def test_cells_are_comparable(pair):
    """nbval fails on a cell that ends in a semicolon; the build fails on anything on stderr."""
    for cell in pair.source().cells:
        assert cell.cell_type != "code" or not cell.source.rstrip().endswith(";"), cell.source
    for cell in pair.stored().cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output
            assert output.output_type != "error"


@each_pair
def test_no_rounding_noise_is_printed(pair):
    """Numbers like 3e-16 differ between processors; they are asserted, not printed."""
    for cell in pair.stored().cells:
        if "nbval-ignore-output" not in cell.metadata.get("tags", []):
            for output in cell.get("outputs", []):
                text = output.get("text") or output.get("data", {}).get("text/plain", "")
                assert not re.search(r"\d(\.\d+)?e-1[4-9]", text), text


@each_pair
def test_a_run_read_the_modules_that_its_code_imports(pair):
    """The list of files is what the kernel opened; the imports in the code say the least of it."""
    files = pair.stored().metadata["tdist"]["files"]
    for cell in record.code(pair.source()):
        for node in ast.walk(ast.parse(cell)):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "tdist":
                stem = node.module.replace(".", "/")
                assert f"{stem}.py" in files or f"{stem}/__init__.py" in files
    for file in files:
        assert (ROOT / file).is_file()


@each_pair
def test_both_files_of_a_pair_have_the_same_text(pair):
    """As JupyterLab's jupytext judges: where they part, it refuses to open the newer .ipynb."""
    config = load_jupytext_config(str(pair.script))
    text = jupytext.writes(pair.stored(), fmt="py:percent", config=config)
    assert text == pair.script.read_text(encoding="utf-8")


@pytest.mark.slow
def test_jupyterlab_opens_and_saves_every_pair_without_a_change(tmp_path):
    manager = pytest.importorskip("jupyter_server.services.contents.largefilemanager")
    from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class

    contents = build_sync_jupytext_contents_manager_class(manager.LargeFileManager)()
    contents.root_dir = str(tmp_path)
    shutil.copy(ROOT / "notebooks" / "jupytext.toml", tmp_path)
    for pair in PAIRS:
        script, ipynb = (Path(shutil.copy(path, tmp_path)) for path in (pair.script, pair.ipynb))
        os.utime(script, (time.time() - 3600,) * 2)  # as after make run
        opened = contents.get(ipynb.name)["content"]
        opened["metadata"]["kernelspec"]["display_name"] = "another name for the same kernel"
        contents.save({"type": "notebook", "format": "json", "content": opened}, ipynb.name)
        assert script.read_text(encoding="utf-8") == pair.script.read_text(encoding="utf-8")
        saved = nbformat.read(ipynb, as_version=4)
        assert saved.metadata["tdist"] == pair.stored().metadata["tdist"]
        assert record.outputs(saved) == record.outputs(pair.stored())


def test_the_readme_shows_the_books_picture():
    """The one picture that stands outside a notebook; take it again from the page if this fails."""
    notebook = nbformat.read(ROOT / "notebooks" / "which_layer.ipynb", as_version=4)
    cell = next(c for c in notebook.cells if "fig-layers-cifar" in str(c.metadata.get("mystnb")))
    drawn = next(o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {}))
    assert (ROOT / "book" / "_static" / "which_layer.png").read_bytes() == base64.b64decode(drawn)


# ---------------------------------------------------------------------------- a book of one page

BOOK = {
    "_toc.yml": "parts:\n- numbered: true\n  chapters:\n  - file: notebooks/page\n",
    "requirements.txt": "# pins\nnumpy==2.0.0\n",
    "notebooks/jupytext.toml": (ROOT / "notebooks" / "jupytext.toml").read_text(encoding="utf-8"),
    "notebooks/results/mine.json": "[4]\n",
    "notebooks/results/other.json": "[4]\n",
    "notebooks/page.py": '''\
# %% [markdown]
# words

# %%
import json
from pathlib import Path

import tdist
from tdist import wing as w

# %% tags=["hide-input"]
print(tdist.value())

# %% [markdown]
# more words

# %%
print(w.left(), json.loads(Path("results/mine.json").read_text()))
''',
    "tdist/__init__.py": '''\
import lazy_loader

__version__ = "1"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"near", "far", "wing"},
    submod_attrs={"near": ["value"], "far": ["distance"]},
)
''',
    "tdist/near.py": '''\
from pathlib import Path

from .deep import three


def value():
    return three() + float((Path(__file__).parent / "data" / "numbers.csv").read_text())
''',
    "tdist/deep.py": "def three():\n    return 3\n",
    "tdist/far.py": "def distance():\n    return 1\n\n\ndef value():\n    return 9\n",
    "tdist/wing/__init__.py": '''\
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"west": ["left"], "east": ["right"]})
''',
    "tdist/wing/west.py": "def left():\n    return 'left'\n",
    "tdist/wing/east.py": "def right():\n    return 'right'\n",
    "tdist/data/numbers.csv": "0.5\n",
    "tdist/data/others.csv": "0.5\n",
}


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def go(book, *arguments):
    return execute.main(list(arguments), root=book)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book").resolve()
    write(folder, BOOK)
    assert go(folder) == 0
    return folder


@pytest.fixture
def book(first_run, tmp_path):
    """A book whose page was just run."""
    return shutil.copytree(first_run, tmp_path.resolve() / "book")


def page(book, name="page"):
    return execute.Pair(name, book)


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def printed(book, name="page"):
    return [cell.outputs[0].text for cell in page(book, name).stored().cells if cell.get("outputs")]


def edit(book, change):
    """Change the .ipynb as a Jupyter without jupytext would: the record stays."""
    path = page(book).ipynb
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def change_a_cell(notebook):
    notebook.cells[2].source = "print(11)"
    notebook.cells[2].outputs[0].text = "11\n"


def add_a_cell(notebook):
    notebook.cells.insert(0, nbformat.v4.new_code_cell("1 + 1", execution_count=1))


def delete_a_cell(notebook):
    del notebook.cells[2]


def swap_cells(notebook):
    notebook.cells[2], notebook.cells[4] = notebook.cells[4], notebook.cells[2]


def change_prose(notebook):
    notebook.cells[0].source = "his words"


def change_a_tag(notebook):
    notebook.cells[2].metadata["tags"] = ["hide-output"]


def paste_a_picture(notebook):
    notebook.cells[0].attachments = {"a.png": {"image/png": "AAAA"}}


def drop_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []


def drop_counts(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None


def run_by_hand(notebook):
    notebook.cells[2].outputs[0].text = "12\n"


def test_a_run_stores_the_outputs_and_what_it_read(book, capsys):
    assert printed(book) == ["3.5\n", "left [4]\n"]
    assert page(book).stored().metadata["tdist"]["files"] == [
        "notebooks/results/mine.json", "tdist/__init__.py", "tdist/data/numbers.csv",
        "tdist/deep.py", "tdist/near.py", "tdist/wing/__init__.py", "tdist/wing/west.py"]
    assert go(book, "--check") == 0
    assert capsys.readouterr().out == "page: fresh\n"


@pytest.mark.parametrize("bytecode", ["beside the modules", "elsewhere"])
def test_two_runs_are_equal_to_the_byte(book, bytecode, monkeypatch):
    """Whether a module is compiled or was before, is still loaded or not; sets keep their order."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    if bytecode == "elsewhere":
        monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(book / "bytecode"))
        forget = ""
    else:
        forget = 'import sys\n\ndel sys.modules["tdist.deep"]\n'
    replace(page(book).script, "print(tdist.value())",
            f"print(tdist.value(), {{*'abcdefgh'}})\n{forget}")
    replace(book / "tdist" / "deep.py", "3", "4")
    assert go(book) == 0
    before = page(book).ipynb.read_bytes()
    assert b"tdist/deep.py" in before and b"4.5" in before
    assert go(book, "page") == 0
    assert page(book).ipynb.read_bytes() == before


@pytest.mark.parametrize(("file", "old", "new", "stale"), [
    ("tdist/near.py", "three()", "2 * three()", True),
    ("tdist/deep.py", "3", "4", True),  # through a relative import
    ("tdist/wing/west.py", "left'", "west'", True),  # through two lazy doors and another name
    ("tdist/data/numbers.csv", "0.5", "0.6", True),
    ("notebooks/results/mine.json", "4", "5", True),
    ("requirements.txt", "2.0.0", "2.0.1", True),
    ("notebooks/page.py", "w.left()", "w.left() * 2", True),
    ("tdist/__init__.py", '"near": ["value"], "far": [', '"near": [], "far": ["value", ', True),
    ("tdist/__init__.py", '{"near", ', "{", True),
    ("tdist/__init__.py", "import lazy_loader", "import lazy_loader\nprint(1)", True),
    ("tdist/__init__.py", '"far": ["distance"]', '"far": ["distance", "value2"]', False),
    ("tdist/__init__.py", '{"near", ', '{"near", "new", ', False),
    ("tdist/__init__.py", '"1"', '"2"', False),
    ("tdist/far.py", "1", "2", False),
    ("tdist/wing/east.py", "right'", "east'", False),  # of the same wing, but not reached
    ("tdist/data/others.csv", "0.5", "0.6", False),
    ("notebooks/results/other.json", "4", "5", False),
    ("requirements.txt", "# pins", "# versions", False),
])
def test_a_page_is_stale_when_what_it_uses_changes_and_only_then(book, file, old, new, stale):
    replace(book / file, old, new)
    why = "code, modules, data, stored results or pins changed"
    assert page(book).judge() == (("run", why) if stale else ("", ""))


def test_a_file_that_is_gone_or_comes_makes_a_page_stale(book):
    (book / "tdist" / "data" / "numbers.csv").rename(book / "tdist" / "data" / "gone.csv")
    assert page(book).judge()[0] == "run"
    (book / "tdist" / "data" / "gone.csv").rename(book / "tdist" / "data" / "numbers.csv")
    assert page(book).judge()[0] == ""
    replace(page(book).script, "import json\n", 'import json\nPath("results/late.json").exists()\n')
    now = page(book).source()
    before = record.stamp(now, [], book)
    (book / "notebooks" / "results" / "late.json").write_text("[]", encoding="utf-8")
    assert record.stamp(now, [], book) != before


def test_a_result_that_a_run_looked_for_in_vain_makes_a_page_stale_when_it_comes(book):
    replace(page(book).script, "print(tdist.value())", """\
try:
    open("results/" + "la" + "te.json")
except FileNotFoundError:
    print("not run")""")
    assert go(book) == 0
    assert page(book).judge() == ("", "")
    (book / "notebooks" / "results" / "late.json").write_text("[]", encoding="utf-8")
    assert page(book).judge()[0] == "run"


def test_a_page_that_starts_the_package_as_a_program_depends_on_all_of_it(book):
    replace(page(book).script, "print(tdist.value())", "!python -m tdist.studies")
    now = page(book).source()
    before = record.stamp(now, [], book)
    replace(book / "tdist" / "far.py", "1", "2")
    assert record.stamp(now, [], book) != before


def test_a_checkout_with_other_line_endings_is_as_fresh(book):
    for path in book.rglob("*.*"):
        if path.suffix in (".py", ".ipynb", ".json", ".txt", ".csv", ".toml", ".yml"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert page(book).judge() == ("", "")


def test_new_prose_in_the_script_keeps_the_outputs(book, capsys):
    counts = [cell.get("execution_count") for cell in page(book).stored().cells]
    prose = "# other words\n#\n# and more\n\n# %% [markdown]\n# a cell"
    replace(page(book).script, "# words", prose)
    assert go(book, "--check") == 1
    assert go(book) == 0
    assert "prose changed, outputs kept" in capsys.readouterr().out
    assert page(book).judge() == ("", "")
    assert printed(book) == ["3.5\n", "left [4]\n"]
    cells = page(book).stored().cells
    assert [cell.source for cell in cells[:2]] == ["other words\n\nand more", "a cell"]
    assert [cell.get("execution_count") for cell in cells[1:]] == counts


EDITS = [change_a_cell, add_a_cell, delete_a_cell, swap_cells, change_prose, change_a_tag,
         paste_a_picture]


@pytest.mark.parametrize("change", EDITS)
@pytest.mark.parametrize("arguments", [[], ["--check"], ["--all"], ["page"]], ids=" ".join)
def test_an_edit_of_the_ipynb_is_not_overwritten(book, change, arguments, capsys):
    edit(book, change)
    before = page(book).ipynb.read_bytes()
    assert go(book, *arguments) == 1
    said = capsys.readouterr().out
    assert "page.ipynb was edited" in said and "--take page" in said and "--discard page" in said
    assert page(book).ipynb.read_bytes() == before


@pytest.mark.parametrize("change", EDITS)
def test_edits_of_both_files_are_not_overwritten(book, change, capsys):
    edit(book, change)
    replace(page(book).script, "# words", "# her words")
    before = page(book).ipynb.read_bytes(), page(book).script.read_bytes()
    assert go(book) == 1
    assert "page.py and page.ipynb were both edited" in capsys.readouterr().out
    assert (page(book).ipynb.read_bytes(), page(book).script.read_bytes()) == before


def test_an_ipynb_from_elsewhere_is_not_overwritten(book, capsys):
    edit(book, lambda notebook: (change_prose(notebook), notebook.metadata.pop("tdist")))
    assert go(book) == 1
    assert "page.ipynb was not written by this program" in capsys.readouterr().out


def test_take_and_discard_of_a_change_of_code(book):
    edit(book, change_a_cell)
    taken = shutil.copytree(book, book.parent / "taken")
    assert go(book, "--discard", "page") == 0
    assert printed(book) == ["3.5\n", "left [4]\n"] and page(book).judge() == ("", "")
    assert go(taken, "--take", "page") == 0
    assert printed(taken) == ["11\n", "left [4]\n"] and page(taken).judge() == ("", "")
    assert "print(11)" in page(taken).script.read_text(encoding="utf-8")


def test_take_and_discard_of_a_change_of_prose_run_nothing(book, capsys):
    edit(book, change_prose)
    edit(book, lambda notebook: notebook.metadata.update(
        {"jupytext": {"notebook_metadata_filter": "all"}}))  # as an older JupyterLab left it
    taken = shutil.copytree(book, book.parent / "taken")
    page(taken).take()
    written = BOOK["notebooks/page.py"].replace("# words", "# his words")
    assert page(taken).script.read_text(encoding="utf-8") == written
    assert go(book, "--discard", "page") == go(taken, "--take", "page") == 0
    assert page(book).stored().cells[0].source == "words"
    assert page(taken).stored().cells[0].source == "his words"
    assert page(taken).script.read_text(encoding="utf-8") == written
    assert page(book).judge() == page(taken).judge() == ("", "")
    assert capsys.readouterr().out.count("outputs kept") == 2


def test_a_pasted_picture_is_not_lost_in_a_script(book, capsys):
    edit(book, paste_a_picture)
    assert go(book, "--take", "page") == 1
    assert "book/_static" in capsys.readouterr().out
    assert page(book).stored().cells[0].attachments


def test_take_writes_a_script_for_a_notebook_that_has_none(book, capsys):
    page(book).script.unlink()
    assert go(book) == 1
    assert "page.py, the text of page.ipynb, is missing" in capsys.readouterr().out
    assert go(book, "--take", "page") == 0
    assert page(book).script.read_text(encoding="utf-8") == BOOK["notebooks/page.py"]


@pytest.mark.parametrize("change", [drop_outputs, drop_counts, run_by_hand])
def test_outputs_that_are_not_those_of_a_run_are_made_again(book, change):
    edit(book, change)
    assert page(book).judge() == ("run", "its outputs are not those of its last run")
    replace(page(book).script, "# words", "# other words")  # no new prose over them either
    assert page(book).judge()[0] == "run"


def test_the_same_edit_in_both_files_is_no_conflict(book):
    """JupyterLab with jupytext saves both."""
    edit(book, change_prose)
    replace(page(book).script, "# words", "# his words")
    assert page(book).judge() == ("keep", "prose changed")
    edit(book, change_a_cell)
    replace(page(book).script, "print(tdist.value())", "print(11)")
    assert page(book).judge()[0] == "run"


def test_metadata_that_an_editor_adds_changes_nothing(book):
    edit(book, lambda notebook: notebook.metadata.update(
        {"language_info": {"name": "python", "version": "3.12"}, "jupytext": {"formats": "ipynb"},
         "kernelspec": {"display_name": ".venv", "name": "python3"}}))
    assert page(book).judge() == ("", "")


def test_headers_of_cells_are_put_in_the_ipynbs_order(book):
    replace(page(book).script, '# %% tags=["hide-input"]',
            '# %% tags=["hide-input"] mystnb={"figure": {"name": "n", "caption": "c"}}')
    assert go(book) == 0
    assert ('# %% mystnb={"figure": {"caption": "c", "name": "n"}} tags=["hide-input"]\n'
            in page(book).script.read_text(encoding="utf-8"))
    assert page(book).judge() == ("", "")


def test_a_copied_book_runs_its_own_package(book):
    replace(book / "tdist" / "deep.py", "3", "5")
    assert go(book) == 0
    assert printed(book)[0] == "5.5\n"


def test_outputs_of_another_folders_package_are_refused(book, capsys):
    shutil.rmtree(book / "tdist")
    assert go(book) == 1
    assert f"not from {book}" in capsys.readouterr().out
    assert page(book).judge()[0] == "run"


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "3", '{"cells": 3, "nbformat": 4}',
                                  '{"cells": [\n<<<<<<< HEAD\n', "\ufeff"])
def test_a_damaged_ipynb_counts_as_never_run(book, text):
    page(book).ipynb.write_text(text, encoding="utf-8")
    assert page(book).judge() == ("run", "never run, or damaged")


@pytest.mark.parametrize(("text", "said"), [
    (b"", "page.py holds no text"),
    (b"# %%\n", "page.py holds no text"),
    (b"# %% [markdown]\n# a\n<<<<<<< HEAD\n", "page.py:3 has the mark of a merge"),
    ("# %% [markdown]\n# naïve\n".encode("latin1"), "page.py cannot be read"),
])
def test_a_script_that_cannot_be_read_is_named(book, text, said, capsys):
    page(book).script.write_bytes(text)
    for arguments in ([], ["--check"], ["page"], ["--discard", "page"]):
        assert go(book, *arguments) == 1
        assert f"page: {said}" in capsys.readouterr().out


def test_one_bad_notebook_does_not_stop_the_others(book, capsys):
    fails = "# %%\nprint(1)\n\n# %%\nsteps = 6\nassert steps == 12\n"
    write(book / "notebooks", {
        "a_failing.py": fails, "a_merge.py": "<<<<<<< HEAD\n", "an_empty.py": "",
        "late.py": "# %%\nfrom pathlib import Path\n\nPath('late.py').touch()\n",
        "magic.py": "# %%\n# %%time\nx = 1\n\n# %%\n# !echo shell\n\n# %%\n# %timeit -n1 -r1 x\n\n"
                    "# %%\n# x?\n"})
    page(book).ipynb.write_text("<<<<<<< HEAD\n", encoding="utf-8")
    assert go(book, "--jobs", "3") == 1
    said = capsys.readouterr().out
    assert "a_failing.py:5, cell-01 (steps = 6) failed, nothing was stored" in said
    assert "----> 2 assert steps == 12" in said and "\x1b" not in said
    assert "a_merge: a_merge.py:1 has the mark of a merge" in said
    assert "an_empty: an_empty.py holds no text" in said
    assert "late: late.py changed while it ran, nothing was stored" in said
    assert "not done: a_merge, an_empty, " in said
    assert {path.stem for path in (book / "notebooks").glob("*.ipynb")} == {"page", "magic"}
    assert page(book).judge() == page(book, "magic").judge() == ("", "")
    assert page(book, "magic").stored().cells[1].outputs[0].text.strip() == "shell"


def test_the_page_that_reads_the_others_is_judged_and_run_after_them(book):
    write(book / "notebooks", {f"{execute.LAST}.py": """# %%
import json
from pathlib import Path

cells = json.loads(Path("page.ipynb").read_text())["cells"]
print(cells[4]["outputs"][0]["text"])
"""})
    assert go(book) == 0
    (book / "notebooks" / "results" / "mine.json").write_text("[5]\n")
    assert go(book) == 0
    assert "[5]" in printed(book, execute.LAST)[0]
    assert go(book, "--check") == 0


def test_an_edit_while_it_runs_is_not_overwritten(book, capsys):
    """The page changes its own .ipynb, and a module that it has loaded."""
    replace(page(book).script, "print(tdist.value())",
            'print(tdist.value(), Path("page.ipynb").write_text("mine"))')
    assert go(book) == 1
    assert "page.ipynb changed while it ran" in capsys.readouterr().out
    assert page(book).ipynb.read_text(encoding="utf-8") == "mine"


def test_notebooks_are_chosen_by_name_start_or_chapter(capsys):
    pairs = execute.book()
    names = lambda *words: [pair.name for pair in execute.chosen(words, pairs)]  # noqa: E731
    numbered = (ROOT / "_toc.yml").read_text(encoding="utf-8").partition("caption: The H-score")[2]
    numbered = numbered.partition("caption: Back matter")[0]
    chapters = re.findall(r"file: notebooks/(\S+)", numbered)
    for place in (0, 7, len(chapters) - 1):
        chapter = chapters[place]
        assert names(str(place + 1)) == names(f"notebooks/{chapter}.py") == [chapter]
    assert names("h_score") == ["h_score"]
    assert names("two") == ["two_sources", "two_domains"]
    with pytest.raises(SystemExit, match="called clothing; there is clothes"):
        names("clothing")
    with pytest.raises(SystemExit, match=f"called {len(chapters) + 1}"):
        names(str(len(chapters) + 1))
    with pytest.raises(SystemExit):
        execute.main(["--discard"])
    assert "say which" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_needs_no_path_and_no_folder(book):
    """Called as the Makefile calls it, from elsewhere, with this package installed or not."""
    for name in ("execute.py", "record.py"):
        write(book, {f"book/{name}": (ROOT / "book" / name).read_text(encoding="utf-8")})
    write(book, {"tdist/manners.py": (ROOT / "tdist" / "manners.py").read_text(encoding="utf-8")})
    command = [sys.executable, book / "book" / "execute.py", "--check"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert (ran.returncode, ran.stdout) == (0, "page: fresh\n"), ran.stderr


# --------------------------------------------------------------------------- any reader's locale

@pytest.mark.parametrize("folder", ["book", "tdist"])
def test_files_are_read_and_written_as_utf_8(folder):
    """Not as the reader's locale has it."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called == "open" or called.endswith((".read_text", ".write_text")):
                binary = called == "open" and len(node.args) > 1 and "b" in node.args[1].value
                given = {keyword.arg for keyword in node.keywords}
                assert binary or "encoding" in given, f"{path}:{node.lineno}"


def test_git_checks_text_out_with_lf():
    attributes = (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "* text=auto eol=lf" in attributes
    assert json.loads(page(ROOT, "h_score").ipynb.read_text(encoding="utf-8"))["nbformat"] == 4
