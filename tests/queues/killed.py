"""A waiting room whose web process and PostgreSQL are killed twice, played against an instance of its own.

Run as a program, since the instance's Django must not be the test run's. Prints what people were told, as JSON.
"""

import json
import os
import signal
import sys
import time
from datetime import timedelta

import httpx

from setaria.site.rush import instance as instances
from setaria.site.rush.cli import use_django
from setaria.site.rush.instance import Instance
from setaria.site.rush.scenario import Item, Manners, Scenario

EARLY, SOON, LATE = 40, 10, 10
OPENS_SECONDS = 20.0
SECONDS_MAX = 90.0


class People:
    """Who waits, by the pages they have open."""

    def __init__(self, url: str, slug: str, tickets: list[str]) -> None:
        self._http = httpx.Client(base_url=url, timeout=30.0, trust_env=False)
        self._slug, self._tickets = slug, tickets

    def join(self, which: range) -> None:
        """Take places, as a page does: again until there is an answer."""
        for one in which:
            self._until(lambda one=one: self._post(one).status_code == 200)

    def numbers(self, which: range) -> list[int]:
        """What their pages show, once each shows a number."""
        return [self._until(lambda one=one: self._number(one)) for one in which]

    def _post(self, one: int) -> httpx.Response:
        return self._http.post(f"/rush/{self._slug}/room", json={"ticket": self._tickets[one]})

    def _number(self, one: int) -> int:
        answer = self._http.get(f"/rush/{self._slug}/room", params={"ticket": self._tickets[one]})
        return answer.json()["room"].get("number", 0) if answer.status_code == 200 else 0

    def _until(self, what):
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                if found := what():
                    return found
            except httpx.TransportError:
                pass  # the web process is coming back
            time.sleep(0.05)
        raise AssertionError("waited in vain")


def kill(instance: Instance) -> list[str]:
    """Kill web process and PostgreSQL, as a power cut would; which."""
    found = []
    for part in ("web", "postgres"):
        for pid in instance.parts(part):
            os.kill(pid, signal.SIGKILL)
            found.append(part)
    return found


def main() -> dict[str, object]:
    with instances.temporary() as instance:
        use_django(instance)
        from django.db import connection

        from setaria.kernel.clock import now
        from setaria.kernel.invariants import check_all
        from setaria.site.rush.stage import set_stage
        from setaria.trade.drops.models import Drop
        from setaria.trade.queues import proof, tickets
        from setaria.trade.queues.prepare import open_room

        count = EARLY + SOON + LATE
        item = Item("PHONE", {"en": "Phone"}, 199_900, 5, 1.0, 1)
        crowd = Scenario("Room", "", count, 1.0, 2, [(0.0, 1.0)], Manners(), [item], 3600)
        stage = set_stage(crowd, "room", timedelta(seconds=OPENS_SECONDS))
        Drop.objects.filter(pk=stage.drop_id).update(admission=Drop.Admission.QUEUE)
        open_room(stage.drop_id)
        key = tickets.key_from(instance.secret)
        issued = [tickets.issue(key, customer, stage.drop_id, now()) for customer in stage.customer_ids]
        people = People(instance.url, stage.slug, issued)

        early, soon, late = range(EARLY), range(EARLY, EARLY + SOON), range(EARLY + SOON, count)
        people.join(early)
        first = kill(instance)
        people.join(soon)
        before = people.numbers(range(EARLY + SOON))  # the room has opened
        second = kill(instance)
        people.join(late)
        after = people.numbers(range(count))
        connection.close()
        published = proof.publish(stage.slug)
        return {
            "killed": [first, second],
            "before": before,
            "after": after,
            "proof": proof.faults(published),
            "early": len(published.early),
            "broken": [finding.name for finding in check_all() if not finding.holds],
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")
