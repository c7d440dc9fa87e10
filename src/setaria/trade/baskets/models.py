from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from setaria.goods.catalog.models import Product, Variant
from setaria.markets.models import Market
from setaria.people.members.models import Member
from setaria.trade.orders.requests import LINE_QUANTITY_MAX


class Basket(models.Model):
    """One visitor's things: a member's (one each), or an anonymous visitor's, whose sealed cookie names it."""

    id = models.UUIDField(primary_key=True)
    member = models.OneToOneField(Member, null=True, on_delete=models.CASCADE, related_name="+")
    touched_at = models.DateTimeField(help_text="When its owner last used it; abandoned anonymous ones are deleted.")
    # The latest orders whose units were taken out already: a checkout sent twice takes them out once.
    taken_for = ArrayField(models.UUIDField(), default=list)

    class Meta:
        indexes = [
            models.Index(fields=["touched_at"], condition=Q(member__isnull=True), name="basket_anonymous_by_use"),
        ]


class Line(models.Model):
    """So many of a variant, in the basket or saved for later, and the price last seen and agreed to beside it."""

    pk = models.CompositePrimaryKey("basket_id", "variant_id")
    basket = models.ForeignKey(Basket, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    quantity = models.IntegerField()
    later = models.BooleanField(default=False)
    seen_amount = models.BigIntegerField(null=True, help_text="Minor units; null: no price was seen.")
    seen_market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+")
    put_at = models.DateTimeField()

    class Meta:
        ordering = ["put_at", "variant_id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=LINE_QUANTITY_MAX), name="basket_line_quantity_bounded"
            ),
        ]


class Wish(models.Model):
    """A product its visitor would like to find again."""

    pk = models.CompositePrimaryKey("basket_id", "product_id")
    basket = models.ForeignKey(Basket, on_delete=models.CASCADE, related_name="wishes")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    put_at = models.DateTimeField()

    class Meta:
        ordering = ["-put_at", "product_id"]


class Share(models.Model):
    """A copy of a basket's lines that whoever has the link may see: variants and quantities, and nobody's name."""

    id = models.UUIDField(primary_key=True)
    basket = models.ForeignKey(Basket, on_delete=models.CASCADE, related_name="shares")
    lines = models.JSONField(help_text="[[variant id, quantity], …]")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-made_at"]
        indexes = [models.Index(fields=["ends_at"], name="basket_share_by_end")]
