"""What can't be taken back, or shows what is nobody's business, asks a steward first to show that it is still them."""

from __future__ import annotations

from typing import cast

from allauth.account.decorators import reauthentication_required

from community.house.desk import View


def confirmed(view: View) -> View:
    """The view, for someone who signed in or confirmed it within the last minutes; what was posted is not lost."""
    return cast(View, reauthentication_required(view))
