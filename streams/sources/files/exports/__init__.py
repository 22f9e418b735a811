"""Exports: files as platforms write them (orders, shop reports, ads reports), read without a hand-written mapping.

Lives here: opening files of any kind, cells and their values, the known layouts (``layouts/*.yaml``), recognition, and what a
file holds: orders, report rows, questions that it cannot answer. Does not live here: replay by a mapping of one event per row
(``streams/sources/files``), sending (``streams/collector``).
"""
