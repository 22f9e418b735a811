"""The dimension page experience (页面体验): Does it open, is it clear, can one buy? Its indicators, with their words and definitions, are in ``indicators.py``."""
