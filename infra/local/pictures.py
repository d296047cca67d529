"""Reading the codes in rendered files."""

from pathlib import Path


def decode(file: Path) -> str:
    """Return the text of the one QR code in a poster; a PDF is rasterised first."""
    import zxingcpp
    from PIL import Image

    if file.suffix == ".pdf":
        import pypdfium2

        image = pypdfium2.PdfDocument(file)[0].render(scale=200 / 72).to_pil()
    else:
        image = Image.open(file)
    found = zxingcpp.read_barcodes(image)
    if len(found) != 1:
        raise RuntimeError(f"{file} shows {len(found)} codes")
    return str(found[0].text)
