"""What the waterfall says: its message, its alternative text, its table."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from caqes_analysis.display.charts import waterfall
from caqes_analysis.display.charts_waterfall import EFFECT_LABELS
from caqes_analysis.errors import CaqesError
from tests.display.samples import effects

PLACE = {"year": 2024, "name": "CH de Rive", "envelope": "phmev"}


def of(**amounts: str) -> pd.DataFrame:
    parts = {f"{name}_eur": Decimal(amounts.get(name, "0")) for name in EFFECT_LABELS}
    before = Decimal("1000000.00")
    return pd.DataFrame([{"previous_eur": before, **parts, "current_eur": before + sum(parts.values())}])


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_the_title_names_the_first_effect_and_the_first_against_it() -> None:
    figure = waterfall(of(price="-30000.00", volume="90000.00", mix="20000.00"), **PLACE)
    assert plain(figure.title) == (
        "De 2023 à 2024, hausse de 80,0 k€ : d'abord le volume (+90,0 k€) ; à l'inverse, les prix (−30,0 k€)"
    )
    down = waterfall(of(price="-30000.00"), **PLACE)
    assert plain(down.title) == "De 2023 à 2024, baisse de 30,0 k€ : d'abord les prix (−30,0 k€)"
    assert waterfall(of(), **PLACE).title == "De 2023 à 2024, la dépense n'a pas changé"
    months = waterfall(of(volume="1.00"), **PLACE, period="de janvier à juillet 2024 par rapport à 2023")
    assert plain(months.title).startswith("Hausse")


def test_the_text_says_every_effect_that_is_drawn_and_the_table_every_effect() -> None:
    figure = waterfall(of(price="-30000.00", volume="90000.00"), unit="unités", **PLACE)
    told = plain(figure.alt)
    assert "de 1,0 M€ à 1,1 M€ (+6,0 %)" in told or "de 1 000 k€ à 1 060 k€ (+6,0 %)" in told
    assert "Prix −30,0 k€, Volume (unités) +90,0 k€." in told
    assert "Structure" not in told
    labels = [row[0].text for row in figure.table.rows]
    assert labels[0] == "2023"
    assert labels[-2:] == ["2024", "Différence"]
    assert set(EFFECT_LABELS.values()) - {"Volume"} <= set(labels)
    assert plain(figure.table.rows[-1][1].text) == "60 000,00"


def test_the_rows_of_the_table_add_up_to_the_cent() -> None:
    figure = waterfall(effects(9), **PLACE)
    numbers = [
        Decimal(plain(row[1].text).replace(" ", "").replace("−", "-").replace(",", ".")) for row in figure.table.rows
    ]
    first, *parts, last, difference = numbers
    assert sum(parts) == difference == last - first


def test_a_frame_without_effects_is_refused() -> None:
    with pytest.raises(CaqesError, match="waterfall"):
        waterfall(pd.DataFrame({"previous_eur": [Decimal(1)]}), **PLACE)
