"""``funnelwatch grafana``: what a Grafana and a Prometheus of one's own need to show the instance. Starts nothing."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.starting import checked_settings, data_option, fail
from streams.cli.terminal import say

if TYPE_CHECKING:
    from streams.instance.grafana import Shown
    from streams.settings import Settings


class Language(StrEnum):
    """In which language the dashboards open."""

    EN = "en"
    ZH = "zh"


_LAST = {
    "en": (
        "",
        "Written to {folder}. Then:",
        "1. Install the plug-in: grafana cli plugins install {plugin} {version}",
        "2. Copy or link {folder}/provisioning/* into Grafana's provisioning folder (/etc/grafana/provisioning), restart Grafana.",
        "3. Let Grafana's user read the password: {password}",
        "   The data folder is for its owner only. Where Grafana runs as somebody else:",
        "   sudo install -o grafana -m 400 {password} /etc/grafana/funnelwatch_reader",
        "   and run this again with --password-file /etc/grafana/funnelwatch_reader",
        "4. Prometheus: put {folder}/prometheus/scrape.yml into prometheus.yml; rules.yml next to it has alerts on Funnelwatch itself.",
        "   `funnelwatch up` keeps {targets} up to date; Prometheus's user has to be able to read it.",
    ),
    "zh": (
        "",
        "已写入 {folder}。接下来：",
        "1. 安装插件：grafana cli plugins install {plugin} {version}",
        "2. 把 {folder}/provisioning/* 复制或链接到 Grafana 的 provisioning 目录（/etc/grafana/provisioning），重启 Grafana。",
        "3. 让 Grafana 的用户能读取密码文件：{password}",
        "   数据目录只对其所有者开放。若 Grafana 以其他用户运行：",
        "   sudo install -o grafana -m 400 {password} /etc/grafana/funnelwatch_reader",
        "   然后加上 --password-file /etc/grafana/funnelwatch_reader 再运行一次",
        "4. Prometheus：把 {folder}/prometheus/scrape.yml 并入 prometheus.yml；同目录的 rules.yml 是针对本系统自身的告警规则。",
        "   `funnelwatch up` 会持续更新 {targets}；Prometheus 的用户要能读取它。",
    ),
}
_PASTED = {
    "en": {
        "sources": "# data sources, for GRAFANA/provisioning/datasources/funnelwatch.yaml",
        "provider": "# dashboards, for GRAFANA/provisioning/dashboards/funnelwatch.yaml",
        "scrape": "# for prometheus.yml",
        "next": "# nothing is written yet: --to FOLDER writes these files and the dashboards",
    },
    "zh": {
        "sources": "# 数据源，用于 GRAFANA/provisioning/datasources/funnelwatch.yaml",
        "provider": "# 看板，用于 GRAFANA/provisioning/dashboards/funnelwatch.yaml",
        "scrape": "# 用于 prometheus.yml",
        "next": "# 尚未写入任何文件：--to 目录 会写入这些文件和看板",
    },
}


def grafana(
    data: data_option = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", help="Folder to write the files and dashboards to; without it they are printed."
        ),
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option("--language", help="In which language the dashboards open; default: the instance's."),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            help="File in which Grafana finds the reader's password; default: the one in the instance's data folder.",
        ),
    ] = None,
    prometheus: Annotated[
        str, typer.Option("--prometheus", help="Address of Prometheus, as Grafana reaches it.")
    ] = "http://127.0.0.1:9090",
) -> None:
    """Print what Grafana and Prometheus need to show the instance, or write it to a folder.

    It names the addresses that the instance has now and the file of the reader's password, and starts nothing.
    """
    from streams.instance.grafana import dashboard_provider, data_sources, scrape_config

    settings = checked_settings(data=data)
    shown = _shown(settings, language, password_file, prometheus)
    if to is None:
        words = _PASTED[shown.language]
        provider = dashboard_provider(Path("/var/lib/grafana/dashboards"), shown.language)
        for title, text in (
            ("sources", data_sources(shown)),
            ("provider", provider),
            ("scrape", scrape_config(shown.data)),
        ):
            say(f"{words[title]}\n{text}")
        say(words["next"])
        return
    _write(shown, to.absolute())


def _write(shown: Shown, folder: Path) -> None:
    from streams.instance.grafana import PLUGIN, PLUGIN_VERSION, files
    from streams.instance.scraping import targets_path

    try:
        for place, text in files(shown, folder).items():
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"cannot write to {folder}: {error.strerror}")
    named = {
        "folder": folder,
        "plugin": PLUGIN,
        "version": PLUGIN_VERSION,
        "password": _password_file(shown.data),
        "targets": targets_path(shown.data),
    }
    say("\n".join(_LAST[shown.language]).format(**named).strip())


def _shown(
    settings: Settings, language: Language | None, password_file: Path | None, prometheus: str
) -> Shown:
    from streams.instance.files import InstanceFileError, read_instance
    from streams.instance.grafana import Shown

    try:
        instance = read_instance(settings.data)
    except InstanceFileError as error:
        fail(str(error))
    if instance is None:
        fail(f"no instance in {settings.data}; start one with `funnelwatch up --data {settings.data}`")
    home = settings.data.resolve()
    kept = _password_file(home)
    password = f"$__file{{{password_file.absolute() if password_file else kept}}}"
    if password_file is None and not kept.exists():  # a ClickHouse of one's own
        password = "$__env{FUNNELWATCH_CLICKHOUSE_READER_PASSWORD}"  # noqa: S105  a reference
    return Shown(
        home,
        instance.clickhouse_url,
        settings.clickhouse_database,
        settings.clickhouse_reader,
        instance.page_url,
        prometheus,
        password,
        language.value if language else settings.language,
        is_embedded=kept.exists(),
    )


def _password_file(data: Path) -> Path:
    return data / "secrets" / "clickhouse_reader_password"


def register(app: typer.Typer) -> None:
    """Add ``grafana``."""
    app.command()(grafana)
