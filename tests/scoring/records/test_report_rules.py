"""When a figure is complete follows from its source."""

from scoring.records.report_rules import REPORT_RULES, is_complete, rule_of

DAY, HOUR = 86_400_000, 3_600_000


def test_a_day_is_complete_when_its_source_has_had_the_time_it_says() -> None:
    assert not is_complete("amazon", DAY, DAY + 71 * HOUR)
    assert is_complete("amazon", DAY, DAY + 72 * HOUR)
    assert is_complete("a source that says nothing", DAY, 2 * DAY)
    assert not is_complete("a source that says nothing", DAY, 2 * DAY - 1)


def test_no_source_restates_before_it_is_complete() -> None:
    rules = [*REPORT_RULES.values(), rule_of("else")]
    assert [rule for rule in rules if rule.restated_until_ms < rule.complete_after_ms] == []
