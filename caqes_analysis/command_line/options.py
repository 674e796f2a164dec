"""Options that a command cannot take as they are written."""

from __future__ import annotations

from collections.abc import Sequence

from caqes_analysis.errors import CaqesError

__all__ = ["check_profile", "finess_of"]


def check_profile(profile: str) -> None:
    """Refuse a profile that does not exist, or that this version cannot build.

    Raises
    ------
    CaqesError
        ``PROFIL_PUBLIC`` or ``PROFIL_INCONNU``.
    """
    if profile == "public":
        raise CaqesError.of(
            "PROFIL_PUBLIC",
            "le profil public attend le secret statistique, que cette version n'applique pas encore.",
            "Construire le profil restricted, et ne pas le publier.",
            file="option --profile",
        )
    if profile != "restricted":
        raise CaqesError.of(
            "PROFIL_INCONNU",
            "ce profil n'existe pas.",
            "Écrire restricted ou public.",
            file="option --profile",
            value=profile,
        )


def finess_of(only: Sequence[str] | None) -> list[str]:
    """Return the FINESS of an option that may be repeated, each time with several.

    Examples
    --------
    >>> finess_of(["330781196,330781204", "750712184"])
    ['330781196', '330781204', '750712184']
    """
    return [finess for word in only or () for finess in word.replace(",", " ").split()]
