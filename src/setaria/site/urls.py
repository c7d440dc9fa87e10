"""Addresses of everything that Django answers; `/rush/…`, `/api/v1/…` and streams belong to the gate."""

from django.urls import URLPattern, URLResolver, include, path

from setaria.channels.storefront.preferences import choose_language
from setaria.people.members.passkeys import refuse_malformed

refuse_malformed()  # here, where allauth's views are loaded anyway
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("setaria.channels.storefront.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/accounts/", include("allauth.headless.urls")),
    path("i18n/setlang/", choose_language, name="set_language"),
    path("bank/", include("setaria.trade.payments.sandbox.urls")),
    path("wall/", include("setaria.sight.wall.urls")),
    path("campaigns/", include("setaria.sight.calendar.urls")),
    path("money/", include("setaria.sight.money.urls")),
    path("telling/", include("setaria.sight.telling.urls")),
    path("command/", include("setaria.sight.command.urls")),
    path("office/", include("setaria.sight.office.urls")),
]

handler400 = "setaria.channels.storefront.errors.bad_request"
handler403 = "setaria.channels.storefront.errors.forbidden"
handler404 = "setaria.channels.storefront.errors.not_found"
handler500 = "setaria.channels.storefront.errors.broken"
