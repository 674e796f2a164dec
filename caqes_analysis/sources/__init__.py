"""Readers: one module per format received. They return rows and findings and never repair silently."""
