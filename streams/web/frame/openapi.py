"""The OpenAPI document, made from the API's own table of routes and the types it answers with."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from streams.web.frame.problems import ApiProblem
from streams.web.frame.routes import PREFIX, ApiRoute

#: what any question may be answered with instead
ERROR_RESPONSES = {
    "400": "The request makes no sense; the detail says what is expected.",
    "401": "The token is missing or wrong.",
    "404": "Not found.",
    "409": "The request contradicts an earlier one of the same id.",
    "429": "Too many wrong tokens.",
    "503": "ClickHouse or the broker does not answer.",
}


def openapi(routes: tuple[ApiRoute, ...], needs_token: bool) -> dict[str, Any]:
    """The document, OpenAPI 3.1; on loopback without a token it asks for none."""
    bodies = {route.body for route in routes if route.body}
    types = [route.answer for route in routes] + [*bodies, ApiProblem]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    problem = schemas[-1]
    paths: dict[str, Any] = {}
    for route, schema in zip(routes, schemas, strict=False):
        named = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", route.path)
        ]
        asked = [
            {"name": p.name, "in": "query", "required": p.required, "schema": p.schema, "description": p.text}
            for p in route.parameters
        ]
        paths.setdefault(PREFIX + route.path, {}).update(
            {
                route.method.lower(): {
                    "summary": route.summary,
                    "operationId": route.handler.__name__,
                    "parameters": named + asked,
                    **_body(route),
                    "responses": {
                        str(route.code): {
                            "description": route.summary,
                            "content": {"application/json": {"schema": schema}},
                        },
                        **{
                            code: {"description": text, "content": {"application/json": {"schema": problem}}}
                            for code, text in ERROR_RESPONSES.items()
                        },
                    },
                }
            }
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Funnelwatch API",
            "version": "1",
            "description": "Funnels, scores, alerts and dead letters. Times are ms since 1970 UTC; rates are in [0, 1].",
        },
        "security": [{"token": []}] if needs_token else [],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _body(route: ApiRoute) -> dict[str, Any]:
    """The request body of a route that takes one."""
    if route.body is None:
        return {}
    schema = {"$ref": f"#/components/schemas/{route.body.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
