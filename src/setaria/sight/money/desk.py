"""What the staff's forms about money have in common."""

from django.contrib import messages
from django.forms import CheckboxSelectMultiple, Form
from django.http import HttpRequest

from setaria.people.members.models import Member


def signature(request: HttpRequest) -> str:
    """Return the name that whoever is signed in signs with."""
    assert isinstance(request.user, Member), "staff has signed in"
    return request.user.email or str(request.user.phone or request.user.pk)


def say(request: HttpRequest, done: bool, text: str) -> None:
    """Tell what became of a form."""
    (messages.success if done else messages.error)(request, text)


def dressed(form: Form) -> Form:
    """Give a form's fields the store's look."""
    for field in form.fields.values():
        if getattr(field.widget, "input_type", "") not in ("checkbox", "hidden") and not isinstance(
            field.widget, CheckboxSelectMultiple
        ):
            field.widget.attrs["class"] = "input"
    return form
