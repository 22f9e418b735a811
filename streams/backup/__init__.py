"""Backups of an instance, and their restoring: of a data folder whole, or of the tables of a ClickHouse of one's own.

Lives here: the archive and its encryption, keys, what goes into a backup, where reading goes on after a restore. Does not live here:
what of a person is erased (``streams/privacy``), which destroys the keys.
"""
