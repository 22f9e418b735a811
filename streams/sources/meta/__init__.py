"""Meta: its Conversions API, sent here as well. Files of Meta are read by ``streams/sources/files``."""
