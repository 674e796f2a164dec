"""Lines of a simulated Open PHMEV: drawn by establishment, many at a time, from what the real file holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd

from caqes_analysis.simulation.establishments import Establishment, sample_mix

__all__ = ["PEOPLE", "Lines", "Products", "draw_lines", "largest_lines_nb", "products", "usual_lines_nb"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Lines of an establishment (real sample, lines × 350 against money): 4,400 for 9.5 M€ a year, 13,000 for 100 M€; a
# small hospital has few lines because a line is worth something.
_LINES_REFERENCE_NB, _LINES_REFERENCE_EUR, _LINES_POWER, _LINE_EUR = 4400, 9.5e6, 0.45, 150
# Beyond this share of all that can exist, the frequent lines would be exhausted and the mix flattened.
_LARGEST_SHARE_OF_LINES = 0.5
_PERSISTENT_SD, _YEARLY_SD, _CHURN_SD, _CLASS_SD = 0.45, 0.08, 0.06, 0.25
# Costly treatments are begun in large centres: below this yearly money, a product dearer than that gets rarer.
_COSTLY_EUR, _LARGE_CENTRE_EUR = 300.0, 15e6
_LARGEST_SHARE_OF_A_BOX = 0.05
# No line weighs more than this in its establishment, unless it has a few lines only.
_LARGEST_SHARE_OF_A_LINE = 0.04
_CANCER_CENTRE_L_FACTOR = 2.0
# From the real lines of 2024, by generic status: yearly drift of the price of a box, and of the boxes (biosimilars
# take over from their references); and its spread between products, the same for all the establishments of a region.
_SAMPLE_YEAR = 2024
_PRICE_DRIFT, _PRICE_DRIFT_OTHERS = {"1": -0.02, "4": -0.02, "B": -0.015, "C": -0.03}, -0.01
_BOXES_DRIFT, _BOXES_DRIFT_OTHERS, _BOXES_DRIFT_SD = {"B": 0.18, "C": -0.10, "4": -0.03}, 0.02, 0.05
# The patient's share of a line, around its product's: some patients pay none, some have a lower rate.
_PRICE_SD, _COPAYMENT_SPREAD, _LOWEST_RATE = 0.01, 0.3, 0.15
_FEES_SD, _FEES_YEARLY_SD = 0.15, 0.03
_PRIOR_LINES = 12
_ROUNDS = 6
_AGES, _SEXES = ("0", "20", "60", "99"), ("1", "2", "9")

_ATC_LENGTHS = (1, 3, 4, 5, 7)
_FEES_LABEL = "Honoraires de dispensation"


@dataclass(frozen=True)
class Products:
    """What a line may be about: identified presentations, then masked classes.

    Parameters
    ----------
    heads
        The first fourteen columns of a line (``atc1`` to ``GEN_NUM``), joined, in cp1252; the fees come last.
    lines, boxes
        Weights: how frequent its lines are, how many boxes they hold together.
    price_eur, rate_share
        Base of reimbursement of a box, and share of it that is reimbursed.
    is_masked
        Whether the CIP13 is masked.
    letter, letters
        First ATC level of each product, as a rank in ``letters``.
    price_drift, boxes_drift
        Change of its price and of its boxes from one year to the next.
    """

    heads: tuple[bytes, ...]
    lines: Floats
    boxes: Floats
    price_eur: Floats
    rate_share: Floats
    is_masked: npt.NDArray[np.bool_]
    letter: Integers
    letters: tuple[str, ...]
    price_drift: Floats
    boxes_drift: Floats


@dataclass(frozen=True)
class Lines:
    """Lines of one establishment and year: ranks of product and of people, boxes, and amounts in cents."""

    product: Integers
    people: Integers
    boxes: Integers
    reimbursed_cents: Integers
    base_cents: Integers


def _read(name: str) -> pd.DataFrame:
    source = files("caqes_analysis.simulation").joinpath(name)
    text = {"cip13": str, "atc5": str, "atc": str, "code": str, "label": str}
    text |= {"generic_status": str, "generic_group": str}
    with source.open(encoding="utf-8") as content:
        return pd.read_csv(content, sep=";", dtype=text, keep_default_na=False)


def _chain(code: str, labels: dict[str, str], *, is_masked: bool) -> list[str]:
    """Return the ten ATC columns of a line; a masked line tells its classes down to ``code`` only."""
    columns = []
    for length in _ATC_LENGTHS:
        if is_masked and len(code) < length:
            columns += ["9" * length, "INCONNU" if length == 3 else "Non restitué"]
        else:
            columns += [code[:length], labels[code[:length]]]
    return columns


def _quoted(text: str) -> str:
    """Return a field as the real file writes it: between quotes when it holds one (« LOW-CEILING »)."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if '"' in text or ";" in text else text


@cache
def products() -> Products:
    """Return the products of the simulation, read once from the data files of the package."""
    labels = dict(_read("open_phmev_atc.csv").itertuples(index=False, name=None))
    told, masked = _read("open_phmev_presentations.csv"), _read("open_phmev_masked.csv")
    identity = told[["cip13", "label", "generic_status", "generic_group"]].to_numpy().tolist()
    heads = [
        [*_chain(code, labels, is_masked=False), *texts]
        for code, texts in zip(told["atc5"].tolist(), identity, strict=True)
    ]
    unknown = ["9" * 13, "Non restitué", "9", "9999"]
    heads += [[*_chain(code, labels, is_masked=True), *unknown] for code in masked["atc"].tolist()]
    heads.append([part for length in _ATC_LENGTHS for part in ("0" * length, _FEES_LABEL)])
    heads[-1] += ["0", _FEES_LABEL, "0", "0"]
    both = pd.concat([told, masked.assign(atc5=masked["atc"], generic_status="9")], ignore_index=True)
    letters = tuple(sorted(both["atc5"].str[0].unique()))
    prices = both["generic_status"].map(_PRICE_DRIFT).fillna(_PRICE_DRIFT_OTHERS)
    boxes = both["generic_status"].map(_BOXES_DRIFT).fillna(_BOXES_DRIFT_OTHERS)
    return Products(
        heads=tuple(";".join(map(_quoted, head)).encode("cp1252") for head in heads),
        lines=both["lines"].to_numpy(float),
        boxes=both["boxes"].to_numpy(float),
        price_eur=both["base_eur_per_box"].to_numpy(float),
        rate_share=both["reimbursed_share"].to_numpy(float),
        is_masked=(both["generic_status"] == "9").to_numpy(bool),
        letter=both["atc5"].str[0].map(letters.index).to_numpy(np.int64),
        letters=letters,
        price_drift=np.asarray(prices, dtype=np.float64),
        boxes_drift=np.asarray(boxes, dtype=np.float64),
    )


PEOPLE = tuple((age, sex) for age in _AGES for sex in _SEXES)


@cache
def _people(tells_age: bool, tells_sex: bool) -> tuple[Floats, Floats]:
    """Return how frequent each age and sex is, and the boxes of its lines against the mean line.

    Two arrays, rows: identified lines of each ATC letter, then masked ones; columns: ``PEOPLE``. Ages and sexes of a
    letter are those of all letters, corrected by what the sample says of this letter's ages, then of its sexes.
    """
    mix, letters = sample_mix(), products().letters
    lines, boxes = np.zeros((2, 1, len(PEOPLE))), np.zeros((2, 1, len(PEOPLE)))
    for masked, with_age, with_sex, age, sex, lines_nb, boxes_nb in mix["age_sex"]["data"]:
        if (with_age, with_sex) == (str(int(tells_age)), str(int(tells_sex))):
            place = int(masked), 0, PEOPLE.index((age, sex))
            lines[place], boxes[place] = lines_nb, boxes_nb
    frequency = lines / lines.sum(axis=2, keepdims=True)
    factor = np.divide(boxes, lines, out=np.zeros_like(boxes), where=lines > 0)
    factor = np.broadcast_to(factor, (2, len(letters), len(PEOPLE)))
    for table, names, rank in (("class_age", _AGES, 0), ("class_sex", _SEXES, 1)):
        counts = np.zeros((2, len(letters), len(names)))
        for letter, name, lines_nb, boxes_nb in mix[table]["data"]:
            counts[:, letters.index(letter), names.index(name)] = lines_nb, boxes_nb
        # A dozen lines of the common mix keep a rare class from having no child or no man at all.
        common = counts.sum(axis=1, keepdims=True)
        counts += _PRIOR_LINES * common / common[0].sum()
        share = counts / counts.sum(axis=2, keepdims=True) / (common / common.sum(axis=2, keepdims=True))
        columns = [names.index(who[rank]) for who in PEOPLE]
        frequency = frequency * share[0][:, columns]
        factor = factor * (share[1] / share[0])[:, columns]
    frequency = frequency / frequency.sum(axis=2, keepdims=True)
    factor = factor / (frequency * factor).sum(axis=2, keepdims=True)
    return frequency.reshape(-1, len(PEOPLE)), factor.reshape(-1, len(PEOPLE))


def usual_lines_nb(yearly_eur: float) -> float:
    """Return about how many lines an establishment of that PHMEV has in the real file."""
    by_size = _LINES_REFERENCE_NB * (yearly_eur / _LINES_REFERENCE_EUR) ** _LINES_POWER
    return float(min(by_size, yearly_eur / _LINE_EUR))


def largest_lines_nb(one: Establishment) -> int:
    """Return the most lines that an establishment can have without flattening the mix of its products."""
    shares, _ = _people(one.tells_age, one.tells_sex)
    return int(_LARGEST_SHARE_OF_LINES * len(products().lines) * np.count_nonzero(shares[0]))


def draw_lines(one: Establishment, cents: int, lines_nb: int, *, seed: int, year: int) -> Lines:
    """Draw the lines of an establishment and year.

    Parameters
    ----------
    one
        The establishment.
    cents
        What its reimbursed amounts add up to, exactly.
    lines_nb
        Number of lines, fees included; the most it can have when that is less.
    seed, year
        The same establishment keeps most of its lines from one year to the next.

    Returns
    -------
    Lines
        At most ``lines_nb`` lines; none when there is no money.
    """
    all_products = products()
    lasting, yearly = np.random.default_rng([seed, 5, one.index]), np.random.default_rng([seed, 6, one.index, year])
    shares, factors = _people(one.tells_age, one.tells_sex)
    who = all_products.letter + len(all_products.letters) * all_products.is_masked
    years = year - _SAMPLE_YEAR
    price = all_products.price_eur * (1 + all_products.price_drift) ** years
    trend = all_products.boxes_drift + _BOXES_DRIFT_SD * np.random.default_rng([seed, 9]).normal(size=len(price))
    boxes_per_line = all_products.boxes / all_products.lines * np.exp(trend * years)
    fees_nb = min(int(np.count_nonzero(shares[0])), lines_nb // 4) if cents > 0 else 0

    # Which lines exist: the lowest of exponential times are a sample without replacement by weight.
    by_class = np.exp(_CLASS_SD * lasting.normal(size=len(all_products.letters)))
    if one.kind == "cancer":
        by_class[all_products.letters.index("L")] *= _CANCER_CENTRE_L_FACTOR
    rarity = np.where(price > _COSTLY_EUR, min(1.0, (cents / 100 / _LARGE_CENTRE_EUR) ** 0.5), 1.0)
    possible = price * 100 <= max(_LARGEST_SHARE_OF_A_BOX * cents, price.min() * 100)
    weight = (all_products.lines * by_class[all_products.letter] * rarity * possible)[:, None] * shares[who]
    changed = weight * np.exp(_CHURN_SD * yearly.normal(size=weight.shape))
    times = np.divide(
        lasting.exponential(size=weight.shape), changed, out=np.full(weight.shape, np.inf), where=weight > 0
    )
    steady = lasting.normal(size=weight.shape).ravel()
    drugs_nb = min(lines_nb - fees_nb, int(np.count_nonzero(weight))) if cents > 0 else 0
    chosen = np.sort(np.argpartition(times.ravel(), drugs_nb - 1)[:drugs_nb]) if drugs_nb else np.arange(0)
    product, person = np.divmod(chosen, len(PEOPLE))
    # A frequent line is there once at most: its boxes make up for it (weight over probability to be drawn).
    reach = (changed * times.ravel()[chosen].max(initial=0.0)).ravel()[chosen]
    repeats = reach / -np.expm1(-reach)

    # How many boxes, then prices that make the total exact.
    noise = _PERSISTENT_SD * steady[chosen] + _YEARLY_SD * yearly.normal(size=drugs_nb)
    expected = boxes_per_line[product] * factors[who[product], person]
    expected = expected * repeats * np.exp(noise)
    copayment = (1 - all_products.rate_share[product]) * (1 + _COPAYMENT_SPREAD * yearly.uniform(-1, 1, drugs_nb))
    rate = np.clip(1 - copayment, _LOWEST_RATE, 1.0)
    unit = 100 * price[product] * np.exp(_PRICE_SD * yearly.normal(size=drugs_nb))
    fees_noise = _FEES_SD * lasting.normal() + _FEES_YEARLY_SD * yearly.normal()
    fees_share = sample_mix()["fees_reimbursed_share"] * np.exp(fees_noise) if fees_nb else 0.0
    fees_cents = round(cents * fees_share)
    boxes = _fit(expected, unit * rate, cents - fees_cents)
    base, reimbursed = _exact(boxes * unit, rate, cents - fees_cents)

    people = np.argsort(-shares[0], kind="stable")[:fees_nb]
    spread = (shares[0] * factors[0])[people] * np.exp(_FEES_YEARLY_SD * yearly.normal(size=fees_nb))
    fees_rate = np.full(fees_nb, sample_mix()["fees_rate_share"])
    fees_base, fees_reimbursed = _exact(spread, fees_rate, fees_cents)
    return Lines(
        product=np.concatenate([product, np.full(fees_nb, len(price))]),
        people=np.concatenate([person, people]),
        boxes=np.concatenate([boxes, np.zeros(fees_nb, dtype=np.int64)]),
        reimbursed_cents=np.concatenate([reimbursed, fees_reimbursed]),
        base_cents=np.concatenate([base, fees_base]),
    )


def _fit(expected: Floats, unit_cents: Floats, cents: int) -> Integers:
    """Return whole boxes, at least one a line, in the proportions expected and worth about ``cents``."""
    scale = cents / max((expected * unit_cents).sum(), 1.0)
    boxes = np.ones(len(expected), dtype=np.int64)
    most = max(_LARGEST_SHARE_OF_A_LINE, 3 / max(len(expected), 1)) * cents / unit_cents
    for _ in range(_ROUNDS):
        boxes = np.maximum(1, np.rint(np.minimum(expected * scale, most))).astype(np.int64)
        scale *= cents / max((boxes * unit_cents).sum(), 1.0)
    return boxes


def _exact(base_cents: Floats, rate: Floats, cents: int) -> tuple[Integers, Integers]:
    """Return bases and reimbursed amounts, the latter adding up to ``cents``; the largest line takes the rounding."""
    if not len(rate):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    scaled = base_cents * (cents / max((base_cents * rate).sum(), 1e-9))
    reimbursed = np.rint(scaled * rate).astype(np.int64)
    largest = int(np.argmax(reimbursed))
    reimbursed[largest] += cents - reimbursed.sum()
    return np.maximum(np.rint(scaled).astype(np.int64), reimbursed), reimbursed
