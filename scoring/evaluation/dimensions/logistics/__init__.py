"""The dimension logistics (物流时效): Does it arrive when it was promised? Its indicators, with their words and definitions, are in ``indicators.py``."""
