"""The kinds of events that every community begins with; a provider can add more."""

from django.db import migrations

KINDS = [
    ("group-session", "Group session"),
    ("peer-support", "Peer support"),
    ("workshop", "Workshop"),
    ("holistic", "Yoga, meditation, mindfulness"),
    ("family", "Family session"),
    ("one-to-one", "One to one"),
    ("social", "Get-together"),
]


def add(apps, schema_editor):
    kind = apps.get_model("calendar", "Kind")
    for place, (slug, name) in enumerate(KINDS, start=1):
        kind.objects.get_or_create(slug=slug, defaults={"name": name, "order": place * 10})


class Migration(migrations.Migration):
    dependencies = [("calendar", "0001_calendar")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
