"""The choices of the construct, written once and copied to where people read them."""
