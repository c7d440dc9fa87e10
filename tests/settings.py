"""Settings of a test run: the real ones, with what only costs time taken out."""

import os
import tempfile

os.environ.setdefault("SETARIA_SECRET_KEY", "only-for-tests-0123456789abcdef0123456789abcdef")
os.environ.setdefault("SETARIA_HOME", os.path.join(tempfile.gettempdir(), f"setaria-tests-{os.getuid()}"))

from setaria.site.settings import *  # noqa: F403

# Collected files with hashed names are for serving; a test reads templates as they stand.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# A test sees at once what it changed.
STOREFRONTS_KEPT_SECONDS = 0.0
# A password hash is slow on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# A test looks at a listing the moment after it changed the stock.
STOREFRONT_STOCK_SECONDS = 0.0
