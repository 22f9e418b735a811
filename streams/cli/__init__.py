"""The command line: one file a command, assembled in ``main``.

Lives here: arguments, help and what is printed. Does not live here: the work itself.
"""
