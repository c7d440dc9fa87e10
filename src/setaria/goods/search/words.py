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
    # 9 MB: paid by whoever indexes, and by whoever asks for what nothing is called.
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


def sounds(text: str) -> str:
    """Return a text as it sounds, syllable by syllable: Chinese in pinyin without tones, the rest as it is compared. What
    is typed with the wrong character of the right sound, or in traditional characters, sounds the same.
    """
    return " ".join(_syllables(run) if is_chinese(run) else run for run in _runs(text))


def index_sounds(text: str) -> str:
    """Return what a text is heard by: its syllables, and its Chinese words as one types them, with no space within."""
    whole = (_sound_of(run) for run in _runs(text) if is_chinese(run))
    return " ".join([sounds(text), *whole])


def _runs(text: str) -> list[str]:
    return [run for run in _RUN.findall(plain(text)) if len(run) <= WORD_CHARS_MAX]


def _syllables(run: str) -> str:
    return str(_pinyin().get_pinyin(run, " "))


@lru_cache(maxsize=RUNS_KEPT_MAX)
def _sound_of(run: str) -> str:
    return " ".join(_pinyin().get_pinyin(word, "") for word in _jieba().cut(run))


def is_chinese(word: str) -> bool:
    """Whether a word (never mixed) is a Chinese one."""
    return bool(_CHINESE.match(word))


@lru_cache(maxsize=RUNS_KEPT_MAX)  # catalogues say the same words again and again
def _words_of(run: str) -> tuple[str, ...]:
    if is_chinese(run):
        return tuple(_jieba().cut_for_search(run))
    return (_stemmer().stemWord(run),)
