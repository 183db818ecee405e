"""The document is JSON text: one record, or an array of variant records that share a name.

It is stored, hashed, sent and served exactly as written; these functions read it, find places in it,
and change single members of it, leaving every other byte alone. Pure.
"""

from shared.document.changes import Change, diff_by_field
from shared.document.comparison import canonical, name_of, newest_updated_at, records_of, same, sha256
from shared.document.members import remove_member, set_member, stamp, write_member
from shared.document.merging import Merge, MergeConflict, merge
from shared.document.parsing import MAX_DOCUMENT_BYTES, Parsed, Record, parse
from shared.document.places import Location, locate, locate_all
from shared.document.splicing import FileRecord, array_document, array_records, new_file, patch_file, splice
from shared.document.tree import pointer_of, pointer_tokens
from shared.document.unified import unified

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "Change",
    "FileRecord",
    "Location",
    "Merge",
    "MergeConflict",
    "Parsed",
    "Record",
    "array_document",
    "array_records",
    "canonical",
    "diff_by_field",
    "locate",
    "locate_all",
    "merge",
    "name_of",
    "new_file",
    "newest_updated_at",
    "parse",
    "patch_file",
    "pointer_of",
    "pointer_tokens",
    "records_of",
    "remove_member",
    "same",
    "set_member",
    "sha256",
    "splice",
    "stamp",
    "unified",
    "write_member",
]
