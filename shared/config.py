"""Every setting of the hub, read from the environment once; nothing else reads it.

`SETTINGS` is the one table: names, defaults, meanings, validity. README's table is made from it.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from shared.errors import Invalid

OWN_UPSTREAM = "upstream.git"


class InvalidSettings(Invalid):
    """The environment's settings, all problems at once; the hub does not start."""

    slug = "invalid-settings"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where pull requests go: a bare repository's path, `<owner>/<repo>`, or nowhere (`off`)."""

    kind: Literal["file", "github", "off"]
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One environment variable. `default` is text as it would be set; empty is unset.

    `shown` says the default in words where it is no value. `parse` raises ValueError, whose
    message completes "expected …".
    """

    name: str
    default: str
    meaning: str
    parse: Callable[[str], Any]
    shown: str = ""

    @property
    def field(self) -> str:
        """The name of the attribute in `Settings`."""
        return self.name.removeprefix("HUB_").lower()


def _text(value: str) -> str:
    return value


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 65535):
        raise ValueError("a port from 1 to 65535")
    return int(value)


def _port_or_none(value: str) -> int:
    if value == "0":
        return 0
    try:
        return _port(value)
    except ValueError:
        raise ValueError("a port from 1 to 65535, or 0 for none") from None


def _seconds(value: str) -> float:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value, re.ASCII) or float(value) <= 0:
        raise ValueError("seconds, a number above 0")
    return float(value)


def _yes_or_no(value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError("yes or no")
    return value == "yes"


def _release(value: str) -> str:
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}\.\d{1,4}", value, re.ASCII):
        raise ValueError("a release of the client, such as 1.13.0")
    return value


def _catalog_source(value: str) -> str:
    if value.startswith("pypi:") and not re.fullmatch(r"pypi:[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", value):
        raise ValueError("pypi:<package>==<version>, a path, or none")
    return value


def _upstream(value: str) -> Upstream | None:
    kind, _, location = value.partition(":")
    if value == "":
        return None
    if value == "off":
        return Upstream("off")
    if kind == "file" and location:
        return Upstream("file", location)
    if kind == "github" and re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", location):
        return Upstream("github", location)
    raise ValueError("file:<path of a bare repository>, github:<owner>/<repo>, or off")


def _branch(value: str) -> str:
    # git's own rules in short; a leading dash would be an option of the git command
    if re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.lock(/|$)|(^|/)\.|[./]$|^[-/]", value):
        raise ValueError("a branch name")
    return value


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise ValueError("an address such as http://127.0.0.1:8000")
    return value.rstrip("/")


def _scheme(*schemes: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if value and (scheme.split("+")[0] not in schemes or not separator or not rest):
            raise ValueError(" or ".join(f"{scheme}://…" for scheme in schemes))
        return value

    return parse


def _key(value: str) -> bytes | None:
    if not value:
        return None
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ValueError("32 bytes in base64")
    return key


def _setting(name: str, default: str, meaning: str, parse: Callable[[str], Any] = _text, shown: str = "") -> Setting:
    return Setting(name=name, default=default, meaning=meaning, parse=parse, shown=shown)


SETTINGS = (
    _setting("HUB_HOST", "127.0.0.1", "address the gateway listens on"),
    _setting("HUB_PORT", "8000", "port the gateway listens on", _port),
    _setting("HUB_DATA_DIR", "./var", "embedded mode's files", Path),
    _setting(
        "HUB_CATALOG_SOURCE",
        "pypi:xinference==4.1.0",
        "what a first start imports: `pypi:<package>==<version>`, a wheel's path, "
        "a directory or bare git repository of upstream's tree, or `none`",
        _catalog_source,
    ),
    _setting(
        "HUB_UPSTREAM",
        "",
        "where pull requests go: `file:<path of a bare repository>`, `github:<owner>/<repo>`, `off`",
        _upstream,
        "a bare git repository made at import in the data directory",
    ),
    _setting("HUB_UPSTREAM_BRANCH", "main", "target branch of pull requests", _branch),
    _setting(
        "HUB_UPSTREAM_POLL_S", "60", "seconds between two looks at upstream where no webhook told earlier", _seconds
    ),
    _setting("HUB_GITHUB_API_URL", "", "GitHub's API", _http_url, "the public API"),
    _setting("HUB_GITHUB_TOKEN", "", "the token for people who have stored none of their own"),
    _setting("HUB_GITHUB_WEBHOOK_SECRET", "", "what GitHub signs its webhooks with"),
    _setting("HUB_PUBLIC_URL", "", "links in mails and pull requests", _http_url, "`http://<host>:<port>`"),
    _setting("HUB_CLIENTS_FROM", "1.13.0", "the oldest client release that the feed must be safe for", _release),
    _setting("HUB_SELF_REVIEW", "no", "`yes`: one-person installs; every use is audited", _yes_or_no),
    _setting(
        "HUB_SEAL_KEY",
        "",
        "private half of the key pair that seals GitHub tokens (32 bytes in base64); for pr_bot alone",
        _key,
        "made at first start in the data directory",
    ),
    _setting("HUB_SEAL_PUBLIC_KEY", "", "its public half", _key, "made at first start in the data directory"),
    _setting("HUB_URL", "http://127.0.0.1:8000", "the hub that the console command calls", _http_url),
    _setting("HUB_API_TOKEN", "", "the API token that the console command calls it with"),
    _setting(
        "HUB_SMTP_URL",
        "",
        "mail: `smtp://user:password@host:port`, or `smtps://…`",
        _scheme("smtp", "smtps"),
        "none: mails go to the in-app outbox an operator can read",
    ),
    _setting("DATABASE_URL", "", "split mode: the service's own database", _scheme("postgresql", "sqlite")),
    _setting("AMQP_URI", "", "split mode: the broker", _scheme("amqp", "amqps")),
    _setting(
        "HUB_HEALTH_PORT",
        "8080",
        "split mode: port of a service's `/livez`, `/readyz` and `/metrics`, on HUB_HOST; `0`: none",
        _port_or_none,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings, parsed and valid; one attribute for each row of `SETTINGS`. Secrets stay out of its repr.

    `catalog_source` is `none`, `pypi:<package>==<version>` or a path.
    """

    host: str
    port: int
    data_dir: Path
    catalog_source: str
    upstream: Upstream
    upstream_branch: str
    upstream_poll_s: float
    github_api_url: str
    github_token: str = field(repr=False)
    github_webhook_secret: str = field(repr=False)
    public_url: str
    clients_from: str
    self_review: bool
    seal_key: bytes | None = field(repr=False)
    seal_public_key: bytes | None
    url: str
    api_token: str = field(repr=False)
    smtp_url: str = field(repr=False)
    database_url: str = field(repr=False)
    amqp_uri: str = field(repr=False)
    health_port: int
    # By service; set by a split mode's composition root, which knows whose DATABASE_URL it was given.
    database_urls: Mapping[str, str] = field(default_factory=dict, repr=False)

    def database_file(self, service: str) -> Path:
        """The SQLite file of one service in embedded mode."""
        return self.data_dir / f"{service}.db"

    def database_url_of(self, service: str) -> str:
        """The database of one service, as SQLAlchemy takes it: its own server's, or an SQLite file."""
        return self.database_urls.get(service) or f"sqlite:///{self.database_file(service)}"

    @property
    def is_split(self) -> bool:
        """Whether this process belongs to a split hub, whose services have servers of their own."""
        return bool(self.database_urls or self.amqp_uri)

    @property
    def split_env_file(self) -> Path:
        """The addresses of a split hub's servers on this machine, `NAME=value` a line, mode 0600."""
        return self.data_dir / "split.env"

    @property
    def marks_dir(self) -> Path:
        """Where a first start leaves its traces: an embedded and a split hub may share a data directory."""
        return self.data_dir / "split" if self.is_split else self.data_dir

    @property
    def own_upstream(self) -> Path:
        """The bare repository that the hub makes for itself where HUB_UPSTREAM is not set."""
        return self.data_dir / OWN_UPSTREAM

    @property
    def first_accounts_file(self) -> Path:
        """`name password`, one a line, written at the first start with mode 0600."""
        return self.data_dir / "first-accounts.txt"

    @property
    def seal_key_file(self) -> Path:
        """The private seal key, made at the first start with mode 0600 where HUB_SEAL_KEY is not set."""
        return self.data_dir / "seal.key"

    @property
    def lock_file(self) -> Path:
        """Locked by the one process that runs on this data directory."""
        return self.data_dir / "hub.lock"

    @property
    def cache_dir(self) -> Path:
        """What may be deleted at any time: downloads, the last good feed."""
        return self.data_dir / "cache"


def _parsed(environment: Mapping[str, str], problems: list[dict[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        value = environment.get(setting.name, "").strip() or setting.default
        try:
            values[setting.field] = setting.parse(value)
        except ValueError as error:
            problems.append({"path": f"/{setting.name}", "message": f"{setting.name}: expected {error}"})
    return values


def _unknown(environment: Mapping[str, str]) -> list[dict[str, str]]:
    known = [setting.name for setting in SETTINGS]
    problems = []
    for name in sorted(name for name in environment if name.startswith("HUB_") and name not in known):
        near = difflib.get_close_matches(name, known, n=1)
        advice = f"did you mean {near[0]}?" if near else "unset it; README lists the settings"
        problems.append({"path": f"/{name}", "message": f"{name}: no such setting; {advice}"})
    return problems


def _settled(values: dict[str, Any], here: Path) -> dict[str, Any]:
    """Paths made absolute, and the defaults that follow from other settings."""
    host = f"[{values['host']}]" if ":" in values["host"] else values["host"]
    data_dir = here / values["data_dir"]
    upstream = values["upstream"] or Upstream("file", str(data_dir / OWN_UPSTREAM))
    if upstream.kind == "file":
        upstream = Upstream("file", str(here / upstream.location))
    source = values["catalog_source"]
    return values | {
        "data_dir": data_dir,
        "upstream": upstream,
        "catalog_source": source if source == "none" or source.startswith("pypi:") else str(here / source),
        "public_url": values["public_url"] or f"http://{host}:{values['port']}",
    }


def _missing(environment: Mapping[str, str], required: Collection[str]) -> list[dict[str, str]]:
    return [
        {"path": f"/{setting.name}", "message": f"{setting.name}: expected it to be set: {setting.meaning}"}
        for setting in SETTINGS
        if setting.name in required and not environment.get(setting.name, "").strip()
    ]


def from_environment(
    environment: Mapping[str, str], *, here: Path = Path(), required: Collection[str] = ()
) -> Settings:
    """The settings in `environment`; an empty value counts as unset, paths start at `here`.

    Raises InvalidSettings, which lists every problem; values are not repeated, for they may be secrets.
    """
    problems = [*_unknown(environment), *_missing(environment, required)]
    values = _parsed(environment, problems)
    if problems:
        lines = "".join(f"\n  {problem['message']}" for problem in problems)
        message = f"settings: {len(problems)} to correct before the hub can start{lines}"
        raise InvalidSettings(message, details={"errors": problems})
    return Settings(**_settled(values, here))


def load(*, required: Collection[str] = ()) -> Settings:
    """The settings of this process; to be called once, by what starts it. `required` may have no default."""
    return from_environment(os.environ, here=Path.cwd(), required=required)


def database_urls() -> Mapping[str, str]:
    """{service: URL} of each DATABASE_URL_<SERVICE>, for what works on the databases of several services."""
    prefix = "DATABASE_URL_"
    return {
        name.removeprefix(prefix).lower(): value
        for name, value in os.environ.items()
        if name.startswith(prefix) and value.strip()
    }


def opentelemetry() -> Mapping[str, str]:
    """What OpenTelemetry's own variables say, all of them beginning with OTEL_."""
    return {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}


def as_text(names: Collection[str]) -> str:
    """These settings, one a line, for a terminal."""
    lines = []
    for setting in SETTINGS:
        if setting.name in names:
            default = setting.shown or setting.default or "none"
            lines.append(f"  {setting.name}: {setting.meaning} (default: {default})".replace("`", ""))
    return "\n".join(lines) + "\n"


def as_markdown() -> str:
    """README's table of settings."""
    rows = ["| name | default | meaning |", "|---|---|---|"]
    for setting in SETTINGS:
        default = setting.shown or (f"`{setting.default}`" if setting.default else "none")
        rows.append(f"| `{setting.name}` | {default} | {setting.meaning} |")
    return "\n".join(rows) + "\n"
