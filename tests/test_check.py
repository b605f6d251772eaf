"""`make check`: each kind of complaint on a small page that deserves it, and none on one that does
not."""

import os
from pathlib import Path

import pytest

from book import check
from book.browser import CHROMIUM, Browser
from book.check import formulas, keyboard, links, outputs, outside, parse

ROOT = Path(__file__).resolve().parents[1]
LONG = "x = [" + "1234567, " * 40 + "]"
PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>t</title><style>
body {{ margin: 0; font: 16px sans-serif; color: #000; background: #fff; }}
html[data-theme="dark"] body {{ color: #eee; background: #111; }}
a {{ color: inherit; }} article {{ width: 300px; }} td {{ white-space: nowrap; }}
@media (min-width: 1000px) {{ article {{ width: 700px; }} }}
pre {{ overflow-x: auto; margin: 0; }} {style}
</style></head><body><a href="#main">skip</a><article id="main">{body}</article></body></html>"""
TABLE = "<table><tr>" + "<td>123456789</td>" * 6 + "</tr></table>"
BAR = (".box { overflow-x: auto; } .box::-webkit-scrollbar { height: 7px; } "
       "article { overflow: hidden; }")
CODE = f'<div class="highlight"><pre>{LONG}</pre></div>'
OPEN = "@media print { details::details-content { content-visibility: visible; display: block; } }"
WHOLE = "@media print { pre { white-space: pre-wrap; overflow-wrap: anywhere; } }"
FOLDED = "<details><summary>Proof</summary><p>It is so.</p></details>"
TOGGLED = '<div class="toggle-hidden"><p>Its solution.</p></div>'
IMAGE = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" width="50" height="50" {}>'
CASES = {  # what stands on the page, its style, the complaint
    "code": (CODE, WHOLE, "code line cut: x = [", "1400 px, light"),
    "code in print": (CODE.replace(LONG, LONG[:60]), "", "code cut in print", "print"),
    "folded": (FOLDED, "", "folded, and missing in print: It is so.", "print"),
    "toggled": (TOGGLED, ".toggle-hidden p { visibility: hidden; }",
                "folded, and missing in print: Its solution.", "print"),
    "table": (TABLE, "article { overflow: hidden; }", "table wider than its column",
              "390 px, light"),
    "bar": (f'<div class="box">{TABLE}</div>', BAR.replace("height: 7px", "display: none"),
            "scrolls, and shows no bar", "390 px, light"),
    "sideways": ('<p style="width: 420px">wide</p>', "", "the page scrolls sideways: 420 px",
                 "390 px, light"),
    "equation": ('<div class="math"><mjx-container><mjx-math style="display: block; width: 350px">'
                 'a = b</mjx-math></mjx-container></div>', "article { overflow: hidden; }",
                 "equation wider than its column: a = b", "390 px, light"),
    "no text": (IMAGE.format(""), "", "figure without a text", "1400 px, light"),
    "file name": (IMAGE.format('alt="../_images/806ad86.png"'), "", "figure without a text",
                  "1400 px, light"),
    "grey": ('<p style="color: #888">words</p>', "", "contrast: 3.54 P. in ARTICLE.",
             "1400 px, light"),
    "dark": ('<p style="color: #444">words</p>', "", "contrast: 1.94 P. in ARTICLE.",
             "1400 px, dark"),
    "glass": ('<p style="color: rgba(0, 0, 0, 0.5)"><b>words</b></p>',
              'html[data-theme="dark"] p { color: #eee !important; }', "contrast: 4.00 B. in P.",
              "1400 px, light"),
}
GOOD = {
    "plain": ("<p>words</p>", ""),
    "code": ('<div class="highlight"><pre>x = 1</pre></div>', ""),
    "folded code": (f"<details><summary>code</summary>{CODE}</details>", OPEN + WHOLE),
    "folded": (FOLDED, OPEN),
    "bar": (f'<div class="box">{TABLE}</div>', BAR),
    "text": (IMAGE.format('alt="Two curves that rise."'), ""),
    "large grey": ('<p style="color: #888; font-size: 30px">words</p>',
                   'html[data-theme="dark"] p { color: #eee !important; }'),
}

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


def complaints(browser, folder, body, style):
    page = folder / "page.html"
    page.write_text(PAGE.format(body=body, style=style), encoding="utf-8")
    return check.look(browser, page)[1]


@needs_chromium
@pytest.mark.parametrize("case", CASES)
def test_complains(case, browser, tmp_path):
    body, style, what, where = CASES[case]
    found = complaints(browser, tmp_path, body, style)
    assert len(found) == 1, found
    assert found[0].startswith(what) and found[0].endswith(f"({where})"), found


@needs_chromium
@pytest.mark.parametrize("case", GOOD)
def test_is_content(case, browser, tmp_path):
    assert complaints(browser, tmp_path, *GOOD[case]) == []


@needs_chromium
def test_the_books_style_opens_what_is_folded_and_wraps_code_in_print(browser, tmp_path):
    style = (ROOT / "book" / "_static" / "custom.css").read_text(encoding="utf-8")
    body = f'<div class="bd-content">{FOLDED}{TOGGLED}<details>{CODE}</details></div>'
    hide = ".toggle-hidden p { visibility: hidden; }"
    assert complaints(browser, tmp_path, body, f"{hide} {style}") == []


@needs_chromium
def test_paper_is_counted_and_what_is_missing_on_it_found(browser, tmp_path):
    page = tmp_path / "page.html"
    high = '<details><summary>proof</summary><p style="height: 1500px">high</p></details>'
    page.write_text(PAGE.format(body=high, style=""), encoding="utf-8")
    assert check.printing(browser, page) == (1, ["printed on 1 sheets, unfolded on 2"])
    page.write_text(PAGE.format(body=high, style=OPEN), encoding="utf-8")
    assert check.printing(browser, page) == (2, [])


@needs_chromium
def test_the_whole(tmp_path, capsys):
    """A page with one fault, a page that sends the browser on, and how many were looked at."""
    good = PAGE.format(body='<p>words <a href="other.html">on</a></p>', style="")
    (tmp_path / "index.html").write_text('<meta http-equiv="Refresh" content="0; url=a.html">')
    (tmp_path / "a.html").write_text(good, encoding="utf-8")
    assert check.main(tmp_path) == 1  # no formula anywhere is no book
    said = capsys.readouterr().out
    assert said.splitlines() == [
        "a.html: broken link: other.html",
        "1 pages at 1400 and 390 px, light and dark, and on paper; a on 1 sheets; 0 formulas; "
        "1 complaints"]


@pytest.mark.parametrize("look, page, complaint", [
    (formulas, '<p class="math">\\(a\\)</p>', "formula not typeset: \\(a\\)"),
    (formulas, '<p class="math" data-wide=""><mjx-container>a</mjx-container></p>',
     "formula wider than its column: a"),
    (formulas, '<mjx-merror data-mjx-error="Undefined">x</mjx-merror>', "TeX error: Undefined"),
    (outside, '<script src="https://cdn.org/x.js"></script>',
     "fetched from outside: <script> https://cdn.org/x.js"),
    (outside, '<link rel="icon" href="//cdn.org/x.ico">',
     "fetched from outside: <link> //cdn.org/x.ico"),
    (outputs, '<div class="cell_output" data-wide="">wide</div>',
     "output wider than its column: wide"),
    (outputs, "<td>np.float64(0.5)</td>", "a raw value in the text: np.float64(0.5)"),
    (outputs, "<p>so $\\alpha$ is</p>", "a raw value in the text: so $\\alpha$ is"),
    (keyboard, '<body><a href="other.html">next</a></body>',
     'no link that skips the navigation, but first <a href="other.html">next</a>'),
])
def test_the_document(look, page, complaint):
    assert list(look(parse(page))) == [complaint]


def test_links(tmp_path):
    page, other = tmp_path / "a.html", tmp_path / "b.html"
    other.touch()
    soup = parse('<a href="b.html#there">1</a> <a href="b.html#gone">2</a> <a href="c.html">3</a> '
                 '<a href="https://x.org/#y">4</a> <a href="mailto:x@y">5</a>')
    assert list(links(page, soup, {other: {"there"}})) == [
        "broken anchor: b.html#gone", "broken link: c.html"]


def test_a_book_that_was_not_built(tmp_path):
    with pytest.raises(SystemExit, match="build the book first"):
        check.main(tmp_path)


@needs_chromium
def test_no_browser_is_left_over(tmp_path):
    with Browser() as browser:
        process, profile = browser.process, browser.profile.name
        assert browser.run("1 + 1") == 2
        with pytest.raises(RuntimeError, match="not defined"):
            browser.run("nothing_like_this")
    assert process.returncode is not None and not os.path.exists(profile)
