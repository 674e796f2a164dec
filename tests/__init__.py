"""Tests of caqes_analysis; the tree mirrors the package."""
