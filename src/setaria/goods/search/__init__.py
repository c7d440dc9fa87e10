"""Finding products by words, in Chinese and English, also misspelt or in pieces.

Verb: `refresh.refresh` (index what changed since; triggers note it, whoever wrote). Reads: `find.find`. Never decides
who may see a product: the caller brings the products that are shown.
"""
