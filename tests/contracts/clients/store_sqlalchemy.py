"""What SQLAlchemy, and so Superset, does with the store through clickhouse-connect's dialect. Prints JSON."""

import json
import os

from sqlalchemy import create_engine, inspect, text


def engine(user, password):
    login = f"{os.environ[user]}:{os.environ[password]}"
    return create_engine(f"clickhousedb://{login}@{os.environ['STORE_HOST']}/{os.environ['STORE_DATABASE']}")


with engine("STORE_USER", "STORE_PASSWORD").begin() as writer:
    writer.execute(text("CREATE TABLE shown (n UInt64, s String) ENGINE = MergeTree ORDER BY n"))
    writer.execute(
        text("INSERT INTO shown SELECT number, concat('it''s ', toString(number)) FROM numbers(1000)")
    )

reading = engine("STORE_READER", "STORE_READER_PASSWORD")
about = inspect(reading)
with reading.connect() as reader:
    seen = {
        "tables": about.get_table_names(),
        "columns": [[one["name"], str(one["type"])] for one in about.get_columns("shown")],
        "bound": reader.execute(text("SELECT n FROM shown WHERE s = :s"), {"s": "it's 7"}).scalar(),
        "written": reader.execute(text("SELECT sum(n) FROM shown")).scalar(),
    }
    try:
        reader.execute(text("INSERT INTO shown VALUES (1, '')"))
        seen["rejected"] = False
    except Exception as error:
        seen["rejected"] = "164" in str(error)
print(json.dumps(seen))
