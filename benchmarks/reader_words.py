"""The English words by which sentences are said otherwise or made false. General ones, of no set and no subject."""

from __future__ import annotations

import re

ANTONYMS = """increase decrease
increased decreased|increases decreases|increasing decreasing|rise fall|rose fell|rises falls
rising falling|risen fallen|grow shrink|grew shrank|grows shrinks|growth decline|gain loss|gained lost
gains losses|higher lower|high low|highest lowest|larger smaller|large small|largest smallest|greater lesser
more fewer|most least|better worse|best worst|good bad|strong weak|stronger weaker|early late|earlier later
first last|before after|above below|over under|inside outside|internal external|public private|true false
open closed|opened closed|opens closes|start end|started ended|starts ends|begin end|began ended|beginning end
accept reject|accepted rejected|accepts rejects|allow forbid|allowed forbidden|allows forbids|support oppose
supported opposed|supports opposes|agree disagree|agreed disagreed|agrees disagrees|win lose|won lost|wins loses
winner loser|success failure|succeeded failed|successful unsuccessful|pass fail|passed failed|improve worsen
improved worsened|improves worsens|include exclude|included excluded|includes excludes|including excluding
add remove|added removed|adds removes|create destroy|created destroyed|enable disable|enabled disabled
enables disables|encrypt decrypt|encrypted decrypted|valid invalid|legal illegal|necessary unnecessary
possible impossible|likely unlikely|able unable|common rare|fast slow|faster slower|new old|newer older
younger older|young old|easy difficult|simple complex|short long|shorter longer|wide narrow|heavy light|hot cold
warm cool|dark bright|rich poor|safe dangerous|positive negative|active passive|required optional
explicit implicit|local remote|upper lower|north south|northern southern|east west|eastern western|left right
men women|man woman|male female|boy girl|father mother|son daughter|brother sister|husband wife|king queen
arrive leave|arrived left|buy sell|bought sold|buys sells|lend borrow|import export|imports exports|love hate
loved hated|remember forget|remembered forgot|rejected approved|deny confirm|denied confirmed|attack defend
attacked defended|present absent|presence absence|advantage disadvantage|majority minority|maximum minimum
synchronous asynchronous|server client|sender receiver|read write|reads writes|input output|push pull
encode decode|encoder decoder|supervised unsupervised|outperforms underperforms|similar different|same different
always never|everyone nobody|everything nothing|up down|upward downward|inner outer|front back|top bottom
morning evening|day night|summer winter|hired fired|appointed dismissed|joined left|expanded reduced
expand reduce|raise cut|raised cut|strengthened weakened|accelerated slowed|profit loss|surplus deficit
demand supply|teacher student|parent child|guilty innocent|alive dead|born killed|peace war|victory defeat
friend enemy|praised criticized|praise criticism|optimistic pessimistic"""
SYNONYMS = """begin start|began started|begins starts|big large|bigger larger|about approximately|around approximately
help assist|helped assisted|buy purchase|bought purchased|show demonstrate|shows demonstrates
showed demonstrated|use employ|uses employs|used employed|need require|needs requires|get obtain|obtained got
because since|but however|also additionally|many numerous|important significant|method approach
methods approaches|error mistake|errors mistakes|quick fast|quickly rapidly|often frequently|usually typically
mainly primarily|city town|kids children|said stated|says states|end finish|ended finished|ends finishes
main principal|near close to|children kids|film movie|movie film|create make|created made|creates makes
choose select|chosen selected|chose selected|allow permit|allows permits|allowed permitted|try attempt
tries attempts|tried attempted|ask request|change modify|changes modifies|changed modified|build construct
built constructed|gave provided|give provide|gives provides|whole entire|kind type|kinds types|hard difficult
simple easy|enough sufficient|goal aim|goals aims|part portion|area region|areas regions|people persons
job position|leave depart|get receive|got received|gets receives|think believe|thinks believes|thought believed
happen occur|happens occurs|happened occurred|describe outline|describes outlines|contain include
contains includes|propose suggest|proposes suggests|proposed suggested|results findings|result outcome
huge enormous|tiny very small|rise increase|rose increased|rises increases|fell dropped|fall drop|falls drops
die pass away|died passed away|dead deceased|well-known famous|famous well known|now currently|currently now
house home|live reside|lived resided|lives resides|speak talk|spoke talked|answer reply|answered replied
car automobile|road street|company firm|companies firms|money funds|cost price|costs prices|ill sick
doctor physician|doctors physicians|several a number of|almost nearly|nearly almost|only just|perhaps maybe
entire whole|total overall|keep retain|keeps retains|kept retained|later afterwards|within inside|among amongst
via through|through via|though although|although though|each every|every each|obtain get|obtains gets
construct build|select choose|permits allows|requires needs|require need|purchase buy|purchased bought
frequently often|rapidly quickly|approximately about|roughly about|significant important|additional further
further additional|previous earlier|subsequent later|initially at first|finally in the end|therefore so
thus therefore"""
STRONGER = {
    "some": "all",
    "many": "all",
    "most": "all",
    "several": "all",
    "few": "most",
    "often": "always",
    "sometimes": "always",
    "usually": "always",
    "typically": "always",
    "rarely": "often",
    "never": "always",
    "always": "rarely",
    "all": "no",
    "every": "no",
    "each": "no",
    "both": "neither of the",
    "one of the": "all of the",
    "generally": "always",
    "partly": "entirely",
    "partially": "fully",
    "mostly": "entirely",
    "nearly all": "all",
    "almost": "fully",
    "half": "all",
    "any": "no",
    "none": "all",
    "only": "not only",
    "mainly": "only",
    "frequently": "always",
    "occasionally": "always",
}
BOUNDS = {
    "at least": "at most",
    "at most": "at least",
    "more than": "less than",
    "less than": "more than",
    "up to": "at least",
    "no more than": "more than",
    "fewer than": "more than",
    "over": "under",
    "under": "over",
    "before": "after",
    "after": "before",
    "above": "below",
    "below": "above",
    "maximum": "minimum",
    "minimum": "maximum",
    "exceed": "stay below",
    "exceeds": "stays below",
    "exceeded": "stayed below",
    "until": "from",
    "since": "until",
    "as well as": "but not",
    "prior to": "after",
    "following": "before",
    "longer than": "shorter than",
    "greater than": "smaller than",
    "higher than": "lower than",
    "lower than": "higher than",
    "with": "without",
    "without": "with",
    "except": "including",
    "unless": "if",
    "instead of": "because of",
    "rather than": "as well as",
    "despite": "because of",
    "because of": "despite",
    "even if": "only if",
    "if": "unless",
    "when": "before",
    "or": "and",
}
HEDGES = {
    "may": "will",
    "might": "will",
    "could": "will",
    "should": "must",
    "can": "must",
    "likely": "certainly",
    "possibly": "certainly",
    "perhaps": "certainly",
    "probably": "certainly",
    "suggests that": "proves that",
    "suggest that": "prove that",
    "suggested that": "proved that",
    "appears to": "is known to",
    "appear to": "are known to",
    "seems to": "is known to",
    "expected to": "certain to",
    "planned to": "began to",
    "plans to": "has begun to",
    "hopes to": "will",
    "tried to": "managed to",
    "attempted to": "managed to",
    "intends to": "has begun to",
    "considering": "committed to",
    "proposed": "approved",
    "alleged": "proven",
    "allegedly": "certainly",
    "reportedly": "certainly",
    "up to": "exactly",
    "about": "exactly",
    "approximately": "exactly",
    "would": "did",
    "recommended": "required",
    "recommends": "requires",
    "encouraged": "required",
    "optional": "required",
    "could have": "had",
    "believes": "knows",
    "believed": "knew",
    "claimed": "proved",
    "claims": "proves",
}
UNITS = (
    "mg g kg",
    "km miles meters",
    "miles kilometers",
    "seconds minutes hours days weeks months years",
    "kb mb gb tb",
    "bits bytes",
    "percent percentage_points",
    "dollars euros pounds yen",
    "thousand million billion trillion",
    "thousands millions billions",
    "feet meters yards",
    "inches centimeters",
    "grams kilograms tons",
    "litres gallons",
    "acres hectares",
    "daily weekly monthly annually",
    "second minute hour day week month year decade century",
    "decades centuries years",
    "ms s",
    "mm cm m",
    "kilometers miles",
    "hz khz mhz",
    "doubled tripled halved",
    "once twice",
    "weekly monthly yearly",
    "quarter half third",
)
SCALES = {
    "thousand": "million",
    "million": "billion",
    "billion": "million",
    "trillion": "billion",
    "millions": "thousands",
    "hundreds": "thousands",
    "thousands": "hundreds",
    "dozens": "hundreds",
    "hundred": "thousand",
}
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
NUMERALS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def both_ways(listed: str) -> dict[str, list[str]]:
    """Each word with those that it goes with, either way round."""
    table: dict[str, list[str]] = {}
    for pair in re.split(r"[|\n]", listed):
        one, _, other = pair.partition(" ")
        table.setdefault(one, []).append(other)
        table.setdefault(other, []).append(one)
    return table


OPPOSITE, SAME = both_ways(ANTONYMS), both_ways(SYNONYMS)
