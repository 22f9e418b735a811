"""The errors of the shell: one tree with five branches, by what the caller does about it.

A class of its own for each situation hangs below one of these, in the file that raises it; errors of libraries are mapped where
they are caught, with ``raise … from``.
"""

from __future__ import annotations


class FunnelwatchError(Exception):
    """Root of the tree. The command line prints any of them as one line and ends with a non-zero status."""


class InputError(FunnelwatchError):
    """What a person or a sender gave cannot be used. Answered to them, with what was expected; never retried."""


class UnreachableError(FunnelwatchError):
    """A server we depend on does not answer, or asks us to wait. The caller waits and retries; nothing is lost."""


class RejectedError(FunnelwatchError):
    """The other side answered and will never accept this. The caller keeps it, reports it and does not retry at once."""


class FencedError(FunnelwatchError):
    """Another process has taken over. Whoever meets it stops leading and starts again from the log."""


class StateError(FunnelwatchError):
    """Something of ours is not as it must be: in use, missing, full or damaged. A person has to look; the text says where."""
