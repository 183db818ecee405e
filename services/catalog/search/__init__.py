"""What can be found, and how many of what."""

from services.catalog.search.index import FACETS, SIZE_BUCKETS, Search, SearchIndex

__all__ = ["FACETS", "SIZE_BUCKETS", "Search", "SearchIndex"]
