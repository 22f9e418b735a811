"""The collector: HTTP in, canonical events out. Pixel beacons, server events, bulk uploads, the spool, the pixel script.

What an event is and why one is rejected is decided in ``scoring/events/parsing.py``; files are read by ``streams/sources/files``.
"""
