"""How a ClickHouse client is made from settings: writer or reader, asynchronous or not."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver import AsyncClient, Client

from streams.clickhouse.errors import mapped
from streams.clickhouse.tls import driver_tls
from streams.settings import Settings

#: rows of one store never leave its shard, so a subquery may read the shard's own table
_ON_CLUSTER: dict[str, Any] = {"distributed_product_mode": "local", "distributed_foreground_insert": 1}


def _arguments(settings: Settings, *, reader: bool, database: str | None) -> dict[str, Any]:
    url = urlsplit(settings.clickhouse_url)
    user = settings.clickhouse_reader if reader else settings.clickhouse_user
    secret = settings.clickhouse_reader_password if reader else settings.clickhouse_password
    password = secret.get_secret_value()
    return {
        "host": url.hostname or "127.0.0.1",
        "port": url.port or (443 if url.scheme == "https" else 80),
        "interface": url.scheme or "http",
        "username": user,
        "password": password,
        "database": settings.clickhouse_database if database is None else database,
        "settings": _ON_CLUSTER if settings.clickhouse_cluster and not reader else {},
        "client_name": "funnelwatch",
        "connect_timeout": 5,
        "send_receive_timeout": 300,
        "tz_mode": "aware",
        "autogenerate_session_id": False,
        **driver_tls(settings, password),
    }


async def open_writer(settings: Settings, database: str | None = None) -> AsyncClient:
    """An asynchronous client with the rights to write. ``database`` replaces the settings' own.

    Raises:
        ClickHouseUnreachableError: nobody answers there.
        ClickHouseRejectedError: user or password is wrong.
    """
    with mapped():
        return await clickhouse_connect.get_async_client(
            **_arguments(settings, reader=False, database=database)
        )


async def open_reader(settings: Settings) -> AsyncClient:
    """An asynchronous client that can only read the views. Raises as ``open_writer``."""
    with mapped():
        return await clickhouse_connect.get_async_client(**_arguments(settings, reader=True, database=None))


def open_writer_sync(settings: Settings) -> Client:
    """A blocking client with the rights to write. Raises as ``open_writer``."""
    with mapped():
        return clickhouse_connect.get_client(**_arguments(settings, reader=False, database=None))


def open_reader_sync(settings: Settings) -> Client:
    """A blocking client that can only read the views. Raises as ``open_writer``."""
    with mapped():
        return clickhouse_connect.get_client(**_arguments(settings, reader=True, database=None))


def table(settings: Settings, name: str) -> str:
    """The full name by which ``name`` (such as ``events_raw``) is read and written: the whole cluster's where there is one."""
    return f"{settings.clickhouse_database}.{name}{'_all' if settings.clickhouse_cluster else ''}"
