"""The language of the demo and the local cloud: Chinese or English, as the terminal's locale says.

What is printed is in one language. Names of people and venues are data and stay Chinese.
"""

import os
from collections.abc import Mapping


def is_chinese(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether messages are in Chinese.

    POSIX, "Environment Variables": the first of LC_ALL, LC_MESSAGES and LANG that is set decides.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if locale := environment.get(name):
            return locale.lower().startswith("zh")
    return False


def words(english: str, chinese: str) -> str:
    """Return the text in the language of the terminal."""
    return chinese if is_chinese() else english


def api_language() -> str:
    """Return the language for Accept-Language, so that the API answers in the terminal's."""
    return words("en", "zh-Hans")
