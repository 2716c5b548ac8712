"""How two English words are related: forms of one, the same in meaning, broader, or opposites.

From WordNet 3.0 (Princeton University; its notice stands in lexicon.LICENSE), as `benchmarks/make_lexicon.py` cut it:
17,000 words, with the senses that are common. Other words are only known by their form.
"""

from __future__ import annotations

import lzma
from collections import defaultdict
from functools import lru_cache
from importlib.resources import files
from typing import Literal

_MORE_OPPOSITES = """
    rise fall, rise drop, rise decline, rise decrease, rise lower, increase fall, increase drop, increase decline,
    increase reduce, increase shrink, grow shrink, grow fall, grow decline, grow drop, grow decrease, gain fall,
    gain drop, climb fall, climb drop, climb decline, climb decrease, jump drop, jump fall, soar plunge, soar fall,
    surge plunge, surge drop, raise cut, raise reduce, raise decrease, expand shrink, improve worsen, improve
    decline, improve deteriorate, strengthen weaken, widen narrow, profit loss, income loss, gain loss, surplus
    deficit, asset liability, revenue expense, credit debit, inflow outflow, buy sell, purchase sell, acquire sell,
    lend borrow, win lose, approve reject, accept reject, accept refuse, accept decline, agree refuse, agree
    disagree, allow forbid, allow prohibit, allow ban, allow prevent, permit forbid, permit prohibit, permit ban,
    include exclude, confirm deny, admit deny, support oppose, favour oppose, favor oppose, praise criticize, praise
    blame, hire fire, hire dismiss, appoint dismiss, arrive leave, arrive depart, enter leave, enter exit, join
    leave, start stop, start end, start finish, begin stop, begin end, begin finish, open close, open shut, build
    destroy, build demolish, create destroy, save spend, save waste, save delete, add remove, add subtract, insert
    remove, attach detach, connect disconnect, lock unlock, enable disable, encourage discourage, encourage prevent,
    attack defend, attract repel, succeed fail, success failure, pass fail, remember forget, find lose, push pull,
    lift lower, give take, send receive, ask answer, question answer, love hate, like dislike, live die, survive
    die, born die, alive dead, sink float, wake sleep, freeze melt, heat cool, warm cool, fill empty, full empty,
    wet dry, hot cold, warm cold, high low, higher lower, large small, big small, big little, long short, tall
    short, wide narrow, thick thin, deep shallow, heavy light, strong weak, fast slow, quick slow, early late,
    earlier later, old new, old young, older newer, older younger, good bad, better worse, best worst, right wrong,
    true false, correct incorrect, safe dangerous, safe unsafe, easy difficult, easy hard, simple complex, rich
    poor, expensive cheap, public private, male female, positive negative, maximum minimum, most least, more less,
    more fewer, many few, upper lower, top bottom, front back, front rear, inner outer, interior exterior, left
    right, north south, east west, northern southern, eastern western, first last, same different, single multiple,
    married single, present absent, majority minority, optional mandatory, optional compulsory, optional required,
    voluntary mandatory, voluntary compulsory, permanent temporary, legal illegal, guilty innocent, innocent guilty,
    guilty acquit, convict acquit, ally enemy, friend enemy, victory defeat, peace war, day night, morning evening,
    summer winter, dawn dusk, sunrise sunset, import export, supply demand, input output, upload download, advantage
    disadvantage, benefit harm, help hinder, help harm, cause prevent, always never, often rarely, often seldom,
    frequently rarely, usually rarely, everything nothing, everyone nobody, everybody nobody, everywhere nowhere,
    above below, over under, before after, inside outside, up down, upward downward, upstream downstream, with
    without, within beyond, ascend descend, appear disappear, advance retreat, extend shorten, lengthen shorten,
    speed slow, accelerate slow, accelerate decelerate, maximize minimize, outperform underperform, exceed miss,
    beat miss, overvalue undervalue, upgrade downgrade, proof disproof, prove disprove, likely unlikely, active
    inactive, dependent independent, domestic foreign, urban rural, ancient modern, artificial natural, visible
    invisible, whole part, odd even, sharp blunt, smooth rough, loud quiet, noisy quiet, clean dirty, tight loose,
    rare common, plentiful scarce, abundant scarce, sober drunk, healthy sick, healthy ill, promote demote, reward
    punish, release arrest, release detain, free imprison, employ dismiss, float sink, float ground, ban lift
    """
_NEAR = """
    rise increase, rise grow, rise climb, rise gain, increase grow, increase climb, increase raise, fall drop, fall
    decline, fall decrease, drop decline, drop decrease, decline decrease, reduce cut, reduce lower, reduce
    decrease, cut lower, buy purchase, buy acquire, show demonstrate, begin start, employ use, use utilize, say
    state, say tell, say announce, say declare, say report, state declare, state report, build construct, close
    shut, dock moor, repair mend, need require, get receive, get obtain, obtain receive, give provide, give donate,
    give grant, help assist, people person, people resident, people inhabitant, car automobile, ship vessel, worker
    employee, staff employee, doctor physician, lawyer attorney, child kid, firm company, corporation company, house
    home, job work, pay remuneration, reject refuse, approve accept, allow permit, forbid prohibit, forbid ban,
    prohibit ban, end finish, end conclude, finish complete, maybe perhaps, almost nearly, about approximately,
    about roughly, big large, little small, quick fast, rapid fast, quick rapid, movie film, illness disease, sick
    ill, revenue sale, turnover revenue, profit earnings, profit income, income earnings, cost expense, choose
    select, choose pick, select pick, wed marry, kill die, murder kill, injure hurt, wound injure, damage harm,
    error mistake, fault error, whole entire, whole complete, contain include, comprise include, consist comprise,
    cover include, make produce, make manufacture, produce manufacture, make build, keep maintain, keep retain, tax
    levy, fee charge, price cost, cost charge, pet animal, inform tell, think believe, expect anticipate, plan
    intend, try attempt, seek try, want wish, demand require, ask request, answer reply, respond answer, happen
    occur, stop halt, stop cease, leave depart, arrive reach, go travel, travel journey, visit tour, live reside,
    stay remain, discover find, find locate, look search, see observe, notice observe, watch view, meet encounter,
    gather collect, assemble gather, destroy ruin, demolish destroy, break shatter, split divide, share divide, join
    connect, link connect, attach fasten, town municipality, council municipality, harbour port, harbor port, road
    street, forest wood, sea ocean, stone rock, gale storm, author writer, pupil student, teacher instructor, chief
    leader, boss manager, head leader, rule law, regulation rule, contract agreement, treaty agreement, deal
    agreement, lorry truck, flat apartment, petrol gasoline, autumn fall, lift elevator, film movie, holiday
    vacation, glad happy, sad unhappy, angry furious, afraid scared, get give, receive give, must require, need
    must, oblige require, oblige must, should recommend, recommend advise, aim goal, target goal, purpose aim,
    method approach, result outcome, finding result, effect impact, influence affect
    """
Relation = Literal["same", "near", "broader", "opposite", ""]

# an ending, what stands in its place in the base form, and the kinds of words that take it
_ENDING_FORMS = """
    s::nv es::nv ies:y:nv ves:f:n ves:fe:n ed::v ed:e:v ied:y:v ing::v ing:e:v er::ar er:e:ar ier:y:ar est::ar est:e:ar
    iest:y:ar ly::a 's::n
    """
_ENDINGS = tuple(form.split(":") for form in _ENDING_FORMS.split())
_NOT = ("un", "in", "im", "il", "ir", "dis", "non", "non-", "mis")
_STEPS = 3  # from a word's sense to a broader one that it is still said to be


def known(word: str) -> bool:
    """Whether the lexicon has the word, in any of its forms."""
    return any(base in _lexicon().senses for base in bases(word))


@lru_cache(maxsize=32768)
def bases(word: str) -> tuple[str, ...]:
    """The forms that a word in lower case may be made from, itself first; only itself for one that is not known."""
    held = _lexicon()
    found = [word, *held.irregular.get(word, ())]
    for ending, instead, kinds in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            base = word[: len(word) - len(ending)] + instead
            for one in (base, _undoubled(base, ending)):
                found += [one] if any(sense[0] in kinds for sense in held.senses.get(one, ())) else []
    return tuple(dict.fromkeys(found))


def _undoubled(base: str, ending: str) -> str:
    doubled = ending in ("ed", "ing", "er", "est") and len(base) > 3 and base[-1] == base[-2]
    return base[:-1] if doubled else base


def is_verb(word: str) -> bool:
    """Whether any form of the word is a verb; a word that is not known is one by its ending."""
    held = _lexicon().senses
    senses = [held[base] for base in bases(word) if base in held]
    if not senses:
        return word.endswith(("ed", "ize", "ise", "ized", "ised", "izes", "ises"))
    return any(one[0] == "v" for each in senses for one in each)


def of_a_kind(one: str, other: str) -> bool:
    """Whether two words can both be nouns, verbs, adjectives or adverbs."""
    kinds = [{sense[0] for sense in _senses(bases(word))} for word in (one, other)]
    return not kinds[0] or not kinds[1] or not kinds[0].isdisjoint(kinds[1])


@lru_cache(maxsize=65536)
def relation(one: str, other: str) -> Relation:
    """The relation of `one` to `other`: a form of it, the same in meaning, broader, its opposite, or none known."""
    ours, theirs = bases(one), bases(other)
    if one == other or one in theirs or other in ours:
        return "same"
    held = _lexicon()
    pairs = [frozenset((a, b)) for a in ours for b in theirs]
    if any(pair in held.opposite for pair in pairs) or _negated(ours, theirs) or _negated(theirs, ours):
        return "opposite"
    if not set(ours).isdisjoint(theirs):
        return "same"
    if any(pair in held.made for pair in pairs):
        return "near"
    senses, others = _senses(ours), _senses(theirs)
    if not senses.isdisjoint(others):
        return "near"
    above = others
    for _ in range(_STEPS):
        above = frozenset(up for each in above for up in held.broader.get(each, ()))
        if not senses.isdisjoint(above):
            return "broader"
    return ""


def _senses(words: tuple[str, ...]) -> frozenset[str]:
    held = _lexicon().senses
    return frozenset(one for word in words for one in held.get(word, ()))


def _negated(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether one of ours is one of theirs behind a prefix that denies it, or has -less for its -ful."""
    plain = {base for base in theirs if len(base) > 3}
    for word in ours:
        if any(word.startswith(prefix) and word[len(prefix) :] in plain for prefix in _NOT):
            return True
        if word.endswith("less") and f"{word[:-4]}ful" in plain:
            return True
    return False


class _Lexicon:
    def __init__(self, data: str) -> None:
        words, broader, opposite, made, irregular = (part.splitlines() for part in data.split("\n\n"))
        self.senses = {word: frozenset(rest.split()) for word, _, rest in (line.partition(" ") for line in words)}
        self.broader = {one: frozenset(rest.split()) for one, _, rest in (line.partition(" ") for line in broader)}
        self.opposite = {frozenset(line.split()) for line in opposite} | _pairs(_MORE_OPPOSITES)
        self.made = {frozenset(line.split()) for line in made} | _pairs(_NEAR)
        self.irregular = {form: tuple(rest.split()) for form, _, rest in (line.partition(" ") for line in irregular)}
        self.opposites: dict[str, set[str]] = defaultdict(set)
        for pair in self.opposite:
            for one in pair:
                self.opposites[one] |= pair - {one}


def _pairs(text: str) -> set[frozenset[str]]:
    return {frozenset(pair.split()) for pair in text.split(",")}


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    packed = files("longdoc.pipelines.wording").joinpath("lexicon.txt.xz").read_bytes()
    return _Lexicon(lzma.decompress(packed).decode())
