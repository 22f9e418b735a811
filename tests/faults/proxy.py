"""A TCP proxy between two parts, whose connections can be cut and delayed."""

from __future__ import annotations

import asyncio
import contextlib
import time


class Proxy:
    """Listens on ``port`` of loopback and passes everything on to ``target``."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._shut_until = 0.0
        self._slow_until = 0.0
        self._delay_s = 0.0

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 20)

    async def stop(self) -> None:
        """End every connection and listen no more."""
        if self._server is not None:
            self._server.close()
        self.cut(0)

    def cut(self, seconds: float) -> None:
        """End every connection, and each new one at once for some seconds."""
        self._shut_until = time.monotonic() + seconds
        for writer in list(self._open):
            writer.transport.abort()

    def delay(self, seconds: float, by_s: float) -> None:
        """Hold back every piece of data by ``by_s`` for some seconds."""
        self._slow_until, self._delay_s = time.monotonic() + seconds, by_s

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if time.monotonic() < self._shut_until:
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target, limit=1 << 20)
            self._open.add(far_writer)
            try:
                await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
            finally:
                self._open.discard(far_writer)
                far_writer.transport.abort()
        except OSError:
            pass  # one of the two has gone: so does the other
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 18):
            if time.monotonic() < self._slow_until:
                await asyncio.sleep(self._delay_s)
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
