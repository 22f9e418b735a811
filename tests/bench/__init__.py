"""Benchmarks: measured in one go against their peers, results kept under ``results``. Not tests: nothing here asserts a time."""
