"""Texts in several languages, kept as one JSON object by language code."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language

LANGUAGES = ("zh-hans", "en")


def text_in(texts: Mapping[str, str], language: str | None = None) -> str:
    """Return the text in `language` (default: the reader's), else in any language there is.

    A text shown in the wrong language helps more than none at all.
    """
    wanted = language or get_language() or LANGUAGES[0]
    return texts.get(wanted) or next((texts[code] for code in LANGUAGES if texts.get(code)), "")


def check_texts(value: object) -> None:
    """Raise ValidationError unless `value` maps known language codes to texts, one at least not empty."""
    if not isinstance(value, dict) or not any(value.values()):
        raise ValidationError("Give the text in one language at least.")
    for language, text in value.items():
        if language not in LANGUAGES or not isinstance(text, str):
            raise ValidationError(f"Not a text by language: {language!r}.")


class TextsField(models.JSONField):
    """A JSON object such as `{"zh-hans": "手机", "en": "Phone"}`; read it with `text_in`."""

    default_validators = [check_texts]
