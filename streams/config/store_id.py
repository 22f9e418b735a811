"""What a store's id may be: in the configuration, in mappings of files, and on the command line."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

STORE_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
StoreId = Annotated[str, Field(pattern=STORE_ID)]
