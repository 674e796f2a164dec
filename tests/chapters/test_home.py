"""What the home page says of the report itself."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from caqes_analysis.chapters.home import review_note
from caqes_analysis.indicators.catalogue import load_catalogue


def test_the_home_page_says_how_many_indicators_nobody_else_has_read() -> None:
    own = {one.id: one for one in load_catalogue().values() if one.status == "published"}
    kept = [own["phev_ipp"], own["phmev_annual"].model_copy(update={"review_awaited": None})]
    for some, said in (
        (kept, "Sur 2 indicateurs publiés, 1 reste à relire par un pharmacien de l'OMEDIT"),
        (kept[:1] * 2, "Les 2 indicateurs publiés restent tous à relire par un pharmacien de l'OMEDIT"),
        (kept[1:], None),
    ):
        rows = pd.DataFrame(
            {"indicator": ["a", "b"][: len(some)], "definition": [one.model_dump_json() for one in some]}
        )
        note = review_note(SimpleNamespace(catalogue=rows))  # type: ignore[arg-type]
        assert (said is None) is (note is None)
        assert said is None or said in note.summary()
