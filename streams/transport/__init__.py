"""A Faust transport that hands whole record batches to agents.

Faust builds two asyncio tasks, a message and an event for every record: about 100 µs before your code runs. This
transport gives an agent one message for every fetched chunk of one partition, so that the cost is paid once for
some thousand records. It stays inside Faust's extension points: recovery, rebalancing and offset commits are Faust's
own, and topics that are not batch topics work as ever in the same app.

How to use it::

    from streams.transport import BatchOptions, BatchTopic, install

    install()                                        # teaches Faust the URL scheme batch://
    app = faust.App("counter", broker="batch://localhost:9092", topic_allow_declare=False)
    app.batch = BatchOptions(drain=flush_and_ack)    # optional
    orders = BatchTopic(app, topics=["orders"], value_type=bytes, key_type=bytes, maxsize=16)

    @app.agent(orders)
    async def count(stream):
        async for chunk in stream.noack():           # what was fetched of ONE partition
            message = stream.current_event.message   # message.offset: where the chunk ends
            for values, offsets in chunk:            # list[bytes | None] and their offsets, some thousand at a time
                ...
            message.ack(app.consumer)                # when all of it is durable; commits the last offset + 1

What the files hold:

* ``topic.py``: ``BatchTopic`` and ``BatchMessage``, what an agent sees.
* ``thread.py``: the consumer thread, the group lease.
* ``consumer.py``: delivery, acknowledgement, rebalancing: the remedies below.
* ``driver.py``: the transport class, ``BatchOptions`` and ``install``.
* ``streams/batches``: a fetched chunk, how it is drained from aiokafka and how it is read: fast, from its record batches
  without a ``ConsumerRecord`` each, or over the public ``getmany``; what is touched of aiokafka's and Faust's insides.

What a worker that must be exact has to know about Faust, and what is done about it here:

1. After each recovery Faust clears the stream queues *after* the fetcher has been let loose: what arrived in between
   is lost and its position has passed. Here a gate lets records of batch topics pass only after the last seek and
   that resume.
2. On a rebalance ``Consumer.on_partitions_revoked`` forgets acknowledgements before the app hears of it. Here
   ``BatchOptions.drain`` is awaited first, then what was acked is committed, then Faust goes on; the same at SIGTERM.
3. A member that was thrown out of the group sees its next assignment as the one it had. ``consumer.is_member`` shows it.
4. A chunk read before a rebalance may be handed over after it, and a late seek of an older rebalance may come in.
   Here chunks carry the group generation they were drained in, and seeks the epoch of the gate.
5. ``perform_seek`` seeks to the committed offset. ``BatchOptions.positions`` may say better: the offset kept with
   the state, which is what makes a record count once.
6. Faust's changelog recovery applies some 2,300 records a second. A store that reads its changelog itself names it
   in ``BatchOptions.self_recovering``, and is reported to Faust as empty; nor does Faust then complain, every few
   seconds from the fifth minute on, that no stream processes it.
7. While no partition is active Faust's loop sleeps a second, which is added to every rebalance. Here 50 ms.
8. A paused worker (SIGSTOP, a suspended machine) does not know that its partitions are somebody else's by now.
   ``consumer.lease_left`` says for how long that cannot be so. It prevents ordinary late writes; only a
   transactional producer per partition, which fences its predecessor, closes the gap (``streams/monitor/writer.py``).
9. Faust starts an agent that fell over again, behind the message at which it fell: that message is lost and all looks
   well. ``message.follows`` shows it: the last offset of the message before.
10. Faust has the broker hold a fetch for 1.5 s while there is nothing to give, and aiokafka has one fetch under way to a
   broker: partitions with a backlog wait for those that have none, a second at a time. Here 100 ms
   (``BatchOptions.fetch_wait_ms``).
11. Faust fetches in a thread of its own. While an agent works hard, that thread gets Python's lock back only after the
   switch interval, for every piece of some 256 KB that it reads: with the default of 5 ms it reads some 50 MB a second at
   best. Record batches are decompressed in that thread, which needs no lock; the rest is for the process to set
   (``sys.setswitchinterval``; the monitor's is 1 ms, see ``streams/monitor/app.py``).
"""

from streams.transport.driver import Transport, install
from streams.transport.options import BatchOptions
from streams.transport.topic import BatchMessage, BatchTopic

__all__ = ["BatchMessage", "BatchOptions", "BatchTopic", "Transport", "install"]
