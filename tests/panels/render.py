"""``python -m tests.panels.render``: every panel of every dashboard as Grafana's own code draws it, as pictures to look at.

By hand, not in CI: it installs Grafana's npm packages (Apache-2.0, some 300 MB) into a folder and draws in Chromium; without npm,
its registry or Chromium it says so and draws nothing. It asks a running instance as the dashboards do, or with ``--made`` a store of
its own with the data of the dashboards' tests; ``--language``, ``--store`` and ``--hours`` are the dashboard's variables. Not drawn:
bar charts (their code is not on npm) and what Prometheus answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import clickhouse_connect
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr

from streams.cli.asking import running_instance
from streams.clickhouse.migrations import migrate
from streams.settings import load_settings
from tests.contracts.grafana_queries import ALL, DASHBOARDS, Asked, Choice, choices, default_span_s, fill
from tests.deadlines import within
from tests.fixtures.clickhouse import start_store

HERE = Path(__file__).parent
_DRAWN = ("timeseries", "table", "stat")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
#: the packages ask for the page's own storage as they load, which a page without an address does not have
_ADDRESS = "http://panels.invalid/"
#: of the made-up data
_STORES, _MINUTES = 20, 8 * 1440


def skipped(why: str) -> None:
    """End without pictures, and without an error."""
    print(f"skipped: {why}")
    sys.exit(0)


def bundle(folder: Path) -> Path:
    """Grafana's drawing code in one file; what is installed already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "bundle.js"
    for name in ("package.json", "main.jsx"):
        shutil.copy(HERE / name, folder / name)
    npm = shutil.which("npm")
    if npm is None:
        skipped("npm is not installed")
    if not (folder / "node_modules" / "@grafana" / "ui").exists():
        # esbuild's package holds its binary; no script has to run
        install = ["npm", "install", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"]
        if subprocess.run(install, cwd=folder, check=False).returncode:
            skipped("npm could not install Grafana's packages (no network?)")
    # Grafana's own copy of the grid is for React 18, the one on npm for 19: there a context is its own provider
    grid = folder / "node_modules" / "react-data-grid" / "lib" / "index.js"
    for_react_18 = re.sub(r"(jsxs?\(\w+Context), \{", r"\1.Provider, {", grid.read_text(encoding="utf-8"))
    grid.write_text(for_react_18, encoding="utf-8")
    subprocess.run(
        [
            "node", "node_modules/esbuild/bin/esbuild", "main.jsx", "--bundle", "--format=iife", f"--outfile={made.name}",
            '--define:process.env.NODE_ENV="production"', "--loader:.svg=dataurl", "--loader:.ttf=empty", "--log-level=error",
        ],
        cwd=folder, check=True,
    )  # fmt: skip
    return made


def _kind(column: Any) -> str:
    name = column.base_type if hasattr(column, "base_type") else str(column)
    if name.startswith(("Date", "DateTime")):
        return "time"
    return "number" if name.startswith(("Int", "UInt", "Float", "Decimal")) else "string"


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, date):
        return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
    if isinstance(value, int | float) or value is None:
        return None if value is not None and value != value else value
    return str(value) if not hasattr(value, "as_tuple") else float(value)


def frame(result: Any, is_series: bool) -> dict[str, Any]:
    """What the plug-in makes of an answer: a table, or lines that text columns name."""
    kinds = [_kind(column) for column in result.column_types]
    columns = [[_value(row[place]) for row in result.result_rows] for place in range(len(kinds))]
    names = list(result.column_names)
    texts = [place for place, kind in enumerate(kinds) if kind == "string"]
    if not is_series or not texts or not columns[0]:
        fields = zip(names, kinds, columns, strict=True)
        return {"fields": [{"name": name, "type": kind, "values": values} for name, kind, values in fields]}
    times = sorted(set(columns[0]))
    place_of = {at: place for place, at in enumerate(times)}
    lines: dict[tuple[str, ...], dict[str, list[Any]]] = {}
    numbers = [place for place, kind in enumerate(kinds) if kind == "number"]
    for row, at in enumerate(columns[0]):
        label = tuple(str(columns[place][row]) for place in texts)
        line = lines.setdefault(label, {names[place]: [None] * len(times) for place in numbers})
        for place in numbers:
            line[names[place]][place_of[at]] = columns[place][row]
    fields_: list[dict[str, Any]] = [{"name": names[0], "type": "time", "values": times}]
    for label, line in lines.items():
        labels = dict(zip((names[place] for place in texts), label, strict=True))
        fields_ += [
            {"name": name, "type": "number", "labels": labels, "values": values}
            for name, values in line.items()
        ]
    return {"fields": fields_}


def panels_of(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in board["panels"]:
        yield from panel.get("panels") or ()
        if panel["type"] != "row":
            yield panel


def answered(client: Any, dashboard: str, asked: Asked) -> list[dict[str, Any]]:
    """The panels of a dashboard that can be drawn, each with its frames."""
    board = json.loads((DASHBOARDS / f"{dashboard}.json").read_text(encoding="utf-8"))
    drawn = []
    for panel in panels_of(board):
        targets = [one for one in panel.get("targets") or () if "rawSql" in one]
        if panel["type"] not in _DRAWN or not targets:
            print(f"  {dashboard}: {panel['title']}: not drawn ({panel['type']})")
            continue
        span = {"time_from": panel.get("timeFrom")}
        frames = []
        for target in targets:
            begun = time.perf_counter()
            result = client.query(asked.expanded(target["rawSql"]))
            frames.append(frame(result, target["format"] == 0))
            took = time.perf_counter() - begun
            print(f"  {dashboard}: {panel['title']}: {len(result.result_rows)} rows, {took:.2f} s")
        drawn.append({**panel, **span, "frames": frames})
    return drawn


def variables(client: Any, asked: argparse.Namespace, language: str) -> dict[str, Choice]:
    """The dashboard's variables on this instance."""

    def values(sql: str) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in client.query(sql).result_rows)

    stores = values("SELECT store_id FROM stores")
    return {
        **choices(1, language=language),
        "store": Choice([asked.store or ALL], stores),
        "platform": Choice([ALL], values("SELECT DISTINCT platform FROM stores")),
        "country": Choice([ALL], values("SELECT DISTINCT if(country = '', '—', country) FROM stores")),
        "step": Choice([asked.step]),
        "zone": Choice([asked.zone]),
    }


@contextmanager
def asked_store(data: Path | None, is_made: bool) -> Iterator[Any]:
    """A reader's client of the running instance, or of a store with made-up data."""
    if not is_made:
        settings = running_instance(data)
        yield clickhouse_connect.get_client(
            dsn=settings.clickhouse_url, username=settings.clickhouse_reader,
            password=settings.clickhouse_reader_password.get_secret_value(), database=settings.clickhouse_database,
        )  # fmt: skip
        return
    with tempfile.TemporaryDirectory() as folder:
        store = start_store(Path(folder))
        try:
            settings = load_settings(
                clickhouse_url=store.url, clickhouse_password=SecretStr(store.password), clickhouse_database="funnelwatch",
            )  # fmt: skip
            asyncio.run(migrate(settings))
            fill(store.client(), _STORES, _MINUTES)
            yield store.read_client()
        finally:
            store.stop()


def drawn(browser: Browser, script: Path, panels: list[dict[str, Any]], asked: argparse.Namespace, span: int, now: int, made: Path) -> None:  # fmt: skip
    """One picture of all panels of a dashboard."""
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.on("pageerror", lambda error: print("  error:", error))
    empty = '<body style="margin:0"><div id="root"></div></body>'
    page.route(_ADDRESS + "**", lambda route: route.fulfill(content_type="text/html", body=empty))
    page.goto(_ADDRESS)
    page.add_style_tag(path=script.with_suffix(".css"))
    page.add_script_tag(path=script)
    page.evaluate(
        "([panels, dark, zone, span]) => window.draw(panels, dark, zone, span)",
        [panels, asked.dark, asked.zone, [1000 * (now - span), 1000 * now]],
    )
    page.locator(f"#panel-{len(panels) - 1} section").wait_for(timeout=1000 * within(60))
    page.wait_for_timeout(8000)  # what is drawn in an effect
    for failed in page.locator("[data-failed]").all_inner_texts():
        print("  failed:", failed[:600])
    page.screenshot(path=made, full_page=True)
    print(made)
    page.close()


def main() -> None:
    """Draw what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the running instance")
    parser.add_argument("--made", action="store_true", help="made-up data in a store of its own")
    parser.add_argument("--build", type=Path, default=Path("build/panels"), help="where npm installs")
    parser.add_argument("--out", type=Path, default=Path("build/panels/pictures"))
    parser.add_argument("--dashboard", action="append", help="default: all")
    parser.add_argument("--language", action="append", choices=("en", "zh"), help="default: both")
    parser.add_argument("--zone", default="Asia/Shanghai")
    parser.add_argument("--step", default="order_to_payment")
    parser.add_argument("--store", default="", help="default: all")
    parser.add_argument("--hours", type=float, default=0.0, help="default: what the dashboard opens with")
    parser.add_argument("--dark", action="store_true")
    asked = parser.parse_args()
    browser_path = next((path for name in _CHROMIUM if (path := shutil.which(name))), None)
    if browser_path is None:
        skipped("Chromium is not installed")
    script = bundle(asked.build)
    asked.out.mkdir(parents=True, exist_ok=True)
    now = int(time.time())
    with asked_store(asked.data, asked.made) as client, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for language in asked.language or ("en", "zh"):
            chosen = variables(client, asked, language)
            for name in (path.stem for path in sorted(DASHBOARDS.glob("*.json"))):
                if asked.dashboard and name not in asked.dashboard:
                    continue
                span = int(asked.hours * 3600) or default_span_s(name)
                panels = answered(client, name, Asked(now - span, now, chosen))
                if panels:
                    made = asked.out / f"{name}-{language}{'-dark' if asked.dark else ''}.png"
                    drawn(browser, script, panels, asked, span, now, made)
        browser.close()


if __name__ == "__main__":
    main()
