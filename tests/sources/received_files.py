"""One sound file of every kind that a region receives as text, and the reader of each, for tests that damage them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from caqes_analysis.quality import read_corrections
from caqes_analysis.schemes import read_targets
from caqes_analysis.schemes.answers import read_grid_answers
from caqes_analysis.simulation.mapped_files import Fact, write_mapped
from caqes_analysis.sources import (
    read_activity,
    read_contracts,
    read_establishments,
    read_lpp_spend,
    read_mapped,
    read_monthly_spend,
    read_prescriber_spend,
)
from caqes_analysis.sources.atih import read_atih
from caqes_analysis.sources.atih_references import read_known_codes
from caqes_analysis.sources.bdpm import (
    read_bdpm_classes,
    read_bdpm_generics,
    read_bdpm_presentations,
    read_bdpm_products,
)
from caqes_analysis.sources.biosimilars import read_biosimilar_flags
from caqes_analysis.sources.column_mapping import known_mappings
from caqes_analysis.sources.extra_list_history import read_biosimilar_tariffs, read_lpp_history, read_ucd_history
from caqes_analysis.sources.extra_list_indications import read_extra_list_indications
from caqes_analysis.sources.extracts import contrats_signes
from caqes_analysis.sources.findings import Findings
from caqes_analysis.sources.finess import read_finess
from caqes_analysis.sources.lpp_lists import read_lpp_list
from caqes_analysis.sources.mapped_cells import Period
from tests.schemes.test_grid import minimal_grid
from tests.sources.atih_files import content, drug
from tests.sources.reference_lines import site

A, B, C = "990000001", "2A0000002", "010007987"
Read = Callable[[Path], tuple[pd.DataFrame, Findings]]


@dataclass(frozen=True)
class Kind:
    """A kind of file: its bytes, its reader, and how its lines are made.

    Parameters
    ----------
    content
        Bytes of a sound file.
    read
        The rows, without what names the file, and the findings.
    separator
        What separates its fields; empty for positions.
    has_header
        True when its first line names its columns.
    is_quoted
        True when a field may stand between quotation marks.
    """

    content: bytes
    read: Read
    separator: str = ";"
    has_header: bool = True
    is_quoted: bool = True


def _received(read: Callable[..., Any], **options: Any) -> Read:
    def run(path: Path) -> tuple[pd.DataFrame, Findings]:
        received = read(path, delivery="d", **options)
        return received.rows, received.findings

    return run


def _monthly(path: Path) -> tuple[pd.DataFrame, Findings]:
    return _received(read_monthly_spend, amount_kind="reimbursed", date_basis="care", tax="TTC")(path)


def _targets(path: Path) -> tuple[pd.DataFrame, Findings]:
    return read_targets([path]), Findings()


def _known_codes(path: Path) -> tuple[pd.DataFrame, Findings]:
    return pd.DataFrame({"code": sorted(read_known_codes(path))}), Findings()


def _answers(folder: Path, path: Path) -> tuple[pd.DataFrame, Findings]:
    return _received(read_grid_answers, grid=minimal_grid(folder), contracts=[A, B, C])(path)


class _Campaign:
    scheme = "caqes-2022"


def _lines(*lines: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return (end.join(lines) + end).encode(encoding)


def _mapped(folder: Path, name: str, facts: list[Fact], **options: Any) -> Kind:
    mapping = known_mappings()[name]
    path = write_mapped(folder / f"{name}.csv", mapping, facts, names={A: "CH d'Échaley", B: "Clinique", C: "CHU"})
    data = path.read_bytes()
    path.unlink()
    facts_of_money = {"amount_kind": "reimbursed", "date_basis": "care", "tax": "TTC"}
    return Kind(data, _received(read_mapped, mapping=mapping, **facts_of_money, **options), mapping.separator)


def _amounts(*values: str) -> list[Decimal]:
    return [Decimal(value) for value in values]


def kinds(folder: Path) -> dict[str, Kind]:
    """Return a sound file of every kind by name; ``folder`` holds what some readers need besides."""
    months = [f"2024-{month:02d}" for month in range(1, 5)]
    money = _amounts("1234.56", "22345.60", "345678.01", "98.70")
    transports = [
        Fact(finess, Period(2024, 3), f"transport_{mode}", {"amount": money[rank] + place})
        for place, finess in enumerate((A, B, C))
        for rank, mode in enumerate(("ambulance", "taxi", "vsl"))
    ]
    by_month = [
        Fact(finess, Period(2024, month), code, {"amount": money[month - 1] + place})
        for place, finess in enumerate((A, B))
        for code in ("transport_ambulance", "transport_taxi")
        for month in (1, 2, 3)
    ]
    in_keur = [
        Fact(finess, Period(2024, month), code, {"amount": money[month] + place})
        for place, finess in enumerate((A, B))
        for month in (1, 2)
        for code in ("lpp", "perfadom")
    ]
    lpp = [
        Fact(finess, Period(2024, month), code, {"quantity": Decimal(12 + month), "amount": money[month]})
        for finess in (A, B)
        for month in (1, 2)
        for code in ("1103392", "1104629")
    ]
    stays = [
        Fact(finess, Period(2023), code, {"count": Decimal(1200 + 7 * place)})
        for place, finess in enumerate((A, B, C))
        for code in ("stays", "sessions")
    ]
    rsa = content(drug(), drug(finess="2A0000014", quantity=1500), drug(quantity=3250, purchase=1_234_567), drug())
    invoices = content(
        *[drug(quantity=nb, unit_purchase=10_000, billed=10_000 * nb) for nb in (1, 2, 5)],
        file_type="rafael",
        record="H",
    )
    return {
        "monthly_spend": Kind(
            _lines(
                "finess;mois;enveloppe;montant",
                *(f"{f};{m};phmev;{rank + 1}23{rank},5{rank}" for f in (A, B, C) for rank, m in enumerate(months)),
                encoding="cp1252",
                end="\r\n",
            ),
            _monthly,
        ),
        "monthly_spend_quantity": Kind(
            _lines(
                "finess;mois;enveloppe;quantite;montant",
                *(
                    f"{f};{m};lpp;{rank + 3};{rank + 1}23{rank},5{rank}"
                    for f in (A, B, C)
                    for rank, m in enumerate(months)
                ),
            ),
            _monthly,
        ),
        "transports_cumul": _mapped(folder, "transports-cumul", transports, as_of=pd.Timestamp(2024, 3, 1).date()),
        "transports_by_month": _mapped(folder, "transports-mois-en-colonnes", by_month),
        "envelopes_keur": _mapped(folder, "enveloppes-en-keur", in_keur),
        "lpp_by_code": _mapped(folder, "lpp-par-code", lpp),
        "activity_by_column": _mapped(folder, "activite-en-colonnes", stays),
        "activity": Kind(
            _lines(
                "finess;periode;activite;nombre",
                *(
                    f"{f};{y};{name};{nb}"
                    for f in (A, B, C)
                    for y, name, nb in ((2023, "stays", 1204), (2022, "sessions", 88))
                ),
            ),
            _received(read_activity),
        ),
        "lpp_spend": Kind(
            _lines(
                "finess;periode;code_lpp;quantite;montant",
                *(
                    f"{f};{m};1103392;{rank + 2};{rank + 1}4{rank},5{rank}"
                    for f in (A, B, C)
                    for rank, m in enumerate(months)
                ),
            ),
            _received(read_lpp_spend),
        ),
        "prescriber_spend": Kind(
            _lines(
                "finess;annee;prescripteur;libelle;code;boites;montant",
                f"{A};2023;10000000009;Rhumatologie;3400930000001;12;1234,56",
                f"{A};2023;UF 3120;Hôpital de jour;1101234;3,5;98,70",
                f"{B};2022;10000000017;Médecine;3400930000002;45;22345,60",
                f"{C};2023;UF 7;Urgences;3400930000003;7;345,01",
            ),
            _received(read_prescriber_spend),
        ),
        "establishments": Kind(
            _lines(
                "finess;finess_ej;finess_et;finess_contrat;nom;categorie;statut;departement;commune;region;valide_du;"
                "valide_au;successeur",
                f"{A};{A};990000011;{A};CH d'Échaley;CH;public;99;Échaley;96;01/01/2010;;",
                f"{B};2A0000099;{B};{B};Clinique de l'Étang;privé;prive;2A;Ajaccio;96;01/01/2010;;",
                f"{C};{C};010000011;{C};CHU de Bourg;CHU;public;01;Bourg;96;01/01/2010;31/12/2023;{A}",
                encoding="cp1252",
                end="\r\n",
            ),
            _received(read_establishments),
        ),
        "contracts": Kind(
            _lines(
                "finess_contrat;dispositif;statut;date_effet;volets;indicateurs",
                f"{A};caqes-2022;signé;01/07/2022;1,2;phev_ipp,phev_perfadom",
                f"{B};caqes-2022;refusé;;1;phev_ipp",
                f"{C};caqes-2018;terminé;01/01/2018;socle;",
                encoding="cp1252",
                end="\r\n",
            ),
            _received(read_contracts, schemes=["caqes-2018", "caqes-2022"]),
        ),
        "signed_contracts": Kind(
            _lines(
                "finess;raison_sociale;date_de_signature;volets",
                f"{A};CH d'Échaley;01/07/2022;1",
                f"{B};Clinique;;",
                f"{C};CHU;15/09/2022;1,2",
            ),
            _received(partial(contrats_signes.read, campaign=_Campaign())),
        ),
        "finess": Kind(
            _lines(
                "finess;etalab;111;2026-05-12",
                site(),
                site(nofinesset="2A0000014", nofinessej="2A0000022", departement="2A", rs="CH D'AJACCIO"),
                site(nofinesset="010000011", nofinessej="010000003", departement="01", categetab="101"),
                "geolocalisation;990000011;896351.4;6543210.6;1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,LAMBERT_93;2026-05-01",
            ),
            _received(read_finess),
            has_header=False,
        ),
        "bdpm_products": Kind(
            _lines(
                *(
                    f"6000000{nb}\tESSAIXINE {nb}0 mg, gélule\tgélule\torale\tAutorisation active\t"
                    f"Procédure nationale\tCommercialisée\t12/03/1998\t\t\t LABO\tNon"
                    for nb in (1, 2, 3)
                ),
                encoding="cp1252",
                end="\r\n",
            ),
            _received(read_bdpm_products),
            "\t",
            has_header=False,
            is_quoted=False,
        ),
        "bdpm_presentations": Kind(
            _lines(
                *(
                    f"6000000{nb}\t300000{nb}\tplaquette de {nb}0 gélules\tPrésentation active\t"
                    f"Déclaration de commercialisation\t16/03/2011\t340093000001{nb}\toui\t65 %\t"
                    f"{nb}4,34\t{nb}5,36\t1,02\t"
                    for nb in (1, 2, 3)
                )
            ),
            _received(read_bdpm_presentations),
            "\t",
            has_header=False,
            is_quoted=False,
        ),
        "bdpm_generics": Kind(
            _lines(
                *(f"{nb}\tESSAIXINE {nb}0 mg, gélule\t6000000{nb}\t0\t1" for nb in (1, 2, 3)),
                encoding="cp1252",
                end="\r\n",
            ),
            _received(read_bdpm_generics),
            "\t",
            has_header=False,
            is_quoted=False,
        ),
        "bdpm_classes": Kind(
            _lines(
                *(f"6000000{nb}\tA02BC0{nb}\tESSAIXINE {nb}0 mg, gélule\thttp://exemple.fr" for nb in (1, 2, 3)),
                encoding="cp1252",
                end="\r\n",
            ),
            _received(read_bdpm_classes),
            "\t",
            has_header=False,
            is_quoted=False,
        ),
        "ucd_history": Kind(
            _lines(
                "datepublication,dateeffet,libelleucd,ucd7,ucd13,evenement,prix,prixttc,"
                "denominationcommuneinternationale,codeatc,conditionderemboursement,commentaire",
                "30/11/2021,01/03/2022,AZACITIDINE ÉTÉ,9000294,34008 9000294 3,tarif,73.004,74.537,Aza,L01BC07,,",
                "30/11/2020,01/12/2020,AZACITIDINE ÉTÉ,9000294,34008 9000294 3,inscription,,,Azacitidine,L01BC07,,",
                "02/02/2021,03/02/2021,INFLIXIMAB X,9000458,34008 9000458 9,tarif,210,214.41,Infliximab,L04AB02,,",
            ),
            _received(read_ucd_history),
            ",",
        ),
        "lpp_history": Kind(
            _lines(
                "dateeffet,libelle,codelpp,evenement,datepublication,commentaire",
                '01/01/2022,"IMPLANT (1 ML),BOSTON",8112833,suppression,15/12/2021,',
                '01/01/2022,"IMPLANT (2 ML),BOSTON",8112840,suppression,15/12/2021,',
                "28/02/2006,IMPLANT ÉTÉ,8112857,figure,28/02/2006,",
            ),
            _received(read_lpp_history),
            ",",
        ),
        "biosimilar_tariffs": Kind(
            _lines(
                "dci;ucd7;ucd13;libelle_ucd;code_atc;date_publication_jo;date_effet;tarif_ht_eur;tarif_ttc_eur",
                "infliximab;9000458;3400890004589;REMSIMA 120MG;L04AB02;02/02/2021;03/02/2021;210;214.41",
                "infliximab;9000459;3400890004596;REMSIMA 100MG;L04AB02;02/02/2021;03/02/2021;203.37;207.641",
                "rituximab;9001001;3400890010016;TRUXIMA 500MG ÉTÉ;L01XC02;05/03/2019;01/04/2019;800.5;817.311",
            ),
            _received(read_biosimilar_tariffs),
        ),
        "indications": Kind(
            _lines(
                "ucd7,specialite,code_les,inscription,ucd13,dci,labo,libindication,datedebut,classind1,classind2,periode,"
                "time_i,gener,datefin",
                '9400001,ESSAI,I000001,oui,3400894000013,essai,LABO,"douleur, été",01/03/2019,A,B,202204,202204,,',
                "9400002,ESSAI B,I000002,non,3400894000020,essai,LABO,fièvre,01/04/2019,A,B,202204,202204,,31/12/2021",
                "9400003,ESSAI C,I000003,RTU,3400894000037,essai,LABO,toux,01/05/2019,A,B,202204,202204,,",
            ),
            _received(read_extra_list_indications),
            ",",
        ),
        "biosimilar_flags": Kind(
            _lines(
                "ATC5,L_ATC5,CIP13,l_cip13,TOP_GEN",
                "A10AB05,INSULINE ASPART,3400930233931,INSULINE SANO ÉTÉ,B",
                "A10AB05,INSULINE ASPART,3400930212042,NOVORAPID,C",
                "L04AB04,ADALIMUMAB,3400930108735,HUMIRA,C",
            ),
            _received(read_biosimilar_flags),
            ",",
        ),
        "lpp_list": Kind(
            _lines(
                "code_lpp;nom_court;arbo;lib_arbo3;lib_arbo4;lib_arbo5;date_fin",
                "1103392;PERFUSION, FORFAIT;1121000000;DM ÉTÉ;PERF A DOM;DIFFUSEURS;",
                "1104629;PERFUSION HEBDO;1121000000;DM;PERF A DOM;;31/12/2018",
                "1105700;PERFUSION JOUR;1121000000;DM;;;",
            ),
            _received(read_lpp_list, name="essai"),
        ),
        "known_codes": Kind(_lines("code;libelle", "9000294;AZA ÉTÉ", "9000389;AZA SDZ", "9000458;REM"), _known_codes),
        "atih_rsa_med": Kind(
            rsa, _received(read_atih, file_type="rsa_med", year=2021), "", has_header=False, is_quoted=False
        ),
        "atih_rafael": Kind(
            invoices, _received(read_atih, file_type="rafael", year=2021), "", has_header=False, is_quoted=False
        ),
        "corrections": Kind(
            _lines(
                "finess;periode;champ;ancien;nouveau;auteur;date;preuve",
                f"{A};2024-03;phmev;12345,60;1234,56;Mme Été;15/10/2024;courriel du 14/10/2024",
                f"{B};2024-04;lpp;;77,50;Mme Été;15/10/2024;courriel du 14/10/2024",
                f"{C};2023;sessions;88;90;Mme Été;16/10/2024;appel",
            ),
            read_corrections,
        ),
        "grid_answers": Kind(
            _lines(
                "finess_contrat;annee;critere;reponse;preuve",
                f"{A};2019;c1;oui;note été",
                f"{A};2019;c2;49,5;note 13",
                f"{B};2019;c3;sans objet;",
                f"{B};2019;c2;51,2;note 14",
            ),
            partial(_answers, folder),
        ),
        "targets": Kind(
            _lines(
                "scheme;subject;measure;data_year;finess;value;unit_label;source;status",
                "caqes-2018;phev;evolution_pct;2018;all;3,3;%;arrêté du 12/12/2018;verified",
                "caqes-2018;phev;evolution_pct;2019;all;3,3;%;arrêté du 12/12/2018;verified",
                "caqes-2018;transports;threshold_eur;2019;all;500000;€;arrêté;verified",
            ),
            _targets,
        ),
    }
