"""The live service: tells open pages that something happened in their sight, so that they ask again at once.

A process of its own beside the pages (`uvicorn governance.live.app:app`): `door` opens a stream, `admission` says who
may hear what, `hub` hands on to each, `reader` brings what stands in the Redis stream.
"""
