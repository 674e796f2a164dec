"""More than one machine: the notebooks of a build handed to the workers of a Dask cluster.

Nothing here but the way in: the cluster is the region's, made with the tools of ``dask.distributed``. Its workers see
the folders of the build at the same place and have the same code and environment; that is checked before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from caqes_analysis.code_version import environment_hash, page_code_hash
from caqes_analysis.errors import BuildError, Problem

__all__ = ["cluster_executor", "state_of_worker"]

_CONNECTION_S = 20


@contextmanager
def cluster_executor(address: str, folder: Path) -> Iterator[Executor]:
    """Give the executor of a Dask cluster for as long as a build lasts.

    A worker that dies takes nothing with it: its notebooks run again on the others.

    Parameters
    ----------
    address
        Of the scheduler (``tcp://192.0.2.10:8786``).
    folder
        Folder of the build, which the workers must see.

    Raises
    ------
    BuildError
        ``DASK_ABSENT``, ``ORDONNANCEUR_INJOIGNABLE``, or ``ORDONNANCEUR_…`` for each worker that differs.
    """
    try:
        from distributed import Client
    except ImportError as failure:
        raise BuildError.of(
            "DASK_ABSENT",
            "l'option --scheduler demande la bibliothèque « distributed », qui n'est pas installée.",
            "L'installer (« pip install caqes_analysis[cluster] »), ou construire sur cette machine, sans --scheduler.",
        ) from failure
    try:
        client = Client(address, timeout=_CONNECTION_S, set_as_default=False)
    except (OSError, ValueError) as failure:
        raise BuildError.of(
            "ORDONNANCEUR_INJOIGNABLE",
            "l'ordonnanceur ne répond pas.",
            "Vérifier l'adresse et que « dask scheduler » tourne, ou construire sur cette machine, sans --scheduler.",
            value=address,
        ) from failure
    with client:
        _check_workers(client.run(state_of_worker, str(folder)), folder)
        with client.get_executor(pure=False) as executor:
            yield executor


def state_of_worker(folder: str) -> tuple[str, str, bool]:
    """Return what a worker must share with the others: its code and environment (hashes), the sight of a folder.

    Parameters
    ----------
    folder
        The folder.
    """
    return page_code_hash(), environment_hash(), Path(folder).is_dir()


def _check_workers(states: dict[str, tuple[str, str, bool]], folder: Path) -> None:
    code, environment, _ = state_of_worker(str(folder))
    problems = []
    if not states:
        problems.append(
            Problem("ORDONNANCEUR_SANS_OUVRIER", "le cluster n'a aucun ouvrier.", "Démarrer « dask worker ADRESSE ».")
        )
    for worker, (its_code, its_environment, sees_folder) in sorted(states.items()):
        if its_code != code:
            problems.append(
                Problem(
                    "ORDONNANCEUR_AUTRE_CODE",
                    "cet ouvrier n'a pas le même code que cette machine : ses chiffres pourraient différer.",
                    "Y mettre la même version de caqes_analysis, puis redémarrer l'ouvrier.",
                    value=worker,
                )
            )
        if its_environment != environment:
            problems.append(
                Problem(
                    "ORDONNANCEUR_AUTRE_ENVIRONNEMENT",
                    "cet ouvrier n'a pas les mêmes bibliothèques que cette machine : ses chiffres pourraient différer.",
                    "Y installer requirements.lock, avec la même version de Python.",
                    value=worker,
                )
            )
        if not sees_folder:
            problems.append(
                Problem(
                    "ORDONNANCEUR_SANS_DOSSIER",
                    f"cet ouvrier ne voit pas le dossier de la construction ({folder}).",
                    "Construire dans un dossier partagé, monté au même endroit sur toutes les machines.",
                    value=worker,
                )
            )
    if problems:
        raise BuildError(problems)
