"""PagerDuty's Events API v2 as documented, over real HTTP: what it rejects, and what an incident goes through.

https://developer.pagerduty.com/docs/send-alert-event: ``routing_key`` and ``event_action`` always; ``payload`` with summary,
source and severity for a trigger; ``dedup_key`` (at most 255 characters) for acknowledge and resolve. An event for an incident
that is not open is taken and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "warning", "error", "info")


@dataclass
class PagerDutyService:
    """Incidents by key: the states each went through. ``is_unreachable`` answers 503 until it is set back."""

    routing_key: str
    url: str = ""
    is_unreachable: bool = False
    incidents: dict[str, list[str]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)

    def wrong(self, event: dict[str, Any]) -> str:
        """What is wrong with an event; empty if nothing."""
        action, payload = event.get("event_action"), event.get("payload") or {}
        problems = {
            "routing_key": event.get("routing_key") != self.routing_key,
            "event_action": action not in ACTIONS,
            "dedup_key": len(event.get("dedup_key", "")) > 255 or (action != "trigger" and not event.get("dedup_key")),
            "payload": action == "trigger" and not (payload.get("summary") and payload.get("source")),
            "severity": action == "trigger" and payload.get("severity") not in SEVERITIES,
        }  # fmt: skip
        return ", ".join(name for name, is_wrong in problems.items() if is_wrong)

    async def take(self, request: web.Request) -> web.Response:
        event = await request.json()
        if self.is_unreachable:
            return web.json_response({}, status=503)
        wrong = self.wrong(event)
        if wrong:
            return web.json_response({"status": "invalid event", "errors": [wrong]}, status=400)
        key, action = event["dedup_key"], event["event_action"]
        self.events.append(action)
        states = self.incidents.get(key, ["resolved"])
        if action == "trigger" and states[-1] == "resolved":
            self.incidents[key] = [*self.incidents.get(key, []), "triggered"]
        if action == "acknowledge" and states[-1] == "triggered":
            states.append("acknowledged")
        if action == "resolve" and states[-1] != "resolved":
            states.append("resolved")
        return web.json_response({"status": "success", "dedup_key": key}, status=202)

    async def serve(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v2/enqueue", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v2/enqueue"
        return runner
