from __future__ import annotations

import codecs

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from longdoc.chunkers.readers.decoding import decode
from longdoc.chunkers.readers.formats import is_pdf
from longdoc.errors import InputError

FRENCH = "L'été dernier, à la plage, nous avons mangé des crêpes. Où êtes-vous allés ? C'était déjà l'hiver. "
RUSSIAN = "В начале июля, в чрезвычайно жаркое время, под вечер, один молодой человек вышел из своей каморки. "
JAPANESE = "国境の長いトンネルを抜けると雪国であった。夜の底が白くなった。信号所に汽車が止まった。\n"
CHINESE = "话说天下大势,分久必合,合久必分。周末七国分争,并入于秦。\n"
POLISH = "Zażółć gęślą jaźń. Dzień dobry, jak się pan miewa? Wszystko w porządku, dziękuję. "
GREEK = "Καλημέρα σας, τι κάνετε σήμερα; Ο καιρός είναι πολύ καλός. "


def few_nul(data: bytes) -> bool:
    return data.count(0) * 20 <= len(data)


def begins_as_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    marks = (
        codecs.BOM_UTF8,
        b"{\\rtf",
        b"\x7fELF",
        b"GIF8",
        b"7z",
        b"PK",
        b"II*",
        b"MM\0",
        b"Rar!",
        b"SQLite",
        b"OggS",
    )
    return not data.startswith(marks) and not is_pdf(data) and b"\x1b$" not in data


@given(st.text(min_size=1))
def test_utf8_comes_back_exactly(text: str) -> None:
    data = text.encode()
    assume(few_nul(data) and begins_as_text(data))
    assert decode(data, "x.txt") == text


@given(st.text(min_size=1))
def test_marked_utf8_comes_back_without_its_mark(text: str) -> None:
    assert decode(text.encode("utf-8-sig"), "x.txt") == text


@given(st.text(min_size=1), st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]))
def test_marked_utf16_and_utf32_come_back_without_their_mark(text: str, encoding: str) -> None:
    assume(not (encoding == "utf-16-le" and text.startswith("\0")))
    assert decode(("\ufeff" + text).encode(encoding), "x.txt") == text


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_unmarked_utf16_of_latin_text_is_told_by_its_nul_bytes(text: str) -> None:
    assert decode(text.encode("utf-16-le"), "x.txt") == text
    assert decode(text.encode("utf-16-be"), "x.txt") == text


@given(st.binary(), st.one_of(st.none(), st.text(st.characters(codec="ascii"), max_size=12)))
def test_any_bytes_are_text_or_an_input_error_of_one_line(data: bytes, declared: str | None) -> None:
    said = "'x\\n.txt'"
    try:
        assert isinstance(decode(data, "x\n.txt", declared), str)
    except InputError as error:
        said = str(error)
    assert "'x\\n.txt'" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        ("The price was £5, “naïve” and the café was closed. " * 3, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "iso8859-5"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (CHINESE, "gb18030"),
        (CHINESE, "big5"),
        (POLISH, "cp1250"),
        (GREEK, "cp1253"),
    ],
)
@pytest.mark.parametrize("times", [1, 30])
def test_common_encodings_are_told_apart(text: str, encoding: str, times: int) -> None:
    text = text.encode(encoding, "ignore").decode(encoding) * times
    assert decode(text.encode(encoding), "x.txt") == text


def test_a_large_text_is_told_by_a_sample_and_decoded_whole() -> None:
    text = JAPANESE * 20_000 + "\u2460 終わり\n"
    assert decode(text.encode("cp932"), "x.txt") == text


def test_a_large_ascii_text_with_a_foreign_word_at_its_end_is_not_lost() -> None:
    text = "plain words " * 40_000 + "café"
    assert decode(text.encode("cp1252"), "x.txt") == text


def test_words_of_two_languages_in_a_long_text_are_told_as_far_as_they_can_be() -> None:
    text = "plain words of English prose " * 4_000 + "elle était, ciò, perchè, écoutant, l'aumône"
    made = decode(text.encode("cp1252"), "x.txt")
    assert len(made) == len(text)
    assert all(ours in (theirs, "\ufffd") for ours, theirs in zip(made, text, strict=True))
    assert "était" in made


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("ISO-8859-1", "cp1252"),
        ("Shift_JIS", "cp932"),
        ("gb2312", "gb18030"),
        ("euc-kr", "cp949"),
        ("tis-620", "cp874"),
    ],
)
def test_a_declared_label_stands_for_what_browsers_take_it_for(label: str, encoding: str) -> None:
    text = {"cp1252": "“é”", "cp932": "①", "gb18030": "镕", "cp949": "똠", "cp874": "ไทย…"}[encoding]
    assert decode(text.encode(encoding), "x.html", label) == text


@pytest.mark.parametrize("label", ["utf-16", "rot13", "no-such-charset", "undefined", "idna", "utf-8"])
def test_a_label_that_cannot_be_meant_gives_way_to_utf8(label: str) -> None:
    assert decode("naïve".encode(), "x.html", label) == "naïve"


def test_a_label_that_does_not_fit_gives_way_to_detection() -> None:
    assert decode("“é” naïve".encode(), "x.html", "euc-jp") == "“é” naïve"


def test_a_few_nul_bytes_are_kept() -> None:
    assert (
        decode(b"some good text\0and more of it, with an end\0", "x") == "some good text\0and more of it, with an end\0"
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04....", "a broken ZIP archive; save or fetch it anew"),
        (b"PK\x05\x06" + bytes(18), "a ZIP archive; unpack it and give a file in it"),
        (b"\x89PNG\r\n\x1a\n....", "a PNG image; run OCR on it first"),
        (b"\x7fELF....", "a program (ELF); save its text in another format (longdoc reads .txt .md .rst"),
        (b"\x1f\x8b\x08....", "a gzip archive; unpack it and give a file in it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "an old Microsoft Office file"),
    ],
)
def test_known_binary_formats_are_named_with_the_remedy(data: bytes, kind: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(data, "x.txt")
    assert f"'x.txt' is {kind}" in str(caught.value)


@pytest.mark.parametrize("data", [bytes(100), bytes(range(256)) * 8, b"\x00\x01\x02\x03" * 50])
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="'x' is binary data, not text"):
        decode(data, "x")


def test_a_pdf_under_another_name_is_to_be_renamed() -> None:
    with pytest.raises(InputError, match=r"^'x.txt' looks like a PDF; rename it to .pdf$"):
        decode(b"%PDF-1.7\n", "x.txt")


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfa \xff\xfe\xff\xfe\xff", b"\xff\xfea"])
def test_a_mark_that_the_rest_belies_is_no_encoding(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^cannot tell the encoding of 'x.txt'; convert it to UTF-8$"):
        decode(data, "x.txt")


LANGUAGES = [("cp1252", FRENCH), ("cp1251", RUSSIAN), ("koi8_r", RUSSIAN), ("cp932", JAPANESE), ("euc_jp", JAPANESE)]
LANGUAGES += [("gb18030", CHINESE), ("cp1250", POLISH), ("cp1253", GREEK)]


def test_a_bad_byte_in_utf8_is_one_sign_of_it() -> None:
    whole = ("Zürich ist schön.\n" * 300).encode()
    for at in range(700, 740):
        text = decode(whole[:at] + b"\xff" + whole[at:], "x.txt")
        assert 0 < text.count("\ufffd") <= 3
        assert text.count("Zürich ist schön.") >= 298


@given(
    text=st.sampled_from([FRENCH, RUSSIAN, JAPANESE, CHINESE, GREEK]), start=st.integers(0, 5), end=st.integers(0, 5)
)
def test_utf8_cut_inside_a_character_keeps_the_others(text: str, start: int, end: int) -> None:
    whole = (text * 3).encode()
    cut = decode(whole[start : len(whole) - end], "x.txt")
    assert cut.strip("\ufffd") in text * 3
    assert len(cut) >= len(text * 3) - start - end


@pytest.mark.parametrize(("encoding", "text"), LANGUAGES)
def test_another_encoding_after_much_ascii_is_told(encoding: str, text: str) -> None:
    first = "A plain line of text.\n" * 400
    assert decode(first.encode() + (text * 2).encode(encoding), "x.txt") == first + text * 2


@pytest.mark.parametrize(("encoding", "text"), LANGUAGES)
def test_another_encoding_cut_inside_a_character_is_told(encoding: str, text: str) -> None:
    whole = (text * 5).encode(encoding)
    assert decode(whole[:-2] + whole[-1:], "x.txt").count("\ufffd") <= 2
    assert decode(whole[:-4], "x.txt")[:-3] in text * 5


@pytest.mark.parametrize(("encoding", "text"), LANGUAGES)
def test_what_is_in_two_encodings_is_refused(encoding: str, text: str) -> None:
    with pytest.raises(InputError, match=r"in part|cannot tell"):
        decode((text * 9).encode() + (text * 9).encode(encoding), "x.txt")


def test_utf16_that_lost_half_a_character_is_read() -> None:
    assert decode(codecs.BOM_UTF16_LE + ("text " * 50).encode("utf-16-le")[:-1], "x.txt") == "text " * 49 + "text\ufffd"


def test_a_label_gives_way_where_the_bytes_are_utf8_beyond_doubt() -> None:
    assert decode("Größe, Maße".encode(), "x.html", "iso-8859-1") == "Größe, Maße"
    assert decode("Größe, Maße".encode("latin-1"), "x.html", "iso-8859-1") == "Größe, Maße"
