"""The year of a yearly base: what the campaign says, what the name of the file says, and that of the CSV inside."""

from __future__ import annotations

from caqes_analysis import french, tables
from caqes_analysis.campaign_sources import AnnualSource
from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources import Finding, Findings
from caqes_analysis.sources.files import name_inside, year_in_name
from caqes_analysis.store import Store

__all__ = ["refuse_bases_twice", "year_of_base"]


def refuse_bases_twice(store: Store) -> None:
    """Refuse bases that give the same year of the same establishment: its euros would count twice.

    Parameters
    ----------
    store
        Store in which every base has been written.

    Raises
    ------
    SourceError
        ``BASE_ANNUELLE_EN_DOUBLE``, a problem per year and set of files. A year cut into files of different
        establishments is one year.
    """
    if not store.has(tables.ANNUAL_DRUG_SPEND):
        return
    twice = store.query(
        """
        with bases as (select distinct year, finess, source from annual_drug_spend),
        shared as (
          select year, finess, list_sort(list(distinct coalesce(d.file, b.source))) as files
          from bases b left join deliveries d on d.delivery = b.source
          group by year, finess having count(distinct b.source) > 1
        )
        select year, files, count(*) as establishments_nb, min(finess) as finess
        from shared group by year, files order by year, files
        """
    )
    if len(twice):
        raise SourceError(
            Problem(
                "BASE_ANNUELLE_EN_DOUBLE",
                f"plusieurs fichiers Open PHMEV ({', '.join(row['files'])}) donnent l'année {row['year']} des mêmes "
                f"établissements ({french.number(row['establishments_nb'])}) : leurs euros compteraient deux fois.",
                "Ne nommer que le plus récent des deux, ou corriger year dans la campagne si l'un est d'une autre "
                "année.",
                column="sources.open_phmev",
                value=row["finess"],
                count=int(row["establishments_nb"]),
            )
            for row in twice.to_dict("records")
        )


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
