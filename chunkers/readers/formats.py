"""What a file is by its first bytes, and what to do with the kinds that longdoc does not read."""

from __future__ import annotations

import codecs
import io
import zipfile
import zlib

from longdoc.errors import InputError

PLAIN = (".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".ipynb")
"""The suffixes read as they are; so is a file with any other suffix that is not in `SUFFIXES`."""

XML = (".xml", ".rss", ".atom")
"""The suffixes read as they are too, but in the charset that the file declares."""

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
"""The suffixes of images, whose characters are recognised."""

SUFFIXES = (*PLAIN, *XML, ".html", ".htm", ".pdf", ".docx", ".epub", *IMAGES)
"""The suffixes that longdoc knows how to read; any other file is read as plain text."""

READABLE = "longdoc reads " + " ".join(one for one in SUFFIXES if one not in IMAGES) + " and other plain text"

_READ = {".pdf": "a PDF", ".docx": "a Word document", ".epub": "an EPUB book"}

_AS_TEXT = f"save its text in another format ({READABLE})"
_AS_WORD = "save it as .docx"
_AS_PDF = "export it as a PDF"
_AS_CSV = "save each of its sheets as .csv"
_AS_PAGE = "save the message as .txt or .html"
_UNPACK = "unpack it and give a file in it"
_RECOGNISE = "run OCR on it first"
_DECRYPT = "remove its password and try again"

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_BROKEN_ZIP = ("a broken ZIP archive", "save or fetch it anew")
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, OverflowError)
# The name of a member that only this kind of archive has, or the beginning of it.
_MEMBERS = (
    ("word/document", ".docx", ""),
    ("META-INF/container.xml", ".epub", ""),
    ("ppt/presentation", "a PowerPoint presentation (.pptx)", _AS_PDF),
    ("xl/workbook", "an Excel workbook (.xlsx)", _AS_CSV),
    ("Index/Document.iwa", "an Apple iWork document", _AS_PDF),
)
_MIMETYPES = {
    b"application/epub+zip": (".epub", ""),
    b"application/vnd.oasis.opendocument.text": ("an OpenDocument text (.odt)", _AS_WORD),
    b"application/vnd.oasis.opendocument.spreadsheet": ("an OpenDocument spreadsheet (.ods)", _AS_CSV),
    b"application/vnd.oasis.opendocument.presentation": ("an OpenDocument presentation (.odp)", _AS_PDF),
}

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The names of streams in an OLE file. A message may hold attachments of the kinds below it.
_STREAMS = (
    ("__properties_version1.0", "an Outlook message (.msg)", _AS_PAGE),
    ("EncryptedPackage", "an encrypted Microsoft Office file", _DECRYPT),
    ("WordDocument", "an old Word document (.doc)", _AS_WORD),
    ("PowerPoint Document", "an old PowerPoint presentation (.ppt)", _AS_PDF),
    ("Workbook", "an old Excel workbook (.xls)", _AS_CSV),
)
_OLD_OFFICE = ("an old Microsoft Office file (.doc, .xls, .ppt or .msg)", _AS_TEXT)

_MAGIC = (
    (_EMPTY_ZIP, "a ZIP archive", _UNPACK),
    (b"{\\rtf", "a Rich Text (.rtf) document", _AS_WORD),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", _RECOGNISE),
    (b"\xff\xd8\xff", "a JPEG image", _RECOGNISE),
    (b"GIF87a", "a GIF image", _RECOGNISE),
    (b"GIF89a", "a GIF image", _RECOGNISE),
    (b"II*\x00", "a TIFF image", _RECOGNISE),
    (b"MM\x00*", "a TIFF image", _RECOGNISE),
    (b"\x7fELF", "a program (ELF)", _AS_TEXT),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"SQLite format 3\x00", "an SQLite database", _AS_TEXT),
    (b"OggS\x00", "an Ogg recording", _AS_TEXT),
)
_IMAGE_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"II*\x00", ".tif"),
    (b"MM\x00*", ".tif"),
)


def is_pdf(data: bytes) -> bool:
    """Return whether `data` begins as a PDF does."""
    return data[:1024].removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"%PDF-")


def binary_suffix(data: bytes) -> str:
    """Return the suffix (".pdf", ".docx", ".epub") of the reader that `data` calls for; "" where it does not."""
    kind = _kind(data)
    return kind[0] if kind is not None and kind[0] in _READ else ""


def image_suffix(data: bytes) -> str:
    """Return the suffix of the image that `data` begins as; "" where it begins as none that is read."""
    return next((suffix for magic, suffix in _IMAGE_MAGIC if data.startswith(magic)), "")


def refuse_binary(data: bytes, source: str) -> None:
    """Raise an `InputError` that says what `data` is where it begins as a format that is not text does."""
    kind = _kind(data)
    if kind is None:
        return
    name, remedy = kind
    if name in _READ:
        raise InputError(f"{source!r} looks like {_READ[name]}; rename it to {name}")
    raise InputError(f"{source!r} is {name}; {remedy}")


def expect(data: bytes, source: str, suffix: str) -> None:
    """Raise an `InputError` where `data` is not of the kind that `suffix` says, a broken archive aside."""
    if binary_suffix(data) == suffix or _is_broken_zip(data):
        return
    refuse_binary(data, source)
    raise InputError(f"{source!r} is not {_READ[suffix]}; give it the suffix of what it is, such as .txt or .html")


def _kind(data: bytes) -> tuple[str, str] | None:
    """Return what `data` is and the remedy; for the kinds that are read, their suffix and nothing."""
    if is_pdf(data):
        return ".pdf", ""
    if data.startswith(_ZIP):
        return _zipped(data)
    if data.startswith(_OLE):
        found = ((name, remedy) for stream, name, remedy in _STREAMS if stream.encode("utf-16-le") in data)
        return next(found, _OLD_OFFICE)
    return next(((name, remedy) for magic, name, remedy in _MAGIC if data.startswith(magic)), None)


def _zipped(data: bytes) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            mimetype = _mimetype(archive) if "mimetype" in names else b""
    except _ZIP_ERRORS:
        return _BROKEN_ZIP
    if mimetype in _MIMETYPES:
        return _MIMETYPES[mimetype]
    found = ((kind, remedy) for start, kind, remedy in _MEMBERS if any(name.startswith(start) for name in names))
    return next(found, ("a ZIP archive", _UNPACK))


def _mimetype(archive: zipfile.ZipFile) -> bytes:
    info = archive.getinfo("mimetype")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return b""  # another method would unpack more than is asked for
    with archive.open(info) as member:
        return member.read(100).strip()


def _is_broken_zip(data: bytes) -> bool:
    return data.startswith(_ZIP) and _zipped(data) == _BROKEN_ZIP
