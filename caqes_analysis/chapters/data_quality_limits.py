"""What no check of the data sees, and what would make it visible: tried on damaged regions, said as it is."""

from __future__ import annotations

import pandas as pd

from caqes_analysis import french
from caqes_analysis.chapters.page import Page
from caqes_analysis.display import ColumnFormat, Table

__all__ = ["STRUCTURAL", "limits"]

# What a transfer or a spreadsheet may do to a file, unseen: the lists of tests/sources/test_*corruptions.py.
STRUCTURAL = (
    (
        "Dans un classeur, une cellule supprimée et celles du dessous remontées d'une ligne",
        "Le total des montants ou des nombres, ou l'empreinte",
    ),
    (
        "Une colonne facultative supprimée (catégorie, volets, quantités, preuve), ou sous un nom sans rapport : la "
        "colonne inconnue est alors citée, pour information",
        "L'empreinte, ou la comparaison avec l'édition précédente",
    ),
    (
        "Deux colonnes de même nature échangées sous leurs noms : deux modes de transport, deux mois, volets et "
        "indicateurs d'un contrat qui existent des deux côtés, textes et libellés, ou une colonne vide",
        "L'empreinte ; un total ni un nombre de lignes ne le voient",
    ),
    (
        "Une année écrite à la place d'un mois, là où les deux existent (LPP par code, corrections)",
        "Une autre livraison des mêmes mois, ou l'empreinte",
    ),
    (
        "Les derniers mots d'une preuve, dans un fichier coupé ; dans un classeur, une cellule facultative vide "
        "fusionnée avec sa voisine",
        "L'empreinte",
    ),
)
# Each was planted in a file or in a simulated region (tests: common defects) and passed in silence.
_UNSEEN = (
    *STRUCTURAL,
    (
        "Un chiffre changé qui laisse un montant plausible ; le signe perdu d'une régularisation, quand le montant "
        "positif qui en reste est celui d'un mois ordinaire, ou se perd dans la somme d'un mois",
        "Le total de la colonne annoncé par l'expéditeur (control_total_eur ; bases, montants facturés, tarifs et "
        "nombres ont le leur), ou l'empreinte du fichier (sha256)",
    ),
    (
        "Un FINESS, un mois ou un code changé en un autre possible : tous les totaux du fichier restent justes",
        "L'empreinte du fichier ; pour un FINESS de la PHMEV, Open PHMEV de la même année",
    ),
    (
        "Un chiffre changé dans un fichier sans montant : établissements, contrats, référentiels de codes",
        "L'empreinte du fichier ; un nombre de lignes ne le voit pas",
    ),
    (
        "Un code LPP qui n'existe pas, quand aucune nomenclature complète de la période n'est reçue",
        "La nomenclature (references, content: lpp_list, is_complete: true)",
    ),
    (
        "Une date d'effet de contrat fausse, mais possible ; d'une autre année, elle se voit quand les autres contrats "
        "ont le même jour de la bonne",
        "Le contrat signé ; la relecture par l'établissement",
    ),
    (
        "Deux changements qui se compensent dans un fichier, ou un montant passé d'un établissement à un autre",
        "L'empreinte du fichier ; un total ne les voit pas",
    ),
    (
        "Deux mois d'une même année échangés ; deux modes de transport de niveaux voisins, échangés une année, ou "
        "échangés depuis toujours",
        "Un cumul du même trimestre reçu à part, une livraison antérieure, ou, pour les modes, le nombre de trajets",
    ),
    (
        "Des montants hors taxes au lieu de TTC, ou tout autre écart de quelques pour cent qui dure toute l'année",
        "Le total annoncé ; pour la PHMEV, Open PHMEV de la même année",
    ),
    (
        "Une année trop haute de moins de 60 % d'un établissement, tous les mois de la même façon (périmètre élargi, "
        "rétrocession), ou de plus quand ses mois varient beaucoup",
        "Pour la PHMEV, Open PHMEV de la même année ; sinon, la relecture par l'établissement",
    ),
    (
        "Une année trop haute ou trop basse pour tous les établissements : de moins de 20 % en PHMEV sans base "
        "annuelle pour la contrôler, de moins de 50 % dans les autres enveloppes",
        "Open PHMEV de la même année ; le total annoncé, ou l'édition précédente",
    ),
    (
        "Une version antérieure d'un fichier, avec les mêmes mois, reçue à la place de la bonne",
        "L'empreinte ou le total annoncés (sha256, control_total_eur)",
    ),
    (
        "Un ancien mois que l'expéditeur modifie d'une livraison à la suivante, quand la région ne garde pas la "
        "première, ou quand il en modifie plus d'un sur vingt à la fois",
        "Garder les livraisons antérieures ; le tableau des mois modifiés",
    ),
    (
        "Une colonne qui garde son nom et change de sens d'une année à l'autre (autre périmètre, remboursé devenu "
        "base), sans que l'année entière s'en écarte assez pour être signalée",
        "Le total annoncé, ou la note de l'expéditeur",
    ),
    (
        "Deux établissements de tailles voisines échangés partout dans une enveloppe",
        "Une livraison antérieure, ou la relecture par les établissements",
    ),
    (
        "Un établissement absent de tous les mois d'une enveloppe : rien ne dit qu'il devait y être",
        "Le nombre de lignes annoncé (control_rows_nb), ou une livraison antérieure qui le contient",
    ),
    (
        "Une catégorie fausse, mais qui existe : l'établissement est comparé aux mauvais pairs",
        "La relecture par l'établissement",
    ),
    (
        "Un mois faux d'un établissement de très petite taille : ses mois varient trop",
        "Le total des montants, ou l'empreinte",
    ),
    (
        "Une série entière trop petite ou trop grande depuis toujours, de dix fois par exemple",
        "Pour la PHMEV, Open PHMEV ; sinon, la relecture par l'établissement",
    ),
    (
        "Une activité fausse de la même façon toutes les années (dix fois trop de séjours)",
        "La relecture par l'établissement",
    ),
    (
        "Des lignes d'une année d'Open PHMEV perdues, sans leurs honoraires, ou répétées (masquées, ou moins de cinq "
        "qui ne le sont pas), quand ses mois ne la donnent pas au centime",
        "Le nombre de lignes et le total annoncés (control_rows_nb, control_total_eur)",
    ),
    (
        "Deux codes LPP, ou deux CIP, de prix voisins échangés ; un classement TOP_GEN changé sur des lignes",
        "L'empreinte, ou la comparaison avec une autre année",
    ),
    (
        "Le dernier mois définitif d'un seul établissement, à moitié reçu",
        "Le total annoncé, ou la livraison suivante",
    ),
    (
        "Un volet ou un indicateur de contrat faux, mais qui existe ; un département faux, quand aucun autre "
        "établissement n'est du vrai",
        "La relecture par l'établissement",
    ),
    (
        "Les premiers mois d'une série écrits zéro au lieu de manquants, quand ils ne finissent pas en décembre ou que "
        "la série est irrégulière : une activité qui ouvre leur ressemble",
        "Une livraison antérieure, ou la relecture par l'établissement",
    ),
    ("Un fichier entier décalé d'un mois", "Pour la PHMEV, Open PHMEV, dont l'année ne contient plus les mêmes mois"),
)


def limits(page: Page) -> Table:
    """Return what no check of this page can see, each with what would make it visible.

    Parameters
    ----------
    page
        The page: how many of its files say what their sender announces is written under the table.
    """
    sources = page.campaign.sources.all()
    controlled = sum(source.sha256 is not None or source.has_control for source in sources)
    guarded = (
        f"{french.plural(controlled, 'fichier')} sur {len(sources)} {'ont' if controlled > 1 else 'a'} une empreinte "
        "ou un total annoncé par l'expéditeur."
        if controlled
        else f"Aucun des {len(sources)} fichiers reçus n'a d'empreinte ni de total annoncé par l'expéditeur : "
        "« caqes check » propose les lignes à recopier."
    )
    return Table.from_frame(
        pd.DataFrame(_UNSEEN, columns=["unseen", "shown_by"]),
        caption="Ce qu'aucun contrôle ne voit, et ce qui le rendrait visible",
        columns=[
            ColumnFormat.text("unseen", "Ce qui ne se voit pas"),
            ColumnFormat.text("shown_by", "Ce qui le montre"),
        ],
        notes=[
            guarded,
            "Défauts essayés sur des régions simulées. Un montant faux dès la source, et annoncé faux, ressemble à un "
            "montant juste.",
        ],
    )
