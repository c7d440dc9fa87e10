"""Who may see: staff, and only those with the permission where a page asks for one. To everybody else there is nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_staff(view: View[P]) -> View[P]:
    """Let staff in, send strangers to sign in, and let everybody else find nothing."""
    return _guarded(view, ())


def for_staff_who_may(*permissions: str) -> Callable[[View[P]], View[P]]:
    """Let in staff who were given one of some permissions, such as "notices.change_wording"; everybody else finds nothing."""

    def guard(view: View[P]) -> View[P]:
        return _guarded(view, permissions)

    return guard


def _guarded(view: View[P], permissions: tuple[str, ...]) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not request.user.is_staff or (permissions and not any(map(request.user.has_perm, permissions))):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
