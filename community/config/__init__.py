"""How the project is put together: settings, URLs, the ASGI application; nothing else."""
