"""The checks of ``funnelwatch doctor`` on what lies outside: receivers, the mail server, the public address. Nothing is sent."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from streams.channels.mail import SmtpPost
from streams.channels.message import SendError
from streams.channels.receiver import ReceiverConfig
from streams.config.model import Config
from streams.doctor.finding import Finding
from streams.printable import counted
from streams.schema import ConfigError, resolve_secret
from streams.settings import LOOPBACK_HOSTS, Settings

_REACH_S = 5.0
_HTTP_PORTS = {"https": 443, "http": 80}


async def receivers(settings: Settings, config: Config) -> list[Finding]:
    """Whether each receiver's address can be reached from here, and the mail server takes our mails."""
    asked = config.alerting.receivers
    if not asked:
        advice = "alerts are on the page only; add `alerting.receivers` to funnelwatch.yaml"
        found = [Finding("warning", "receivers", "none: nobody is notified of alerts", advice)]
    else:
        found = [
            *await asyncio.gather(*(_receiver(one) for one in asked if getattr(one, "url", ""))),
        ]
        others = [one.name for one in asked if not getattr(one, "url", "")]
        if others:
            found.append(Finding("good", "receivers", f"{', '.join(others)}: no address of their own"))
    if config.digests or any(one.channel == "email" for one in asked):
        found.append(await _mail_server(settings))
    if settings.oidc_issuer:
        found.append(await _provider(settings, config))
    return [*found, *await _public_address(settings, config)]


async def _provider(settings: Settings, config: Config) -> Finding:
    """The provider at which people sign in to the page."""
    parts = urlsplit(settings.oidc_issuer)
    host, port = parts.hostname or "", parts.port or _HTTP_PORTS[parts.scheme]
    problem = await _connect(host, port)
    if problem:
        advice = "check FUNNELWATCH_OIDC_ISSUER and the network; people with a token still get in"
        return Finding("bad", "sign-in", f"{host}:{port} {problem}", advice)
    if not config.access:
        advice = "say who may do what in `access` of funnelwatch.yaml"
        return Finding("warning", "sign-in", f"{host} can be reached, but nobody has a grant", advice)
    return Finding("good", "sign-in", f"{host} can be reached, {counted(len(config.access), 'grant')}")


async def _receiver(receiver: ReceiverConfig) -> Finding:
    name = f"{receiver.name} ({receiver.channel})"
    try:
        parts = urlsplit(resolve_secret(getattr(receiver, "url", "")).strip())
        port = parts.port or _HTTP_PORTS.get(parts.scheme, 0)
    except (ConfigError, ValueError) as error:
        advice = "nothing to do if it is set where the notifier runs"
        return Finding("warning", "receivers", f"{name}: {error}", advice)
    if not parts.hostname or not port:  # an address of another kind, such as Apprise's
        return Finding("good", "receivers", f"{name}: not looked at")
    problem = await _connect(parts.hostname, port)
    if problem:
        advice = f"check the address and the network; then: funnelwatch notify test {receiver.name}"
        return Finding("bad", "receivers", f"{name}: {parts.hostname}:{port} {problem}", advice)
    return Finding("good", "receivers", f"{name}: {parts.hostname} can be reached")


async def _connect(host: str, port: int) -> str:
    """Why a connection cannot be made; empty if it can."""
    try:
        async with asyncio.timeout(_REACH_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"does not answer within {_REACH_S:.0f} s"
    except OSError as error:
        return f"cannot be reached: {error.strerror or error}"
    writer.close()
    return ""


async def _mail_server(settings: Settings) -> Finding:
    url = settings.smtp_url.get_secret_value()
    if not url:
        found = f"none: mails are written to {settings.data / 'outbox'} and go nowhere"
        return Finding("warning", "mail server", found, "set FUNNELWATCH_SMTP_URL")
    try:
        await SmtpPost(url).greet()
    except SendError as error:
        return Finding("bad", "mail server", str(error), "correct FUNNELWATCH_SMTP_URL")
    return Finding("good", "mail server", f"{urlsplit(url).hostname} answers")


async def _public_address(settings: Settings, config: Config) -> list[Finding]:
    """Whether links in messages lead to the page, for others than this machine."""
    notified = [one.name for one in config.alerting.receivers if one.channel != "console"]
    notified += [one.name for one in config.digests]
    if not notified:
        return []
    address = settings.public_url
    if not address:
        found = f"FUNNELWATCH_PUBLIC_URL is not set: links in messages to {counted(len(notified), 'receiver')} lead to this machine"
        return [
            Finding("warning", "public address", found, "set it to the address at which people open the page")
        ]
    if urlsplit(address).hostname in LOOPBACK_HOSTS:
        advice = "set FUNNELWATCH_PUBLIC_URL to an address that others can open"
        return [Finding("warning", "public address", f"{address} works on this machine only", advice)]
    problem = await _not_the_page(address)
    if problem:
        advice = "open it from another machine; if it fails there, too, correct FUNNELWATCH_PUBLIC_URL or the proxy"
        return [Finding("warning", "public address", f"{address} {problem}", advice)]
    return [Finding("good", "public address", address)]


async def _not_the_page(address: str) -> str:
    """Why what answers at ``address`` is not the page, as seen from here; empty if it is."""
    import aiohttp

    asked = f"{address.rstrip('/')}/healthz"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_REACH_S)) as session,
            session.get(asked) as answer,
        ):
            if answer.status == 200 and (await answer.content.read(100)).strip() == b"ok":
                return ""
            return f"answers, but it is not the page ({asked}: status {answer.status})"
    except TimeoutError:
        return f"does not answer within {_REACH_S:.0f} s, as seen from here"
    except aiohttp.ClientError as error:
        return f"cannot be reached from here: {error}"
