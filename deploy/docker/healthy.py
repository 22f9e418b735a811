"""Ends with 0 if the role named has said within the last 20 seconds that it is ready. The container's health check."""

import json
import os
import sys
import time
from pathlib import Path

OLDEST_S = 20.0


def main() -> int:
    path = Path(os.environ.get("FUNNELWATCH_DATA", "/data")) / "run" / f"{sys.argv[1]}.json"
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{path}: {error}\n")
        return 1
    age_s = time.time() - told["updated_at_ms"] / 1000
    sys.stdout.write(f"{told['state']} {age_s:.0f} s ago {told['detail']}\n")
    return 0 if told["state"] == "ready" and age_s < OLDEST_S else 1


if __name__ == "__main__":
    sys.exit(main())
