"""Texts with the places where their sentences end, by group, for `sentences.py`.

`¦` stands where a splitter must cut, `¬` where it may (conventions differ there); anywhere else a cut is wrong. White
space on either side of a cut does not count. A group is named after what it tries, and its language is the tag that
splitters which take one are told; `pt@` before a case tells its own.
"""

from __future__ import annotations

import ast
from pathlib import Path

CASES: dict[str, tuple[str, list[str]]] = {
    "prose": (
        "en",
        [
            "The tide went out. ¦Boats lay on the mud. ¦Nobody came.",
            "Was it late? ¦It was! ¦They hurried on.",
            "Nothing moved in the\nwhole long street. ¦Then a door\nopened.",
            "It was the best of times,\r\nit was the worst of times. ¦It was over.",
            "What a day!! ¦Who could have known?! ¦I could not.",
            "He read the paper (the evening one). ¦She sewed.",
            "The end came at last.¦\n\nA new chapter began",
            "THE ROOF LEAKED. ¦THE CELLAR FLOODED. ¦WE LEFT.",
            "eBay grew fast. ¦iPods sold well. ¦The market rose.",
            "He kept a list: apples, pears, plums. ¦It was long.",
        ],
    ),
    "abbreviations": (
        "en",
        [
            "Gov. Adams and Lt. Col. Reed met Sen. Cole. ¦They talked.",
            "The store on Elm St. was shut. ¦We tried Oak Ave. instead.",
            "Bring pens, paper, etc. ¦The test is long.",
            "She has a Ph.D. in physics. ¦He has an M.A. from Yale.",
            "The talk is on Jan. 5 at 3 p.m. in the hall. ¦Come early.",
            "Approx. 40 people came, incl. Mr. and Mrs. Hall. ¦All stayed.",
            "It weighs 5 lbs. and measures 3 ft. 2 in. across. ¦It is heavy.",
            "Fly to Washington, D.C. on Monday. ¦Meet us there.",
            "Smith & Sons Ltd. sued Brown Bros. over it. ¦They lost.",
            "He works for Yahoo! Inc. in California. ¦He likes it.",
            "The U.S. Army and the U.N. Security Council agreed. ¦It was signed.",
            "See Mt. Everest, i.e. the highest peak. ¦It is cold, e.g. in May.",
            "Turn to pp. 12-14 and ch. 3, cf. vol. 2. ¦Read them.",
            "We moved to the U.K. ¦She stayed in the U.S.A. ¦They wrote.",
            "Rev. Dr. Martin Luther King Jr. spoke. ¦Crowds wept.",
        ],
    ),
    "initials and numbers": (
        "en",
        [
            "George W. Bush met J. K. Rowling. ¦They laughed.",
            "T.S. Eliot and W. H. Auden wrote verse. ¦We read it.",
            "Pi is 3.14159. ¦The mass is 0.5 kg.",
            "It rose by .5 percent to $1,234.56. ¦Then it fell.",
            "Version 3.11.2 shipped on 04.05.2021. ¦Update now.",
            "In 1999 there were 12. ¦In 2000 there were 15.",
            "The server at 192.168.0.1 is down. ¦Call us.",
            "He came 2nd. ¦She came 1st.",
            "We chose plan B. ¦The others chose plan C.",
            "The train leaves at 10.45. ¦Platform No. 9 is closed.",
            "Vitamin C. ¦It is an acid.",
            "Chapter 12. ¬The Return",
        ],
    ),
    "quotes": (
        "en",
        [
            '"Stop!" he cried. ¦"Why?" she asked.',
            "“We are lost,” she said. ¦“Look at the map.” ¦He looked.",
            "“Is that so?” John asked. ¦“It is.”",
            "He said “no.” ¦Then he left.",
            "‘Go away!’ ¦The man did not move.",
            '"I went. ¬I saw. ¬I won." ¦So he said.',
            "She whispered, “Run!” and we ran. ¦It was dark.",
            '(He never came.) ¦"Odd," I said.',
            '"Really?" ¦"Yes." ¦"Well, then."',
            "'Twas late. ¦'Tis early now.",
            "\"He told me, 'Leave.'\" ¦I left.",
        ],
    ),
    "ellipses and dashes": (
        "en",
        [
            "I thought... well, never mind. ¦Go on.",
            "He waited . . . and waited. ¦No one came.",
            "So it ends…  ¦Tomorrow we begin.",
            "Wait—what? ¦You mean—no! ¦It can't be.",
            "“I don't…” she began. ¦He nodded.",
            "Yes! — he shouted it — yes! ¦They cheered.",
            "The list goes on.... ¦Nobody reads it.",
            "The text [...] is cut. ¦The rest follows.",
        ],
    ),
    "lists and headings": (
        "en",
        [
            "To do:¦\n- wash the car¦\n- call Ann. ¦She waits.¦\n- sleep",
            "Steps:¦\n1. Open the box.¦\n2. Take out the lamp.¦\n3. Plug it in.",
            "Terms:¦\n(a) the buyer pays;¦\n(b) the seller delivers.",
            "# Title¦\nThe text begins here. ¦It goes on.",
            "Intro text.¦\n\n## Part 2. ¬What now?¦\n\nMore text.",
            "Points:¦\n• one¦\n• two¦\n• three",
            "There are two: 1. ¬speed and 2. ¬cost. ¦Both matter.",
            "> quoted line one.¦\n> Another one.",
            "Overview¦\n\nThe plan¦\n\nThe cost",
            "a) first¦\nb) second¦\nc) third",
        ],
    ),
    "science": (
        "en",
        [
            "E. coli was grown at 37 °C. ¦S. aureus was not.",
            "See Fig. 3A and Eq. (2). ¦Values are in Tab. 1.",
            "Smith et al. (2010) found it. ¦Jones et al. did not.",
            "It was shown before.[3,4] ¦Later work differs.[5–7]",
            "This is known (Lee et al., 2003; Kim, 2004). ¦We agree.",
            "The effect was small (p < .05, d = 0.2). ¦It held.",
            "Mice got 5 mg i.v. daily for approx. 2 wk. ¦Controls got none.",
            "The result was reported earlier.¹² ¦We repeat it.",
            "Cells were kept at pH 7.4. ¦The medium was changed.",
            "Results vs. controls are in Figs. 2 and 3. ¦Error bars show s.d. of three runs.",
            "Let f(x) = x. ¦Then f is continuous.",
            "Bacillus spp. were found, cf. ref. 12. ¦They grew.",
            "Reagents came from Sigma (St. Louis, MO, U.S.A.). ¦Water was pure.",
            "The rate is 1.2 × 10. ¦It is given in sec. ¦We timed it.",
        ],
    ),
    "law": (
        "en",
        [
            "See Roe v. Wade, 410 U.S. 113 (1973). ¦The Court divided.",
            "Under 28 U.S.C. § 1331 the court may hear it. ¦It did.",
            "See Fed. R. Civ. P. 12(b)(6). ¦The motion is denied.",
            "Id. at 45. ¦The holding is narrow.",
            "Brown, 347 F. Supp. 2d at 12 (2d Cir. 2004). ¦We reverse.",
            "The lessee (hereinafter “Tenant”) shall pay. ¦Sec. 4 applies.",
            "Acme Corp. v. Beta Co., No. 12-345, slip op. at 6. ¦Affirmed.",
            "Pursuant to Art. 5, para. 2, the State shall act. ¦It has not.",
            "See, e.g., Doe, supra, at 7. ¦But see Poe, infra n. 4.",
            "The Hon. A. Smith, J., presided. ¦Counsel rose.",
            "Cal. Civ. Code § 1542 is waived. ¦This is final.",
        ],
    ),
    "speech": (
        "en",
        [
            "JUSTICE KAGAN: Is that right?¦\nMR. OLSON: It is. ¦We say so.",
            "Q. Where were you?¦\nA. At home.¦\nQ. Alone?",
            "[00:01:05] Anna: So, um, we start.¦\n[00:01:09] Ben: Okay.",
            "Speaker 1: hello there¦\nSpeaker 2: hi",
            "i went to the store. ¦it was closed. ¦so i came home.",
            "Um, I... I don't know. ¦Maybe?",
            "INTERVIEWER: And then? ¦(Laughter.) ¬He ran.",
            "you know what? ¦i think we should go. ¦yeah.",
            "Mr. Chief Justice, and may it please the Court: ¬The case is simple. ¦It is.",
            "Yeah. ¦Yeah, no. ¦Right.",
            "Project Manager: Okay.¦\nIndustrial Designer: Mm-hmm. ¦So we do that.",
        ],
    ),
    "web and mail": (
        "en",
        [
            "Visit www.example.com. ¦It is free.",
            "Mail bob.smith@example.co.uk. ¦He answers.",
            "See https://example.org/a.b?c=d&e=f. ¦Then log in.",
            "Use Node.js or ASP.NET on Windows. ¦Both work.",
            "Open README.md and setup.py. ¦Read them.",
            "Is it https://example.org/why? ¦It is.",
            "Great show!!! ¦Loved it. ¦10/10.",
            "On Mon, 3 May 2021, Ann wrote:¦\n> Are you there?¦\n> Call me.¦\n\nYes.",
            "The .com boom ended. ¦A .txt file remained.",
        ],
    ),
    "code": (
        "en",
        [
            "Call foo.bar() first. ¦Then call foo.close().",
            "The method obj.run() returns None. ¦It never fails.",
            "Set `a.b = c. D` in the file. ¦Save it.",
            "Run this:¬\n\n```python\nfoo.bar()¬\nprint('Hello. World')¬\n```¦\n\nIt prints.",
            "Example:¬\n\n    x = foo.bar()¬\n    y = x.baz(1.5)¬\n\n¦It works.",
            'log.info("Done. Next step")¬\nreturn x.y',
            "if (a.b()) {¬\n    c.d();¬\n}",
            "The operator a ? b : c is ternary. ¦Use it.",
            "#include <stdio.h>¬\nint main() { return 0; }",
            "See std::vec::Vec. ¦It grows.",
        ],
    ),
    "records": (
        "en",
        [
            "| Name | Note |¬\n|---|---|¬\n| Ann | Tall. Kind. |¬\n| Bob | Short. Why? |",
            '{"name": "Ann", "note": "She left. He stayed."}',
            '{¬\n  "a": "One. Two.",¬\n  "b": 2¬\n}',
            'Traceback (most recent call last):¬\n  File "a.py", line 3, in run¬\n    foo.bar()¬\nValueError: bad',
            "java.lang.NullPointerException¬\n\tat com.foo.Bar.run(Bar.java:12)¬\n\tat com.foo.Main.main(Main.java:3)",
            "2021-05-03 10:00:01 INFO Started. Port 80.¬\n2021-05-03 10:00:02 WARN Slow.",
            "Total | 3.5 | See note. Ask Ann. | ok",
            "name,age,city¬\nAnn,30,St. Louis¬\nBob,31,Ft. Worth",
        ],
    ),
    "German": (
        "de",
        [
            "Am 3. Mai 1990 kam er an. ¦Es regnete.",
            "Im 19. Jahrhundert war das anders. ¦Heute nicht.",
            "Der 2. Weltkrieg endete 1945. ¦Danach kam Frieden.",
            "Das ist z. B. in Abb. 3 zu sehen. ¦Siehe auch Kap. 4.",
            "Dr. Müller und Prof. Dr. Schmidt kamen. ¦Hr. Maier fehlte.",
            "Ludwig XIV. war König. ¦Er baute Versailles.",
            "Gem. § 5 Abs. 2 Nr. 3 BGB gilt das nicht. ¦Es ist klar.",
            "»Komm!«, rief er. ¦»Nein.« ¦Sie blieb.",
            "„Wohin?“, fragte sie. ¦„Nach Hause.“ ¦Er ging.",
            "Brot, Milch usw. waren da. ¦Bzw. fast alles.",
            "Er wohnt in der Bahnhofstr. 5 in Köln. ¦Sie auch.",
            "Es waren ca. 3,5 Mio. Euro. ¦Das ist viel.",
            "Das war 1960. ¦Dann zog er fort.",
        ],
    ),
    "French": (
        "fr",
        [
            "M. Dupont est venu avec Mme Durand. ¦Il pleuvait.",
            "« Où vas-tu ? » demanda-t-il. ¦« Chez moi. » ¦Elle partit.",
            "« Bonjour ! » ¦Il entra.",
            "C'est vrai ! ¦Vraiment ? ¦Oui.",
            "Voir p. ex. le chap. 3, art. 12. ¦C'est clair.",
            "César mourut en 44 av. J.-C. à Rome. ¦Brutus fuit.",
            "Le prix est de 3,50 €. ¦C'est peu.",
            "« Je viens. ¬Attends-moi. » ¦Il attendit.",
            "Il y a des pommes, des poires, etc. ¦Tout est bon.",
        ],
    ),
    "Spanish, Portuguese, Italian": (
        "es",
        [
            "¿Cómo estás? ¦¡Muy bien! ¦¿Y tú?",
            "El Sr. García y la Dra. López llegaron. ¦Llovía.",
            "¡Hola! ¦¿Qué hora es? ¦Son las 3.30 p. m. en Madrid.",
            "Vive en EE. UU. desde 1990. ¦Trabaja mucho.",
            "Véase la pág. 5 y el art. 3. ¦Es claro.",
            "—¿Vienes? —preguntó él. ¦—No.",
            "pt@O Sr. Silva mora na Av. Brasil. ¦A Profa. Lima também.",
            "it@Il sig. Rossi e il dott. Bianchi arrivarono. ¦Pioveva.",
            "Ud. no lo sabe. ¦Uds. tampoco.",
            "Costó 1.500,50 euros. ¦Fue caro.",
        ],
    ),
    "other European": (
        "xx",
        [
            "ru@Он родился в 1950 г. в Москве. ¦Потом уехал.",
            "ru@А. С. Пушкин жил на ул. Мойка. ¦Он писал стихи.",
            "ru@Яблоки, груши и т. д. лежали там. ¦Их ели.",
            "ru@— Ты идёшь? — спросил он. ¦— Нет.",
            "pl@To jest np. dom przy ul. Polnej 5. ¦Jest duży.",
            "pl@Prof. Nowak mieszka tu od 2001 r. w Krakowie. ¦Lubi to.",
            "nl@Dhr. Jansen kocht o.a. brood. ¦Mevr. Smit niet.",
            "sv@Det är t.ex. en bil. ¦Den är röd.",
            "el@Τι κάνεις; ¦Είμαι καλά. ¦Ο κ. Παπάς ήρθε.",
            "hu@Ez pl. egy ház. ¦Kb. 20 ember lakik itt.",
            "cs@Je to např. dům č. 5. ¦Bydlí tam pan Novák.",
            "fi@Hän tuli 5. toukokuuta. ¦Sitten hän lähti.",
            "tr@Dr. Yılmaz geldi. ¦Sonra gitti.",
            "ka@ეს სახლია. ¦ის დიდია. ¦რა არის ეს?",
        ],
    ),
    "Chinese, Japanese, Korean": (
        "zh",
        [
            "他来了。¦她走了！¦为什么？¦没人知道。",
            "“你好！”¬他说。¦我点头。",
            "价格是3.5元。¦很便宜。",
            "他想……算了。¦走吧。",
            "ja@雨が降った。¦「行くの？」と彼女は聞いた。¦彼は黙っていた。",
            "ja@本当ですか！？¦信じられない。",
            "ja@彼は「はい。」と答えた。¦それだけだ。",
            "ja@（注：略。）¦次へ進む。",
            "ja@実験を行った．¦結果は3.5であった．",
            "ko@그는 왔다. ¦그녀는 갔다. ¦왜?",
            "ko@가격은 3.5달러입니다. ¦싸네요!",
            "第一章¦\n\n话说天下大势，分久必合。¦合久必分。",
            "iPhone 15 发布了。¦Apple 很高兴。",
            "他说：“我不去。¬你去吧。”¦大家笑了。",
        ],
    ),
    "Arabic, Persian, Urdu, Hebrew": (
        "ar",
        [
            "ذهب الولد إلى المدرسة. ¦كان الجو جميلا!",
            "من أنت؟ ¦أنا طالب. ¦وأنت؟",
            "قال د. أحمد إن السعر 3.5 دولار. ¦هذا كثير.",
            "fa@او آمد. ¦چرا رفت؟ ¦نمی‌دانم.",
            "fa@قیمت ۳٫۵ است. ¦گران نیست.",
            "ur@وہ آیا۔ ¦کیا وہ گیا؟ ¦نہیں۔",
            "ur@اس نے کہا: ”آؤ۔“ ¦وہ آ گئی۔",
            "he@הוא בא. ¦היא הלכה? ¦לא!",
            'he@ד"ר כהן אמר שהמחיר הוא 3.5 ש"ח. ¦זה זול.',
            "قال: «تعال!» ¦ثم ذهب.",
        ],
    ),
    "Indic": (
        "hi",
        [
            "वह आया। ¦क्या वह गया? ¦नहीं!",
            "डॉ. शर्मा आए। ¦वे चले गए।",
            "कीमत 3.5 रुपये है। ¦यह सस्ता है।",
            "राम वन गए।¦सीता साथ गईं।",
            "sa@धर्मक्षेत्रे कुरुक्षेत्रे समवेता युयुत्सवः। ¦मामकाः पाण्डवाश्चैव किमकुर्वत सञ्जय॥१॥ ¦दृष्ट्वा तु।",
            "bn@উনি এলেন। ¦কে গেল? ¦জানি না।",
            "ta@அவன் வந்தான். ¦அவள் போனாள். ¦ஏன்?",
            "te@అతను వచ్చాడు. ¦ఆమె వెళ్ళింది.",
            "“तुम कौन हो?” ¦“मैं राम हूँ।” ¦वह हँसा।",
            "श्री ए. के. सिंह आए। ¦सब खुश हुए।",
        ],
    ),
    "Thai, Khmer, Burmese, Ethiopic, Armenian": (
        "xx",
        [
            "th@วันนี้ฝนตกหนักมากที่กรุงเทพ ¦พวกเราจึงอยู่บ้านกันทั้งวัน",
            "th@เขาซื้อหนังสือ 3 เล่มจากร้านนี้ ¦แล้วเขาก็กลับบ้านไปนอน",
            "th@เด็กๆ เล่นกันในสวนสาธารณะ¦\nแม่ทำอาหารอยู่ในครัว",
            "lo@ເຂົາໄປຕະຫຼາດກັບແມ່ຂອງລາວ ¦ແລ້ວເຂົາກໍກັບບ້ານ",
            "km@គាត់មក។ ¦នាងទៅហើយ។ ¦ហេតុអ្វី?",
            "km@គាត់មក។¦នាងទៅហើយ៕",
            "my@သူလာတယ်။ ¦သူမသွားပြီ။",
            "my@သူလာတယ်။¦သူမ၊ သူတို့ သွားပြီ။",
            "am@እሱ መጣ። ¦እሷ ሄደች። ¦ለምን፧ ¦አላውቅም።",
            "am@እሱ መጣ፡፡ ¦እሷ ሄደች፡፡",
            "hy@Նա եկավ։ ¦Ո՞վ գնաց։ ¦Չգիտեմ։",
            "bo@བོད་ཡིག་ཡིན། ¦དེ་ལེགས་སོ། །",
        ],
    ),
}
_OWN = Path(__file__).resolve().parents[1] / "tests" / "chunkers" / "text" / "test_sentences.py"
_OWN_LANGUAGES = {"chinese": "zh", "japanese": "ja", "arabic": "ar", "urdu": "ur", "hindi": "hi", "german": "de"}


def boundaries(case: str) -> tuple[str, set[int], set[int]]:
    """The text of a case, and after how many characters other than white space it must and may be cut."""
    must, may, seen = set(), set(), 0
    for character in case:
        if character in "¦¬":
            (must if character == "¦" else may).add(seen)
        elif not character.isspace():
            seen += 1
    return case.replace("¦", "").replace("¬", ""), must, may


def all_cases() -> list[tuple[str, str, str]]:
    """Group, language and case, those that the tests hold at the end."""
    found = [(group, *_tagged(case, language)) for group, (language, cases) in CASES.items() for case in cases]
    return found + [("the tests' own", *case) for case in _own()]


def _tagged(case: str, language: str) -> tuple[str, str]:
    return (case[:2], case[3:]) if case[2:3] == "@" else (language, case)


def _own() -> list[tuple[str, str]]:
    for node in ast.parse(_OWN.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "CASES":
            cases = ast.literal_eval(node.value)
            return [(_OWN_LANGUAGES.get(name, "en"), _joined(rows)) for name, rows in cases.items()]
    raise SystemExit(f"{_OWN} holds no CASES any more")


def _joined(rows: list[str]) -> str:
    gap = {"\0": ""}.get(rows[0], rows[0])
    return f"{gap}¦".join(rows[1:]) if not gap.strip() else " ¦".join(rows)
