from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from stdnum import ean

from setaria.goods.catalog.specification import Field, check_specification, parse_fields
from setaria.kernel.texts import TextsField


def check_gtin(value: str) -> None:
    """Raise ValidationError unless `value` is a GTIN whose check digit is right."""
    if not ean.is_valid(value):
        raise ValidationError(f"Not a GTIN: {value!r}.")


def check_fields(value: object) -> None:
    """Raise ValidationError unless `value` describes the fields of a specification."""
    parse_fields(value)


class Kind(models.Model):
    """A kind of product (phone, noodles) and the specification its products must fill in (R-003)."""

    id = models.SmallAutoField(primary_key=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = TextsField()
    fields = models.JSONField(default=list, blank=True, validators=[check_fields])
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("store:kind", args=[self.slug])

    @property
    def specification_fields(self) -> list[Field]:
        """The fields, parsed."""
        return parse_fields(self.fields)


class Product(models.Model):
    """A thing with a name and a page; what is bought is one of its variants."""

    class Maker(models.TextChoices):
        OWN = "own"
        ECOSYSTEM = "ecosystem"
        THIRD_PARTY = "third_party"

    id = models.AutoField(primary_key=True)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.ForeignKey(Kind, on_delete=models.PROTECT, related_name="products")
    maker = models.CharField(max_length=12, choices=Maker.choices, help_text="Whose product it is (R-005).")
    maker_name = models.CharField(max_length=80)
    name = TextsField()
    line = TextsField(help_text="One line that says why.")
    text = TextsField()
    specification = models.JSONField(default=dict, blank=True)
    released = models.DateField(null=True, blank=True)
    published = models.BooleanField(default=True)

    class Meta:
        ordering = ["-released", "id"]
        indexes = [
            models.Index(fields=["kind", "-released"], name="product_by_kind"),
            models.Index(F("released").desc(nulls_last=True), "id", condition=Q(published=True), name="product_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(maker__in=["own", "ecosystem", "third_party"]), name="product_maker_known"
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    def clean(self) -> None:
        """Check the specification against the kind's fields."""
        check_specification(self.kind.specification_fields, self.specification)

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return reverse("store:product", args=[self.slug])


class Option(models.Model):
    """What variants differ in: colour, size, pack."""

    key = models.SlugField(primary_key=True, max_length=32)
    name = TextsField()
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "key"]

    def __str__(self) -> str:
        return self.key


class OptionValue(models.Model):
    """One value of an option, in words, and for a colour as it looks."""

    id = models.AutoField(primary_key=True)
    option = models.ForeignKey(Option, on_delete=models.CASCADE, related_name="values")
    value = models.SlugField(max_length=40)
    name = TextsField()
    swatch = models.CharField(
        max_length=7, blank=True, validators=[RegexValidator(r"^#[0-9a-f]{6}$", "A swatch is written #rrggbb.")]
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["option", "value"], name="option_value_once"),
            models.CheckConstraint(condition=Q(swatch__regex=r"^(#[0-9a-f]{6})?$"), name="option_swatch_is_a_colour"),
        ]

    def __str__(self) -> str:
        return f"{self.option_id}: {self.value}"


class Variant(models.Model):
    """What is bought, priced and counted: one product in one colour, size or pack."""

    class NetUnit(models.TextChoices):
        GRAM = "g"
        MILLILITRE = "ml"

    id = models.AutoField(primary_key=True)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField(
        max_length=32,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9-]*$", "A SKU is A-Z, 0-9 and hyphens.")],
    )
    gtin = models.CharField(max_length=14, unique=True, null=True, blank=True, validators=[check_gtin])
    name = TextsField()
    options = models.JSONField(default=dict, blank=True)
    pack_units = models.PositiveSmallIntegerField(
        default=1, help_text="Units in the pack; the unit price divides by it (R-009)."
    )
    net_quantity = models.PositiveIntegerField(
        null=True, blank=True, help_text="What the whole pack holds, in `net_unit`; its price per 100 divides by it."
    )
    net_unit = models.CharField(max_length=2, blank=True, choices=NetUnit.choices)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(pack_units__gte=1), name="variant_pack_not_empty"),
            models.CheckConstraint(
                # Said in full: a comparison with nothing is neither true nor false, and would pass.
                condition=Q(net_quantity__isnull=True, net_unit="")
                | Q(net_quantity__isnull=False, net_quantity__gte=1, net_unit__in=["g", "ml"]),
                name="variant_net_quantity_has_a_unit",
            ),
        ]

    def __str__(self) -> str:
        return self.sku

    def clean(self) -> None:
        """Check that every option and value has words to show."""
        known = set(OptionValue.objects.filter(option__in=self.options).values_list("option_id", "value"))
        if unknown := set(self.options.items()) - known:
            raise ValidationError(
                {"options": [f"{key}: there is no value {value!r}." for key, value in sorted(unknown)]}
            )


class Picture(models.Model):
    """A picture of a product, as a path below the static or media root, with words for who cannot see it."""

    id = models.AutoField(primary_key=True)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="pictures")
    path = models.CharField(max_length=200)
    alt = TextsField()
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]


class Companion(models.Model):
    """What goes with a product, chosen by hand; shown in this order."""

    id = models.AutoField(primary_key=True)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="companions")
    other = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="companion_of")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "other"], name="companion_once"),
            models.CheckConstraint(condition=~Q(product=F("other")), name="companion_is_another"),
        ]


class Bundle(models.Model):
    """Things that are sold together as a set. It has no stock and no price: it is its parts, and costs what they cost."""

    id = models.AutoField(primary_key=True)
    slug = models.SlugField(max_length=80, unique=True)
    name = TextsField()
    line = TextsField()
    published = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.slug


class BundlePart(models.Model):
    """So many units of a variant in a set."""

    id = models.AutoField(primary_key=True)
    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="parts")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="part_of")
    quantity = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["bundle", "variant"], name="bundle_part_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="bundle_part_not_empty"),
        ]
