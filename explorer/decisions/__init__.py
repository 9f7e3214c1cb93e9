"""What people decide about a study, kept as events that are only ever added: saved views, named selections.

``views`` and ``selections`` save and list; ``history``, ``undoing``, ``purging`` and ``checking`` serve all kinds;
``place`` says where the file lies. Underneath, ``events`` is the store, ``state`` the fold over it, ``chain`` the
hashes, ``migrations`` the schema.
"""
