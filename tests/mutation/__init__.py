"""Mutants of the pure core: whether the tests notice a changed sign, comparison or number. Not in CI; see ``make mutants``."""
