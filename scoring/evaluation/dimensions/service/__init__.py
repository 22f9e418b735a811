"""The dimension service (客服响应): When a buyer asks, does somebody answer in time? Its indicators, with their words and definitions, are in ``indicators.py``."""
