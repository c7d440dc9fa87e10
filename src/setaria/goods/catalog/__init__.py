"""What is sold: kinds of product with their typed specifications, products, variants, pictures.

Owns no price (`goods.pricing`) and no stock (`goods.inventory`).
"""
