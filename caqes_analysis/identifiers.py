"""How what the data name is written: patterns that parameters, tables and messages share."""

__all__ = ["FINESS_PATTERN"]

FINESS_PATTERN = r"^[0-9][0-9AB][0-9]{7}$"
"""FINESS of an establishment: nine characters, the department first (2A and 2B in Corsica)."""
