"""The npm client `@clickhouse/client` against the store; skipped, saying so, where there is no node or no package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deadlines import within

VERSION = "1.23.1"


@pytest.fixture(scope="module")
def client_folder() -> Path:
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed: @clickhouse/client was not tried")
    folder = Path(os.path.expanduser("~/.cache/funnelwatch")) / f"clickhouse-client-{VERSION}"
    if not (folder / "node_modules" / "@clickhouse" / "client").exists():
        folder.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(
            [
                "npm",
                "install",
                "--no-audit",
                "--no-fund",
                "--no-save",
                "--prefix",
                str(folder),
                f"@clickhouse/client@{VERSION}",
            ],
            capture_output=True,
            text=True,
            timeout=within(120),
            check=False,
        )
        if fetched.returncode:
            pytest.skip(f"npm could not fetch @clickhouse/client: {fetched.stderr.strip()[-200:]}")
    return folder


def test_the_javascript_client_pings_inserts_queries_and_streams(clickhouse, fresh_database, client_folder):
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("store_client.mjs"))],
        capture_output=True,
        text=True,
        timeout=within(120),
        check=False,
        env={
            **os.environ,
            "CLIENT_FOLDER": str(client_folder),
            "STORE_URL": clickhouse.url,
            "STORE_USER": clickhouse.user,
            "STORE_PASSWORD": clickhouse.password,
            "STORE_DATABASE": fresh_database,
        },
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    wanted = {
        "ping": True,
        "written": "70000",
        "count": {"c": 70_000, "s": sum(range(70_000))},
        "bound": {"n": 42, "s": "it's", "a": ["x", "y'z"]},
        "streamed": 300_000,
        "exec": "7\n",
        "error": {"code": "60", "type": "UNKNOWN_TABLE"},
        "broken": "error",
    }
    assert seen == {"plain": wanted, "packed": wanted}
