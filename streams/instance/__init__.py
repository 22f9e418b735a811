"""The data folder of a running instance: its files, its state, how a command finds it.

Lives here: what is kept next to broker and store. Does not live here: starting and stopping (``streams/embedded``).
"""
