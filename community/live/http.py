"""Appending over HTTP: the form without JavaScript, and JSON for networks that break sockets. The same door."""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_POST

from community.live import domain, frames, log
from community.live.domain import Author, Code, FrameRefused, Opened, Outcome, Refuse, Unchanged
from community.live.rate import rate
from community.live.sockets import NO_ROOM, TOO_FAST, key_of, ok_frame, seq_of
from community.live.writer import UNAVAILABLE, UNKNOWN, submit

WAIT_SECONDS = 15
STATUS = {
    Code.BAD_FRAME: 400,
    Code.TOO_LARGE: 413,
    Code.RATE: 429,
    Code.DENIED: 403,
    Code.MUTED: 403,
    Code.NOT_YOUR_TURN: 403,
    Code.HELD: 403,
    Code.CLOSED: 403,
    Code.NOT_FOUND: 404,
    Code.KEY_CONFLICT: 409,
    Code.UNAVAILABLE: 503,
    Code.UNKNOWN: 503,
}
SEQ_OPS = {"message.edit", "message.hide", "message.restore", "reaction.set"}
VALUE_FIELDS = ("minutes", "seconds", "reason", "kind", "on", "text", "phase", "step", "writes", "why", "to")
NUMBERS = ("minutes", "seconds", "step")


@require_POST
def events(request: HttpRequest, slug: str) -> HttpResponse:
    """Take one `send` or `act`, as JSON or as a form; or, where the socket would be told, how far someone has seen."""
    is_json = request.content_type == "application/json"
    if not request.user.is_authenticated:
        if is_json:
            return JsonResponse({"t": "gone", "code": "auth"}, status=401)
        return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.path})}")
    opened = domain.open_logs(request.user, [slug]).get(slug)
    frame: dict[str, Any] = {}
    outcome: Outcome
    try:
        frame = frames.decode(request.body) if is_json else frame_from_form(request.POST)
        outcome = _write(request.user, opened, frame)
    except UnreadablePostError:
        outcome = Refuse(Code.BAD_FRAME, "The words did not arrive whole. Send them again.", retry=True)
    except FrameRefused as error:
        outcome = error.refusal
    if is_json:
        return _json_answer(frame, slug, outcome)
    return _form_answer(request, slug, opened, outcome)


def unavailable() -> HttpResponse:
    """The answer when the database could not even say who asked."""
    return _json_answer({}, "", UNAVAILABLE)


def _write(member: Any, opened: Opened | None, frame: dict[str, Any]) -> Outcome:
    if opened is None:
        return NO_ROOM
    if frame["t"] == "seen":
        return _see(member, opened, seq_of(frame, "seq"))
    if frame["t"] not in {"send", "act"}:
        raise FrameRefused(Code.BAD_FRAME, "Only “send”, “act” and “seen” are taken here.")
    key = key_of(frame)
    command = opened.domain.parse(frame, opened, Author.of(member))
    if not rate.allow(member.pk, opened.log_id, key):
        return TOO_FAST
    try:
        return submit(command).result(timeout=WAIT_SECONDS)
    except TimeoutError:
        return UNKNOWN


def _see(member: Any, opened: Opened, seq: int) -> Outcome:
    domain.save_seen({(opened.log_id, member.pk): min(seq, log.head(opened.log_id).last_seq)})
    return Unchanged()


def frame_from_form(form: Any) -> dict[str, Any]:
    """A form's flat fields as the frame that they mean. Raises FrameRefused."""
    frame: dict[str, Any] = {"t": form.get("t", "send")}
    for name in ("key", "op"):
        if name in form:
            frame[name] = form[name]
    target = form.get("target", "")
    if frame["t"] == "send":
        frame["text"] = form.get("text", "").replace("\r\n", "\n")
        if form.get("note"):
            frame["note"] = form["note"]
        if form.get("reply_to"):
            frame["reply_to"] = _number(form["reply_to"], "reply_to")
    else:
        if target:
            frame["target"] = _number(target, "target") if frame.get("op") in SEQ_OPS else target
        frame["value"] = _form_value(form)
    if len(frames.encode(frame)) > frames.FRAME_BYTES:
        raise FrameRefused(Code.TOO_LARGE, "That is too long for one message.")
    return frame


def _form_value(form: Any) -> Any:
    if "value" in form:
        return form["value"]
    fields: dict[str, Any] = {name: form[name].replace("\r\n", "\n") for name in VALUE_FIELDS if name in form}
    for name in (*NUMBERS, "writes"):
        if not fields.get(name):
            fields.pop(name, None)
        elif name in NUMBERS:
            fields[name] = _number(fields[name], name)
    if "on" in fields:
        fields["on"] = fields["on"] in {"1", "true", "on", "yes"}
    return fields or None


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise FrameRefused(Code.BAD_FRAME, f"“{name}” must be a whole number.")
    return int(text)


def _json_answer(frame: dict[str, Any], slug: str, outcome: Outcome) -> HttpResponse:
    ident = frame.get("id") if isinstance(frame.get("id"), str | int) else None
    if isinstance(outcome, Refuse):
        answer = {
            "t": "err",
            "id": ident,
            "code": outcome.code,
            "retry": outcome.retry,
            "message": outcome.message,
        }
        return HttpResponse(
            orjson.dumps(answer), status=STATUS[outcome.code], content_type="application/json"
        )
    return HttpResponse(orjson.dumps(ok_frame(ident, slug, outcome)), content_type="application/json")


def _form_answer(request: HttpRequest, slug: str, opened: Opened | None, outcome: Outcome) -> HttpResponse:
    fields = {name: str(value) for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
    if isinstance(outcome, Refuse):
        if opened is None:
            raise Http404
        return opened.domain.refused(request, slug, fields, outcome, STATUS[outcome.code])
    assert opened is not None
    path = fields.get("next", "")
    if not url_has_allowed_host_and_scheme(path, allowed_hosts={request.get_host()}):
        path = opened.domain.page(slug)
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response
