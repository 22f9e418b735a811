"""The part of the configuration that says who reads a digest: ``digests:`` in ``funnelwatch.yaml``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field, field_validator

from scoring.digest.schedule import DigestForm, DigestSchedule
from streams.schema import WEEKDAYS, Clock, ConfigPart, MailAddress, Weekday, Zone


class SubscriberConfig(ConfigPart):
    """Somebody who reads a digest, and of which stores, when and in which language."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = Field(
        description="What commands and links call them."
    )
    to: tuple[MailAddress, ...] = Field(
        min_length=1, description="Mail addresses; one mail goes to all of them."
    )
    stores: tuple[str, ...] = Field((), description="Store ids or patterns such as us-*; none: every store.")
    zone: Zone = Field("UTC", description="Whose days it covers and on whose clock it is sent.")
    hour: Clock = Field("08:00", description='When it is sent, on the clock of `zone`: 8 or "08:30".')
    language: Literal["zh", "en"] = Field("en", description="In which it is written.")
    form: DigestForm = Field(
        DigestForm.DAILY, description="`daily` covers the day before, `weekly` the seven before."
    )
    days: tuple[Weekday, ...] = Field(
        (), description="Weekdays on which it is sent; none: every day, a weekly one on Monday."
    )

    @field_validator("days", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return tuple(str(day).lower()[:3] for day in value) if isinstance(value, list | tuple) else value

    @property
    def schedule(self) -> DigestSchedule:
        """When this subscriber reads."""
        days = self.days or (WEEKDAYS if self.form is DigestForm.DAILY else ("mon",))
        wanted = frozenset(WEEKDAYS.index(day) for day in days)
        return DigestSchedule(self.zone, int(self.hour[:2]), int(self.hour[3:]), wanted, self.form)

    def wants(self, store_id: str) -> bool:
        """True for a store of this subscriber."""
        return not self.stores or any(fnmatchcase(store_id, pattern) for pattern in self.stores)
