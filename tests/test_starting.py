"""A role is soon back after a crash: it loads nothing that only others need."""

import subprocess
import sys

#: parts of scipy that take seconds to load; fits need them
SLOW = ("scipy.signal", "scipy.stats", "scipy.interpolate", "scipy.optimize", "matplotlib")
ROLES = "streams.sources.serving, streams.landing.role, streams.monitor.app, streams.notifier.role"


def test_roles_that_fit_nothing_do_not_load_what_fits_need() -> None:
    program = f"import sys, {ROLES}; print([name for name in {SLOW} if name in sys.modules])"
    reported = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert reported.stdout.strip() == "[]"
