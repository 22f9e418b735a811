"""The registry of subjects: a new page is one folder and one line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from scoring.wording.text import Text
from streams.settings import Settings
from streams.web.frame.server import make_app
from streams.web.frame.subject import load_subjects, page_words
from streams.web.subjects import SUBJECTS
from tests.fixtures.web_seed import CONFIG
from tests.places import ROOT

PAGES = '''
import msgspec
from aiohttp import web

from scoring.wording.text import Text
from streams.web.frame.routes import AT, ApiRoute, PageRoute, Routes
from streams.web.frame.subject import NavigationEntry, PageServices, Subject


class Weather(msgspec.Struct, frozen=True):
    """The weather."""

    degrees: int


def _routes(services: PageServices) -> Routes:
    async def page(request: web.Request) -> web.Response:
        return services.renderer.render(request, "toy_weather/weather.html", weather=Weather(21))

    async def weather(request: web.Request) -> Weather:
        return Weather(21)

    return Routes(
        pages=(PageRoute("/weather", page),),
        api=(ApiRoute("/weather", "The weather", Weather, weather, (AT,)),),
    )


SUBJECT = Subject(
    __file__,
    build=_routes,
    words={"weather": Text("天气", "Weather"), "degrees": Text("{n} 度", "{n} degrees")},
    navigation=NavigationEntry("/weather", "weather"),
)
'''
TEMPLATE = """{% extends layout %}
{% block main %}<h1>{{ t('weather') }}</h1><p>{{ t('degrees', n=weather.degrees) }}</p>{% endblock %}
"""


@pytest.fixture
async def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestClient]:
    """A page with one subject more: a folder somewhere, and its name at the end of the registry."""
    folder = tmp_path / "toy_weather"
    (folder / "templates").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "pages.py").write_text(PAGES, encoding="utf-8")
    (folder / "templates" / "weather.html").write_text(TEMPLATE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    settings = Settings(data=tmp_path, clickhouse_url="http://127.0.0.1:9")
    async with TestClient(TestServer(make_app(settings, CONFIG, (*SUBJECTS, "toy_weather")))) as client:
        yield client


async def test_a_folder_and_a_line_give_page_navigation_question_and_description(toy: TestClient) -> None:
    page = await (await toy.get("/weather?lang=en")).text()
    assert "<p>21 degrees</p>" in page
    assert '<a href="/weather" aria-current="page">Weather</a>' in page
    assert '<a href="/weather">天气</a>' in await (await toy.get("/definitions?lang=zh")).text()
    assert await (await toy.get("/api/v1/weather")).json() == {"degrees": 21}
    document = await (await toy.get("/api/v1/openapi.json")).json()
    question = document["paths"]["/api/v1/weather"]["get"]
    assert (question["summary"], question["parameters"][0]["name"]) == ("The weather", "at")
    assert document["components"]["schemas"]["Weather"]["required"] == ["degrees"]


def test_every_folder_with_pages_is_in_the_registry() -> None:
    folders = {path.parent.name for path in (ROOT / "streams" / "web").glob("*/pages.py")}
    assert sorted(package.rpartition(".")[2] for package in SUBJECTS) == sorted(folders)
    assert {subject.name for subject in load_subjects(SUBJECTS)} == folders


def test_two_subjects_cannot_give_one_word_two_meanings() -> None:
    subjects = load_subjects(("streams.web.dead_letters", "streams.web.dead_letters"))
    with pytest.raises(ValueError, match="dead_letters"):
        page_words(subjects)
    assert isinstance(page_words(subjects[:1])["payload"], Text)


def test_no_template_has_a_line_that_a_review_cannot_show() -> None:
    long = [
        f"{path.name}:{number}"
        for path in (ROOT / "streams" / "web").rglob("*.html")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 200
    ]
    assert long == []
