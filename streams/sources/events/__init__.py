"""Events that a shop's own servers send.

Lives here: the door ``/v1/events``. Does not live here: what an event is (``scoring/events``).
"""
