"""The web process's entry point: `setaria.site.asgi:application`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "setaria.site.settings")

from django.core.wsgi import get_wsgi_application

from setaria.site import logs

logs.configure()
pages = get_wsgi_application()

from typing import cast

from a2wsgi.wsgi_typing import WSGIApp
from django.conf import settings

from setaria.gate.app import Gate
from setaria.gate.sales import LastSales

settings.HOME.mkdir(parents=True, exist_ok=True)
application = Gate(cast(WSGIApp, pages), settings.SECRET_KEY, LastSales(settings.HOME / "last-sales"))
