"""``funnelwatch demo``: eight simulated shops, a learned past, one incident, on the embedded parts."""

from __future__ import annotations

import asyncio
import contextlib
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.cli.starting import checked_config, checked_settings, fail


def register(app: typer.Typer) -> None:
    """Add ``demo``."""
    app.command()(demo)


def demo(
    data: Annotated[Path, typer.Option(help="The demo's folder; emptied first.")] = Path("demo-data"),
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the past of an earlier demo.")] = False,
    language: Annotated[str, typer.Option(help="en or zh; also the page's.")] = "",
    seed: Annotated[int, typer.Option(help="Another seed is another four weeks.")] = 7,
    duration: Annotated[float, typer.Option(help="Stop after so many seconds; 0: run until Ctrl-C.")] = 0.0,
    until_resolved: Annotated[
        bool, typer.Option("--until-resolved", help="Stop when the incident's alert has resolved.")
    ] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the live page.")] = False,
    started_at: Annotated[
        float, typer.Option(hidden=True, help="When `make demo` began, Unix seconds.")
    ] = 0.0,
) -> None:
    """Watch eight simulated shops live: what is normal is learned, something breaks, an alert fires and resolves.

    Everything is real but the shoppers: Apache Kafka, the ClickHouse engine, every role a process of its own. Nothing has
    to be installed and nothing leaves this machine. Ctrl-C stops it all.
    """
    from streams import logs
    from streams.cli.fetch_broker import fetch_with_progress
    from streams.clock import monotonic, now, now_ms
    from streams.demo.course import Course, DemoConsole
    from streams.demo.sender import EventsRejectedError
    from streams.demo.setting_up import ForeignFolderError, make_folder
    from streams.demo.shops import demo_shops
    from streams.demo.words import WORDS
    from streams.embedded.jars import JarsUnavailableError
    from streams.embedded.plan import make_plan
    from streams.embedded.supervisor import Supervisor, clear_leftovers
    from streams.instance.lock import AlreadyRunningError, instance_lock
    from streams.roles import ROLES

    begun = monotonic() - (max(now_ms() / 1000 - started_at, 0.0) if started_at else 0.0)
    folder = data.expanduser().resolve()
    overrides: dict[str, object] = {"data": folder, "monitor_grace_s": 5.0, "monitor_tick_s": 2.0}
    if language:
        overrides["language"] = language
    settings = checked_settings(**overrides)
    shops = demo_shops(now())
    words = WORDS[settings.language]

    async def play() -> Course:
        later = {"monitor": asyncio.Event(), "jobs": asyncio.Event()}
        console = DemoConsole(settings.language)
        clear_leftovers(folder, console)
        for note in plan.notes:
            console.line(note)
        supervisor = Supervisor(plan, console, later=later)
        course = Course(
            plan.settings,
            config,
            shops,
            seed,
            keys,
            pixel_keys,
            supervisor,
            console,
            later,
            plan.collector_url,
            plan.page_url,
            begun,
        )
        course.say("hello", seed=seed)
        course.say("page", url=plan.page_url)
        running = asyncio.create_task(supervisor.run())
        playing = asyncio.create_task(course.run())
        asides = {asyncio.create_task(_open_page(supervisor, plan.page_url))} if browser else set()
        ends: set[asyncio.Task[Any]] = {running, playing}
        if until_resolved:
            ends.add(asyncio.create_task(console.resolved.wait()))
        await asyncio.wait(ends, timeout=duration or None, return_when=asyncio.FIRST_COMPLETED)
        if until_resolved and console.resolved.is_set():
            await asyncio.sleep(1.0)  # the course still says how long it took
        for task in (playing, *asides, *(ends - {running, playing})):
            task.cancel()
        if not running.done():
            supervisor.ask_to_stop()
        told = await asyncio.gather(playing, return_exceptions=True)
        await running
        course.outcome.alerts = console.fired_count
        if isinstance(told[0], BaseException) and not isinstance(told[0], asyncio.CancelledError):
            raise told[0]
        return course

    try:
        fetch_with_progress(settings)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with instance_lock(folder), contextlib.ExitStack() as stack:
            keys, pixel_keys = make_folder(folder, shops, keep)
            (folder / "logs").mkdir(exist_ok=True)
            logs.configure(settings, stack.enter_context((folder / "logs" / "up.log").open("a")))
            path, config = checked_config(settings)
            plan = make_plan(settings, path, list(ROLES), with_parts=True)
            try:
                course = asyncio.run(play())
            except* EventsRejectedError as group:
                fail(words["trouble"].format(detail=group.exceptions[0]))
    except JarsUnavailableError as error:
        fail(str(error), 69)
    except AlreadyRunningError as error:
        fail(str(error), 73)
    except ForeignFolderError:
        fail(words["foreign"].format(data=folder), 73)
    if until_resolved and course.outcome.resolved_after_s is None:
        raise typer.Exit(1)


async def _open_page(supervisor: object, url: str) -> None:
    await supervisor.wait_ready("page")  # type: ignore[attr-defined]
    with contextlib.suppress(webbrowser.Error):
        await asyncio.to_thread(webbrowser.open, url)
