"""Faults: the product as separate processes under load, while parts are killed, frozen, cut off and added.

Lives here: the processes (``system``), what was sent and acknowledged (``ledger``), the load (``load``), the faults
(``chaos``), the connection that can be cut (``proxy``), the comparison afterwards (``checker``). ``python -m tests.faults
--kills 100`` runs it for long; ``test_faults.py`` is the short form.
"""
