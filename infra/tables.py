"""Tables for terminals of any width: a table where it fits, otherwise a few lines for each row."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

Cell = str | Text
"""A plain string is printed as it is, never read as markup: names may hold brackets."""
_BORDERS = 3  # of a column: a blank on both sides and a line
_NARROWEST_HAN = 8  # text without blanks can be broken anywhere, but not after each character


class FittingTable:
    """A table whose columns fit the terminal; where they cannot, each row becomes a block of lines.

    Ids, numbers and words are never cut or broken.
    """

    def __init__(self, *headers: str, title: str = "") -> None:
        self._headers = headers
        self._title = title
        self._rows: list[list[Text]] = []

    def add_row(self, *cells: Cell) -> None:
        """Add a row with a cell for each header."""
        if len(cells) != len(self._headers):
            raise ValueError(f"{len(self._headers)} cells are needed, not {len(cells)}")
        self._rows.append([Text(one) if isinstance(one, str) else one for one in cells])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render for the width of `options`."""
        widths = self._widths(options.max_width)
        if widths is None:
            yield from self._blocks()
        else:
            table = Table(title=Text(self._title) if self._title else None)
            for header, width in zip(self._headers, widths, strict=True):
                table.add_column(Text(header), width=width, overflow="fold")
            for row in self._rows:
                table.add_row(*row)
            yield table

    def _widths(self, most: int) -> list[int] | None:
        """Return the columns' widths in a terminal `most` wide; None if they do not fit."""
        columns = [
            [header, *(row[place].plain for row in self._rows)]
            for place, header in enumerate(self._headers)
        ]
        least = [max(map(_least, cells)) for cells in columns]
        wanted = [max(map(_wanted, cells)) for cells in columns]
        spare = most - 1 - _BORDERS * len(columns) - sum(least)
        if spare < 0:
            return None
        lacking = [wish - width for wish, width in zip(wanted, least, strict=True)]
        share = min(1.0, spare / (sum(lacking) or 1))
        return [width + int(lack * share) for width, lack in zip(least, lacking, strict=True)]

    def _blocks(self) -> Iterator[Text | Table]:
        if self._title:
            yield Text(self._title, style="italic")
        for row in self._rows:
            block = Table.grid(padding=(0, 2))
            block.add_column(style="dim", no_wrap=True)
            block.add_column(overflow="fold")
            for header, cell in zip(self._headers, row, strict=True):
                if cell.plain:
                    block.add_row(Text(header), cell)
            yield block
            yield Text()


def _least(cell: str) -> int:
    words = cell.split()
    return max((_width_of(word) for word in words), default=1)


def _width_of(word: str) -> int:
    return cell_len(word) if word.isascii() else min(cell_len(word), _NARROWEST_HAN)


def _wanted(cell: str) -> int:
    return max(map(cell_len, cell.splitlines()), default=1)


def coloured(text: str, style: str) -> Text:
    """Return a cell in a style of rich; `text` is no markup."""
    return Text(text, style=style)


def joined(*cells: Cell) -> Text:
    """Return cells as the lines of one cell."""
    return Text("\n").join(Text(one) if isinstance(one, str) else one for one in cells)
