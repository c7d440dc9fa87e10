"""The store as an app: what a phone needs to install it, and what it does without a network."""

import json

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from setaria.channels.storefront.visit import Visit
from setaria.kernel.texts import text_in

PAPER, INK = "#fbf8f2", "#23211c"
SHELL = ["tokens.css", "store.css", "keep.css", "store.js", "search.js", "app.js", "icon.svg"]
SEEN_PAGES_MAX, SEEN_PICTURES_MAX = 40, 160


@require_safe
def manifest(request: Visit) -> JsonResponse:
    """Say what the app is called, looks like and leads to, in the reader's language."""
    home = reverse("store:home")
    icons = [("icon.svg", "any", "image/svg+xml", "any"), ("icon-192.png", "192x192", "image/png", "any"),
             ("icon-512.png", "512x512", "image/png", "any"),
             ("icon-maskable-512.png", "512x512", "image/png", "maskable")]  # fmt: skip
    shortcuts = [
        (_("Search"), "store:search"),
        (_("Basket"), "store:basket"),
        (_("Account and orders"), "store:account"),
    ]
    answer = JsonResponse(
        {
            "id": home, "start_url": home, "scope": home, "display": "standalone", "lang": get_language(),
            "name": text_in(request.storefront.name), "short_name": text_in(request.storefront.name),
            "description": text_in(request.storefront.line),
            "background_color": PAPER, "theme_color": PAPER, "categories": ["shopping"],
            "icons": [
                {"src": static(f"store/{file}"), "sizes": size, "type": kind, "purpose": purpose}
                for file, size, kind, purpose in icons
            ],
            "shortcuts": [{"name": str(name), "url": reverse(view)} for name, view in shortcuts],
        },
        content_type="application/manifest+json",
    )  # fmt: skip
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


@require_safe
def worker(request: Visit) -> HttpResponse:
    """Send the service worker. It changes whenever a file of the shell does, and then fetches them anew."""
    told = {
        "shell": [static(f"store/{file}") for file in SHELL], "offline": reverse("store:offline"),
        "icon": static("store/icon-192.png"), "pages_max": SEEN_PAGES_MAX, "pictures_max": SEEN_PICTURES_MAX,
    }  # fmt: skip
    text = f"const TOLD = {json.dumps(told)};\n{render_to_string('storefront/worker.js')}"
    answer = HttpResponse(text, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
def offline(request: Visit) -> HttpResponse:
    """Show what is shown when nothing can be: kept by the service worker, the same for everybody."""
    return render(request, "storefront/offline.html")
