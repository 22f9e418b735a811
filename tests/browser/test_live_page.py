"""The live page in a real browser: what a person sees, at three widths, in two languages, with the keyboard, while it lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.settings import Settings
from tests.browser.chromium import CONTRAST, axe, browser
from tests.deadlines import within_ms
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings, serve
from tests.fixtures.report_seed import STORE, insert_cleaned, insert_reports
from tests.fixtures.web_seed import ALERT, moment

__all__ = ["browser"]
PATHS = ("/", "/?store=jp-amazon&window=1440&hours=24", "/alerts", f"/alerts/{ALERT}", f"/alerts/{ALERT}/rows",
         "/dead-letters", "/definitions")  # fmt: skip


@pytest.fixture(scope="module")
def reported(page: RunningPage, clickhouse: Store) -> str:
    """The path of a store that has reports, and rows that were left out."""
    client = clickhouse.client(PAGE_DATABASE)
    insert_reports(client, page.now_ms)
    insert_cleaned(client, page.now_ms)
    return f"/stores/{STORE}"


@pytest.fixture
def open_page(browser: Any, page: RunningPage) -> Iterator[Any]:
    """Open a path as a reader; at the end the console must have stayed silent."""
    contexts, complaints = [], []

    def open_path(path: str, language: str = "en-US", width: int = 1440, **more: Any) -> Any:
        zone = more.pop("timezone_id", "Asia/Shanghai")
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, timezone_id=zone, **more
        )
        context.set_default_timeout(within_ms(30))
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(page.url + path)  # the first visit sends the reader's zone and loads again
        tab.wait_for_function("zone => document.body?.dataset.zone === zone", arg=zone)
        tab.wait_for_load_state("load")
        return tab

    yield open_path
    for context in contexts:
        context.close()
    assert complaints == []


def test_the_overview_shows_stores_worst_first_then_funnel_line_alert_and_dead_letters(
    open_page: Any,
) -> None:
    tab = open_page("/")
    names = tab.locator(".tile .t-name").all_inner_texts()
    assert names[0] == "US-独立站"
    assert names[-1] == "新店（未开业）"
    assert "Alerting" in tab.locator(".tile").first.inner_text()
    stages = tab.locator(".funnel .name").all_inner_texts()
    assert stages == [
        "Impressions",
        "Clicks",
        "Add to cart",
        "Orders",
        "Payments",
        "Fulfilment",
        "Repurchase",
    ]
    assert tab.locator(".funnel .ghost").count() == 4
    assert "Off baseline" in tab.locator(".funnel").inner_text()
    assert tab.locator(".plot .observed").get_attribute("d").count("L") > 100
    assert "260 fewer payments" in tab.locator(".alerts").first.inner_text()
    assert "$12,000" in tab.locator(".alerts").first.inner_text()
    assert "Broken JSON" in tab.locator(".reasons").inner_text()
    assert tab.title() == "(1) alerting · Funnelwatch"


def test_the_first_screen_of_a_phone_says_what_burns_how_today_is_and_whether_data_is_whole(
    open_page: Any,
) -> None:
    """It gave eight parts of the engine and no sale; of thirty stores twelve were shown, and none could be looked for."""
    tab = open_page("/", language="zh-CN", width=390)
    assert tab.locator(".burning").inner_text().split("\n")[0] == "1 家店铺异常"
    assert tab.locator(".burning .state").count() == 2, "whether the data is whole"
    assert tab.locator(".figures dt").first.inner_text().strip() == "今日销售额"
    assert int(tab.locator(".figures dd b").nth(1).inner_text().replace(",", "")) > 0
    box = tab.locator(".now").bounding_box()
    assert box["y"] + box["height"] < 900
    tab.locator(".narrow input[type=search]").fill("shopee")
    tab.locator(".narrow input[type=search]").press("Enter")
    tab.wait_for_url("**q=shopee**")
    assert tab.locator(".tile .t-name").all_inner_texts() == ["SG Shopee"]


def test_a_missing_stage_is_said_and_not_drawn_as_zero(open_page: Any) -> None:
    tab = open_page("/?store=jp-amazon")
    first = tab.locator(".stage").first
    assert "No data source" in first.inner_text()
    assert first.locator(".fill").count() == 0


def test_a_store_without_enough_data_says_so(open_page: Any) -> None:
    tab = open_page("/?store=th-lazada")
    assert tab.locator(".funnel .s-not_enough_data").count() == 2
    assert "Not enough data" in tab.locator(".funnel").inner_text()


def test_the_language_follows_the_reader_and_the_switch_is_kept(open_page: Any) -> None:
    tab = open_page("/", language="zh-CN")
    assert tab.locator("html").get_attribute("lang") == "zh-CN"
    assert tab.locator(".funnel .name").all_inner_texts() == [
        "曝光",
        "点击",
        "加购",
        "下单",
        "支付",
        "发货",
        "复购",
    ]
    tab.get_by_role("link", name="EN").click()
    tab.wait_for_url("**lang=en**")
    assert tab.locator(".funnel .name").first.inner_text() == "Impressions"
    tab.get_by_role("link", name="Alerts", exact=True).click()
    tab.wait_for_url("**/alerts")
    assert tab.locator("h1").inner_text() == "Alerts"


def test_times_are_on_the_readers_clock_and_on_the_stores(open_page: Any, page: RunningPage) -> None:
    tab = open_page(f"/alerts/{ALERT}", timezone_id="Asia/Tokyo")
    tab.get_by_text("Times in Asia/Tokyo").wait_for()
    said = tab.locator(".facts").inner_text()
    opened = page.now_ms - 26 * 60_000
    assert f"{moment(opened + 9 * 3_600_000):%H:%M} (Tokyo)" in said
    assert "(Los Angeles)" in said


def test_choosing_a_store_window_and_step_changes_the_page_without_a_reload(open_page: Any) -> None:
    tab = open_page("/")
    tab.evaluate("window.stayed = true")
    tab.get_by_role("link", name="DE Shopify").first.click()
    tab.locator("h2", has_text="DE Shopify").wait_for()
    tab.get_by_role("link", name="24 h").click()
    tab.locator(".chosen .seg a[aria-current]", has_text="24 h").wait_for()
    tab.locator("select[name=step]").select_option("click_to_add_to_cart")
    tab.locator("h3", has_text="Clicks → Add to cart").wait_for()
    assert "window=1440" in tab.url
    assert tab.evaluate("window.stayed") is True
    tab.go_back()
    tab.go_back()
    tab.locator(".chosen .seg a[aria-current]", has_text="1 h").wait_for()


def test_an_update_keeps_focus_and_what_was_opened(open_page: Any) -> None:
    tab = open_page("/")
    tab.locator("details[data-key=sources] summary").click()
    tile = tab.locator(".tile a").nth(2)
    tile.focus()
    focused = tile.get_attribute("href")
    age = tab.locator(".health time").first
    before = age.inner_text()
    tab.wait_for_function("before => document.querySelector('.health time').innerText !== before", arg=before)
    assert tab.locator("details[data-key=sources]").get_attribute("open") is not None
    assert tab.evaluate("document.activeElement.getAttribute('href')") == focused


def test_a_line_is_read_with_the_arrow_keys(open_page: Any) -> None:
    tab = open_page("/")
    tab.locator(".plot").focus()
    tab.keyboard.press("End")
    last = tab.locator(".readout").inner_text()
    assert "observed" in last
    assert "expected" in last
    tab.keyboard.press("ArrowLeft")
    assert tab.locator(".readout").inner_text() != last
    assert "Orders → Payments" in tab.locator(".plot").get_attribute("aria-label")


def test_the_keyboard_reaches_the_content_first(open_page: Any) -> None:
    tab = open_page("/")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"


def test_an_alert_says_where_since_when_what_to_check_and_opens_its_rows(open_page: Any) -> None:
    tab = open_page("/", language="zh-CN")
    tab.locator(".alerts a").first.click()
    tab.locator(".checks").wait_for()
    assert "支付渠道" in tab.locator(".checks").inner_text()
    assert tab.locator(".owner").all_inner_texts() == ["支付", "技术", "运营"]
    assert "iOS × 付费" in tab.locator(".shares").inner_text()
    assert "74%" in tab.locator(".shares").inner_text()
    tab.get_by_role("link", name="打开原始记录").click()
    tab.locator("tbody tr").first.wait_for()
    assert "47.6" in tab.locator("tbody").inner_text()


def path_of(tab: Any, path: str) -> str:
    return str(tab.evaluate("location.origin")) + path


def test_the_page_is_signed_into_with_the_token(
    browser: Any, page: RunningPage, clickhouse: Store, tmp_path: Path
) -> None:
    settings: Settings = page_settings(
        clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE, page_token="a-token-of-tests"
    )
    running = serve(settings)
    url = next(running).url
    tab = browser.new_context(locale="en-US").new_page()
    tab.set_default_timeout(within_ms(30))
    tab.goto(url + "/alerts")
    tab.get_by_label("Access token").fill("wrong")
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_text("Wrong token").wait_for()
    tab.get_by_label("Access token").fill("a-token-of-tests")
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/alerts")
    assert tab.locator(".alerts .alert").count() == 2
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url("**/sign-in**")
    tab.context.close()
    next(running, None)


def test_a_lost_connection_is_said_and_the_page_recovers(open_page: Any) -> None:
    tab = open_page("/")
    tab.evaluate(
        "() => { window.realFetch = window.fetch; window.fetch = () => Promise.reject(new TypeError('away')); }"
    )
    tab.locator("#stale", has_text="Connection lost").wait_for(timeout=within_ms(8))
    tab.evaluate("() => { window.fetch = window.realFetch; }")
    tab.locator("#stale").wait_for(state="hidden", timeout=within_ms(8))


@pytest.mark.parametrize(
    ("language", "scheme"),
    [
        ("zh-CN", "light"),
        ("en-US", "dark"),
        pytest.param("zh-CN", "dark", marks=pytest.mark.long),
        pytest.param("en-US", "light", marks=pytest.mark.long),
    ],
)
def test_every_page_fits_its_width_has_the_contrast_of_wcag_aa_and_breaks_no_rule_of_axe(
    open_page: Any, reported: str, language: str, scheme: str
) -> None:
    tab = open_page("/", language=language, color_scheme=scheme, bypass_csp=True)
    over, weak, broken = {}, {}, {}
    for path in (*PATHS, "/compare", "/settings", reported):
        tab.goto(path_of(tab, path))
        for width in (390, 820, 1440):
            tab.set_viewport_size({"width": width, "height": 900})
            over[path, width] = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        text = tab.evaluate(CONTRAST)
        assert text["seen"] > 20
        weak[path] = text["weak"]
        violations = axe.Axe().run(tab).response["violations"]
        broken[path] = [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in violations]
    assert over == dict.fromkeys(over, 0)
    assert {path: texts for path, texts in weak.items() if texts} == {}
    assert {path: rules for path, rules in broken.items() if rules} == {}


#: what can be pressed and is lower than a finger; links within a sentence are exempt (WCAG 2.5.8)
TOO_LOW = """() => [...document.querySelectorAll("a[href], button, select, input:not([type=hidden]), summary")].filter(e => {
    const box = e.getBoundingClientRect(), label = e.closest("label");
    if (!box.width || box.bottom <= 0 || box.right <= 0 || (label && label.getBoundingClientRect().height >= 43.5)) return false;
    const words = [...e.parentElement.childNodes].some(n => n.nodeType === 3 && n.textContent.trim().length > 1);
    return box.height < 43.5 && !(e.tagName === "A" && getComputedStyle(e).display === "inline" && words);
}).map(e => e.outerHTML.slice(0, 120))"""


def test_links_in_tables_and_pictures_were_too_low_for_a_finger(open_page: Any, reported: str) -> None:
    tab = open_page("/", "zh-CN", 390, has_touch=True, is_mobile=True)
    low = {}
    for path in (*PATHS, "/compare", "/settings", "/sources", "/orders", reported, f"{reported}/breakdown"):
        tab.goto(path_of(tab, path))
        tab.evaluate("scrollTo(0, 0); document.querySelectorAll('details').forEach(one => one.open = true)")
        low[path] = tab.evaluate(TOO_LOW)
    assert {path: found for path, found in low.items() if found} == {}


def test_a_file_is_uploaded_and_asked_about_in_chinese_on_a_phone(open_page: Any, tmp_path: Path) -> None:
    file = tmp_path / "订单.csv"
    file.write_text(
        "Name,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price\n"
        "#1,paid,01/03/2026 10:00,,USD,10.00,01/03/2026 10:00,1,Hat,5\n"
    )
    tab = open_page("/import", "zh-CN", 390)
    tab.locator("input[name=files]").set_input_files(file)
    tab.get_by_role("button", name="上传并识别").click()
    tab.get_by_role("heading", name="需要你回答").wait_for()
    text = tab.locator("main").inner_text()
    assert "“Created at”列：03/04 是 4 月 3 日（日在前），还是 3 月 4 日？" in text
    assert "是Shopify独有的列" in text
    tab.get_by_label("日在前（4 月 3 日）").first.check()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe.Axe().run(tab).response["violations"] == []
    tab.get_by_role("button", name="放弃这个文件").click()
    tab.get_by_role("heading", name="导入", exact=True).wait_for()


def test_a_folder_that_was_chosen_or_dropped_was_one_file_that_cannot_be_read(
    open_page: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    (folder / "ads").mkdir(parents=True)
    for name in ("orders.csv", "ads/ads.csv", ".DS_Store", "~$orders.xlsx"):
        (folder / name).write_text("x,y\n1,2\n")
    tab = open_page("/import", "zh-CN", 390)
    tab.locator("label.folder input").set_input_files(folder)
    chosen = "[...document.querySelector('input[name=files]').files].map(file => file.name).sort().join()"
    tab.wait_for_function(f"{chosen} === 'ads.csv,orders.csv'")
    assert tab.locator(".chosen").inner_text() == "2 个文件"
    dropped = """() => {
      const file = name => ({ isFile: true, name, file: done => done(new File(["x,y"], name)) });
      const folder = (name, inside) => ({ isDirectory: true, name, createReader: () => {
        const parts = [inside, []];
        return { readEntries: done => done(parts.shift()) };
      } });
      const entry = folder("exports", [file("a.csv"), file(".DS_Store"), folder("more", [file("b.csv"), file("c.csv")])]);
      const event = new Event("drop", { bubbles: true, cancelable: true });
      event.dataTransfer = { items: [{ webkitGetAsEntry: () => entry }], files: [] };
      document.querySelector(".dropzone").dispatchEvent(event);
    }"""
    tab.evaluate(dropped)
    tab.wait_for_function(f"{chosen} === 'a.csv,b.csv,c.csv'")
    tab.get_by_role("button", name="上传并识别").click()
    tab.get_by_text("没有读取").nth(2).wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe.Axe().run(tab).response["violations"] == []
