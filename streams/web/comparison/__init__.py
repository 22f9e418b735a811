"""Stores against their own expectations, by platform."""
