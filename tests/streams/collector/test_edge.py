"""What is derived from a request: the country behind a browser's time zone, under its old and its new name."""

from __future__ import annotations

from importlib.resources import files

import pytest

from streams.collector.edge import EdgeReader, device_class


def country_of(zone: str, language: str = "en-US,en;q=0.9") -> str:
    return EdgeReader(()).read(None, {"Accept-Language": language}, zone).country


@pytest.mark.parametrize(
    ("zone", "language", "country"),
    [
        ("Asia/Calcutta", "en-US", "IN"),
        ("Asia/Kolkata", "en-US", "IN"),
        ("Asia/Saigon", "en-US", "VN"),
        ("Asia/Katmandu", "en-US", "NP"),
        ("Asia/Rangoon", "en-US", "MM"),
        ("Europe/Kiev", "en-GB", "UA"),
        ("America/Buenos_Aires", "es-ES", "AR"),
        ("America/Indianapolis", "en-US", "US"),
        ("Asia/Dacca", "en-GB", "BD"),
        ("Asia/Chongqing", "en-US", "CN"),
        ("PRC", "en-US", "CN"),
        ("GB", "en-US", "GB"),
        ("Europe/Amsterdam", "en-US", "NL"),
        ("America/Coyhaique", "en-US", "CL"),
    ],
)
def test_a_country_is_the_same_by_its_zones_old_and_new_name(zone: str, language: str, country: str) -> None:
    assert country_of(zone, language) == country


@pytest.mark.parametrize(
    "zone", ["UTC", "Etc/UTC", "Etc/GMT-8", "GMT", "Zulu", "CET", "EST5EDT", "EST", "Factory"]
)
def test_a_zone_that_lies_in_no_country_leaves_the_country_unknown(zone: str) -> None:
    assert country_of(zone) == ""


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "x" * 5000])
def test_without_a_zone_that_is_known_the_language_is_asked(zone: str) -> None:
    assert country_of(zone) == "US"


def links() -> dict[str, str]:
    """Old name → new name of every link of IANA's data, its file ``backward`` included."""
    lines = files("tzdata").joinpath("zoneinfo/tzdata.zi").read_text(encoding="utf-8").splitlines()
    return {line.split()[2]: line.split()[1] for line in lines if line.startswith("L ")}


def test_every_link_of_iana_that_names_a_place_has_a_country() -> None:
    unknown = {name for name in links() if country_of(name, "") == ""}
    placeless = {name for name in unknown if "/" not in name or name.startswith("Etc/")}
    assert unknown == placeless


def test_every_zone_of_ianas_table_is_in_the_country_of_the_table() -> None:
    lines = files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    wrong = {(row[2], row[0], country_of(row[2], "")) for row in rows if country_of(row[2], "") != row[0]}
    assert wrong == set()


SIGNED = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0",
    "Signature-Agent": '"https://agent.example"',
    "Signature-Input": 'sig1=("@authority" "signature-agent");created=1;keyid="k";tag="web-bot-auth"',
    "Signature": "sig1=:AAAA:",
}


@pytest.mark.parametrize(
    ("changed", "device"),
    [
        ({}, "agent"),
        ({"User-Agent": "Googlebot/2.1"}, "agent"),
        ({"Signature": ""}, "desktop"),
        ({"Signature-Agent": ""}, "desktop"),
        ({"Signature-Input": 'sig1=("@authority");tag="other"'}, "desktop"),
    ],
)
def test_an_agent_that_signs_is_neither_people_nor_a_bot(changed: dict[str, str], device: str) -> None:
    assert device_class(EdgeReader(()).read(None, SIGNED | changed).user_agent) == device
