"""The commands as a person uses them: exit codes, messages, and no English."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from caqes_analysis import build as build_module
from caqes_analysis import cli
from caqes_analysis.build import BuildReport
from caqes_analysis.build_lock import alone
from caqes_analysis.campaign import CAMPAIGN_VARIABLE, REPOSITORY
from caqes_analysis.command_line import failures
from caqes_analysis.errors import BuildError, Problem
from caqes_analysis.sources.declared import read_declared
from caqes_analysis.sources.declared_form import FIRST_LINE, HEADER, VALUES_SHEET, load_declared_items
from caqes_analysis.sources.files import sha256_of
from tests.campaigns import MONTHLY, campaign_file
from tests.command_line.english import english_words
from tests.indicators.test_definition import GOOD
from tests.sources.atih_files import content, drug
from tests.test_planted_defects import CODE_LIST

COMMANDS = ("check", "build", "guide", "backtest", "compare", "export", "simulate", "lab")
DEMONSTRATION = "parameters/demonstration-2024.yml"
WIDTH = 80

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, repository: Path) -> Run:
    """Run a command in a window of 80 columns, in the clone."""
    monkeypatch.chdir(repository)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv(failures.DEBUG_VARIABLE, raising=False)
    # Whoever has just built the demonstration must find the same results: test_unchanged.py tests that shortcut.
    monkeypatch.setattr("caqes_analysis.unchanged.unchanged_site", lambda *_, **__: None)

    def go(*words: str | Path, columns: int = WIDTH) -> Result:
        return CliRunner().invoke(cli.app, [str(word) for word in words], env={"COLUMNS": str(columns)})

    return go


def sentence(text: str) -> str:
    """Return a text on one line, as if the window were endless."""
    return " ".join(text.replace("\u00a0", " ").split())


def notebooks(*rows: tuple[str, str, float, str | None, int | None, str]) -> pd.DataFrame:
    """Return the table of a build from ``(job, status, duration_s, error, cell, title)``."""
    columns = ["job", "status", "duration_s", "error", "cell", "title"]
    files = ["etablissement.ipynb" if row[0].isdecimal() else f"{row[0]}.ipynb" for row in rows]
    frame = pd.DataFrame(rows, columns=columns).assign(
        outputs=[[] for _ in rows], undeclared=[[] for _ in rows], not_forked=None, notebook=files
    )
    return frame.astype({"cell": "Int64"})


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """Replace the build by one that succeeds at once; return what it was asked."""
    asked: list[dict[str, Any]] = []

    def build(campaign: Path, **settings: Any) -> BuildReport:
        asked.append({"campaign": campaign, **settings})
        settings["progress"]("Fiches des établissements", 0, 2)
        settings["progress"]("Fiches des établissements", 2, 2)
        rows = (("965100225", "done", 2.0, None, None, "CH"), ("phmev", "done", 70.0, None, None, "PHMEV"))
        return BuildReport(notebooks(*rows), tmp_path / "site" / "index.html")

    monkeypatch.setattr(build_module, "build", build)
    return asked


# Help and mistakes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("--aide",), *((name, "--help") for name in COMMANDS)])
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_help_is_french_and_fits(run: Run, words: tuple[str, ...], columns: int) -> None:
    shown = run(*words, columns=columns)
    assert shown.exit_code == 0
    assert shown.stdout.startswith("Usage : caqes")
    assert "Montre cette aide." in shown.stdout
    assert english_words(shown.output) == set()
    assert max(map(len, shown.stdout.splitlines())) <= columns
    assert not any(line.lstrip().startswith((":", ";", "»")) for line in shown.stdout.splitlines())


def test_help_of_every_command_says_every_option(run: Run) -> None:
    assert set(re.findall(r"^  ([a-z]+) ", run("--help").stdout, re.MULTILINE)) == set(COMMANDS)
    said = {name: sorted(re.findall(r"^  (--[a-z-]+) ", run(name, "-h").stdout, re.MULTILINE)) for name in COMMANDS}
    assert said == {
        "check": [],
        "build": [
            "--compare-with",
            "--force",
            "--jobs",
            "--only",
            "--output",
            "--profile",
            "--scheduler",
            "--stop-on-unexplained",
        ],
        "guide": ["--output"],
        "backtest": ["--output"],
        "compare": ["--output", "--tolerance-eur", "--tolerance-relative"],
        "export": ["--formulaire", "--output"],
        "simulate": ["--establishments", "--seed"],
        "lab": ["--output", "--page"],
    }


def test_no_command_shows_the_help(run: Run) -> None:
    shown = run()
    assert shown.exit_code == 2
    assert "Commandes" in shown.stderr
    assert english_words(shown.output) == set()


MISTAKES = {
    ("bild",): "la commande « bild » n'existe pas. → Vouliez-vous dire « build » ?",
    ("zzz",): (
        "la commande « zzz » n'existe pas. → Commandes : check, build, guide, backtest, compare, export, simulate, lab."
    ),
    ("--versio",): "l'option --versio n'existe pas.",
    ("--",): "il manque une commande.",
    ("build",): "il manque CAMPAGNE. → Fichier de campagne",
    ("check",): "il manque CAMPAGNE.",
    ("lab",): "il manque CAMPAGNE.",
    ("simulate",): "il manque DOSSIER.",
    ("build", "a.yml", "b.yml", "c d.yml"): "en trop : b.yml c d.yml.",
    ("build", "a.yml", "--onli", "3"): "l'option --onli n'existe pas. → Vouliez-vous dire --only ?",
    ("build", "a.yml", "-x"): "l'option -x n'existe pas.",
    ("build", "a.yml", "--jobs"): "l'option --jobs attend une valeur.",
    (
        "build",
        "a.yml",
        "--jobs",
        "deux",
    ): "l'option --jobs ne prend pas la valeur « deux ». → Attendu : un nombre entier.",
    ("build", "a.yml", "--jobs", "0"): "l'option --jobs ne prend pas la valeur « 0 ». → Attendu : au moins 1.",
    ("simulate", "d", "--seed", "1.5"): "l'option --seed ne prend pas la valeur « 1.5 ». → Attendu : un nombre entier.",
    ("simulate", "d", "--seed=-1"): "Attendu : au moins 0.",
    ("simulate", "d", "--establishments", "4000"): "Attendu : au plus 3000.",
    ("check", "--help=3"): "l'option --help ne prend pas de valeur.",
}


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_mistakes_are_explained_in_french(run: Run, words: tuple[str, ...]) -> None:
    shown = run(*words)
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert sentence(shown.stderr).startswith("Commande incomprise : ")
    assert MISTAKES[words] in sentence(shown.stderr)
    assert "Aide : caqes" in shown.stderr
    assert "Message d'origine" not in shown.stderr
    assert english_words(shown.stderr) == set()


def test_the_english_of_the_library_would_be_seen() -> None:
    for text in (
        "Show this message and exit.",
        "Missing argument 'X'.",
        "Input should be a valid integer",
        "[required]",
    ):
        assert english_words(text)


@pytest.mark.parametrize(
    ("words", "finess"),
    [
        (("--only", "965100225", "966000143"), ["965100225", "966000143"]),
        (("--only", "965100225", "--only", "2A0000014", "--jobs", "2"), ["965100225", "2A0000014"]),
        (("--only=965100225", "966000143"), ["965100225", "966000143"]),
        (("--only", "965100225,966000143"), ["965100225", "966000143"]),
        ((), []),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_only_takes_several_finess(
    run: Run, builds: list[dict[str, Any]], words: tuple[str, ...], finess: list[str], first: bool
) -> None:
    shown = run("build", *((DEMONSTRATION, *words) if first else (*words, DEMONSTRATION)))
    assert shown.exit_code == 0, shown.output
    assert builds[0]["only"] == finess
    assert builds[0]["campaign"] == Path(DEMONSTRATION)


@pytest.mark.parametrize("command", ["backtest", "export"])
def test_what_writes_in_the_folder_of_a_build_waits_for_it(run: Run, command: str, tmp_path: Path) -> None:
    with alone(tmp_path / "sortie", file="essai.yml"):
        shown = run(command, DEMONSTRATION, "--output", tmp_path / "sortie")
    assert shown.exit_code == 1
    assert "CONSTRUCTION_EN_COURS" in shown.stderr
    assert not (tmp_path / "sortie" / "store").exists()


# Wrong campaigns -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "build", "guide", "backtest", "lab"])
def test_wrong_path_of_a_campaign(run: Run, command: str, tmp_path: Path) -> None:
    shown = run(command, tmp_path / "absente.yml")
    assert shown.exit_code == 2
    assert shown.stderr.splitlines()[0] == str(tmp_path / "absente.yml"), "the path is whole, on its own line"
    assert "il n'existe pas" in shown.stderr
    assert "PARAMETRES_INTROUVABLES" in shown.stderr
    assert english_words(shown.stderr) == set()
    assert "Traceback" not in shown.stderr


def test_a_folder_for_a_campaign(run: Run, tmp_path: Path) -> None:
    shown = run("check", tmp_path)
    assert shown.exit_code == 2
    assert "c'est un dossier" in shown.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title: a: b", "un deux-points de trop"),
        ("title: 'a\nyear: 2024", "un guillemet n'est pas fermé"),
        ("a: [1, 2", "un crochet n'est pas fermé"),
        ("a: 1\n b: 2\nc", "indentation incohérente|un deux-points"),
        ("a:\n\t- b", "une tabulation"),
        ("a: 1\na: 2", "une clé est écrite deux fois"),
    ],
)
def test_unreadable_yaml_is_explained_in_french(run: Run, tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.yml"
    path.write_text(text, encoding="utf-8")
    shown = run("check", path)
    assert shown.exit_code == 2
    assert re.search(reason, sentence(shown.stderr)), shown.stderr
    assert english_words(shown.stderr.replace(str(path), "").replace("YAML", "")) == set()


def test_all_problems_at_once_numbered_and_grouped_by_file(run: Run, tmp_path: Path) -> None:
    campaign = campaign_file(tmp_path, MONTHLY)
    (tmp_path / "recus").mkdir()
    (tmp_path / "recus" / "etablissements.csv").write_text("finess;nom\n33;CH\n", encoding="utf-8")
    months = "finess;mois;enveloppe;montant\n33078119;2024-01;PHMEV;1,00\n330781196;2024-13;PHMEV;1.234.56\n"
    (tmp_path / "recus" / "phmev_mensuel.csv").write_text(months, encoding="utf-8")
    shown = run("check", campaign.file)
    assert shown.exit_code == 2
    assert shown.stdout == ""
    numbers = [int(number) for number in re.findall(r"^ +(\d+)\. ", shown.stderr, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 6
    lines = shown.stderr.splitlines()
    assert lines.count("phmev_mensuel.csv") == 1
    assert "2024-13" in shown.stderr
    assert f"{len(numbers)} problèmes : rien n'a été écrit." in sentence(shown.stderr)
    assert not (tmp_path / "sortie").exists()
    assert all(len(line) <= WIDTH or os.sep in line for line in lines)


# check -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def received(tmp_path: Path) -> Path:
    """A small campaign of two hospitals written by hand, right but for things worth knowing."""
    folder = tmp_path / "recus"
    folder.mkdir()
    header = "finess;finess_ej;finess_et;nom;categorie;statut;departement;region;valide_du;valide_au;successeur"
    rows = [f"33078119{i};33078119{i};33078119{i};CH {i};CH;public;33;75;01/01/2000;;" for i in (0, 6)]
    (folder / "etablissements.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    euros = {0: (3400, 3600, 3510, 3450, 3550, 3490), 6: (3490, 3550, 3450, 3510, 3600, 3400)}
    months = [f"33078119{i};2024-0{m};PHMEV;{e},10" for i, known in euros.items() for m, e in enumerate(known, 1)]
    months += ["330781196;2024-07;PHMEV;", "999999999;2024-01;PHMEV;-5,25"]
    text = "\n".join(["finess;mois;enveloppe;montant", *months, ""])
    (folder / "phmev_mensuel.csv").write_text(text, encoding="utf-8")
    campaign = """\
title: "Essai"
region: {code: "75", name: "Essai"}
year: 2024
last_month: "2024-07"
scheme: caqes-2022
sources:
  establishments: [{path: recus/etablissements.csv}]
  monthly_spend: [{path: recus/phmev_mensuel.csv, amount_kind: reimbursed, date_basis: care}]
"""
    return campaign_file(tmp_path, campaign).file


def test_check_lists_findings_by_severity_and_writes_nothing(run: Run, received: Path) -> None:
    before = sorted(received.parent.rglob("*"))
    shown = run("check", received)
    assert shown.exit_code == 0, shown.output
    assert "MONTANT_MANQUANT" in shown.stdout
    assert "ETABLISSEMENT_NON_DECRIT" in shown.stdout
    assert shown.stdout.index("À vérifier") < shown.stdout.index("Pour information")
    assert "La campagne « essai-2024 » est prête : 2 fichiers lus, aucun problème" in sentence(shown.stdout)
    assert sorted(received.parent.rglob("*")) == before


def stale_definition(folder: Path) -> None:
    """Drop a published definition read long ago, whose list of codes nobody gave."""
    text = GOOD.replace("'A02BC'\"", "'A02BC' and not in_list(cip13, 'a-donner')\"").replace("draft", "published")
    review = "code_lists: [a-donner]\nauthor: A\nchecker: B\nreviewed_on: 2020-01-02\n"
    (folder / "indicators").mkdir()
    (folder / "indicators" / "essai.yml").write_text(text + review, encoding="utf-8")


WARNED = (
    "La définition a été relue le 2 janvier 2020, il y a plus de 24 mois. indicators/essai.yml "
    "→ La relire, puis mettre à jour « reviewed_on » et « checker ». [REVUE_ANCIENNE]",
    "Cette liste de codes n'est pas fournie : l'indicateur n'a pas de valeur. "
    "indicators/essai.yml, valeur « a-donner » ;",
    "La définition reste à relire par",
)


def test_check_says_what_is_to_review_and_to_supply(run: Run, received: Path) -> None:
    stale_definition(received.parent)
    shown = run("check", received)
    assert shown.exit_code == 0, shown.output
    for said in WARNED:
        assert said in sentence(shown.stdout)
    assert "aucun problème" in sentence(shown.stdout)


def test_check_says_which_targets_nobody_reads(run: Run, received: Path) -> None:
    rows = ("phev_iipp;evolution_pct", "phev_ipp;share_pct", "phev_ipp;evolution_pct", "phmev;evolution_pct")
    header = "scheme;subject;measure;data_year;finess;value;unit_label;source;status"
    many = [f"sans_lecteur_{each};evolution_pct" for each in "abcdef"]
    lines = [header, *(f"caqes-2022;{row};2024;all;3;%;région;regional" for row in (*rows, *many)), ""]
    (received.parent / "objectifs.csv").write_text("\n".join(lines), encoding="utf-8")
    text = received.read_text(encoding="utf-8").replace("sources:", "targets: [objectifs.csv]\nsources:")
    received.write_text(text, encoding="utf-8")
    shown = run("check", received)
    assert shown.exit_code == 0, shown.output
    said = sentence(shown.stdout)
    assert "Aucun indicateur ni aucune enveloppe ne lit cet objectif : il n'est comparé à rien." in said
    assert {one for one in (*rows, *many) if f"« {one} »" in said} == {*rows[:2], *many}, "the guide shows none of them"
    assert "targets.csv" not in said


def test_build_says_them_before_the_path_of_the_report(
    run: Run, builds: list[dict[str, Any]], received: Path, tmp_path: Path
) -> None:
    stale_definition(received.parent)
    shown = run("build", received)
    assert (shown.exit_code, len(builds)) == (0, 1), shown.output
    for said in WARNED:
        assert said in sentence(shown.stdout)
    assert shown.stdout.splitlines()[-1] == str(tmp_path / "site" / "index.html")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_findings_are_wrapped_and_never_cut(run: Run, received: Path, columns: int) -> None:
    shown = run("check", received, columns=columns)
    assert "…" not in shown.stdout
    assert all(len(line) <= columns or "sha256" in line for line in shown.stdout.splitlines())
    assert "Ses euros sont comptés. L'ajouter au fichier des établissements" in sentence(shown.stdout)


def test_check_proposes_hash_and_total_that_the_campaign_then_accepts(run: Run, received: Path) -> None:
    own = received.parent / "code_lists" / "essai.yml"
    own.parent.mkdir()
    own.write_text(CODE_LIST, encoding="utf-8")
    shown = run("check", received)
    files, _, others = shown.stdout.partition("fingerprints:")
    assert re.findall(r'path: "(.*)"\n +sha256: ([0-9a-f]{64})\n', others) == [("code_lists/essai.yml", sha256_of(own))]
    assert re.findall(r'^ +control_rows_nb: "(\d+)"$', files, re.MULTILINE) == ["2"]
    hashes = re.findall(r"^ +sha256: ([0-9a-f]{64})$", files, re.MULTILINE)
    totals = re.findall(r'^ +control_total_eur: "(-?\d+\.\d\d)"$', shown.stdout, re.MULTILINE)
    assert len(hashes) == 2
    assert totals == ["41995.95"]
    text = received.read_text(encoding="utf-8")
    text = text.replace("etablissements.csv}", f"etablissements.csv, sha256: {hashes[0]}}}")
    text = text.replace("care}", f'care, sha256: {hashes[1]}, control_total_eur: "{totals[0]}"}}')
    text += f'fingerprints: [{{path: "code_lists/essai.yml", sha256: {sha256_of(own)}}}]\n'
    received.write_text(text, encoding="utf-8")
    again = run("check", received)
    assert again.exit_code == 0, again.output
    assert "sha256" not in again.stdout
    received.write_text(text.replace(totals[0], "41995.96"), encoding="utf-8")
    wrong = run("check", received)
    assert wrong.exit_code == 2
    assert "TOTAL_DE_CONTROLE" in wrong.stderr
    own.write_text(CODE_LIST.replace("1300002", "1300003"), encoding="utf-8")
    changed = run("check", received)
    assert changed.exit_code == 2
    assert "EMPREINTE_DIFFERENTE" in changed.stderr


@pytest.mark.slow
def test_check_proposes_hash_and_total_of_atih_files_too(run: Run, received: Path) -> None:
    path = received.parent / "recus" / "rsa_med_2021.txt"
    path.write_bytes(content(drug(), drug(month=pd.Timestamp("2021-04-01"))))
    text = received.read_text(encoding="utf-8")
    atih = "  extra_list:\n    - {path: recus/rsa_med_2021.txt, file_type: rsa_med, year: 2021%s}\n"
    received.write_text(text + atih % "", encoding="utf-8")
    shown = run("check", received).stdout
    proposed = shown[shown.index("  rsa_med_2021.txt") :]
    sha256 = re.findall(r"sha256: ([0-9a-f]{64})", proposed)[0]
    assert sha256 == sha256_of(path)
    assert re.findall(r'control_total_eur: "(.*?)"', proposed)[0] == "800.00"
    assert re.findall(r'control_total_nb: "(.*?)"', proposed)[0] == "4.000"
    received.write_text(text + atih % f', sha256: {sha256}, control_total_eur: "800.00"', encoding="utf-8")
    assert "rsa_med_2021.txt" not in run("check", received).stdout
    changed = path.read_bytes().replace(b"400000", b"410000", 1)
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    assert "EMPREINTE_DIFFERENTE" in run("check", received).stderr
    received.write_text(text + atih % ', control_total_eur: "800.00"', encoding="utf-8")
    assert "TOTAL_DE_CONTROLE" in run("check", received).stderr


def test_export_writes_the_form_that_is_then_read_back(run: Run, received: Path) -> None:
    shown = run("export", received, "--formulaire", "2023")
    assert shown.exit_code == 0, shown.output
    (path,) = [Path(line) for line in shown.stdout.splitlines() if line.endswith(".xlsx")]
    assert path.name == "formulaire-2023.xlsx"
    assert not (path.parent.parent / "export").exists()
    book = openpyxl.load_workbook(path)
    sheet = book[VALUES_SHEET]
    items = load_declared_items(REPOSITORY / "parameters" / "declared" / "annexes-1-2.yml")
    for line in range(FIRST_LINE, FIRST_LINE + 2 * len(items)):
        value = "oui" if items[(line - FIRST_LINE) % len(items)].kind == "yes_no" else 12
        sheet.cell(line, HEADER.index("Valeur") + 1, value)
        sheet.cell(line, HEADER.index("Preuve") + 1, f"PV {line}")
    book.save(path)
    rows = read_declared(path, delivery="declarations").rows
    assert set(rows["finess"]) == {"330781190", "330781196"}
    assert set(rows["activity"]) == {f"declared_{item.code}" for item in items}
    assert set(rows["period"]) == {"2023"}
    assert rows["proof"].str.startswith("PV ").all()
    own = received.parent / "declared"
    own.mkdir()
    (own / "notre.yml").write_text(
        "source: essai\nitems:\n  - {code: lits, label: Combien de lits ?}\n", encoding="utf-8"
    )
    assert run("export", received, "--formulaire", "2023").exit_code == 0
    assert set(read_declared(path, delivery="d").rows["activity"]) == {"declared_lits"}


# build -----------------------------------------------------------------------------------------------------------


def test_build_ends_with_a_table_and_the_path_alone_on_its_line(
    run: Run, builds: list[dict[str, Any]], tmp_path: Path
) -> None:
    shown = run("build", DEMONSTRATION, "--output", tmp_path, "--jobs", "3", columns=40)
    assert shown.exit_code == 0, shown.output
    assert (builds[0]["workers"], builds[0]["output"]) == (3, tmp_path)
    assert shown.stdout.splitlines()[-1] == str(tmp_path / "site" / "index.html")
    assert "Fiches des établissements : 2/2" in shown.stderr
    assert "\x1b" not in shown.output
    wide = run("build", DEMONSTRATION, "--output", tmp_path)
    assert re.search(r"faits +2 +1 min 12 s +1 min 10 s", wide.stdout)
    assert re.search(r"repris sans changement +0 ", wide.stdout)
    assert re.search(r"échoués +0 ", wide.stdout)
    assert english_words(wide.output.replace(str(tmp_path), "")) == set()


def test_build_lists_every_failure_with_the_command_that_reopens_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = notebooks(
        ("330781196", "failed", 3.0, "ValueError : \x1b[31mun souci [bold]gras[/] " + "long " * 40, 7, "CHU [red]"),
        ("liste-en-sus-dispositifs", "failed", 1.0, "le noyau s'est arrêté", None, "Dispositifs"),
        ("phmev", "done", 1.0, None, None, "PHMEV"),
    )
    problem = Problem("IMAGE_SANS_TEXTE", "cette figure n'a pas de texte.", "L'écrire.", file="phmev.html")
    report = BuildReport(rows, tmp_path / "un dossier" / "site" / "index.html", (problem,))
    executed = tmp_path / "un dossier" / "run" / "executed" / "330781196.ipynb"
    executed.parent.mkdir(parents=True)
    executed.touch()
    monkeypatch.setattr(build_module, "build", lambda *_, **__: report)
    shown = run("build", DEMONSTRATION, "--output", tmp_path / "un dossier")
    assert shown.exit_code == 1
    said = sentence(shown.stderr)
    assert "2 carnets en échec" in said
    assert "1. CHU [red] (330781196), carnet etablissement.ipynb, cellule 7" in said
    assert "un souci [bold]gras[/] " + ("long " * 40).strip() in said
    assert "2. Dispositifs (liste-en-sus-dispositifs), carnet liste-en-sus-dispositifs.ipynb le noyau" in said
    assert "\x1b" not in shown.output
    commands = [line.strip() for line in shown.stderr.splitlines() if " lab " in line]
    folder = f"'{tmp_path / 'un dossier'}'"
    assert commands == [
        f"caqes lab {DEMONSTRATION} --page 330781196 --output {folder}",
        f"caqes lab {DEMONSTRATION}",
    ]
    assert "phmev.html" in said
    assert "Cette figure n'a pas de texte. → L'écrire. [IMAGE_SANS_TEXTE]" in said
    assert shown.stdout.splitlines()[-1] == str(report.index)


@pytest.mark.parametrize("profile", ["public", "publique"])
def test_no_profile_publishes_unprotected_figures(run: Run, builds: list[dict[str, Any]], profile: str) -> None:
    shown = run("build", DEMONSTRATION, "--profile", profile)
    assert shown.exit_code == 2
    expected = "secret statistique" if profile == "public" else "restricted ou public"
    assert expected in sentence(shown.stderr)
    assert builds == []
    assert run("build", DEMONSTRATION, "--profile", "restricted").exit_code == 0


def test_a_build_that_fails_on_right_inputs_exits_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: Any, **__: Any) -> BuildReport:
        raise BuildError.of("CONSTRUCTION_EN_COURS", "une autre construction est en cours.", "Attendre.", file="a.yml")

    monkeypatch.setattr(build_module, "build", build)
    shown = run("build", DEMONSTRATION)
    assert shown.exit_code == 1
    assert "le rapport précédent, s'il existe, est inchangé" in sentence(shown.stderr)


# The unexpected --------------------------------------------------------------------------------------------------


def failing(failure: BaseException) -> Callable[..., BuildReport]:
    def build(*_: Any, **__: Any) -> BuildReport:
        raise failure

    return build


def test_an_unexpected_error_is_one_sentence_and_a_file(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(build_module, "build", failing(ZeroDivisionError("division\x1b[0m impossible")))
    shown = run("build", DEMONSTRATION, "--output", tmp_path)
    assert shown.exit_code == 1
    assert "Erreur imprévue (ZeroDivisionError) : division impossible" in sentence(shown.stderr)
    assert "Traceback" not in shown.output
    [log] = tmp_path.glob("caqes-erreur-*.log")
    assert shown.stderr.splitlines()[-1] == str(log)
    details = log.read_text(encoding="utf-8")
    assert "Traceback" in details
    assert "ZeroDivisionError" in details
    assert "caqes_analysis" in details


def test_where_the_build_folder_cannot_be_written_the_details_go_elsewhere(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    occupied = tmp_path / "fichier"
    occupied.touch()
    monkeypatch.setattr(failures.tempfile, "gettempdir", lambda: str(tmp_path / "ailleurs"))
    monkeypatch.setattr(build_module, "build", failing(OSError(28, "No space left on device", "x.parquet")))
    shown = run("build", DEMONSTRATION, "--output", occupied)
    assert shown.exit_code == 1
    assert "Échec : x.parquet : il n'y a plus de place sur le disque." in sentence(shown.stderr)
    assert len(list((tmp_path / "ailleurs").glob("*.log"))) == 1


def test_debugging_shows_the_details(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build_module, "build", failing(ZeroDivisionError("division")))
    monkeypatch.setenv(failures.DEBUG_VARIABLE, "1")
    shown = run("build", DEMONSTRATION, "--output", tmp_path)
    assert shown.exit_code == 1
    assert "Traceback" in shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_interruption(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build_module, "build", failing(KeyboardInterrupt()))
    shown = run("build", DEMONSTRATION, "--output", tmp_path)
    assert shown.exit_code == 130
    assert sentence(shown.stderr).startswith("Interrompu.")
    assert list(tmp_path.iterdir()) == []


# simulate and lab ------------------------------------------------------------------------------------------------


def test_simulate_writes_and_never_replaces(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "région"
    shown = run("simulate", place, "--establishments", "3", "--seed", "1", columns=40)
    assert shown.exit_code == 0, shown.output
    assert {Path(line) for line in shown.stdout.splitlines()} == set(place.iterdir())
    before = {path: path.read_bytes() for path in place.iterdir()}
    again = run("simulate", place, "--establishments", "4")
    assert again.exit_code == 2
    assert "DOSSIER_OCCUPE" in again.stderr
    assert {path: path.read_bytes() for path in place.iterdir()} == before


def test_simulate_into_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fichier").touch()
    shown = run("simulate", tmp_path / "fichier")
    assert shown.exit_code == 2
    assert "DOSSIER_ATTENDU" in shown.stderr


class Lab:
    """JupyterLab, which only remembers how it was started; the first wait is interrupted, as by Ctrl-C."""

    started: tuple[list[str], dict[str, str]]
    code = 0

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        Lab.started = (command, env)
        self.waits = iter([KeyboardInterrupt(), Lab.code])

    def wait(self) -> int:
        answer = next(self.waits)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def jupyter(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Lab]]:
    monkeypatch.setattr(cli.subprocess, "Popen", Lab)
    yield Lab
    if hasattr(Lab, "started"):
        del Lab.started


def test_lab_opens_the_notebooks_on_the_campaign(run: Run, jupyter: type[Lab], repository: Path) -> None:
    shown = run("lab", DEMONSTRATION)
    assert shown.exit_code == 0, shown.output
    command, environment = jupyter.started
    assert command == [sys.executable, "-m", "jupyterlab", str(repository / "notebooks")]
    assert environment[CAMPAIGN_VARIABLE] == str(repository / DEMONSTRATION)
    assert environment["PATH"] == os.environ["PATH"]


def test_lab_killed_by_ctrl_c_while_it_starts(run: Run, jupyter: type[Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyter, "code", -2)
    assert run("lab", DEMONSTRATION).exit_code == 130


def test_lab_opens_a_page_of_the_last_build(run: Run, jupyter: type[Lab], tmp_path: Path) -> None:
    executed = tmp_path / "run" / "executed" / "phmev.ipynb"
    executed.parent.mkdir(parents=True)
    executed.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', encoding="utf-8")
    wrong = run("lab", DEMONSTRATION, "--page", "phmef", "--output", tmp_path)
    assert wrong.exit_code == 2
    assert "Vouliez-vous dire « phmev » ?" in sentence(wrong.stderr)
    assert not hasattr(jupyter, "started")
    shown = run("lab", DEMONSTRATION, "--page", "phmev", "--output", tmp_path)
    assert shown.exit_code == 0, shown.output
    assert jupyter.started[0][-1] == str(tmp_path / "lab" / "phmev.ipynb")


# The program itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_a_console_of_any_encoding_can_show_the_messages(repository: Path, encoding: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", "from caqes_analysis.cli import main; main()", "bild"],
        cwd=repository,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "80"},
        check=False,
    )
    assert answer.returncode == 2
    said = io.TextIOWrapper(io.BytesIO(answer.stderr), encoding=encoding).read()
    assert "build" in said
    assert "Traceback" not in said
