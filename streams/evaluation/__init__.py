"""Evaluating: from files that people have, or from the tables, to the evaluation of a store, and to a page of it.

Lives here: reading a folder of exports, or what the tables have of a store, into figures, writing an evaluation as HTML and as plain data. Does not live here: what a score
is and what is said of it (``scoring/evaluation``), reading the files (``streams/sources/files/exports``).
"""
