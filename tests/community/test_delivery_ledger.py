"""The ledger: what is told stands in the caller's transaction, once, and is never doubled from hand to hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from community.live import failpoints, ticks
from community.members.models import Member
from community.notifications import kinds, ledger
from community.notifications.actions import JOB, choose, notify, notify_all, set_quiet_hours
from community.notifications.delivering import deliver_due
from community.notifications.kinds import Kind, NotNeutral
from community.notifications.mail import message_id
from community.notifications.models import Channel, Choice, Delivery, InboxEntry
from community.notifications.retention import forget_told
from tests.factories import MemberFactory
from tests.letters import TOLD, letters
from tests.live_fixtures import SetHook, Stop

State = Delivery.State
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SAID = {"who": "Wren"}
URGENT = Kind("tests.urgent", "Urgent things of the tests", line="At once", urgent=True)
BRIEF = Kind("tests.brief", "Brief things", line="Soon", useful_for=timedelta(hours=1))
ALWAYS = Kind("tests.always", "What always comes", line="Always", switchable=False)
ALWAYS_BY_MAIL = Kind("tests.mail", "Mail", channels=(Channel.EMAIL,), switchable=False)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def its_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register(kinds.BUNDLE, TOLD, URGENT, BRIEF, ALWAYS, ALWAYS_BY_MAIL)


def tell(member: Member, kind: Kind = TOLD, *, what: str = "thing:1", **more: Any) -> None:
    with transaction.atomic():
        notify(what=what, kind=kind, member=member, context=SAID, **({"at": NOON} | more))


def mail_to(member: Member) -> Delivery:
    return Delivery.objects.get(member=member, channel=Channel.EMAIL)


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("channel", "state"))


# --- telling -----------------------------------------------------------------------------------------------------


def test_what_is_told_comes_by_mail_and_into_the_inbox_once_and_is_wiped() -> None:
    wren = MemberFactory()
    tell(wren, path="/groups/")
    assert all(Delivery.objects.values_list("payload", flat=True))
    (letter,) = letters(NOON)
    assert letter.to == [wren.email]
    entry = InboxEntry.objects.get()
    assert (entry.member, entry.words, entry.path) == (wren, "Wren said something", "/groups/")
    assert f"/inbox/{entry.key}/" in str(letter.body)
    assert set(Delivery.objects.values_list("state", "payload", "lease_by")) == {(State.SENT, "", "")}
    assert len(letters(NOON + timedelta(days=1))) == 1


def test_telling_the_same_again_does_nothing_and_telling_another_does() -> None:
    wren, fern = MemberFactory(), MemberFactory()
    for _ in range(2):
        tell(wren)
        with transaction.atomic():
            notify(what="thing:1", kind=TOLD, address="One@example.org", context=SAID, at=NOON)
            notify(what="thing:1", kind=TOLD, address="one@example.org", context=SAID, at=NOON)
    assert Delivery.objects.count() == 3
    tell(fern)
    tell(wren, what="thing:2")
    tell(wren, URGENT)
    with transaction.atomic():
        notify(what="thing:1", kind=TOLD, address="two@example.org", context=SAID, at=NOON)
    assert Delivery.objects.count() == 10


@pytest.mark.parametrize("of_a_member", [True, False])
def test_the_database_itself_refuses_a_second_one(of_a_member: bool) -> None:
    whom = {"member": MemberFactory()} if of_a_member else {"address_digest": "d" * 64}
    row = {"kind": "tests.told", "channel": Channel.EMAIL, "due_at": NOON, "made_at": NOON, **whom}
    Delivery.objects.create(what="thing:1", **row)
    Delivery.objects.create(what="thing:2", **row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(what="thing:1", **row)


@pytest.mark.parametrize(
    "wrong",
    [
        {"address_digest": "d" * 64},  # for a member and an address
        {"member": None},  # for nobody
        {"state": State.SENT, "ended_at": NOON, "payload": "words"},
        {"state": State.SENT},
        {"state": State.LEASED},
        {"lease_until": NOON},
    ],
    ids=str,
)
def test_the_database_refuses_a_row_that_makes_no_sense(wrong: dict[str, Any]) -> None:
    row = {
        "member": MemberFactory(),
        "kind": "tests.told",
        "channel": "email",
        "due_at": NOON,
        "made_at": NOON,
    }
    Delivery.objects.create(what="a row that does", **row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(what="a row that does not", **(row | wrong))


@pytest.mark.django_db(transaction=True)
def test_a_delivery_stands_in_the_transaction_of_what_it_tells_of() -> None:
    wren = MemberFactory()
    with pytest.raises(RuntimeError):
        notify(what="thing:1", kind=TOLD, member=wren, context=SAID, at=NOON)
    with transaction.atomic():
        notify(what="thing:1", kind=TOLD, member=wren, context=SAID, at=NOON)
        assert Delivery.objects.exists()
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    tell(wren)
    assert Delivery.objects.count() == 2


def test_the_worker_is_woken_after_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    woken = ticks._jobs[JOB].woken
    woken.clear()
    with django_capture_on_commit_callbacks(execute=True):
        tell(MemberFactory())
        assert not woken.is_set()
    assert woken.is_set()


def test_many_are_told_with_as_many_queries_as_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    people = [MemberFactory() for _ in range(12)]
    choose(member_id=people[3].pk, choices={(TOLD, Channel.EMAIL): Choice.How.NEVER})
    with django_assert_num_queries(2 + 2), transaction.atomic():
        notify_all(what="thing:1", kind=TOLD, members=people, context=SAID, at=NOON)
    assert Delivery.objects.count() == 2 * 12 - 1


@pytest.mark.parametrize("path", ["//example.org/", "https://example.org/", "/\\example.org"])
def test_it_leads_to_a_page_of_ours_alone(path: str) -> None:
    with pytest.raises(ValueError, match="slash"):
        notify(what="thing:1", kind=TOLD, member=MemberFactory(), context=SAID, path=path, at=NOON)


def test_a_line_that_lacks_a_word_is_refused_when_it_is_told() -> None:
    with pytest.raises(KeyError, match="who"), transaction.atomic():
        notify(what="thing:1", kind=TOLD, member=MemberFactory(), at=NOON)


@pytest.mark.parametrize("whom", [{}, {"member": Member(), "address": "one@example.org"}])
def test_it_is_for_a_member_or_for_an_address(whom: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either"):
        notify(what="thing:1", kind=TOLD, at=NOON, **whom)


@pytest.mark.parametrize(
    "subject", ["Your recovery", "A new Group", "From Porchlight", "One\nBcc: two@example.org"]
)
def test_a_subject_that_tells_or_breaks_is_no_kind(subject: str) -> None:
    assert Kind("tests.quiet", "Quiet", line="Quiet", subject="Something for you").subject
    with pytest.raises(NotNeutral):
        Kind("tests.loud", "Loud", line="Loud", subject=subject)


def test_a_name_is_never_given_to_another_kind() -> None:
    kinds.register(TOLD)
    with pytest.raises(ValueError, match=r"tests\.told"):
        kinds.register(Kind("tests.told", "Other", line="Other"))


# --- when and whether --------------------------------------------------------------------------------------------


def test_it_comes_when_it_is_due_and_not_before() -> None:
    tell(MemberFactory(), due_at=NOON + timedelta(hours=1))
    assert letters(NOON + timedelta(minutes=59)) == []
    assert len(letters(NOON + timedelta(hours=1))) == 1


def test_what_nobody_wants_any_more_is_dropped_and_what_is_still_of_use_comes_late() -> None:
    early, late = MemberFactory(), MemberFactory()
    tell(early, BRIEF)
    assert len(letters(NOON + timedelta(minutes=59))) == 1
    tell(late, BRIEF)
    assert len(letters(NOON + timedelta(hours=1))) == 1
    dropped = mail_to(late)
    assert (dropped.state, dropped.payload, dropped.last_error) == (State.DROPPED, "", "TooLate")
    assert InboxEntry.objects.filter(member=late).count() == 0


def test_quiet_hours_hold_mail_back_but_not_the_inbox_nor_what_is_urgent() -> None:
    wren = MemberFactory(time_zone="America/Denver")
    set_quiet_hours(member_id=wren.pk, quiet=(time(22), time(7)))
    night = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)
    tell(wren, at=night)
    tell(wren, URGENT, at=night)
    assert len(letters(night)) == 1
    assert InboxEntry.objects.count() == 2
    waiting = Delivery.objects.get(state=State.WAITING)
    assert (waiting.due_at, waiting.attempts) == (datetime(2026, 1, 10, 14, 0, tzinfo=UTC), 0)
    assert len(letters(waiting.due_at)) == 2


def test_someone_who_may_not_sign_in_gets_only_what_is_urgent() -> None:
    wren = MemberFactory(is_active=False)
    tell(wren)
    tell(wren, URGENT)
    assert len(letters(NOON)) == 1
    assert set(Delivery.objects.filter(kind=TOLD.name).values_list("state", flat=True)) == {State.DROPPED}


def test_a_member_chooses_for_each_kind_and_channel() -> None:
    wren = MemberFactory()
    choose(
        member_id=wren.pk,
        choices={
            (TOLD, Channel.EMAIL): Choice.How.NEVER,
            (BRIEF, Channel.INBOX): Choice.How.NEVER,
            (URGENT, Channel.EMAIL): Choice.How.AT_ONCE,
        },
    )
    for kind in (TOLD, BRIEF, URGENT):
        tell(wren, kind)
    rows = set(Delivery.objects.values_list("kind", "channel"))
    assert rows == {
        ("tests.told", "inbox"), ("tests.brief", "email"), ("tests.urgent", "inbox"), ("tests.urgent", "email"),
    }  # fmt: skip
    with pytest.raises(ValueError, match="switched"):
        choose(member_id=wren.pk, choices={(ALWAYS, Channel.EMAIL): Choice.How.NEVER})
    choose(member_id=wren.pk, choices={(TOLD, Channel.EMAIL): Choice.How.AT_ONCE})
    tell(wren, what="thing:2")
    assert Delivery.objects.filter(what="thing:2").count() == 2


def test_whoever_is_erased_is_told_nothing_more() -> None:
    wren = MemberFactory()
    tell(wren)
    wren.delete()
    assert letters(NOON) == []
    assert not Delivery.objects.exists()


# --- several things in one mail ----------------------------------------------------------------------------------


def daily(member: Member) -> Member:
    choose(member_id=member.pk, choices={(TOLD, Channel.EMAIL): Choice.How.DAILY})
    return member


def test_someone_who_wants_mail_once_a_day_gets_one_that_only_counts() -> None:
    wren = daily(MemberFactory(time_zone="UTC"))
    for number in range(3):
        tell(wren, what=f"thing:{number}")
    assert letters(NOON) == []
    assert InboxEntry.objects.count() == 3
    nine = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    assert letters(nine - timedelta(seconds=1)) == []
    (letter,) = letters(nine)
    assert "There are 3 things to see" in str(letter.body)
    assert "said something" not in str(letter.body)
    assert letter.subject == kinds.SOMETHING
    bundle = Delivery.objects.get(kind=kinds.BUNDLE.name)
    assert (bundle.state, bundle.bundled.count()) == (State.SENT, 3)
    assert set(bundle.bundled.values_list("state", "payload")) == {(State.BUNDLED, "")}
    assert len(letters(nine + timedelta(days=1))) == 1


def test_a_bundle_leaves_out_what_is_of_no_use_any_more() -> None:
    wren = daily(MemberFactory(time_zone="UTC"))
    tell(wren, useful_until=NOON + timedelta(hours=2))
    tell(wren, what="thing:2")
    (letter,) = letters(NOON + timedelta(days=1))
    assert "There is one thing to see" in str(letter.body)
    assert Delivery.objects.filter(channel=Channel.EMAIL, state=State.DROPPED).count() == 1


def test_two_workers_make_one_bundle(failpoint: SetHook) -> None:
    wren = daily(MemberFactory(time_zone="UTC"))
    tell(wren)
    for _ in range(2):
        letters(NOON + timedelta(days=1))
    assert Delivery.objects.filter(kind=kinds.BUNDLE.name).count() == 1
    assert len(mail.outbox) == 1


# --- from hand to hand -------------------------------------------------------------------------------------------


def test_a_worker_takes_a_batch_and_another_takes_the_rest() -> None:
    for number in range(ledger.BATCH + 3):
        tell(MemberFactory(), ALWAYS_BY_MAIL, what=f"thing:{number}")
    first, second, third = ledger.claim(NOON), ledger.claim(NOON), ledger.claim(NOON)
    assert (len(first), len(second), third) == (ledger.BATCH, 3, [])
    assert not {one.pk for one in first} & {one.pk for one in second}


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_the_same_moment_never_take_the_same(failpoint: SetHook) -> None:
    for number in range(ledger.BATCH + 5):
        tell(MemberFactory(), ALWAYS_BY_MAIL, what=f"thing:{number}")
    between = Stop()
    failpoint("delivery.claiming", between)
    taken: list[list[int]] = []

    def take() -> None:
        taken.append([delivery.pk for delivery in ledger.claim(NOON)])
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    threads[0].start()
    between.await_reached()
    threads[1].start()
    if connection.vendor == "postgresql":
        threads[1].join(20)  # passes by what the first has locked, without waiting for it
        assert len(taken) == 1
    between.go.set()
    for thread in threads:
        thread.join(20)
    everything = [pk for pks in taken for pk in pks]
    assert sorted(map(len, taken)) == [5, ledger.BATCH]
    assert len(set(everything)) == ledger.BATCH + 5


def test_what_a_lost_worker_held_is_free_after_its_lease_and_that_worker_sends_it_no_more() -> None:
    tell(MemberFactory(), ALWAYS_BY_MAIL)
    (lost,) = ledger.claim(NOON)
    over = NOON + ledger.LEASE
    assert ledger.take_back_lost(over - timedelta(seconds=1)) == 0
    assert ledger.claim(over - timedelta(seconds=1)) == []
    assert ledger.take_back_lost(over) == 1
    (found,) = ledger.claim(over)
    assert found.pk == lost.pk
    assert not ledger.hand_over(lost, over)
    assert ledger.hand_over(found, over)
    assert ledger.mark_sent(found, over)


def test_a_worker_that_is_late_hands_nothing_over_even_if_nobody_took_it_back() -> None:
    tell(MemberFactory(), ALWAYS_BY_MAIL)
    (mine,) = ledger.claim(NOON)
    assert not ledger.hand_over(mine, NOON + ledger.LEASE)
    assert ledger.hand_over(mine, NOON + ledger.LEASE - timedelta(seconds=1))


def test_a_worker_lost_while_handing_over_leaves_a_dead_one_that_may_have_arrived() -> None:
    tell(MemberFactory(), ALWAYS_BY_MAIL)
    (lost,) = ledger.claim(NOON)
    assert ledger.hand_over(lost, NOON)
    later = NOON + ledger.LEASE
    assert ledger.take_back_lost(later) == 1
    dead = Delivery.objects.get()
    assert (dead.state, dead.perhaps_sent, dead.last_error) == (State.DEAD, True, ledger.WORKER_LOST)
    assert letters(later + timedelta(days=1)) == []


@pytest.mark.parametrize("came_through", [True, False])
def test_a_worker_that_was_only_slow_still_says_what_became_of_it(came_through: bool) -> None:
    tell(MemberFactory(), ALWAYS_BY_MAIL)
    (mine,) = ledger.claim(NOON)
    assert ledger.hand_over(mine, NOON)
    later = NOON + ledger.LEASE
    ledger.take_back_lost(later)
    if came_through:
        assert ledger.mark_sent(mine, later)
    else:
        assert ledger.failed(mine, later, "SMTPDataError", for_good=False)
    told = Delivery.objects.get()
    assert (told.state, told.perhaps_sent) == (State.SENT if came_through else State.WAITING, False)
    # Once somebody else has it, or a steward decided, it has no say any more.
    Delivery.objects.update(state=State.WAITING, lease_by="", ended_at=None)
    assert not ledger.mark_sent(mine, later)
    assert not ledger.failed(mine, later, "SMTPDataError", for_good=False)


def test_pauses_grow_to_a_limit_and_are_spread() -> None:
    spread = [ledger.pause(1, chance).total_seconds() for chance in (lambda: 0.0, lambda: 0.5, lambda: 1.0)]
    assert spread == [24.0, 30.0, 36.0]
    middle = [ledger.pause(attempts, lambda: 0.5) for attempts in range(1, 40)]
    assert middle == sorted(middle)
    assert middle[-1] == ledger.LONGEST_PAUSE


class Killed(BaseException):
    """The worker is gone at this point; nothing of it runs on."""


POINTS = (
    "delivery.claiming", "delivery.claimed", "delivery.composed", "delivery.handing_over", "delivery.accepted",
    "delivery.marked",
)  # fmt: skip
rounds = st.tuples(
    st.sampled_from([0, 1, 61, 200, 3 * 3600]),  # seconds that pass
    st.one_of(st.none(), st.tuples(st.sampled_from(POINTS), st.integers(0, 4))),  # where it is killed
)


@pytest.fixture
def clear_failpoints() -> Iterator[None]:
    yield
    failpoints.hooks.clear()


@pytest.mark.usefixtures("clear_failpoints")
@settings(max_examples=40)
@given(rounds=st.lists(rounds, max_size=12))
def test_wherever_workers_are_killed_each_is_sent_once_or_buried(
    rounds: list[tuple[int, tuple[str, int] | None]],
) -> None:
    point = transaction.savepoint()
    mail.outbox.clear()
    wren = MemberFactory()
    for number in range(4):
        tell(wren, what=f"thing:{number}", due_at=NOON + timedelta(minutes=number))
    at = NOON
    for seconds, death in rounds:
        at += timedelta(seconds=seconds)
        work_until_killed(at, death)
    failpoints.hooks.clear()
    while Delivery.objects.exclude(state__in=[*Delivery.ENDED, State.DEAD]).exists():
        at += timedelta(hours=1)
        letters(at)
    assert Delivery.objects.count() == 8
    sent = [letter.extra_headers["Message-ID"] for letter in letters(at)]
    assert len(sent) == len(set(sent))
    for delivery in Delivery.objects.filter(channel=Channel.EMAIL):
        if delivery.state == State.DEAD:
            assert delivery.perhaps_sent
        else:
            assert delivery.state == State.SENT
            assert message_id(delivery) in sent
    inbox = Delivery.objects.filter(channel=Channel.INBOX)
    assert set(inbox.values_list("state", flat=True)) == {State.SENT}
    assert InboxEntry.objects.count() == 4
    transaction.savepoint_rollback(point)


def work_until_killed(at: datetime, death: tuple[str, int] | None) -> None:
    failpoints.hooks.clear()
    if death is not None:
        place, passes = death
        counted = iter(range(passes + 1))

        def die(**facts: Any) -> None:
            if next(counted, passes) == passes:
                raise Killed

        failpoints.hooks[place] = die
    try:
        deliver_due(at)
    except Killed:
        pass


# --- letting go --------------------------------------------------------------------------------------------------


def test_old_rows_go_and_those_that_may_still_repeat_stay() -> None:
    wren = MemberFactory()
    tell(wren)
    letters(NOON)
    assert forget_told(NOON + timedelta(days=29)) == 0
    assert forget_told(NOON + timedelta(days=31)) == 2
    assert InboxEntry.objects.count() == 1
    InboxEntry.objects.update(read_at=NOON)
    assert forget_told(NOON + timedelta(days=90)) == 1


@pytest.mark.parametrize(("days", "kept"), [(6, True), (7, False)])
def test_a_dead_one_keeps_its_words_a_week_for_a_second_try(days: int, kept: bool) -> None:
    tell(MemberFactory(), ALWAYS_BY_MAIL)
    ledger.failed(ledger.claim(NOON)[0], NOON, "Refused", for_good=True)
    forget_told(NOON + timedelta(days=days))
    assert bool(Delivery.objects.get().payload) is kept


def test_a_dead_one_that_is_of_no_use_any_more_is_wiped_sooner() -> None:
    tell(MemberFactory(), BRIEF)
    for delivery in ledger.claim(NOON):
        ledger.failed(delivery, NOON, "Refused", for_good=True)
    forget_told(NOON + timedelta(hours=1))
    assert set(Delivery.objects.values_list("state", "payload")) == {(State.DEAD, "")}


def test_the_ledger_holds_no_address_or_words_that_can_be_read() -> None:
    tell(MemberFactory(email="juniper@porch.example"), path="/groups/night-shift/")
    with transaction.atomic():
        notify(what="thing:1", kind=TOLD, address="someone@porch.example", context=SAID, at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notifications_delivery")
        rows = repr(cursor.fetchall())
    assert "tests.told" in rows
    for word in ("porch.example", "someone", "juniper", "Wren", "night-shift"):
        assert word not in rows


def test_an_attempt_counts_each_time_it_is_taken() -> None:
    tell(MemberFactory(), ALWAYS_BY_MAIL)
    at = NOON
    for _ in range(ledger.ATTEMPTS):
        assert len(ledger.claim(at)) == 1
        at += ledger.LEASE
        assert ledger.take_back_lost(at) == 1
    dead = Delivery.objects.get()
    assert (dead.state, dead.perhaps_sent) == (State.DEAD, False)
    assert Delivery.objects.aggregate(all=Sum("attempts"))["all"] == ledger.ATTEMPTS
