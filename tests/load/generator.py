"""Send requests at a rate that does not depend on the answers: a program that reads what to do, and writes what came.

Whoever waits for an answer before asking again can't overload anybody. Here each request goes out at its moment, over
a connection that is free then, or a new one.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

TIMEOUT = 30
TICK = 0.01


@dataclass
class Second:
    """What came back in one second."""

    answers: Counter[str] = field(default_factory=Counter)
    bare: int = 0
    """Refusals that don't say when to try again."""
    waits: list[float] = field(default_factory=list)
    """How long those waited, in seconds, who were served."""


class Generator:
    """The connections, and what came of them."""

    def __init__(self, port: int, requests: list[bytes], weights: list[int]) -> None:
        self.port, self.requests, self.weights = port, requests, weights
        self.free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.seconds: list[Second] = []
        self.began = time.monotonic()

    def _now(self) -> Second:
        number = int(time.monotonic() - self.began)
        while len(self.seconds) <= number:
            self.seconds.append(Second())
        return self.seconds[number]

    async def one(self) -> None:
        """Send one request, and note the answer."""
        request = random.choices(self.requests, self.weights)[0]
        asked = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT):
                status, head = await self._exchange(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            self._now().answers[type(error).__name__] += 1
            return
        second = self._now()
        second.answers[status] += 1
        if status in {"429", "503"}:
            second.bare += b"\r\nretry-after: " not in head.lower()
        else:
            second.waits.append(time.monotonic() - asked)

    async def _exchange(self, request: bytes) -> tuple[str, bytes]:
        reader, writer = self.free.pop() if self.free else await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await _body(reader, head)
        except BaseException:
            writer.close()
            raise
        if b"\r\nconnection: close" in head.lower():
            writer.close()
        else:
            self.free.append((reader, writer))
        return head[9:12].decode(), head

    async def at_rate(self, rate: float, seconds: float) -> None:
        """Send so many a second, whatever comes back."""
        began, sent, tasks = time.monotonic(), 0, set[asyncio.Task[None]]()
        while (elapsed := time.monotonic() - began) < seconds:
            while sent < elapsed * rate:
                task = asyncio.create_task(self.one())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                sent += 1
            await asyncio.sleep(TICK)
        await asyncio.gather(*tasks)

    async def in_turn(self, people: int, seconds: float) -> None:
        """Let so many ask one request after the other."""
        end = time.monotonic() + seconds

        async def somebody() -> None:
            while time.monotonic() < end:
                await self.one()

        await asyncio.gather(*(somebody() for _one in range(people)))


async def _body(reader: asyncio.StreamReader, head: bytes) -> None:
    names = head.lower()
    if b"\r\ntransfer-encoding: chunked" in names:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    elif b"\r\ncontent-length: " in names:
        length = int(names.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)


def main(task: dict[str, Any]) -> dict[str, Any]:
    """Do it; return for each second its answers, refusals without a time, and waits at the median and 99 %."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    requests = [one["text"].encode() for one in task["requests"]]
    generator = Generator(task["port"], requests, [one["weight"] for one in task["requests"]])
    if "rate" in task:
        asyncio.run(generator.at_rate(task["rate"], task["seconds"]))
    else:
        asyncio.run(generator.in_turn(task["people"], task["seconds"]))
    found = []
    for one in generator.seconds:
        waits = sorted(one.waits)
        at = {"p50": waits[len(waits) // 2], "p99": waits[len(waits) * 99 // 100]} if waits else {}
        found.append({"answers": dict(one.answers), "bare": one.bare, **at})
    return {"seconds": found}


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
