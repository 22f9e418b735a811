"""``funnelwatch demo``: eight simulated shops, a learned past, one incident, on the embedded parts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.starting import checked_config, checked_settings, fail
from streams.config.model import Config
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.demo.course import Course
    from streams.demo.market.server import Market
    from streams.demo.shops import Shop
    from streams.embedded.plan import Plan


def demo(
    data: Annotated[Path, typer.Option(help="Folder of the demo; emptied first.")] = Path("demo-data"),
    keep: Annotated[bool, typer.Option("--keep", help="Keep the history of an earlier demo.")] = False,
    language: Annotated[str, typer.Option(help="en or zh; also the page's language.")] = "",
    seed: Annotated[int, typer.Option(help="Random seed of the simulated history.")] = 7,
    duration: Annotated[float, typer.Option(help="Stop after this many seconds; 0: run until Ctrl-C.")] = 0.0,
    until_resolved: Annotated[
        bool, typer.Option("--until-resolved", help="Stop once the incident's alert has resolved.")
    ] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the live page.")] = False,
    started_at: Annotated[
        float, typer.Option(hidden=True, help="When `make demo` began, Unix seconds.")
    ] = 0.0,
) -> None:
    """Watch eight simulated shops live: a baseline is learned, something breaks, an alert fires and resolves.

    Only the shoppers are simulated: Apache Kafka, the ClickHouse engine and every role run as real processes. Nothing
    needs to be installed and nothing leaves this machine. Ctrl-C stops everything.
    """
    from streams.clock import monotonic, now_ms

    begun = monotonic() - (max(now_ms() / 1000 - started_at, 0.0) if started_at else 0.0)
    overrides: dict[str, object] = {
        "data": data.expanduser().resolve(), "monitor_grace_s": 5.0, "monitor_tick_s": 2.0,
    }  # fmt: skip
    if language:
        overrides["language"] = language
    settings = checked_settings(**overrides)
    course = _run_demo(settings, keep, _Asked(seed, duration, until_resolved, browser, begun))
    if until_resolved and course.outcome.resolved_after_s is None:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks of the demo; ``begun`` is when it began by the monotonic clock."""

    seed: int
    duration_s: float
    until_resolved: bool
    opens_browser: bool
    begun: float


def _run_demo(settings: Settings, keep: bool, asked: _Asked) -> Course:
    """Prepare the folder and run the demo in it, or end the command with the reason why that is not possible."""
    from streams import logs
    from streams.cli.fetch_broker import fetch_with_progress
    from streams.clock import now
    from streams.demo.market.server import Market
    from streams.demo.sender import EventsRejectedError
    from streams.demo.setting_up import ForeignFolderError, make_folder
    from streams.demo.shops import demo_shops
    from streams.demo.words import WORDS
    from streams.embedded.jars import JarsUnavailableError
    from streams.embedded.plan import make_plan
    from streams.instance.lock import AlreadyRunningError, instance_lock
    from streams.roles import ROLES

    folder, words, shops = settings.data, WORDS[settings.language], demo_shops(now())
    try:
        fetch_with_progress(settings)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with instance_lock(folder), contextlib.ExitStack() as stack:
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            keys = make_folder(folder, shops, keep, listening.getsockname()[1])
            (folder / "logs").mkdir(exist_ok=True)
            logs.configure(settings, stack.enter_context((folder / "logs" / "up.log").open("a")))
            path, config = checked_config(settings)
            plan = make_plan(settings, path, list(ROLES), with_parts=True)
            try:
                market = Market(keys.market, listening)
                return asyncio.run(_play(plan, config, shops, (keys.write, keys.pixel, market), asked))
            except* EventsRejectedError as group:
                fail(words["trouble"].format(detail=group.exceptions[0]))
    except JarsUnavailableError as error:
        fail(str(error), 69)
    except AlreadyRunningError as error:
        fail(str(error), 73)
    except ForeignFolderError:
        fail(words["foreign"].format(data=folder), 73)


async def _play(
    plan: Plan,
    config: Config,
    shops: tuple[Shop, ...],
    doors: tuple[Mapping[str, str], Mapping[str, str], Market],
    asked: _Asked,
) -> Course:
    """Run the instance and the course of the demo in it, until either ends or what was asked for has happened."""
    from streams.demo.course import Course, DemoConsole
    from streams.embedded.supervisor import Supervisor, clear_leftovers

    later = {"monitor": asyncio.Event(), "jobs": asyncio.Event()}
    console = DemoConsole(plan.settings.language)
    clear_leftovers(plan.settings.data, console)
    for note in plan.notes:
        console.line(note)
    supervisor = Supervisor(plan, console, later=later)
    course = Course(
        plan.settings,
        config,
        shops,
        asked.seed,
        *doors,
        supervisor,
        console,
        later,
        plan.collector_url,
        plan.page_url,
        asked.begun,
    )
    course.say("hello", seed=asked.seed)
    course.say("page", url=plan.page_url)
    running = asyncio.create_task(supervisor.run())
    playing = asyncio.create_task(course.run())
    asides = {asyncio.create_task(_open_page(supervisor, plan.page_url))} if asked.opens_browser else set()
    ends: set[asyncio.Task[Any]] = {running, playing}
    if asked.until_resolved:
        ends.add(asyncio.create_task(console.resolved.wait()))
    await asyncio.wait(ends, timeout=asked.duration_s or None, return_when=asyncio.FIRST_COMPLETED)
    if asked.until_resolved and console.resolved.is_set():
        await asyncio.sleep(1.0)  # the course still says how long it took
    for task in (playing, *asides, *(ends - {running, playing})):
        task.cancel()
    if not running.done():
        supervisor.ask_to_stop()
    ended = await asyncio.gather(playing, return_exceptions=True)
    await running
    course.outcome.alerts = console.fired_count
    if isinstance(ended[0], BaseException) and not isinstance(ended[0], asyncio.CancelledError):
        raise ended[0]
    return course


async def _open_page(supervisor: object, url: str) -> None:
    await supervisor.wait_ready("page")  # type: ignore[attr-defined]
    with contextlib.suppress(webbrowser.Error):
        await asyncio.to_thread(webbrowser.open, url)


def register(app: typer.Typer) -> None:
    """Add ``demo``."""
    app.command()(demo)
