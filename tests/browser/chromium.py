"""The browser of the page's tests, and what is asked of every page in it: axe's rules, and the contrast of its text."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")


def chromium() -> str | None:
    """Where a Chromium is: the system's, else playwright's own."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
        None,
    )
    if found:
        return found
    with playwright_api.sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with playwright_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


CONTRAST = """
() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = el => { for (; el; el = el.parentElement) { const c = parse(getComputedStyle(el).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
  const weak = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walk.nextNode()) {
    const el = walk.currentNode.parentElement;
    if (!walk.currentNode.nodeValue.trim() || el.closest('.vh, .skip, option, [hidden]')) continue;
    const style = getComputedStyle(el);
    const front = light(parse(el.closest('svg') ? style.fill : style.color)), back = light(ground(el));
    const ratio = (Math.max(front, back) + .05) / (Math.min(front, back) + .05);
    seen += 1;
    if (ratio < 4.5) weak.add(`${el.className.baseVal ?? el.className} ${walk.currentNode.nodeValue.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return { seen, weak: [...weak] };
}
"""
