"""The detector: from closed minutes to score rows and alert transitions.

Lives here: exposure, the wobble filter, the scan over windows, alerts' opening and closing, where a drop sits.
Does not live here: fitting what is expected (``scoring/baselines``), who is notified (``scoring/alerts``).
"""

from scoring.detection.detector import Detector, Judgement
from scoring.detection.policy import DetectionPolicy

__all__ = ["DetectionPolicy", "Detector", "Judgement"]
