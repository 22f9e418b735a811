"""A file of targets: read as people write it, each wrong line named, nothing set with one wrong."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

import pytest

from scoring.alerts.actions import HumanAction, HumanActionKind, SetTarget
from scoring.evaluation.targets import StoreTarget
from streams.config.model import Config
from streams.config.targets import targets_of
from streams.evaluation.set_targets import (
    UnknownTargetSetError,
    held_targets,
    set_to_undo,
    target_sets,
)
from streams.evaluation.target_upload import MAX_FILE, UnreadableTargetsError, read_targets
from streams.incidents.action_log import MAX_TARGETS, InvalidActionError, target_action

STORES = ("us-own", "de-shop")
SHIP, PAY = "logistics.time_to_ship", "step:order_to_payment"


def workbook(rows: list[list[object]], written: str = "") -> bytes:
    """The least that is a workbook: one sheet, texts in place; ``written`` are more rows as they are in the file."""

    def cell(value: object) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as book:
        book.writestr(
            "_rels/.rels",
            f'<Relationships {packed}><Relationship Id="r1" Type="{kind}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{kind}"><sheets><sheet name="Plan" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships {packed}><Relationship Id="r1" Type="{kind}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f"<worksheet {main}><sheetData>{lines}{written}</sheetData></worksheet>",
        )
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        f"of,value,store,set_by\n{SHIP},20,us-*,plan\n{PAY},90%,,\n".encode(),
        "指标,目标,店铺,谁定的\n付款到发货用时,20,us-*,plan\n下单 → 支付,90％,,\n".encode("gb18030"),
        workbook(
            [["Indicator", "Target", "Store", "Set by"], [SHIP, 20, "us-*", "plan"], [PAY, 0.9, "", ""]]
        ),
    ],
    ids=["csv", "zh, gb18030", "xlsx"],
)
def test_a_file_is_read_as_people_write_it(content: bytes) -> None:
    content = content.replace("付款到发货用时".encode("gb18030"), SHIP.encode())
    read = read_targets(content, STORES)
    assert read.problems == ()
    assert read.targets == (SetTarget(SHIP, 20.0, "us-*", "plan"), SetTarget(PAY, 0.9))


def test_two_cells_far_apart_ended_the_page() -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(UnreadableTargetsError, match="expected the columns"):
        read_targets(workbook([], rows), STORES)


def test_an_empty_cell_of_a_workbook_is_an_empty_text() -> None:
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>of</t></is></c><c r="B1" t="inlineStr"><is><t>value</t></is></c><c r="C1" t="inlineStr"><is><t>store</t></is></c><c r="D1" t="inlineStr"><is><t>set_by</t></is></c></row>'
    row = f'<row r="9"><c r="A9" t="inlineStr"><is><t>{SHIP}</t></is></c><c r="B9"><v>20</v></c><c r="D9" t="inlineStr"><is><t>plan</t></is></c></row>'
    assert read_targets(workbook([], rows + row), STORES).targets == (SetTarget(SHIP, 20.0, "", "plan"),)


def test_every_wrong_line_is_named_and_the_good_ones_are_read() -> None:
    text = f"of,value,store\nnobody,1,\n{SHIP},soon,\n\n{PAY},140%,\n{SHIP},20,nowhere\n{SHIP},20,us-own\n"
    read = read_targets(text.encode(), STORES)
    assert [line for line, _ in read.problems] == [2, 3, 5, 6]
    said = " ".join(str(why) for _, why in read.problems)
    for part in (
        "unknown indicator or step 'nobody'",
        "expected a number, not 'soon'",
        "between 0 and 1",
        "'nowhere'",
    ):
        assert part in said
    assert read.targets == (SetTarget(SHIP, 20.0, "us-own"),)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"name,number\na,1\n", "expected the columns of and value"),
        (b"of,value\n", "holds no target"),
        (b"", "expected the columns"),
        (b"PK\x03\x04 something else", "not a CSV or XLSX"),
        (b"of,value\n\x81\xff,1", "not a CSV or XLSX"),
        (b"x" * (MAX_FILE + 1), "more than 1 MB"),
        (b"of,value\n" + b"a,1\n" * (MAX_TARGETS + 1), f"more than {MAX_TARGETS} targets"),
    ],
)
def test_a_file_that_is_something_else_says_so(content: bytes, says: str) -> None:
    with pytest.raises(UnreadableTargetsError, match=says):
        read_targets(content, STORES)


def given(kind: HumanActionKind, at_ms: int, about: str, *targets: SetTarget) -> HumanAction:
    return HumanAction(f"{kind}{at_ms}", kind, at_ms, "Li", about=about, targets=targets)


def test_the_last_set_holds_until_it_is_taken_back() -> None:
    first = given(
        HumanActionKind.SET_TARGETS, 1, "targets|a", SetTarget(SHIP, 20.0), SetTarget(PAY, 0.9, "de-*")
    )
    second = given(HumanActionKind.SET_TARGETS, 2, "targets|b", SetTarget(SHIP, 15.0, "us-own"))
    undone = given(HumanActionKind.UNDO_TARGETS, 3, "targets|b")
    config = Config.model_validate(
        {"stores": [{"id": one} for one in STORES], "targets": [{"of": SHIP, "value": 30, "set_by": "file"}]}
    )

    def held(*actions: HumanAction) -> list[StoreTarget]:
        found = targets_of(config, "us-own", held_targets(target_sets(actions)))
        return list({one.of: one for one in found}.values())

    assert held() == [StoreTarget(SHIP, 30.0, "file")]
    assert held(first, second, second) == [StoreTarget(SHIP, 15.0)]
    assert held(undone, second, first) == [StoreTarget(SHIP, 20.0)]
    sets = target_sets([first, second, undone])
    assert [one.undone_by for one in sets] == ["", "Li"]
    assert set_to_undo(sets, "targets|a") == sets[0]
    for asked, says in (("targets|b", "took it back before"), ("targets|c", "unknown set")):
        with pytest.raises(UnknownTargetSetError, match=says):
            set_to_undo(sets, asked)


def test_an_action_on_targets_needs_a_name_and_targets() -> None:
    one = (SetTarget(SHIP, 20.0),)
    made = target_action(HumanActionKind.SET_TARGETS, 1, "Li", "page", about="", name="a.csv", targets=one)
    assert (made.about, made.targets, made.text) == (f"targets|{made.action_id}", one, "a.csv")
    for kind, who, targets in (
        (HumanActionKind.SET_TARGETS, " ", one),
        (HumanActionKind.SET_TARGETS, "Li", ()),
        (HumanActionKind.DONE, "Li", one),
    ):
        with pytest.raises(InvalidActionError):
            target_action(kind, 1, who, "page", about="", name="", targets=targets)
