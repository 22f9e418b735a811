"""Jobs: what runs nightly or hourly over ClickHouse, next to the stream.

Lives here: fitting and publishing baselines, reconciling counts with the raw events, summing up
whole hours. Does not live here: how they are fitted (``scoring/baselines``).
"""
