"""A changed ``funnelwatch.yaml``: what has changed, whom it concerns, and that a file with errors is not taken up."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.embedded.reloading import ConfigChange, ConfigWatch
from streams.instance.config_file import config_mark
from streams.roles import ROLES

STORES = "stores: [{id: a, name: A}]\n"
RECEIVER = "alerting: {receivers: [{name: ops, channel: console}], route: {receiver: ops}}\n"


class File:
    """The file, and a watch over it that looks until something has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text(STORES)
        self.watch = ConfigWatch(path, config_mark(path))

    def changed_to(self, text: str) -> ConfigChange | None:
        self.path.write_text(text)
        assert self.watch.look() is None  # it may still be written
        return self.watch.look()


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path / "funnelwatch.yaml")


def concerned(change: ConfigChange | None) -> set[str]:
    assert change is not None
    return {role for role in ROLES if change.concerns(role)}


def test_a_new_receiver_leaves_alone_who_counts_and_another_store_name_concerns_everybody(file: File) -> None:
    assert file.watch.look() is None
    people = file.changed_to(STORES + RECEIVER)
    assert people is not None
    assert people.changed == ("alerting",)
    assert concerned(people) == set(ROLES) - {"collector", "sources", "monitor", "landing"}
    assert concerned(file.changed_to(STORES.replace("name: A", "name: B") + RECEIVER)) == set(ROLES)
    assert file.watch.look() is None


def test_a_comment_concerns_nobody(file: File) -> None:
    change = file.changed_to(STORES + "# nothing new\n")
    assert concerned(change) == set()
    assert change is not None
    assert change.problems == ()


@pytest.mark.parametrize(
    "wrong", ["stores: [", "stores: [{id: a, zone: Mars/Base}]", "stores: [{id: a, keys: [env:NOT_SET_42]}]"]
)
def test_a_file_with_errors_is_named_once_and_the_next_right_one_is_compared_with_the_last_right_one(
    file: File, wrong: str
) -> None:
    change = file.changed_to(wrong)
    assert change is not None
    assert change.problems
    assert concerned(change) == set()
    assert file.watch.look() is None
    back = file.changed_to(STORES + RECEIVER)
    assert back is not None
    assert back.changed == ("alerting",)


def test_a_file_that_was_edited_before_anybody_looked_concerns_everybody(tmp_path: Path) -> None:
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(STORES)
    mark = config_mark(path)
    path.write_text(STORES + RECEIVER)
    watch = ConfigWatch(path, mark)
    watch.look()
    assert concerned(watch.look()) == set(ROLES)
