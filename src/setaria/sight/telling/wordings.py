"""What messages say: all of them, and one to word anew, look at, try out and take back. For staff who may word messages."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from setaria.kernel import clock
from setaria.kernel.texts import LANGUAGES
from setaria.people.members.models import Member
from setaria.people.notices import wordings as verbs
from setaria.people.notices.kinds import NoSuchKind, Topic, all_kinds, kind_of, values_of
from setaria.people.notices.models import SUBJECT_CHARS_MAX
from setaria.people.notices.trial import send_trial
from setaria.people.notices.wordings import Answer, Draft
from setaria.people.notices.words import sample
from setaria.sight.staff import for_staff_who_may
from setaria.sight.telling import words

PERMISSION = "notices.change_wording"
PUSH_BYTES_SHOWN = 178  # what a telephone shows of a push before it is opened


@for_staff_who_may(PERMISSION)
@require_safe
@never_cache
def kinds(request: HttpRequest) -> HttpResponse:
    """List every message there is, by topic, with who worded it last in each language."""
    newest = verbs.current(list(all_kinds()))
    rows: dict[str, list[Any]] = {}
    for kind in all_kinds().values():
        each = [(language, words.language(language), newest.get((kind.name, language))) for language in LANGUAGES]
        rows.setdefault(kind.topic, []).append((kind, each))
    listed = [(words.topic(topic), words.always_told(topic), rows[topic]) for topic in Topic if topic in rows]
    return render(request, "telling/wordings.html", {"topics": listed})


@for_staff_who_may(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def edit(request: HttpRequest, kind: str, language: str) -> HttpResponse:
    """Show a message's words in a language; keep what was typed, try it out, or only look at it."""
    _known(kind, language)
    if request.method != "POST":
        version, *standing = verbs.standing(kind, language)
        return _page(request, Draft(kind, language, *standing), version)
    draft, seen = _typed(request, kind, language)
    match request.POST.get("do"):
        case "keep":
            return _keep(request, draft, seen)
        case "try":
            return _try(request, draft, seen)
    return _page(request, draft, seen)


def _keep(request: HttpRequest, draft: Draft, seen: int) -> HttpResponse:
    answer = verbs.keep(draft, seen=seen, by=_who(request), now=clock.now())
    if answer in (Answer.KEPT, Answer.SAME):
        messages.success(request, _("Kept: messages say this from now on.") if answer is Answer.KEPT else _("It says this already; nothing was changed."))  # fmt: skip
        return redirect("telling:wording", draft.kind, draft.language)
    messages.error(request, words.refused(answer))
    return _page(request, draft, seen, status=409 if answer is Answer.CHANGED else 422)


def _try(request: HttpRequest, draft: Draft, seen: int) -> HttpResponse:
    if verbs.faults(draft):
        messages.error(request, words.refused(Answer.FAULTY))
        return _page(request, draft, seen, status=422)
    if sent := send_trial(draft, to=_who(request), now=clock.now()):
        said = ngettext("On its way to you alone, by %(n)d way. Nothing was changed.", "On its way to you alone, by %(n)d ways. Nothing was changed.", sent)  # fmt: skip
        messages.success(request, said % {"n": sent})
    else:
        messages.error(request, _("Your account has neither an email address nor a device. Nothing was sent."))
    return _page(request, draft, seen)


@for_staff_who_may(PERMISSION)
@require_POST
@never_cache
def look(request: HttpRequest, kind: str, language: str) -> HttpResponse:
    """Show what is wrong with what is being typed, and how it will look: a part of the page, for its script."""
    _known(kind, language)
    draft, _seen = _typed(request, kind, language)
    return render(request, "telling/look.html", _look(draft))


@for_staff_who_may(PERMISSION)
@require_POST
def restore(request: HttpRequest, kind: str, language: str) -> HttpResponse:
    """Let an earlier version stand again."""
    _known(kind, language)
    version = _number(request, "version")
    answer = verbs.restore(kind, language, version, seen=_number(request, "seen"), by=_who(request), now=clock.now())
    if answer is Answer.KEPT:
        messages.success(request, _("Restored: messages say this from now on."))
    else:
        messages.error(request, words.refused(answer))
    return redirect("telling:wording", kind, language)


def _known(kind: str, language: str) -> None:
    try:
        kind_of(kind)
    except NoSuchKind as error:
        raise Http404 from error
    if language not in LANGUAGES:
        raise Http404


def _typed(request: HttpRequest, kind: str, language: str) -> tuple[Draft, int]:
    draft = Draft(kind, language, request.POST.get("subject", ""), request.POST.get("text", "")).tidy
    return draft, _number(request, "seen")


def _number(request: HttpRequest, name: str) -> int:
    try:
        return max(-1, min(int(request.POST.get(name, "")), 2**31 - 1))
    except ValueError:
        return -1  # as if somebody had been quicker


def _who(request: HttpRequest) -> Member:
    assert isinstance(request.user, Member), "staff has signed in"
    return request.user


def _page(request: HttpRequest, draft: Draft, seen: int, *, status: int = 200) -> HttpResponse:
    kind = kind_of(draft.kind)
    samples = {name: variable.sample for name, variable in kind.variables.items()}
    written = values_of(kind, samples, draft.language, clock.now())
    needed = kind.must_tell
    newest, *standing = verbs.standing(kind.name, draft.language)
    context = {
        "kind": kind,
        "topic": words.topic(kind.topic),
        "language": draft.language,
        "languages": [(language, words.language(language)) for language in LANGUAGES],
        "draft": draft,
        "seen": seen,
        "newest": newest,
        "overtaken": standing if newest != seen else None,
        "variables": [(name, written[name], name in needed) for name in kind.variables],
        "versions": verbs.history(kind.name, draft.language),
        "first": verbs.first_wording(kind.name, draft.language),
        "subject_max": SUBJECT_CHARS_MAX,
        **_look(draft),
    }
    return render(request, "telling/wording.html", context, status=status)


def _look(draft: Draft) -> dict[str, Any]:
    """Return what is wrong with a draft in words, or how it will look."""
    found = verbs.faults(draft)
    if found:
        return {"faults": [words.fault(each, kind_of(draft.kind).variables) for each in found]}
    shown = sample(draft, clock.now())
    return {"mail": shown, "push": shown.short(PUSH_BYTES_SHOWN), "language": draft.language}
