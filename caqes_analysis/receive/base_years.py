"""The year of a yearly base: what the campaign says, what the name of the file says, and that of the CSV inside."""

from __future__ import annotations

from caqes_analysis.campaign_sources import AnnualSource
from caqes_analysis.sources import Finding, Findings
from caqes_analysis.sources.files import name_inside, year_in_name

__all__ = ["year_of_base"]


def year_of_base(source: AnnualSource) -> tuple[int | None, Findings]:
    """Return the year of a base, and what contradicts it: no column of the base says its year.

    Parameters
    ----------
    source
        The base, CSV or ZIP, as the campaign names it; the file is there.

    Returns
    -------
    tuple
        The year that the campaign gives, else that of the name of the file, else that of the CSV in the archive (None
        when none has one); ``ANNEE_CONTREDITE`` for each name that says another.
    """
    names = {"le nom du fichier": source.path.name, "le CSV de l'archive": name_inside(source.path)}
    said = {where: (name, year_in_name(name)) for where, name in names.items() if name}
    years = [source.year, *(year for _, year in said.values())]
    year = next((one for one in years if one is not None), None)
    return year, Findings(
        Finding(
            source.delivery_name,
            "ANNEE_CONTREDITE",
            f"Open PHMEV, {year}",
            "warning",
            1,
            f"{where} : {name}",
            f"Lu comme l'année {year}, et ce nom dit {other}. Aucune colonne de la base ne dit son année : vérifier "
            "lequel des deux est vrai, et corriger year dans la campagne, ou reprendre le bon fichier.",
        )
        for where, (name, other) in said.items()
        if other is not None and other != year
    )
