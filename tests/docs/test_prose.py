"""Pages and docstrings use one vocabulary and plain words. codespell, in scripts/check, looks for misspelt ones."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.test_pages import PAGES, name_of
from tests.game.test_game import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

#: Words to avoid, as patterns, and what to write.
WORDS = {
    r"anew": "again",
    r"whoever|whosoever": "the name of the role",
    r"simply|just|easy|easily|obviously|of course|basically": "nothing: the reader decides",
    r"please": "the imperative",
    r"utili[sz]e[sd]?|utili[sz]ing": "use",
    r"leverag(?:e|es|ed|ing)": "use",
    r"in order to": "to",
    r"blazing(?:ly)?|seamless(?:ly)?|powerful|robust(?:ly)?": "a figure",
    r"and/or": "or",
    r"etc": "the other cases, or 'such as' before the first",
    r"via": "by, through",
    r"e\.g\.|i\.e\.": "for example, that is",
    r"audio clip": "sound",
    r"sound channel|mixing line": "voice",
    r"volume group|bus|submix": "group",
    r"let go|dead": "released, destroyed, closed",
    r"shelf|wish|wishes": "cache, load request",
    r"gives? way": "is stolen",
    r"feeder|hungry|runs? dry": "streaming thread, underrun",
    r"told|news": "event, dispatch, reported",
    r"nobody": "the subject that does it",
}

PATTERN = re.compile("|".join(rf"(?P<w{at}>\b(?:{word})\b)" for at, word in enumerate(WORDS)), re.IGNORECASE)


def sentences(text: str) -> str:
    """`text` without its blocks, code, links and quoted words, and with its lines kept."""
    text = re.sub(r"^```.*?^```$", lambda block: "\n" * block[0].count("\n"), text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`|\]\([^)]*\)|\"[^\"]*\"", lambda part: "\n" * part[0].count("\n"), text)


def findings(text: str) -> list[str]:
    """What to write in place of each word to avoid in `text`."""
    plain = sentences(text)
    found = []
    for match in PATTERN.finditer(plain):
        better = list(WORDS.values())[int(match.lastgroup[1:])]  # type: ignore[index]
        found.append(f"line {plain.count(chr(10), 0, match.start()) + 1}: {match[0]!r}; write {better}")
    return found


@pytest.mark.parametrize("page", [*PAGES, CHECKOUT / "CHANGELOG.md", CHECKOUT / "SECURITY.md"], ids=name_of)
def test_words_are_plain(page: Path) -> None:
    assert findings(page.read_text(encoding="utf-8")) == []


def test_words_of_docstrings_are_plain() -> None:
    found = []
    for module in sorted((CHECKOUT / "pyglet_palace").rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                found += [(module.name, finding) for finding in findings(ast.get_docstring(node) or "")]
    assert found == []


def test_words_to_avoid_are_found() -> None:
    assert findings("One.\nIt is\nsimply `just` said.") == ["line 3: 'simply'; write nothing: the reader decides"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_sentences_are_short(page: Path) -> None:
    """In paragraphs: at most 45 words, which are about three lines."""
    plain = sentences(page.read_text(encoding="utf-8"))
    for paragraph in re.split(r"\n\s*\n|^\s*(?:[-*:|]|\d+\.) ", plain, flags=re.MULTILINE):
        if "|" in paragraph:
            continue
        for sentence in re.split(r"(?<=[.!?:;])\s", paragraph):
            assert len(sentence.split()) <= 45, sentence
