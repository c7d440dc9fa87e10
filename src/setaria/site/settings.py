"""Settings, all from the environment; `setaria check` tells an operator what is unsafe in them.

`setaria up` sets them for its parts: `DATABASE_URL`, `SETARIA_HOME`, `SETARIA_SECRET_KEY`, `SETARIA_BASE_URL`.
See docs/reference/settings.md.
"""

import os
from ipaddress import ip_network
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

PACKAGE = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("SETARIA_HOME", ".home")).resolve()

# A key that is not set lets commands run that need none (makemigrations); `setaria check` refuses it.
SECRET_KEY = os.environ.get("SETARIA_SECRET_KEY") or "unset-and-unsafe"
DEBUG = os.environ.get("SETARIA_DEBUG") == "1"
BASE_URL = os.environ.get("SETARIA_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = os.environ.get("SETARIA_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
# Whose X-Forwarded-For is believed.
TRUSTED_PROXIES = [
    ip_network(part.strip()) for part in os.environ.get("SETARIA_TRUSTED_PROXIES", "").split(",") if part.strip()
]
SECURE = BASE_URL.startswith("https://")


IDLE_IN_TRANSACTION_SECONDS_MAX = 20
LINE = {
    "keepalives_idle": "5",  # seconds of silence before the first question
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",  # ms until what was sent must have been received
}


def _database(url: str) -> dict[str, object]:
    """Translate a libpq URL into Django's setting; libpq itself reads it, so every option works."""
    parts = conninfo_to_dict(url)
    # The verbs prepare their statements (`kernel.pipeline`), to be planned once and not for every batch: planning the
    # door's reads costs more than running them. Django's own queries are never prepared, so this leaves them alone.
    # A process that vanished in the middle of a batch (its machine lost power) must not hold the hot stock for long.
    parts["options"] = (
        f"{parts.get('options') or ''} -c plan_cache_mode=force_generic_plan"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_SECONDS_MAX}s"
    ).strip()
    # And a database that vanished must not be waited for; a local socket knows none of this.
    for name, value in LINE.items():
        parts.setdefault(name, value)
    own = {
        name: parts.pop(key, "")
        for name, key in {
            "NAME": "dbname",
            "USER": "user",
            "PASSWORD": "password",
            "HOST": "host",
            "PORT": "port",
        }.items()
    }
    return {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None, "OPTIONS": parts, **own}


DATABASES = {"default": _database(os.environ.get("DATABASE_URL", "postgresql:///setaria"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "setaria.kernel",
    "setaria.markets",
    "setaria.markets.events",
    "setaria.people.members",
    "setaria.people.notices",
    "setaria.goods.catalog",
    "setaria.goods.pricing",
    "setaria.goods.inventory",
    "setaria.goods.search",
    "setaria.trade.orders",
    "setaria.trade.payments",
    "setaria.trade.payments.sandbox",
    "setaria.trade.drops",
    "setaria.trade.guard",
    "setaria.trade.preorders",
    "setaria.trade.draws",
    "setaria.trade.friendcodes",
    "setaria.trade.queues",
    "setaria.trade.campaigns",
    "setaria.trade.baskets",
    "setaria.trade.alerts",
    "setaria.channels.storefront",
    "setaria.sight.wall",
    "setaria.sight.command",
    "setaria.sight.report",
    "setaria.sight.calendar",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "setaria.site.security.ContentSecurityPolicyMiddleware",
    "setaria.channels.storefront.middleware.StorefrontMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "setaria.channels.storefront.middleware.MarketMiddleware",
]

ROOT_URLCONF = "setaria.site.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "setaria.channels.storefront.context.store",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# People
AUTH_USER_MODEL = "members.Member"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # until messages can be sent (issue 5)
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
LOGIN_REDIRECT_URL = "store:account"
LOGIN_URL = "account_login"
LOGOUT_REDIRECT_URL = "store:home"
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# Languages and clocks
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]

# The brand, where no storefront says otherwise; and for how long a process may go by the storefronts it knows.
BRAND = os.environ.get("SETARIA_BRAND", "Setaria")
STOREFRONTS_KEPT_SECONDS = 1.0

# Pictures, styles, scripts: `setaria up` collects them once and granian serves them without Python.
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [PACKAGE / "site" / "demo" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

# Limits (law 10)
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# Safety
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None

LOGGING_CONFIG = None  # `site.logs.configure` sets up structured logs once, for Django and the rest
