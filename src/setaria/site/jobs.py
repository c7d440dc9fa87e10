"""The queue's jobs (procrastinate), run beside the sweeper in the worker process.

A worker of the library ends when it loses its database. This one is started again until it is told to stop, and
takes up jobs that a killed worker left half done, so that a queued promise is kept in the end.
"""

import asyncio
import threading

import structlog
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.db_cleanup import close_db_connections, close_db_connections_async
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ProcrastinateException
from procrastinate.psycopg_connector import PsycopgConnector

JOBS_AT_ONCE_MAX = 4
CONNECTIONS_MAX = 2  # and one more that listens for new jobs
POLL_SECONDS = 1.0  # new jobs are heard of at once; this is for the ones whose time has come
HEARTBEAT_SECONDS = 5.0
DEAD_SECONDS = 20.0  # a worker without a heartbeat for so long has been killed
GRACE_SECONDS = 1.0  # for running jobs when told to stop; what is not done then is done again later
LOOK_SECONDS = 0.2
AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


def run_jobs(stopped: threading.Event) -> None:
    """Run jobs until told to stop, whatever happens to the database meanwhile. Blocks; meant for a thread."""
    while not stopped.is_set():
        try:
            asyncio.run(_until(stopped))
        except Exception as error:
            log.warning("jobs_interrupted", error=str(error) or repr(error))
        stopped.wait(AGAIN_SECONDS)


async def _until(stopped: threading.Event) -> None:
    """Work until told to stop or until the worker gives up; raises what it raised."""
    work = asyncio.create_task(_work())
    while not work.done() and not stopped.is_set():
        await asyncio.wait({work}, timeout=LOOK_SECONDS)
    if not work.done():
        work.cancel()
    await asyncio.gather(work, return_exceptions=stopped.is_set())


async def _work() -> None:
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=CONNECTIONS_MAX, num_workers=1)
    # An app of the worker's own: jobs that are queued elsewhere in this process, and by jobs themselves, go on
    # through Django's connection and so belong to its transactions.
    worker = app.with_connector(connector)
    async with worker.open_async():
        orphans = asyncio.create_task(_adopt_orphans(worker))
        try:
            await worker.run_worker_async(
                concurrency=JOBS_AT_ONCE_MAX,
                fetch_job_polling_interval=POLL_SECONDS,
                shutdown_graceful_timeout=GRACE_SECONDS,
                listen_notify=True,
                delete_jobs="successful",
                install_signal_handlers=False,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=DEAD_SECONDS,
                task_middleware=[close_db_connections, close_db_connections_async],
            )
        finally:
            orphans.cancel()


async def _adopt_orphans(worker: App) -> None:
    """Queue again what workers that are dead were doing; jobs may run twice, so they must be harmless then."""
    while True:
        try:
            for job in await worker.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_SECONDS):
                log.warning("job_adopted", job=job.id, task=job.task_name)
                await worker.job_manager.retry_job(job)
        except ProcrastinateException as error:
            log.warning("orphans_not_seen", error=str(error))
        await asyncio.sleep(DEAD_SECONDS)
