"""Tests of what a person reads in a terminal."""
