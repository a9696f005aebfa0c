"""Icons: `{% icon "help" %}` draws one, `{% icon_symbols %}` at the page's end prints each shape it used once."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# 24 × 24, drawn with one stroke; names say what is shown, or what it stands for in one word.
SHAPES = {
    "cal": '<path d="M4 6h16v14H4zM4 10.5h16M8 3.5V7M16 3.5V7"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>',
    "cut": '<path d="M9 7H7.5a5 5 0 0 0-2 9.6M15 7h1.5a5 5 0 0 1 2 9.6M12 3v3M8.5 21l1-2.5M15.5 21l-1-2.5"/>',
    "desk": '<path d="M3 8.5h18M5 8.5V20M19 8.5V20M12 8.5v6h7M14.5 11.5h2M7 8.5v-4h6v4"/>',
    "exit": '<path d="M10 4H5v16h5M14 8l4 4-4 4M18 12H9"/>',
    "hand": (
        '<path d="M8 12V5.5a1.5 1.5 0 0 1 3 0V11V4a1.5 1.5 0 0 1 3 0v7-5.5a1.5 1.5 0 0 1 3 0V15c0 4-2 6-5.5 6'
        '-3 0-4.5-1.5-6-4.5L4 13.5c-.6-1.2 1-2.3 2-1.2z"/>'
    ),
    "help": (
        '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="3.5"/>'
        '<path d="m5.6 5.6 3.9 3.9m5 5 3.9 3.9m0-12.8-3.9 3.9m-5 5-3.9 3.9"/>'
    ),
    "hide": (
        '<path d="M4 4l16 16M9.5 6A10 10 0 0 1 12 5.7c4.5 0 7.5 3 9 6.3a13 13 0 0 1-2.5 3.6'
        'M6 8.3A13 13 0 0 0 3 12c1.5 3.3 4.5 6.3 9 6.3 1.2 0 2.3-.2 3.3-.6"/>'
    ),
    "home": '<path d="m4 11 8-7 8 7v9h-5.5v-5.5h-5V20H4z"/>',
    "lamp": (
        '<path class="flame" d="M8 8.5h8L15 17H9z"/>'
        '<path d="M12 2v2.5M5.5 8.5 12 4.5l6.5 4zM8 8.5 9 17h6l1-8.5M12 17v4M8.5 21h7"/>'
    ),
    "letter": '<path d="M3.5 6h17v12.5h-17zM3.5 7l8.5 6.5L20.5 7"/>',
    "me": '<circle cx="12" cy="8" r="4"/><path d="M4.5 21c.5-4.5 3.3-6.5 7.5-6.5s7 2 7.5 6.5"/>',
    "more": '<path d="M6 12h.01M12 12h.01M18 12h.01" stroke-width="3"/>',
    "note": '<path d="M12 4 3 20h18zM12 10.5v4.5M12 17.8v.01"/>',
    "people": (
        '<circle cx="9" cy="8" r="3.5"/>'
        '<path d="M3 20c0-4 2.5-6 6-6s6 2 6 6M16 5a3.5 3.5 0 0 1 0 6.5M17.5 14.5c2.3.7 3.5 2.5 3.5 5.5"/>'
    ),
    "phone": (
        '<path d="M5 4h4l1.5 5-2.5 1.5a12 12 0 0 0 5.5 5.5l1.5-2.5 5 1.5v4c0 .8-.7 1.5-1.5 1.5'
        'C11 20.5 3.5 13 3.5 5.5 3.5 4.7 4.2 4 5 4z"/>'
    ),
    "text": '<path d="M4 5h16v11.5H11L6.5 20v-3.5H4z"/>',
    "tick": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
}


def used_in(context: Context) -> set[str]:
    """The page's own set of used icons, kept where includes, with or without `only`, find the same one."""
    request = getattr(context, "request", None)
    page: dict[str, Any] = context.dicts[0] if request is None else vars(request)
    used: set[str] = page.setdefault("used_icons", set())
    return used


@register.simple_tag(takes_context=True)
def icon(context: Context, name: str) -> SafeString:
    """One icon, hidden from screen readers: the word beside it says the same. KeyError for an unknown name."""
    SHAPES[name]
    used_in(context).add(name)
    return format_html('<svg class="i" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag(takes_context=True)
def icons_for_script(context: Context, *names: str) -> str:
    """Print the shapes of these icons too: a script draws them later."""
    used_in(context).update(names)
    return ""


@register.simple_tag(takes_context=True)
def icon_symbols(context: Context) -> SafeString:
    """The shapes of every icon used on the page so far; stands at its end."""
    symbols = "".join(
        f'<symbol id="i-{name}" viewBox="0 0 24 24">{SHAPES[name]}</symbol>'
        for name in sorted(used_in(context))
    )
    return mark_safe(f"<svg hidden>{symbols}</svg>")  # noqa: S308 - our own shapes
