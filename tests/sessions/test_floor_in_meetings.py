"""The floor of a meeting: its script's steps, the line as the chair arranges it, and who is gone for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from community.groups.models import Group
from community.live import log
from community.live.domain import Command, Committed, Unchanged
from community.live.frames import stamp
from community.members.models import Member
from sessions.rooms import acts, floors
from sessions.rooms.access import rooms_for
from sessions.rooms.domain import rooms
from sessions.rooms.jobs import hold_turns
from sessions.rooms.models import Allowance, Hand, Room, Stay, Turn
from sessions.rooms.phases import Writes, part_of
from sessions.rooms.turns import GRACE
from tests.factories import MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import Frame, act, code_of, do, event, events, refused, say, state_of, types, write
from tests.live_fixtures import SetClock

pytestmark = pytest.mark.django_db


def step(phase: str, title: str, writes: str = "turn", **more: Any) -> Frame:
    kept = {"phase": phase, "title": title, "minutes": 10, "writes": writes, "crosstalk": False}
    return kept | {"turn_seconds": None} | more


STEPS = [
    step("opening", "The lamp is lit", "hosts"),
    step("check-in", "How the week was", "all"),
    step("sharing", "First round", turn_seconds=240),
    step("sharing", "Second round", "all", crosstalk=True),
    step("closing", "Good night", "hosts"),
]
LOBBY, OPENING, CHECK_IN, FIRST, SECOND, CLOSING = None, 0, 1, 2, 3, 4


@pytest.fixture
def meeting(room: Room, alder: Member) -> Room:
    """The room, in which a meeting is held; Alder chairs."""
    room.attended, room.steps = True, STEPS
    room.save()
    return room


def set_phase(room: Room, chair: Member, phase: str, **more: Any) -> Any:
    return do(room, chair, act(room, "phase.set", None, {"phase": phase} | more))


def by_the_house(room: Room, what: acts.Act) -> Any:
    with transaction.atomic():
        [outcome] = log.append([Command(rooms.opened(room), None, what)])
    return outcome


def line(room: Room) -> list[Member]:
    return [hand.member for hand in Hand.objects.filter(room=room).select_related("member")]


def holder(room: Room) -> Member | None:
    turn = Turn.objects.filter(room=room).select_related("member").first()
    return turn.member if turn else None


# --- steps -------------------------------------------------------------------------------------------------------


def test_a_step_says_its_title_and_who_writes_in_it(meeting: Room, wren: Member, alder: Member) -> None:
    set_phase(meeting, alder, "sharing", step=SECOND)
    assert event(meeting, 1)["data"] == {
        "phase": "sharing", "writes": "all", "crosstalk": True, "step": 3, "title": "Second round",
    }  # fmt: skip
    state = state_of(meeting, wren)
    told = {name: state[name] for name in ("phase", "writes", "crosstalk", "step", "title")}
    assert told == event(meeting, 1)["data"]
    assert code_of(do(meeting, wren, say(meeting))) == ""


def test_a_phase_without_a_step_goes_on_to_the_next_of_that_phase_or_back_to_the_first(
    meeting: Room, alder: Member
) -> None:
    reached = []
    for phase in ("opening", "sharing", "closing", "sharing", "fellowship"):
        set_phase(meeting, alder, phase)
        meeting.refresh_from_db()
        reached.append(meeting.step)
    assert reached == [OPENING, FIRST, CLOSING, FIRST, None]


def test_the_same_phase_again_is_the_same_step(meeting: Room, alder: Member) -> None:
    assert set_phase(meeting, alder, "sharing", step=SECOND) == Committed(1)
    assert set_phase(meeting, alder, "sharing") == Unchanged()
    assert set_phase(meeting, alder, "sharing", step=FIRST) == Committed(2)
    assert set_phase(meeting, alder, "sharing", step=FIRST) == Unchanged()


@pytest.mark.parametrize(("phase", "number"), [("sharing", 0), ("sharing", 5), ("closed", 0), ("open", 1)])
def test_a_step_of_another_phase_is_none(meeting: Room, alder: Member, phase: str, number: int) -> None:
    assert code_of(set_phase(meeting, alder, phase, step=number)) == "bad_frame"
    assert events(meeting) == []
    assert set_phase(meeting, alder, "sharing", step=FIRST) == Committed(1)


@pytest.mark.parametrize(
    "value",
    [
        {"phase": "sharing", "step": True},
        {"phase": "sharing", "step": -1},
        {"phase": "sharing", "step": "2"},
        {"phase": "sharing", "step": 10**9},
        {"phase": "sharing", "writes": "some"},
        {"phase": "sharing", "writes": ["all"]},
        {"phase": ["sharing"]},
        {},
    ],
    ids=str,
)
def test_what_is_no_phase_step_or_writes_is_no_frame(meeting: Room, alder: Member, value: Frame) -> None:
    assert refused(meeting, alder, act(meeting, "phase.set", None, value)) == "bad_frame"
    good = act(meeting, "phase.set", None, {"phase": "sharing", "step": 2, "writes": "all"})
    assert refused(meeting, alder, good) == ""


def test_a_step_holds_until_the_next(meeting: Room, alder: Member, wren: Member) -> None:
    set_phase(meeting, alder, "sharing", step=FIRST)
    do(meeting, alder, act(meeting, "turn.grant", wren.public_id))
    set_phase(meeting, alder, "fellowship")
    meeting.refresh_from_db()
    assert (meeting.step, meeting.writes, meeting.crosstalk, meeting.turn_seconds) == (None, "", None, None)
    assert part_of(meeting).label == "Fellowship"


def test_only_the_chair_goes_to_a_step(meeting: Room, wren: Member, fern: Member, alder: Member) -> None:
    for member in (wren, fern):
        assert code_of(set_phase(meeting, member, "opening", step=OPENING)) == "denied"
    assert code_of(set_phase(meeting, alder, "opening", step=OPENING)) == ""


def test_the_state_outlines_the_script_only_where_there_is_one(
    meeting: Room, wren: Member, alder: Member
) -> None:
    state = state_of(meeting, wren)
    assert [(one["phase"], one["title"], one["minutes"]) for one in state["steps"]][1:3] == [
        ("check-in", "How the week was", 10),
        ("sharing", "First round", 10),
    ]
    assert (state["step"], state["title"]) == (None, "Open")
    plain = state_of(RoomFactory(), wren)
    assert not {"steps", "away", "finishing"} & set(plain)
    assert (plain["step"], plain["title"]) == (None, "Open")


# --- who may write -----------------------------------------------------------------------------------------------


def test_the_chair_opens_and_narrows_who_may_write(room: Room, wren: Member, alder: Member) -> None:
    """In a room without a script, too."""
    set_phase(room, alder, "sharing")
    assert code_of(do(room, wren, say(room))) == "not_your_turn"
    assert set_phase(room, alder, "sharing", writes="all") == Committed(2)
    assert event(room, 2)["data"] == {"phase": "sharing", "writes": "all", "crosstalk": False}
    assert code_of(do(room, wren, say(room))) == ""
    assert set_phase(room, alder, "sharing", writes="all") == Unchanged()
    assert set_phase(room, alder, "sharing", writes="hosts") == Committed(4)
    assert code_of(do(room, wren, say(room))) == "denied"
    assert code_of(do(room, alder, say(room))) == ""
    assert set_phase(room, alder, "sharing") == Committed(6)
    assert event(room, 6)["data"]["writes"] == "turn"


def test_while_nobody_writes_the_line_stays_and_the_room_is_not_closed(
    room: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    set_phase(room, alder, "sharing")
    do(room, juniper, act(room, "hand.raise"))
    set_phase(room, alder, "sharing", writes="none")
    assert types(room) == ["phase.changed", "hand.raised", "phase.changed"]
    assert (line(room), state_of(room, wren)["writes"]) == ([juniper], "none")
    for member in (wren, alder):
        assert code_of(do(room, member, say(room))) == "closed"
    assert code_of(do(room, wren, act(room, "hand.raise"))) == ""
    set_phase(room, alder, "sharing", writes="all")
    assert types(room)[-1] == "phase.changed"
    assert "session.opened" not in types(room)
    assert code_of(do(room, wren, say(room))) == ""


def test_a_closed_room_is_closed_whatever_else_is_asked(room: Room, wren: Member, alder: Member) -> None:
    set_phase(room, alder, "closed", writes="all")
    assert state_of(room, wren)["writes"] == "none"
    assert code_of(do(room, wren, say(room))) == "closed"


def test_a_list_of_rooms_says_what_holds_now(room: Room, wren: Member, alder: Member) -> None:
    room.steps = STEPS
    room.save()
    set_phase(room, alder, "sharing", step=SECOND)
    [summary] = rooms_for(wren)
    assert (summary.phase.label, summary.phase.writes) == ("Second round", Writes.ALL)
    assert summary.phase.gist == "Anyone may write."


@pytest.mark.parametrize(
    ("phase", "writes", "gist"),
    [
        ("sharing", "", "One person at a time has the floor."),
        ("open", "", "Anyone may write."),
        ("opening", "all", "Anyone may write. No answers yet."),
        ("check-in", "none", "Nobody writes for now."),
        ("open", "hosts", "The facilitators write; everyone else listens."),
    ],
)
def test_what_is_said_of_a_part_is_true(phase: str, writes: str, gist: str) -> None:
    assert part_of(Room(phase=phase, writes=writes)).gist == gist


# --- how long ----------------------------------------------------------------------------------------------------


def until(room: Room) -> Any:
    return Turn.objects.get(room=room).until


def test_a_turn_is_as_long_as_asked_or_as_its_holder_needs_or_as_the_step_says_or_three_minutes(
    meeting: Room, wren: Member, juniper: Member, alder: Member, set_clock: SetClock
) -> None:
    lengths = []

    def grant(whom: Member, seconds: int | None = None) -> None:
        do(meeting, alder, act(meeting, "turn.grant", whom.public_id, seconds))
        lengths.append((until(meeting) - set_clock.at).total_seconds())
        do(meeting, alder, act(meeting, "turn.end"))

    grant(wren)
    set_phase(meeting, alder, "sharing", step=FIRST)
    grant(wren)
    floors.allow(meeting, wren, 600, set_clock.at)
    grant(wren)
    grant(juniper)
    grant(wren, 60)
    floors.allow(meeting, wren, None, set_clock.at)
    grant(wren)
    assert lengths == [180, 240, 600, 240, 60, 240]


def test_longer_turns_are_for_one_room_and_can_be_changed_but_not_beyond_an_hour(
    meeting: Room, wren: Member, set_clock: SetClock
) -> None:
    other = RoomFactory()
    for seconds in (300, 420):
        floors.allow(meeting, wren, seconds, set_clock.at)
    assert (floors.allowances(meeting), floors.allowances(other)) == ({wren.pk: 420}, {})
    for nonsense in (3601, -1):
        with pytest.raises(ValueError, match=str(nonsense)):
            floors.allow(meeting, wren, nonsense, set_clock.at)
    floors.allow(meeting, wren, 0, set_clock.at)
    assert not Allowance.objects.exists()


def test_several_turns_in_a_batch_ask_for_their_lengths_once(
    meeting: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    def asked(*people: Member) -> int:
        frames = [(alder, act(meeting, "turn.grant", one.public_id)) for one in people]
        with CaptureQueriesContext(
            connection,
        ) as spent:
            write(meeting, *frames)
        return len(spent)

    asked(wren, alder)
    assert asked(juniper, wren) == asked(juniper, alder, wren, juniper)


# --- the line ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "to", "order"),
    [
        (2, "first", [2, 0, 1, 3]),
        (0, "later", [1, 0, 2, 3]),
        (2, "later", [0, 1, 3, 2]),
        (1, "last", [0, 2, 3, 1]),
    ],
)
def test_the_chair_moves_people_in_line(
    room: Room, alder: Member, place: int, to: str, order: list[int]
) -> None:
    people = [MembershipFactory(group=room.group).member for _ in range(4)]
    write(room, *[(one, act(room, "hand.raise")) for one in people])
    assert do(room, alder, act(room, "hand.move", people[place].public_id, to)) == Committed(5)
    assert line(room) == [people[number] for number in order]
    queue = [people[number].public_id for number in order]
    assert event(room, 5)["data"] == {"member": people[place].public_id, "queue": queue}
    assert state_of(room, people[0])["queue"] == queue


def test_moved_people_stay_where_they_were_put_when_others_come(
    room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    write(room, *[(one, act(room, "hand.raise")) for one in (wren, juniper)])
    do(room, alder, act(room, "hand.move", juniper.public_id, {"to": "first"}))
    do(room, fern, act(room, "hand.raise"))
    assert line(room) == [juniper, wren, fern]
    do(room, wren, act(room, "hand.lower"))
    do(room, wren, act(room, "hand.raise"))
    assert line(room) == [juniper, fern, wren]


def test_a_move_that_moves_nobody_is_nothing(
    room: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    write(room, *[(one, act(room, "hand.raise")) for one in (wren, juniper)])
    assert do(room, alder, act(room, "hand.move", wren.public_id, "first")) == Unchanged()
    for to in ("later", "last"):
        assert do(room, alder, act(room, "hand.move", juniper.public_id, to)) == Unchanged()
    assert do(room, alder, act(room, "hand.move", juniper.public_id, "first")) == Committed(3)


def test_only_the_chair_moves_and_only_who_is_in_line(
    room: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    write(room, *[(one, act(room, "hand.raise")) for one in (wren, juniper)])
    for member in (juniper, fern):
        assert code_of(do(room, member, act(room, "hand.move", juniper.public_id, "first"))) == "denied"
    assert code_of(do(room, alder, act(room, "hand.move", fern.public_id, "first"))) == "denied"
    assert code_of(do(room, alder, act(room, "hand.move", "nobody", "first"))) == "denied"
    assert code_of(do(room, alder, act(room, "hand.move", juniper.public_id, "first"))) == ""


@pytest.mark.parametrize("value", [None, "front", 1, ["first"], {"to": {}}, {}], ids=str)
def test_only_first_later_and_last_are_places(room: Room, alder: Member, wren: Member, value: Any) -> None:
    assert refused(room, alder, act(room, "hand.move", wren.public_id, value)) == "bad_frame"
    assert refused(room, alder, act(room, "hand.move", None, "first")) == "bad_frame"
    assert refused(room, alder, act(room, "hand.move", wren.public_id, "first")) == ""


def test_two_chairs_who_act_at_once_are_taken_one_after_the_other(
    room: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    write(room, *[(one, act(room, "hand.raise")) for one in (wren, juniper)])
    outcomes = write(
        room,
        (alder, act(room, "turn.grant", juniper.public_id)),
        (alder, act(room, "hand.move", juniper.public_id, "first")),
        (alder, act(room, "hand.move", wren.public_id, "first")),
    )
    assert [code_of(outcome) for outcome in outcomes] == ["", "denied", ""]
    assert (holder(room), line(room)) == (juniper, [wren])


# --- passing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["passed", {"why": "passed"}], ids=str)
def test_who_has_the_floor_may_pass(room: Room, wren: Member, alder: Member, value: Any) -> None:
    do(room, alder, act(room, "turn.grant", wren.public_id))
    assert do(room, wren, act(room, "turn.end", None, value)) == Committed(2)
    assert event(room, 2)["data"] == {"member": wren.public_id, "why": "passed"}
    assert holder(room) is None


def test_nobody_passes_for_another(room: Room, wren: Member, juniper: Member, alder: Member) -> None:
    do(room, alder, act(room, "turn.grant", wren.public_id))
    assert code_of(do(room, juniper, act(room, "turn.end", wren.public_id, {"why": "passed"}))) == "denied"
    do(room, alder, act(room, "turn.end", wren.public_id, {"why": "passed"}))
    assert event(room, 2)["data"] == {"member": wren.public_id, "why": "chair"}


# --- what was being written --------------------------------------------------------------------------------------


@pytest.fixture
def sharing(meeting: Room, alder: Member, wren: Member) -> Room:
    """Wren has the floor."""
    set_phase(meeting, alder, "sharing", step=FIRST)
    do(meeting, alder, act(meeting, "turn.grant", wren.public_id))
    return meeting


def cut(room: Room, how: str, chair: Member, other: Member) -> None:
    match how:
        case "ended":
            do(room, chair, act(room, "turn.end"))
        case "given on":
            do(room, chair, act(room, "turn.grant", other.public_id))
        case "next part":
            set_phase(room, chair, "closing")


CUTS = pytest.mark.parametrize("how", ["ended", "given on", "next part"])


@CUTS
def test_the_message_that_was_being_written_is_taken_and_no_second_one(
    sharing: Room, wren: Member, juniper: Member, alder: Member, set_clock: SetClock, how: str
) -> None:
    cut(sharing, how, alder, juniper)
    [ended] = [one["data"] for one in events(sharing) if one["type"] == "turn.ended"]
    last = stamp(set_clock.at + timedelta(seconds=60))
    assert ended == {"member": wren.public_id, "why": "chair", "until": last}
    assert state_of(sharing, wren)["finishing"] == {"member": wren.public_id, "until": last}
    set_clock.forward(60)
    assert code_of(do(sharing, wren, say(sharing, "and that is all."))) == ""
    assert code_of(do(sharing, wren, say(sharing, "Oh, and"))) in {"not_your_turn", "denied"}
    assert "finishing" not in state_of(sharing, wren)


@CUTS
def test_after_a_minute_it_is_not_taken(
    sharing: Room, wren: Member, juniper: Member, alder: Member, set_clock: SetClock, how: str
) -> None:
    cut(sharing, how, alder, juniper)
    set_clock.forward(61)
    assert code_of(do(sharing, wren, say(sharing))) in {"not_your_turn", "denied"}


def test_two_messages_in_one_batch_are_still_one_too_many(
    sharing: Room, wren: Member, juniper: Member, alder: Member
) -> None:
    cut(sharing, "given on", alder, juniper)
    first, second = write(sharing, (wren, say(sharing)), (wren, say(sharing)))
    assert (code_of(first), code_of(second)) == ("", "not_your_turn")


def test_only_who_had_the_floor_finishes(
    sharing: Room, wren: Member, juniper: Member, fern: Member, alder: Member
) -> None:
    cut(sharing, "ended", alder, juniper)
    assert code_of(do(sharing, fern, say(sharing))) == "not_your_turn"
    assert code_of(do(sharing, wren, say(sharing))) == ""


@pytest.mark.parametrize("why", ["done", "passed"])
def test_who_gives_up_the_floor_has_finished(sharing: Room, wren: Member, why: str) -> None:
    do(sharing, wren, act(sharing, "turn.end", None, {"why": why}))
    assert code_of(do(sharing, wren, say(sharing))) == "not_your_turn"
    assert set(event(sharing, 3)["data"]) == {"member", "why"}


def test_a_mute_and_a_closing_cut_at_once(
    sharing: Room, wren: Member, fern: Member, alder: Member, juniper: Member
) -> None:
    cut(sharing, "ended", alder, juniper)
    do(sharing, fern, act(sharing, "member.mute", wren.public_id, {"minutes": 1}))
    do(sharing, fern, act(sharing, "member.unmute", wren.public_id))
    assert code_of(do(sharing, wren, say(sharing))) == "not_your_turn"
    do(sharing, alder, act(sharing, "turn.grant", wren.public_id))
    do(sharing, alder, act(sharing, "phase.set", None, "closed"))
    assert code_of(do(sharing, wren, say(sharing))) == "closed"
    do(sharing, alder, act(sharing, "phase.set", None, "sharing"))
    assert code_of(do(sharing, wren, say(sharing))) == "not_your_turn"


def test_where_no_meeting_is_held_a_turn_that_is_over_is_over(
    room: Room, wren: Member, alder: Member, juniper: Member
) -> None:
    """As rooms.v1 says: what commits after it obeys it."""
    set_phase(room, alder, "sharing")
    do(room, alder, act(room, "turn.grant", wren.public_id))
    cut(room, "given on", alder, juniper)
    assert code_of(do(room, wren, say(room))) == "not_your_turn"


# --- away --------------------------------------------------------------------------------------------------------


def seen(room: Room, member: Member, at: Any) -> None:
    Stay.objects.filter(room=room, member=member, left_at=None).delete()
    Stay.objects.create(room=room, member=member, entered_at=at, seen_at=at)


def test_a_turn_is_held_for_two_minutes_and_then_waits_in_front(
    sharing: Room, wren: Member, juniper: Member, fern: Member, set_clock: SetClock
) -> None:
    write(sharing, *[(one, act(sharing, "hand.raise")) for one in (juniper, fern)])
    seen(sharing, wren, set_clock.at)
    set_clock.forward(GRACE.total_seconds() - 1)
    assert hold_turns(set_clock.at) == 0
    assert holder(sharing) == wren
    set_clock.forward(1)
    assert hold_turns(set_clock.at) == 1
    told = [(one["type"], one["data"], one["by"]) for one in events(sharing)[-3:]]
    queue = [one.public_id for one in (wren, juniper, fern)]
    assert told == [
        ("turn.ended", {"member": wren.public_id, "why": "away"}, None),
        ("hand.raised", {"member": wren.public_id}, None),
        ("hand.moved", {"member": wren.public_id, "queue": queue}, None),
    ]
    assert (holder(sharing), line(sharing)) == (None, [wren, juniper, fern])
    assert hold_turns(set_clock.at) == 0


def test_alone_in_line_nothing_needs_to_be_moved(sharing: Room, wren: Member, set_clock: SetClock) -> None:
    set_clock.forward(GRACE.total_seconds())
    assert hold_turns(set_clock.at) == 1
    assert types(sharing)[-2:] == ["turn.ended", "hand.raised"]
    assert line(sharing) == [wren]


def test_who_is_here_or_came_back_keeps_the_floor(sharing: Room, wren: Member, set_clock: SetClock) -> None:
    set_clock.forward(GRACE.total_seconds() * 3)
    seen(sharing, wren, set_clock.at - timedelta(seconds=119))
    assert hold_turns(set_clock.at) == 0
    assert by_the_house(sharing, acts.Away(wren.public_id)) == Unchanged()
    assert holder(sharing) == wren


def test_who_comes_back_after_they_were_found_gone_keeps_the_floor(
    sharing: Room, wren: Member, set_clock: SetClock, failpoint: Any
) -> None:
    """Between finding and locking: the lock decides."""
    set_clock.forward(GRACE.total_seconds())
    failpoint("log.locked", lambda commands: seen(sharing, wren, set_clock.at))
    assert hold_turns(set_clock.at) == 0
    assert holder(sharing) == wren


def test_where_no_stays_are_kept_nobody_is_away(
    room: Room, wren: Member, alder: Member, set_clock: SetClock
) -> None:
    do(room, alder, act(room, "turn.grant", wren.public_id))
    set_clock.forward(3600)
    assert hold_turns(set_clock.at) == 0
    assert holder(room) == wren


def test_those_in_line_who_are_away_keep_their_place(
    sharing: Room, wren: Member, juniper: Member, fern: Member, set_clock: SetClock
) -> None:
    write(sharing, *[(one, act(sharing, "hand.raise")) for one in (juniper, fern)])
    for one in (wren, fern):
        seen(sharing, one, set_clock.at)
    assert state_of(sharing, wren)["away"] == [juniper.public_id]
    set_clock.forward(60)
    seen(sharing, fern, set_clock.at)
    assert state_of(sharing, wren)["away"] == [juniper.public_id, wren.public_id]
    assert line(sharing) == [juniper, fern]


def test_looking_for_people_who_are_away_costs_one_query_when_nobody_is(
    sharing: Room, wren: Member, set_clock: SetClock
) -> None:
    seen(sharing, wren, set_clock.at)
    with CaptureQueriesContext(connection) as spent:
        hold_turns(set_clock.at + timedelta(seconds=100))
    assert len(spent) == 1


# --- the chair ---------------------------------------------------------------------------------------------------


def test_the_room_is_told_who_leads(meeting: Room, wren: Member) -> None:
    assert by_the_house(meeting, acts.Chair(wren.public_id)) == Committed(1)
    told = event(meeting, 1)
    assert (told["type"], told["data"], told["by"]) == ("chair.changed", {"member": wren.public_id}, None)


@pytest.mark.parametrize("op", ["chair", "chair.change", "away"])
def test_nobody_asks_for_what_the_house_does(meeting: Room, alder: Member, op: str) -> None:
    assert refused(meeting, alder, act(meeting, op, alder.public_id)) == "bad_frame"


# --- kinds of rooms, and what it costs -----------------------------------------------------------------------------


def test_a_room_of_two_has_no_floor_and_that_of_a_meeting_has(room: Room, wren: Member) -> None:
    hidden = {"joining": Group.Joining.CLOSED, "listed": False}
    groups = Group.objects.filter(pk=room.group_id)
    groups.update(kind=Group.Kind.PAIR, **hidden)
    assert code_of(do(room, wren, act(room, "hand.raise"))) == "denied"
    groups.update(kind=Group.Kind.MEETING)
    assert code_of(do(room, wren, act(room, "hand.raise"))) == ""


def test_a_word_in_a_meeting_costs_as_much_as_anywhere(
    sharing: Room, wren: Member, alder: Member, juniper: Member
) -> None:
    plain = RoomFactory(group=sharing.group)
    do(plain, alder, act(plain, "phase.set", None, "sharing"))
    do(plain, alder, act(plain, "turn.grant", wren.public_id))

    def spent(room: Room, *who: Member) -> int:
        with CaptureQueriesContext(connection) as spent:
            outcomes = write(room, *[(one, say(room)) for one in who])
        assert {code_of(outcome) for outcome in outcomes} == {""}
        return len(spent)

    first = spent(plain, wren)
    assert first == spent(sharing, wren) == spent(sharing, wren, alder, wren)
    MemberFactory.create_batch(3)
    cut(sharing, "given on", alder, juniper)
    assert spent(sharing, wren) == first + 1
