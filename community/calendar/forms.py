"""Scheduling in plain words, changing a date, saying whether one comes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from community.calendar.importing import BYTES_MAX
from community.calendar.models import Answer, Event, Feed, Host, Kind, Occurrence
from community.calendar.recurrence import DAYS, NAMES, BadRule, Rule, on_the_clock, read_rule
from community.groups.models import Group
from community.members.handles import skeleton
from community.members.models import Member
from community.members.zones import by_country

if TYPE_CHECKING:
    EventModelForm = forms.ModelForm[Event]
    FeedModelForm = forms.ModelForm[Feed]
else:
    EventModelForm = FeedModelForm = forms.ModelForm

REMIND = [
    ("", "Not at all"),
    ("10", "Ten minutes before"),
    ("60", "An hour before"),
    ("1440", "The day before"),
]
DATES = [("one", "Only this date"), ("later", "This date and all later ones"), ("all", "All dates")]


class Repeats:
    """What the form asks instead of a rule."""

    ONCE, WEEKLY, BY_DATE, BY_DAY, YEARLY, OTHER = "", "weekly", "by_date", "by_day", "yearly", "other"
    CHOICES = [
        (ONCE, "Once"), (WEEKLY, "Weekly"), (BY_DATE, "Monthly, on this date"),
        (BY_DAY, "Monthly, on this weekday (the second Tuesday, say)"), (YEARLY, "Yearly"),
        (OTHER, "By a rule of its own"),
    ]  # fmt: skip


class EventForm(EventModelForm):
    repeats = forms.ChoiceField(label="How often", choices=Repeats.CHOICES, required=False)
    every = forms.IntegerField(
        label="Every how many weeks, months or years", min_value=1, max_value=52, initial=1, required=False
    )
    days = forms.MultipleChoiceField(
        label="On which days of the week",
        choices=list(zip(DAYS, NAMES, strict=True)),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="For what is weekly. None means the day of the first date.",
    )
    until = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: it goes on.",
    )  # fmt: skip
    rule_text = forms.CharField(
        label="A rule of its own", required=False, max_length=500,
        help_text="As RFC 5545 writes it: FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    )  # fmt: skip
    link = forms.URLField(
        label="A link elsewhere", required=False, max_length=500, assume_scheme="https",
        help_text="Only to places that the house has allowed.",
    )  # fmt: skip
    beside = forms.CharField(
        label="Held together with", required=False, max_length=200, help_text="Handles, by commas."
    )
    at_the_door = forms.CharField(
        label="At the door", required=False, max_length=200,
        help_text="Handles of those who greet people and let them in.",
    )  # fmt: skip

    class Meta:
        model = Event
        fields = [
            "title", "about", "kind", "audience", "group", "day", "time", "minutes", "zone",
            "here", "link", "phone", "address", "capacity",
        ]  # fmt: skip
        help_texts = {
            "time": "Empty: all day.",
            "minutes": "For all-day events: 1440 a day.",
            "zone": "The clock it goes by; everyone else sees their own.",
            "here": "In a room of its own, which opens a little before it starts.",
            "capacity": "Empty: as many as come. Beyond it there is a waiting list.",
        }
        widgets = {
            "day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "time": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "about": forms.Textarea(attrs={"rows": 5}),
        }

    def __init__(
        self, *args: Any, by: Member, groups: QuerySet[Group], people: QuerySet[Member], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.by, self.people = by, people
        self.held_by: dict[int, Member] = {}
        self.fields["kind"].empty_label = "Choose"  # type: ignore[attr-defined]
        self.fields["kind"].queryset = Kind.objects.all()  # type: ignore[attr-defined]
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]
        self.fields["group"].empty_label = "No group"  # type: ignore[attr-defined]
        zones = by_country(settings.PORCHLIGHT_COUNTRY)
        now = self.instance.zone or by.time_zone
        self.initial.setdefault("zone", now)
        if not any(now == zone for _, choices in zones for zone, _ in choices):
            zones = [("Its own now", [(now, now)]), *zones]
        self.fields["zone"].widget = forms.Select(choices=zones)
        if self.instance.pk:
            self._show_rule(self.instance.parsed_rule)
            parts = list(self.instance.hosts.in_order())
            self.held_by = {part.member_id: part.member for part in parts}
            self.fields["beside"].label = "Held by"
            self.initial["beside"] = _handles(part for part in parts if part.role != Host.Role.GREETER)
            self.initial["at_the_door"] = _handles(part for part in parts if part.role == Host.Role.GREETER)

    def _show_rule(self, rule: Rule | None) -> None:
        if rule is None:
            return
        parts = dict(rule.parts)
        self.initial["every"] = int(parts.pop("INTERVAL", 1))
        if isinstance(rule.until, date) and not isinstance(rule.until, datetime):
            self.initial["until"] = rule.until
        simple = rule.count is None and not isinstance(rule.until, datetime)
        match (parts.pop("FREQ"), parts) if simple else ("", parts):
            case ("WEEKLY", {"BYDAY": listed}) if len(parts) == 1:
                self.initial.update(repeats=Repeats.WEEKLY, days=listed.split(","))
            case ("WEEKLY", {}) if not parts:
                self.initial["repeats"] = Repeats.WEEKLY
            case ("MONTHLY", {"BYDAY": _}) if parts == {"BYDAY": nth_weekday(self.instance.day)}:
                self.initial["repeats"] = Repeats.BY_DAY
            case ("MONTHLY", {}) if not parts:
                self.initial["repeats"] = Repeats.BY_DATE
            case ("YEARLY", {}) if not parts:
                self.initial["repeats"] = Repeats.YEARLY
            case _:
                self.initial.update(repeats=Repeats.OTHER, rule_text=str(rule), until=None)

    def clean_link(self) -> str:
        link: str = self.cleaned_data["link"]
        if not link:
            return link
        parts = urlsplit(link)
        if parts.scheme != "https":
            raise ValidationError("Only links that begin with https:// are safe to share.")
        allowed = settings.PORCHLIGHT_LINK_HOSTS
        if not any(parts.hostname == host or (parts.hostname or "").endswith(f".{host}") for host in allowed):
            raise ValidationError(f"The house allows links to: {', '.join(allowed) or 'nowhere'}.")
        return link

    def clean_beside(self) -> list[Member]:
        return self._people_named("beside")

    def clean_at_the_door(self) -> list[Member]:
        holding = {person.pk for person in self.cleaned_data.get("beside", [])} or {self.by.pk}
        return [person for person in self._people_named("at_the_door") if person.pk not in holding]

    def _people_named(self, field: str) -> list[Member]:
        """By what a handle reads like. Who has a part in it already may go on, also if the editor doesn't know them."""
        names = [name.strip() for name in self.cleaned_data[field].split(",") if name.strip()]
        known = {person.handle_skeleton: person for person in self.held_by.values()}
        known |= {
            person.handle_skeleton: person
            for person in self.people.filter(handle_skeleton__in=[skeleton(name) for name in names])
        }
        missing = [name for name in names if skeleton(name) not in known]
        if missing:
            raise ValidationError(f"Nobody here goes by {', '.join(missing)}.")
        return list({known[skeleton(name)].pk: known[skeleton(name)] for name in names}.values())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("audience") == Event.Audience.GROUP and not cleaned.get("group"):
            self.add_error("group", "Which group is it for?")
        if cleaned.get("time") is None and "time" not in self.errors and (cleaned.get("minutes") or 0) % 1440:
            self.add_error("minutes", "Without a time it lasts whole days: 1440 minutes each.")
        if cleaned.get("day") and cleaned.get("zone") and not self.errors:
            self._clean_rule(cleaned)
        return cleaned

    def _clean_rule(self, cleaned: dict[str, Any]) -> None:
        text = self._rule_of(cleaned)
        start = datetime.combine(cleaned["day"], cleaned.get("time") or datetime.min.time())
        cleaned["rule"] = ""
        if not text:
            return
        place = (
            "rule_text" if cleaned["repeats"] == Repeats.OTHER else "until" if cleaned["until"] else "repeats"
        )
        try:
            cleaned["rule"] = str(read_rule(text, start=start, zone=cleaned["zone"]))
        except BadRule as error:
            self.add_error(place, str(error))

    def _rule_of(self, cleaned: dict[str, Any]) -> str:
        every = cleaned.get("every") or 1
        end = f";UNTIL={cleaned['until']:%Y%m%d}" if cleaned.get("until") else ""
        interval = f";INTERVAL={every}" if every > 1 else ""
        match cleaned.get("repeats"):
            case Repeats.WEEKLY:
                on = f";BYDAY={','.join(cleaned['days'])}" if cleaned["days"] else ""
                return f"FREQ=WEEKLY{interval}{on}{end}"
            case Repeats.BY_DATE:
                return f"FREQ=MONTHLY{interval}{end}"
            case Repeats.BY_DAY:
                return f"FREQ=MONTHLY{interval};BYDAY={nth_weekday(cleaned['day'])}{end}"
            case Repeats.YEARLY:
                return f"FREQ=YEARLY{interval}{end}"
            case Repeats.OTHER:
                return cleaned["rule_text"] or " "
            case _:
                return ""

    @property
    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in (*self.Meta.fields, "rule")}

    @property
    def greeters(self) -> list[Member]:
        named: list[Member] = self.cleaned_data["at_the_door"]
        return [person for person in named if person not in self.hosts]

    @property
    def hosts(self) -> list[Member]:
        """The first is the host. Whoever makes an event holds it; whoever only changes it doesn't come to."""
        named: list[Member] = self.cleaned_data["beside"]
        if self.instance.pk and named:
            return named
        return [self.by, *(person for person in named if person != self.by)]


def _handles(parts: Iterable[Host]) -> str:
    return ", ".join(part.member.handle for part in parts)


def nth_weekday(day: date) -> str:
    """ "2TU"; the fifth of a month is its last, so that every month has one."""
    place = (day.day - 1) // 7 + 1
    return f"{place if place < 5 else -1}{DAYS[day.weekday()]}"


class KindForm(forms.Form):
    name = forms.CharField(label="Its name", max_length=40, help_text="As in “Book circle”.")

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


class OneDateForm(forms.Form):
    """A date of its own: another time, title or note."""

    day = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    time = forms.TimeField(label="Starts at", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = forms.IntegerField(label="How long, in minutes", min_value=5, max_value=60 * 24 * 14)
    title = forms.CharField(label="Its title, if another", max_length=120, required=False)
    note = forms.CharField(
        label="What people should know",
        max_length=200,
        required=False,
        help_text="“Because of the holiday”, say.",
    )

    def __init__(self, *args: Any, occurrence: Occurrence, **kwargs: Any) -> None:
        self.zone = occurrence.event.zone
        here = occurrence.starts_at.astimezone(ZoneInfo(self.zone))
        kwargs.setdefault("initial", {
            "day": here.date(), "time": here.time(), "title": occurrence.title, "note": occurrence.note,
            "minutes": int((occurrence.ends_at - occurrence.starts_at).total_seconds() // 60),
        })  # fmt: skip
        super().__init__(*args, **kwargs)
        if occurrence.event.all_day:
            del self.fields["time"]

    @property
    def changes(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        wall = datetime.combine(cleaned["day"], cleaned.get("time") or datetime.min.time())
        starts_at = on_the_clock(wall, self.zone)
        return {
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=cleaned["minutes"]),
            "title": cleaned["title"],
            "note": cleaned["note"],
        }


class CancelForm(forms.Form):
    dates = forms.ChoiceField(
        label="What is cancelled", choices=DATES, initial="one", widget=forms.RadioSelect
    )
    because = forms.CharField(
        label="Why", max_length=200, required=False, help_text="Those who come read it."
    )


class AnswerForm(forms.Form):
    says = forms.ChoiceField(choices=Answer.Says, widget=forms.RadioSelect)
    remind = forms.ChoiceField(label="Remind me", choices=REMIND, required=False)

    @property
    def remind_minutes(self) -> int | None:
        return int(self.cleaned_data["remind"]) if self.cleaned_data["remind"] else None


class ImportForm(forms.Form):
    """A file to look at first; its text is carried along for the confirmation."""

    group = forms.ModelChoiceField(
        label="Into which group", queryset=Group.objects.none(), to_field_name="slug"
    )
    file = forms.FileField(label="The .ics file", required=False)
    text = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, groups: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]
        self.fields["file"].widget.attrs["accept"] = ".ics,text/calendar"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        file = cleaned.get("file")
        cleaned["data"] = file.read(BYTES_MAX + 1) if file else cleaned.get("text", "").encode()
        if not cleaned["data"]:
            self.add_error("file", "Choose a file.")
        return cleaned


class ElsewhereForm(forms.Form):
    """A Meeting Guide feed, as a file."""

    source = forms.CharField(
        label="Whose meetings they are", max_length=80, help_text="It stands beside each of them."
    )
    file = forms.FileField(label="The feed, as a JSON file")
    leave_out = forms.BooleanField(label="Leave out meetings that can’t be read", required=False)


class FeedForm(FeedModelForm):
    class Meta:
        model = Feed
        fields = ["titles", "only_mine", "alarm_minutes"]
        labels = {"titles": "What entries say", "only_mine": "Only what I said I would come to"}
        widgets = {"titles": forms.RadioSelect}

    alarm_minutes = forms.TypedChoiceField(
        label="Have the app remind me", choices=REMIND, coerce=int, empty_value=None, required=False
    )


class LookForm(forms.Form):
    """What of the calendar is shown. Nonsense in the address shows the usual."""

    kind = forms.ModelChoiceField(
        label="Kind",
        queryset=Kind.objects.all(),
        to_field_name="slug",
        required=False,
        empty_label="Every kind",
    )
    group = forms.ModelChoiceField(
        label="Group",
        queryset=Group.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="Every group",
    )
    mine = forms.BooleanField(label="Mine", required=False)
    now = forms.BooleanField(label="Now or soon", required=False)
    day = forms.DateField(required=False)

    def __init__(self, *args: Any, groups: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]

    @property
    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}
