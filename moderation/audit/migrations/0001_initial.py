from django.db import migrations, models


def put_up(apps, schema_editor):
    from moderation.audit import triggers

    triggers.put_up(schema_editor.connection)
    apps.get_model("audit", "AuditHead").objects.using(schema_editor.connection.alias).create(
        id=1, seq=0, hash="0" * 64
    )


def take_down(apps, schema_editor):
    from moderation.audit import triggers

    triggers.take_down(schema_editor.connection)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("actor", models.BigIntegerField(null=True)),
                ("verb", models.CharField(max_length=40)),
                ("subject_kind", models.CharField(max_length=20)),
                ("subject_id", models.BigIntegerField()),
                ("scope", models.CharField(max_length=40)),
                ("facts", models.TextField()),
                ("prev", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "audit_entry",
                "ordering": ["seq"],
                "verbose_name_plural": "audit entries",
            },
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "audit_head",
                "constraints": [models.CheckConstraint(condition=models.Q(id=1), name="one_audit_head")],
            },
        ),
        migrations.RunPython(put_up, take_down),
    ]
