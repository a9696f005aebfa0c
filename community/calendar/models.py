"""Event: a calendar entry, single or a series. Occurrence: one dated instance. Answer: whether a member will come."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone

from community.calendar.recurrence import Rule, Series, in_words, read_rule
from community.groups.models import Group
from community.members.models import validate_time_zone

WALL = "%Y%m%dT%H%M%S"
MINUTES_MAX = 60 * 24 * 14


def make_uid() -> str:
    """Globally unique, and says nothing of us (RFC 7986 section 5.3)."""
    return str(uuid4())


class Kind(models.Model):
    """What sort of event it is; a provider can add kinds."""

    slug = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=40, unique=True)
    order = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """The start is a wall-clock `day` and `time` in `zone` (no time: all day); occurrences hold the instants."""

    class Audience(models.TextChoices):
        GROUP = "group", "The people of one group"
        ALUMNI = "alumni", "Everyone here but family"
        FAMILY = "family", "Family and alumni"
        PUBLIC = "public", "Anyone, also on the public list of meetings"

    uid = models.CharField(max_length=255, unique=True, default=make_uid, editable=False)
    title = models.CharField(max_length=120)
    about = models.TextField("what it is like", max_length=4000, blank=True)
    about_html = models.TextField(blank=True, editable=False)
    kind = models.ForeignKey(Kind, on_delete=models.PROTECT, related_name="events")
    audience = models.CharField("who it is for", max_length=8, choices=Audience, default=Audience.GROUP)
    group = models.ForeignKey(Group, null=True, blank=True, on_delete=models.CASCADE, related_name="events")
    day = models.DateField("day")
    time = models.TimeField("starts at", null=True, blank=True)
    minutes = models.PositiveIntegerField(
        "how long, in minutes",
        default=60,
        validators=[MinValueValidator(5), MaxValueValidator(MINUTES_MAX)],
    )
    zone = models.CharField("time zone", max_length=60, validators=[validate_time_zone])
    rule = models.CharField(max_length=500, blank=True)
    left_out = models.JSONField(default=list, blank=True)
    added = models.JSONField(default=list, blank=True)
    here = models.BooleanField("in a text room here", default=False)
    link = models.URLField("a link elsewhere", max_length=500, blank=True)
    phone = models.CharField("a phone number", max_length=40, blank=True)
    address = models.CharField("a street address", max_length=240, blank=True)
    capacity = models.PositiveSmallIntegerField(
        "seats", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(2000)]
    )
    sequence = models.PositiveIntegerField(default=0, editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancelled_because = models.CharField(max_length=200, blank=True, editable=False)
    continues = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="continued_by")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    expanded_to = models.DateTimeField(null=True, editable=False)

    # Filled by `access.occurrences_for`.
    people: list[Host]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(audience="group", group__isnull=False) | ~Q(audience="group"),
                name="an_event_for_a_group_names_it",
            ),
            models.CheckConstraint(
                condition=Q(time__isnull=False) | Q(minutes__gte=1440),
                name="an_all_day_event_lasts_whole_days",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def tag(self) -> str:
        return f"event:{self.pk}"

    @property
    def all_day(self) -> bool:
        return self.time is None

    @property
    def between_two(self) -> bool:
        """Agreed between two people: nobody else may know of it, and it is changed where it was agreed on."""
        return self.group is not None and self.group.kind == Group.Kind.MEETING

    @property
    def start(self) -> datetime:
        return datetime.combine(self.day, self.time or time.min)

    @property
    def parsed_rule(self) -> Rule | None:
        return read_rule(self.rule, start=self.start, zone=self.zone) if self.rule else None

    @property
    def series(self) -> Series:
        return Series(
            start=self.start,
            zone=self.zone,
            duration=timedelta(minutes=self.minutes),
            rule=self.parsed_rule,
            left_out=frozenset(datetime.fromisoformat(one) for one in self.left_out),
            added=tuple(datetime.fromisoformat(one) for one in self.added),
            all_day=self.all_day,
        )

    @property
    def how_often(self) -> str:
        return in_words(self.parsed_rule, self.start)


class HostQuerySet(models.QuerySet["Host"]):
    def in_order(self) -> HostQuerySet:
        """The host, then those beside, then those at the door."""
        rank = Case(When(role="host", then=0), When(role="cohost", then=1), default=2)
        return self.select_related("member").order_by(rank, "pk")


class Host(models.Model):
    """Who holds an event, or stands beside."""

    class Role(models.TextChoices):
        HOST = "host", "Host"
        COHOST = "cohost", "Co-host"
        GREETER = "greeter", "Greeter"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="hosts")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="hosting")
    role = models.CharField(max_length=8, choices=Role, default=Role.HOST)

    objects = HostQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "member"], name="one_part_per_host")]

    def __str__(self) -> str:
        return f"{self.role} of event {self.event_id}"


class Occurrence(models.Model):
    """`recurrence_id` is the wall-clock start that the series gives it, also after it was moved (RFC 5545, 3.8.4.4)."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="occurrences")
    recurrence_id = models.CharField(max_length=15, editable=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    moved_from = models.DateTimeField(null=True, editable=False)
    title = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=200, blank=True)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)
    changed_at = models.DateTimeField(null=True, editable=False)

    # Filled by `access.occurrences_for`: the reader's own answer, if any, and how many seats are taken.
    own: list[Answer]
    taken: int

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["starts_at", "ends_at"], name="occurrence_by_time")]
        constraints = [
            models.UniqueConstraint(fields=["event", "recurrence_id"], name="one_occurrence_per_date"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="occurrence_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} at {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def name(self) -> str:
        return self.title or self.event.title

    @property
    def gone(self) -> bool:
        """Cancelled, by itself or with its whole series."""
        return self.cancelled_at is not None or self.event.cancelled_at is not None

    @property
    def changed(self) -> bool:
        """Different from what its series says of it."""
        return bool(self.moved_from or self.title or self.note or self.cancelled_at)

    @property
    def wall(self) -> datetime:
        return datetime.fromisoformat(self.recurrence_id)


class Answer(models.Model):
    """What a member says to one occurrence. `seat` says whether there is room: the waiting list is in order of `pk`."""

    class Says(models.TextChoices):
        YES = "yes", "I’ll come"
        MAYBE = "maybe", "Perhaps"
        NO = "no", "Not this time"

    class Seat(models.TextChoices):
        NONE = "", "no seat"
        TAKEN = "taken", "has a seat"
        WAITING = "waiting", "on the waiting list"

    occurrence = models.ForeignKey(Occurrence, on_delete=models.CASCADE, related_name="answers")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="answers")
    says = models.CharField(max_length=5, choices=Says)
    seat = models.CharField(max_length=7, choices=Seat, blank=True, default=Seat.NONE)
    queued_at = models.DateTimeField(null=True)
    remind_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    reminded_for = models.DateTimeField(null=True, editable=False)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occurrence", "member"], name="one_answer_per_occurrence"),
            models.CheckConstraint(
                condition=Q(says="yes", seat__in=["taken", "waiting"]) | (~Q(says="yes") & Q(seat="")),
                name="a_seat_is_for_those_who_come",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} says {self.says} to {self.occurrence_id}"


class Feed(models.Model):
    """A member's own calendar feed. Only a digest of its secret is kept."""

    class Titles(models.TextChoices):
        PLAIN = "plain", "Plain: every entry says “Appointment”"
        FULL = "full", "With their names"

    member = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feed")
    digest = models.CharField(max_length=64, unique=True)
    titles = models.CharField(max_length=5, choices=Titles, default=Titles.PLAIN)
    only_mine = models.BooleanField(default=True)
    alarm_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"feed of {self.member_id}"


class Source(models.Model):
    """Whose meetings elsewhere these are. A new import of a source replaces what came of it before."""

    name = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MeetingElsewhere(models.Model):
    """A weekly meeting that others hold; kept apart from our own events. `day` counts from Sunday, 0."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="meetings")
    slug = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    day = models.PositiveSmallIntegerField()
    time = models.TimeField()
    end_time = models.TimeField(null=True)
    zone = models.CharField(max_length=60)
    address = models.CharField(max_length=400, blank=True)
    link = models.URLField(max_length=500, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    notes = models.CharField(max_length=1000, blank=True)
    entity = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["day", "time", "name"]
        constraints = [
            models.UniqueConstraint(fields=["source", "slug", "day"], name="one_meeting_per_slug_and_day"),
            models.CheckConstraint(condition=Q(day__lte=6), name="a_meeting_is_on_a_weekday"),
        ]

    def __str__(self) -> str:
        return self.name
