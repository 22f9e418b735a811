"""The one settings object, built once from the environment. Nothing else reads the environment.

What belongs to a business (stores, keys, thresholds, receivers) lives in ``funnelwatch.yaml`` (``streams/config/model.py``);
what belongs to a machine (addresses, folders, limits) lives here.

Past 400 lines because it is one list of settings with their descriptions, which the reference is written from.
"""

from __future__ import annotations

import difflib
import errno
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

#: names of this machine itself: what listens there is reachable from nowhere else
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Every setting of the process. Environment variables are the field names in capitals after ``FUNNELWATCH_``.

    A secret may also be given as a file: the variable's name with ``_FILE`` behind it names the file.
    """

    model_config = SettingsConfigDict(env_prefix="FUNNELWATCH_", frozen=True, extra="ignore")

    data: Path = Field(
        Path("funnelwatch-data"), description="Data folder of the instance and its embedded parts."
    )
    config: Path | None = Field(
        None,
        description="Configuration file; default: `funnelwatch.yaml` in `data`, then in the current folder.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="`auto`: console format on a terminal, else JSON lines."
    )
    language: Literal["zh", "en"] = Field(
        "en", description="Language of pages and messages for readers who have not chosen one."
    )

    kafka: str = Field("127.0.0.1:19092", description="Kafka bootstrap servers, comma-separated.")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        description="How Kafka is spoken to: `SSL` encrypts, `SASL_…` signs in; the embedded broker uses `PLAINTEXT`.",
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "GSSAPI"] = Field(
        "SCRAM-SHA-512", description="How the sign-in to Kafka is done; `GSSAPI` needs the package gssapi."
    )
    kafka_username: str = Field("", description="Kafka user, for PLAIN and SCRAM.")
    kafka_password: SecretStr = Field(SecretStr(""), description="Password of the Kafka user.")
    kafka_ca: Path | None = Field(
        None,
        description="File of certificates (PEM) that may sign the brokers'; default: those that the system trusts.",
    )
    kafka_client_certificate: Path | None = Field(
        None, description="Certificate (PEM) by which clients prove themselves to Kafka."
    )
    kafka_client_key: Path | None = Field(
        None, description="Key of that certificate (PEM), unless it is in the same file."
    )
    kafka_client_key_password: SecretStr = Field(SecretStr(""), description="Password of that key.")
    kafka_check_hostname: bool = Field(
        True, description="Whether a broker's certificate has to name the address by which it is reached."
    )
    kafka_oauth_token_url: str = Field(
        "", description="Where tokens for OAUTHBEARER are fetched, by the grant of client credentials."
    )
    kafka_oauth_client_id: str = Field("", description="Client id for that token service.")
    kafka_oauth_client_secret: SecretStr = Field(
        SecretStr(""), description="Client secret for that token service."
    )
    kafka_oauth_scope: str = Field("", description="Scope that is asked of that token service.")
    kafka_kerberos_service: str = Field("kafka", description="Kerberos service of the brokers, for GSSAPI.")
    kafka_kerberos_domain: str = Field(
        "", description="Kerberos domain of the brokers, if it is not in their addresses."
    )
    partitions: int = Field(
        8, ge=1, le=1024, description="Partitions of the per-store topics when the first of them is created."
    )
    replication: int = Field(1, ge=1, le=5, description="Replication factor of topics when they are created.")
    group_prefix: str = Field("funnelwatch", description="Prefix of consumer groups and transactional ids.")
    session_timeout_s: float = Field(6.0, ge=3, description="Kafka session timeout of consumers, in seconds.")

    clickhouse_url: str = Field("http://127.0.0.1:18123", description="ClickHouse HTTP interface.")
    clickhouse_user: str = Field("funnelwatch", description="ClickHouse user that writes.")
    clickhouse_password: SecretStr = Field(
        SecretStr(""), description="Password of the ClickHouse user that writes."
    )
    clickhouse_reader: str = Field(
        "funnelwatch_reader", description="Read-only ClickHouse user for people and pages."
    )
    clickhouse_reader_password: SecretStr = Field(
        SecretStr(""), description="Password of the read-only ClickHouse user."
    )
    clickhouse_database: str = Field("funnelwatch", description="ClickHouse database.")
    clickhouse_cluster: str = Field(
        "",
        description="ClickHouse cluster name; if set, tables are created ON CLUSTER with Replicated engines.",
    )

    clickhouse_ca: Path | None = Field(
        None,
        description="File of certificates (PEM) that may sign ClickHouse's; default: those that the system trusts.",
    )
    clickhouse_client_certificate: Path | None = Field(
        None,
        description="Certificate (PEM) shown to ClickHouse; a user without a password is known by it alone.",
    )
    clickhouse_client_key: Path | None = Field(
        None, description="Key of that certificate (PEM), unless it is in the same file."
    )
    clickhouse_verify: bool = Field(
        True, description="Whether ClickHouse's certificate has to be valid; `false` is for experiments only."
    )
    clickhouse_server_name: str = Field(
        "", description="Name in ClickHouse's certificate, if it is not the host of the address."
    )

    retention: str = Field(
        "",
        description="Days for which tables and topics keep what they hold, where the defaults are not wanted, "
        "such as `events_raw=90,raw_deliveries_raw=3,funnel.raw.v1=3`.",
    )

    collector_host: str = Field("127.0.0.1", description="Address the collector listens on.")
    collector_port: Port = Field(8710, description="Port of the collector; 0 picks a free one.")
    collector_body_bytes: int = Field(
        5_000_000, ge=1000, description="Largest request body in bytes, after decompression."
    )
    collector_event_bytes: int = Field(32_768, ge=1000, description="Largest single event in bytes.")
    collector_batch_events: int = Field(10_000, ge=1, description="Maximum number of events in one request.")
    collector_page_hours: float = Field(
        24.0,
        gt=0,
        description="An event that a page sends may be this many hours old; servers and files have no such bound.",
    )
    collector_rate: float = Field(
        200.0,
        gt=0,
        description="Requests per second allowed per write key (burst: ten times that). "
        "A request counts as several for every 100 events, 10 rejected ones, 100 kB or 2.5 ms of processor time in it.",
    )
    collector_store_rate: float = Field(
        2000.0,
        gt=0,
        description="Events per second that the pages of one store may send, over all its keys (burst: ten times that).",
    )
    spool_bytes: int = Field(
        256_000_000,
        ge=0,
        description="Disk spool limit of a collector in bytes, used while Kafka is unreachable.",
    )
    hash_key: SecretStr = Field(
        SecretStr(""),
        description="Key that pseudonymises personal data. If empty, `up` creates one under `data`.",
    )
    sources_key: SecretStr = Field(
        SecretStr(""),
        description="Key that seals secrets and tokens of connections; several lines: the first seals, all open. "
        "If empty, one is created under `data`.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Networks whose X-Forwarded-For header is trusted, with commas between them, such as `10.0.0.0/8`.",
    )

    page_host: str = Field("127.0.0.1", description="Address the live page and the read API listen on.")
    page_port: Port = Field(8711, description="Port of the live page and the read API; 0 picks a free one.")
    page_token: SecretStr = Field(
        SecretStr(""), description="Access token of the page and the API; may be empty only on loopback."
    )
    page_tokens: SecretStr = Field(
        SecretStr(""),
        description="Further tokens, a line each as `funnelwatch tokens add` prints it; default: those kept under `data`.",
    )
    session_hours: float = Field(
        12.0, gt=0, le=720, description="Hours after which whoever signed in to the page has to do so again."
    )
    oidc_issuer: str = Field(
        "",
        description="OpenID Connect provider at which people sign in to the page: the address before "
        "`/.well-known/openid-configuration`. What they may do is in `access` of funnelwatch.yaml.",
    )
    oidc_client_id: str = Field("", description="Client id of the page at that provider.")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="Client secret of the page at that provider; empty for a public client."
    )
    oidc_scope: str = Field(
        "openid profile email", description="Scopes that are asked of that provider, such as one for groups."
    )
    oidc_name: str = Field("", description="What the sign-in button calls that provider.")
    oidc_ca: Path | None = Field(
        None,
        description="File of certificates (PEM) that may sign that provider's; default: those that the system trusts.",
    )
    metrics_host: str = Field("127.0.0.1", description="Address a role serves its Prometheus metrics on.")
    metrics_port: Port = Field(0, description="Port of a role's Prometheus metrics; 0 picks a free one.")

    traces_url: str = Field(
        "",
        description="Address of a receiver of OpenTelemetry traces (OTLP over HTTP), such as http://127.0.0.1:4318; traces nothing if empty. Needs the extra `tracing`.",
    )
    traces_one_in: int = Field(
        20, ge=1, description="Of how many blocks of neighbouring events one is traced; alerts always are."
    )

    monitors: int = Field(
        1,
        ge=1,
        le=64,
        description="Monitor processes that `up` runs. They share the partitions; processes beyond that number are idle.",
    )
    monitor_flush_s: float = Field(0.5, gt=0, description="Seconds between flushes of the monitor.")
    monitor_tick_s: float = Field(
        5.0, gt=0, description="Seconds between ticks, which advance time when no events arrive."
    )
    monitor_grace_s: float = Field(
        10.0, ge=0, description="Seconds after the end of a minute at which it is scored."
    )
    monitor_horizon_hours: float = Field(
        26.0,
        ge=1,
        description="Hours of event time counted in the stream; older events are landed and recounted from the raw table.",
    )
    duplicate_horizon_minutes: float = Field(
        30.0, gt=0, description="Minutes for which the stream remembers event ids."
    )
    landing_flush_s: float = Field(1.0, gt=0, description="Seconds between inserts into ClickHouse.")
    landing_batch_rows: int = Field(100_000, ge=1, description="Maximum number of rows in one insert.")

    reconcile_interval_minutes: float = Field(
        60.0, gt=0, description="Minutes between comparisons of stage_counts with the raw events."
    )
    reconcile_hours: float = Field(48.0, gt=0, description="Hours of event time that each comparison covers.")

    broker_heap_mb: int = Field(256, ge=128, description="Heap of the embedded broker in MB.")
    broker_port: Port = Field(19092, description="Port of the embedded broker; if taken, a free one is used.")
    broker_jars: Path | None = Field(
        None, description="Folder that already holds the broker's jars, for sites without internet access."
    )
    maven_mirror: str = Field(
        "https://repo1.maven.org/maven2", description="Maven repository the broker's jars are fetched from."
    )
    cache: Path = Field(
        Path(os.path.expanduser("~/.cache/funnelwatch")), description="Cache folder of fetched jars."
    )
    store_port: Port = Field(18123, description="Port of the embedded store; if taken, a free one is used.")

    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtp://user:password@host:port; if empty, mails are written to `data`/outbox.",
    )
    mail_from: str = Field("Funnelwatch <funnelwatch@localhost>", description="Sender address of mails.")
    link_key: SecretStr = Field(
        SecretStr(""), description="Key that signs links in messages. If empty, `up` creates one."
    )
    public_url: str = Field("", description="Public address of the page, used for links in messages.")

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        """An environment variable is text: networks with commas between them."""
        if not isinstance(value, str):
            return value
        networks = tuple(one for one in (part.strip() for part in value.split(",")) if one)
        for one in networks:
            try:
                ipaddress.ip_network(one, strict=False)
            except ValueError:
                raise ValueError(f"{one!r} is not a network such as 10.0.0.0/8 or 2001:db8::/32") from None
        return networks

    @field_validator("retention")
    @classmethod
    def _retention(cls, value: str) -> str:
        """Names with whole days."""
        retention_days(value)
        return value

    @model_validator(mode="after")
    def _provider(self) -> Settings:
        """A provider needs a client, an address to send people back to, and TLS unless it is on this machine."""
        if not self.oidc_issuer:
            return self
        url = urlsplit(self.oidc_issuer)
        if url.scheme != "https" and (url.scheme != "http" or url.hostname not in LOOPBACK_HOSTS):
            raise ValueError("FUNNELWATCH_OIDC_ISSUER: expected an address that begins with https://")
        missing = [
            f"FUNNELWATCH_{name.upper()}"
            for name in ("oidc_client_id", "public_url")
            if not getattr(self, name)
        ]
        if missing:
            raise ValueError(f"a sign-in by FUNNELWATCH_OIDC_ISSUER needs {' and '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _kafka_sign_in(self) -> Settings:
        """A sign-in to Kafka needs what its mechanism needs."""
        if not self.kafka_security_protocol.startswith("SASL_"):
            if self.kafka_username:
                raise ValueError(
                    "FUNNELWATCH_KAFKA_USERNAME is set, but FUNNELWATCH_KAFKA_SECURITY_PROTOCOL is "
                    f"{self.kafka_security_protocol}, which signs nobody in; expected SASL_SSL or SASL_PLAINTEXT"
                )
            return self
        needed = {
            "OAUTHBEARER": ("kafka_oauth_token_url", "kafka_oauth_client_id", "kafka_oauth_client_secret"),
            "GSSAPI": (),
        }.get(self.kafka_sasl_mechanism, ("kafka_username", "kafka_password"))
        missing = [
            f"FUNNELWATCH_{name.upper()}"
            for name in needed
            if not (one.get_secret_value() if isinstance(one := getattr(self, name), SecretStr) else one)
        ]
        if missing:
            raise ValueError(
                f"a sign-in to Kafka by {self.kafka_sasl_mechanism} needs {' and '.join(missing)}"
            )
        return self


def retention_days(value: str) -> dict[str, int]:
    """Name of a table or topic → days, as the setting ``retention`` gives them.

    Raises:
        ValueError: it does not.
    """
    found = {}
    for part in filter(None, (one.strip() for one in value.split(","))):
        name, _, days = (one.strip() for one in part.partition("="))
        if not name or not days.isdecimal() or not 1 <= int(days) <= 36_500:
            raise ValueError(f"{part!r} is not a table or topic with days, such as events_raw=90")
        found[name] = int(days)
    return found


def retention_of(settings: Settings) -> tuple[dict[str, int], dict[str, int]]:
    """Days of tables, and days of topics, which have a dot in their name."""
    days = retention_days(settings.retention)
    return (
        {name: count for name, count in days.items() if "." not in name},
        {name: count for name, count in days.items() if "." in name},
    )


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise OSError(errno.EINVAL, "is not UTF-8 text", str(path)) from error


def load_settings(**overrides: object) -> Settings:
    """The settings from the environment, overridden by ``overrides``; secrets may come from ``…_FILE`` variables.

    Raises:
        pydantic.ValidationError: with every bad field.
        OSError: a named secret file cannot be read.
    """
    from_files: dict[str, object] = {}
    for name, field in Settings.model_fields.items():
        if field.annotation is SecretStr:
            path = os.environ.get(f"FUNNELWATCH_{name.upper()}_FILE")
            if path:
                from_files[name] = SecretStr(_text_of(Path(path)))
    return Settings(**{**from_files, **overrides})  # type: ignore[arg-type]


def setting_errors(error: ValidationError) -> list[str]:
    """One line for each bad setting, naming its environment variable."""
    return [_setting_error(bad) for bad in error.errors()]


def _setting_error(bad: Mapping[str, Any]) -> str:
    problem = str(bad["msg"]).removeprefix("Value error, ")
    if not bad["loc"]:
        return f"environment: {problem}"
    name = "_".join(map(str, bad["loc"]))
    field = Settings.model_fields.get(name)
    is_secret = field is not None and field.annotation is SecretStr
    quoted = "" if is_secret else f" (it is {bad['input']!r})"
    return f"environment: FUNNELWATCH_{name.upper()}: {problem}{quoted}"


def unknown_variables(named: str) -> list[str]:
    """One line for each variable of the environment that looks like a setting but is not one: most likely a typo.

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
        meant = f"did you mean {near[0]}?" if near else "the settings reference lists all of them"
        problems.append(f"environment: unknown setting {name}; {meant}")
    return problems
