"""Fixtures of all tests: the real broker and the real store live in plugins of their own."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.deadlines import within

#: how long an example takes to make up says how crowded the machine is
UNTIMED = {"deadline": None, "suppress_health_check": (HealthCheck.too_slow,)}
#: made-up examples a property, other ones in each run: of `make test-fast`, of `make test`, of the night's run
for name, examples in {"fast": 20, "usual": 40, "thorough": 400}.items():
    settings.register_profile(name, max_examples=examples, **UNTIMED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

#: files and folders that last longest, first: several processes take whole files, and one of these at the end is waited for
LONGEST = (
    "tests/e2e/test_files.py",
    "tests/faults/test_faults.py",
    "tests/streams/web/test_web_openapi.py",
    "tests/streams/monitor/test_watchdog_process.py",
    "tests/streams/embedded/test_up.py",
    "tests/e2e",
    "tests/streams/notifier",
    "tests/deploy/test_wheel.py",
    "tests/test_shared_services.py",
    "tests/browser/test_live_page.py",
    "tests/streams/landing/test_landing.py",
    "tests/streams/digests/test_digest_role.py",
    "tests/contracts/test_store_process.py",
    "tests/streams/monitor/test_monitor_exact.py",
    "tests/streams/monitor",
    "tests/browser",
    "tests/streams/embedded",
    "tests/streams/web",
    "tests/streams/evaluation",
    "tests/streams/jobs",
    "tests/streams/clickhouse",
    "tests/streams/imports",
    "tests/streams/transport",
    "tests/streams/pools",
    "tests/contracts",
    "tests/streams/collector",
    "tests/streams/channels",
    "tests/test_",  # those that look at every file, as one
)

#: files that one worker takes, one after the other
TOGETHER = {
    # they read the same topic of a fixed name
    "actions": (
        "tests/browser/test_alert_actions.py",
        "tests/streams/web/test_web_actions.py",
        "tests/streams/web/test_web_advice.py",
        "tests/streams/web/test_web_pools.py",
    ),
    # they look at every file of the project, which is parsed once
    "trees": (
        "tests/test_deadlines.py",
        "tests/test_helpers.py",
        "tests/test_layout.py",
        "tests/test_log_events.py",
        "tests/test_one_decision_in_one_place.py",
        "tests/test_paths_in_docstrings.py",
        "tests/test_purity.py",
        "tests/test_sizes.py",
    ),
}
GROUPS = {file: group for group, files in TOGETHER.items() for file in files}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whole files to a worker, and those of a group as if they were one."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return GROUPS.get(file, file)

    return Files(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Import and collect without looking for garbage, of which there is none yet, and leave it all out of later looks."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the long files to the front; the order within a file stays."""
    items.sort(
        key=lambda item: next((at for at, name in enumerate(LONGEST) if item.nodeid.startswith(name)), 99)
    )


pytest_plugins = [
    "tests.fixtures.shared",
    "tests.fixtures.clickhouse",
    "tests.fixtures.kafka",
    "tests.fixtures.landing",
    "tests.fixtures.mailbox",
    "tests.fixtures.page",
    "tests.fixtures.action_page",
    "tests.fixtures.quiet",
    "tests.fixtures.sources_desk",
]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Give the test as long as pyproject.toml or its marker says, times what the machine is slower now."""
    marker = item.get_closest_marker("timeout")
    quiet_s = float(marker.args[0] if marker else item.config.getini("timeout"))
    item.add_marker(pytest.mark.timeout(within(quiet_s)), append=False)
    return (yield)
