"""Django's SQLite backend with one fair gate before write transactions."""
