"""The live page and the read API (role ``page``): server-rendered HTML and JSON over the same queries of ClickHouse.

Lives here: ``frame/`` (HTTP, access, languages, rendering, routes), one folder a subject, and ``subjects.py``, the registry
that lists them. A subject has ``queries``, ``answers``, ``pages``, ``words`` and ``templates/``, as far as it needs them; a new
page is one folder and one line of the registry. Does not live here: what is a breach (``scoring``), how rows came to be
(``streams/landing``), names of stages and checks (``scoring/wording/catalogue.py``).
"""

from streams.web.frame.server import make_app, run

__all__ = ["make_app", "run"]
