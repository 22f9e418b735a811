"""Replay: a file of a shop's own history (CSV, gzip, Parquet) through the collector's own path into Kafka.

Lives here: the mapping format, the reading of files, the making of events with ids that are the same on every replay,
pacing and the report. Does not live here: what makes an event acceptable (``streams/collector``).
"""
