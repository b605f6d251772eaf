"""The ledger: every claim of the two papers with its verdict, collected from the pages.

A cell that decides a claim carries a tag with the verdict,

    # %% tags=["claim H-019: holds"]

and several cells may, with one verdict. What is printed, and in words what was computed, is a row
of book/claims.csv, which has no verdicts. Its numbers are names of glued values, as in
"{five-exact} of seven values". A row with words and no cell, or a cell and no words, is an error;
a row with neither has no evidence, and the ledger says so.

Sphinx reads this module too: the build puts an anchor on every tagged cell, and gives the pages
that are no notebooks what notebooks glue, as in "{{ five_exact }} of seven values".
"""

import json
import re
from html import escape
from pathlib import Path

import jupytext
import pandas as pd
import yaml
from docutils import nodes

ROOT = Path(__file__).resolve().parents[1]
PAPERS = {"H": "H-score", "C": "coupled-transfer"}
KINDS = ("exact", "local", "finite sample", "empirical", "no result")
VERDICTS = ("holds", "holds when corrected", "does not hold", "not reproduced here",
            "depends on the measure", "cannot be settled")
NO_EVIDENCE = "no evidence"


def anchor(claim):
    return f"claim-{claim.lower()}"


def verdicts(tags):
    """{claim: verdict} that the tags of a cell declare."""
    found = {}
    for tag in tags:
        if tag.startswith("claim"):
            match = re.fullmatch(r"claim ([HC]-\d{3}): (.+)", tag)
            if not match or match[2] not in VERDICTS:
                raise ValueError(f'the tag "{tag}" is not "claim H-019: VERDICT" with one of '
                                 f"{', '.join(VERDICTS)}")
            found[match[1]] = match[2]
    return found


def pages(root=ROOT):
    """Names of the notebooks in the order of the book."""
    toc = (root / "_toc.yml").read_text(encoding="utf-8")
    files = [chapter["file"] for part in yaml.safe_load(toc)["parts"]
             for chapter in part["chapters"]]
    return [Path(file).name for file in files if file.startswith("notebooks/")]


def declared(root=ROOT):
    """One row for each claim of a tagged cell: page, title of the page, claim, verdict."""
    rows = []
    for page in pages(root):
        script = root / "notebooks" / f"{page}.py"
        cells = jupytext.reads(script.read_text(encoding="utf-8"), fmt="py:percent").cells
        title = next(line[2:] for cell in cells for line in cell.source.split("\n")
                     if cell.cell_type == "markdown" and line.startswith("# "))
        for cell in cells:
            tags = cell.metadata.get("tags", [])
            found = verdicts(tags)
            if found and (cell.cell_type != "code" or "remove-cell" in tags):
                raise ValueError(f"{script.name}: {', '.join(found)} is on a cell that the built "
                                 "page does not mark; tag the code cell that decides")
            rows += [(page, title, claim, verdict) for claim, verdict in found.items()]
    return pd.DataFrame(rows, columns=["page", "title", "claim", "verdict"])


def glued(root=ROOT, but=None):
    """{name: text} of the values that the stored pages glue, but those of one page."""
    found = {}
    for page in pages(root):
        stored = root / "notebooks" / f"{page}.ipynb"
        if page == but or not stored.exists():
            continue
        for cell in json.loads(stored.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                if scrap := output.get("metadata", {}).get("scrapbook"):
                    text = output["data"].get(scrap.get("mime_prefix", "") + "text/plain", "")
                    found[scrap["name"]] = "".join(text).strip("'\"")
    return found


def filled(words, values):
    """A text with the names of glued values replaced by the values."""
    def value(match):
        if match[1] not in values:
            raise ValueError(f"no page glues {match[1]}, which a row of claims.csv shows: {words}")
        return values[match[1]]

    return re.sub(r"\{([\w-]+)\}", value, words)


def collect(root=ROOT):
    """The ledger: the rows of claims.csv with a verdict and the pages that decide.

    Raises
    ------
    ValueError
        If a row and the cells do not belong together.
    """
    table = pd.read_csv(root / "book" / "claims.csv", dtype=str,
                        keep_default_na=False).set_index("id")
    cells, values = declared(root), glued(root, but="ledger")
    if unknown := sorted(set(cells.claim) - set(table.index)):
        raise ValueError(f"{', '.join(unknown)}: tagged in {set(cells.page)}, not in claims.csv")
    several = cells.groupby("claim").verdict.nunique()
    if (several > 1).any():
        raise ValueError(f"{list(several[several > 1].index)} have more than one verdict")
    for claim, row in table.iterrows():
        if row.computed and claim not in set(cells.claim):
            raise ValueError(f'{claim} says what was computed, and no cell has a tag "claim '
                             f'{claim}: ...": is its cell gone?')
        if not row.computed and claim in set(cells.claim):
            raise ValueError(f"{claim} has a cell, and claims.csv does not say what it computed")
        if row.computed and row.kind not in KINDS:
            raise ValueError(f'{claim} is of kind "{row.kind}", not one of {", ".join(KINDS)}')
    for column in ("computed", "scale"):
        table[column] = [filled(words, values) for words in table[column]]
    found = cells.groupby("claim").verdict.first()
    table["verdict"] = [found.get(claim, NO_EVIDENCE) for claim in table.index]
    links = cells.drop_duplicates(["claim", "page"]).groupby("claim")
    table["cells"] = [links.get_group(claim) if claim in links.groups else cells[:0]
                      for claim in table.index]
    return table


def counts(table):
    """How many rows have each verdict, by paper."""
    order = [*VERDICTS, *[NO_EVIDENCE] * (NO_EVIDENCE in set(table.verdict))]
    found = pd.crosstab(table.verdict, table.paper).reindex(order, fill_value=0)
    return found.assign(both=found.sum(axis=1))


def to_csv(table):
    """The ledger as text with commas, the cells as links from the folder of the built pages."""
    links = [" ".join(f"notebooks/{page}.html#{anchor(claim)}" for page in cells.page)
             for claim, cells in table.cells.items()]
    return table.drop(columns="cells").assign(cells=links).to_csv(lineterminator="\n")


# ------------------------------------------------------------------------------------ as a page

STYLE = """
.ledger { --edge: var(--pst-color-border, #bbb); --soft: var(--pst-color-text-muted, #555); }
.ledger .choices { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; margin-bottom: .6rem; }
.ledger select { max-width: 100%; font: inherit; color: inherit; border: 1px solid var(--edge);
  background: var(--pst-color-background, #fff); padding: .1rem .3rem; }
.ledger .box { overflow: auto; max-height: 85vh; border: 1px solid var(--edge); }
.ledger table { border-collapse: collapse; font-size: .8rem; line-height: 1.35; width: 100%;
  min-width: 42rem; margin: 0; counter-reset: rows; }
.ledger th { position: sticky; top: 0; background: var(--pst-color-surface, #eee); }
.ledger th, .ledger td { text-align: left; vertical-align: top; padding: .3rem .5rem;
  border-bottom: 1px solid var(--edge); white-space: normal; }
.ledger td:first-child, .ledger th:first-child { min-width: 4.6rem; }
.ledger tbody tr { counter-increment: rows; scroll-margin-top: 4rem; }
.ledger tbody tr:target { outline: 2px solid currentColor; outline-offset: -2px; }
.ledger small { display: block; font-size: .92em; color: var(--soft); }
.ledger .shown { margin: .4rem .5rem; }
.ledger .shown::after { content: "Rows shown: " counter(rows); }
.ledger .verdict { border-left: 5px solid var(--edge); min-width: 7.5rem; }
.ledger .holds .verdict { border-left-color: #009e73; }
.ledger .holds-when-corrected .verdict { border-left: 5px double #009e73; }
.ledger .does-not-hold .verdict { border-left-color: #d55e00; }
.ledger .not-reproduced-here .verdict { border-left: 5px dashed #d55e00; }
.ledger .depends-on-the-measure .verdict { border-left: 5px double #0072b2; }
@media print { .ledger .box { max-height: none; overflow: visible; } }
"""


def slug(text):
    return re.sub(r"\W+", "-", text.lower())


def choice(name, groups):
    """A menu of the values of one column: {heading or None: {class of rows: text}}."""
    body = f'<option value="">any {name}</option>'
    for heading, values in groups.items():
        options = "".join(f'<option value="{value}">{escape(text)}</option>'
                          for value, text in values.items())
        body += f'<optgroup label="{escape(heading)}">{options}</optgroup>' if heading else options
    return f'<label>{name.capitalize()} <select autocomplete="off">{body}</select></label>'


def row(claim, it):
    links = ", ".join(f'<a href="{page}.html#{anchor(claim)}">{escape(title)}</a>'
                      for page, title in zip(it.cells.page, it.cells.title, strict=True))
    others = it.ids.replace(claim, "").strip().replace("-", "\N{NON-BREAKING HYPHEN}")
    also = f"<small>with {others}</small>" if others else ""
    paper = claim[0].lower()
    return (f'<tr id="{claim.lower()}" class="{paper} {paper}-{slug(it.section)} '
            f'{slug(it.verdict)}"><td>{claim}{also}<small>{escape(it["where"])}</small></td>'
            f"<td>{escape(it.printed)}</td>"
            f'<td class="verdict">{it.verdict}<small>{links}</small></td>'
            f"<td>{escape(it.computed)}<small>{escape(it.scale)}</small></td>"
            f"<td>{it.kind}</td></tr>")


def to_html(table):
    """The ledger as a table with three menus that need no script and no network."""
    sections = {name: {f"{letter.lower()}-{slug(section)}": section for section in dict.fromkeys(
        table.section[table.paper == name])} for letter, name in PAPERS.items()}
    kept = [value for value in (*VERDICTS, NO_EVIDENCE) if value in set(table.verdict)]
    menus = {"paper": {None: {letter.lower(): name for letter, name in PAPERS.items()}},
             "section": sections, "verdict": {None: {slug(verdict): verdict for verdict in kept}}}
    hide = "\n".join(
        f'.ledger:has(option[value="{value}"]:checked) tbody tr:not(.{value}) {{ display: none; }}'
        for groups in menus.values() for values in groups.values() for value in values)
    heads = "".join(f"<th scope='col'>{head}</th>" for head in (
        "claim", "printed", "verdict, and where", "computed here, and on what", "kind"))
    body = "\n".join(row(claim, it) for claim, it in table.iterrows())
    return (f'<div class="ledger"><style>{STYLE}{hide}</style><div class="choices">'
            f'{"".join(choice(name, groups) for name, groups in menus.items())}</div>'
            f'<div class="box" tabindex="0" role="region" aria-label="the ledger">'
            f"<table><thead><tr>{heads}</tr></thead>\n<tbody>{body}</tbody></table>"
            f'<p class="shown"></p></div></div>')


# ----------------------------------------------------------------------------------- the build

def mark(app, doctree):
    """An anchor on the first cell of a page that decides a claim."""
    seen = set()
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") == "cell_code":
            new = [claim for claim in verdicts(cell["cell_metadata"].get("tags", ()))
                   if claim not in seen]
            cell["ids"] += map(anchor, new)
            seen.update(new)


def substitutions(app, config):
    """Every glued value as {{ ledger_holds }} and the like, for pages that are no notebooks."""
    config.myst_substitutions |= {name.replace("-", "_"): text for name, text in glued().items()}


def setup(app):
    app.connect("config-inited", substitutions)
    app.connect("doctree-read", mark)
    return {"version": "1", "parallel_read_safe": True}
