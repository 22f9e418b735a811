"""A channel is one file and one line: its configuration, errors, sending and reference row follow from them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from streams.channels.registry import CHANNELS
from tests.places import ROOT
from tests.streams.channels.hook import Hook

#: the one line is added before anything else is imported, as it would be in the file of the registry
PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from scoring.wording.card import Card
from streams.channels import registry
from tests.streams.channels import toy

registry.CHANNELS = (toy.CHANNEL, *registry.CHANNELS)

import aiohttp
from scoring.alerts.routing import Severity
from streams.channels import Message, MessageKind
from streams.channels.receiver import ChannelContext
from streams.config.loading import read_config
from streams.settings import Settings
from streams.web.settings.effective import receiver_lines

async def send(receiver):
    async with aiohttp.ClientSession() as session:
        context = ChannelContext(session, Settings(), lambda: 0, print)
        card = Card("a1", "en", Severity.INFO, True, "Orders fell", (), ())
        message = Message("k", "t", "", MessageKind.FIRING, "en", (card,))
        await registry.build_channel(receiver, context).send(message)

good, bad = Path(sys.argv[1]), Path(sys.argv[2])
config, problems = read_config(good, with_secrets=True)
asyncio.run(send(config.alerting.receivers[0]))
(line,) = receiver_lines(config)
print(json.dumps({
    "problems": problems,
    "row": registry.reference_rows()[0],
    "page": [line.channel, line.has_address, line.has_secret],
    "errors": [text.removeprefix(str(bad)) for text in read_config(bad, with_secrets=True)[1]],
}))
"""


async def test_a_toy_channel_is_one_file_and_one_line(tmp_path: Path) -> None:
    hook = Hook()
    runner = await hook.serve()
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(
        "alerting:\n  receivers: [{name: t, channel: toy, url: 'env:TOY_URL', token: 'env:TOY_TOKEN', room: ops}]\n"
    )
    bad.write_text(
        "alerting:\n  receivers:\n    - {name: a, channel: toy, url: 'env:TOY_URL'}\n"
        "    - {name: b, channel: toi}\n    - {name: c, channel: toy, url: 'env:TOY_URL', token: plain}\n"
        "    - {name: d, channel: toy, url: 'env:TOY_URL', token: 'env:TOY_TOKEN', rom: x}\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(good), str(bad), stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        env={**os.environ, "TOY_URL": hook.url, "TOY_TOKEN": "t0ken"},
    )  # fmt: skip
    written, _ = await process.communicate()
    await runner.cleanup()
    seen = json.loads(written)
    assert seen["problems"] == []
    assert hook.payloads == [{"room": "ops", "text": "Orders fell"}]
    assert hook.headers[0]["Authorization"] == "t0ken"
    assert seen["row"] == ["toy", "Toy", "玩具", "url*, token*, room", "7", "1"]
    assert seen["page"] == ["toy", True, True]
    assert [error.split(": ", 1) for error in seen["errors"]] == [
        [
            ":3:14",
            "alerting.receivers[0]: receiver 'a': a toy receiver needs `token` (env:NAME or file:PATH)",
        ],
        [
            ":4:26",
            "alerting.receivers[1].channel: unknown value 'toi'; did you mean 'toy'? Expected one of: toy, "
            + ", ".join(channel.name for channel in CHANNELS),
        ],
        [":5:58", "a secret must not be written into this file; expected a reference: env:NAME or file:PATH"],
        [
            ":6:75",
            "unknown key 'rom'; did you mean 'room'? Expected one of: channel, language, name, per_minute, room, token, url, zone",
        ],
    ]
