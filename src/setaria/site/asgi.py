"""The web process's entry point: `setaria.site.asgi:application`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "setaria.site.settings")

from django.core.wsgi import get_wsgi_application

from setaria.site import logs

logs.configure()
pages = get_wsgi_application()

from django.conf import settings

from setaria.gate.app import Gate

application = Gate(pages, settings.SECRET_KEY)
