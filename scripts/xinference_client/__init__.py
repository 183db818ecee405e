"""Real Xinference releases, run for what they do to a list of models: for the table and for tests.

`wheels` fetches and unpacks; `stubs`, `inside`, `probe` and `update` run inside a release's own process
and use the standard library and the release alone.
"""
