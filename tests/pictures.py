"""What people and machines see of a drawn document: pictures, texts, codes."""

import io
from typing import Any

import pypdfium2
import typst
import zxingcpp
from PIL import Image

HOSTILE = [
    "#panic()", '#read("/etc/passwd")', "#{", "}", "]", "[", '"', "\\", "\\u{41}", "$x^2$", "*b*",
    "_i_", "`r`", "<l>", "@l", "= h", "+ n", "- l", "/ t: d", "//", "/*", "*/", "~", "--", "'", "…",
    "{{7*7}}", "%s", "&amp;", "<script>", "信宜", "龘", "𠮷", "（", "）", "・", "é",
]  # fmt: skip
"""Pieces of markup and rare characters, which a text must show as they are."""


def pdf_image(pdf: bytes, dpi: int = 150, page: int = 0) -> Image.Image:
    """Return a page of a PDF as a picture."""
    image: Image.Image = pypdfium2.PdfDocument(pdf)[page].render(scale=dpi / 72).to_pil()
    return image


def pdf_text(pdf: bytes, page: int = 0) -> str:
    """Return all text of a page without spaces and line breaks, which belong to the layout."""
    text = pypdfium2.PdfDocument(pdf)[page].get_textpage().get_text_range()
    # pdfium marks a hyphen that might be a line's last by a noncharacter.
    return "".join(text.replace("\ufffe", "-").split())


def decoded(image: Image.Image) -> str:
    """Return the text of the only code in a picture. Raises ValueError if there is not one."""
    (found,) = zxingcpp.read_barcodes(image)
    return str(found.text)


def svg_image(svg: bytes) -> Image.Image:
    """Return an SVG as a picture, a pixel for each of its units."""
    page = b"#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg))"
    png = typst.compile(page, format="png", sys_inputs={"svg": svg.decode()}, ppi=96)
    return Image.open(io.BytesIO(png))


def colours(image: Image.Image) -> set[Any]:
    """Return the colours that occur in a picture: numbers, or tuples of a number for each band."""
    return {colour for _, colour in image.getcolors(image.width * image.height) or []}
