from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import Resolver404, resolve

from setaria.channels.storefront.theme import check_theme
from setaria.goods.catalog.models import Product
from setaria.kernel.texts import LANGUAGES, TextsField
from setaria.markets.models import Channel

HOST = RegexValidator(r"^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)*$", "A domain is written small and without a port.")
DRAWING = RegexValidator(r"^[MmLlHhVvCcSsQqTtAaZz0-9 ,.-]*$", "A mark is the path of a drawing 24 by 24.")


def check_free_path(value: str) -> None:
    """Raise ValidationError where a page of the store is already: it could not be reached any more."""
    try:
        resolve(f"/{value}/")
    except Resolver404:
        return
    raise ValidationError(f"There is a page at /{value}/ already.")


class Storefront(models.Model):
    """A store of the brand as visitors see it. The first one, at the root of every domain, need not be written down.

    It is found by domain (empty: any) and path (empty: the root). In which markets it is, its channels say
    (`Presence`); one without any is in every market, with the web channels that no other storefront has.
    """

    class Assortment(models.TextChoices):
        ALL = "all"
        CHOSEN = "chosen"

    id = models.SmallAutoField(primary_key=True)
    code = models.SlugField(max_length=32, unique=True)
    name = TextsField(help_text="The brand as it is called here.")
    line = TextsField(help_text="One sentence that says what one finds here.")
    domain = models.CharField(max_length=253, blank=True, validators=[HOST])
    path = models.SlugField(max_length=32, blank=True, validators=[check_free_path])
    languages = ArrayField(models.CharField(max_length=8), default=list, blank=True, help_text="Empty: all there are.")
    assortment = models.CharField(
        max_length=8,
        choices=Assortment.choices,
        default=Assortment.ALL,
        help_text="all: every product but those listed; chosen: those listed only.",
    )
    theme = models.JSONField(default=dict, blank=True, validators=[check_theme])
    mark = models.TextField(blank=True, validators=[DRAWING])
    position = models.PositiveSmallIntegerField(default=0, help_text="A product on several has its home on the first.")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["domain", "path"], name="storefront_address_is_its_own"),
            models.CheckConstraint(condition=Q(assortment__in=["all", "chosen"]), name="storefront_assortment_known"),
        ]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Check the languages against those there are."""
        if unknown := set(self.languages) - set(LANGUAGES):
            raise ValidationError(f"No such language: {', '.join(sorted(unknown))}.")

    @property
    def shows_all(self) -> bool:
        """Whether it shows everything but what is listed; such a store also tells of the brand's campaigns."""
        return self.assortment == self.Assortment.ALL


class Presence(models.Model):
    """A storefront sells, or informs, through this channel, in the channel's market; one channel a market."""

    channel = models.OneToOneField(Channel, primary_key=True, on_delete=models.PROTECT)
    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="presences")


class Listed(models.Model):
    """A product that a storefront's assortment names: what it shows, or what it leaves to others."""

    id = models.AutoField(primary_key=True)
    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="listed")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="listed")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["storefront", "product"], name="listed_once")]


class BestSeller(models.Model):
    """A channel's product of that rank, as last counted (`bestsellers.recount`)."""

    id = models.AutoField(primary_key=True)
    # Plain columns, as in the counters they come from.
    channel_id = models.SmallIntegerField()
    rank = models.PositiveSmallIntegerField()
    product_id = models.IntegerField()
    units = models.BigIntegerField(help_text="Of paid orders in the last four weeks.")
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel_id", "rank"], name="bestseller_one_a_rank")]
