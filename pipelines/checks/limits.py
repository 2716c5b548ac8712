"""What the check cannot judge: other languages than English, code, and conclusions that are drawn from afar."""

from __future__ import annotations

import re

from longdoc.pipelines.wording.words import is_function_word

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_OTHER_WORDS = """
    der die das und ist nicht ein eine einer mit von zu den dem des auf für im sich wird wurde sind auch als bei
    le la les des et est une du dans pour que qui sur pas avec au aux ce cette il elle sont par plus ne se
    el los las y es una del en por con para se su al lo como más fue son pero
    il lo gli di che è un per con non sono della dei nel alla anche
    o os as e é um uma do da dos das em não com por mais foi ao
    het een van en de dat niet met voor op zijn aan ook te er worden
    och att det som på är av för inte med till den ett var
    i w z na się nie to że do jest jak od przez
    """
_ALSO_ENGLISH = frozenset(("a", "an", "as", "at", "do", "in", "is", "on", "to", "i", "per", "he", "no", "so", "was"))
_OTHER = frozenset(_OTHER_WORDS.split()) - _ALSO_ENGLISH
_CODE = re.compile(
    r"[{};]|=>|->|::|==|\w\(\)|\w+_\w+\(|</?\w+>|\$\w+|\w+\.\w+\("
    r"|^\s*(?:def|class|import|return|const|let|var|#include)\b"
)
_NOTED = re.compile(r"\{[a-z]+\}")  # what a transcript notes: {laugh}
_CONCLUDES = re.compile(
    r"\b(?:therefore|hence|consequently|it\s+follows|which\s+(?:means|implies|proves)|thereby\s+proving"
    r"|we\s+can\s+conclude)\b",
    re.IGNORECASE,
)
_LONGEST = 150  # words of a sentence that is judged as one
_LATIN = "\u024f"  # the last letter of the Latin blocks
_ENOUGH_WORDS = 5


def another_language(text: str) -> bool:
    """Whether a text of some words is in another language than English, by its script or its function words."""
    letters = [letter for letter in text if letter.isalpha()]
    if letters and sum(letter > _LATIN for letter in letters) * 3 > len(letters):
        return True
    words = [word.casefold() for word in _WORD.findall(text)]
    if len(words) < _ENOUGH_WORDS:
        return False
    english = sum(is_function_word(word) for word in words)
    other = sum(word in _OTHER and not is_function_word(word) for word in words)
    return other > english and other * 6 >= len(words)


def not_judged(claim: str, evidence: str, covered: float) -> str:
    """Why what is not word for word there cannot be judged; "" where it can. `covered`: of the claim's words."""
    if another_language(claim) or another_language(evidence):
        return "another language than English is not judged"
    marks = len(_CODE.findall(_NOTED.sub("", claim)))
    if marks >= 2 and marks * 5 >= len(claim.split()):
        return "code is not judged"
    if len(claim.split()) > _LONGEST:
        return f"a sentence of more than {_LONGEST} words is not judged"
    if _CONCLUDES.search(claim) and not _CONCLUDES.search(evidence) and covered < 0.7:
        return "a conclusion that the source does not draw is not judged"
    return ""
