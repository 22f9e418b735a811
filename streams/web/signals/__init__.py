"""A store's signals: declined payments by code, what is out of stock, trouble with listings, on the line of the step where they are felt.

Lives here: reading the view ``signals`` over some hours, the part of the store's page, the same by API. Does not live here: what a signal
is and where it is felt (``scoring/records``).
"""
