"""The report of the windowed count: every competitor against the monitor's one process, and against its two."""

from __future__ import annotations

from tests.bench.windowed_count.reporting import Row, table


def row(name: str, events_per_s: float, events_per_cpu_s: float) -> Row:
    return Row(name, 1000, events_per_s, events_per_cpu_s, 100.0, "d", (events_per_s,))


def test_a_competitor_is_set_against_one_process_and_against_two_and_the_bar_is_for_one() -> None:
    text = table(
        [row("monitor", 280.0, 350.0), row("monitor_two", 450.0, 300.0), row("kafka_streams", 200.0, 130.0)]
    )
    streams = text.splitlines()[-1].split()
    assert streams[:5] == ["kafka_streams", "1,000", "200", "130", "100"]
    assert streams[7:11] == ["1.40", "2.69", "2.25", "2.31"]
    assert streams[11] == "MISSED"


def test_without_two_processes_the_table_has_the_ratios_of_one() -> None:
    text = table([row("monitor", 400.0, 350.0), row("kafka_streams", 200.0, 130.0)])
    assert "monitor_two" not in text
    assert text.splitlines()[-1].split()[7:10] == ["2.00", "2.69", "reached"]
