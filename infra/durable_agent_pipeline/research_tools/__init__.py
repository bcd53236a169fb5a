"""Packaged tools as the construct's keywords choose them: their settings, their permissions, what ships for them."""
