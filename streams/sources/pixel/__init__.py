"""The page's pixel: its doors and its script.

Lives here: what a page may claim, beacons, the picture, ``static/funnel.js``. Does not live here: keys and limits (``streams/collector``).
"""
