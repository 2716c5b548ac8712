"""Requests for a text as such in languages other than English: "Worum geht es?", "¿De qué trata?"."""

from __future__ import annotations

import re

_I = re.IGNORECASE
_TEXT = {
    "de": r"(?:(?:in|von|an) )?(?:dies\w*|d(?:er|ie|as|em|en|es)|de[mr])? ?(?:\w*(?:dokument|text|buch|bericht"
    r"|geschichte|brief|vertrag|artikel|kapitel|datei|schreiben|protokoll|aufsatz|roman)\w*)?",
    "es": r"(?:(?:en|de|del)? ?(?:est[eao]|el|la|del) )?(?:documento|texto|libro|informe|historia|carta|contrato"
    r"|artículo|capítulo|archivo|acta|novela)?",
    "fr": r"(?:(?:dans|de|du)? ?(?:ce(?:tte|t)?|le|la|l['’]|du) ?)?(?:document|texte|livre|rapport|histoire|lettre"
    r"|contrat|article|chapitre|fichier|roman)?",
    "it": r"(?:(?:in|di|del)? ?(?:quest[oa'’]|il|la|lo|l['’]|del) ?)?(?:documento|testo|libro|rapporto|storia|lettera"
    r"|contratto|articolo|capitolo|file|romanzo)?",
    "pt": r"(?:(?:em|de|d[oa])? ?(?:est[ea]|o|a|d[oa]|dest[ea]|nest[ea]) )?(?:documento|texto|livro|relatório|história"
    r"|carta|contrato|artigo|capítulo|arquivo|ficheiro|romance)?",
    "nl": r"(?:(?:in|van|over)? ?(?:dit|deze|het|de) )?(?:document|tekst|boek|verslag|verhaal|brief|contract|artikel"
    r"|hoofdstuk|bestand|roman)?",
}
_WHOLE = (
    rf"(?:worum (?:geht|handelt) es(?: hier)? ?{_TEXT['de']}|wovon handelt {_TEXT['de']}"
    rf"|(?:fass(?:e|en sie)?|gib|bitte) .{{0,30}}(?:zusammen|zusammenfassung) ?{_TEXT['de']}"
    rf"|(?:kurze )?zusammenfassung ?{_TEXT['de']}|was steht {_TEXT['de']})",
    rf"(?:de qué (?:se )?(?:trata|habla) {_TEXT['es']}|(?:resume|resuma|resumir|haz un resumen(?: de)?) ?{_TEXT['es']}"
    rf"|(?:breve )?resumen ?{_TEXT['es']})",
    rf"(?:de quoi (?:parle(?:-t-il)?|traite|s['’]agit-il|est-il question) ?{_TEXT['fr']}"
    rf"|(?:résum(?:e|er|ez)|fai(?:s|tes) (?:-moi )?un résumé(?: de)?) ?{_TEXT['fr']}|(?:bref )?résumé ?{_TEXT['fr']})",
    rf"(?:di (?:che )?cosa (?:parla|tratta) ?{_TEXT['it']}|(?:riassum(?:i|ere|a)"
    r"|fai un riassunto(?: di)?) ?{_TEXT['it']}"
    rf"|(?:breve )?riassunto ?{_TEXT['it']})",
    rf"(?:(?:do|de) que (?:se )?(?:trata|fala) {_TEXT['pt']}|sobre o que é {_TEXT['pt']}"
    rf"|(?:resum(?:a|e|ir)|faça um resumo(?: de)?) ?{_TEXT['pt']}|(?:breve )?resumo ?{_TEXT['pt']})",
    rf"(?:waar gaat {_TEXT['nl']} ?over|(?:vat|geef) .{{0,30}}(?:samen(?:vatting)?) ?{_TEXT['nl']}|samenvatting"
    rf" ?{_TEXT['nl']})",
    r"(?:о ч[её]м (?:этот |эта |это )?(?:документ|текст|книга|рассказ|статья|договор|письмо)?"
    r"|(?:кратко )?(?:перескажи|изложи|резюмируй)(?:те)? .{0,30}|краткое содержание.{0,20})",
    r"(?:(?:这|本|该|请|這|該|請|用)?.{0,6}(?:总结|概括|概述|摘要|總結)(?:一下)?.{0,12}|.{0,8}(?:讲|说|講|說)(?:了|的是)?"
    r"什[么麼].{0,3}|(?:主要|中心)?内容是什么)",
    r"(?:.{0,14}(?:要約|まとめ)(?:して|を|せよ|てください|$).{0,8}|(?:これ|この.{1,6}|本書)は?(?:何|なに)について.{0,14})",
    r"(?:.{0,10}(?:요약|무엇에 관한|무슨 내용).{0,12})",
    r"(?:(?:ما|عن ماذا|عم) .{0,12}(?:موضوع|يتحدث|يدور).{0,24}|لخص .{0,24}|ملخص .{0,24})",
    r"(?:(?:यह|इस) .{0,14}(?:किस बारे में|सारांश).{0,14})",
)
_ANY = re.compile(rf"[\W_]*(?:{'|'.join(_WHOLE)})[\W_]*\Z", _I)
_PLEASE = re.compile(
    r"\A\W*(?:bitte|por favor|s['’]il (?:te|vous) pla[iî]t|per favore|пожалуйста|alstublieft|请|請)\W+"
    r"|\W+(?:bitte|por favor|s['’]il (?:te|vous) pla[iî]t|per favore|пожалуйста|alstublieft)\W*\Z",
    _I,
)


def whole_elsewhere(text: str) -> bool:
    """Whether it asks what a text is about, or for a summary of it, and names nothing in it. No model, by phrases."""
    return _ANY.match(_PLEASE.sub("", " ".join(text.split()))) is not None
