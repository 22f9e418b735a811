"""Targets on the page and by command: uploaded, looked at first, set, judged at once, taken back."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from streams.cli import report_targets
from streams.cli.main import app
from tests.deadlines import within
from tests.fixtures.action_page import ActionPage
from tests.fixtures.evaluation_seed import STORE, insert_year
from tests.fixtures.web_seed import CONFIG

SHIP = "logistics.time_to_ship"


@pytest.fixture(scope="module")
def browser(action_page: ActionPage) -> httpx.Client:
    insert_year(action_page.client, action_page.now_ms)
    return httpx.Client(timeout=within(60), base_url=action_page.url)


def send(browser: httpx.Client, path: str, file: bytes | None = None, **fields: str) -> httpx.Response:
    page = browser.get("/evaluation/targets?lang=en")
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert token is not None
    files = {"file": ("plan.csv", file)} if file is not None else None
    return browser.post(path, data={"form_token": token[1], "who": "Li", **fields}, files=files)


def results(action_page: ActionPage) -> dict[str, float]:
    found = action_page.json(f"/stores/{STORE}/evaluation?period=month")
    return {one["of"]: one["target"] for one in found["targets"]}


def test_a_file_is_looked_at_set_judged_at_once_and_taken_back(
    action_page: ActionPage, browser: httpx.Client
) -> None:
    good = f"of,value,store\n{SHIP},20,{STORE}\n".encode()
    before = results(action_page)
    looked = send(browser, "/evaluation/targets/file?lang=en", good, kind="look")
    assert (looked.status_code, "nothing was set yet" in looked.text) == (200, True)
    wrong = send(browser, "/evaluation/targets/file?lang=en", good + b"nobody,1,\n", kind="set")
    assert (wrong.status_code, "Line 3: unknown indicator or step" in wrong.text) == (400, True)
    assert results(action_page) == before
    done = send(browser, "/evaluation/targets/file", good, kind="set")
    assert (done.status_code, done.headers["Location"]) == (303, "/evaluation/targets#h-held")
    assert results(action_page)[SHIP] == 20.0
    text = browser.get("/evaluation/targets?lang=en").text
    assert ("20 h" in text, "plan.csv" in text) == (True, True)
    about = re.findall(r'name="about" value="(targets\|\w+)"', text)[0]
    assert send(browser, "/evaluation/targets/undo", about=about).status_code == 303
    assert send(browser, "/evaluation/targets/undo", about=about).status_code == 400
    assert results(action_page) == before
    assert "taken back by Li" in browser.get("/evaluation/targets?lang=en").text


def test_a_file_of_targets_over_64_kb_was_too_large_for_the_page(browser: httpx.Client) -> None:
    line = f"{SHIP},20,{STORE},{'a' * 900}\n"
    read = send(
        browser,
        "/evaluation/targets/file?lang=en",
        f"of,value,store,set_by\n{line * 900}".encode(),
        kind="look",
    )
    assert (read.status_code, "nothing was set yet" in read.text) == (200, True)
    rejected = send(browser, "/evaluation/targets/file?lang=en", b"x" * 1_200_000, kind="look")
    assert (rejected.status_code, "more than 1 MB" in rejected.text) == (413, True)


def test_one_is_set_by_hand_and_a_wrong_one_says_why(action_page: ActionPage, browser: httpx.Client) -> None:
    wrong = send(browser, "/evaluation/targets/one?lang=zh", of=SHIP, value="soon", store=STORE)
    assert (wrong.status_code, "目标应是数字" in wrong.text) == (400, True)
    assert send(browser, "/evaluation/targets/one", of=SHIP, value="18", store=STORE).status_code == 303
    assert results(action_page)[SHIP] == 18.0


def test_a_form_of_another_page_and_one_without_a_file_are_rejected(browser: httpx.Client) -> None:
    assert browser.post("/evaluation/targets/one", data={"of": SHIP}).status_code == 403
    assert send(browser, "/evaluation/targets/file", kind="set").status_code == 400


def test_the_command_sets_a_file_whole_or_not_at_all(
    action_page: ActionPage, browser: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_targets, "running_instance", lambda _: action_page.settings)
    monkeypatch.setattr(report_targets, "configuration", lambda _: CONFIG)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["report", "targets", *words])
        return done.exit_code, done.output

    file = tmp_path / "targets.csv"
    file.write_text(f"of,value\n{SHIP},20\n{SHIP},\n", "utf-8")
    code, said = run(str(file))
    assert (code, "targets.csv:3: expected a number" in said, "nothing was set" in said) == (1, True, True)
    file.write_text(f"of,value\n{SHIP},20\n", "utf-8")
    code, said = run(str(file), "--dry-run")
    assert (code, "1 target would be set; nothing was set" in said) == (0, True), said
    count = len(action_page.land())
    code, said = run(str(file), "--who", "Wang")
    about = re.findall(r"targets\|\w+", said)
    assert (code, len(about)) == (0, 1), said
    assert len(action_page.land()) == count + 1
    assert f"{about[0]}  Wang, targets.csv" in run()[1]
    assert run("--undo", about[0])[0] == 0
    action_page.land()
    code, said = run("--undo", about[0])
    assert (code, "took it back before" in said) == (1, True)
    assert run("--set", "nobody=1")[0] == 1
    assert run(str(tmp_path / "none.csv"))[0] == 1
    assert run("--set", f"{SHIP}=1", "--undo", "x")[0] == 1
