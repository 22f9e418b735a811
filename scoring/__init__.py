"""The pure core: what an event is, how it is counted, what is expected, when an alert opens and what is said of it.

Lives here: values and functions of values; numpy, scipy, msgspec and the standard library.
Does not live here: input and output, clocks, logging, settings, Kafka, ClickHouse (those are in ``streams``).
"""
