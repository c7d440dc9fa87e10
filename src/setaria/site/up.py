"""`setaria up`: from nothing to a shop in the browser, and back to nothing on Ctrl-C.

The order of things: the home is claimed, the port looked at, PostgreSQL started, the schema
brought up to date, static files collected, the demo brand loaded (the first time), the web server
and the worker started, and all of them watched.

Nothing here imports Django: what needs it runs as a child, so the supervisor stays small.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from setaria.site.binaries import VERSION_MIN, DatabaseServerError
from setaria.site.embedded import ENDING, EmbeddedPostgres
from setaria.site.happenings import happened
from setaria.site.home import AlreadyRunning, Claim, Home, HomeError, Running
from setaria.site.supervisor import Part, StopRequested, Supervisor, open_log, spawn, tail

DATABASE = "setaria"
READY_SECONDS_MAX = 120.0  # a second on an idle machine; a busy one is given time


class UpError(Exception):
    """Setaria cannot be started. Its text says what happened, what was kept, what to do."""


def up(*, port: int, host: str, home: Path | None, demo: bool | None, web: int) -> int:
    """Run an instance with `web` web processes until asked to stop; the exit code.

    `demo`: load the demo brand into an empty database. None means: into our own PostgreSQL yes,
    into yours (`DATABASE_URL`) no, because the demo's passwords are public.
    """
    console = Console(highlight=False, soft_wrap=True)
    instance = Instance(Home(home), host, port, demo, web, console)
    try:
        with Supervisor(instance.tell_death, lambda: instance.renew(supervisor), instance.tell_again) as supervisor:
            try:
                instance.bring_up(supervisor)
                supervisor.watch()
            except StopRequested:
                console.print("\nStopping …")
    except (UpError, HomeError, DatabaseServerError) as error:
        console.print(f"[red]✗[/] {escape(str(error))}")
        return 1
    except Exception as error:
        console.print(f"[red]✗[/] {escape(instance.keep_traceback(error))}")
        return 1
    finally:
        instance.let_go()
    console.print(f"Stopped. Everything is kept in {escape(str(instance.home.path))}.")
    return 0


class Instance:
    """One start of Setaria: what it has taken so far, and in which order it takes it."""

    def __init__(
        self, home: Home, host: str, port: int, demo: bool | None, web_processes: int, console: Console
    ) -> None:
        self.home = home
        self._host = host
        self._port = port
        self._demo = demo
        self._web_processes = web_processes
        self._web: list[Part] = []
        self._worker: Part | None = None
        self._since = datetime.now(UTC).isoformat(timespec="seconds")
        self._database_url = ""
        self._renewals = 0
        self._trouble = ""
        self._console = console
        self._claim: Claim | None = None
        self._reservation: socket.socket | None = None
        self._postgres: EmbeddedPostgres | None = None
        self._env: dict[str, str] = {}
        # Where people click: the address they see, behind a proxy, too.
        self._url = os.environ.get("SETARIA_BASE_URL") or f"http://{_reachable(host)}:{port}"

    def bring_up(self, supervisor: Supervisor) -> None:
        """Take every step. StopRequested, UpError, HomeError or DatabaseServerError end it."""
        self.home.prepare()
        self._take_home()
        self._reservation = _reserve_port(self._host, self._port)
        self._database_url, is_new = self._start_database(supervisor)
        self._env = self._environment()
        self._write_running(ready=False)
        self._prepare_database(supervisor, is_new)
        self._start_parts(supervisor)
        self._write_running(ready=True)
        self._welcome()

    def renew(self, supervisor: Supervisor) -> None:
        """Start web processes and worker anew, one after the other, while the rest serve: `setaria restart`.

        A web process goes only when its successor answers; if that never does, all stays as it is.
        """
        self._trouble = ""
        for part in self._web:
            with self._step(f"The {part.name} is started anew"):
                if not supervisor.replace(part, self._answers_ready, READY_SECONDS_MAX):
                    self._trouble = f"The new {part.name} did not become ready; the old one goes on. See {part.log}."
                    break
        if self._trouble:
            self._console.print(f"[red]✗[/] {escape(self._trouble)}")
            happened(self.home.path, "restart", "warning", self._trouble)
        elif self._worker is not None:
            with self._step("The worker is started anew"):
                supervisor.replace(self._worker, lambda _: True, READY_SECONDS_MAX)
            happened(
                self.home.path, "restart", "note", "Web processes and worker were started anew, one after the other."
            )
        self._renewals += 1
        self._write_running(ready=True)

    def tell_death(self, part: Part, code: int, pause_seconds: float) -> None:
        """Say which part died, why as far as its log tells, and when it starts again."""
        self._console.print(f"[red]✗[/] The {part.name} ended ({_reason(code)}). Its log {part.log} ends:")
        self._console.print(_indented(tail(part.log)), markup=False)
        self._console.print(f"  It is started again in {pause_seconds:g} s.")
        said = f"The {part.name} ended ({_reason(code)}); it is started again in {pause_seconds:g} s."
        happened(self.home.path, part.name, "failure", said)

    def tell_again(self, part: Part) -> None:
        """A part that had ended was started again; whether it is well, its pulse tells."""
        happened(self.home.path, part.name, "note", f"The {part.name} was started again.")

    def keep_traceback(self, error: Exception) -> str:
        """A bug of ours: keep what a developer needs, and say where."""
        file = self.home.log / "up.log"
        try:
            with file.open("a") as log:
                traceback.print_exception(error, file=log)
        except OSError:
            return f"{type(error).__name__}: {error}"
        return f"{type(error).__name__}: {error}\nYour data were kept. Please report it, with {file}."

    def let_go(self) -> None:
        """Give back home, port and socket, after every part has ended."""
        if self._postgres is not None:
            self._postgres.forget_socket()
        if self._reservation is not None:
            self._reservation.close()
        if self._claim is not None:
            self._claim.release()

    # --- steps ---

    def _take_home(self) -> None:
        try:
            self._claim = self.home.claim()
        except AlreadyRunning as refusal:
            raise UpError(_already_running(self.home, refusal.running)) from None

    def _start_database(self, supervisor: Supervisor) -> tuple[str, bool]:
        """Its URL, and whether it is empty."""
        if url := os.environ.get("DATABASE_URL"):
            with self._step("Your PostgreSQL answers"):
                return url, _ensure_external_database(url)
        with self._step("PostgreSQL") as tick:
            self._postgres = server = EmbeddedPostgres(self.home)
            server.ensure_cluster()
            supervisor.start(
                Part("database server", server.start, server.log, ENDING, at_once=signal.SIGQUIT, others_need_it=True)
            )
            while not server.is_ready():
                supervisor.wait(0.02)
                tick()
            server.create_database(DATABASE)
            return server.url(DATABASE), not server.has_tables(DATABASE)

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "DATABASE_URL": self._database_url,
            "SETARIA_HOME": str(self.home.path),
            "SETARIA_SECRET_KEY": os.environ.get("SETARIA_SECRET_KEY") or self.home.secret_key(),
            "SETARIA_BASE_URL": self._url,
            "SETARIA_PUSH_KEY": os.environ.get("SETARIA_PUSH_KEY") or self.home.push_key(),
        }

    def _prepare_database(self, supervisor: Supervisor, is_new: bool) -> None:
        wanted = (self._postgres is not None) if self._demo is None else self._demo
        if is_new and wanted:
            self.home.demo_wanted.touch()
        elif is_new and self._demo is None:
            self._console.print("Your database is empty; `setaria demo` loads the demo brand, with public passwords.")
        collect = ["manage", "collectstatic", "--noinput", "--verbosity=0"]
        self._run(supervisor, "Database schema, styles and pictures", ["migrate"], collect)
        if self.home.demo_wanted.exists() and self._demo is not False:
            self._run(supervisor, "Demo brand", ["demo"])
            self._remember_accounts()
            self.home.demo_wanted.unlink()

    def _run(self, supervisor: Supervisor, title: str, *commands: list[str]) -> None:
        log = self.home.log / "setup.log"
        with self._step(title) as tick:
            codes = supervisor.run([setaria(*command) for command in commands], self._env, log, tick)
            for command, code in zip(commands, codes, strict=True):
                if code != 0:
                    raise UpError(
                        f"`setaria {' '.join(command)}` failed ({_reason(code)}). The data were kept.\n"
                        f"Its log {log} ends:\n{_indented(tail(log))}\nPut that right and start again."
                    )

    def _start_parts(self, supervisor: Supervisor) -> None:
        with self._step("Web server and worker" if self._web_processes == 1 else "Web servers and worker") as tick:
            arguments = ("web", "--host", self._host, "--port", str(self._port))
            # They share the port (SO_REUSEPORT): the kernel spreads connections over those that listen.
            for number in range(1, self._web_processes + 1):
                which = "" if self._web_processes == 1 else f" {number}"
                log = self.home.log / f"web{which.replace(' ', '-')}.log"
                self._web.append(self._part(f"web server{which}", log, *arguments))
            self._worker = self._part("worker", self.home.log / "worker.log", "worker")
            for part in (*self._web, self._worker):
                supervisor.start(part)
            deadline = time.monotonic() + READY_SECONDS_MAX
            waiting = {part.process.pid: part for part in self._web if part.process is not None}
            while waiting:
                waiting.pop(_ready_process(self._host, self._port) or 0, None)
                supervisor.wait(0.05)
                tick()
                if death := supervisor.first_death():
                    part, code = death
                    raise UpError(
                        f"The {part.name} ended while it started ({_reason(code)}). The data were kept.\n"
                        f"Its log {part.log} ends:\n{_indented(tail(part.log))}"
                    )
                if waiting and time.monotonic() > deadline:
                    log = next(iter(waiting.values())).log
                    raise UpError(
                        f"{self._url}/ready did not answer 200 within {READY_SECONDS_MAX:.0f} s. The data were kept.\n"
                        f"The log {log} ends:\n{_indented(tail(log))}"
                    )

    def _answers_ready(self, pid: int) -> bool:
        return _ready_process(self._host, self._port) == pid

    def _part(self, name: str, log: Path, *arguments: str) -> Part:
        def launch() -> subprocess.Popen[bytes]:
            with open_log(log) as out:
                return spawn(setaria(*arguments), self._env, out)

        return Part(name, launch, log)

    # --- what is written down and said ---

    def _write_running(self, *, ready: bool) -> None:
        if self._claim is not None:
            self._claim.write(
                Running(
                    os.getpid(), self._port, self._url, self._since, self._database_url, ready,
                    renewals=self._renewals, trouble=self._trouble,
                )
            )  # fmt: skip

    @property
    def _accounts_file(self) -> Path:
        return self.home.path / "demo-accounts.json"

    def _remember_accounts(self) -> None:
        """Keep the loader's public list, so that later starts can show it without Django."""
        program = (
            "import json, django; django.setup()\n"
            "from setaria.site import demo_loader\n"
            "print(json.dumps([list(map(str, a)) for a in getattr(demo_loader, 'ACCOUNTS', [])]))"
        )
        env = self._env | {"DJANGO_SETTINGS_MODULE": "setaria.site.settings"}
        command = [sys.executable, "-P", "-c", program]
        done = subprocess.run(command, env=env, capture_output=True, text=True, process_group=0, check=False)
        if done.returncode == 0:
            self._accounts_file.write_text(done.stdout)

    def _welcome(self) -> None:
        self._console.print(f"\n[bold green]Setaria is ready:[/] [bold]{escape(self._url)}[/]")
        try:
            accounts = json.loads(self._accounts_file.read_text())
        except (OSError, ValueError):
            accounts = []
        if accounts:
            table = Table("who", "e-mail", "password", title="Demo accounts", title_justify="left", box=None)
            for email, password, who in accounts:
                table.add_row(escape(who), escape(email), escape(password))
            self._console.print(table)
        self._console.print(f"Logs: {escape(str(self.home.log))}   Stop: Ctrl-C")

    @contextmanager
    def _step(self, title: str) -> Iterator[Callable[[], None]]:
        """Show a step: what is being done, then a tick and its seconds. Yields a ticker that
        keeps the seconds moving on a terminal.
        """
        began = shown = time.monotonic()

        def show(mark: str, end: str) -> None:
            self._console.print(f"{mark} {title}  [dim]{time.monotonic() - began:.1f} s[/]", end=end)

        def tick() -> None:
            nonlocal shown
            if self._console.is_terminal and time.monotonic() - shown > 0.25:
                shown = time.monotonic()
                show("[dim]…[/]", "\r")

        if self._console.is_terminal:
            show("[dim]…[/]", "\r")
        try:
            yield tick
        except BaseException:
            if self._console.is_terminal:
                self._console.print()
            raise
        show("[green]✓[/]", "\n")


def setaria(*arguments: str) -> list[str]:
    """Our own command line as a child: the same interpreter, whatever is on the PATH or in the
    current folder (-P).
    """
    return [sys.executable, "-P", "-m", "setaria.site.cli", *arguments]


def _already_running(home: Home, running: Running | None) -> str:
    if running is None:
        return f"Setaria is already starting in {home.path}. Wait for it, or choose another home: `--home DIR`."
    doing = "already runs" if running.ready else "is already starting"
    return (
        f"Setaria {doing} in {home.path}, since {running.since}: {running.url} (process {running.pid}).\n"
        f"Open that, or stop it (Ctrl-C where it runs, or `kill {running.pid}`), or start a second one with a home\n"
        f"and a port of its own: `setaria up --home DIR --port {running.port + 1}`."
    )


def _reserve_port(host: str, port: int) -> socket.socket:
    """Take the port for as long as we live; the web server shares it, nobody else can.

    The first bind finds out whether it is free, for granian would share it with any program
    of the same user without a word. It allows for a killed predecessor's last breaths.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        deadline = time.monotonic() + 1.0
        while True:
            with socket.socket(family, kind, proto) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(address)
                    break
                except OSError as error:
                    if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
        reservation = socket.socket(family, kind, proto)
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reservation.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UpError(
                f"Port {port} on {host} is taken by another program. Nothing was started.\n"
                f"Choose another: `setaria up --port {port + 1}` (or `make up PORT={port + 1}`)."
            ) from None
        raise UpError(f"{host}, port {port}, cannot be listened on: {error.strerror or error}.") from None
    return reservation


def _ensure_external_database(url: str) -> bool:
    """Reach the database that `DATABASE_URL` names, creating it if its server lets us; whether it
    holds no tables of ours yet.
    """
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import conninfo_to_dict

    try:
        options = conninfo_to_dict(url)
        where = f"{options.get('host', 'the local socket')}, database {options.get('dbname', '(none)')}"
    except psycopg.Error as error:
        raise UpError(f"DATABASE_URL is not a PostgreSQL URL: {error}") from None
    try:
        try:
            connection = psycopg.connect(url, connect_timeout=5, autocommit=True)
        except psycopg.OperationalError:
            with psycopg.connect(url, dbname="postgres", connect_timeout=5, autocommit=True) as upstairs:
                name = str(options["dbname"])
                if upstairs.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                    raise
                upstairs.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            connection = psycopg.connect(url, connect_timeout=5, autocommit=True)
        with connection:
            version = connection.info.server_version // 10000
            row = connection.execute("SELECT to_regclass('django_migrations') IS NULL").fetchone()
    except (psycopg.Error, KeyError) as error:
        raise UpError(
            f"The PostgreSQL of DATABASE_URL ({where}) does not answer:\n{_indented(str(error).strip())}\n"
            "Nothing was started. Correct DATABASE_URL, or unset it to use the PostgreSQL that comes with Setaria."
        ) from None
    if version < VERSION_MIN:
        raise UpError(
            f"The PostgreSQL of DATABASE_URL ({where}) is version {version}; Setaria needs {VERSION_MIN} or later.\n"
            "Nothing was changed. Unset DATABASE_URL to use the PostgreSQL that comes with Setaria."
        )
    return bool(row and row[0])


def _ready_process(host: str, port: int) -> int | None:
    """Return the process id of the web server that happens to take the connection and is ready; None else.

    Asked by hand: the HTTP client would cost the supervisor 5 MB for as long as it lives.
    """
    try:
        with socket.create_connection((_reachable(host).strip("[]"), port), timeout=2) as connection:
            connection.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            head, _, body = b"".join(iter(lambda: connection.recv(4096), b"")).partition(b"\r\n\r\n")
            return int(json.loads(body)["process"]) if head.startswith(b"HTTP/1.1 200") else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _reachable(host: str) -> str:
    """An address to ask, where `host` means every address; as URLs write it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def _reason(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines()) or "    (nothing)"
