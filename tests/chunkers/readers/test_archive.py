from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office_files import zipped

from longdoc.chunkers.readers import archive
from longdoc.chunkers.readers.archive import Archive, parse_xml, resolved
from longdoc.errors import InputError


def opened(data: bytes) -> Archive:
    return Archive(data, "x.epub", "an EPUB book", "epub")


@given(st.dictionaries(st.text("ab/.", min_size=1), st.binary(), min_size=1))
def test_members_come_back_exactly(members: dict[str, bytes]) -> None:
    read = opened(zipped(members))
    assert {name: read.read(name) for name in members} == members
    assert all(name in read for name in members)


@given(st.text("ab./"), st.text("ab./"))
def test_no_reference_leads_out_of_the_archive(base: str, reference: str) -> None:
    name = resolved(base, reference)
    assert not name.startswith("/")
    assert ".." not in name.split("/")


@pytest.mark.parametrize(
    ("base", "reference", "name"),
    [
        ("OPS/book.opf", "text/a.xhtml", "OPS/text/a.xhtml"),
        ("OPS/book.opf", "../a.xhtml", "a.xhtml"),
        ("OPS/book.opf", "/a.xhtml", "a.xhtml"),
        ("", "word/document.xml", "word/document.xml"),
        ("a/b", "../../../c", "c"),
    ],
)
def test_references_are_resolved_within_the_archive(base: str, reference: str, name: str) -> None:
    assert resolved(base, reference) == name


def test_more_than_the_ratio_is_refused_before_anything_is_read() -> None:
    data = zipped({"a": bytes(archive.UNSUSPICIOUS_BYTES + 1)})
    with pytest.raises(InputError) as caught:
        opened(data)
    assert str(caught.value) == (
        f"'x.epub' is refused, for its {len(data):,} bytes would unpack to "
        f"{archive.UNSUSPICIOUS_BYTES + 1:,} bytes; save it in smaller files"
    )
    assert len(opened(zipped({"a": bytes(1 << 20)})).read("a")) == 1 << 20


def with_stated_size(size: int, content: bytes = b"123456789") -> bytes:
    """An archive whose directory states `size` for its member."""
    data = bytearray(zipped({"a": content}))
    where = data.index(b"PK\x01\x02") + 24
    data[where : where + 4] = size.to_bytes(4, "little")
    return bytes(data)


def test_a_size_that_is_stated_wrongly_is_not_read_past() -> None:
    with pytest.raises(InputError, match=r"its part 'a' cannot be unpacked"):
        opened(with_stated_size(3)).read("a")
    data = with_stated_size(3, bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"its part 'a' cannot be unpacked"):
            opened(data).read("a")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_without_a_bound_is_refused(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as target:
        target.writestr("a", b"123456789")
    with pytest.raises(InputError, match=r"its part 'a' is packed in a way that its format does not allow;"):
        opened(out.getvalue()).read("a")


def test_a_member_over_the_limit_is_refused() -> None:
    padding = bytes(range(256)) * 8192  # what is stored as it is keeps the ratio down
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        target.writestr("a", b"123456789")
        target.writestr("padding", padding)
    data = bytearray(out.getvalue())
    where = data.index(b"PK\x01\x02") + 24
    data[where : where + 4] = (archive.MOST_MEMBER_BYTES + 1).to_bytes(4, "little")
    with pytest.raises(InputError, match=r"its part 'a' would unpack to 134,217,729 bytes; save it in smaller files$"):
        opened(bytes(data)).read("a")


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(zipped({"a": b"123"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InputError, match=r"^'x.epub' is encrypted; remove the password and try again$"):
        opened(bytes(data)).read("a")


def test_names_lose_their_namespaces() -> None:
    tree = parse_xml(b'<a:b xmlns:a="u" a:c="1"><d xmlns="v"/><!-- e --></a:b>', "epub")
    assert (tree.tag, tree.get("c"), [child.tag for child in tree]) == ("b", "1", ["d"])


def test_unsound_xml_gives_nothing() -> None:
    for data in (b"", b"<a>", b"words", b"<a>" * 5000 + b"</a>" * 5000, b'<?xml version="1.0" encoding="?"?><a/>'):
        assert parse_xml(data, "epub") is None


def test_entities_are_not_resolved() -> None:
    tree = parse_xml(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>', "epub")
    assert archive.declares_entities(tree)
    assert not tree.text
