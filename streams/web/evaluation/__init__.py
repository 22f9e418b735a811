"""The page Evaluation of a store, and the same by API.

Lives here: choosing period and comparator, the page, the rows behind a number. Does not live here: reading the tables into figures
(``streams/evaluation/stored.py``), what a score is and what is said of it (``scoring/evaluation``).
"""
