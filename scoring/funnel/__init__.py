"""The funnel itself: its stages and steps, stores judged together, stage algebra, score rows, what a lost event is worth.

Lives here: values that every other folder speaks of. Does not live here: anything about one event, a clock or a person.
"""
