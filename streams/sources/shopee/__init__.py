"""Shopee: pushes signed over address and body, and the Open Platform API v2, signed."""
