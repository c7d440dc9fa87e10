"""The command centre's page, its log and its rota. For staff; to everybody else it is not there."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from setaria.kernel.clock import now
from setaria.sight.command.forms import IncidentForm, ShiftForm
from setaria.sight.command.incidents import note_incident
from setaria.sight.command.models import Incident
from setaria.sight.command.rota import CannotPlan, put_on, take_off, watched_event
from setaria.sight.command.state import INCIDENTS_MAX
from setaria.sight.command.ticket import CENTRE
from setaria.sight.command.words import words
from setaria.sight.staff import for_staff
from setaria.sight.wall import ticket as tickets


@for_staff
@require_GET
@never_cache
def centre(request: HttpRequest) -> HttpResponse:
    """Show the command centre."""
    return _render(request)


@for_staff
@require_GET
@never_cache
def ticket(request: HttpRequest) -> JsonResponse:
    """Hand out the next ticket to the stream."""
    return JsonResponse({"ticket": tickets.make(CENTRE, now())})


@for_staff
@require_POST
def add_incident(request: HttpRequest) -> HttpResponse:
    """Enter something into the log."""
    form = IncidentForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _render(request, incident_form=form, status=422)
    note_incident(form.cleaned_data["text"], level=form.cleaned_data["level"], now=now(), by=request.user.pk)
    messages.success(request, _("It is in the log."))
    return redirect("command:centre")


@for_staff
@require_POST
def add_shift(request: HttpRequest) -> HttpResponse:
    """Put somebody on the rota of the event that is watched."""
    event = watched_event(now())
    if event is None:
        raise Http404
    form = ShiftForm(request.POST, label_suffix="")
    if form.is_valid():
        try:
            put_on(event.pk, **form.cleaned_data)
        except CannotPlan as error:
            form.add_error("ends_at", str(error))
    if not form.is_valid():
        return _render(request, shift_form=form, status=422)
    messages.success(request, _("The rota is changed."))
    return redirect("command:centre")


@for_staff
@require_POST
def remove_shift(request: HttpRequest, shift: int) -> HttpResponse:
    """Take a shift off the rota."""
    if not take_off(shift):
        raise Http404
    messages.success(request, _("The rota is changed."))
    return redirect("command:centre")


def _render(
    request: HttpRequest,
    *,
    incident_form: IncidentForm | None = None,
    shift_form: ShiftForm | None = None,
    status: int = 200,
) -> HttpResponse:
    instant = now()
    event = watched_event(instant)
    market = getattr(request, "market", None)
    start: dict[str, Any] = {
        "stream": "/command/stream",
        "ticketUrl": "/command/ticket",
        "ticket": tickets.make(CENTRE, instant),
        "timeZone": market.time_zone if market is not None else "UTC",
        "words": words(),
    }
    openings = list(event.openings.select_related("market")) if event else []
    return render(
        request,
        "command/centre.html",
        {
            "event": event,
            "openings": [
                {"market": o.market, "opens_at": o.opens_at, "closes_at": o.closes_at,
                 "state": "before" if instant < o.opens_at else "open" if instant < o.closes_at else "over",
                 "share": round(100 * max(0.0, min(1.0, (instant - o.opens_at) / (o.closes_at - o.opens_at))))}
                for o in openings
            ],
            "shifts": [(shift, shift.begins_at <= instant < shift.ends_at) for shift in event.shifts.all()] if event else [],
            "incidents": cast(Any, Incident.objects.select_related("by")[:INCIDENTS_MAX]),
            "incident_form": incident_form or IncidentForm(label_suffix=""),
            "shift_form": shift_form or ShiftForm(label_suffix=""),
            "start": start,
        },
        status=status,
    )  # fmt: skip
