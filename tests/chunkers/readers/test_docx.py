from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office_files import docx, docx_members, paragraph, zipped

from longdoc.chunkers.readers import archive
from longdoc.chunkers.readers.docx.reading import read_docx
from longdoc.errors import InputError

words = st.text("ab é7.", min_size=1, max_size=20).map(str.strip).filter(bool).map(lambda text: " ".join(text.split()))
HEADINGS = "".join(
    f'<w:style w:type="paragraph" w:styleId="H{n}"><w:name w:val="heading {n}"/></w:style>' for n in range(1, 7)
)


def style(name: str, inside: str = "", title: str = "") -> str:
    return f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{title or name}"/>{inside}</w:style>'


def outlined(level: int) -> str:
    return f'<w:pPr><w:outlineLvl w:val="{level}"/></w:pPr>'


def in_list(number: int, level: int = 0) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


def counted(*levels: tuple[str, str]) -> str:
    """A list with levels of (format, text), as numbers 1 and 2; the latter begins anew at 5."""
    inside = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for n, (kind, text) in enumerate(levels)
    )
    return (
        f'<w:abstractNum w:abstractNumId="0">{inside}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="0"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    )


def run(inside: str) -> str:
    return f"<w:r>{inside}</w:r>"


def text(body: str, **parts: str) -> str:
    return read_docx(docx(body, **parts), "x.docx").page_content


@given(st.lists(st.tuples(words, st.integers(0, 6)), min_size=1))
def test_paragraphs_come_back_and_headings_are_the_outline(paragraphs: list[tuple[str, int]]) -> None:
    body = "".join(paragraph(words, f"H{level}" if level else "") for words, level in paragraphs)
    document = read_docx(docx(body, styles=HEADINGS), "x")
    assert document.page_content.split("\n\n") == [words for words, _ in paragraphs]
    outline = document.metadata.get("outline", [])
    assert [(title, level) for _, level, title in outline] == [(words, level) for words, level in paragraphs if level]
    for start, _, title in outline:
        assert document.page_content[start : start + len(title)] == title


def test_the_metadata_has_the_title_of_the_properties() -> None:
    document = read_docx(docx(paragraph("One", "H1"), title=" A\n title", styles=HEADINGS), "x.docx")
    assert document.metadata == {"source": "x.docx", "format": "docx", "outline": [[0, 1, "One"]], "title": "A title"}


def test_an_outline_level_makes_a_heading_by_whatever_way_it_comes() -> None:
    styles = (
        style("Own", outlined(1))
        + style("Based", '<w:basedOn w:val="Own"/>')
        + style("Not", '<w:basedOn w:val="Own"/>' + outlined(9))
        + style("T", title="Title")
        + style("Loop", '<w:basedOn w:val="Loop"/>')
    )
    body = "".join(paragraph(name.lower(), name) for name in ("Own", "Based", "Not", "T", "Loop", "Unknown"))
    body += paragraph("direct", "", '<w:outlineLvl w:val="2"/>')
    document = read_docx(docx(body, styles=styles), "x")
    assert [entry[1:] for entry in document.metadata["outline"]] == [[2, "own"], [2, "based"], [1, "t"], [3, "direct"]]


def test_a_line_break_in_a_heading_is_a_space() -> None:
    body = f'<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr>{run("<w:t>One</w:t><w:br/><w:t>two</w:t>")}</w:p>'
    document = read_docx(docx(body, styles=HEADINGS), "x")
    assert document.metadata["outline"] == [[0, 1, "One two"]]


def test_bullets_are_nested_lists() -> None:
    numbering = counted(("bullet", "o"), ("bullet", "-"))
    body = paragraph("before") + paragraph("a", "", in_list(1)) + paragraph("b", "", in_list(1, 1))
    body += paragraph("c", "", in_list(1)) + paragraph("after")
    assert text(body, numbering=numbering) == "before\n\n- a\n  - b\n- c\n\nafter"


def test_numbers_are_counted_as_word_does() -> None:
    numbering = counted(("decimal", "%1."), ("lowerLetter", "(%2)"), ("upperRoman", "%1.%2.%3"))
    levels = [(1, 0), (1, 1), (1, 1), (1, 2), (1, 0), (1, 1), (2, 0), (2, 0)]
    body = "".join(paragraph("x", "", in_list(number, level)) for number, level in levels)
    lines = ["1. x", "  (a) x", "  (b) x", "    1.b.I x", "2. x", "  (a) x", "5. x", "6. x"]
    assert text(body, numbering=numbering).split("\n") == lines


def test_a_heading_bears_its_number() -> None:
    styles = style("S", f"<w:pPr>{in_list(1)}<w:outlineLvl w:val='0'/></w:pPr>")
    body = paragraph("Terms", "S") + paragraph("", "S") + paragraph("Law", "S") + paragraph("none", "S", in_list(0))
    document = read_docx(docx(body, styles=styles, numbering=counted(("upperRoman", "Article %1."))), "x")
    assert document.page_content == "Article I. Terms\n\nArticle III. Law\n\nnone"


def test_a_table_is_a_line_for_each_row() -> None:
    cells = [["Product", "Price"], ["Pen", "2"]]
    rows = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in cells)
    table = "".join(f"<w:tr>{row}</w:tr>" for row in rows)
    body = paragraph("before") + f"<w:tbl>{table}</w:tbl>" + paragraph("after")
    assert text(body) == "before\n\nProduct\tPrice\nPen\t2\n\nafter"


def test_notes_are_marked_and_stand_at_the_end() -> None:
    def note(kind: str, name: int, words: str) -> str:
        return f'<w:{kind} w:id="{name}">{paragraph(words)}</w:{kind}>'

    called = '<w:t>a</w:t><w:footnoteReference w:id="7"/><w:t>b</w:t><w:endnoteReference w:id="7"/>'
    again = '<w:t>c</w:t><w:footnoteReference w:id="7"/><w:footnoteReference w:id="8"/>'
    footnotes = note("footnote", -1, "separator") + note("footnote", 7, "First.")
    body = f"<w:p>{run(called)}</w:p><w:p>{run(again)}</w:p>"
    read = text(body, footnotes=footnotes, endnotes=note("endnote", 7, "Second."))
    assert read == "a[1]b[2]\n\nc[1]\n\n[1] First.\n[2] Second."


def test_changes_are_read_as_accepted() -> None:
    body = (
        f"<w:p>{run('<w:t>a</w:t>')}<w:ins>{run('<w:t>b</w:t>')}</w:ins><w:del>{run('<w:delText>c</w:delText>')}</w:del>"
        f"<w:moveFrom>{run('<w:t>d</w:t>')}</w:moveFrom><w:hyperlink>{run('<w:t>e</w:t>')}</w:hyperlink>"
        f"<w:r><w:rPr><w:vanish/></w:rPr><w:t>f</w:t></w:r><w:fldSimple>{run('<w:t>g</w:t>')}</w:fldSimple>"
        f"{run('<w:instrText>h</w:instrText>')}</w:p>"
    )
    assert text(body) == "abeg"


def test_a_table_of_contents_is_left_out() -> None:
    gallery = '<w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
    body = f"<w:sdt>{gallery}<w:sdtContent>{paragraph('One 1')}</w:sdtContent></w:sdt>"
    body += paragraph("Two 2", "C") + f"<w:sdt><w:sdtContent>{paragraph('kept')}</w:sdtContent></w:sdt>"
    assert text(body, styles=style("C", title="toc 2")) == "kept"


def test_a_text_box_follows_its_paragraph_and_is_read_once() -> None:
    box = f"<w:drawing><w:txbxContent>{paragraph('boxed')}</w:txbxContent></w:drawing>"
    old = f"<w:pict><w:txbxContent>{paragraph('boxed')}</w:txbxContent></w:pict>"
    either = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{old}</mc:Fallback></mc:AlternateContent>"
    assert text(f"<w:p>{run('<w:t>a</w:t>' + either + '<w:t>b</w:t>')}</w:p>") == "ab\n\nboxed"


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<w:t>a</w:t><w:tab/><w:t>b</w:t>", "a b"),
        ("<w:t>a</w:t><w:br/><w:t>b</w:t>", "a\nb"),
        ("<w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t>", "a\u2011b"),
        ('<w:t>a</w:t><w:sym w:char="F0FC"/>', "a✓"),
        ('<w:t>a</w:t><w:sym w:char="03B1"/>', "aα"),
        ('<w:t>a</w:t><w:sym w:char="D800"/>', "a\ufffd"),
        ("<w:t>a\nb</w:t>", "a b"),
    ],
)
def test_what_is_no_letter_is_written_as_text(inside: str, said: str) -> None:
    assert text(f"<w:p>{run(inside)}</w:p>") == said


def m(tag: str, *children: str) -> str:
    return f"<m:{tag}>{''.join(children)}</m:{tag}>"


def t(letters: str) -> str:
    return m("r", m("t", letters))


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (m("f", m("num", t("a+b")), m("den", t("2"))), "(a+b)/2"),
        (m("sSubSup", m("e", t("x")), m("sub", t("i")), m("sup", t("-1"))), "x_i^(-1)"),
        (m("sPre", m("sub", t("2")), m("sup", t("")), m("e", t("x"))), "_2x"),
        (m("rad", m("deg", t("3")), m("e", t("x"))), "3√(x)"),
        (m("d", '<m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr>', m("e", t("x")), m("e", t("y"))), "[x|y]"),
        (
            m("nary", '<m:naryPr><m:chr m:val="∑"/></m:naryPr>', m("sub", t("i=1")), m("sup", t("n")), m("e", t("i"))),
            "∑_(i=1)^n i",
        ),
        (m("func", m("fName", t("sin")), m("e", t("2x"))), "sin 2x"),
        (m("func", m("fName", m("limLow", m("e", t("lim")), m("lim", t("x→0")))), m("e", t("x"))), "lim_(x→0) x"),
        (m("m", m("mr", m("e", t("1")), m("e", t("2"))), m("mr", m("e", t("3")), m("e", t("4")))), "1, 2; 3, 4"),
        (m("eqArr", m("e", t("a=1")), m("e", t("b=2"))), "a=1; b=2"),
        (m("f", m("num", m("d", m("e", t("a")))), m("den", t("(a)(b)"))), "(a)/((a)(b))"),
    ],
)
def test_a_formula_is_written_in_a_line(formula: str, said: str) -> None:
    assert text(f"<w:p>{run('<w:t>so </w:t>')}{m('oMath', formula)}</w:p>") == f"so {said}"


def test_a_formula_as_deep_as_xml_may_be_is_written() -> None:
    fractions = "<m:f><m:num>" * 125 + t("x") + "</m:num></m:f>" * 125
    assert text(f"<w:p><m:oMath>{fractions}</m:oMath></w:p>").startswith("(" * 100)


def test_the_strict_variant_of_the_format_is_read() -> None:
    members = docx_members(paragraph("One", "H1"), styles=HEADINGS)
    strict = {
        name: str(content)
        .replace(
            "http://schemas.openxmlformats.org/wordprocessingml/2006/", "http://purl.oclc.org/ooxml/wordprocessingml/"
        )
        .replace("http://schemas.openxmlformats.org/officeDocument/2006/", "http://purl.oclc.org/ooxml/officeDocument/")
        for name, content in members.items()
    }
    assert read_docx(zipped(strict), "x").metadata["outline"] == [[0, 1, "One"]]


def refusal(members: dict[str, str | bytes]) -> str:
    with pytest.raises(InputError) as caught:
        read_docx(zipped(members), "x.docx")
    return str(caught.value)


def test_what_is_no_sound_document_is_refused() -> None:
    members = docx_members(paragraph("One"))
    broken = "'x.docx' is not a Word document, or a broken one: {}; save or fetch it anew"
    assert refusal(members | {"_rels/.rels": "<Relationships/>"}) == broken.format("it names no main part")
    assert refusal(members | {"word/document.xml": "<w>"}) == broken.format(
        "its part 'word/document.xml' is not sound XML"
    )
    assert refusal(members | {"word/document.xml": "<w/>"}) == broken.format("its main part has no body")
    assert refusal(docx_members("")) == (
        "'x.docx' is a Word document without text; if its pages are images, run OCR on them first"
    )


def test_entities_and_bombs_are_refused() -> None:
    members = docx_members(paragraph("One"))
    bomb = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + str(members["word/document.xml"])
    assert "declares XML entities in its part 'word/document.xml'" in refusal(members | {"word/document.xml": bomb})
    filled = members | {"word/media/image1.png": bytes(archive.UNSUSPICIOUS_BYTES + 1)}
    assert "would unpack to" in refusal(filled)


def test_a_part_elsewhere_is_not_fetched() -> None:
    members = docx_members(paragraph("One"), styles=HEADINGS)
    away = str(members["_rels/.rels"]).replace(
        'Target="word/document.xml"', 'Target="/etc/passwd" TargetMode="External"'
    )
    assert "it names no main part" in refusal(members | {"_rels/.rels": away})
    inside = str(members["_rels/.rels"]).replace("word/document.xml", "../../etc/passwd")
    assert "its part 'etc/passwd' is missing" in refusal(members | {"_rels/.rels": inside})


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_a_damaged_document_gives_a_document_or_one_error(damage: bytes, where: int) -> None:
    data = docx(paragraph("One", "H1"), styles=HEADINGS)
    where %= len(data)
    try:
        said = json.dumps(read_docx(data[:where] + damage + data[where + len(damage) :], "x.docx").metadata)
    except InputError as error:
        said = str(error)
    assert "x.docx" in said


TAGS = [
    *("w:p", "w:r", "w:tbl", "w:tr", "w:tc", "w:sdt", "w:sdtContent", "w:ins", "w:del", "w:pPr", "w:numPr"),
    *("w:drawing", "w:txbxContent", "mc:AlternateContent", "mc:Choice", "mc:Fallback"),
    *("m:oMath", "m:f", "m:num", "m:den", "m:d", "m:e", "m:nary", "m:m", "m:mr"),
]
nodes = st.recursive(
    st.sampled_from(["<w:t>a</w:t>", "<w:br/>", '<w:sym w:char="zz"/>', "<w:tab/>", '<w:footnoteReference w:id="1"/>']),
    lambda inside: st.builds(
        "<{0}>{1}</{0}>".format,
        st.sampled_from(TAGS),
        st.lists(inside, max_size=4).map("".join),
    ),
    max_leaves=20,
)


@given(nodes)
def test_any_tree_of_words_elements_is_read(body: str) -> None:
    notes = f'<w:footnote w:id="1">{body}</w:footnote>'
    document = read_docx(docx(paragraph("One") + body, footnotes=notes), "x")
    assert document.page_content.startswith("One")


def marked(place: str, words: str) -> str:
    return f'<w:r><w:rPr><w:vertAlign w:val="{place}"/></w:rPr><w:t>{words}</w:t></w:r>'


def said(words: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{words}</w:t></w:r>'


def test_what_stands_above_or_below_the_line_is_no_digit() -> None:
    runs = said("$320") + marked("superscript", "1") + said(" million, 10") + marked("superscript", "3")
    runs += said(" acres, H") + marked("subscript", "2") + said("O, the 21") + marked("superscript", "st")
    assert text(f"<w:p>{runs}</w:p>") == "$320 [1] million, 10^3 acres, H2O, the 21st"


def test_what_is_deleted_struck_or_hidden_is_left_out() -> None:
    style = '<w:style w:type="character" w:styleId="No"><w:name w:val="No"/><w:rPr><w:vanish/></w:rPr></w:style>'
    runs = said("The fee is ") + "<w:del><w:r><w:delText>50</w:delText></w:r></w:del><w:ins>" + said("40") + "</w:ins>"
    runs += "<w:r><w:rPr><w:strike/></w:rPr><w:t>30</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>20</w:t></w:r>"
    runs += '<w:r><w:rPr><w:rStyle w:val="No"/></w:rPr><w:t>10</w:t></w:r>'
    runs += '<w:r><w:rPr><w:strike w:val="0"/></w:rPr><w:t xml:space="preserve"> pounds.</w:t></w:r>'
    assert text(f"<w:p>{runs}</w:p>", styles=style) == "The fee is 40 pounds."


def test_merged_cells_stand_where_they_hold_and_the_head_is_known() -> None:
    def cell(words: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(words)}</w:tc>"

    wide = '<w:gridSpan w:val="2"/>'
    rows = [
        "<w:trPr><w:tblHeader/></w:trPr>" + cell("Region") + cell("Sales", wide),
        "<w:trPr><w:tblHeader/></w:trPr>" + cell("") + cell("2023") + cell("2024"),
        cell("North", '<w:vMerge w:val="restart"/>') + cell("1") + cell("2"),
        cell("", "<w:vMerge/>") + cell("3") + cell("4"),
    ]
    body = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    document = read_docx(docx(paragraph("(In thousands)") + body + paragraph("End")), "x")
    assert document.page_content.split("\n\n")[1].split("\n")[2:] == ["North\t1\t2", "North\t3\t4"]
    (table,) = document.metadata["tables"]
    assert table["header"] == ["Region", "Sales 2023", "Sales 2024"]
    assert table["note"] == "(In thousands)"
