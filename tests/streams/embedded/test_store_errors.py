"""What is taken out of the engine's messages, and what a message costs that repeats what a reader sent."""

from __future__ import annotations

import pytest

from streams.clickhouse.errors import message_of
from streams.embedded.store.errors import from_engine

#: as long as a reader's statement may be; with a search that starts from every sign, each of these takes minutes
LONG = 1 << 18


@pytest.mark.parametrize(
    "place", ["/data/store/bodies/a1", "'/data/store/bodies/a1'", "(/data/store/bodies/a1)"]
)
def test_no_message_names_where_a_body_was_kept(place: str) -> None:
    error = from_engine(f"Code: 27. DB::Exception: Cannot parse {place}: near 'x'. (CANNOT_PARSE)")
    assert "bodies" not in error.text
    assert "the request's body" in error.text


def test_the_place_of_a_body_at_a_row_is_left_out() -> None:
    said = "Code: 27. DB::Exception: Cannot parse x: (in file/uri /data/store/bodies/a1): (at row 1) (CANNOT_PARSE)"
    assert from_engine(said).text == "Cannot parse x: (at row 1)"


@pytest.mark.parametrize(
    "sent",
    [
        "/",
        "/bodies/",
        "(in file/uri ",
        "(in file/uri /bodies/",
        "(version ",
        "(version 1) x",
        " ",
        "a.",
        "(A",
    ],
)
def test_a_message_that_repeats_what_a_reader_sent_is_read_at_once(sent: str) -> None:
    text = (
        "Code: 47. DB::Exception: Unknown identifier " + sent * (LONG // len(sent)) + ". (UNKNOWN_IDENTIFIER)"
    )
    assert from_engine(text).code == 47
    assert message_of(text).startswith("Unknown identifier")
