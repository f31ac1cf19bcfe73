"""The media type of a file, by the end of its name: a table of our own, so that the same file has the
same type under every Python and on every machine.

From IANA's registry (https://www.iana.org/assignments/media-types/media-types.xhtml); what is marked
`*` is not there, or younger there than what programs know it by.
"""

from __future__ import annotations

OCTETS = "application/octet-stream"  # RFC 2046 §4.5.1: what is to be saved, and nothing more

_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

# Not here: what a mail program would take apart instead of saving it (message/*, which base64 may not
# encode either, RFC 2046 §5.2.1; multipart/*; the parts of S/MIME and PGP), and what a system runs.
MEDIA_TYPES = {
    # Documents
    "pdf": "application/pdf",
    "rtf": "application/rtf",
    "ps": "application/postscript",
    "epub": "application/epub+zip",
    # Office (https://learn.microsoft.com/previous-versions/office/office-2007-resource-kit/ee309278(v=office.12))
    "doc": "application/msword",
    "dot": "application/msword",
    "docx": f"{_OOXML}.wordprocessingml.document",
    "dotx": f"{_OOXML}.wordprocessingml.template",
    "docm": "application/vnd.ms-word.document.macroEnabled.12",
    "dotm": "application/vnd.ms-word.template.macroEnabled.12",
    "xls": "application/vnd.ms-excel",
    "xlsx": f"{_OOXML}.spreadsheetml.sheet",
    "xltx": f"{_OOXML}.spreadsheetml.template",
    "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    "ppt": "application/vnd.ms-powerpoint",
    "pps": "application/vnd.ms-powerpoint",
    "pptx": f"{_OOXML}.presentationml.presentation",
    "ppsx": f"{_OOXML}.presentationml.slideshow",
    "potx": f"{_OOXML}.presentationml.template",
    "pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    "vsd": "application/vnd.visio",
    "vsdx": "application/vnd.ms-visio.drawing",  # *
    "mpp": "application/vnd.ms-project",
    "msg": "application/vnd.ms-outlook",
    "xps": "application/vnd.ms-xpsdocument",
    # OpenDocument 1.3, part 2, appendix C
    "odt": f"{_ODF}.text",
    "ott": f"{_ODF}.text-template",
    "ods": f"{_ODF}.spreadsheet",
    "ots": f"{_ODF}.spreadsheet-template",
    "odp": f"{_ODF}.presentation",
    "otp": f"{_ODF}.presentation-template",
    "odg": f"{_ODF}.graphics",
    "odf": f"{_ODF}.formula",
    "odb": f"{_ODF}.base",
    # iWork
    "pages": "application/vnd.apple.pages",
    "numbers": "application/vnd.apple.numbers",
    # Text
    "txt": "text/plain",
    "text": "text/plain",
    "log": "text/plain",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "htm": "text/html",
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "ics": "text/calendar",
    "ifb": "text/calendar",
    "vcf": "text/vcard",
    "vcard": "text/vcard",
    # Data
    "json": "application/json",
    "jsonld": "application/ld+json",
    "geojson": "application/geo+json",
    "xml": "application/xml",
    "xhtml": "application/xhtml+xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "sql": "application/sql",
    "sqlite": "application/vnd.sqlite3",
    "parquet": "application/vnd.apache.parquet",
    "gpx": "application/gpx+xml",  # *
    "kml": "application/vnd.google-earth.kml+xml",
    "kmz": "application/vnd.google-earth.kmz",
    # Passes and tickets (https://developer.apple.com/documentation/walletpasses)
    "pkpass": "application/vnd.apple.pkpass",  # *
    "pkpasses": "application/vnd.apple.pkpasses",  # *
    # Certificates
    "p7c": "application/pkcs7-mime",
    "p12": "application/x-pkcs12",  # *
    "pfx": "application/x-pkcs12",  # *
    "cer": "application/pkix-cert",
    "crl": "application/pkix-crl",
    # Archives
    "zip": "application/zip",
    "gz": "application/gzip",
    "tgz": "application/gzip",
    "zst": "application/zstd",
    "7z": "application/x-7z-compressed",
    "rar": "application/vnd.rar",
    "tar": "application/x-tar",
    "bz2": "application/x-bzip2",  # *
    "xz": "application/x-xz",
    # Images
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "jfif": "image/jpeg",
    "png": "image/png",
    "apng": "image/apng",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "heic": "image/heic",
    "heif": "image/heif",
    "jxl": "image/jxl",
    "jp2": "image/jp2",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "bmp": "image/bmp",
    "ico": "image/vnd.microsoft.icon",
    "svg": "image/svg+xml",
    "dwg": "image/vnd.dwg",
    "dxf": "image/vnd.dxf",
    # Sound and film
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "wav": "audio/x-wav",  # *
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "mid": "audio/midi",  # *
    "midi": "audio/midi",  # *
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "mpg": "video/mpeg",
    "mpeg": "video/mpeg",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "mkv": "video/x-matroska",  # *
    "avi": "video/x-msvideo",  # *
    "3gp": "video/3gpp",
    "wmv": "video/x-ms-wmv",  # *
    # Fonts (RFC 8081) and shapes
    "ttf": "font/ttf",
    "otf": "font/otf",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "stl": "model/stl",
    "gltf": "model/gltf+json",
    "glb": "model/gltf-binary",
    "step": "model/step",
}


def media_type(name: str) -> str:
    """For a file of this name, in any case; OCTETS where its end is not known."""
    return MEDIA_TYPES.get(name.rpartition(".")[2].lower(), OCTETS) if "." in name else OCTETS
