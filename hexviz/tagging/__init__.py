"""How ops get their modules: rules, inheritance, context, provenance."""
