"""Addresses are kept as long as they are of use, and no longer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from community.invitations.access import UPLOAD_LASTS
from community.invitations.models import AddressCheck, Invitation, SignUp, Upload

KEPT = timedelta(days=30)


@transaction.atomic
def forget_old(at: datetime) -> int:
    """Forget the addresses of invitations and requests that ended a month ago, and what nobody confirmed; how many."""
    old = at - KEPT
    ended = Q(expires_at__lt=old) | Q(revoked_at__lt=old)
    forgotten = Invitation.objects.filter(ended, address__isnull=False).update(
        address=None, address_digest="", note=""
    )
    forgotten += SignUp.objects.filter(answered_at__lt=old).delete()[0]
    forgotten += AddressCheck.objects.filter(expires_at__lt=at).delete()[0]
    forgotten += Upload.objects.filter(confirmed_at__isnull=True, made_at__lt=at - UPLOAD_LASTS).delete()[0]
    emptied = json.dumps({"results": []})
    for upload in Upload.objects.filter(confirmed_at__lt=old).exclude(invited=0):
        upload.kept, upload.invited = emptied, 0
        upload.save(update_fields=["kept", "invited"])
        forgotten += 1
    return forgotten
