"""Renders pages as the replaced system did: for each a browser and a page of its own, network idle, the HTML parsed
by selectors. `reuse` keeps one browser and a page for each worker instead.

    render_playwright.py new|reuse BROWSER WORKERS < addresses
"""
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

from playwright.sync_api import sync_playwright

ARGS = ["--no-sandbox"]


def main():
    form, browser, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    addresses = [line.strip() for line in sys.stdin if line.strip()]
    shares = [addresses[at::workers] for at in range(workers)]
    began = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        rows = sum(pool.map(lambda share: work(form, browser, share), shares))
    print(json.dumps({"pages": len(addresses), "rows": rows, "wall_s": time.monotonic() - began,
                      "versions": {"playwright": version("playwright")}}))


def work(form, browser, addresses):
    rows = 0
    with sync_playwright() as playwright:
        start = lambda: playwright.chromium.launch(executable_path=browser, args=ARGS)
        kept = start() if form == "reuse" else None
        page = kept.new_page() if kept else None
        for address in addresses:
            own = kept or start()
            shown = page or own.new_page()
            shown.goto(address, wait_until="networkidle", timeout=60_000)
            rows += shown.evaluate("document.querySelectorAll('tbody tr').length")
            if not kept:
                own.close()
        if kept:
            kept.close()
    return rows


main()
