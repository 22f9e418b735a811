"""Imports that people make: each run is kept under an id of its own, can be listed, and undone.

Reading files and sending what they hold is ``streams/sources/files``; taking events back from the tables is ``streams/clickhouse``. Used by
``funnelwatch import`` and by the page Import.
"""
