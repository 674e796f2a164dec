"""What can go wrong before the package is installed."""

from caqes_analysis.errors import CaqesError

__all__ = ["SetupError"]


class SetupError(CaqesError):
    """The environment could not be prepared."""

    exit_code = 1
