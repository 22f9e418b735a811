"""The one settings object, built once from the environment. Nothing else reads the environment.

What belongs to a business (stores, keys, thresholds, receivers) lives in ``funnelwatch.yaml`` (``streams/config/model.py``);
what belongs to a machine (addresses, folders, limits) lives here.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Every setting of the process. Environment variables are the field names in capitals after ``FUNNELWATCH_``.

    A secret may also be given as a file: the variable's name with ``_FILE`` behind it names the file.
    """

    model_config = SettingsConfigDict(env_prefix="FUNNELWATCH_", frozen=True, extra="ignore")

    data: Path = Field(
        Path("funnelwatch-data"), description="Folder of the running instance and everything embedded."
    )
    config: Path | None = Field(
        None, description="The configuration file; without it `funnelwatch.yaml` in `data`, then here."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="`auto`: console on a terminal, else JSON lines."
    )
    language: Literal["zh", "en"] = Field(
        "en", description="Language of pages and messages where a reader chose none."
    )

    kafka: str = Field("127.0.0.1:19092", description="Kafka bootstrap servers, comma-separated.")
    partitions: int = Field(
        8, ge=1, le=1024, description="Partitions of the per-store topics when the first of them is made."
    )
    replication: int = Field(1, ge=1, le=5, description="Replication factor of topics when they are made.")
    group_prefix: str = Field("funnelwatch", description="Prefix of consumer groups and transactional ids.")
    session_timeout_s: float = Field(6.0, ge=3, description="Kafka session timeout of consumers, in seconds.")

    clickhouse_url: str = Field("http://127.0.0.1:18123", description="ClickHouse HTTP interface.")
    clickhouse_user: str = Field("funnelwatch", description="The ClickHouse user that writes.")
    clickhouse_password: SecretStr = Field(SecretStr(""), description="Its password.")
    clickhouse_reader: str = Field(
        "funnelwatch_reader", description="The read-only ClickHouse user for people and pages."
    )
    clickhouse_reader_password: SecretStr = Field(SecretStr(""), description="Its password.")
    clickhouse_database: str = Field("funnelwatch", description="The ClickHouse database.")
    clickhouse_cluster: str = Field(
        "", description="Cluster name: tables are made ON CLUSTER with Replicated engines."
    )

    collector_host: str = Field("127.0.0.1", description="Where the collector listens.")
    collector_port: Port = Field(8710, description="The collector's port; 0 takes a free one.")
    collector_body_bytes: int = Field(
        5_000_000, ge=1000, description="Largest request body, after decompression."
    )
    collector_event_bytes: int = Field(32_768, ge=1000, description="Largest single event.")
    collector_batch_events: int = Field(10_000, ge=1, description="Most events in one request.")
    collector_rate: float = Field(
        200.0, gt=0, description="Requests a second allowed per write key (burst: ten times)."
    )
    spool_bytes: int = Field(
        256_000_000, ge=0, description="Disk spool limit of a collector while the broker is away."
    )
    hash_key: SecretStr = Field(
        SecretStr(""), description="Key of the pseudonyms. `up` makes one under `data` if empty."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Networks whose X-Forwarded-For is believed."
    )

    page_host: str = Field("127.0.0.1", description="Where the live page and the read API listen.")
    page_port: Port = Field(8711, description="Its port; 0 takes a free one.")
    page_token: SecretStr = Field(
        SecretStr(""), description="Token for page and API; may be empty only on loopback."
    )
    metrics_host: str = Field("127.0.0.1", description="Where a role's Prometheus metrics are served.")
    metrics_port: Port = Field(0, description="Port of a role's Prometheus metrics; 0 takes a free one.")

    monitors: int = Field(
        1,
        ge=1,
        le=64,
        description="Monitor processes that `up` runs; they share the partitions, so more than those stand by.",
    )
    monitor_flush_s: float = Field(0.5, gt=0, description="Seconds between the monitor's flushes.")
    monitor_tick_s: float = Field(5.0, gt=0, description="Seconds between ticks.")
    monitor_grace_s: float = Field(
        10.0, ge=0, description="Seconds after its end at which a minute is scored."
    )
    monitor_horizon_hours: float = Field(
        26.0, ge=1, description="Older events are landed and recounted, not counted in the stream."
    )
    duplicate_horizon_minutes: float = Field(
        30.0, gt=0, description="How long the stream remembers event ids."
    )
    landing_flush_s: float = Field(1.0, gt=0, description="Seconds between inserts into ClickHouse.")
    landing_batch_rows: int = Field(100_000, ge=1, description="Most rows in one insert.")

    reconcile_interval_minutes: float = Field(
        60.0, gt=0, description="Minutes between two comparisons of stage_counts with the raw events."
    )
    reconcile_hours: float = Field(
        48.0, gt=0, description="How far back each comparison looks, by event time."
    )

    broker_heap_mb: int = Field(256, ge=128, description="Heap of the embedded broker.")
    broker_port: Port = Field(19092, description="Port of the embedded broker; another free one if taken.")
    broker_jars: Path | None = Field(
        None, description="A folder that holds the broker's jars, for sites without internet."
    )
    maven_mirror: str = Field(
        "https://repo1.maven.org/maven2", description="Where the broker's jars are fetched from."
    )
    cache: Path = Field(
        Path(os.path.expanduser("~/.cache/funnelwatch")), description="Folder of fetched jars."
    )
    store_port: Port = Field(18123, description="Port of the embedded store; another free one if taken.")

    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtp://user:password@host:port; empty: mails are written to `data`/outbox.",
    )
    mail_from: str = Field("Funnelwatch <funnelwatch@localhost>", description="Sender of mails.")
    link_key: SecretStr = Field(
        SecretStr(""), description="Key of signed links in messages. `up` makes one if empty."
    )
    public_url: str = Field("", description="Address of the page as readers see it, for links in messages.")


def load_settings(**overrides: object) -> Settings:
    """The settings from the environment, with ``overrides`` before it; secrets may come from ``…_FILE`` variables.

    Raises:
        pydantic.ValidationError: with every bad field.
        OSError: a named secret file cannot be read.
    """
    from_files: dict[str, object] = {}
    for name, field in Settings.model_fields.items():
        if field.annotation is SecretStr:
            path = os.environ.get(f"FUNNELWATCH_{name.upper()}_FILE")
            if path:
                from_files[name] = SecretStr(Path(path).read_text().strip())
    return Settings(**{**from_files, **overrides})  # type: ignore[arg-type]


def setting_errors(error: ValidationError) -> list[str]:
    """One line for each bad setting, naming its environment variable."""
    return [
        f"environment: FUNNELWATCH_{'_'.join(map(str, bad['loc'])).upper()}: {bad['msg']} (it is {bad['input']!r})"
        if "key" not in str(bad["loc"]) and "password" not in str(bad["loc"])
        else f"environment: FUNNELWATCH_{'_'.join(map(str, bad['loc'])).upper()}: {bad['msg']}"
        for bad in error.errors()
    ]


def unknown_variables(named: str) -> list[str]:
    """One line for each variable of the environment that looks like a setting and is none: most likely a slip.

    Args:
        named: text of the configuration, which may refer to variables of any name for its secrets.

    ``FUNNELWATCH_VERSION`` is docker-compose.yml's.
    """
    known = {"FUNNELWATCH_VERSION", *(f"FUNNELWATCH_{name.upper()}" for name in Settings.model_fields)}
    problems = []
    for name in sorted(os.environ):
        if not name.startswith("FUNNELWATCH_") or name.removesuffix("_FILE") in known or name in named:
            continue
        near = difflib.get_close_matches(name, known, 1)
        meant = f"did you mean {near[0]}?" if near else "the README lists all of them"
        problems.append(f"environment: {name} is no setting; {meant}")
    return problems
