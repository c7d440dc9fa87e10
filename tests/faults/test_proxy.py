"""The bad line: each fault does what it says, at the commit and nowhere else."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from setaria.kernel.pipeline import Pipeline
from setaria.site.faults.proxy import Fault, Proxy


class Line:
    """A table of its own on the run's server, written through the proxy and read past it."""

    def __init__(self, proxy: Proxy, url: str) -> None:
        self.proxy = proxy
        self._direct = psycopg.connect(url, autocommit=True)
        self._direct.execute("CREATE TABLE IF NOT EXISTS faults_line (n bigint)")
        self._direct.execute("TRUNCATE faults_line")

    def write(self, n: int) -> None:
        """One batch, as the verbs commit theirs; raises what its caller would see."""
        with psycopg.connect(self.proxy.url("setaria"), autocommit=True) as connection:
            batch = Pipeline(connection)
            batch.query("BEGIN", {})
            batch.query("INSERT INTO faults_line SELECT %(n)s FROM generate_series(1, 3)", {"n": n})
            assert batch.query("SELECT count(*) FROM faults_line", {}).fetchone() is not None
            batch.query("COMMIT", {})
            batch.finish()

    def close(self) -> None:
        self._direct.execute("DROP TABLE faults_line")
        self._direct.close()

    @property
    def written(self) -> set[int]:
        """The batches that were committed."""
        return {row[0] for row in self._direct.execute("SELECT n FROM faults_line").fetchall()}


@pytest.fixture
def line(postgres: str) -> Iterator[Line]:
    folder = parse_qs(urlsplit(postgres).query)["host"][0]
    with Proxy(lambda: Path(folder) / ".s.PGSQL.5432", seed=1) as proxy:
        line = Line(proxy, postgres)
        yield line
        line.close()


def test_nothing_happens_unless_it_is_asked_for(line: Line) -> None:
    line.write(1)
    assert line.written == {1}
    assert not line.proxy.hits


@pytest.mark.parametrize("fault", [Fault.DELAY, Fault.SLOW])
def test_what_is_only_late_arrives(line: Line, fault: Fault) -> None:
    line.proxy.arm(fault)
    line.write(1)
    assert line.written == {1}
    assert line.proxy.hits == {fault.value: 1}


@pytest.mark.parametrize(
    ("fault", "committed"), [(Fault.CUT_BEFORE, False), (Fault.CUT_AFTER, True), (Fault.CUT_WITHIN, True)]
)
def test_a_cut_line_fails_the_batch_which_is_committed_or_not(line: Line, fault: Fault, committed: bool) -> None:
    line.proxy.arm(fault)
    with pytest.raises(psycopg.OperationalError):
        line.write(1)
    line.write(2)  # the next one is well
    assert line.written == ({1, 2} if committed else {2})
    assert line.proxy.hits == {fault.value: 1}


def test_a_silent_line_ends_and_then_nobody_holds_anything(line: Line) -> None:
    for n in range(4):  # half of them with the commit on its way
        line.proxy.arm(Fault.HALF_OPEN)
        with pytest.raises(psycopg.OperationalError):
            line.write(n)
    line.write(9)
    assert 9 in line.written
    assert line.proxy.hits == {Fault.HALF_OPEN.value: 4}


def test_without_a_server_the_connection_just_ends(tmp_path: Path) -> None:
    with Proxy(lambda: tmp_path / "nobody", seed=1) as proxy, pytest.raises(psycopg.OperationalError):
        psycopg.connect(proxy.url("setaria"))
