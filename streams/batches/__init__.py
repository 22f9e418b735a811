"""Records read from aiokafka's record batches, without an object for each: by the monitor's transport, by landing.

Lives here: a fetched chunk and how it is drained (``chunks``), taking chunks with a plain consumer (``reader``), and what is touched of
aiokafka's and Faust's insides (``internals``). Does not live here: anything of Faust (``streams/transport``).
"""
