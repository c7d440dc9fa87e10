"""Settings, all from the environment; `setaria check` tells an operator what is unsafe in them.

`setaria up` sets them for its parts: `DATABASE_URL`, `SETARIA_HOME`, `SETARIA_SECRET_KEY`, `SETARIA_BASE_URL`.
See docs/reference/settings.md.
"""

import os
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from setaria.site.means import payment_providers
from setaria.site.post import mail_settings
from setaria.site.social import social_providers

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
# From where /metrics may be looked at.
METRICS_NETWORKS = [
    ip_network(part.strip())
    for part in os.environ.get("SETARIA_METRICS_NETWORKS", "127.0.0.0/8,::1").split(",")
    if part.strip()
]


# Other sites whose pages may use the API, as https://app.example.com; by default none.
API_ORIGINS = [part.strip() for part in os.environ.get("SETARIA_API_ORIGINS", "").split(",") if part.strip()]

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
    "setaria.trade.payments.stripe",
    "setaria.trade.payments.wechat",
    "setaria.trade.payments.cash",
    "setaria.trade.drops",
    "setaria.trade.guard",
    "setaria.trade.preorders",
    "setaria.trade.draws",
    "setaria.trade.friendcodes",
    "setaria.trade.queues",
    "setaria.trade.campaigns",
    "setaria.trade.baskets",
    "setaria.trade.alerts",
    "setaria.trade.bestsellers",
    "setaria.trade.promotions",
    "setaria.trade.points",
    "setaria.trade.quotes",
    "setaria.trade.giftcards",
    "setaria.trade.aftersales",
    "setaria.trade.reconciliation",
    "setaria.trade.books",
    "setaria.trade.news",
    "setaria.trade.announcements",
    "setaria.trade.invoices",
    "setaria.trade.webhooks",
    "setaria.channels.storefront",
    "setaria.sight.wall",
    "setaria.sight.command",
    "setaria.sight.report",
    "setaria.sight.calendar",
    "setaria.sight.money",
    "setaria.sight.telling",
    "setaria.sight.office",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "allauth.headless",
    "django.contrib.humanize",
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
AUTHENTICATION_BACKENDS = ["setaria.people.members.sessions.Backend"]
SESSION_ENGINE = "setaria.people.members.sessions"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "setaria.people.members.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "setaria.people.members.entrance.SignUpForm",
    "login": "setaria.people.members.entrance.SignInForm",
    "request_login_code": "setaria.people.members.entrance.SignInCodeForm",
    "reset_password": "setaria.people.members.entrance.RecoverForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email", "phone"}
# allauth insists on the star; the form takes one of the two, and `EmailStage` asks for the one that was given.
ACCOUNT_SIGNUP_FIELDS = ["email*", "phone", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60  # seconds, as the others
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "dashed": False, "length": 6}
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
# A code has a million values and three tries; so few may be asked for that guessing is hopeless.
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "20/m/ip,3/m/key,20/h/key",
    "reset_password": "20/m/ip,3/m/key,20/h/key",
    "confirm_email": "1/10s/key,20/h/key",
    "verify_phone": "1/10s/key,20/h/key,10/m/ip",
    "guest_order": "20/m/ip,20/h/key",
    "gift_card": "10/m/ip,30/h/key",
    "paper": "30/m/key,60/m/ip",  # each is drawn anew
    "coupon": "20/m/ip,60/h/ip",  # codes that do not exist
    "forget_me": "20/m/ip,5/h/key",
}
MFA_ADAPTER = "setaria.people.members.accounts.SecondStepAdapter"
MFA_FORMS = {
    "add_webauthn": "setaria.people.members.entrance.AddKeyForm",
    "signup_webauthn": "setaria.people.members.entrance.SignUpKeyForm",
    "edit_webauthn": "setaria.people.members.entrance.EditKeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_TOTP_TOLERANCE = 1
PASSKEY_DOMAIN = os.environ.get("SETARIA_PASSKEY_DOMAIN", "")
# Signing in from an app, below /api/accounts/: a session's key in a header, the same sessions as the store's.
HEADLESS_CLIENTS = ("app",)
LOGIN_REDIRECT_URL = "store:account"
LOGIN_URL = "account_login"
LOGOUT_REDIRECT_URL = "store:home"

# Signing in with somebody else's account: only what the environment names (docs/howto/accounts.md).
SOCIALACCOUNT_PROVIDERS, _PROVIDER_APPS, FORM_ACTION_ORIGINS = social_providers(os.environ)
INSTALLED_APPS += _PROVIDER_APPS
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_STORE_TOKENS = False

# Who takes money, in the order that buyers choose from, and in which markets; each provider reads its own keys.
PAYMENT_PROVIDERS = payment_providers(os.environ.get("SETARIA_PAYMENTS", "sandbox"))

# For how long after paying a buyer may cancel by themselves.
CANCEL_SECONDS = int(os.environ.get("SETARIA_CANCEL_MINUTES", "30")) * 60

# Messages to people: a real mail server and a real sender of texts, or files in the home.
SANDBOX_MESSAGES = HOME / "messages"
_MAIL = mail_settings(os.environ.get("SETARIA_EMAIL_URL", ""))
EMAIL_BACKEND = _MAIL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_HOST"], _MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"], _MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL["EMAIL_USE_TLS"], _MAIL["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("SETARIA_EMAIL_FROM", "Setaria <store@localhost>")
EMAIL_BOUNCES = os.environ.get("SETARIA_EMAIL_BOUNCES", "")  # where undeliverable mail goes; else to who it is from
SMS_SENDER = os.environ.get("SETARIA_SMS_SENDER", "setaria.people.post.sandbox.SandboxTexts")

# Messages to browsers: who we are to their push services. No key, no push.
PUSH_KEY = os.environ.get("SETARIA_PUSH_KEY", "")
PUSH_CONTACT = os.environ.get("SETARIA_PUSH_CONTACT") or f"mailto:{parseaddr(DEFAULT_FROM_EMAIL)[1]}"
# Private networks that push services and webhooks may be in, also without TLS; public addresses may always be asked.
OUTBOUND_NETWORKS = [
    ip_network(part.strip()) for part in os.environ.get("SETARIA_OUTBOUND_NETWORKS", "").split(",") if part.strip()
]

# What all processes count together (tries to sign in); unlogged, so it costs little and may be lost.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "members_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

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
PICTURES_KEPT = HOME / "pictures"  # drawn for sites that show no SVG; can be thrown away at any time
STATICFILES_DIRS = [PACKAGE / "site" / "demo" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

# How old may be what a listing is narrowed and counted by of stock; a page's own products are always looked up.
STOREFRONT_STOCK_SECONDS = 0.4

# Limits (law 10)
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# Safety
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = SECURE, True, "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600  # as the choice of a market
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None

LOGGING_CONFIG = None  # `site.logs.configure` sets up structured logs once, for Django and the rest
