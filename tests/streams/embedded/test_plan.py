"""What ``up`` starts: a process of each role, as many monitors as asked for, each under a name and a port of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.embedded.plan import Command, make_plan
from streams.instance.files import StateReport, process_name, read_states, role_and_number
from streams.settings import load_settings

ROLES = ("collector", "monitor", "landing")
PORT = "FUNNELWATCH_METRICS_PORT"


def commands(data: Path, monitors: int, metrics_port: int = 0) -> dict[str, Command]:
    settings = load_settings(
        data=data, monitors=monitors, metrics_port=metrics_port, collector_port=0, page_port=0
    )
    return {command.name: command for command in make_plan(settings, None, ROLES, with_parts=False).roles}


def test_one_monitor_is_started_unless_more_are_asked_for(tmp_path: Path) -> None:
    assert list(commands(tmp_path, 1)) == ["collector", "monitor", "landing"]


def test_several_monitors_are_processes_of_one_role_with_names_of_their_own(tmp_path: Path) -> None:
    planned = commands(tmp_path, 3)
    assert list(planned) == ["collector", "monitor", "monitor-2", "monitor-3", "landing"]
    assert [command.role for command in planned.values()] == [
        "collector", "monitor", "monitor", "monitor", "landing",
    ]  # fmt: skip
    third = planned["monitor-3"].arguments
    assert third[:5] == ("-m", "streams.roles", "monitor", "--number", "3")


def test_metrics_are_served_where_the_system_likes_if_no_port_is_set(tmp_path: Path) -> None:
    assert all(PORT not in command.environment for command in commands(tmp_path, 2).values())


def test_a_monitor_more_moves_no_other_ones_metrics(tmp_path: Path) -> None:
    one, three = (
        {name: int(command.environment[PORT]) for name, command in commands(tmp_path, monitors, 9464).items()}
        for monitors in (1, 3)
    )
    assert one == {"collector": 9464, "monitor": 9465, "landing": 9466}
    assert three == {**one, "monitor-2": 9467, "monitor-3": 9468}


@pytest.mark.parametrize("number", [1, 2, 64])
def test_a_name_says_whose_process_it_is(number: int) -> None:
    assert role_and_number(process_name("monitor", number)) == ("monitor", number)


def test_states_are_listed_in_the_order_of_names_and_numbers(tmp_path: Path) -> None:
    names = ["landing", "monitor", "monitor-2", "monitor-10", "store"]
    for name in reversed(names):
        StateReport(tmp_path, name).ready()
    assert [state.name for state in read_states(tmp_path)] == names


def test_every_report_says_where_the_metrics_are(tmp_path: Path) -> None:
    report = StateReport(tmp_path, "monitor-2", {"metrics": "http://127.0.0.1:9465/metrics"})
    report.say("starting")
    report.ready(addresses={"http": "http://127.0.0.1:8711"})
    (state,) = read_states(tmp_path)
    assert state.addresses == {"metrics": "http://127.0.0.1:9465/metrics", "http": "http://127.0.0.1:8711"}
