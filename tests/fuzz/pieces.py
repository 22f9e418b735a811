"""The pieces that bodies are made of: those that have been expensive or broken something, repeated, and real bodies."""

from __future__ import annotations

import json

from hypothesis import strategies as st

PIXEL_BYTES, SERVER_BYTES = 256_000, 5_000_000
EVENT = b'{"type":"click","store_id":"a","event_time":1764444444000,"visitor":"v"}'
_PIECES = st.sampled_from(
    [
        EVENT,
        *(b"1", b"[]", b"{}", b"[", b"]", b"{", b"}", b",", b"\n", b"\r\n", b" ", b'"', b"\\", b'\\"', b":", b"\x00"),
        *(b"null", b"NaN", b"-Infinity", b"-", b"1e999", b'"\\ud800"', b'"\\ud83d\\ude00"', b"\\u0041", b"9"),
        *(b"\xff", b"\xc2\x80", b"\xef\xbb\xbf", b"\xe7\x94\xb5", b"@", b"::", b"1.1.1.", b"a@b.cc ", b"13812345671 "),
        *(b'"k":"x"', b'"events":[', b'{"events":[', b'{"k":"key-of-pixel","events":[', b'{"type":"clck"}', b'{"typo":1}'),
        *(b'{"type":"click","attributes":{"a":"b"}}', b'"a":', b'"store_id":"', b'"event_time":"2026-11-11"', b'{"a":{}},'),
        *("乡".encode(), "市1".encode(), "路1号".encode(), "시".encode(), b'","campaign":"', b'","note":"'),
        *(b"\xf0\x9f", b"[1\x00", b'"name":"a@b.cc",', b"x=1&mail=a%40b.cc&", b'"k1":1,'),
    ]
)  # fmt: skip
#: pieces and how often each occurs
REPEATED = st.lists(st.tuples(_PIECES, st.integers(1, 300_000)), min_size=1, max_size=6)


def body_of(pieces: list[tuple[bytes, int]], limit: int) -> bytes:
    """The pieces, each repeated, to at most ``limit`` bytes."""
    return b"".join(piece * min(count, limit // len(piece)) for piece, count in pieces)[:limit]


_FULL = {
    "type": "order",
    "store_id": "a",
    "event_time": 1_764_444_444_000,
    "event_id": "e-1",
    "order_id": "1001",
    "visitor": "v",
    "session": "s",
    "product": "sku-1",
    "quantity": 2,
    "amount": "19.90",
    "currency": "EUR",
    "payment_method": "card",
    "campaign": "双11 mail joe@example.org",
    "channel": "ads",
    "category": "shoes",
    "country": "DE",
    "device_class": "ios",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
    "attributes": {"phone": "13812345671", "size": "42", "n": "1"},
}
#: bodies that are taken
SEEDS: tuple[bytes, ...] = (
    EVENT,
    json.dumps(_FULL).encode(),
    json.dumps([_FULL, _FULL, {"type": "click"}]).encode(),
    json.dumps({"events": [_FULL] * 3}, ensure_ascii=False).encode(),
    b"\n".join([EVENT] * 5),
    json.dumps({"k": "key-of-pixel", "sent": 1_764_444_444_000, "zone": "Asia/Saigon", "events": [_FULL] * 4}).encode(),
    json.dumps({"number": "T-1", "placed_ms": 1_764_444_444_000}).encode(),
)  # fmt: skip


def bodies(limit: int) -> st.SearchStrategy[bytes]:
    """A body of at most ``limit`` bytes, made of repeated pieces."""
    return st.builds(body_of, REPEATED, st.just(limit))
