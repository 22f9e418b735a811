"""What a Grafana and a Prometheus of one's own need to show an instance: data sources, dashboards, scrape configuration.

Passwords are named by reference, never written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from streams.errors import StateError
from streams.instance.scraping import targets_path

#: the least version of the official plug-in that the dashboards were tried with
PLUGIN: Final = "grafana-clickhouse-datasource"
PLUGIN_VERSION: Final = "4.11.1"
#: in an installed package the files are next to this one, in the repository under deploy/
_DASHBOARDS: Final = (
    Path(__file__).with_name("dashboards"),
    Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "json",
)
_RULES: Final = (
    Path(__file__).with_name("rules.yml"),
    Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "rules.yml",
)
_FOLDER: Final = {"zh": "漏斗监控", "en": "Funnelwatch"}

#: ClickHouse's own settings for answers that may be handed on for some seconds
_SHARED: Final = [
    {"setting": "use_query_cache", "value": "1"},
    {"setting": "query_cache_ttl", "value": "5"},
]


class DashboardsMissingError(StateError):
    """The dashboards are not where the package keeps them; the command line prints it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown, and how: addresses of the instance, the reader, how Grafana finds its password."""

    data: Path
    clickhouse_url: str
    database: str
    reader: str
    page_url: str
    prometheus_url: str
    password: str
    language: str
    #: of the embedded store, which answers once what several browsers ask at the same time
    is_embedded: bool = False


def data_sources(shown: Shown) -> str:
    """The provisioning file of both data sources."""
    address = urlsplit(shown.clickhouse_url)
    is_secure = address.scheme == "https"
    clickhouse = {
        "name": "ClickHouse",
        "uid": "funnelwatch-clickhouse",
        "type": PLUGIN,
        "jsonData": {
            "host": address.hostname,
            "port": address.port or (8443 if is_secure else 8123),
            "protocol": "http",
            **({"secure": True} if is_secure else {}),
            "username": shown.reader,
            "defaultDatabase": shown.database,
            **({"customSettings": _SHARED} if shown.is_embedded else {}),
        },
        "secureJsonData": {"password": shown.password},
    }
    prometheus = {
        "name": "Prometheus",
        "uid": "funnelwatch-prometheus",
        "type": "prometheus",
        "url": shown.prometheus_url,
    }
    return _yaml({"apiVersion": 1, "datasources": [clickhouse, prometheus]})


def dashboard_provider(dashboards: Path, language: str) -> str:
    """The provisioning file that names the folder of the dashboards."""
    provider = {
        "name": "funnelwatch",
        "folder": _FOLDER[language],
        "type": "file",
        "options": {"path": str(dashboards)},
    }
    return _yaml({"apiVersion": 1, "providers": [provider]})


def scrape_config(data: Path) -> str:
    """The part of Prometheus's configuration that scrapes every process of the instance."""
    files = [str(targets_path(data))]
    return _yaml({"scrape_configs": [{"job_name": "funnelwatch", "file_sd_configs": [{"files": files}]}]})


def dashboards(shown: Shown) -> dict[str, str]:
    """Every dashboard's JSON by file name, opening in the language and leading to the instance's own page.

    Raises:
        DashboardsMissingError: the package has none.
    """
    folder = next((one for one in _DASHBOARDS if one.is_dir()), None)
    if folder is None:
        raise DashboardsMissingError(f"the dashboards are missing in {_DASHBOARDS[0]}: install again")
    made = {}
    for path in sorted(folder.glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        for variable in board["templating"]["list"]:
            if variable["name"] == "language":
                _choose(variable, shown.language)
            elif variable["name"] == "page" and shown.page_url:
                variable["query"] = shown.page_url
                variable["current"] = {"selected": True, "text": shown.page_url, "value": shown.page_url}
        made[path.name] = json.dumps(board, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    return made


def files(shown: Shown, folder: Path) -> dict[Path, str]:
    """Every file for ``folder``, by its path in there."""
    made = {
        Path("provisioning/datasources/funnelwatch.yaml"): data_sources(shown),
        Path("provisioning/dashboards/funnelwatch.yaml"): dashboard_provider(
            folder / "dashboards", shown.language
        ),
        Path("prometheus/scrape.yml"): scrape_config(shown.data),
    }
    if rules := next((path for path in _RULES if path.is_file()), None):
        made[Path("prometheus/rules.yml")] = rules.read_text(encoding="utf-8")
    return made | {Path("dashboards") / name: text for name, text in dashboards(shown).items()}


def _choose(variable: dict[str, Any], value: str) -> None:
    """Make ``value`` the chosen one of a variable's options."""
    pairs = [option.split(" : ") for option in variable["query"].split(",")]
    text = next(pair[0].strip() for pair in pairs if pair[-1].strip() == value)
    variable["current"] = {"selected": True, "text": text, "value": value}


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
