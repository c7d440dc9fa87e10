"""Addresses of everything that Django answers; `/rush/…` and streams belong to the gate."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("setaria.channels.storefront.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]

for prefix, module in [("bank/", "setaria.trade.payments.sandbox.urls"), ("wall/", "setaria.sight.wall.urls")]:
    if find_spec(module):  # each can be deleted whole
        urlpatterns.append(path(prefix, include(module)))

handler400 = "setaria.channels.storefront.errors.bad_request"
handler403 = "setaria.channels.storefront.errors.forbidden"
handler404 = "setaria.channels.storefront.errors.not_found"
handler500 = "setaria.channels.storefront.errors.broken"
