"""`setaria up`, run for real: it starts, says what is in the way, survives deaths, and ends cleanly."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import psycopg
import pytest

from setaria.site import embedded
from setaria.site import home as home_module
from setaria.site.home import AlreadyRunning, Home, nothing_runs
from setaria.site.supervisor import (
    RESTART_SECONDS_FIRST,
    TERMINATE,
    Part,
    StopRequested,
    Supervisor,
    open_log,
    spawn,
    tail,
)

START_SECONDS_MAX = 240
STOP_SECONDS_MAX = 60


def until(happened, seconds_max: float = 60.0) -> None:
    deadline = time.monotonic() + seconds_max
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment() -> dict[str, str]:
    """Without what this test run has set for itself."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("SETARIA_", "DATABASE_", "DJANGO_"))
    }


def setaria(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "setaria.site.cli", *map(str, arguments)]
    return subprocess.run(
        command, env=environment() | variables, capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False
    )


def incidents(instance: "Instance") -> list[str]:
    """What its supervisor has entered in the command centre; none while the database is coming back."""
    try:
        with psycopg.connect(Home(instance.home).running().database_url) as database:
            rows = database.execute("SELECT text FROM command_incident WHERE by_id IS NULL ORDER BY id").fetchall()
    except psycopg.Error:
        return []
    return [text for (text,) in rows if "fell silent" not in text]


class Instance:
    """A running `setaria up`."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._out = home.with_suffix(".out")
        command = [sys.executable, "-P", "-m", "setaria.site.cli", "up", "--no-demo"]
        command += ["--port", str(self.port), "--home", str(home), *options]
        with self._out.open("w") as out:
            self.process = subprocess.Popen(
                command, env=environment(), stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self._out.read_text()

    def wait_ready(self) -> "Instance":
        until(lambda: "is ready" in self.said or self.process.poll() is not None, START_SECONDS_MAX)
        assert self.process.poll() is None, self.said
        return self

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ready", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def family(self) -> dict[int, str]:
        """Every process below, with its command line."""
        found: dict[int, str] = {}
        parents = {self.process.pid}
        while parents:
            parents = {pid for pid, parent in _parents() if parent in parents}
            found |= {pid: _command(pid) for pid in parents}
        return found

    def pids_of(self, part: str) -> set[int]:
        return {pid for pid, parent in _parents() if parent == self.process.pid and part in _command(pid)}

    def pid_of(self, part: str) -> int:
        (child,) = self.pids_of(part)
        return child

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS_MAX)


def _parents() -> list[tuple[int, int]]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            found.append((int(entry.parent.name), int(parent)))
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def alive(pids) -> list[int]:
    return [pid for pid, _ in _parents() if pid in pids]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = embedded._temporary_folder()  # pytest's own is closed to the server's user
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def instance(folder: Path) -> Iterator[Instance]:
    instance = Instance(folder / "home").wait_ready()
    yield instance
    assert instance.stop() == 0


class TestRunning:
    def test_it_answers_and_says_where(self, instance):
        assert instance.is_ready()
        assert instance.url in instance.said

    def test_a_second_one_in_the_same_home_says_what_runs(self, instance):
        second = setaria("up", "--port", str(free_port()), "--home", instance.home)
        assert second.returncode == 1
        assert instance.url in second.stdout
        assert str(instance.process.pid) in second.stdout
        assert "--home DIR" in second.stdout

    def test_a_taken_port_is_named_with_what_to_do(self, instance, folder):
        second = setaria("up", "--port", str(instance.port), "--home", folder / "other")
        assert second.returncode == 1
        assert f"Port {instance.port} on 127.0.0.1 is taken" in second.stdout
        assert f"--port {instance.port + 1}" in second.stdout

    def test_other_commands_find_its_database(self, instance):
        done = setaria("manage", "showmigrations", "--plan", SETARIA_HOME=str(instance.home))
        assert done.returncode == 0, done.stderr
        assert "[X]" in done.stdout
        assert "[ ]" not in done.stdout

    @pytest.mark.parametrize("command", ["audit", "restart"])
    def test_a_command_that_looks_in_another_home_says_where_this_one_is(self, instance, folder, command):
        done = setaria(command, "--home", folder / "nothing")
        assert done.returncode == 1
        line = next(line for line in (done.stdout + done.stderr).splitlines() if str(instance.home) in line)
        assert line.split() == ["--home", str(instance.home), f"({instance.url})"]
        assert not (folder / "nothing").exists()

    def test_what_it_wrote_down_is_for_its_owner_only(self, instance):
        assert (instance.home / "running.json").stat().st_mode & 0o077 == 0
        assert (instance.home / "secret_key").stat().st_mode & 0o077 == 0
        assert json.loads((instance.home / "running.json").read_text())["ready"]

    @pytest.mark.kills
    @pytest.mark.parametrize("part", ["cli web", "cli worker", "postgres -D"])
    def test_a_killed_part_comes_back(self, instance, part):
        old = instance.pid_of(part)
        os.kill(old, signal.SIGKILL)
        until(lambda: not alive({old}))
        until(lambda: any(part in command for command in instance.family().values()) and instance.is_ready())
        assert "killed by SIGKILL" in instance.said
        assert "started again in" in instance.said
        until(lambda: len(incidents(instance)) >= 2)
        assert "killed by SIGKILL" in incidents(instance)[-2]
        assert incidents(instance)[-1].endswith("was started again.")


@pytest.mark.kills
class TestEnding:
    # One home serves them all, one after the other: to bring a new one's tables up to date takes ten seconds.

    def test_ctrl_c_ends_all_of_it_in_time(self, folder):
        instance = Instance(folder / "ending").wait_ready()
        family = instance.family()
        assert instance.stop(signal.SIGINT) == 0
        assert alive(family) == []
        assert "Stopped." in instance.said
        assert "Traceback" not in instance.said
        assert not (instance.home / "running.json").exists()

    def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(self, folder):
        first = Instance(folder / "ending").wait_ready()
        with psycopg.connect(Home(first.home).running().database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        family = first.family()
        first.process.kill()
        first.process.wait()
        second = Instance(folder / "ending").wait_ready()  # at once: the old parts may still be ending
        until(lambda: not alive(family))
        with psycopg.connect(Home(first.home).running().database_url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
        assert second.stop() == 0

    def test_a_second_ctrl_c_does_not_wait(self, folder):
        instance = Instance(folder / "ending").wait_ready()
        family = instance.family()
        os.kill(instance.pid_of("cli worker"), signal.SIGSTOP)  # it will not end when asked to
        instance.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        began = time.monotonic()
        instance.stop(signal.SIGINT)
        assert time.monotonic() - began < TERMINATE[0][1] - 0.5  # the worker would have been given so long
        assert alive(family) == []

    @pytest.mark.parametrize("seconds", [0.3, 2.0])
    def test_it_can_be_stopped_while_it_starts(self, folder, seconds):
        instance = Instance(folder / f"early-{seconds}")
        time.sleep(seconds)
        family = instance.family()
        instance.stop(signal.SIGINT)
        assert alive(family) == []
        assert "Traceback" not in instance.said


@pytest.mark.kills
class TestSeveralWebServers:
    def test_each_is_started_anew_while_the_others_serve(self, folder):
        instance = Instance(folder / "ending", "--web", "2").wait_ready()
        before = instance.pids_of("cli web") | instance.pids_of("cli worker")
        assert len(before) == 3
        done = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(keep_asking, instance.url, done)
            try:
                command = setaria("restart", "--home", instance.home)
            finally:
                done.set()
            answers = asking.result()
        assert command.returncode == 0, command.stdout
        assert "Started anew" in command.stdout
        assert set(answers) == {200}
        after = instance.pids_of("cli web") | instance.pids_of("cli worker")
        assert len(after) == 3
        assert alive(before) == []
        # One that is killed is reported by its name, and comes back; the other serves meanwhile.
        victim = min(instance.pids_of("cli web"))
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(instance.pids_of("cli web") - {victim}) == 2)
        assert "The web server" in instance.said
        assert "killed by SIGKILL" in instance.said
        assert instance.stop() == 0

    def test_one_that_does_not_come_up_leaves_the_old_one(self, tmp_path):
        with Supervisor(lambda *_: None) as supervisor:
            part = shell(tmp_path, "echo $$; sleep 60")
            supervisor.start(part)
            old = part.process.pid
            part.launch = shell(tmp_path, "exit 3").launch
            assert not supervisor.replace(part, lambda _: False, 20.0)
            assert part.process.pid == old
            assert part.process.poll() is None
            part.launch = cannot_start
            assert not supervisor.replace(part, lambda _: True, 20.0)
            assert part.process.poll() is None
            assert "no more processes" in tail(part.log)
            part.launch = shell(tmp_path, "sleep 60").launch
            assert supervisor.replace(part, lambda pid: pid != old, 20.0)
            assert part.process.pid != old
            assert alive({old}) == []

    def test_without_an_instance_it_says_so(self, folder):
        done = setaria("restart", "--home", folder / "nothing")
        assert done.returncode == 1
        assert "Nothing runs " in done.stdout


def cannot_start() -> subprocess.Popen[bytes]:
    raise OSError("no more processes")


def keep_asking(url: str, done: threading.Event) -> list[int]:
    """Ask over connections that are kept, as browsers do: one that was closed meanwhile is opened again once."""
    answers = []
    with httpx.Client(trust_env=False, transport=httpx.HTTPTransport(retries=1)) as client:
        while not done.wait(0.01):
            try:
                answers.append(client.get(f"{url}/health").status_code)
            except httpx.RemoteProtocolError:  # it was closed just while we asked; browsers ask again, too
                answers.append(client.get(f"{url}/health").status_code)
    return answers


class TestOwnDatabase:
    def test_one_that_does_not_answer_is_reported(self, folder):
        url = f"postgresql://x@127.0.0.1:{free_port()}/shop"
        done = setaria("up", "--port", str(free_port()), "--home", folder / "own", DATABASE_URL=url)
        assert done.returncode == 1
        assert "The PostgreSQL of DATABASE_URL (127.0.0.1, database shop) does not answer" in done.stdout
        assert "Nothing was started" in done.stdout

    def test_nonsense_is_reported(self, folder):
        done = setaria("up", "--port", str(free_port()), "--home", folder / "own", DATABASE_URL="sqlite:///x")
        assert done.returncode == 1
        assert "not a PostgreSQL URL" in done.stdout

    def test_one_without_the_database_gets_it(self, postgres, folder):
        from setaria.site.up import _ensure_external_database

        url = postgres.replace("/setaria?", f"/own_{os.getpid()}?")
        assert _ensure_external_database(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE django_migrations (id int)")
        assert not _ensure_external_database(url)


def test_without_an_instance_commands_say_how_to_start_one(folder):
    done = setaria("audit", "--home", folder / "nothing")
    assert done.returncode == 1
    assert "Nothing runs " in done.stderr  # what to do: where nothing runs at all, or where something does
    assert "`setaria up`" in done.stderr or "--home" in done.stderr


def test_help_needs_no_django():
    program = "import sys; import setaria.site.cli, setaria.site.up; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], env=environment(), check=False).returncode == 0


class TestHome:
    def test_one_claim_at_a_time(self, tmp_path):
        home = Home(tmp_path / "home")
        home.prepare()
        claim = home.claim()
        with pytest.raises(AlreadyRunning):
            Home(home.path).claim()
        claim.release()
        claim.release()
        home.claim().release()

    def test_the_key_is_made_once(self, tmp_path):
        home = Home(tmp_path / "home")
        home.prepare()
        assert home.secret_key() == home.secret_key()
        assert len(home.secret_key()) > 50

    def test_where_nothing_runs_it_is_said_how_to_start(self, tmp_path, monkeypatch):
        monkeypatch.setattr(home_module, "running_homes", list)
        assert nothing_runs(Home(tmp_path)).endswith("Start it with `setaria up`, or set DATABASE_URL.")

    def test_what_a_dead_supervisor_wrote_does_not_count(self, tmp_path):
        home = Home(tmp_path / "home")
        home.prepare()
        (home.path / "running.json").write_text("{}")
        assert home.running() is None


def shell(folder: Path, script: str, name: str = "part", **options) -> Part:
    """A part that is a shell's script."""
    log = folder / f"{name}.log"

    def launch() -> subprocess.Popen[bytes]:
        with open_log(log) as out:
            return spawn(["/bin/sh", "-c", script], {"PATH": os.defpath}, out)

    return Part(name, launch, log, **options)


class TestSupervisor:
    def test_a_part_that_keeps_dying_is_given_ever_longer_pauses(self, tmp_path):
        pauses: list[float] = []

        def report(part: Part, code: int, pause: float) -> None:
            assert code == 3
            assert tail(part.log) == "\n".join(["dying"] * (len(pauses) + 1))
            pauses.append(pause)
            if len(pauses) == 3:
                os.kill(os.getpid(), signal.SIGTERM)

        with Supervisor(report) as supervisor:
            supervisor.start(shell(tmp_path, "echo dying; exit 3"))
            with pytest.raises(StopRequested):
                supervisor.watch()
        assert pauses == [RESTART_SECONDS_FIRST, RESTART_SECONDS_FIRST * 2, RESTART_SECONDS_FIRST * 4]

    def test_what_others_need_ends_last(self, tmp_path):
        order = tmp_path / "order"
        script = 'trap "sleep {}; echo {} >> {}; exit" TERM; echo up; while :; do sleep 0.05; done'
        with Supervisor(lambda *_: None) as supervisor:
            base = shell(tmp_path, script.format(0, "base", order), name="base", others_need_it=True)
            leaf = shell(tmp_path, script.format(0.3, "leaf", order), name="leaf")
            supervisor.start(base)
            supervisor.start(leaf)
            until(lambda: tail(base.log) == tail(leaf.log) == "up")
        assert order.read_text().split() == ["leaf", "base"]

    def test_a_deaf_part_is_killed_with_its_children(self, tmp_path):
        with Supervisor(lambda *_: None) as supervisor:
            deaf = shell(tmp_path, 'trap "" TERM; sleep 60 & echo $!; wait', ending=((signal.SIGTERM, 0.2),))
            supervisor.start(deaf)
            until(lambda: tail(deaf.log) != "")
        assert alive({int(tail(deaf.log))}) == []
