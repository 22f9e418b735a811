"""What several roles need of Kafka: topics, the admin client, leadership, ids of topics, followers of compacted topics.

Lives here: names, partitions and retention of topics, one way to create them. Does not live here: the batch transport of the
monitor (``streams/transport``), producers and consumers of one role.
"""
