"""How views that take parameters are asked."""

#: views that are asked for a span
SUMS = {
    "score_sums": "score_sums(first = 0, last = 86400, point_s = 60)",
    "count_sums": "count_sums(first = 0, last = 86400)",
    "visits": "visits(first = 0, last = 86400000, zone = 'UTC')",
    "order_journeys": "order_journeys(first = 0, last = 86400000, zone = 'UTC')",
}
