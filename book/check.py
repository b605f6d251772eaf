"""Look at every page of the built book as a browser shows it, and as it is printed.

    python book/check.py _build/html

Headless Chromium loads each page from disk and shows it four times, in windows of 1400 and of 390
pixels, light and dark, and once as on paper; one chapter is printed to PDF. Checked:

- every formula is typeset, no TeX error is shown, no number as np.float64, no TeX as it is written;
- no script, style or image comes from outside, every link inside the book leads somewhere, and
  the first thing that the tabulator reaches leads past the navigation;
- at 1400 pixels no formula, output or visible line of code is wider than its column;
- at 390 pixels the page does not scroll sideways, and what is wider than its column, formulas and
  tables, scrolls in a box whose bar one sees;
- text is readable on what is behind it, 4.5 to 1, or 3 to 1 if it is large;
- every figure has a text that says what it shows, not the name of its file;
- on paper nothing that is folded is missing, and code is whole.

What the page is asked is in looks.js, the browser in browser.py.
"""

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Queue
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

# run as a program, this file's folder is on the path, and the book's is not
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from book.browser import Browser

WIDTHS, THEMES = (1400, 390), ("light", "dark")
PAPER = 718  # A4 without margins, 96 pixels an inch
LOOKS = Path(__file__).with_name("looks.js").read_text(encoding="utf-8")
PRINTED = "notebooks/h_score.html"  # has proofs, folded cells and long code
# the document keeps what only the browser knows: what is too wide
MARK = """(() => {
  for (const node of document.querySelectorAll(".math, mjx-container"))
    if (node.clientWidth && node.scrollWidth > node.clientWidth + 2)
      node.closest(".math")?.setAttribute("data-wide", "");
  const outputs = ".cell_output, .cell_output .output, .cell_output pre";
  for (const node of document.querySelectorAll(outputs))
    if (node.clientWidth && node.scrollWidth > node.clientWidth + 2)
      node.closest(".cell_output").setAttribute("data-wide", "");
  return document.documentElement.outerHTML;
})()"""
UNFOLD = """(() => {
  document.querySelectorAll("details").forEach(node => node.open = true);
  document.querySelectorAll(".toggle-hidden").forEach(
      node => node.classList.remove("toggle-hidden"));
})()"""


def parse(html):
    return BeautifulSoup(html, "html.parser")


def read(page):
    return page.read_text(encoding="utf-8")


def look(browser, page):
    """The page's document after its scripts ran, and what is wrong with it at each width and theme
    and on paper."""
    browser.open(page)
    browser.look(WIDTHS[0])
    soup = parse(browser.run(MARK))
    found = {}
    for width in WIDTHS:
        for theme in THEMES:
            browser.look(width, theme)
            for complaint in browser.run(f"{LOOKS}({width})"):
                found.setdefault(complaint, f"{width} px, {theme}")
    browser.look(PAPER, media="print")
    for complaint in browser.run(f"{LOOKS}({PAPER})"):
        found.setdefault(complaint, "print")
    return soup, [f"{complaint} ({where})" for complaint, where in found.items()]


def sheets(pdf):
    """How many pages a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def printing(browser, page):
    """Sheets of paper that a page takes, and complaints if unfolded it takes others."""
    browser.open(page)
    folded = sheets(browser.pdf())
    browser.run(UNFOLD)
    whole = sheets(browser.pdf())
    return folded, [f"printed on {folded} sheets, unfolded on {whole}"] * (folded != whole)


def formulas(soup):
    """Complaints about formulas: not typeset, cut off, or shown as an error."""
    for node in soup.select(".math"):
        if not node.select("mjx-container"):
            yield f"formula not typeset: {node.get_text(' ', strip=True)[:80]}"
    for node in soup.select(".math[data-wide]"):
        yield f"formula wider than its column: {node.get_text(' ', strip=True)[:80]}"
    for node in soup.select("mjx-merror, [data-mjx-error]"):
        yield f"TeX error: {node.get('data-mjx-error') or node.get_text()[:80]}"


def outside(soup):
    """Things that the page would fetch from another host."""
    for tag, attribute in (("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"),
                           ("source", "src")):
        for node in soup.find_all(tag):
            rel = set(node.get("rel") or [])
            if urlsplit(node.get(attribute) or "").netloc and not rel & {"canonical", "license"}:
                yield f"fetched from outside: <{tag}> {node[attribute]}"


def outputs(soup):
    """Complaints about outputs: cut off, or values as Python shows them, or TeX."""
    for node in soup.select(".cell_output[data-wide]"):
        yield f"output wider than its column: {node.get_text(' ', strip=True)[:80]}"
    for node in soup.select("p, td, th, figcaption"):
        if any(mark in node.get_text() for mark in ("np.float64(", "np.int64(", "$\\")):
            yield f"a raw value in the text: {node.get_text(' ', strip=True)[:80]}"


def keyboard(soup):
    """The first thing that the tabulator reaches leads past the navigation."""
    first = soup.select_one("body a[href], body button, body input, body summary")
    if first is None or not soup.select_one(f'[id="{first.get("href", "")[1:]}"]'):
        yield f"no link that skips the navigation, but first {str(first)[:80]}"


def links(page, soup, anchors):
    """Links inside the book that lead nowhere."""
    for node in soup.find_all("a", href=True):
        url = urlsplit(node["href"])
        if url.scheme in ("http", "https", "mailto", "javascript") or url.netloc:
            continue
        target = page if not url.path else (page.parent / unquote(url.path)).resolve()
        if not target.exists():
            yield f"broken link: {node['href']}"
        elif url.fragment and target in anchors and unquote(url.fragment) not in anchors[target]:
            yield f"broken anchor: {node['href']}"


def main(folder):
    pages = [page.resolve() for page in sorted(Path(folder).rglob("*.html"))
             if "_static" not in page.parts]
    if not any(page.name == "index.html" for page in pages):
        sys.exit(f"{folder} holds no index.html: build the book first, with make book")
    # a page that only sends the browser on is checked by where it sends it
    moved = [page for page in pages if 'http-equiv="Refresh"' in read(page)[:2000]]
    free = Queue()

    def one(page):
        if page in moved:
            return parse(read(page)), []
        browser = free.get()
        try:
            return look(browser, page)
        finally:
            free.put(browser)

    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        browsers = [stack.enter_context(Browser()) for _ in range(2)]
        for browser in browsers:
            free.put(browser)
        seen = dict(zip(pages, pool.map(one, pages), strict=True))
        chapter = Path(folder, PRINTED).resolve()
        if chapter not in seen:
            chapter = next(page for page in pages if page not in moved)
        paper, folds = printing(browsers[0], chapter)
    seen[chapter][1].extend(folds)
    anchors = {page: {node["id"] for node in soup.find_all(id=True)}
               for page, (soup, _) in seen.items()}
    failed = count = 0
    for page, (soup, found) in seen.items():
        count += len(soup.select(".math"))
        whole = [] if page in moved else keyboard(soup)
        for complaint in [*formulas(soup), *outside(soup), *outputs(soup), *whole, *found,
                          *links(page, soup, anchors)]:
            failed += 1
            print(f"{os.path.relpath(page, folder)}: {complaint}")
    print(f"{len(pages) - len(moved)} pages at {' and '.join(map(str, WIDTHS))} px, "
          f"{' and '.join(THEMES)}, and on paper; {chapter.stem} on {paper} sheets; "
          f"{count} formulas; {failed} complaints")
    return int(failed > 0 or count == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "_build/html"))
