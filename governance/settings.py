"""Settings: every value that differs by place comes from the environment, through `governance.environment`."""

from datetime import timedelta
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from governance import environment

BASE_DIR = Path(__file__).resolve().parent.parent

# -- who runs here ------------------------------------------------------------------------------------------
DEBUG = environment.flag("DEBUG", False)
# A demo shows accounts whose passwords are printed; everywhere else such accounts cannot sign in.
DEMO = environment.flag("WANGGE_DEMO", DEBUG)
HTTPS = environment.flag("WANGGE_HTTPS", not DEBUG)
SECRET_KEY = environment.text("SECRET_KEY", "only-for-development-and-tests" if DEBUG else None)
# The machine itself may always ask: health checks come from there.
ALLOWED_HOSTS = [*environment.words("ALLOWED_HOSTS", ("localhost", "[::1]")), "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    # Before ours: grids.admin takes its page out of the administration again.
    "knox",
    "governance",
    "dispatch",
    "incidents",
    "grids",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.gis",
    "guardian",
    "axes",
    "rest_framework",
    "rest_framework_gis",
    "drf_spectacular",
    "django_filters",
    "leaflet",
    "django_htmx",
    "crispy_forms",
    "crispy_bootstrap5",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "governance.headers.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "governance.accounts.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "governance.auditing.Audited",
    "governance.sessions.SessionLimits",
    "governance.accounts.FirstPassword",
]

ROOT_URLCONF = "governance.urls"
WSGI_APPLICATION = "governance.wsgi.application"
ASGI_APPLICATION = "governance.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "governance.frame.frame",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# -- where things are kept ----------------------------------------------------------------------------------
DATABASES = {"default": environment.database("DATABASE_URL")}
# A thread of gunicorn keeps its connection this long; a restarted database is noticed before it is used.
DATABASES["default"]["CONN_MAX_AGE"] = environment.number("WANGGE_CONNECTION_SECONDS", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Who changes something without being a person of a request: the audit list names the program.
DATABASES["default"]["OPTIONS"]["options"] += environment.actor_option()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = environment.redis("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": environment.text("CACHE_URL", REDIS_URL),
        "KEY_PREFIX": "wangge",
        "OPTIONS": {"socket_connect_timeout": 3, "socket_timeout": 5},
    },
    # Dashboards and what they count, within the process: of use for minutes, and a missing Redis must not end them.
    "boards": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "boards",
        "TIMEOUT": 60,
        "OPTIONS": {"MAX_ENTRIES": 60},
    },
    # Pages of desks, at most a hundred kilobytes each, likewise.
    "desks": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "desks",
        "TIMEOUT": 60,
        "OPTIONS": {"MAX_ENTRIES": 200},
    },
}

# Photos and everything else people upload; never served by a web server directly, only by views that ask.
DATA_DIR = Path(environment.text("WANGGE_DATA_DIR", str(BASE_DIR / ".data" / "files")))
MEDIA_ROOT = DATA_DIR
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

STATIC_URL = "/static/"
STATIC_ROOT = Path(environment.text("WANGGE_STATIC_DIR", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"] if (BASE_DIR / "static").is_dir() else []
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "governance.staticfiles.VendorFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# -- language and time --------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = environment.text("TIME_ZONE", "Asia/Shanghai")
USE_TZ = True
# Labels that differ by place ("grid" is 网格 here, 微网格 there): see the template tag `word`.
WANGGE_WORDS = environment.pairs("WANGGE_WORDS")

# A map of more published grids than this is drawn from vector tiles.
MAP_TILES_FROM = environment.number("WANGGE_MAP_TILES_FROM", 2000)
# The ground under the maps: tiles of one's own, one file of pictures, or the national map. None of them: no ground.
BASEMAP_URL = environment.text("WANGGE_BASEMAP_URL", "")
BASEMAP_FILE = environment.text("WANGGE_BASEMAP_FILE", "")
BASEMAP_ATTRIBUTION = environment.text("WANGGE_BASEMAP_ATTRIBUTION", "")
BASEMAP_REVIEW = environment.text("WANGGE_BASEMAP_REVIEW", "")
TIANDITU_KEY = environment.text("WANGGE_TIANDITU_KEY", "")
TIANDITU_URL = environment.text("WANGGE_TIANDITU_URL", "https://t0.tianditu.gov.cn")
TIANDITU_GROUND = environment.one_of("WANGGE_TIANDITU_GROUND", ("vec", "img"))
# A list of incidents leaves the house as a file of at most so many rows.
EXPORT_ROWS = environment.number("WANGGE_EXPORT_ROWS", 500, least=1)
# More than these need the word of a second person, and more than these are never exported at once.
EXPORT_MOST = environment.number("WANGGE_EXPORT_MOST", 50_000, least=1)

# -- people and rights --------------------------------------------------------------------------------------
AUTH_USER_MODEL = "grids.Person"
AUTHENTICATION_BACKENDS = [
    "grids.lockouts.LockoutBackend",
    "grids.backends.PersonBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
# A password: how long, how many kinds of signs, how many former ones it differs from, how many days it lives
# (0: for ever), how many days before its end that is said, how many days it must be kept.
PASSWORD_HISTORY = environment.number("WANGGE_PASSWORD_HISTORY", 5)
PASSWORD_DAYS = environment.number("WANGGE_PASSWORD_DAYS", 90)
PASSWORD_NOTICE_DAYS = environment.number("WANGGE_PASSWORD_NOTICE_DAYS", 7)
PASSWORD_LEAST_DAYS = environment.number("WANGGE_PASSWORD_LEAST_DAYS", 1)
PASSWORD_WEAK_WORDS = environment.words("WANGGE_PASSWORD_WEAK_WORDS")
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": environment.number("WANGGE_PASSWORD_LENGTH", 10, least=8)},
    },
    {
        "NAME": "governance.passwords.SeveralClasses",
        "OPTIONS": {"least": environment.number("WANGGE_PASSWORD_CLASSES", 3, least=1)},
    },
    {"NAME": "governance.passwords.NothingPersonal"},
    {"NAME": "governance.passwords.NothingCommon"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "governance.passwords.NotUsedBefore"},
]
# Wrong passwords: an account locks after few, an address, which an office shares, after many; both for a while.
AXES_FAILURE_LIMIT = environment.number("WANGGE_LOCK_FAILURES", 5, least=1)
AUTH_ADDRESS_FAILURES = environment.number("WANGGE_LOCK_ADDRESS_FAILURES", 50, least=AXES_FAILURE_LIMIT)
AUTH_LOCK_MINUTES = environment.number("WANGGE_LOCK_MINUTES", 30, least=1)
# After so many, the signs of a picture must be typed as well: a lock is then earned by hand, not by a program.
AUTH_CAPTCHA_FAILURES = environment.number("WANGGE_CAPTCHA_FAILURES", 3, least=1)
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_COOLOFF_TIME = timedelta(minutes=AUTH_LOCK_MINUTES)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_HANDLER = "grids.lockouts.LockoutHandler"
AXES_CLIENT_IP_CALLABLE = "grids.audit.address_of"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# Our sign-in form itself says what a lock is; axes' middleware would put a page of its own there.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]
# Tables whose changes stand in the audit list; each has the trigger `grids_audit`.
AUDITED_TABLES = [
    "grids_unit",
    "grids_succession",
    "grids_plannedend",
    "grids_post",
    "grids_person",
    "grids_districtprofile",
    "grids_plan",
    "grids_force",
    "grids_routine",
    "incidents_category",
    "incidents_timelimit",
    "incidents_escalationrule",
    "incidents_calendar",
    "incidents_calendarversion",
    "incidents_calendarchange",
    "dispatch_address",
    "dispatch_audience",
    "knox_authtoken",
    "governance_wallkey",
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

# -- what the browser may do --------------------------------------------------------------------------------
# Signed in for at most so many hours, and so many minutes without doing anything; administrators shorter.
SESSION_HOURS = environment.number("WANGGE_SESSION_HOURS", 12, least=1)
IDLE_MINUTES = environment.number("WANGGE_IDLE_MINUTES", 30, least=1)
ADMIN_IDLE_MINUTES = environment.number("WANGGE_ADMIN_IDLE_MINUTES", 15, least=1)
SINGLE_SESSION = environment.flag("WANGGE_SINGLE_SESSION", False)
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
SECURE_SSL_REDIRECT = environment.flag("WANGGE_HTTPS_REDIRECT", False)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = environment.number("WANGGE_HSTS_SECONDS", 0)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if HTTPS else None
X_FRAME_OPTIONS = "DENY"
BEHIND_PROXY = environment.flag("WANGGE_BEHIND_PROXY", False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Where pages find the live service (governance.live.address): a path, a port of the same host, or nothing.
LIVE_URL = environment.path_or_port("WANGGE_LIVE_URL")

# -- maps ---------------------------------------------------------------------------------------------------
# Debian 12's GDAL cannot refuse network access; it is never given a spatial reference that a visitor wrote.
SILENCED_SYSTEM_CHECKS += ["gis.W001"]
LEAFLET_CONFIG = {
    "TILES": [],
    "DEFAULT_PRECISION": 7,
    "DEFAULT_CENTER": (29.41, 103.55),
    "DEFAULT_ZOOM": 11,
    "MIN_ZOOM": 8,
    "MAX_ZOOM": 19,
    "ATTRIBUTION_PREFIX": "",
    "RESET_VIEW": False,
    "MINIMAP": False,
    "PLUGINS": {},
}

# -- the API ------------------------------------------------------------------------------------------------
# Every view says itself who may (grids.api.endpoints); one that does not, lets nobody in but who is signed in.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["grids.api.tokens.TokenAuthentication", "grids.api.tokens.Session"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "grids.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "grids.api.problems.answer_to",
    "DEFAULT_THROTTLE_RATES": {"login": environment.text("WANGGE_LOGIN_RATE", "30/minute")},
    "NUM_PROXIES": 1 if environment.flag("WANGGE_BEHIND_PROXY", False) else 0,
    "URL_FORMAT_OVERRIDE": None,
}
REST_KNOX = {
    "TOKEN_TTL": timedelta(hours=environment.number("WANGGE_TOKEN_HOURS", 12)),
    "AUTO_REFRESH": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Wangge API",
    "DESCRIPTION": "Unified grid governance: places, incidents, what is done about them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["grids.api.schema.strict_requests"],
}

# -- background work ----------------------------------------------------------------------------------------
# A killed worker's task runs again at once; nobody hoards; nothing is kept in Redis that PostgreSQL does not know.
CELERY_BROKER_URL = environment.broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ETA_TASK_LIMIT = 100
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5.0
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_TIME_LIMIT = 120
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300, "socket_connect_timeout": 5}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
# A tick that waited longer than its period is worth nothing: the next one does the same work.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "dispatch.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "announce": {"task": "dispatch.tasks.announce", "schedule": 10.0, "options": {"expires": 10}},
    "deliver": {"task": "dispatch.tasks.deliver", "schedule": 5.0, "options": {"expires": 5}},
    "publish_due_plans": {"task": "governance.tasks.publish_due_plans", "schedule": 30.0, "options": {"expires": 30}},
    "end_due_units": {"task": "governance.tasks.end_due_units", "schedule": 30.0, "options": {"expires": 30}},
    "change_calendars": {"task": "incidents.tasks.change_calendars", "schedule": 60.0, "options": {"expires": 60}},
    "find_proposals": {"task": "grids.tasks.find_proposals", "schedule": 60.0, "options": {"expires": 60}},
    "clear_map_files": {"task": "grids.tasks.clear_map_files", "schedule": 3600.0, "options": {"expires": 3600}},
    "regrant": {"task": "dispatch.tasks.regrant", "schedule": 60.0, "options": {"expires": 60}},
    "tidy": {"task": "dispatch.tasks.tidy", "schedule": 3600.0, "options": {"expires": 3600}},
    "look_at_itself": {"task": "dispatch.tasks.look_at_itself", "schedule": 60.0, "options": {"expires": 60}},
}

# An address outside that is called each minute while all is well, and raises the alarm when it is not called.
DEADMAN_URL = environment.text("WANGGE_DEADMAN_URL", "")

# -- what leaves the house ----------------------------------------------------------------------------------
EMAIL_BACKEND = environment.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", "wangge@localhost")
EMAIL_HOST = environment.text("EMAIL_HOST", "localhost")
EMAIL_PORT = environment.number("EMAIL_PORT", 25, least=1)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = environment.flag("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = environment.flag("EMAIL_USE_SSL", False)
# The address of the site as messages link to it; without it they carry no link.
SITE_URL = environment.text("WANGGE_SITE_URL", "").rstrip("/")
NOTICE_CHANNELS = environment.words("WANGGE_CHANNELS", ("email", "wecom", "dingtalk", "feishu", "sms", "webhook"))
# Hosts webhooks may go to; these, and robots there, may be inside the house or without TLS: `host` or `host:port`.
NOTICE_HOSTS = environment.words("WANGGE_NOTICE_HOSTS")
# How many seconds a provider has, and from how many waiting messages on one stands for all.
NOTICE_TIMEOUT: float = environment.number("WANGGE_NOTICE_TIMEOUT", 5, least=1)
NOTICE_STORM = environment.number("WANGGE_NOTICE_STORM", 5, least=1)
# After so many days what was told is taken out of the inbox, and what was sent out of the list; 0 keeps it for ever.
NOTICE_DAYS = environment.number("WANGGE_NOTICE_DAYS", 400)
SMS_URL = environment.text("WANGGE_SMS_URL", "")
SMS_SECRET = environment.text("WANGGE_SMS_SECRET", "")
SMS_SIGN = environment.text("WANGGE_SMS_SIGN", "")
SMS_TEMPLATE = environment.text("WANGGE_SMS_TEMPLATE", "")
# Addresses and secrets are encrypted by the first of these and opened by any.
SEAL_KEYS = [*environment.words("WANGGE_SEAL_KEYS"), SECRET_KEY]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.text("WANGGE_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["console"], "propagate": False},
        # Every sign-in stands in the audit list; here only what went wrong.
        "axes": {"level": "WARNING"},
    },
}
