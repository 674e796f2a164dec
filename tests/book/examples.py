"""Hand-made executed notebooks: what the other parts of the package would hand over, hostile texts included."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from caqes_analysis.book import Book, Page
from caqes_analysis.display.payload import MIME_TYPE

NB, NN = "\u00a0", "\u202f"
HOSTILE = "CH <script>alert(1)</script> {{ 7*7 }} $x^2$ `{note}` *de* [Foy](javascript:x) # \u202eleuqsaB\u202c &amp; "
PARAMETER = "secret_parameter_value"


def payload(kind: str, **content: Any) -> dict[str, Any]:
    return {"version": 1, "kind": kind, **content}


def table(caption: str = "Montants remboursés par enveloppe", rows_nb: int = 3, **changes: Any) -> dict[str, Any]:
    columns = [
        {"label": "Enveloppe", "unit": "", "align": "left"},
        {"label": "Montant remboursé", "unit": "k€", "align": "right", "description": "hors rétrocession"},
        {"label": "Évolution", "unit": "%", "align": "right"},
        {"label": "Position", "unit": "", "align": "left"},
    ]
    states = ["good", "warning", "bad", "muted", "provisional", "missing"]
    rows: list[list[dict[str, Any]]] = [
        [
            {"text": f"Enveloppe {number}", "href": "synthese"},
            {"text": f"1{NN}23{number},5", "sort": 1230 + number},
            {"text": "+4,2" if number % 2 else "−1,3", "state": states[number % 6]},
            {"text": "au-dessus de l'objectif" if number % 2 else "sous l'objectif", "state": states[number % 6]},
        ]
        for number in range(rows_nb)
    ]
    rows.append([{"text": "Total"}, {"text": f"3{NN}703,5"}, {"text": "+2,1"}, {"text": ""}])
    made = payload(
        "table", caption=caption, columns=columns, row_header=0, rows=rows, total_rows=1, notes=["Provisoire."]
    )
    return made | changes


def drawing(ident: str = "f1") -> str:
    bars = "".join(
        f'<rect x="{40 + 90 * n}" y="{180 - 12 * n}" width="60" height="{60 + 12 * n}" fill="#1a78b8"/>'
        f'<text x="{70 + 90 * n}" y="262" text-anchor="middle" fill="currentColor" font-size="13">T{n + 1}</text>'
        for n in range(6)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="620" height="280" viewBox="0 0 620 280">'
        f'<defs><clipPath id="{ident}"><path d="M0 0h620v280H0z"/></clipPath></defs>'
        f'<g clip-path="url(#{ident})">{bars}<path d="M20 120H600" stroke="#d55e00" stroke-dasharray="6 4"/>'
        f'<text x="600" y="112" text-anchor="end" fill="currentColor" font-size="13">objectif 4 %</text></g></svg>'
    )


def figure(**changes: Any) -> dict[str, Any]:
    made = payload(
        "figure",
        title="Les dépenses dépassent la trajectoire depuis juin",
        alt="Barres par trimestre : la dépense passe de 60 à 120 k€, au-dessus de l'objectif à partir du deuxième.",
        svg=drawing(),
        table=table("Dépenses par trimestre"),
        notes=["Lecture : la barre T2 passe la ligne."],
    )
    return made | changes


def cards() -> dict[str, Any]:
    contents = [
        ("PHMEV à M9", f"+5,1{NB}%", f"objectif 4{NB}%", "bad", "au-dessus de l'objectif"),
        ("Atterrissage", f"+4,8{NB}%", "entre +3,9 et +5,8 (8 fois sur 10)", "warning", "dépassement probable"),
        ("Liste en sus", f"−0,7{NB}%", "repère régional, sans valeur contractuelle", "good", "sous le repère"),
        ("LPP", "non reçu", "la source n'est pas dans la campagne", "missing", "donnée absente"),
    ]
    names = ("title", "value", "detail", "state", "state_label")
    return payload("cards", label="Chiffres clés", cards=[dict(zip(names, card, strict=True)) for card in contents])


def output(content: Any, **others: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {MIME_TYPE: content} | others}


def code(*outputs: dict[str, Any], source: str = "show(x)", tags: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "x",
        "metadata": {"tags": list(tags), "papermill": {"duration": 1.234}},
        "execution_count": 1,
        "source": source,
        "outputs": list(outputs),
    }


def prose(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "y", "metadata": {}, "source": source}


def query() -> dict[str, Any]:
    return payload("code", title="La <b>requête</b>", text="select '<script>'\nfrom t where {{ x }} = $1")


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    metadata = {"kernelspec": {"name": "python3"}, "papermill": {"parameters": {"token": PARAMETER}}}
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def write(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def full_page(name: str) -> dict[str, Any]:
    """Return a notebook that shows every kind of display, with the traps of real ones."""
    return notebook(
        prose(f"# {name}\n\nTexte d'introduction."),
        code(source=f"token = '{PARAMETER}'", tags=["parameters"]),
        code(
            output(payload("text", role="answer", items=["Les dépenses dépassent l'objectif : ça reste à confirmer."]))
        ),
        code(output(cards(), **{"text/html": f"<b>{PARAMETER}</b>"})),
        prose(
            "## Ce qui explique l'évolution\n\nLe taux vaut $\\frac{a_{N}}{a_{N-1}} - 1$, soit :\n\n$$t = \\sum_i x_i$$"
        ),
        code(output(figure()), {"output_type": "stream", "name": "stderr", "text": "UserWarning: x"}),
        code(output(payload("text", role="list", items=["Premier constat.", "Deuxième <b>constat</b> {{ x }}."]))),
        code(output(payload("details", summary="Détail <b>plié</b>", content=[table(rows_nb=2), cards(), query()]))),
        prose("## Indicateurs du contrat"),
        code(output(table(rows_nb=7)), output(payload("text", role="paragraph", items=["Un paragraphe."]))),
        code(output(payload("notice", level="warning", title="Mois provisoires", text="Août et septembre."))),
        code(output(payload("comment", title="Commentaire de l'OMEDIT", markdown=COMMENT))),
    )


COMMENT = """# Un titre <script>alert(2)</script>

Un **point** d'*attention* {{ 7*7 }} $x$ <img src="http://example.org/x.png" onerror="alert(3)">
et ```{include} /etc/passwd``` puis [un lien](https://exemple.fr/page), [un autre](javascript:alert(4)).

```{raw} html
<script>alert(5)</script>
```

![plan](http://example.org/plan.png)

- un
- deux
"""


def book(folder: Path, sheets: int = 6, *, simulated: bool = True) -> Book:
    """Return a book of a few chapters and ``sheets`` establishments in two departments, notebooks written on disk."""
    provenance = {"Campagne": "demonstration-2024", "Données": "phmev_2024.csv, reçu le 30/09/2024", "Code": "0.1.0"}
    pages = [
        Page("accueil", "Où en est la région ?", write(folder / "accueil.ipynb", full_page("Accueil"))),
        Page("synthese", "Synthèse régionale", write(folder / "synthese.ipynb", full_page("Synthèse")), ("Région",)),
        Page("phmev", "PHMEV", write(folder / "phmev.ipynb", full_page("PHMEV")), ("Région",)),
        Page(
            "absente", "Chapitre en échec", None, ("Région",), failure="Le notebook s'est arrêté : <b>ValueError</b>."
        ),
    ]
    for number in range(sheets):
        finess = f"99{number % 2 + 1:02d}{number:05d}"
        name = HOSTILE + "é" * 200 if number == 3 else f"Centre hospitalier de Sainte-Foy {number}"
        department = f"Département 99{number % 2 + 1} – {'Haute-Lande' if number % 2 else 'Côte-Vive'}"
        pages.append(
            Page(
                f"etablissements/{finess}",
                name,
                write(folder / f"{finess}.ipynb", full_page(f"Fiche {number}")),
                ("Établissements", department),
                (finess, name, "Saint-Œuf-sur-Mer" if number == 2 else "Villeneuve"),
                provenance | {"Empreinte": f"{number:064x}"},
            )
        )
    return Book(
        "Rapport CAQES – région de démonstration",
        "Campagne 2024, données arrêtées au 30/09/2024",
        tuple(pages),
        simulated=simulated,
        footer=("OMEDIT de démonstration",),
        provenance_page="synthese",
    )
