"""Posters as PDF and PNG, codes as SVG. Cheap to import: typst and segno load when used."""
