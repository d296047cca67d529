"""Update the gettext catalogues from `chalicelib.core.messages` and compile them.

    python -m infra.locales

Every text gets an entry in each ``.po``; obsolete entries are dropped; functions read the ``.mo``
beside it. A text without a translation ends the run with its name, so that nobody sees English by
surprise (GO-9).
"""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from chalicelib.core.messages import DOMAIN, LANGUAGES, LOCALES, TEXTS


def catalogue(
    source: Path, locale: str, project: str, command: str, texts: Mapping[str, str]
) -> Catalog:
    """Update the catalogue at `source`, which has one entry for each English sentence; return it.

    `texts` are English sentences by key. Obsolete entries are dropped; what is not translated yet
    is an empty string. `command` is the module that makes the file.
    """
    known = Catalog()
    if source.exists():
        with source.open("rb") as file:
            known = read_po(file, locale=locale)
    fresh = Catalog(
        locale=locale,
        project=project,
        version="1",
        charset="utf-8",
        header_comment=f"# Made by `python -m {command}`; translate the msgstr lines.",
        last_translator="Venuecode",
        language_team="Venuecode",
        msgid_bugs_address="-",
        fuzzy=False,
    )
    # Without a date of its own, the same texts make the same file.
    fresh.creation_date = fresh.revision_date = datetime(2022, 4, 24, tzinfo=UTC)
    places: dict[str, list[str]] = {}
    for key, english in texts.items():
        places.setdefault(english, []).append(key)
    for english, keys in places.items():
        entry = known.get(english)
        translated = entry.string if entry else ""
        flags = {"python-brace-format"} if "{" in english else ()
        fresh.add(english, translated, user_comments=(", ".join(keys),), flags=flags)
    source.parent.mkdir(parents=True, exist_ok=True)
    with source.open("wb") as file:
        write_po(file, fresh, width=100, omit_header=False)
    return fresh


def update(folder: Path, locale: str) -> list[str]:
    """Update one catalogue; return the English texts that lack a translation."""
    source = folder / f"{DOMAIN}.po"
    fresh = catalogue(source, locale, "Venuecode", "infra.locales", TEXTS)
    with (folder / f"{DOMAIN}.mo").open("wb") as file:
        write_mo(file, fresh)
    return [text for text in dict.fromkeys(TEXTS.values()) if not translation(fresh, text)]


def translation(of: Catalog, english: str) -> str:
    """Return the translation of a sentence; empty if there is none."""
    return str(getattr(of.get(english), "string", ""))


def main() -> int:
    """Update all catalogues and print the missing texts; return 1 if there are any."""
    lacking = 0
    for language in LANGUAGES:
        if language == "en":
            continue
        locale = language.replace("-", "_")
        for english in update(LOCALES / locale / "LC_MESSAGES", locale):
            sys.stderr.write(f"{language}: no translation of: {english}\n")
            lacking += 1
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
