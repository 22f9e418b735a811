"""The demo: eight simulated shops that send through the real collector, a learned past, and one planted incident.

Lives here: the shops, their traffic, the four weeks of history, the sender and the course of the demo.
Does not live here: anything of the product; the demo uses it as a customer would.
"""
