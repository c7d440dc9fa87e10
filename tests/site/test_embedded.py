"""The embedded PostgreSQL, started for real: what it keeps, whom it lets in, what it recovers from."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from setaria.site import embedded
from setaria.site.binaries import STATE, DatabaseServerError
from setaria.site.embedded import EmbeddedPostgres, temporary_postgres
from setaria.site.home import Home

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
BINARIES = Path(os.environ["SETARIA_TEST_POSTGRES"]) if "SETARIA_TEST_POSTGRES" in os.environ else None


@pytest.fixture
def home() -> Iterator[Home]:
    folder = embedded._temporary_folder()  # pytest's own is closed to the server's user
    home = Home(folder)
    home.prepare()
    yield home
    shutil.rmtree(folder)


def server_in(home: Home) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, bin_dir=BINARIES, throw_away=True)


@pytest.fixture
def server(home: Home) -> Iterator[EmbeddedPostgres]:
    server = server_in(home)
    server.start()
    server.wait_ready()
    server.create_database("shop")
    yield server
    server.stop()


def rows(server: EmbeddedPostgres, statement: str) -> list[tuple]:
    with psycopg.connect(server.url("shop"), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def restart(server: EmbeddedPostgres) -> EmbeddedPostgres:
    again = server_in(server.home)
    again.start()
    again.wait_ready()
    return again


def until(happened, seconds_max: float = 60.0) -> None:
    deadline = time.monotonic() + seconds_max
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_speaks_utf8_checks_its_pages_and_opens_no_port(server):
    assert rows(server, "SHOW server_encoding") == [("UTF8",)]
    assert rows(server, "SELECT lower('ÄÉ'), '小米' < '粟'") == [("äé", True)]
    assert rows(server, "SHOW data_checksums") == [("on",)]
    assert rows(server, "SHOW listen_addresses") == [("",)]


def test_what_was_committed_is_there_after_a_stop_and_a_start(server):
    rows(server, "CREATE TABLE kept AS SELECT 7 AS n")
    server.stop()
    server.start()
    server.wait_ready()
    assert rows(server, "SELECT n FROM kept") == [(7,)]
    assert not server.create_database("shop")


def test_has_tables_tells_a_migrated_database_from_an_empty_one(server):
    assert not server.has_tables("shop")
    rows(server, "CREATE TABLE django_migrations (id int)")
    assert server.has_tables("shop")


def test_the_socket_is_private_and_goes_with_the_server(server):
    folder = server._socket_dir
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    server.stop()
    assert not folder.exists()


def test_the_url_does_not_depend_on_the_callers_environment(server, monkeypatch):
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGUSER", "nobody")
    assert rows(server, "SELECT 1") == [(1,)]


@as_root
def test_other_users_of_the_machine_are_refused(server):
    """Twice: they cannot pass through the folder, and the server does not know them."""
    somebody = {"user": "daemon", "group": "daemon", "extra_groups": []}
    psql = [server._bin / "psql", server.url("shop"), "-XAtc", "SELECT 1"]
    assert b"Permission denied" in subprocess.run(psql, capture_output=True, cwd="/", check=False, **somebody).stderr
    server._socket_dir.chmod(0o755)
    for socket in server._socket_dir.glob(".s.PGSQL.*"):
        socket.chmod(0o777)
    assert (
        b"Peer authentication failed"
        in subprocess.run(psql, capture_output=True, cwd="/", check=False, **somebody).stderr
    )


@as_root
def test_somebody_elses_folder_is_not_used_for_the_socket(home):
    server = server_in(home)
    server.ensure_cluster()
    expected = server._ensure_socket_dir()
    os.chown(expected, 1, 1)
    other = server._ensure_socket_dir()
    assert other != expected
    expected.rmdir()
    other.rmdir()


def test_two_at_once_do_not_know_of_each_other(server):
    with temporary_postgres(bin_dir=BINARIES, database="shop") as other:
        rows(other, "CREATE TABLE only_here (n int)")
        assert rows(server, "SELECT to_regclass('only_here')") == [(None,)]
    assert not other.home.path.exists()


def test_a_killed_server_starts_again_with_what_was_committed(home):
    server = EmbeddedPostgres(home, bin_dir=BINARIES)
    server.start()
    server.wait_ready()
    server.create_database("shop")
    rows(server, "CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    server.start()
    server.wait_ready()
    assert rows(server, "SELECT n FROM kept") == [(7,)]
    server.stop()


def test_a_server_that_its_supervisor_left_behind_is_stopped_first(server):
    """Twin of the test above: here the old server lives, as where no leash is to be had."""
    old = server.process
    again = restart(server)
    assert old.wait(5) == 0
    assert rows(again, "SELECT 1") == [(1,)]
    again.stop()


def test_the_server_ends_with_a_killed_supervisor(home):
    program = (
        "import sys, time; from pathlib import Path\n"
        "from setaria.site.embedded import EmbeddedPostgres; from setaria.site.home import Home\n"
        "server = EmbeddedPostgres(Home(sys.argv[1]), throw_away=True)\n"
        "server.start(); server.wait_ready(); print(server.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, home.path], stdout=subprocess.PIPE) as supervisor:
        server = int(supervisor.stdout.readline())
        supervisor.kill()
    until(lambda: server not in embedded._processes_in(home.postgres))
    server_in(home)._ensure_socket_dir().rmdir()


def test_a_stale_number_that_now_belongs_to_another_program_is_no_obstacle(server):
    """PostgreSQL alone refuses to start then: as a container's zombie, or another program of the user."""
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    until(lambda: not embedded._processes_in(server.data))
    stranger = subprocess.Popen(["sleep", "60"], **server._as)
    try:
        file = server.data / "postmaster.pid"
        lines = file.read_text().splitlines()
        file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        again = restart(server)
        assert rows(again, "SELECT 1") == [(1,)]
        assert stranger.poll() is None
        again.stop()
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_beginning_is_begun_again(home):
    server = server_in(home)
    draft = home.postgres.with_name("postgres.new")
    draft.mkdir()
    (draft / "PG_VERSION").write_text("half")
    assert server.ensure_cluster()
    assert not server.ensure_cluster()
    assert not draft.exists()


def test_a_cluster_of_another_version_is_left_alone(home):
    server = server_in(home)
    server.ensure_cluster()
    (server.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(DatabaseServerError, match=r"was made by PostgreSQL 14.*\nNothing was changed"):
        server.start()


@as_root
def test_a_cluster_of_another_user_is_left_alone(home):
    server = server_in(home)
    server.ensure_cluster()
    os.chown(server.data, 1, 1)
    with pytest.raises(DatabaseServerError, match=r"belongs to daemon.\nNothing was changed"):
        server.start()


def test_a_server_that_cannot_start_says_what_its_log_says(home):
    server = EmbeddedPostgres(home, bin_dir=BINARIES, settings={"shared_buffers": "1"}, throw_away=True)
    server.start()
    with pytest.raises(DatabaseServerError, match=r"data in .* were kept[\s\S]*shared_buffers"):
        server.wait_ready()
    server.stop()


def test_binaries_that_do_not_run_are_named(home):
    with pytest.raises(DatabaseServerError, match=r"programs in /nowhere do not run here"):
        EmbeddedPostgres(home, bin_dir=Path("/nowhere"))


@as_root
def test_a_home_that_the_server_may_not_enter_is_not_opened_up(home):
    closed = home.path / "closed"
    closed.mkdir(mode=0o700)
    inner = Home(closed / "home")
    inner.prepare()
    server = server_in(inner)
    try:
        assert server.data.is_relative_to(STATE)
        assert str(server.data) in (inner.path / "postgres-is-elsewhere").read_text()
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert server_in(inner).data == server.data
        server.start()
        server.wait_ready()
        server.stop()
        shutil.copytree(inner.path, closed / "copy")
        with pytest.raises(DatabaseServerError, match="is a copy of"):
            server_in(Home(closed / "copy"))
    finally:
        shutil.rmtree(server.data.parent)
