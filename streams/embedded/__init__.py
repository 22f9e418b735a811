"""The parts that run on this machine when no cluster is given: the broker, the store and the supervisor of all processes.

Lives here: starting, watching and stopping them. Does not live here: what goes through them.
"""
