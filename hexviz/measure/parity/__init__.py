"""A graph beside its reference: where the numbers of a module stop being right."""
