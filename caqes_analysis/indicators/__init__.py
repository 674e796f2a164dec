"""Indicators: rates of evolution, structure of spending, contributions."""
