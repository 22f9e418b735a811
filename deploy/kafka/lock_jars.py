"""Write streams/embedded/broker_jars.lock from pom.xml next to this file. Needs Maven; run it when Kafka's version changes.

Usage: python deploy/kafka/lock_jars.py
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
LOCK = Path(__file__).parents[2] / "streams" / "embedded" / "broker_jars.lock"
HEAD = """\
# The jars of the embedded broker: group, artifact, version, SHA-256, size in bytes.
# Made by deploy/kafka/lock_jars.py from deploy/kafka/pom.xml; do not edit.
"""


def main() -> int:
    """Resolve the pom, hash each jar and write the list."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={folder}",
             "-DincludeScope=runtime", "-Dmdep.useRepositoryLayout=true"],
            check=True,
        )  # fmt: skip
        lines = []
        for jar in sorted(Path(folder).rglob("*.jar")):
            *group, artifact, version, _ = jar.relative_to(folder).parts
            content = jar.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            lines.append(f"{'.'.join(group)} {artifact} {version} {digest} {len(content)}")
    LOCK.write_text(HEAD + "\n".join(lines) + "\n")
    sys.stdout.write(f"{LOCK}: {len(lines)} jars\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
