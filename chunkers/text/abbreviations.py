"""The short forms that a stop may follow without ending a sentence, in the languages of Latin, Greek and Cyrillic
script and some of India. `read` tells how a word before a stop is to be taken.
"""

from __future__ import annotations

import re
from enum import Enum


class Kind(Enum):
    """What a stop after the word may be."""

    WORD = "ends the sentence"
    NEVER = "belongs to the word"
    PERHAPS = "ends the sentence where a word that begins one follows"
    NUMBERED = "belongs to the word where a number follows"


_NEVER = """
mr mrs ms dr prof rev hon gen col capt cpt lt sgt maj cmdr adm gov sen rep pres messrs mt ald supt insp
vs v cf ca approx resp fig figs eq eqs eqn eqns sect ch chap chaps vol vols nr pp pg ed eds tab tabs para paras
viz ibid e.g i.e eg supra infra incl excl ext assn cir civ crim supp cal app.div evid proc const cong
app art cl dec est ex par ref refs sec ss id op cit max min mon
z.b d.h u.a o.ä i.d.r s.o s.u v.a bzw geb gest bd bde ggf str dipl ing fr frl abs abb kap aufl mio mrd evtl vgl
sog inkl zzgl hrsg verf mag dir bspw insb tel
mme mmes mlle mlles mgr p.ex éd env boul av
sra srta dra dña vd pág págs núm cap aprox avda gral ud uds ee p.ej profa núms séc
sig sig.ra sigg dott dott.ssa avv pag pagg
dhr mevr drs bijv blz t.a.v d.w.z o.a t.ex bl.a d.v.s kl s.k m.fl
pl kb ún tzn tj zob np ul wg św inż mgr gł např tzv
ул стр рис см проф акад им тыс млн млрд т.е т.к св гл табл пр
κα κκ π.χ δηλ αρ σελ
डॉ प्रो पं ए बी सी डी ई एफ एच आई के एल एम एन एस टी वी ড ডা মো
"""
_PERHAPS = """
al inc ltd co corp jr sr plc llc llp bros dept univ st ft lb lbs oz yd tsp tbsp hr hrs a.m p.m u.s u.k u.n u.s.a
ph.d m.d b.a m.a j.d d.c l.a b.c a.d e.u n.y sp spp subsp var ave blvd rd hwy avg std
jan feb mar apr jun jul aug sep sept oct nov tue wed thu fri fed uu jh
"""
_KINDS = {
    **dict.fromkeys(_NEVER.split(), Kind.NEVER),
    **dict.fromkeys(_PERHAPS.split(), Kind.PERHAPS),
    **dict.fromkeys(("no", "nos", "sat", "sun"), Kind.NUMBERED),
}
_ALSO_WORDS = """
app art cl dec est ex id mar max min mon op par ref sec rep gen rd fr hr mag ing fig figs tab tabs abs cap para paras
const cal ext dir mio maj sen hon pres
"""
_NUMBERED_WHEN_SMALL = frozenset(_ALSO_WORDS.split())
_LIST_NUMBER = re.compile(
    r"(?:\n\s*\n|[!?:;]\s|\w{4}[.)]\s)\s*[(]?(?:\d{1,3}|[ivxlc]{1,5}|[A-Za-z])\Z|\n[^\S\n]*[(]?(?:\d{1,3}|[QA])\Z",
    re.IGNORECASE,
)
_GERMAN_ORDINAL = re.compile(
    r"(?:^|\s)(?:am|der|die|das|dem|den|des|im|vom|zum|zur|beim|ab|bis|seit|jede[mnrs]?|eine[mnrs]?|und)\s\d{1,2}\Z",
    re.IGNORECASE,
)
_CUT_OFF = re.compile(r"[—–\-/,…“”‘«»]")


def last_word(before: str) -> str:
    """The word that ends `before`, the quotation marks, brackets and dashes in front of it left out."""
    words = before.rsplit(None, 1)
    word = words[-1].lstrip("\"'“”‘’«»„([{*_¿¡") if words else ""
    return word if word.isalnum() else _CUT_OFF.split(word)[-1]


def read(word: str, before: str) -> Kind:
    """How the stop after `word` is to be taken.

    `before` is the text up to the stop, with a blank line in front where a paragraph begins.
    """
    small = word.lower()
    kind = _KINDS.get(small)
    if kind is not None:
        return Kind.NUMBERED if word == small and small in _NUMBERED_WHEN_SMALL else kind
    if word == "MM" or (small.endswith("str") and len(word) > 4):  # "MM. Dupont", "Bahnhofstr."
        return Kind.NEVER
    single, digits = len(word) == 1, word.isdigit()
    if (single or digits or not small.strip("ivxlc")) and _LIST_NUMBER.search(before):
        return Kind.NEVER
    if digits:
        return Kind.PERHAPS if _GERMAN_ORDINAL.search(before) else Kind.WORD
    if single or "." in word:
        initials = all(len(part) <= 2 and part.isalpha() for part in word.split("."))
        return Kind.PERHAPS if initials else Kind.WORD  # "J", "U.S.C", "т.д"
    return Kind.WORD
