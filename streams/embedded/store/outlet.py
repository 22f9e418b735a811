"""What the server does to a result after the engine has written it: another revision of Native, compressed blocks, packing."""

from __future__ import annotations

import zlib
from typing import Final

from streams.embedded.store.blocks import pack
from streams.embedded.store.native import NativeRevision

#: what can be packed here, in the engine's stead, and zlib's window for it
PACKED_HERE: Final = {"gzip": 31, "deflate": 15}


class Outlet:
    """Takes the engine's bytes as they come, gives those that go to the client."""

    def __init__(self, revision: int, in_blocks: bool, packed: str, *, binary_types: bool = False) -> None:
        self._native = NativeRevision(revision, binary_types=binary_types) if revision else None
        self._in_blocks = in_blocks
        window = PACKED_HERE.get(packed)
        self._packer = zlib.compressobj(1, wbits=window) if window else None

    def feed(self, data: bytes) -> bytes:
        """What can go on with ``data``.

        Raises:
            StoreError: the result cannot be written for this client.
        """
        return self._packed(self._native.feed(data) if self._native else data)

    def finish(self) -> bytes:
        """What goes last."""
        done = self._packed(self._native.finish() if self._native else b"")
        return done + self._packer.flush() if self._packer else done

    def _packed(self, data: bytes) -> bytes:
        if self._in_blocks:
            data = pack(data)
        return self._packer.compress(data) if self._packer and data else data
