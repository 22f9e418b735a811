"""The registry of dimensions, in the order of the radar's axes: a new one is its folder, a line here and its weights."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.evaluation.dimensions.logistics.indicators import DIMENSION as LOGISTICS
from scoring.evaluation.dimensions.page_experience.indicators import DIMENSION as PAGE_EXPERIENCE
from scoring.evaluation.dimensions.price.indicators import DIMENSION as PRICE
from scoring.evaluation.dimensions.returns.indicators import DIMENSION as RETURNS
from scoring.evaluation.dimensions.service.indicators import DIMENSION as SERVICE
from scoring.evaluation.dimensions.traffic_quality.indicators import DIMENSION as TRAFFIC_QUALITY
from scoring.evaluation.indicator import EvaluationDimension, Indicator

DIMENSIONS: tuple[EvaluationDimension, ...] = (
    TRAFFIC_QUALITY,
    PAGE_EXPERIENCE,
    PRICE,
    LOGISTICS,
    SERVICE,
    RETURNS,
)
INDICATOR_BY_ID: Mapping[str, Indicator] = {
    indicator.id: indicator for dimension in DIMENSIONS for indicator in dimension.indicators
}
