"""Announcements: listed, written by one, read and approved by another, watched and stopped while they go out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from setaria.kernel import clock
from setaria.kernel.texts import LANGUAGES
from setaria.people.members.levels import standing
from setaria.people.members.models import Member
from setaria.people.notices import wordings
from setaria.people.notices.trial import send_trial
from setaria.people.notices.words import shown
from setaria.sight.staff import for_staff_who_may
from setaria.sight.telling import words
from setaria.sight.telling.forms import AnnouncementForm, typed
from setaria.trade.announcements import write as verbs
from setaria.trade.announcements.go_out import KIND, reach, stand
from setaria.trade.announcements.models import Announcement
from setaria.trade.announcements.write import Refusal

WRITE, APPROVE = "announcements.change_announcement", "announcements.approve_announcement"
LISTED_MAX = 100
SOON = timedelta(hours=1)  # when a new one goes out unless its writer says otherwise


@for_staff_who_may(WRITE, APPROVE)
@require_safe
@never_cache
def listed(request: HttpRequest) -> HttpResponse:
    """List the announcements, the latest first."""
    at = clock.now()
    found = Announcement.objects.select_related("written_by", "approved_by").order_by("-starts_at", "-id")[:LISTED_MAX]
    rows = [(each, words.topic(each.topic), words.state(each, at)) for each in found]
    return render(request, "telling/announcements.html", {"rows": rows, "may_write": request.user.has_perm(WRITE)})


@for_staff_who_may(WRITE)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Write an announcement."""
    if request.method != "POST":
        starts_at = (clock.now() + SOON).replace(minute=0, second=0, microsecond=0)
        return _form(request, AnnouncementForm(initial={"channels": ["email", "push"], "starts_at": starts_at}), None)
    form = AnnouncementForm(request.POST)
    if not form.is_valid():
        return _form(request, form, None, status=422)
    return _written(request, verbs.write(form.wanted(), by=_who(request), now=clock.now()), form, None)


@for_staff_who_may(WRITE)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def change(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """Write an announcement anew that nobody approved yet."""
    found = get_object_or_404(Announcement, pk=announcement)
    if request.method != "POST":
        return _form(request, AnnouncementForm(initial=typed(found)), found)
    form = AnnouncementForm(request.POST)
    if not form.is_valid():
        return _form(request, form, found, status=422)
    answer = verbs.change(found.pk, form.wanted(), seen=_seen(request), by=_who(request), now=clock.now())
    return _written(request, answer, form, found)


def _written(
    request: HttpRequest, answer: UUID | Refusal, form: AnnouncementForm, found: Announcement | None
) -> HttpResponse:
    if isinstance(answer, Refusal):
        messages.error(request, words.not_announced(answer))
        return _form(request, form, found, status=422)
    messages.success(request, _("Written. It goes out at its time, once somebody else has approved it."))
    return redirect("telling:announcement", answer)


def _form(
    request: HttpRequest, form: AnnouncementForm, found: Announcement | None, *, status: int = 200
) -> HttpResponse:
    seen = request.POST.get("seen") or (found.revision if found else 0)
    context = {"form": form, "announcement": found, "seen": seen, "at": clock.now()}
    return render(request, "telling/announcement_form.html", context, status=status)


@for_staff_who_may(WRITE, APPROVE)
@require_safe
@never_cache
def page(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """Show an announcement as it will look, whom it reaches, and how far it is."""
    people = ("written_by", "approved_by", "stopped_by", "market")
    found = get_object_or_404(Announcement.objects.select_related(*people), pk=announcement)
    at, waits = clock.now(), found.approved_at is None and found.stopped_at is None
    return render(request, "telling/announcement.html", {
        "announcement": found,
        "topic": words.topic(found.topic),
        "state": words.state(found, at),
        "level": standing(found.points_min).level.name if found.points_min else "",
        "reader": words.language(found.language) if found.language else "",
        "ways": [words.channel(channel) for channel in found.channels],
        "looks": list(_looks(found)),
        "reach": _reach(found) if waits else None,
        "stand": stand(found) if found.approved_at else None,
        "waits": waits,
        "may_approve": waits and request.user.has_perm(APPROVE) and found.written_by_id != request.user.pk,
        "may_change": waits and request.user.has_perm(WRITE),
        "may_stop": found.stopped_at is None and found.closed_at is None,
    })  # fmt: skip


@for_staff_who_may(WRITE, APPROVE)
@require_POST
def try_out(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """Send it to whoever asks, and nobody else, in each language it goes out in."""
    found = get_object_or_404(Announcement, pk=announcement)
    sent = 0
    for language, values in _told_in(found):
        _version, *standing = wordings.standing(KIND[found.topic], language)
        draft = wordings.Draft(KIND[found.topic], language, *standing)
        sent += send_trial(draft, to=_who(request), now=clock.now(), values=values)
    if sent:
        messages.success(request, _("On its way to you alone. Nothing was changed."))
    else:
        messages.error(request, _("Your account has neither an email address nor a device. Nothing was sent."))
    return redirect("telling:announcement", announcement)


def _told_in(found: Announcement) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each language it goes out in, with what its messages tell."""
    for language in LANGUAGES:
        if language in found.text:
            yield language, {"title": found.title[language], "text": found.text[language], "path": found.path}


def _looks(found: Announcement) -> Iterator[dict[str, Any]]:
    for language, values in _told_in(found):
        seen = shown(KIND[found.topic], language, values, clock.now())
        yield {"language": language, "name": words.language(language), "mail": seen, "push": seen.short(178)}


def _reach(found: Announcement) -> dict[str, Any]:
    counted = reach(found)
    ways = [(words.channel(channel), counted.ways.get(channel, 0)) for channel in found.channels]
    return {"people": counted.people, "ways": ways}


@for_staff_who_may(APPROVE)
@require_POST
def approve(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """Sign an announcement that somebody else wrote."""
    answer = verbs.approve(announcement, seen=_seen(request), by=_who(request), now=clock.now())
    return _told(request, announcement, answer, _("Approved. It goes out at its time."))


@for_staff_who_may(WRITE, APPROVE)
@require_POST
def stop(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """Let no more of it go out."""
    answer = verbs.stop(announcement, by=_who(request), now=clock.now())
    return _told(request, announcement, answer, _("Stopped. Who has it has it; nobody else is told."))


def _told(request: HttpRequest, announcement: UUID, answer: UUID | Refusal, done: str) -> HttpResponse:
    get_object_or_404(Announcement, pk=announcement)
    if isinstance(answer, Refusal):
        messages.error(request, words.not_announced(answer))
    else:
        messages.success(request, done)
    return redirect("telling:announcement", announcement)


def _seen(request: HttpRequest) -> int:
    try:
        return max(-1, min(int(request.POST.get("seen", "")), 2**31 - 1))
    except ValueError:
        return -1  # as if somebody had been quicker


def _who(request: HttpRequest) -> Member:
    assert isinstance(request.user, Member), "staff has signed in"
    return request.user
