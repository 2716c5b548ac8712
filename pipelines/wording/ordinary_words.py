"""Which capitalised words are no names: function words, openers of sentences, titles, and words by their form."""

from __future__ import annotations

import re

_MONTHS = """
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec
    """
_ORDINARY = """
    a an the this that these those some any each every all both either neither no none such what which who whom whose
    i i'm i've i'll i'd me my mine we we're we've we'll us our you you're you'll your he he's him his she she's her
    it it's its they they're they've them their theirs one ones everyone everybody everything someone somebody
    something anyone anybody anything nobody nothing others another other
    and or but nor yet so for because since although though while whereas if unless until when whenever where wherever
    whether than then as once before after during despite given according about above across against along among
    around at behind below beneath beside besides between beyond by concerning down except from in inside into like
    near of off on onto out outside over past per regarding through throughout to toward towards under underneath
    unlike up upon via with within without instead due owing thanks
    am is are was were be been being isn't aren't wasn't weren't do does did don't doesn't didn't done doing have has
    had having haven't hasn't hadn't will won't would wouldn't shall should can can't cannot could couldn't may might
    must let let's not never ever also again too very just only even still already always often sometimes usually
    perhaps maybe now today tomorrow yesterday tonight here there hence thus therefore however moreover furthermore
    meanwhile nevertheless nonetheless otherwise rather quite indeed instead finally next last lately later earlier
    soon ago together apart further first second third fourth fifth many much more most few fewer less least several
    enough half double two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred
    hundreds thousand thousands million millions dozens yes no okay ok well oh ah why how
    mr mrs ms miss dr sir madam lady lord prof professor doctor captain colonel general major sergeant president king
    queen prince princess chapter section part volume book table figure appendix page note example step item article
    act scene north south east west northern southern eastern western
    see note use using used make made take get give go come say says said ask asked tell told think want need try
    good new old great high low long short big small large little young early late same different certain various
    similar main key major minor common general modern current recent previous future additional further overall
    people men women man woman children child students student users user researchers research work time years year
    day days life world data information money water food music art science history nature society government law
    language text code software systems methods results evidence support access time money part group team members
    participants speakers meeting committee author authors narrator reader readers afterwards add consider
    """

MONTHS = frozenset(_MONTHS.split())
ORDINARY = frozenset(_ORDINARY.split()) - MONTHS

_ORDINARY_FORM = re.compile(
    r".{3,}(?:ly|ing|ed|[st]ions?|ments?|ness|it(?:y|ies)|[ae]nces?|ous|ful|less|[ai]ble|ive|ical|ists|isms?|ships?|ures|ries)$"
)
_OBJECT_FOLLOWS = re.compile(
    r"\s+(?:the|an?|this|that|these|those|all|any|each|every|some|our|my|your|its|if|whether)\b"
)


def looks_ordinary(word: str, following: str) -> bool:
    """Whether `word`, the first of its sentence, may be an ordinary word, by its form or as a verb with its object."""
    return _ORDINARY_FORM.match(word.casefold()) is not None or _OBJECT_FOLLOWS.match(following) is not None
