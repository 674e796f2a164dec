"""Why the operating system refused something, in French: its own words depend on the machine's language."""

from __future__ import annotations

import errno
from typing import Final

__all__ = ["system_reason"]

_REASONS: Final = {
    errno.ENOENT: "il n'existe pas",
    errno.EISDIR: "c'est un dossier",
    errno.ENOTDIR: "une partie de son chemin n'est pas un dossier",
    errno.EEXIST: "un fichier porte déjà ce nom",
    errno.EACCES: "le système en refuse l'accès",
    errno.EPERM: "le système en refuse l'accès",
    errno.EROFS: "ce disque est en lecture seule",
    errno.ENOSPC: "il n'y a plus de place sur le disque",
    errno.ENAMETOOLONG: "son nom est trop long",
    errno.EBUSY: "un autre programme l'occupe",
    errno.EMFILE: "trop de fichiers sont ouverts",
}


def system_reason(failure: OSError) -> str | None:
    """Return the reason of a refusal, or None when it is not a usual one.

    Examples
    --------
    >>> system_reason(FileNotFoundError(2, "No such file or directory"))
    "il n'existe pas"
    """
    return _REASONS.get(failure.errno or 0)
