"""Size and speed of the page of `canting page`, and how far its answers are from the classifier's.

Run from the repository's root, after `make page`, with Chromium and Playwright installed:
`python -m benchmarks.page PICTURES… [--page build/page] [--bundle build/best] [--full]`. The page
comes from this machine: over a network, add what the download takes. Each load is that of a new
visitor.
"""

import argparse
import base64
import gzip
import os
import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from canting.bundle.classifier import Classifier
from tests.browser_fixtures import BROWSERS
from tests.page_fixtures import serving, version_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LOADS = 5

FULL = "delete globalThis.ImageDecoder"

LOAD = """async () => {
    const { Classifier } = await import("./classifier.js");
    const start = performance.now();
    globalThis.one = await Classifier.load();
    return (performance.now() - start) / 1000;
}"""
CLASSIFY = """async (content) => {
    const file = new Blob([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))]);
    const start = performance.now();
    const said = await globalThis.one.classify(file);
    return [performance.now() - start, said.probabilities, said.isAbstained];
}"""


def main() -> None:
    """Print sizes, the median of loads and of answers, and the differences of answers."""
    from playwright.sync_api import sync_playwright

    arguments = _arguments()
    _sizes(arguments.page)
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright, serving(arguments.page) as url:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        address = f"{url}{version_of(arguments.page)}/page.css"
        page = _loaded(browser, address, FULL if arguments.full else "")
        _answers(page, arguments.pictures, arguments.bundle)
        browser.close()


def _sizes(page: Path) -> None:
    contents = [path.read_bytes() for path in page.rglob("*") if path.is_file()]
    whole = sum(map(len, contents)) / 1e6
    packed = sum(len(gzip.compress(one, mtime=0)) for one in contents) / 1e6
    print(f"page: {len(contents)} files, {whole:.1f} MB, {packed:.1f} MB compressed (gzip)")


def _loaded(browser: "Browser", address: str, script: str) -> "Page":
    """Return the page of the last of several loads."""
    loads = []
    for _ in range(LOADS):
        page = browser.new_context(service_workers="block").new_page()
        page.add_init_script(script)
        page.goto(address)
        loads.append(page.evaluate(LOAD))
    print(f"load: {statistics.median(loads):.2f} s, at least {min(loads):.2f} s")
    return page


def _answers(page: "Page", pictures: Sequence[Path], bundle: Path) -> None:
    classifier = Classifier.load(bundle)
    taken, differences, others = [], [], 0
    for path in pictures:
        content = path.read_bytes()
        expected = classifier.classify(content)
        given = base64.b64encode(content).decode()
        milliseconds, found, is_abstained = page.evaluate(CLASSIFY, given)
        taken.append(milliseconds)
        pairs = ((found[label], share) for label, share in expected.probabilities.items())
        differences.append(max(abs(one - other) for one, other in pairs))
        others += is_abstained != expected.abstained
    print(f"answer: {statistics.median(taken):.0f} ms, at least {min(taken):.0f} ms")
    print(
        f"{len(pictures)} pictures: probabilities differ by {max(differences):.1e} at most, in "
        f"{sum(one > 1e-3 for one in differences)} by over 0.001; {others} are refused by one alone"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--page", type=Path, default=Path("build/page"))
    parser.add_argument("--full", action="store_true", help="decode large JPEGs whole, as Firefox")
    parser.add_argument("--bundle", type=Path, default=Path("build/best"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
