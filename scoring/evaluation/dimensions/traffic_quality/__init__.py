"""The dimension traffic quality (流量质量): Are those who come people who want to buy? Its indicators, with their words and definitions, are in ``indicators.py``."""
