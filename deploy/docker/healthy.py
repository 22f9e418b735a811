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
        state_of_role = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{path}: {error}\n")
        return 1
    age_s = time.time() - state_of_role["updated_at_ms"] / 1000
    sys.stdout.write(f"{state_of_role['state']} {age_s:.0f} s ago {state_of_role['detail']}\n")
    return 0 if state_of_role["state"] == "ready" and age_s < OLDEST_S else 1


if __name__ == "__main__":
    sys.exit(main())
