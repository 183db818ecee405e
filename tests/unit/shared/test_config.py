"""What the environment may say, and what the hub answers where it says something else."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path

import pytest

from shared.config import SETTINGS, InvalidSettings, Settings, Upstream, as_markdown, from_environment


def problems_of(**environment: str) -> list[str]:
    with pytest.raises(InvalidSettings) as refusal:
        from_environment(environment)
    return [error["message"] for error in refusal.value.details["errors"]]


def test_empty_environment_gives_the_documented_defaults() -> None:
    settings = from_environment({})
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, Path("var"))
    assert settings.catalog_source == "pypi:xinference==4.1.0"
    assert settings.upstream == Upstream("file", "var/upstream.git")
    assert (settings.upstream_branch, settings.upstream_poll_s) == ("main", 60)
    assert (settings.clients_from, settings.self_review) == ("1.13.0", False)
    assert settings.public_url == settings.url == "http://127.0.0.1:8000"
    assert settings.seal_key is None


def test_an_empty_value_counts_as_unset() -> None:
    assert from_environment({"HUB_PORT": " ", "HUB_UPSTREAM": ""}) == from_environment({})


def test_every_problem_is_named_at_once_with_what_was_expected() -> None:
    problems = problems_of(HUB_PROT="1", HUB_PORT="70000", HUB_SELF_REVIEW="true", HUB_UPSTREAM="svn:x")
    assert problems == [
        "HUB_PROT: no such setting; did you mean HUB_PORT?",
        "HUB_PORT: expected a port from 1 to 65535",
        "HUB_UPSTREAM: expected file:<path of a bare repository>, github:<owner>/<repo>, or off",
        "HUB_SELF_REVIEW: expected yes or no",
    ]


def test_a_refused_value_is_not_repeated() -> None:
    (problem,) = problems_of(HUB_SEAL_KEY="not-a-key-but-secret")
    assert "secret" not in problem


def test_names_of_other_programs_are_nobodys_business() -> None:
    assert from_environment({"PATH": "/bin", "HUBBLE": "x"}) == from_environment({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_PORT", "0"),
        ("HUB_PORT", "８０"),
        ("HUB_PORT", "80.5"),
        ("HUB_UPSTREAM", "file:"),
        ("HUB_UPSTREAM", "github:owner"),
        ("HUB_UPSTREAM", "github:owner/re po"),
        ("HUB_UPSTREAM_BRANCH", "--upload-pack=x"),
        ("HUB_UPSTREAM_BRANCH", "a..b"),
        ("HUB_UPSTREAM_BRANCH", "main.lock"),
        ("HUB_UPSTREAM_POLL_S", "0"),
        ("HUB_UPSTREAM_POLL_S", "nan"),
        ("HUB_UPSTREAM_POLL_S", "-1"),
        ("HUB_CLIENTS_FROM", "1.13"),
        ("HUB_CLIENTS_FROM", "newest"),
        ("HUB_CATALOG_SOURCE", "pypi:xinference"),
        ("HUB_PUBLIC_URL", "hub.example"),
        ("HUB_URL", "ftp://hub.example"),
        ("HUB_SMTP_URL", "mail.example:25"),
        ("HUB_SEAL_KEY", base64.b64encode(b"short").decode()),
        ("DATABASE_URL", "mysql://x"),
        ("AMQP_URI", "http://x"),
    ],
)
def test_an_invalid_value_is_refused_under_its_name(name: str, value: str) -> None:
    (problem,) = problems_of(**{name: value})
    assert problem.startswith(f"{name}: expected ")


@pytest.mark.parametrize(
    ("value", "upstream"),
    [
        ("off", Upstream("off")),
        ("file:/srv/git/inference.git", Upstream("file", "/srv/git/inference.git")),
        ("github:xorbitsai/inference", Upstream("github", "xorbitsai/inference")),
    ],
)
def test_each_kind_of_upstream_is_known(value: str, upstream: Upstream) -> None:
    assert from_environment({"HUB_UPSTREAM": value}).upstream == upstream


def test_a_branch_may_have_slashes_and_dashes() -> None:
    assert from_environment({"HUB_UPSTREAM_BRANCH": "release/v-2.x"}).upstream_branch == "release/v-2.x"


def test_links_follow_host_and_port_unless_told_otherwise() -> None:
    assert from_environment({"HUB_HOST": "::1", "HUB_PORT": "9"}).public_url == "http://[::1]:9"
    assert from_environment({"HUB_PUBLIC_URL": "https://hub.example/"}).public_url == "https://hub.example"


def test_files_lie_in_the_data_directory() -> None:
    settings = from_environment({"HUB_DATA_DIR": "/srv/hub"})
    assert settings.database_file("registry") == Path("/srv/hub/registry.db")
    assert settings.database_url_of("registry") == "sqlite:////srv/hub/registry.db"
    assert settings.own_upstream == Path("/srv/hub/upstream.git")
    assert settings.first_accounts_file == Path("/srv/hub/first-accounts.txt")
    assert settings.seal_key_file == Path("/srv/hub/seal.key")
    assert settings.lock_file == Path("/srv/hub/hub.lock")
    assert settings.cache_dir == Path("/srv/hub/cache")


def test_relative_paths_start_where_the_hub_was_started() -> None:
    """Git runs in other folders, where they would mean something else."""
    environment = {"HUB_UPSTREAM": "file:up.git", "HUB_CATALOG_SOURCE": "a.whl"}
    settings = from_environment(environment, here=Path("/home/me"))
    assert settings.data_dir == Path("/home/me/var")
    assert settings.upstream.location == "/home/me/up.git"
    assert settings.catalog_source == "/home/me/a.whl"
    assert from_environment({}, here=Path("/home/me")).upstream.location == "/home/me/var/upstream.git"


def test_secrets_stay_out_of_the_repr() -> None:
    key = base64.b64encode(b"k" * 32).decode()
    secrets = {
        "HUB_GITHUB_TOKEN": "ghs-1",
        "HUB_GITHUB_WEBHOOK_SECRET": "ghs-2",
        "HUB_SEAL_KEY": key,
        "HUB_API_TOKEN": "ghs-3",
        "HUB_SMTP_URL": "smtp://u:ghs-4@h",
        "DATABASE_URL": "postgresql://u:ghs-5@h/d",
        "AMQP_URI": "amqp://u:ghs-6@h",
    }
    shown = repr(from_environment(secrets))
    assert "ghs" not in shown
    assert "kkk" not in shown


def test_each_row_of_the_table_is_an_attribute_and_the_other_way_round() -> None:
    fields = [field.name for field in dataclasses.fields(Settings) if field.name != "database_urls"]
    assert [setting.field for setting in SETTINGS] == fields


def test_what_split_mode_needs_is_missed_with_every_other_problem() -> None:
    with pytest.raises(InvalidSettings) as refused:
        from_environment({"HUB_PORT": "no", "AMQP_URI": " "}, required=("DATABASE_URL", "AMQP_URI"))
    assert {problem["path"] for problem in refused.value.details["errors"]} == {
        "/HUB_PORT",
        "/DATABASE_URL",
        "/AMQP_URI",
    }


def test_no_health_port_is_zero() -> None:
    assert from_environment({"HUB_HEALTH_PORT": "0"}).health_port == 0
    assert from_environment({}).health_port == 8080
    with pytest.raises(InvalidSettings, match="or 0 for none"):
        from_environment({"HUB_HEALTH_PORT": "65536"})


def test_the_table_for_people_names_every_setting() -> None:
    table = as_markdown()
    assert all(f"| `{setting.name}` |" in table for setting in SETTINGS)
    assert "| `HUB_GITHUB_API_URL` | the public API |" in table
