"""That the tests of growth can fail: work that goes back over its text grows otherwise than work that does not."""

from __future__ import annotations

import re

from tests.fixtures.growth import growth


def test_a_search_from_every_sign_grows_with_the_square() -> None:
    back, once = re.compile("a*b"), re.compile("a")
    assert growth(lambda signs: lambda: back.search("a" * signs), 2_000) > 1.5
    assert growth(lambda signs: lambda: once.findall("a" * signs), 50_000) < 1.5
