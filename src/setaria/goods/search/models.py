from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxLengthValidator
from django.db import models

from setaria.goods.catalog.models import Product


class Entry(models.Model):
    """What a product is found by: its words with weights; its names as they are written, to compare; and what it is heard
    by, for misspellings.
    """

    product = models.OneToOneField(Product, on_delete=models.CASCADE, primary_key=True, related_name="search_entry")
    words = SearchVectorField()
    names = models.TextField()
    heard = SearchVectorField(default="")

    class Meta:
        # Written to at once: a list of what is yet to be put in would be read through by every search after an import.
        indexes = [
            GinIndex(fields=["words"], name="search_by_words", fastupdate=False),
            GinIndex(fields=["heard"], name="search_by_what_is_heard", fastupdate=False),
        ]


class Known(models.Model):
    """A word that products are heard by, to which misspelt ones are corrected. It stands there as it is, or as its stem."""

    word = models.TextField(primary_key=True)
    noted_at = models.DateTimeField()  # when an entry with it was last made, to the hour; see `forget.py`


class Shape(models.Model):
    """A shape of a known word, which it may share with a misspelt one (`spelling.py`). A row each, since a b-tree finds those
    of a misspelt word at once, however few or many there are.
    """

    pk = models.CompositePrimaryKey("shape", "word")
    shape = models.TextField()
    word = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["word"], name="search_shapes_of_a_word")]


class Synonyms(models.Model):
    """Words for the same thing, separated by commas: what is called by one of them is found by all. A trigger notes every
    product as stale when they change.
    """

    TERMS_CHARS_MAX = 400

    terms = models.TextField(unique=True, validators=[MaxLengthValidator(TERMS_CHARS_MAX)])

    class Meta:
        ordering = ["terms"]
        constraints = [
            models.CheckConstraint(condition=models.Q(terms__contains=","), name="synonyms_are_two_at_least"),
        ]

    def __str__(self) -> str:
        return self.terms


class Stale(models.Model):
    """A product that changed since its entry was made; triggers write it, whoever changes the catalogue."""

    product_id = models.IntegerField(primary_key=True)
