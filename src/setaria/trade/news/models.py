from django.db import models
from django.db.models import F, Q


class Mark(models.Model):
    """How far a follower has looked for one kind of news: once until `until`, and a second time until `settled`."""

    pk = models.CompositePrimaryKey("follower", "kind")
    follower = models.CharField(max_length=40)
    kind = models.CharField(max_length=20)
    began = models.DateTimeField(help_text="What happened before was never told to it.")
    until = models.DateTimeField()
    settled = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(settled__lte=F("until")), name="mark_settles_behind")]
