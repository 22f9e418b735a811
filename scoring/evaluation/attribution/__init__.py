"""Which channels and campaigns a store's orders came by, what that cost, and what the platforms claim of it.

Lives here: journeys, the models that share orders out, intervals, spend and claims of ads reports, what is withheld and why. Does not live
here: reading the tables or the files (``streams/evaluation``). A share of an order claims no cause: it says by which way it came.
"""
