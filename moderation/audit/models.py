"""AuditEntry: one act. AuditHead: where the chain ends; whoever writes holds its row. AuditLook: what a look found."""

from __future__ import annotations

from django.db import models

HEAD = 1


class AuditEntry(models.Model):
    """Plain numbers instead of foreign keys: the log outlives whom it names. The database refuses to change a row."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.BigIntegerField(null=True)
    verb = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    scope = models.CharField(max_length=40)
    facts = models.TextField()
    prev = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_entry"
        ordering = ["seq"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "seq"], name="audit_by_subject"),
            models.Index(fields=["actor", "seq"], name="audit_by_actor"),
            models.Index(fields=["scope", "seq"], name="audit_by_scope"),
            models.Index(fields=["verb", "seq"], name="audit_by_verb"),
            models.Index(fields=["at", "seq"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.seq}: {self.verb}"


class AuditHead(models.Model):
    """The last entry's number and hash. Only `moderation.audit.actions` writes it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=HEAD)
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_head"
        constraints = [models.CheckConstraint(condition=models.Q(id=HEAD), name="one_audit_head")]

    def __str__(self) -> str:
        return f"head at {self.seq}"


class AuditLook(models.Model):
    """The log was walked up to row `seq`; `found` says what is wrong with it, a line each: empty if nothing is."""

    at = models.DateTimeField()
    seq = models.BigIntegerField()
    found = models.TextField(blank=True)

    class Meta:
        db_table = "audit_look"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"look at {self.seq} rows"
