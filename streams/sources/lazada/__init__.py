"""Lazada: pushes signed over app and body, and the Open Platform API of six countries with one token."""
