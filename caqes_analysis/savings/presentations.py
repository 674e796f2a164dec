"""Which boxes may be compared: same molecule, same dose, same number of units, read in the label of the presentation.

A price gap between boxes of different sizes is no gap (adalimumab 80 mg × 1 and 40 mg × 2), and a molecule may have a
reference without any biosimilar of its dose. What cannot be compared is left out, never guessed.
"""

from __future__ import annotations

import re

__all__ = ["comparable_key"]

_UNIT = r"(?:MICROGRAMMES?|MICROG|MCG|MUI|UI|MG|G|U|%)(?![A-Z])"
_DOSE = re.compile(
    rf"(?<![0-9,.])([0-9][0-9 ]*(?:[.,][0-9]+)?) ?({_UNIT})((?: ?/ ?[0-9][0-9 ]*(?:[.,][0-9]+)? ?{_UNIT})*)"
)
_PART = re.compile(rf"([0-9][0-9 ]*(?:[.,][0-9]+)?) ?({_UNIT})")
_PACK = re.compile(r"(?<![0-9,.])([0-9]+)\s*$")
_SAME_UNIT = {"MICROGRAMME": "MICROG", "MICROGRAMMES": "MICROG", "MCG": "MICROG", "UI": "U"}


def comparable_key(label: str | None) -> str | None:
    """Return dose and number of units of a presentation, as one text; None when the label does not tell both.

    Parameters
    ----------
    label
        Label of Open PHMEV (« HUMIRA 40 MG SOL INJ STYLO + TAMP 2 »).

    Examples
    --------
    >>> comparable_key("HUMIRA 40 MG SOL INJ STYLO + TAMP 2"), comparable_key("HYRIMOZ 80 MG SOL INJ STYLO 1")
    ('40MG x2', '80MG x1')
    >>> comparable_key("ENOXAPARINE BGA 4 000 UI/0,4 ML INJ 6"), comparable_key("LOVENOX 4000UI AXA/0,4ML INJ SER +S 6")
    ('4000U x6', '4000U x6')
    >>> comparable_key("EZETIMIBE/ ATOR VTS 10 MG/80 MG CPR 30"), comparable_key("SOLUTION BUVABLE")
    ('10MG/80MG x30', None)
    """
    if not isinstance(label, str):
        return None
    text = label.upper()
    dose, pack = _DOSE.search(text), _PACK.search(text)
    if dose is None or pack is None:
        return None
    parts = [_normal(number, unit) for number, unit in _PART.findall(dose.group(0))]
    return f"{'/'.join(parts)} x{int(pack.group(1))}"


def _normal(number: str, unit: str) -> str:
    value = number.replace(" ", "").replace(",", ".")
    short = value.rstrip("0").rstrip(".") if "." in value else value
    return f"{short}{_SAME_UNIT.get(unit, unit)}"
