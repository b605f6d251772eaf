"""Run the notebooks whose outputs are stale and store what they print.

    python book/execute.py                    # run what is stale
    python book/execute.py h_score 16         # run these, stale or not: by name, its start, chapter
    python book/execute.py --all --jobs 2     # run everything, two notebooks at a time
    python book/execute.py --check            # run nothing; exit 1 if anything is stale
    python book/execute.py --take h_score     # h_score.ipynb was edited: make its text the script's
    python book/execute.py --discard h_score  # h_score.ipynb was edited: drop that edit

The text of a notebook is notebooks/NAME.py; its outputs are in NAME.ipynb, which only this program
writes, with a record:

    text     hash of the text as written, which tells later which file of the pair was edited
    outputs  hash of each code cell with its outputs, so that none stands under other code
    files    what the run read of this project: modules, their data, stored results
    stamp    hash of the code, of those files, and of the pins in requirements.txt
    ran      date, seconds, machine and versions of the run that first found these outputs

Outputs are fresh while the record holds; a change of prose alone keeps them. An edit is never
overwritten unasked: where the .ipynb was edited the program says so and leaves both files alone.
"""

import argparse
import ast
import asyncio
import difflib
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import jupytext
import nbformat
import yaml
from jupytext.config import load_jupytext_config
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[1]
# this checkout's package, whatever the environment was installed from
sys.path.insert(0, str(ROOT))

from book.record import circumstances, outputs, read_by, stamp, text, times  # noqa: E402
from tdist.manners import write_aside  # noqa: E402

PROGRAM = ".venv/bin/python book/execute.py"
# reads what the other pages say and print, so it is judged and run after them
LAST = "ledger"
# run in the kernel before the first cell: notes every file of the project that is opened to be read
WATCH = """
def _watch(root):
    import os, sys
    sys._opened = opened = set()
    def hook(event, args):
        if event == "open" and isinstance(args[0], (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(args[0]))
            if path.startswith(root) and str(args[1] or "r")[0] == "r":
                opened.add(path)
    sys.addaudithook(hook)
_watch({root!r})
del _watch
"""
PACKAGE = "getattr(__import__('importlib').util.find_spec('tdist'), 'origin', None)"
# modules too: their bytecode may be kept where the hook does not look
OPENED = """sorted(__import__("sys")._opened | {
    str(file) for module in list(__import__("sys").modules.values())
    if (file := getattr(module, "__file__", None))})"""


class Trouble(Exception):
    """A pair that cannot be run or judged as it stands; says why, and the way out."""


class Pair:
    """notebooks/NAME.py and notebooks/NAME.ipynb of the book in a folder."""

    def __init__(self, name, root=ROOT):
        self.name, self.root = name, Path(root)
        self.script = self.root / "notebooks" / f"{name}.py"
        self.ipynb = self.script.with_suffix(".ipynb")

    def source(self):
        """The script as a notebook with fixed cell ids."""
        script = self.script.name
        take = f"{PROGRAM} --take {self.name}"
        if not self.script.exists():
            raise Trouble(f"{script}, the text of {self.ipynb.name}, is missing; write it by "
                          f"{take}, or delete the .ipynb")
        try:
            written = self.script.read_text(encoding="utf-8")
            notebook = jupytext.reads(written, fmt="py:percent")
        except Exception as error:  # of any kind: what helps is the name of the file
            raise Trouble(f"{script} cannot be read as a notebook: {error!r}") from error
        if mark := re.search("^(<<<<<<<|>>>>>>>).*", written, re.M):
            line = written[: mark.start()].count("\n") + 1
            raise Trouble(f"{script}:{line} has the mark of a merge, {mark[0]}; finish the merge")
        if not any(cell.source.strip() for cell in notebook.cells):
            raise Trouble(f"{script} holds no text; get it back by git checkout, or write it from "
                          f"the .ipynb by {take}")
        for i, cell in enumerate(notebook.cells):
            cell.id = f"cell-{i:02d}"
        return notebook

    def stored(self):
        """The .ipynb, or None if there is none that can be read."""
        try:
            notebook = nbformat.reads(self.ipynb.read_text(encoding="utf-8"), as_version=4)
            text(notebook)
        except (FileNotFoundError, ValueError, AttributeError, KeyError, TypeError,
                nbformat.ValidationError):
            return None
        return notebook

    def judge(self, discard=False):
        """What is to be done, "run" or "keep" (the outputs, with the new prose), and why; ("", "")
        for a fresh pair. With `discard` the text of the .ipynb does not count.

        Raises
        ------
        Trouble
            If that would lose an edit, or the script cannot be read.
        """
        source, stored = self.source(), self.stored()
        if stored is None:
            return "run", f"never run{', or damaged' * self.ipynb.exists()}"
        record = stored.metadata.get("tdist", {})
        if not discard and text(stored) not in (text(source), record.get("text")):
            raise Trouble(self.edited(record.get("text"), text(source)))
        if "files" not in record:
            return "run", "never run by this program"
        if record.get("outputs") != outputs(stored):
            return "run", "its outputs are not those of its last run"
        if record.get("stamp") != stamp(source, record["files"], self.root):
            return "run", "code, modules, data, stored results or pins changed"
        if not text(source) == text(stored) == record.get("text"):
            return "keep", "prose changed"
        return "", ""

    def edited(self, before, now):
        script, ipynb = self.script.name, self.ipynb.name
        both = before != now
        what = (f"{ipynb} was edited, and the text of a page is {script}" if not both else
                f"{script} and {ipynb} were both edited" if before else
                f"{ipynb} was not written by this program, and differs from {script}")
        return (f"{what}; neither was touched. Either\n"
                f"    {PROGRAM} --take {self.name}\n"
                f"puts the text of {ipynb} into {script}{' in place of its own' * both}, or\n"
                f"    {PROGRAM} --discard {self.name}\n"
                f"keeps {script} and drops what was edited in {ipynb}. To see the difference:\n"
                f"    .venv/bin/jupytext --diff notebooks/{script} notebooks/{ipynb}")

    def take(self):
        """Write the script from the text of the .ipynb."""
        stored = self.stored()
        if stored is None:
            raise Trouble(f"there is no {self.ipynb.name} that can be read, so no text to take")
        if any(cell.get("attachments") for cell in stored.cells):
            raise Trouble(f"{self.ipynb.name} has a picture pasted into a cell, which a script "
                          "cannot hold; put it into book/_static and show it as "
                          "![](../book/_static/NAME.png)")
        self.write_script(stored)

    def write_script(self, notebook):
        """Write the script as jupytext does when JupyterLab saves the pair."""
        config = load_jupytext_config(str(self.script))
        written = jupytext.writes(notebook, fmt="py:percent", config=config)
        if not self.script.exists() or written != self.script.read_text(encoding="utf-8"):
            write_aside(self.script, lambda file: file.write(written.encode()))

    def keep(self):
        """Bring new prose into the .ipynb under the outputs, whose code is the same."""
        notebook, stored = self.source(), self.stored()
        cells = [[cell for cell in each.cells if cell.cell_type == "code"]
                 for each in (notebook, stored)]
        for cell, before in zip(*cells, strict=True):
            assert cell.source == before.source
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
        record = stored.metadata["tdist"]
        self.store(notebook, record["files"], record.get("ran"))

    async def run(self, env):
        """Execute the notebook in a clean kernel and store it."""
        notebook, before, start = self.source(), times(self.root), time.perf_counter()
        # coalesced, or two runs differ in how they cut one stream into pieces
        client = NotebookClient(notebook, timeout=900, kernel_name="python3", coalesce_streams=True,
                                resources={"metadata": {"path": str(self.script.parent)}})
        async with client.async_setup_kernel(env=env):
            # nbclient's handler ends the kernel alone; Ctrl-C is to end all of it
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
            client.reset_execution_trackers()
            origin = await ask(client, PACKAGE, WATCH.format(root=f"{self.root}{os.sep}"))
            if not origin or not Path(origin).is_relative_to(self.root):
                raise Trouble(f"the kernel imports tdist from {origin}, not from {self.root}; is "
                              "the package there, or does something precede it on sys.path?")
            for i, cell in enumerate(notebook.cells):
                try:
                    await client.async_execute_cell(cell, i, client.code_cells_executed + 1)
                except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                    said = re.sub(r"\x1b\[[\d;]*m", "", str(error))  # without colours
                    raise Trouble(f"{self.place(cell)} failed, nothing was stored\n"
                                  f"{said}") from error
            files = read_by(await ask(client, OPENED), self.root)
        now = times(self.root)
        changed = [path.name for path in [self.script, self.ipynb, *map(self.root.joinpath, files)]
                   if now.get(path) != before.get(path)]
        if changed:
            raise Trouble(f"{', '.join(changed)} changed while it ran, nothing was stored; "
                          "run it again")
        self.store(notebook, files, circumstances(time.perf_counter() - start))

    def place(self, cell):
        """Where a cell stands in the script."""
        before, found, _ = self.script.read_text(encoding="utf-8").partition(cell.source)
        line = f":{before.count(chr(10)) + 1}" if found else ""
        return f"{self.script.name}{line}, {cell.id} ({cell.source.strip().splitlines()[0]})"

    def store(self, notebook, files, ran):
        """Write the .ipynb without anything that differs between two runs: one that finds again
        what is stored leaves the record of the first."""
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        record = {"files": files, "outputs": outputs(notebook), "text": text(notebook),
                  "stamp": stamp(notebook, files, self.root)}
        before = stored.metadata.get("tdist", {}) if (stored := self.stored()) else {}
        if all(before.get(key) == record[key] for key in ("outputs", "stamp")):
            ran = before.get("ran") or ran
        if ran:
            record["ran"] = ran
        notebook.metadata = nbformat.from_dict({
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python",
                           "name": "python3"},
            "tdist": record})
        write_aside(self.ipynb, lambda file: file.write(f"{nbformat.writes(notebook)}\n".encode()))
        # cell headers in the .ipynb's order, or JupyterLab finds that the two texts differ
        self.write_script(self.stored())


async def ask(client, expression, code=""):
    """Run code in the kernel, and say what an expression is there; neither leaves a trace in it."""
    reply = await client.async_wait_for_reply(client.kc.execute(
        code, silent=True, user_expressions={"it": f"__import__('json').dumps({expression})"}))
    answer = reply["content"]["user_expressions"]["it"]["data"]["text/plain"]
    return json.loads(ast.literal_eval(answer))


def book(root=ROOT):
    """{pair: number of its chapter, or None} in the order of the book."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    chapters, count = {}, 0
    for part in toc["parts"]:
        for chapter in part["chapters"]:
            count += part.get("numbered", False)
            chapters[chapter["file"]] = count if part.get("numbered") else None
    pairs = {path.with_suffix("") for path in (root / "notebooks").glob("*.*")
             if path.suffix in (".py", ".ipynb")}
    places = {root / file: place for place, file in enumerate(chapters)}
    ordered = sorted(pairs, key=lambda path: (places.get(path, len(places)), path))
    return {Pair(path.name, root): chapters.get(f"notebooks/{path.name}") for path in ordered}


def chosen(words, pairs):
    """The pairs that words on the command line name: a name, the start of names, or a chapter."""
    for word in words:
        name = Path(word).stem
        found = [pair for pair, chapter in pairs.items() if name in (pair.name, str(chapter))]
        found = found or [pair for pair in pairs if pair.name.startswith(name)]
        if not found:
            names = [pair.name for pair in pairs]
            close = difflib.get_close_matches(name, names) or names
            sys.exit(f"no notebook or chapter is called {word}; there is {', '.join(close)}")
        yield from found


def main(arguments=None, root=ROOT):
    head, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(description=head, epilog=rest,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="these only: names, their starts, or chapters")
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--jobs", type=int, default=1, help="how many run at a time")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", action="store_true", help="run nothing; exit 1 if any is stale")
    modes.add_argument("--take", action="store_true", help="make the .ipynb's text the script's")
    modes.add_argument("--discard", action="store_true", help="drop what was edited in the .ipynb")
    args = parser.parse_args(arguments)
    pairs = book(root)
    asked = list(pairs if args.all else dict.fromkeys(chosen(args.names, pairs)))
    if (args.take or args.discard) and not asked:
        parser.error("say which: --take NAME, --discard NAME, or --all")
    forced = asked and not (args.check or args.take or args.discard)

    failed = []
    for group in ([pair for pair in asked or pairs if pair.name != LAST],
                  [pair for pair in asked or pairs if pair.name == LAST]):
        todo = []
        for pair in group:
            try:
                if args.take:
                    pair.take()
                what, why = pair.judge(discard=args.take or args.discard)
            except Trouble as trouble:
                failed.append(pair.name)
                print(f"{pair.name}: {trouble}", flush=True)
                continue
            if args.check:
                failed += [pair.name] * bool(what)
                print(f"{pair.name}: {why or 'fresh'}", flush=True)
            elif what == "run" or forced:
                todo.append((pair, why or "asked for"))
            elif what == "keep":
                pair.keep()
                print(f"{pair.name}: {why}, outputs kept", flush=True)
        if todo:
            try:
                failed += asyncio.run(run_all(todo, args.jobs, root))
            except KeyboardInterrupt:
                sys.exit("stopped; what was done by then is stored")
    if failed:
        print(f"{'stale' if args.check else 'not done'}: {', '.join(failed)}")
    return int(bool(failed))


async def run_all(todo, jobs, root):
    """Run pairs, so many at a time; the names of those that failed."""
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    env = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": path}
    if jobs > 1:  # each its share of the cores
        share = str(max(1, os.cpu_count() // jobs))
        env = {f"{library}_NUM_THREADS": share for library in ("OMP", "MKL", "OPENBLAS")} | env
    gate, failed, done = asyncio.Semaphore(jobs), [], 0

    async def one(pair, why):
        nonlocal done
        async with gate:
            print(f"{pair.name}: {why}", flush=True)
            start, said = time.perf_counter(), "stored"
            try:
                await pair.run(env)
            except Trouble as trouble:
                failed.append(pair.name)
                said = str(trouble)
            done += 1
            seconds = f"{time.perf_counter() - start:.0f} s"
            print(f"{pair.name}: {said} ({seconds}, {done} of {len(todo)})", flush=True)

    await asyncio.gather(*(one(pair, why) for pair, why in todo))
    return failed


if __name__ == "__main__":
    sys.exit(main())
