"""The morning mail as values: judged, put into words, ready to be laid out.

Lives here: what a period's facts say, in what order, when a mail is due. Does not live here: asking ClickHouse, layout, pictures
and sending (``streams/digests``).
"""
