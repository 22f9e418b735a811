"""The page Import: an upload is shown, asked about and corrected; what is not a form of this page, or not a file of a platform, is answered."""

from __future__ import annotations

import re
import time
import zipfile
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from streams.imports import drafts
from streams.imports.drafts import safe_name
from streams.web.frame import server
from tests.deadlines import within
from tests.fixtures.page import RunningPage
from tests.fixtures.web_seed import CONFIG

STORE = CONFIG.stores[0].id
SHOPIFY = "Name,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price"
ROWS = "".join(f"#{n},paid,0{n}/03/2026 10:00,,USD,10.00,0{n}/03/2026 10:00,1,Hat,5\n" for n in range(1, 4))


class Browser:
    """One person at the page, with the cookie and the token of its forms."""

    def __init__(self, page: RunningPage) -> None:
        self.client = httpx.Client(base_url=page.url, timeout=within(30))
        found = re.search(r'name="form_token" value="([^"]+)"', self.client.get("/import?lang=en").text)
        assert found
        self.token = found[1]

    def upload(self, name: str, content: bytes, **fields: str) -> httpx.Response:
        data = {"form_token": self.token, "store": STORE, **fields}
        return self.client.post("/import/files", data=data, files={"files": (name, content)})

    def shown(self, name: str, content: bytes) -> tuple[str, str]:
        """Where an upload is shown, and the page once it has been read."""
        answer = self.upload(name, content)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"], self.read(answer.headers["Location"])

    def read(self, path: str) -> str:
        deadline = time.monotonic() + within(60)
        while "The file is being read" in (text := self.client.get(path + "?lang=en").text):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        return text

    def send(self, path: str, **fields: str) -> httpx.Response:
        return self.client.post(path, data={"form_token": self.token, **fields})


@pytest.fixture
def browser(page: RunningPage) -> Browser:
    return Browser(page)


def test_a_file_is_shown_asked_about_and_read_again_with_the_answer(browser: Browser) -> None:
    path, text = browser.shown("orders.csv", f"{SHOPIFY}\n{ROWS}".encode())
    assert "Shopify" in text
    assert 'name="day_first"' in text
    assert "Nothing is imported while a question is open" in text
    assert browser.send(f"{path}/answers", table="0", day_first="day", zone="Asia/Nowhere").status_code == 422
    assert (
        browser.send(f"{path}/answers", table="0", day_first="day", zone="Europe/Berlin").status_code == 303
    )
    text = browser.read(path)
    assert 'name="day_first"' not in text
    assert "2026-03-01 to 2026-03-03 (Europe/Berlin)" in text
    assert browser.send(f"{path}/drop").status_code == 303
    assert browser.client.get(path).status_code == 404


def test_one_answer_for_the_dates_of_a_file_was_asked_for_once_for_each_column(browser: Browser) -> None:
    path, text = browser.shown("orders.csv", f"{SHOPIFY}\n{ROWS}".encode())
    assert text.count('name="day_first" value="day"') == 1
    assert "Time of the order, Time of payment" in text
    browser.send(f"{path}/answers", table="0", day_first="day", zone="Europe/Berlin")
    assert "2026-03-01 to 2026-03-03" in browser.read(path)
    browser.send(f"{path}/drop")


def test_what_was_recognised_was_named_by_identifiers_instead_of_words(browser: Browser) -> None:
    rows = "".join(f"{day}.03.2026;Frühling;{day}000;{day};{day},20\n" for day in (13, 14, 15))
    path, _ = browser.shown("ads.csv", f"Tag;Kampagne;Impressionen;Klicks;Kosten (EUR)\n{rows}".encode())
    chinese = browser.client.get(f"{path}?lang=zh").text
    assert "曝光次数 <b>42,000</b>" in chinese
    assert "Impressionen（曝光次数）、Klicks（点击次数）" in chinese
    orders, _ = browser.shown("orders.csv", f"{SHOPIFY}\n{ROWS.replace('/03/2026', '-Mar-2026')}".encode())
    chinese = browser.client.get(f"{orders}?lang=zh").text
    assert "是Shopify独有的列" in chinese
    assert re.search(r"已取消</dt><dd><b>0</b>", re.sub(r"\s+", "", chinese))
    wrong = browser.send(f"{orders}/answers", table="0", zone="Asia/Nowhere").text
    assert "没有“Asia/Nowhere”这个时区" in wrong
    browser.client.get(f"{orders}?lang=en")
    for one in (path, orders):
        browser.send(f"{one}/drop")


def test_a_list_of_uploads_said_that_all_of_them_wait_whatever_was_found_in_them(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.web.imports.pages.may_import", lambda _: True)
    good = f"{SHOPIFY}\n{ROWS.replace('/03/2026 10:00', '-Mar-2026 10:00 +0000')}".encode()
    files = {
        "a.csv": good,
        "b.csv": good,
        "asks.csv": f"{SHOPIFY}\n{ROWS}".encode(),
        "broken.xlsx": b"PK\3\4x",
    }
    paths = [browser.shown(name, content)[0] for name, content in files.items()]
    text = browser.client.get("/import?lang=en").text
    assert re.findall(r'<span class="chip">([^<]+)', text) == [
        "Not read", "Asks you something", "Ready to import", "Ready to import",
    ]  # fmt: skip
    assert "Shopify, orders (admin export) · 3 orders" in re.sub(r"\s+", " ", text)
    ready = [path.rpartition("/")[2] for path in paths[:2]]
    assert f'name="drafts" value="{ready[1]},{ready[0]}"' in text
    assert "Import the 2 files that are ready" in text
    assert browser.send("/import/all", drafts=",".join(ready)).status_code == 422  # nobody says who
    for path in paths:
        browser.send(f"{path}/drop")


def test_the_figures_of_a_report_are_shown_and_corrected(browser: Browser) -> None:
    rows = "".join(f"{day}.03.2026;Frühling;{day}00;{day};{day},20\n" for day in (13, 14, 15))
    path, text = browser.shown("ads.csv", f"Tag;Kampagne;Impressionen;Klicks;Kosten (EUR)\n{rows}".encode())
    for said in ("measure/impressions", "measure/clicks", "measure/spend", "part/campaign"):
        assert re.search(rf'value="{said}"\s+selected', text), said
    columns = {
        "column/0": "day",
        "column/1": "part/campaign",
        "column/2": "",
        "column/3": "measure/link_clicks",
    }
    browser.send(f"{path}/answers", table="0", **columns)
    text = browser.read(path)
    assert re.search(r'value="measure/link_clicks"\s+selected', text)
    assert not re.search(r'value="measure/(?:impressions|clicks|spend)"\s+selected', text)
    browser.send(f"{path}/drop")


def test_a_corrected_column_is_read_as_what_it_was_corrected_to(browser: Browser) -> None:
    path, text = browser.shown("orders.csv", f"{SHOPIFY}\n{ROWS.replace('/03/2026', '-Mar-2026')}".encode())
    assert "30.00" in text
    columns = {f"column/{place}": "" for place in range(10)}
    columns |= {"column/0": "order", "column/6": "placed", "column/9": "total", "column/4": "currency"}
    twice = browser.send(f"{path}/answers", table="0", **columns | {"column/5": "total"})
    assert (twice.status_code, "two columns are read as it" in twice.text) == (422, True)
    browser.send(f"{path}/answers", table="0", **columns)
    text = browser.read(path)
    assert "<b>15.00</b>" in text
    browser.send(f"{path}/drop")


@pytest.mark.parametrize(
    ("name", "content", "answer"),
    [
        ("page.csv", b"<!DOCTYPE html><html>Sign in</html>", "this is a web page"),
        ("empty.csv", b"", "the file is empty"),
        ("a.xlsx", bytes.fromhex("D0CF11E0A1B11AE1") + bytes(4096), "damaged"),
        ("<script>.csv", b"x,y\n1,2\n", "no row looks like the header"),
    ],
)
def test_what_is_not_an_export_gets_an_answer_and_no_button(
    browser: Browser, name: str, content: bytes, answer: str
) -> None:
    path, text = browser.shown(name, content)
    assert answer in text
    assert "<script>" not in text.replace("<script src=", "")
    assert "while a question is open" not in text
    assert f'action="{path}/import"' not in text
    browser.send(f"{path}/drop")


def test_a_zip_that_unpacks_to_far_more_than_it_has_is_not_opened(browser: Browser) -> None:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("a.csv", bytes(100 << 20))
    path, text = browser.shown("a.zip", content.getvalue())
    assert "which no export does" in text
    browser.send(f"{path}/drop")


def test_an_upload_from_elsewhere_is_not_taken(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts.tempfile, "tempdir", str(tmp_path))
    assert browser.upload("a.csv", b"a", form_token="0" * 64).status_code == 403
    late = [("files", ("a.csv", b"a")), ("form_token", (None, browser.token))]
    assert browser.client.post("/import/files", files=late).status_code == 403
    other = {"Sec-Fetch-Site": "cross-site"}
    fields = {"form_token": browser.token, "store": STORE}
    answer = browser.client.post("/import/files", data=fields, files={"files": ("a", b"a")}, headers=other)
    assert answer.status_code == 403
    assert browser.client.post("/import/files", content=b"x").status_code == 400
    assert browser.upload("a.csv", b"a", store="nobody-s").status_code == 400
    assert browser.upload("", b"").status_code == 422
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_too_large_leaves_nothing(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("streams.web.imports.uploads.MAX_UPLOAD", 100_000)
    answer = browser.upload("a.csv", bytes(200_000))
    assert (answer.status_code, "export fewer months" in answer.text) == (413, True)
    assert list(tmp_path.iterdir()) == []


def test_uploads_together_are_only_so_large(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("streams.web.imports.uploads.MAX_KEPT", 100_000)
    path, _ = browser.shown("a.csv", b"x,y\n" + b"1,2\n" * 15_000)
    answer = browser.upload("b.csv", b"x,y\n" + b"1,2\n" * 15_000)
    assert (answer.status_code, "all uploads together" in answer.text) == (409, True)
    browser.send(f"{path}/drop")
    assert list(tmp_path.iterdir()) == []


def test_uploads_are_private_and_only_so_many(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(drafts, "MAX_DRAFTS", 2)
    paths = [browser.upload(f"{n}.csv", b"x,y\n1,2\n").headers["Location"] for n in range(2)]
    assert browser.upload("more.csv", b"x,y\n1,2\n").status_code == 409
    assert {one.stat().st_mode & 0o077 for one in tmp_path.rglob("*")} == {0}
    for path in paths:
        browser.read(path)
        browser.send(f"{path}/drop")
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_the_instance_s_key_shows_a_file_and_does_not_import_it(browser: Browser) -> None:
    path, text = browser.shown(
        "orders.csv", f"{SHOPIFY}\n{ROWS.replace('/03/2026 10:00', '-Mar-2026 10:00 +0000')}".encode()
    )
    assert "This page cannot import" in text
    assert browser.send(f"{path}/import", who="Ann").status_code == 409
    browser.send(f"{path}/drop")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\a\\订单.xlsx", "订单.xlsx"), ("..", "upload"), (".hidden", "hidden"), ("a\0b\n.csv", "a_b_.csv"), ("x" * 300 + ".csv", "x" * 116 + ".csv")],
)  # fmt: skip
def test_a_file_s_name_leads_nowhere(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_only_uploads_may_take_longer_than_other_requests() -> None:
    slow = {path for subject in server.load_subjects(server.SUBJECTS) for path in subject.slow_paths}
    assert slow == {"/import/files"}
