"""Rejected records."""
