"""Indicators, year-end forecasts and savings of the CAQES contracts of French hospitals."""

__version__ = "0.1.0"
