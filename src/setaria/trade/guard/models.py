"""Tables of the guard. All but the policies is forgotten soon after the drop; addresses are kept as keyed marks only."""

from django.db import models
from django.db.models import F, Q

from setaria.trade.drops.models import Drop


class Policy(models.Model):
    """How one drop is guarded; without one it is not. Work is in tries, each about 5 ms on an old phone."""

    drop = models.OneToOneField(Drop, on_delete=models.CASCADE, primary_key=True, related_name="guard_policy")
    tries_min = models.PositiveIntegerField(default=100, help_text="While it is calm. 0: no work is asked for.")
    tries_max = models.PositiveIntegerField(default=700, help_text="Under full pressure.")
    tries_hard = models.PositiveIntegerField(default=4_000, help_text="For whoever behaves strangely.")
    calm_per_second = models.FloatField(default=5.0, help_text="Askings a second up to which it is calm.")
    full_per_second = models.FloatField(default=50.0, help_text="From which on the pressure is full.")
    rules = models.JSONField(default=list, help_text="See trade/guard/rules.py.")
    later_seconds = models.PositiveIntegerField(
        default=60, help_text="How long after the opening those come in of whom a rule says `later`."
    )
    judged_at = models.DateTimeField(
        null=True, editable=False, help_text="When passes given before were looked at again."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(tries_min__lte=F("tries_max"), tries_max__lte=F("tries_hard"), tries_hard__lte=20_000),
                name="guard_work_rises_to_a_bound",
            ),
            models.CheckConstraint(
                condition=Q(calm_per_second__gt=0, full_per_second__gt=F("calm_per_second")),
                name="guard_pressure_rises",
            ),
            models.CheckConstraint(condition=Q(later_seconds__lte=3_600), name="guard_later_is_within_an_hour"),
        ]

    def __str__(self) -> str:
        return f"guard of {self.drop_id}"


class Count(models.Model):
    """How often something was seen of a subject: in a minute (since 1970), or in the whole drop (minute 0)."""

    pk = models.CompositePrimaryKey("drop_id", "measure", "subject", "minute")
    drop_id = models.IntegerField()
    measure = models.SmallIntegerField()
    subject = models.BigIntegerField()
    minute = models.IntegerField()
    number = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["minute"], name="guard_count_by_minute")]


class Seen(models.Model):
    """That two were seen together: an account at an address, at a network. So each pair is counted once."""

    pk = models.CompositePrimaryKey("drop_id", "measure", "subject", "other")
    drop_id = models.IntegerField()
    measure = models.SmallIntegerField()
    subject = models.BigIntegerField()
    other = models.BigIntegerField()


class Spent(models.Model):
    """A challenge whose solution was taken; it is taken once."""

    id = models.UUIDField(primary_key=True)
    drop_id = models.IntegerField()
    expires_at = models.DateTimeField(db_index=True)


class Grant(models.Model):
    """The order id under which an account's pass is made, until it has become an order."""

    pk = models.CompositePrimaryKey("drop_id", "customer_id")
    drop_id = models.IntegerField()
    customer_id = models.BigIntegerField()
    order_id = models.UUIDField()


class Pardon(models.Model):
    """Somebody of whom staff said: this is a person."""

    pk = models.CompositePrimaryKey("drop_id", "customer_id")
    drop_id = models.IntegerField()
    customer_id = models.BigIntegerField()
    at = models.DateTimeField()


class Late(models.Model):
    """Somebody who was given a pass before it showed that many came from the same place: comes later than others."""

    pk = models.CompositePrimaryKey("drop_id", "customer_id")
    drop_id = models.IntegerField()
    customer_id = models.BigIntegerField()


class Tally(models.Model):
    """How many were let on, given work or turned away, by what and which rule. A few rows, however many come."""

    pk = models.CompositePrimaryKey("drop_id", "outcome", "rule", "slot")
    drop_id = models.IntegerField()
    outcome = models.CharField(max_length=16)
    rule = models.CharField(max_length=40)
    slot = models.SmallIntegerField(help_text="So that those who come at once do not wait for one row.")
    number = models.BigIntegerField()
