"""One rehearsal of a pre-order, step by step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta

from rich.markup import escape

from setaria.site.rush import report
from setaria.site.rush.cli import OPENS_SECONDS_MIN, PREPARED_PER_SECOND, Rush
from setaria.site.rush.instance import Instance
from setaria.site.rush.kills import Action, Troubles
from setaria.site.rush.notes import Plan
from setaria.site.rush.preorder.crowd import perform_places
from setaria.site.rush.preorder.payers import Payers
from setaria.site.rush.report import Report
from setaria.site.rush.scenario import Preorder


class PreorderRush(Rush):
    """Places first, then supplies. Of the troubles every other one waits for the supplies."""

    perform = staticmethod(perform_places)

    def play(self, instance: Instance, actions: Mapping[str, Action]) -> Report:
        """Take every step after there is an instance, which this process's Django uses; print and return the report."""
        from setaria.site.rush import aftermath
        from setaria.site.rush.preorder.reckoning import judge_places, queue_of
        from setaria.site.rush.preorder.rounds import Rounds
        from setaria.site.rush.preorder.stage import set_stage

        scenario = self._scenario
        assert isinstance(scenario, Preorder)
        self._console.print(f"[bold]{escape(scenario.title)}[/]  [dim]{escape(scenario.source)}[/]")
        ahead = OPENS_SECONDS_MIN + scenario.shoppers * (1 + scenario.wanting_twice) / PREPARED_PER_SECOND
        run = f"r{int(time.time()) % 36**5:x}s{self._seed % 4096:x}"
        with self.step(f"{scenario.shoppers:,} customers, the programme"):
            stage = set_stage(scenario, run, timedelta(seconds=ahead))
        plan = Plan(
            scenario=scenario, seed=self._seed, url=instance.url, slug=stage.slug, drop_id=stage.programme_id,
            opens_at=stage.opens_at.timestamp(), skus=stage.skus, customer_ids=stage.customer_ids,
            currency=stage.currency,
            secret=instance.secret,
        )  # fmt: skip
        at_supplies = self._troubles[1::2]
        self._troubles = self._troubles[::2]
        with self.step("Places are taken"):
            evidence, done = self._let_in(actions, plan)
        promised = scenario.items[0].units
        supplies = scenario.arrivals
        with self.step("Supplies become orders, what lapses passes on"):
            began = time.time()
            troubles = Troubles([(0.0, name) for _, name in at_supplies], actions, began)
            with Payers(plan, evidence) as payers:
                Rounds(stage, payers, troubles).play(supplies)
            aftermath.await_settled(stage, scenario)
        done += [(round(began - plan.opens_at + after, 2), name) for after, name in troubles.done]
        with self.step("The reckoning"):
            result, statements, findings = aftermath.reckon_up(
                self._name, scenario, self._seed, stage, evidence, done, self.seconds,
                judge=judge_places, queue=queue_of(stage, promised, supplies),
            )  # fmt: skip
        report.show(self._console, result, statements, findings)
        return result
