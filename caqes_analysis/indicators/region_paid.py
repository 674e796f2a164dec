"""The indicators that a region pays for: its rule file names them, whatever scheme their definition was written for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from caqes_analysis.campaign import Campaign
from caqes_analysis.errors import CaqesError, Problem
from caqes_analysis.indicators.definition import IndicatorDefinition
from caqes_analysis.indicators.stakes import Incentive
from caqes_analysis.parameter_files import nearest
from caqes_analysis.schemes.rules import RegionalIncentiveRule
from caqes_analysis.schemes.scheme import Scheme, scheme_of

__all__ = ["REGIONAL_PART", "volet_label", "volet_under", "with_region_paid"]

REGIONAL_PART = "part régionale"
"""What stands for the volet of an indicator that the region pays under a scheme that its definition does not name."""


def volet_under(definition: IndicatorDefinition, scheme: Scheme | None) -> str | None:
    """Return the volet of an indicator under a scheme: that of its definition is of the scheme it was written for.

    Parameters
    ----------
    definition
        The definition, as the catalogue of a campaign has it.
    scheme
        The scheme; None outside any contract.
    """
    paid = scheme.regional_incentive.indicators if scheme is not None and scheme.regional_incentive is not None else ()
    is_added = scheme is not None and definition.id in paid and definition.schemes[0] != scheme.id
    return REGIONAL_PART if is_added else definition.volet


def volet_label(volet: str | None, schemes: object, scheme: str) -> str:
    """Return the group under which an indicator stands in the navigation.

    Parameters
    ----------
    volet
        Its volet.
    schemes
        Schemes that use it, separated by commas.
    scheme
        Scheme of the campaign.

    Examples
    --------
    >>> volet_label("1", "caqes-2022", "caqes-2022"), volet_label("socle", "caqes-2018", "caqes-2022")
    ('Volet 1', 'Suivi, hors contrat')
    """
    if not isinstance(schemes, str) or scheme not in schemes.split(",") or not isinstance(volet, str):
        return "Suivi, hors contrat"
    return volet.capitalize() if volet == REGIONAL_PART else f"Volet {volet}"


def with_region_paid(
    definitions: Mapping[str, IndicatorDefinition], campaign: Campaign, written: Collection[str]
) -> tuple[dict[str, IndicatorDefinition], list[Problem]]:
    """Return a catalogue in which the indicators of the regional part belong to the campaign's scheme, and are paid.

    Parameters
    ----------
    definitions
        The catalogue.
    campaign
        The campaign, whose rule file may name indicators (``regional_incentive.indicators``, ``incentive.rates_pct``).
    written
        Every indicator that has a file, those whose file has a problem of its own included.

    Returns
    -------
    tuple
        The catalogue, and a problem per name that the rule file gives and that no definition has: what it says of them
        would be paid to nobody.
    """
    try:
        scheme = scheme_of(campaign)
    except CaqesError:  # said by whoever checks the rules
        return dict(definitions), []
    named = scheme.regional_incentive.indicators if scheme.regional_incentive is not None else ()
    paid = {
        name: _paid(definitions[name], scheme.id, scheme.regional_incentive)
        for name in named
        if name in definitions and scheme.regional_incentive is not None
    }
    return {**definitions, **paid}, list(_problems(definitions, scheme, campaign, written))


def _paid(definition: IndicatorDefinition, scheme: str, rule: RegionalIncentiveRule) -> IndicatorDefinition:
    incentive = definition.incentive
    if incentive.kind == "none":
        incentive = Incentive(kind="amount", status="regional", source=rule.source)
    schemes = definition.schemes if scheme in definition.schemes else (*definition.schemes, scheme)
    return definition.model_copy(update={"schemes": schemes, "incentive": incentive})


def _problems(
    definitions: Mapping[str, IndicatorDefinition], scheme: Scheme, campaign: Campaign, written: Collection[str]
) -> Iterator[Problem]:
    file = campaign.scheme_rules.name if campaign.scheme_rules is not None else f"{scheme.id}.yml"
    regional = scheme.regional_incentive.indicators if scheme.regional_incentive is not None else ()
    rates = tuple(scheme.incentive.rates_pct) if scheme.incentive is not None else ()
    compared = (*scheme.atypie.indicators, scheme.atypie.spending_indicator) if scheme.atypie is not None else ()
    for key, names in (
        ("regional_incentive.indicators", regional),
        ("incentive.rates_pct", rates),
        ("atypie", compared),
    ):
        for name in names:
            if name not in written:
                close = nearest(name, sorted(written))
                hint = f"Vouliez-vous dire « {close} » ? " if close else ""
                yield Problem(
                    "REGLE_INDICATEUR",
                    "cette règle nomme un indicateur qu'aucune définition ne décrit : elle ne viserait personne.",
                    f"{hint}Corriger le nom, ou ajouter la définition dans « indicators », à côté de la campagne.",
                    file,
                    column=key,
                    value=name,
                )
            elif (
                key.startswith("regional")
                and name in definitions
                and definitions[name].incentive.kind == "savings_share"
            ):
                yield Problem(
                    "REGLE_DOUBLE",
                    "cet indicateur donne déjà une part nationale des économies : la part régionale l'oublierait.",
                    "Le retirer de la part régionale, ou écrire incentive.kind: amount dans sa définition.",
                    file,
                    column=key,
                    value=name,
                )
    if scheme.atypie is not None and (spending := definitions.get(scheme.atypie.spending_indicator)) is not None:
        known = [one.id for one in spending.measures if one.evolution_of is None]
        if scheme.atypie.spending_measure not in known:
            yield Problem(
                "REGLE_MESURE",
                f"l'indicateur « {spending.id} » n'a pas cette mesure.",
                f"Choisir parmi : {', '.join(known)}.",
                file,
                column="atypie.spending_measure",
                value=scheme.atypie.spending_measure,
            )
