"""ClickHouse: clients, numbered migrations and the queries that the read API, jobs and commands share.

Lives here: how a client is made (``clients``), how the tables come to be (``migrations``), what can be read
(``reads``), what a failure means (``errors``).
Does not live here: landing (``streams/landing``), the embedded engine (``streams/embedded``), decisions (``scoring``).
"""
