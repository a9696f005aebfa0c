"""Words in a room: posting, editing, covering, restoring, reacting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from community.groups.access import Standing
from community.live import frames
from community.live.domain import (
    Append,
    Code,
    Decision,
    Refuse,
    Rewrite,
    Same,
    Stored,
)
from community.members.models import Member
from moderation.audit.actions import Subject, record
from moderation.audit.chain import digest_of
from moderation.audit.verbs import Verb
from sessions.rooms import acts
from sessions.rooms.hall import Hall
from sessions.rooms.models import Room
from sessions.rooms.phases import Writes, writes_in
from sessions.rooms.refusals import (
    HOSTS_WRITE,
    NO_MESSAGE,
    NOBODY_WRITES,
    NOT_YOUR_TURN,
    NOT_YOURS,
)

EDIT_MINUTES = 15


def say(hall: Hall, room: Room, author: Member, standing: Standing, act: acts.Say) -> Decision:
    no = _not_now(hall, room, author, standing)
    finishing = no is not None and hall.finishes(room, author)
    if no and not finishing:
        return no
    data: dict[str, Any] = {"text": act.text, "html": act.html}
    if act.reply_to is not None:
        answered = hall.messages.get((room.log_id, act.reply_to))
        if answered is None or answered.type != "message.posted":
            return NO_MESSAGE
        data["reply_to"] = act.reply_to
    if act.note:
        data["note"] = act.note
    if finishing:
        hall.let_finish(room, None)
    return Append("message.posted", data, target=act.reply_to)


def _not_now(hall: Hall, room: Room, author: Member, standing: Standing) -> Refuse | None:
    """Why this part of the meeting keeps them from writing."""
    match writes_in(room):
        case Writes.NONE:
            return NOBODY_WRITES
        case Writes.HOSTS if not standing.chairs:
            return HOSTS_WRITE
        case Writes.TURN if not standing.chairs:
            turn = hall.floors[room.log_id].turn
            return NOT_YOUR_TURN if turn is None or turn.member_id != author.pk else None
    return None


def message_at(hall: Hall, room: Room, seq: int) -> Stored | None:
    message = hall.messages.get((room.log_id, seq))
    return message if message is not None and message.type == "message.posted" else None


def keep(hall: Hall, message: Stored, data: dict[str, Any]) -> None:
    hall.messages[message.log_id, message.seq] = Stored(
        message.log_id,
        message.seq,
        message.type,
        message.actor,
        message.target,
        message.key,
        message.at,
        message.by,
        data,
    )


def edits_of(hall: Hall, message: Stored) -> list[Stored]:
    return hall.edits.get((message.log_id, message.seq), [])


def edit(hall: Hall, room: Room, author: Member, act: acts.Edit) -> Decision:
    message = message_at(hall, room, act.seq)
    if message is None or message.data.get("hidden"):
        return NO_MESSAGE
    if message.actor != author.pk:
        return Refuse(Code.DENIED, "Only whoever wrote it can change it.")
    if hall.at - message.at > timedelta(minutes=EDIT_MINUTES):
        return Refuse(Code.DENIED, f"A message can be changed for {EDIT_MINUTES} minutes; this one is older.")
    if message.data["text"] == act.text:
        return Same()
    data = {**message.data, "text": act.text, "html": act.html, "edited_at": frames.stamp(hall.at)}
    keep(hall, message, data)
    edited = {"seq": act.seq, "text": act.text, "html": act.html}
    rewrites = [Rewrite(act.seq, data, "edited")]
    rewrites += [Rewrite(edit.seq, edited, "edited") for edit in edits_of(hall, message)]
    remember_edit(hall, message, author, edited)
    return Append("message.edited", edited, target=act.seq, rewrites=tuple(rewrites))


def remember_edit(hall: Hall, message: Stored, author: Member, data: dict[str, Any]) -> None:
    """What comes later in this batch must find, and cover, the words of this edit too."""
    seq = hall.new_seq[message.log_id]
    edit = Stored(
        message.log_id, seq, "message.edited", author.pk, message.seq, None, hall.at, message.by, data
    )
    hall.edits.setdefault((message.log_id, message.seq), []).append(edit)


def cover(
    hall: Hall, room: Room, author: Member, standing: Standing, act: acts.Hide | acts.Restore
) -> Decision:
    message = message_at(hall, room, act.seq)
    if message is None:
        return NO_MESSAGE
    own = message.actor == author.pk
    if isinstance(act, acts.Hide):
        if not (own or standing.keeps_order):
            return NOT_YOURS
        hidden = hide(hall, message, "author" if own else "moderator", act.reason)
        if not own:
            put_on_record(hall, Verb.MESSAGE_HIDDEN, hidden, room, author, message, act.reason)
        return hidden
    if message.data.get("hidden") is not True:
        return Same()
    if not (standing.keeps_order and message.data.get("why") != "author"):
        return NOT_YOURS
    restored = restore(hall, message, act.reason)
    put_on_record(hall, Verb.MESSAGE_RESTORED, restored, room, author, message, act.reason)
    return restored


def put_on_record(
    hall: Hall, verb: Verb, decision: Decision, room: Room, by: Member, message: Stored, reason: str
) -> None:
    """What a keeper does to the words of another is on record; taking back one's own is nobody's business."""
    if not isinstance(decision, Append):
        return
    facts = {"author": message.actor} | ({"reason": digest_of(reason)} if reason else {})
    subject = Subject("message", message.seq)
    record(verb=verb, actor=by.pk, subject=subject, scope=room.tag, facts=facts, at=hall.at)


def hide(hall: Hall, message: Stored, why: str, reason: str) -> Decision:
    if message.data.get("hidden"):
        return Same()
    cover: dict[str, Any] = {"hidden": True, "why": why}
    if reason:
        cover["reason"] = reason
    hall.hidden_words[message.log_id, message.seq] = message.data
    keep(hall, message, cover)
    rewrites = [Rewrite(message.seq, cover, "hidden", reason)]
    rewrites += [
        Rewrite(edit.seq, {"seq": message.seq, "hidden": True}, "hidden", reason)
        for edit in edits_of(hall, message)
    ]
    data: dict[str, Any] = {"seq": message.seq, "why": why} | ({"reason": reason} if reason else {})
    return Append("message.hidden", data, target=message.seq, rewrites=tuple(rewrites))


def restore(hall: Hall, message: Stored, reason: str) -> Decision:
    words = hall.hidden_words.get((message.log_id, message.seq))
    if words is None:
        return Refuse(Code.DENIED, "What it said is no longer kept.")
    keep(hall, message, words)
    edited = {"seq": message.seq, "text": words["text"], "html": words["html"]}
    rewrites = [Rewrite(message.seq, words, "restored", reason)]
    rewrites += [Rewrite(edit.seq, edited, "restored", reason) for edit in edits_of(hall, message)]
    return Append("message.restored", {"seq": message.seq}, target=message.seq, rewrites=tuple(rewrites))


def react(hall: Hall, room: Room, author: Member, act: acts.React) -> Decision:
    message = message_at(hall, room, act.seq)
    if message is None or message.data.get("hidden"):
        return NO_MESSAGE
    place = (room.log_id, act.seq, author.pk, act.kind)
    if (place in hall.reactions) == act.on:
        return Same()
    (hall.reactions.add if act.on else hall.reactions.discard)(place)
    hall.new_reactions[place] = act.on
    return Append("reaction.set", {"seq": act.seq, "kind": act.kind, "on": act.on}, target=act.seq)
