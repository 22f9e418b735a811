"""The one way onto a terminal for the commands: whatever they print goes through here, and none of it is obeyed.

Text is in ``streams/printable.py``'s form; colours and tables are rich's own. A test holds that no command prints in any other way.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from streams.printable import printable, printable_json

if TYPE_CHECKING:
    from rich.console import Console


def say(text: str = "", *, err: bool = False) -> None:
    """Print ``text``, which may hold words from outside, in lines of our own."""
    typer.echo(printable(text, lines=True), err=err)


def say_json(text: str) -> None:
    """Print JSON: the same value for programs, without control characters as they are."""
    typer.echo(printable_json(text))


def marked(mark: str, colour: str) -> None:
    """Print ``mark`` in a colour, and stay in its line."""
    typer.secho(printable(mark), fg=colour, nl=False)


def answered(question: str, guess: str | None = None) -> str:
    """A person's answer."""
    answer: str = typer.prompt(printable(question, lines=True), default=guess)
    return answer


def answered_unseen(question: str) -> str:
    """A person's answer that does not appear on the terminal; empty if there is none."""
    answer: str = typer.prompt(
        printable(question, lines=True), default="", show_default=False, hide_input=True
    )
    return answer


def confirm(question: str) -> bool:
    """Whether a person says yes."""
    return typer.confirm(printable(question, lines=True))


def write_line(line: bytes, *, as_json: bool) -> None:
    """Write a line of a result to standard output: as it is for programs, printable on a terminal."""
    if sys.stdout.isatty():
        text = line.decode("utf-8", "replace")
        line = (printable_json(text) if as_json else printable(text, lines=True)).encode()
    sys.stdout.buffer.write(line)


def plain(text: str) -> str:
    """``text`` for a line of rich's markup: without control characters, and without the marks that rich would take for its own."""
    return printable(text).replace("[", "\\[")


def console(*, err: bool = False, wide: int | None = None, **options: Any) -> Console:
    """A console of rich whose text is printable, whatever is printed on it.

    Args:
        err: on standard error.
        wide: columns where it is not a terminal.
        options: of rich's ``Console``.
    """
    from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
    from rich.segment import Segment

    class Printable:
        """What another renderable gives, with its text made printable; rich's own controls stay."""

        def __init__(self, inner: ConsoleRenderable) -> None:
            self._inner = inner

        def __rich_console__(self, made: Console, with_options: ConsoleOptions) -> RenderResult:
            for segment in made.render(self._inner, with_options):
                if segment.control or segment.text.isprintable():
                    yield segment
                else:
                    yield Segment(printable(segment.text, lines=True), segment.style)

    class Hook(RenderHook):
        def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
            return [Printable(one) for one in renderables]

    stream = sys.stderr if err else sys.stdout
    width = wide if wide is not None and not stream.isatty() else None
    made = Console(stderr=err, width=width, **options)
    made.push_render_hook(Hook())
    return made
