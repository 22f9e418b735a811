"""GA4: its Measurement Protocol, sent here as well. Files of GA4 are read by ``streams/sources/files``."""
