"""A storefront's look: other values for some tokens of the one design system, as a stylesheet of its own."""

import re
from collections.abc import Mapping
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

MODES = ("both", "light", "dark")
COLOURS = {
    "paper", "card", "sunk", "mute", "plate", "line", "edge", "ink", "ink-2", "ink-3", "gold", "gold-hover", "on-gold",
    "gold-ink", "gold-wash", "focus", "shadow",
}  # fmt: skip
SHAPES = {"latin", "han", "display", "display-weight", "r-s", "r-m", "r-l", "r-full"}
VALUE_CHARS_MAX = 300
_VALUE = re.compile(r"""[\w\s#%(),.'"/-]+""")
YEAR_SECONDS = 365 * 24 * 3600


def check_theme(value: object) -> None:
    """Raise ValidationError unless `value` maps `both`, `light` and `dark` to values of tokens there are.

    A value is a colour, a length or a list of fonts, and nothing that could end the declaration it is written into.
    """
    if not isinstance(value, dict) or set(value) - set(MODES):
        raise ValidationError(f"A theme has tokens under {', '.join(MODES)}.")
    for mode, tokens in value.items():
        if not isinstance(tokens, dict):
            raise ValidationError(f"{mode}: not a list of tokens and values.")
        for token, text in tokens.items():
            if token not in COLOURS | SHAPES:
                raise ValidationError(f"{mode}: there is no token {token!r}.")
            if not isinstance(text, str) or len(text) > VALUE_CHARS_MAX or not _VALUE.fullmatch(text):
                raise ValidationError(f"{mode}: not a value: {token}.")


def stylesheet(theme: Mapping[str, Mapping[str, str]]) -> str:
    """Write a theme as CSS, for the reader's own choice of light or dark and for the system's."""
    both, light, dark = ("".join(f"--{t}:{v};" for t, v in theme.get(mode, {}).items()) for mode in MODES)
    return (
        f':root,[data-theme="light"]{{{both}{light}}}\n'
        f'@media (prefers-color-scheme:dark){{:root:not([data-theme="light"]){{{dark}}}}}\n'
        f':root[data-theme="dark"],[data-theme="dark"]{{{dark}}}\n'
    )


def version(theme: Mapping[str, Mapping[str, str]]) -> str:
    """Return a short name for this state of a theme, so that browsers may keep its stylesheet for good."""
    return sha256(stylesheet(theme).encode()).hexdigest()[:12]


@require_safe
def sheet(request: HttpRequest, wanted: str) -> HttpResponse:
    """Send the storefront's stylesheet; only the present version may be kept."""
    theme = request.storefront.theme  # type: ignore[attr-defined]
    response = HttpResponse(stylesheet(theme), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable" if wanted == version(theme) else "no-cache"
    return response
