"""How runs start. The module of an initialization is imported by name and has a class `Initialization`."""
