"""What handles read like is worked out anew (UTS #39). Where two now read alike, who came first keeps it plain; the other
keeps the handle, is told apart by a number, and is asked for another handle."""

from django.db import migrations, models
from django.utils import timezone

import community.members.models


def read_anew(apps, schema_editor):
    from community.members.handles import skeleton

    Member = apps.get_model("members", "Member")
    HandleRequest = apps.get_model("members", "HandleRequest")
    people = list(Member.objects.order_by("joined_at", "pk").only("pk", "handle", "handle_skeleton"))
    # Out of the way first: while rows change one by one, a new form may be someone else's old one.
    for member in people:
        member.handle_skeleton = f"  {member.pk}"
    Member.objects.bulk_update(people, ["handle_skeleton"], batch_size=200)
    seen = set()
    asked = []
    for member in people:
        reads = skeleton(member.handle)
        if reads in seen:
            asked.append(member)
        member.handle_skeleton = f"{reads} {member.pk}" if reads in seen else reads
        seen.add(reads)
    Member.objects.bulk_update(people, ["handle_skeleton"], batch_size=200)
    now = timezone.now()
    HandleRequest.objects.bulk_create(
        HandleRequest(member=member, reason="It reads like the handle of someone else here.", at=now) for member in asked
    )


class Migration(migrations.Migration):
    dependencies = [("members", "0002_people")]

    operations = [
        migrations.AlterField(
            model_name="member",
            name="handle",
            field=models.CharField(max_length=30, validators=[community.members.models.validate_handle]),
        ),
        migrations.RunPython(read_anew, migrations.RunPython.noop),
    ]
