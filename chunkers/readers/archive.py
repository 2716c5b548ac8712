"""The members of a ZIP archive that is a document (EPUB, DOCX), taken out in memory and within limits.

Nothing is unpacked to disk: a member's name is a key, never a path. The limits are on the sizes that the
archive states, and no more than a member's stated size is unpacked.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import Any

from longdoc.errors import InputError, MissingExtraError

MOST_BYTES = 1 << 30
"""Bytes that the members of an archive may unpack to, all together."""

MOST_MEMBER_BYTES = 128 << 20
"""Bytes that a member which is read may unpack to; its tree takes several times as much memory."""

MOST_RATIO = 100
"""How many times its own size an archive may unpack to, once that is over `UNSUSPICIOUS_BYTES`."""

UNSUSPICIOUS_BYTES = 8 << 20
"""Bytes that any archive may unpack to, however small it is; a tree of so much takes about 270 MiB."""

# All that EPUB and Office Open XML allow; `zipfile` unpacks the others without a bound.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, OverflowError)


class Archive:
    """The members of the ZIP archive in `data`; `kind` ("an EPUB book") and `extra` are for the errors.

    An `InputError` names `source` where the archive is broken, encrypted or unpacks to more than the limits.
    """

    def __init__(self, data: bytes, source: str, kind: str, extra: str) -> None:
        self.source = source
        self.kind = kind
        self._extra = extra
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise self.broken("its ZIP archive cannot be opened") from error
        self._members = {info.filename: info for info in self._zip.infolist()}
        self._refuse_bomb(len(data))

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """Return the bytes of the member `name`; an `InputError` where there is none or it is broken."""
        info = self._members.get(name)
        if info is None:
            raise self.broken(f"its part {name!r} is missing")
        if info.flag_bits & 1:
            raise InputError(f"{self.source!r} is encrypted; remove the password and try again")
        if info.file_size > MOST_MEMBER_BYTES:
            raise self._too_large(info.file_size, f"its part {name!r}")
        if info.compress_type not in _METHODS:
            raise self.broken(f"its part {name!r} is packed in a way that its format does not allow")
        try:
            with self._zip.open(info) as member:
                return member.read(info.file_size)  # without a size, up to 2 GiB would be unpacked, then cut
        except (*_BROKEN, RuntimeError) as error:
            raise self.broken(f"its part {name!r} cannot be unpacked") from error

    def xml(self, name: str) -> Any:
        """Return the root of the XML in the member `name`, its tags and attributes without namespaces."""
        tree = parse_xml(self.read(name), self._extra)
        if tree is None:
            raise self.broken(f"its part {name!r} is not sound XML")
        if declares_entities(tree):
            raise self.bomb(f"its part {name!r}")
        return tree

    def broken(self, what: str) -> InputError:
        """Return the error that says what is wrong with the archive."""
        return InputError(f"{self.source!r} is not {self.kind}, or a broken one: {what}; save or fetch it anew")

    def bomb(self, what: str) -> InputError:
        """Return the error that refuses entities of a document's own."""
        return InputError(
            f"{self.source!r} declares XML entities in {what}, which can unpack without end; save it without them"
        )

    def _refuse_bomb(self, packed: int) -> None:
        unpacked = sum(info.file_size for info in self._zip.infolist())
        if unpacked > MOST_BYTES or (unpacked > UNSUSPICIOUS_BYTES and unpacked > MOST_RATIO * packed):
            raise self._too_large(unpacked, f"its {packed:,} bytes")

    def _too_large(self, size: int, what: str) -> InputError:
        return InputError(
            f"{self.source!r} is refused, for {what} would unpack to {size:,} bytes; save it in smaller files"
        )


def resolved(base: str, reference: str) -> str:
    """Return the name of the member that `reference` in the member `base` points at ("/" begins at the root)."""
    joined = posixpath.normpath(posixpath.join("/", posixpath.dirname(base), reference))
    return joined.lstrip("/")


def parse_xml(data: bytes, extra: str) -> Any:
    """Return the root of sound XML, its names without namespaces; None where it is not sound.

    No entity is resolved and nothing outside `data` is opened.
    """
    try:
        from lxml import etree
    except ImportError as error:
        raise MissingExtraError(f"reading {extra.upper()}", extra) from error
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    for node in tree.iter(etree.Element):
        node.tag = node.tag.rpartition("}")[2]
        for name in [name for name in node.attrib if name.startswith("{")]:
            node.attrib[name.rpartition("}")[2]] = node.attrib.pop(name)
    return tree


def declares_entities(tree: Any) -> bool:
    """Return whether the document of `tree` declares entities of its own."""
    dtd = tree.getroottree().docinfo.internalDTD
    return dtd is not None and next(dtd.iterentities(), None) is not None
