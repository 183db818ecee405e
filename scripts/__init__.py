"""What people and `make` run: never imported by the product."""
