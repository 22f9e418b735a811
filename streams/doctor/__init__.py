"""``funnelwatch doctor``: looks at the machine, the settings and a running instance, and says what to do next.

Lives here: checks that only look. Does not live here: printing them (``streams/cli/doctor.py``).
"""
