"""The registry of roles: what lists roles elsewhere is made from it or agrees with it (docker-compose.yml: tests/deploy)."""

import importlib
import re

from typer.testing import CliRunner

from scoring.wording.text import LANGUAGES
from streams.cli.main import app
from streams.roles import ROLES, ROLES_ON_PAGE
from streams.web.overview.words import OVERVIEW_WORDS
from tests.places import ROOT


def test_every_role_s_module_offers_what_a_process_of_it_runs() -> None:
    modules = {role.name: importlib.import_module(role.module) for role in ROLES.values()}
    assert [
        name for name, module in modules.items() if not hasattr(module, "run") and not hasattr(module, "main")
    ] == []


def test_the_page_names_and_orders_every_role() -> None:
    assert sorted(ROLES_ON_PAGE) == sorted(ROLES)
    assert len({role.page_place for role in ROLES.values()}) == len(ROLES)
    assert {name: OVERVIEW_WORDS[f"part_{name}"] for name in ROLES} == {
        name: role.words for name, role in ROLES.items()
    }
    assert [
        role.name for role in ROLES.values() if not all(role.words(language) for language in LANGUAGES)
    ] == []


def test_the_help_of_run_lists_every_role() -> None:
    shown = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    assert [name for name in ROLES if name not in shown] == []


def test_the_runbook_says_what_each_role_s_absence_means() -> None:
    runbook = (ROOT / "deploy" / "runbook.md").read_text(encoding="utf-8")
    entry = re.split(r"^## ", runbook.partition("## FunnelwatchRoleDown\n")[2], flags=re.MULTILINE)[0].lower()
    assert [name for name in ROLES if name not in entry] == []
