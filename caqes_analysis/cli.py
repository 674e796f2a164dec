"""The ``caqes`` command: thin, in French; exit 0 done, 1 something failed and is listed, 2 the inputs are wrong."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from caqes_analysis.command_line.failures import log_in
from caqes_analysis.command_line.help import HELP_OPTIONS, FrenchCommand, FrenchGroup
from caqes_analysis.command_line.options import check_profile, finess_of
from caqes_analysis.command_line.text import ERR, OUT, as_is, typeset
from caqes_analysis.errors import CaqesError

if TYPE_CHECKING:
    from caqes_analysis.campaign import Campaign
    from caqes_analysis.progress import Tell
    from caqes_analysis.store import Store

__all__ = ["app", "backtest", "build", "check", "compare", "export", "guide", "lab", "main", "simulate"]

_SIGNALLED = 128

app = typer.Typer(
    name="caqes",
    cls=FrenchGroup,
    help="Rapports CAQES : lire les données reçues, calculer, exécuter les carnets, composer le site.",
    context_settings={"help_option_names": HELP_OPTIONS},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

CampaignFile = Annotated[
    Path,
    typer.Argument(metavar="CAMPAGNE", help="Fichier de campagne, par exemple parameters/demonstration-2024.yml."),
]
BuildFolder = Annotated[
    Path | None,
    typer.Option("--output", metavar="DOSSIER", help="Dossier de sortie ; par défaut reports/<campagne>."),
]


@app.command(cls=FrenchCommand)
def check(campaign: CampaignFile) -> None:
    """Lit les paramètres et les fichiers reçus, et donne tous les problèmes à la fois."""
    from caqes_analysis.command_line.checking import check_campaign

    check_campaign(campaign)


@app.command(cls=FrenchCommand)
def build(
    campaign: CampaignFile,
    output: BuildFolder = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, metavar="N", help="Carnets exécutés en même temps ; sinon selon la machine."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="FINESS…",
            help="N'exécute que ces fiches (plusieurs FINESS à la suite) ; la région reste entière.",
        ),
    ] = None,
    profile: Annotated[
        str,
        typer.Option(
            "--profile",
            metavar="PROFIL",
            help="restricted (par défaut) : tout, pour l'ARS, l'Assurance Maladie et l'établissement ; "
            "public : refusé tant que le secret statistique n'est pas appliqué.",
        ),
    ] = "restricted",
    force: Annotated[
        bool,
        typer.Option("--force", help="Exécute tous les carnets, même ceux dont rien n'a changé."),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADRESSE",
            help="Exécute les carnets sur un cluster Dask (adresse de son ordonnanceur) ; sinon sur cette machine.",
        ),
    ] = None,
    compare_with: Annotated[
        Path | None,
        typer.Option(
            "--compare-with",
            metavar="EXÉCUTION",
            help="Ajoute la page « Ce qui a changé » depuis cette exécution (reports/<campagne>/runs/<exécution>).",
        ),
    ] = None,
    stop_on_unexplained: Annotated[
        bool,
        typer.Option(
            "--stop-on-unexplained",
            help="S'arrête, sans toucher au site, si des chiffres ont changé depuis cette exécution (ou la dernière "
            "réussie) sans que les données ni les paramètres n'aient changé.",
        ),
    ] = False,
) -> None:
    """Construit le rapport : lire, calculer, exécuter les carnets, composer le site.

    Les carnets en échec sont listés ; le reste du rapport est construit quand même.
    """
    from caqes_analysis.campaign import load_campaign
    from caqes_analysis.command_line.reports import (
        print_built,
        print_failures,
        print_page_problems,
        print_site,
        print_undeclared,
        print_unforked,
        print_warnings,
    )
    from caqes_analysis.unchanged import unchanged_site

    check_profile(profile)
    loaded = load_campaign(campaign)
    directory = output.resolve() if output else loaded.build_directory
    site = None if force else unchanged_site(loaded, directory, only=finess_of(only), compare_with=compare_with)
    if site is not None:
        OUT.print("Rien n'a changé depuis la dernière construction : le rapport est repris tel quel.")
        print_site(site)
        return

    from caqes_analysis.build import build as build_report  # with pandas and Sphinx, of no use when nothing changed
    from caqes_analysis.command_line.checking import parameter_warnings
    from caqes_analysis.command_line.gathered import failed_rows
    from caqes_analysis.progress import shown_progress

    begun = time.monotonic()
    with log_in(directory), shown_progress(ERR) as progress:
        report = build_report(
            campaign,
            output=output,
            workers=jobs,
            only=finess_of(only),
            force=force,
            scheduler=scheduler,
            compare_with=compare_with,
            stop_on_unexplained=stop_on_unexplained,
            progress=progress,
        )
    print_built(report.notebooks, elapsed_s=time.monotonic() - begun)
    print_failures(failed_rows(report.notebooks, report.index.parent.parent, campaign, output))
    print_undeclared(report.notebooks)
    print_unforked(report.notebooks)
    print_page_problems(report.page_problems)
    print_warnings(parameter_warnings(loaded))
    print_site(report.index, report.manifest)
    if not report.succeeded:
        raise typer.Exit(1)


@app.command(cls=FrenchCommand)
def guide(campaign: CampaignFile, output: BuildFolder = None) -> None:
    """Construit le guide des indicateurs seul : une page par définition, le glossaire et le calendrier.

    Il ne lit que les paramètres de la campagne, aucune donnée reçue : il peut être publié tel quel.
    """
    from caqes_analysis.command_line.reports import print_page_problems
    from caqes_analysis.guide import build_guide

    with ERR.status("Composition du guide…"):
        index, problems = build_guide(campaign, output=output)
    print_page_problems(problems)
    OUT.print("Guide, à ouvrir dans un navigateur :")
    as_is(OUT, index)
    if problems:
        raise typer.Exit(1)


@app.command(cls=FrenchCommand)
def backtest(campaign: CampaignFile, output: BuildFolder = None) -> None:
    """Dit ce que valaient les prévisions de la région : ses années passées, prévues de nouveau.

    Le même tableau est dans la page « Prévisions » du rapport ; les fichiers CSV vont dans le dossier backtest.
    """
    from caqes_analysis import tables
    from caqes_analysis.campaign import load_campaign
    from caqes_analysis.command_line.files import write_tables
    from caqes_analysis.command_line.track_record import print_record, record_of

    with _with_forecasts(load_campaign(campaign), output) as (store, directory, _):
        trials, chances = store.read(tables.FORECAST_TRIALS), store.read(tables.FORECAST_CHANCES)
    if trials.empty:
        raise CaqesError.of(
            "REJEU_IMPOSSIBLE",
            "aucune année passée ne peut être prévue de nouveau.",
            "Il y faut des dépenses mensuelles et trois années complètes avant celle de la campagne.",
            file=str(campaign),
        )
    parts = record_of(trials, chances)
    print_record(parts)
    for path in write_tables(directory / "backtest", {**parts, "previsions-rejouees": trials}):
        as_is(OUT, path)


@app.command(cls=FrenchCommand)
def compare(
    run_a: Annotated[
        Path,
        typer.Argument(
            metavar="EXÉCUTION_A",
            help="Dossier d'une exécution (reports/<campagne>/runs/<exécution>), ou d'une construction : sa dernière.",
        ),
    ],
    run_b: Annotated[Path, typer.Argument(metavar="EXÉCUTION_B", help="L'autre, comparée à la première.")],
    tolerance_eur: Annotated[
        float,
        typer.Option("--tolerance-eur", min=0, metavar="X", help="Écart d'un montant tenu pour nul ; par défaut 0."),
    ] = 0,
    tolerance_relative: Annotated[
        float,
        typer.Option(
            "--tolerance-relative", min=0, metavar="X", help="Écart relatif d'un taux tenu pour nul ; par défaut 1e-9."
        ),
    ] = 1e-9,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="DOSSIER", help="Écrit aussi tous les écarts en CSV.")
    ] = None,
) -> None:
    """Dit quels chiffres ont changé entre deux exécutions, de combien, et ce qui peut en être la cause.

    Sort avec le code 1 quand des chiffres ont changé sans que les données ni les paramètres n'aient changé.
    """
    from caqes_analysis.batch.changes import Tolerance
    from caqes_analysis.batch.compare import compare_runs, find_run
    from caqes_analysis.command_line.comparison import print_comparison, write_comparison

    with ERR.status("Comparaison…"):
        comparison = compare_runs(find_run(run_a), find_run(run_b), Tolerance(tolerance_eur, tolerance_relative))
    print_comparison(comparison)
    for path in write_comparison(comparison, output) if output else ():
        as_is(OUT, path)
    if len(comparison.unexplained):
        raise typer.Exit(1)


@app.command(cls=FrenchCommand)
def export(
    campaign: CampaignFile,
    output: BuildFolder = None,
    formulaire: Annotated[
        int | None,
        typer.Option(
            "--formulaire",
            min=2000,
            max=2100,
            metavar="ANNÉE",
            help="Écrit seulement le formulaire des indicateurs déclarés de cette année, à envoyer aux établissements.",
        ),
    ] = None,
) -> None:
    """Écrit les données du rapport : CSV décrits, classeur d'annexes, classeur de leviers par établissement (XLSX).

    Ils vont dans le dossier export, remplacé en entier. Le secret statistique n'y est pas appliqué : ils sont réservés
    à l'ARS, à l'Assurance Maladie et aux établissements.
    """
    from caqes_analysis.campaign import load_campaign
    from caqes_analysis.chapters.page import Page
    from caqes_analysis.export import CIRCULATION, export_campaign, export_form

    loaded = load_campaign(campaign)
    if formulaire is not None:
        with _with_store(loaded, output) as (store, directory, _):
            as_is(OUT, export_form(loaded, store, directory, year=formulaire))
        return
    with _with_forecasts(loaded, output) as (store, directory, progress):
        written = export_campaign(Page(loaded, store), directory, progress=progress)
    OUT.print(typeset(Text(CIRCULATION, "yellow")))
    for path in written:
        as_is(OUT, path)


@app.command(cls=FrenchCommand)
def simulate(
    directory: Annotated[
        Path, typer.Argument(metavar="DOSSIER", help="Dossier qui reçoit les fichiers, nouveau ou vide.")
    ],
    establishments: Annotated[
        int,
        typer.Option(
            "--establishments",
            min=3,
            max=3000,
            metavar="N",
            help="Nombre d'établissements (3 à 3000) ; par défaut 40.",
        ),
    ] = 40,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, metavar="S", help="Graine du tirage : la même donne les mêmes fichiers ; par défaut 2024."
        ),
    ] = 2024,
) -> None:
    """Écrit les fichiers d'une région simulée, dans les formats réels."""
    from caqes_analysis.simulation import simulate_region

    if directory.exists() and not directory.is_dir():
        raise CaqesError.of(
            "DOSSIER_ATTENDU", "c'est un fichier, pas un dossier.", "Choisir un autre nom.", file=str(directory)
        )
    if directory.exists() and any(directory.iterdir()):
        raise CaqesError.of(
            "DOSSIER_OCCUPE",
            "ce dossier contient déjà des fichiers.",
            "Choisir un dossier vide ou nouveau : rien n'est jamais remplacé ici.",
            file=str(directory),
        )
    with ERR.status("Simulation…"):
        written = list(simulate_region(directory, establishments_nb=establishments, seed=seed))
    for path in written:
        as_is(OUT, path)


@app.command(cls=FrenchCommand)
def lab(
    campaign: CampaignFile,
    page: Annotated[
        str | None,
        typer.Option(
            "--page",
            metavar="PAGE",
            help="FINESS d'une fiche ou nom d'un chapitre (phmev, synthese…) : ouvre une copie de son carnet, "
            "tel que la dernière construction l'a exécuté.",
        ),
    ] = None,
    output: BuildFolder = None,
) -> None:
    """Ouvre JupyterLab sur les carnets, cette campagne par défaut."""
    from caqes_analysis.campaign import CAMPAIGN_VARIABLE, REPOSITORY, load_campaign
    from caqes_analysis.reopen import reopen_page

    loaded = load_campaign(campaign)
    opened = REPOSITORY / "notebooks"
    if page is not None:
        opened = reopen_page(page, output.resolve() if output else loaded.build_directory)
        OUT.print("Copie ouverte (une copie déjà là est gardée ; la supprimer pour repartir de la construction) :")
        as_is(OUT, opened)
    environment = {**os.environ, CAMPAIGN_VARIABLE: str(loaded.file)}
    process = subprocess.Popen([sys.executable, "-m", "jupyterlab", str(opened)], env=environment)
    raise typer.Exit(_wait(process))


def main() -> None:
    """Run the command line; every error is printed in French, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    app()


@contextlib.contextmanager
def _with_forecasts(campaign: Campaign, output: Path | None) -> Iterator[tuple[Store, Path, Tell]]:
    """Give the store of a campaign with its forecasts, its folder and the progress, while nobody else builds there."""
    from caqes_analysis.forecast.campaign import prepare_forecasts

    with _with_store(campaign, output) as (store, directory, progress):
        prepare_forecasts(store, campaign, progress=partial(progress, "Prévisions"))
        yield store, directory, progress


@contextlib.contextmanager
def _with_store(campaign: Campaign, output: Path | None) -> Iterator[tuple[Store, Path, Tell]]:
    """Give the store of a campaign, its folder and the progress, while nobody else builds there."""
    from caqes_analysis.build_lock import alone
    from caqes_analysis.progress import shown_progress
    from caqes_analysis.receive import open_store

    directory = output.resolve() if output else campaign.build_directory
    with alone(directory, file=campaign.file.name), shown_progress(ERR) as progress:
        progress("Lecture des fichiers reçus", 0, 1)
        store = open_store(campaign, directory)
        progress("Lecture des fichiers reçus", 1, 1)
        yield store, directory, progress


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for JupyterLab, which asks by itself after Ctrl-C whether to stop, and shuts its kernels down."""
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            code = process.wait()
            return _SIGNALLED - code if code < 0 else code  # ended by a signal: the exit code that shells have
