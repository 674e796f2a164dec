"""From a bare Python to a report: finds a Python, makes the environment, runs the actions of the clone.

Everything here runs before anything is installed: only the standard library is imported, and nothing that Python 3.8
would refuse is evaluated (annotations are not), so that an old Python can still say which one it needs.
"""

from caqes_analysis.bootstrap.actions import main

__all__ = ["main"]
