"""The dimension returns (退换货): Are they content with what came, and how much comes back? Its indicators, with their words and definitions, are in ``indicators.py``."""
