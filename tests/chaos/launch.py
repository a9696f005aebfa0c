"""manage.py for the servers of these tests. `CHAOS_SLOW_SECONDS` shortens how long a slow reader is borne with; it is
read here and nowhere else, so that production has no such setting.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "community.config.settings")
    import django

    django.setup()
    if patience := os.environ.get("CHAOS_SLOW_SECONDS"):
        from community.live import hub

        hub.SLOW_SECONDS = float(patience)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])


main()
