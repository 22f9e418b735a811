"""Recomputes every score of an explained evaluation from its inputs, by the method's formulas alone: recompute.py < FILE."""

import json
import math
import sys


def interval(points, spread):
    ends = (points + way * 1.6448536269514722 * spread for way in (-1, 0, 1))
    low, value, high = (min(100.0, max(0.0, end)) for end in ends)
    return {"value": value, "low": low, "high": high, "spread": spread}


def figure_g(kind, f):
    if kind == "rate":
        hit, missed = f["k"] + 0.5, f["n"] - f["k"] + 0.5
        return math.log(hit / missed), 1 / hit + 1 / missed
    if kind == "count":
        return math.log((f["k"] + 0.5) / f["exposure"]), 1 / (f["k"] + 0.5)
    if kind in ("duration", "index"):
        mean = f["log_sum"] / f["n"]
        return mean, max((f["log_square_sum"] - f["n"] * mean * mean) / (f["n"] - 1), 0.01**2) / f["n"]
    a, b, n = f["worst"], f["best"], f["n"] + 1
    m = (f["sum"] + (a + b) / 2) / n
    return math.log((m - a) / (b - m)), ((f["square_sum"] + (a * a + b * b) / 2) / n - m * m) / n * ((b - a) / ((m - a) * (b - m))) ** 2  # fmt: skip


wrong = total = 0
explained = json.load(sys.stdin)
for against, scores in explained["scores"].items():
    made = {}
    for name, one in explained["indicators"].items():
        said, usual = one["against"][against]["score"], one["against"][against]["comparator"]
        if said:
            g, variance = figure_g(one["kind"], one["figure"])
            z = one["direction"] * (g - usual["mu"]) / usual["sigma"]
            made[name] = interval(50 + 15 * z, 15 * math.sqrt((variance + usual["mu_variance"]) / usual["sigma"] ** 2 + z * z * usual["sigma_variance"]))  # fmt: skip
            wrong, total = wrong + (made[name] != said), total + 1
    for name, one in scores.items():
        weights = explained["dimension_weights"] if name == "health" else explained["indicator_weights"]
        if one["score"]:
            parts, whole = one["parts"], sum(weights[part] for part in one["parts"])
            points, square = (math.fsum(values) for values in ([weights[p] * made[p]["value"] for p in parts], [(weights[p] * made[p]["spread"]) ** 2 for p in parts]))  # fmt: skip
            made[name] = interval(points / whole, math.sqrt(square) / whole)
            wrong, total = wrong + (made[name] != one["score"]), total + 1
sys.stdout.write(f"{total} scores recomputed, {wrong} differ\n")
sys.exit(bool(wrong))
