"""Reference files of any valid content, written as public bodies write them, are read back equal."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caqes_analysis.extra_list import with_vat
from caqes_analysis.sources.bdpm import (
    read_bdpm_classes,
    read_bdpm_generics,
    read_bdpm_presentations,
    read_bdpm_products,
)
from caqes_analysis.sources.biosimilars import read_biosimilar_flags
from caqes_analysis.sources.extra_list_history import read_biosimilar_tariffs, read_lpp_history, read_ucd_history
from caqes_analysis.sources.extra_list_indications import read_extra_list_indications
from caqes_analysis.sources.lpp_lists import read_lpp_list
from caqes_analysis.sources.received import Received

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzÀÉÈÊËÎÏÔÖÙÛÜÇàâéèêëîïôöùûüçœŒ€’"
_SIGNS = "0123456789 ,;:'\"()%/+-.°µ®"
# Two accents side by side may be the bytes of one letter in the other encoding: no French word has them so.
_TWO_ACCENTS = re.compile(r"([^\x00-\x7f])[^\x00-\x7f]+")


def words(first: str) -> st.SearchStrategy[str]:
    """A text of one line, without spaces twice, that begins with one of these characters."""
    drawn = st.tuples(st.sampled_from(first), st.text(_LETTERS + _SIGNS, max_size=20)).map("".join)
    return drawn.map(lambda text: " ".join(_TWO_ACCENTS.sub(r"\1", text).split()))


capital, small = words("ABCDEÉ"), words("abcdeé")
optional = st.one_of(st.just(""), capital)
days = st.dates(date(1960, 1, 1), date(2026, 12, 31))
optional_days = st.one_of(st.none(), days)
atc = st.from_regex(r"[A-V](0[1-9]|1[0-6])([A-X]([A-X]([0-9]{2})?)?)?", fullmatch=True)
prices = st.integers(0, 30_000_000_00).map(lambda cents: Decimal(cents).scaleb(-2))
tariffs = st.integers(1, 90_000_000).map(lambda milli: Decimal(milli).scaleb(-3))


def code(digits_nb: int) -> st.SearchStrategy[str]:
    return st.from_regex(rf"[1-9][0-9]{{{digits_nb - 1}}}", fullmatch=True)


def french_day(day: date | None) -> str:
    return "" if day is None else f"{day:%d/%m/%Y}"


def bdpm_price(price: Decimal | None) -> str:
    return "" if price is None else f"{price:,.2f}".replace(".", ",")


def plain(frame: pd.DataFrame, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows in plain Python: None for what is missing, dates as days."""

    def value(cell: Any) -> Any:
        if pd.isna(cell):
            return None
        return cell.date() if isinstance(cell, pd.Timestamp) else cell

    return [tuple(value(row[name]) for name in names) for _, row in frame.iterrows()]


def tabbed(lines: list[list[str]]) -> str:
    return "".join("\t".join(line) + "\r\n" for line in lines)


def delimited(header: str, lines: list[list[str]], separator: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerow(header.split())
    writer.writerows(lines)
    return text.getvalue()


def read_back(read: Callable[..., Received], text: str, encoding: str, **options: Any) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recu.txt"
        path.write_bytes(text.encode(encoding))
        return read(path, delivery="d", **options).rows


SOME = settings(max_examples=30)
encodings = st.sampled_from(["utf-8", "cp1252"])
separators = st.sampled_from([",", ";"])


def many(*parts: st.SearchStrategy[Any], unique: int | tuple[int, ...] = 0) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Some lines, of which a column, or several together, never repeats."""
    key = (unique,) if isinstance(unique, int) else unique
    return st.lists(st.tuples(*parts), min_size=1, max_size=6, unique_by=lambda row: tuple(row[place] for place in key))


ROUTES = st.sampled_from(["orale", "cutanée", "intraveineuse", "sous-cutanée;intramusculaire", ""])
AUTHORISED = st.sampled_from(["Autorisation active", "Autorisation abrogée", "Autorisation suspendue"])
MARKETED = st.sampled_from(["Commercialisée", "Non commercialisée"])


@SOME
@given(
    many(code(8), capital, small, ROUTES, AUTHORISED, MARKETED, optional_days, optional),
    encodings,
)
def test_products(lines: list[tuple[Any, ...]], encoding: str) -> None:
    written = [
        [
            cis,
            name,
            form,
            routes,
            authorised,
            "Procédure nationale",
            marketed,
            french_day(day),
            "",
            "",
            f" {holder}",
            "Non",
        ]
        for cis, name, form, routes, authorised, marketed, day, holder in lines
    ]
    rows = read_back(read_bdpm_products, tabbed(written), encoding)
    names = ("cis", "name", "form", "routes", "authorisation", "marketing", "authorised_on", "holders")
    assert plain(rows, names) == [
        (cis, name, form, routes or None, authorised, marketed, day, holder or None)
        for cis, name, form, routes, authorised, marketed, day, holder in lines
    ]


@SOME
@given(
    many(code(13), code(7), code(8), small, optional_days, st.sampled_from(["", "15", "65;100"]), prices, prices),
    st.booleans(),
    encodings,
)
def test_presentations(lines: list[tuple[Any, ...]], is_priced: bool, encoding: str) -> None:
    written = [
        [
            *(
                cis,
                cip7,
                label,
                "Présentation active",
                "Déclaration de commercialisation",
                french_day(day),
                cip13,
                "oui",
            ),
            ";".join(f"{rate} %" for rate in rates.split(";") if rate),
            *((bdpm_price(price), bdpm_price(price + fee), bdpm_price(fee)) if is_priced else ("", "", "")),
            "",
        ]
        for cip13, cip7, cis, label, day, rates, price, fee in lines
    ]
    rows = read_back(read_bdpm_presentations, tabbed(written), encoding)
    names = ("cip13", "cip7", "cis", "label", "declared_on", "reimbursement_rates_pct")
    assert plain(rows, (*names, "price_eur", "price_with_fee_eur", "fee_eur")) == [
        (cip13, cip7, cis, label, day, rates or None) + ((price, price + fee, fee) if is_priced else (None, None, None))
        for cip13, cip7, cis, label, day, rates, price, fee in lines
    ]


ROLES = {"0": "reference", "1": "generic", "2": "dose_complementary", "4": "substitutable"}


@SOME
@given(
    many(st.integers(1, 2000), capital, code(8), st.sampled_from(sorted(ROLES)), st.integers(1, 99), unique=(0, 2)),
    encodings,
)
def test_generics(lines: list[tuple[Any, ...]], encoding: str) -> None:
    written = [[str(group), label, cis, role, str(rank)] for group, label, cis, role, rank in lines]
    rows = read_back(read_bdpm_generics, tabbed(written), encoding)
    assert plain(rows, ("group", "group_label", "cis", "role", "rank")) == [
        (str(group), label, cis, ROLES[role], rank) for group, label, cis, role, rank in lines
    ]


@SOME
@given(many(code(8), atc, capital, unique=(0, 1)), encodings)
def test_classes(lines: list[tuple[Any, ...]], encoding: str) -> None:
    rows = read_back(read_bdpm_classes, tabbed([[*line, "https://exemple.fr"] for line in lines]), encoding)
    assert plain(rows, ("cis", "atc", "name")) == lines


EVENTS = {"inscription": "listing", "tarif": "tariff", "radiation": "delisting", "suspension": "suspension"}
UCD_HEADER = (
    "datepublication dateeffet libelleucd ucd7 ucd13 evenement prix prixttc denominationcommuneinternationale codeatc "
    "conditionderemboursement commentaire"
)
_KNOWN_NAMES = ("code", "label", "substance", "atc", "event", "published_on", "effective_on", "day")


@SOME
@given(many(days, optional_days, capital, code(7), st.sampled_from(sorted(EVENTS)), tariffs, capital, atc), separators)
def test_ucd_history(lines: list[tuple[Any, ...]], separator: str) -> None:
    written = [
        [french_day(published), french_day(effect), label, ucd, f"34008{ucd}0", event]
        + ([str(tariff), str(with_vat(tariff))] if event == "tarif" else ["", ""])
        + [substance, group, "", ""]
        for published, effect, label, ucd, event, tariff, substance, group in lines
    ]
    rows = read_back(read_ucd_history, delimited(UCD_HEADER, written, separator), "utf-8")
    assert plain(rows, (*_KNOWN_NAMES, "tariff_ht_eur", "tariff_ttc_eur", "ucd13")) == [
        (ucd, label, substance, group, EVENTS[event], published, effect, effect or published)
        + ((tariff, with_vat(tariff)) if event == "tarif" else (None, None))
        + (f"34008{ucd}0",)
        for published, effect, label, ucd, event, tariff, substance, group in lines
    ]


@SOME
@given(many(days, optional_days, capital, code(7), st.sampled_from(sorted(EVENTS)), optional), separators, encodings)
def test_lpp_history(lines: list[tuple[Any, ...]], separator: str, encoding: str) -> None:
    written = [
        [french_day(effect), label, lpp, event, french_day(published), comment]
        for published, effect, label, lpp, event, comment in lines
    ]
    header = "dateeffet libelle codelpp evenement datepublication commentaire"
    rows = read_back(read_lpp_history, delimited(header, written, separator), encoding)
    assert plain(rows, ("code", "label", "event", "published_on", "effective_on", "day", "comment")) == [
        (lpp, label, EVENTS[event], published, effect, effect or published, comment or None)
        for published, effect, label, lpp, event, comment in lines
    ]


@SOME
@given(many(capital, code(7), capital, atc, days, st.integers(0, 400), tariffs, unique=1), separators, encodings)
def test_biosimilar_tariffs(lines: list[tuple[Any, ...]], separator: str, encoding: str) -> None:
    header = "dci ucd7 ucd13 libelle_ucd code_atc date_publication_jo date_effet tarif_ht_eur tarif_ttc_eur"
    effects = [published + pd.Timedelta(days=wait).to_pytimedelta() for *_, published, wait, _ in lines]
    written = [
        [
            *(substance, ucd, f"34008{ucd}1", label, group, french_day(published), french_day(effect)),
            *(str(tariff), str(with_vat(tariff))),
        ]
        for (substance, ucd, label, group, published, _, tariff), effect in zip(lines, effects, strict=True)
    ]
    rows = read_back(read_biosimilar_tariffs, delimited(header, written, separator), encoding)
    assert plain(rows, (*_KNOWN_NAMES, "tariff_ht_eur", "tariff_ttc_eur")) == [
        (ucd, label, substance, group, "tariff", published, effect, effect, tariff, with_vat(tariff))
        for (substance, ucd, label, group, published, _, tariff), effect in zip(lines, effects, strict=True)
    ]


@SOME
@given(many(atc, capital, code(13), capital, st.sampled_from("BC"), unique=2), separators, encodings)
def test_biosimilar_flags(lines: list[tuple[Any, ...]], separator: str, encoding: str) -> None:
    text = delimited("ATC5 L_ATC5 CIP13 l_cip13 TOP_GEN", [list(line) for line in lines], separator)
    rows = read_back(read_biosimilar_flags, text, encoding)
    roles = {"B": "biosimilar", "C": "reference"}
    assert plain(rows, ("atc", "group", "code", "label", "role")) == [
        (group, substance.lower(), cip, label, roles[flag]) for group, substance, cip, label, flag in lines
    ]


@SOME
@given(many(code(7), capital, optional, optional, optional, optional_days), encodings)
def test_lpp_list(lines: list[tuple[Any, ...]], encoding: str) -> None:
    written = [[lpp, label, "", *branches, french_day(end)] for lpp, label, *branches, end in lines]
    header = "code_lpp nom_court arbo lib_arbo3 lib_arbo4 lib_arbo5 date_fin"
    rows = read_back(read_lpp_list, delimited(header, written, ";"), encoding, name="essai")
    assert plain(rows, ("code", "label", "role", "valid_to")) == [
        (lpp, label, next((one for one in reversed(branches) if one), None), end)
        for lpp, label, *branches, end in lines
    ]
    assert set(rows["list"]) == {"essai"}


@pytest.mark.parametrize("separator", [",", ";"])
@SOME
@given(many(code(7), optional, st.from_regex("I[0-9]{6}", fullmatch=True), capital, optional_days, optional_days))
def test_indications(separator: str, lines: list[tuple[Any, ...]]) -> None:
    header = "ucd7 specialite code_les inscription libindication datedebut periode datefin"
    written = [
        [ucd, product, les, "oui", label, french_day(start), "202204", french_day(end)]
        for ucd, product, les, label, start, end in lines
    ]
    rows = read_back(read_extra_list_indications, delimited(header, written, separator), "utf-8")
    names = ("code", "product", "indication", "status", "label", "listed_from", "listed_to", "as_of")
    assert plain(rows, names) == [
        (ucd, product or None, les, "listed", label, start, end, date(2022, 4, 1))
        for ucd, product, les, label, start, end in lines
    ]
