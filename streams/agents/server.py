"""The MCP server: the questions as tools, over standard input and output or over HTTP on loopback with a token of its own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from functools import wraps
from importlib.metadata import version
from typing import Any, TypeAlias

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations

from streams.agents.answers import READING, written
from streams.agents.errors import BadQuestionError
from streams.agents.offered import OFFERED
from streams.agents.questions import Questions, answered

LISTENS_ON = "127.0.0.1"
_MOST_BODY_BYTES = 100_000
#: they change nothing, and ask nobody but this instance
_READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
Scope: TypeAlias = dict[str, Any]
Channel: TypeAlias = Callable[..., Awaitable[Any]]
Application: TypeAlias = Callable[[Scope, Channel, Channel], Awaitable[None]]


def agent_server(questions: Questions) -> MCPServer[Any]:
    """A server that offers the questions."""
    server: MCPServer[Any] = MCPServer(
        "funnelwatch",
        title="Funnelwatch",
        version=version("funnelwatch"),
        instructions="Read-only questions about the funnels of online stores. " + READING,
        log_level="WARNING",
    )
    for name in OFFERED:
        question = getattr(questions, name)
        server.add_tool(
            _as_text(question),
            name=name,
            description=question.__doc__,
            annotations=_READS,
            structured_output=False,
        )
    return server


def _as_text(question: Callable[..., Awaitable[dict[str, Any]]]) -> Callable[..., Awaitable[str]]:
    @wraps(question)
    async def ask(**asked: Any) -> str:
        try:
            return written(await answered(question, **asked))
        except BadQuestionError as error:
            raise ToolError(str(error)) from error

    ask.__annotations__ = {**question.__annotations__, "return": str}
    return ask


def http_application(server: MCPServer[Any], token: str) -> Application:
    """The server as an ASGI application at ``/mcp``, for whoever has the token; under names of this machine alone."""
    names = [f"{host}:*" for host in (LISTENS_ON, "localhost", "[::1]")]
    inner: Any = server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        max_request_body_size=_MOST_BODY_BYTES,
        transport_security=TransportSecuritySettings(
            allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
        ),
        host=LISTENS_ON,
    )
    expected = hashlib.sha256(f"Bearer {token}".encode()).digest()

    async def application(scope: Scope, receive: Channel, send: Channel) -> None:
        if scope["type"] == "http":
            offered = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(hashlib.sha256(offered).digest(), expected):
                await _unauthorized(send)
                return
        await inner(scope, receive, send)

    return application


async def _unauthorized(send: Channel) -> None:
    body = b'{"error":"unauthorized","detail":"send the token of this server as Authorization: Bearer TOKEN"}'
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"www-authenticate", b'Bearer realm="funnelwatch-mcp"'),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def serve_http(server: MCPServer[Any], token: str, port: int) -> None:
    """Serve on loopback until stopped."""
    import uvicorn

    from streams.agents.bounded_http import BoundedHttp

    settings = uvicorn.Config(
        http_application(server, token),
        host=LISTENS_ON,
        port=port,
        http=BoundedHttp,
        log_level="warning",
        access_log=False,
    )
    await uvicorn.Server(settings).serve()
