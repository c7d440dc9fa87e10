"""Form fields as HTML, written in Python: Django's templates take some 800 function calls for one."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString


class LineInput(forms.TextInput):
    """A line of text."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Write the field as Django's own template does."""
        attributes = {"type": self.input_type, "name": name}
        if (shown := self.format_value(value)) is not None:
            attributes["value"] = shown
        return SafeString(f"<input{_written({**attributes, **self.build_attrs(self.attrs, attrs)})}>")


class Choices(forms.Select):
    """One of several, in a list without groups."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Write the field as Django's own template does."""
        chosen = set(self.format_value(value))
        options_of: Any = self.choices
        options = "".join(
            f'<option value="{conditional_escape(str(key))}"{" selected" if str(key) in chosen else ""}>'
            f"{conditional_escape(str(label))}</option>"
            for key, label in options_of
        )
        made = {"name": name, **self.build_attrs(self.attrs, attrs)}
        return SafeString(f"<select{_written(made)}>{options}</select>")


def _written(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}" if value is True else f' {name}="{conditional_escape(str(value))}"'
        for name, value in attributes.items()
        if value is not False and value is not None
    )
