"""One interface per service: a Protocol whose methods take `(request, caller)` and return a message.

Requests and answers are frozen dataclasses; their marshmallow schemas are made by
`shared.contracts.wire` and serve routes, OpenAPI and both call carriers.
"""
