"""What the server does to a result after the engine has written it: another revision of Native, then packing."""

from __future__ import annotations

import zlib
from typing import Final

from streams.embedded.store.native import NativeRevision

#: what can be packed here, in the engine's stead, and zlib's window for it
PACKED_HERE: Final = {"gzip": 31, "deflate": 15}


class Outlet:
    """Takes the engine's bytes as they come, gives those that go to the client."""

    def __init__(self, revision: int, packed: str) -> None:
        self._native = NativeRevision(revision)
        window = PACKED_HERE.get(packed)
        self._packer = zlib.compressobj(1, wbits=window) if window else None

    def feed(self, data: bytes) -> bytes:
        """What can go on with ``data``.

        Raises:
            StoreError: the result cannot be written for this client.
        """
        done = self._native.feed(data)
        return self._packer.compress(done) if self._packer and done else done

    def finish(self) -> bytes:
        """What goes last."""
        done = self._native.finish()
        return self._packer.compress(done) + self._packer.flush() if self._packer else done
