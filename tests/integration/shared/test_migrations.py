"""Migrations make what the code expects, once, however often and by how many they are run."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from shared.errors import Invalid, Unavailable
from shared.migrations import _connected, applied, metadata_of, migrate
from tests.support.hub_process import free_port
from tests.support.real_data import PROJECT
from tests.support.servers import postgresql

SERVICES = ("registry", "review", "identity", "pr_bot", "catalog")
ADDING = {"create_table", "create_index", "add_column", "f"}


def versions(service: str) -> list[str]:
    """As their files are called."""
    return sorted(file.name[1:5] for file in (PROJECT / "services" / service / "migrations").glob("v*.py"))


@pytest.fixture
def url() -> Iterator[str]:
    with postgresql().database() as url:
        yield url


@pytest.mark.parametrize("service", SERVICES)
def test_the_migrated_schema_is_the_one_the_code_expects(service: str, url: str) -> None:
    assert migrate(service, url) == versions(service)
    with _connected(url) as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata_of(service)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("service", SERVICES)
def test_a_second_run_has_nothing_to_do(service: str, url: str) -> None:
    migrate(service, url)
    assert migrate(service, url) == []


def test_run_by_four_processes_at_once_it_is_done_once(url: str) -> None:
    command = [sys.executable, "-m", "shared.migrations", "identity"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment["DATABASE_URL"] = url
    running = [
        subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in running)
    assert said == [f"identity: {', '.join(versions('identity'))}", *["identity: nothing to do"] * 3]
    assert {process.returncode for process in running} == {0}


def test_a_schema_of_a_newer_program_is_left_as_it_is(url: str) -> None:
    migrate("review", url)
    with _connected(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    assert migrate("review", url) == []
    with _connected(url) as connection:
        assert applied(connection) == "9999"


def test_a_running_service_may_go_on_while_they_run(url: str) -> None:
    migrate("review", url)
    busy = psycopg2.connect(url)
    with busy, busy.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events")
        assert migrate("review", url) == []
    busy.close()


@pytest.mark.parametrize("service", SERVICES)
def test_versions_only_add(service: str) -> None:
    """So that the program before goes on serving."""
    for file in (PROJECT / "services" / service / "migrations").glob("v*.py"):
        # What it calls of what the services share is held to the same.
        shared = PROJECT / "shared" / "migrations" / "first_release.py"
        called = [
            node.func.attr
            for source in (file, shared)
            for node in ast.walk(ast.parse(source.read_text()))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "op"
        ]
        assert called
        assert set(called) <= ADDING, file


def test_a_database_that_does_not_sort_by_bytes_is_refused() -> None:
    server = postgresql()
    admin = psycopg2.connect(server.admin_url)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(
            "CREATE DATABASE test_sorted_otherwise TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' "
            "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        )
    admin.close()
    url = server.admin_url.rsplit("/", 1)[0] + "/test_sorted_otherwise"
    try:
        with pytest.raises(Invalid, match="LOCALE 'C'"):
            migrate("review", url)
    finally:
        server.drop(url)


def test_an_unknown_service_is_refused_and_an_absent_server_is_unavailable(url: str) -> None:
    with pytest.raises(Invalid, match="nobody"):
        migrate("nobody", url)
    with pytest.raises(Unavailable):
        migrate("review", f"postgresql://hub:secret@127.0.0.1:{free_port()}/review")


def test_sqlite_files_need_none(tmp_path: Path) -> None:
    assert migrate("review", f"sqlite:///{tmp_path / 'review.db'}") == []
    assert not (tmp_path / "review.db").exists()
