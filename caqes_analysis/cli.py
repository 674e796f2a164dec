"""The ``caqes`` command: thin, in French; exit 0 done, 1 something failed and is listed, 2 the inputs are wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from caqes_analysis.errors import CaqesError

__all__ = ["app", "main"]

app = typer.Typer(
    name="caqes",
    help="Rapports CAQES : lire les données reçues, calculer, exécuter les carnets, composer le site.",
    no_args_is_help=True,
    add_completion=False,
)
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)

CampaignFile = Annotated[
    Path, typer.Argument(help="Fichier de campagne, par exemple parameters/demonstration-2024.yml.")
]


@app.command()
def check(campaign: CampaignFile) -> None:
    """Lit les paramètres et les fichiers reçus, et donne tous les problèmes à la fois."""
    from caqes_analysis.campaign import load_campaign
    from caqes_analysis.receive import prepare_simulation, receive

    loaded = load_campaign(campaign)
    prepare_simulation(loaded)
    with tempfile.TemporaryDirectory(prefix="caqes-") as folder:
        findings = receive(loaded, Path(folder) / "store")
    if len(findings):
        table = Table("Gravité", "Constat", "Lieu", "Nombre", "Exemple", "Que faire", title="Constats des lecteurs")
        for finding in findings:
            words = (finding.severity, finding.code, f"{finding.delivery}, {finding.place}", str(finding.count))
            table.add_row(*map(escape, (*words, finding.example, finding.remedy)))
        _out.print(table)
    _out.print(f"[green]La campagne {escape(loaded.id)} est prête[/] : aucun problème, {len(findings)} constat(s).")


@app.command()
def build(
    campaign: CampaignFile,
    output: Annotated[Path | None, typer.Option(help="Dossier de sortie (par défaut reports/<campagne>).")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Carnets exécutés en même temps.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="FINESS d'une fiche à exécuter (à répéter) ; la région reste entière."),
    ] = None,
) -> None:
    """Construit le rapport : lire, calculer, exécuter les carnets, composer le site."""
    from caqes_analysis.build import build as build_report
    from caqes_analysis.progress import shown_progress

    with shown_progress(_err) as progress:
        report = build_report(campaign, output=output, workers=jobs, only=only or (), progress=progress)
    done = int((report.notebooks["status"] == "done").sum())
    failed = report.notebooks[report.notebooks["status"] == "failed"]
    table = Table("Carnets", "Nombre", title="Construction")
    table.add_row("faits", str(done))
    table.add_row("échoués", str(len(failed)), style="bold red" if len(failed) else None)
    _out.print(table)
    for row in failed.to_dict("records"):
        cell = "" if str(row["cell"]) == "<NA>" else f", cellule {row['cell']}"
        _err.print(
            f"[red]échec[/] {escape(str(row['job']))} « {escape(str(row['title']))} »{cell} : {escape(row['error'])}"
        )
    for problem in report.page_problems:
        _err.print(f"[red]page[/] {escape(str(problem))}")
    _out.print(f"Rapport : {escape(str(report.index))}", soft_wrap=True)
    if not report.succeeded:
        raise typer.Exit(1)


@app.command()
def simulate(
    directory: Annotated[Path, typer.Argument(help="Dossier qui reçoit les fichiers ; il ne doit pas exister.")],
    establishments: Annotated[int, typer.Option(min=3, max=3000, help="Nombre d'établissements.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Graine du tirage : la même donne les mêmes fichiers.")] = 2024,
) -> None:
    """Écrit les fichiers d'une région simulée, dans les formats réels."""
    from caqes_analysis.simulation import simulate_region

    if directory.exists() and any(directory.iterdir()):
        raise CaqesError.of(
            "DOSSIER_OCCUPE",
            "ce dossier contient déjà des fichiers.",
            "Choisir un dossier vide ou nouveau : rien n'est jamais remplacé ici.",
            file=str(directory),
        )
    for path in simulate_region(directory, establishments_nb=establishments, seed=seed):
        _out.print(escape(str(path)), soft_wrap=True)


@app.command()
def lab(campaign: CampaignFile) -> None:
    """Ouvre JupyterLab sur les carnets, cette campagne par défaut."""
    from caqes_analysis.campaign import REPOSITORY, load_campaign
    from caqes_analysis.chapters.page import CAMPAIGN_VARIABLE

    loaded = load_campaign(campaign)
    environment = {**os.environ, CAMPAIGN_VARIABLE: str(loaded.file)}
    command = [sys.executable, "-m", "jupyterlab", str(REPOSITORY / "notebooks")]
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)


def main() -> None:
    """Run the command line; errors of the package are printed as a list, in French, without a traceback."""
    sys.exit(_guarded(app))


def _guarded(run: Callable[[], object]) -> int:
    try:
        run()
    except CaqesError as failure:
        for problem in failure.problems:
            _err.print(f"[bold red]problème[/] {escape(str(problem))}", soft_wrap=True)
        _err.print(f"{len(failure.problems)} problème(s) ; rien n'a été écrit.")
        return failure.exit_code
    return 0
