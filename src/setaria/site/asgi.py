"""The web process's entry point: `setaria.site.asgi:application`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "setaria.site.settings")

import django

from setaria.site import logs

logs.configure()
django.setup(set_prefix=False)

from django.conf import settings

from setaria.gate.app import Gate
from setaria.gate.sales import LastSales
from setaria.site.pages import Pages

settings.HOME.mkdir(parents=True, exist_ok=True)
application = Gate(Pages(), settings.SECRET_KEY, LastSales(settings.HOME / "last-sales"))
