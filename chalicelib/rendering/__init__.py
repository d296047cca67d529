"""Posters as PDF and PNG, codes as SVG. typst and segno are imported on first use."""
