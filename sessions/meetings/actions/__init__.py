"""What is done with a meeting: making and closing it, its door, its chair, and calls for help."""

from sessions.meetings.actions.chairing import begin_step, hand_over, step_in, take_chair
from sessions.meetings.actions.helping import answer_call, call_for_help
from sessions.meetings.actions.lobby import admit, admit_all, arrive, ask_back, note_seen, turn_away
from sessions.meetings.actions.making import close, make_meeting, open_doors
from sessions.meetings.actions.refusals import AlreadyLed, NoSuchStep, NotInside, NotOpen
from sessions.meetings.floor import Refused

__all__ = [
    "AlreadyLed",
    "NoSuchStep",
    "NotInside",
    "NotOpen",
    "Refused",
    "admit",
    "admit_all",
    "answer_call",
    "arrive",
    "ask_back",
    "begin_step",
    "call_for_help",
    "close",
    "hand_over",
    "make_meeting",
    "note_seen",
    "open_doors",
    "step_in",
    "take_chair",
    "turn_away",
]
