"""Look at every page of the built book as a browser shows it.

    python book/check.py _build/html

Headless Chromium loads each page from disk, in a window of 1280 pixels. Checked: every formula is
typeset, no TeX error is shown, no formula or output is wider than its column, no script, style or
image comes from outside, every link inside the book leads somewhere, and no number is shown as
np.float64, no TeX as it is written.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

NAMES = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
         "--disable-background-networking --disable-component-update --disable-sync "
         "--allow-file-access-from-files --window-size=1280,1000").split()
# only a browser knows widths, and only its document comes out: the page marks what is too wide
MEASURE = """<script>
window.addEventListener("load", () => window.MathJax?.startup.promise.then(() => {
  for (const node of document.querySelectorAll(".math, mjx-container"))
    if (node.clientWidth && node.scrollWidth > node.clientWidth + 2)
      node.closest(".math")?.setAttribute("data-wide", "");
  const outputs = ".cell_output, .cell_output .output, .cell_output pre";
  for (const node of document.querySelectorAll(outputs))
    if (node.scrollWidth > node.clientWidth + 2)
      node.closest(".cell_output").setAttribute("data-wide", "");
}));
</script>"""


def parse(html):
    return BeautifulSoup(html, "html.parser")


def read(page):
    return page.read_text(encoding="utf-8")


def dom(page, seconds=120):
    """The page's document after its scripts ran."""
    with tempfile.TemporaryDirectory() as folder:
        copy, base = Path(folder) / "page.html", f'<base href="{page.resolve().as_uri()}">'
        head, body = read(page).split("<head>", 1)
        copy.write_text(f"{head}<head>{base}{MEASURE}{body}", encoding="utf-8")
        out = subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={folder}/profile",
                              "--virtual-time-budget=30000", "--dump-dom", copy.as_uri()],
                             capture_output=True, encoding="utf-8", timeout=seconds,
                             check=True).stdout
    return parse(out)


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
    if CHROMIUM is None:
        sys.exit("Chromium is not installed; on Debian: apt-get install chromium")
    pages = [page.resolve() for page in sorted(Path(folder).rglob("*.html"))
             if "_static" not in page.parts]
    if not any(page.name == "index.html" for page in pages):
        sys.exit(f"{folder} holds no index.html: build the book first, with make book")
    # a page that only sends the browser on is checked by where it sends it
    moved = [page for page in pages if 'http-equiv="Refresh"' in read(page)[:2000]]
    with ThreadPoolExecutor(2) as pool:
        seen = pool.map(lambda page: parse(read(page)) if page in moved else dom(page), pages)
        soups = dict(zip(pages, seen, strict=True))
    anchors = {page: {node["id"] for node in soup.find_all(id=True)}
               for page, soup in soups.items()}
    failed = count = 0
    for page, soup in soups.items():
        count += len(soup.select(".math"))
        for complaint in [*formulas(soup), *outside(soup), *outputs(soup),
                          *links(page, soup, anchors)]:
            failed += 1
            print(f"{os.path.relpath(page, folder)}: {complaint}")
    print(f"{len(pages)} pages, {count} formulas, {failed} complaints")
    return int(failed > 0 or count == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "_build/html"))
