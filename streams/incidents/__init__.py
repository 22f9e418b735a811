"""What is known of incidents by everyone who speaks of them: notifier, page, digests and command line.

Lives here: the logs of alerts, of what people did and of what was sent; links; what a message says in addition to the alert; how one
reader writes numbers. Does not live here: deciding (``scoring/alerts``), sending (``streams/notifier``, ``streams/channels``).
"""
