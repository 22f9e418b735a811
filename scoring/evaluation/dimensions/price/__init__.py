"""The dimension price (价格竞争力): Is the price to the buyer attractive? Its indicators, with their words and definitions, are in ``indicators.py``."""
