"""How ClickHouse is spoken to over TLS, from settings: for the driver, and for questions asked without it."""

from __future__ import annotations

from typing import Any

from streams.settings import Settings


def driver_tls(settings: Settings, password: str) -> dict[str, Any]:
    """The arguments of the driver. By a certificate alone a user is known only where there is no password."""
    if not settings.clickhouse_url.startswith("https"):
        return {}
    arguments: dict[str, Any] = {"verify": settings.clickhouse_verify}
    if settings.clickhouse_ca is not None:
        arguments["ca_cert"] = str(settings.clickhouse_ca)
    if settings.clickhouse_client_certificate is not None:
        arguments["client_cert"] = str(settings.clickhouse_client_certificate)
        arguments["tls_mode"] = "strict" if password else "mutual"
        if settings.clickhouse_client_key is not None:
            arguments["client_cert_key"] = str(settings.clickhouse_client_key)
    if settings.clickhouse_server_name:
        arguments["server_host_name"] = settings.clickhouse_server_name
    return arguments


def pool_tls(settings: Settings) -> dict[str, Any]:
    """The same for a pool of urllib3."""
    if not settings.clickhouse_url.startswith("https"):
        return {}
    arguments: dict[str, Any] = {"cert_reqs": "CERT_REQUIRED" if settings.clickhouse_verify else "CERT_NONE"}
    if settings.clickhouse_ca is not None:
        arguments["ca_certs"] = str(settings.clickhouse_ca)
    if settings.clickhouse_client_certificate is not None:
        arguments["cert_file"] = str(settings.clickhouse_client_certificate)
        if settings.clickhouse_client_key is not None:
            arguments["key_file"] = str(settings.clickhouse_client_key)
    if settings.clickhouse_server_name:
        arguments["server_hostname"] = settings.clickhouse_server_name
        if settings.clickhouse_verify:
            arguments["assert_hostname"] = settings.clickhouse_server_name
    return arguments


def sign_in(settings: Settings, user: str, password: str) -> dict[str, str]:
    """The headers by which ``user`` signs in: a password as in HTTP Basic, so that it may hold any character, or the certificate."""
    if settings.clickhouse_client_certificate is not None and not password:
        return {"X-ClickHouse-User": user, "X-ClickHouse-SSL-Certificate-Auth": "on"}
    import urllib3

    return dict(urllib3.make_headers(basic_auth=f"{user}:{password}"))
