"""One store: funnel, lines, segments, raw events, what carried a change, cohorts."""
