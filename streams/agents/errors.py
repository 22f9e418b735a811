"""The errors of asking for an agent."""

from __future__ import annotations

from streams.errors import InputError, UnreachableError


class PageUnreachableError(UnreachableError):
    """Raised where the page, whose API is asked, does not answer. The agent is answered that nothing is known, and why."""


class BadQuestionError(InputError):
    """Raised where a question makes no sense: the API answered with 400. The agent gets its sentence."""


class NotThereError(InputError):
    """Raised where what is asked about does not exist, or has nothing yet: the API answered with 404."""


class NotAllowedError(InputError):
    """Raised where the API does not accept the page's token."""
