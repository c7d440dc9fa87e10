"""What words a text is made of: the same rule for what is indexed and for what is asked. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import snowballstemmer

if TYPE_CHECKING:
    from rjieba import Jieba
    from xpinyin import Pinyin

WORD_CHARS_MAX = 40
RUNS_KEPT_MAX = 10_000
# Letters and digits apart, so that "Max2" is found by "max 2"; Chinese runs go to the segmenter.
_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W\d_\u3400-\u9fff\uf900-\ufaff]+|\d+")
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@cache
def _jieba() -> "Jieba":
    # Its dictionary takes half a second and 30 MB: only a process that searches pays for it.
    import rjieba

    return rjieba.Jieba()


@cache
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("english")


@cache
def _pinyin() -> "Pinyin":
    # 9 MB: paid by whoever indexes, and by whoever asks in Chinese for what nothing is called.
    from xpinyin import Pinyin

    return Pinyin()


def plain(text: str) -> str:
    """Return a text as it is compared: compatible forms made one (full width, ligatures), case and spacing dropped."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isprintable() else " " for c in folded).split())


def words(text: str) -> list[str]:
    """Return the words of a text, in order: Chinese by dictionary, English by stem, numbers as they are."""
    return [word for run in _RUN.findall(plain(text)) for word in _words_of(run) if len(word) <= WORD_CHARS_MAX]


def index_words(text: str) -> Iterator[str]:
    """Yield the words of a text and, of Chinese ones, their characters, so that a piece of a word finds it, too."""
    for word in words(text):
        yield word
        if len(word) > 1 and is_chinese(word):
            yield from word


def runs(text: str) -> list[str]:
    """Return what a text is cut into before anything else: stretches of Chinese, of other letters, of digits."""
    return [run for run in _RUN.findall(plain(text)) if len(run) <= WORD_CHARS_MAX]


@lru_cache(maxsize=RUNS_KEPT_MAX)
def stem(word: str) -> str:
    """Return what an English word's forms have in common; of a number, or of another language's word, what the rule gives."""
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=RUNS_KEPT_MAX)
def dictionary(run: str) -> tuple[str, ...]:
    """Cut a stretch of Chinese into words, one after the other."""
    return tuple(_jieba().cut(run))


@lru_cache(maxsize=RUNS_KEPT_MAX)
def syllables(chinese: str) -> tuple[str, ...]:
    """Return how Chinese sounds, in pinyin without tones; what has no reading stays as it is. What is typed with the wrong
    character of the right sound, or in traditional characters, sounds the same.
    """
    return tuple(_pinyin().get_pinyin(chinese, " ").split())


def is_chinese(word: str) -> bool:
    """Whether a word (never mixed) is a Chinese one."""
    return bool(_CHINESE.match(word))


@lru_cache(maxsize=RUNS_KEPT_MAX)  # catalogues say the same words again and again
def _words_of(run: str) -> tuple[str, ...]:
    if is_chinese(run):
        return tuple(_jieba().cut_for_search(run))
    return (stem(run),)
