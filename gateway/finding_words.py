"""What validation finds and the registry refuses, as templates: `service_words` says them in the page's language.

`PHRASES` stand within a sentence alone: at the top they would take people's own words for theirs.
"""

from __future__ import annotations


def _l(sentence: str) -> str:
    """Marks a sentence for the catalogue."""
    return sentence


READING = (
    _l("Expected a JSON document, found an empty text."),
    _l("Expected '{' or '[', found a byte order mark; save the text without one."),
    _l("Expected a character, found half of one (U+%(code)s); remove it."),
    _l("Expected a character, found half of one (%(found)s, a lone surrogate); remove it."),
    _l("Expected at most %(limit)s bytes, found %(found)s; shorten the document."),
    _l("Expected at most %(limit)s values, found more; shorten the document."),
    _l("Expected at most %(limit)s levels of nesting, found more; flatten the document."),
    _l("Expected at most %(limit)s records of one model, found %(found)s; send one model alone."),
    _l("Expected text, found a NUL character; remove it."),
    _l("Expected text, found the NUL character (\\u0000); remove it."),
    _l("Expected one record (an object) or an array of records, found an empty array; add a record."),
    _l("Expected one record (an object) or an array of records, found %(found)s."),
    _l("Expected a record (an object), found %(found)s."),
    _l("Expected one model_name, a string, in every record, found %(found)s; give all variants the same name."),
    _l("Expected an integer of at most 64 bits, found %(found)s; write a smaller number or a string."),
    _l("Expected a number that a 64-bit float holds, found %(found)s; write a smaller one."),
    _l("Expected the end of the text, found more after the document; send one JSON value."),
    _l("Expected %(expected)s, found the end of the text; close every bracket and quote."),
    _l("Expected a JSON number, found %(found)s, which JSON does not have; use a number or null."),
    _l("Expected a JSON string, found one that is not closed, holds a raw control character or a wrong escape."),
    _l("Expected a value, found %(found)s; remove a comma too many or add the value."),
    _l("Expected each key once, found %(found)s again; remove one of the two."),
    _l("Expected %(expected)s, found %(found)s."),
    _l("Expected JSON, found %(found)s."),
)
CLIENTS = (
    _l("Xinference %(release)s, the newest release: %(why)s"),
    _l("Xinference %(releases)s passes over this model: %(why)s"),
    _l("Xinference %(releases)s would lose a source, so the feed withholds it: %(why)s"),
    _l("Xinference %(releases)s cannot read this model, so it stands at the feed's end: %(why)s"),
    _l("Xinference %(releases)s would lose its whole list, so the feed withholds it: %(why)s"),
    _l("Xinference %(releases)s would not start again, so the feed withholds it: %(why)s"),
    _l("Xinference %(releases)s packages this name without updated_at, so the feed withholds it"),
)
REFUSALS = (
    _l("document: %(place)s: %(text)s"),
    _l("document: %(place)s: %(text)s; %(count)s more problems"),
    _l("document: %(place)s (line %(line)s, column %(column)s): %(text)s"),
    _l("document: %(place)s (line %(line)s, column %(column)s): %(text)s; %(count)s more problems"),
    _l("document, line %(line)s, column %(column)s: %(text)s"),
    _l("document, line %(line)s, column %(column)s: %(text)s (%(count)s more)"),
    _l(
        "document: Expected one model_name, a string, in every record, found %(found)s; give all variants the "
        "same name."
    ),
    _l("document: expected a member at %(place)s, found none"),
    _l("document: expected an object or array above %(place)s, found none"),
    _l("document: expected an item at %(place)s or '-' to append, found %(count)s items"),
    _l("document: expected a pointer to a member, found '', the whole document"),
    _l("JSON Pointer %(pointer)s: expected '' or a leading '/'"),
    _l("aggregate file: expected a JSON array of records, found another value; look at the target branch"),
    _l("registering a model needs the maintainer role; request it in the User Center"),
    _l("importing needs the operator role; ask an operator"),
    _l("import: expected at most %(limit)s models a call, found %(count)s"),
    _l("desired_state is for services; read the model's pull request instead"),
    _l(
        "client release %(release)s, type %(type)s: expected a release of the table that asks for it, %(first)s to "
        "%(last)s; make the table anew"
    ),
    _l("type %(type)s: expected one of %(values)s"),
    _l("model %(name)s: there is none"),
    _l("model %(name)s: there is none that you may see; check the name's spelling"),
    _l("model %(name)s: only its owners and operators may do this; ask one of them to add you"),
    _l("model %(name)s: this needs the maintainer role; request it in the User Center"),
    _l("model %(name)s: this needs the operator role; ask an operator"),
    _l("model %(name)s: at least one owner must stay; add another one before you leave"),
    _l("Would leave the model without an owner."),
    _l("model %(name)s: expected it %(states)s to %(verb)s it, found it %(state)s"),
    _l(
        "model %(name)s: expected base_revision %(latest)s, found %(base)s; someone changed the model meanwhile: "
        "look at the merge, then send it on the latest revision"
    ),
    _l("model %(name)s: the name is taken (names are compared without regard to case); choose another name"),
    _l("model %(name)s, revision %(number)s: expected a draft, found it %(state)s; make a new revision"),
    _l(
        "model %(name)s, draft %(number)s: someone saved it meanwhile (expected document %(expected)s, found "
        "%(found)s); reload and apply your change again"
    ),
    _l(
        "model %(name)s, revision %(number)s: expected a draft, a pending or a rejected submission, found it "
        "%(state)s; only those can be withdrawn"
    ),
    _l("model %(name)s: it is archived; restore it first"),
    _l("model %(name)s: there is no revision %(number)s; it has revisions 1 to %(latest)s"),
    _l("model %(name)s: base_revision %(base)s does not exist; the latest is %(latest)s"),
    _l("model %(name)s: a revision keeps the model's name and type; register another model for a new name"),
    _l("model %(name)s: you already hold %(held)s unpublished names of %(limit)s; publish or archive some first"),
    _l("form: expected something to add, copy or remove, found %(act)s; load the page again"),
    _l("form: expected a place in the document, found %(act)s; load the page again"),
    _l("form: expected sources around %(place)s, found %(kind)s"),
    _l("form: expected a form of the model at %(place)s, found none"),
)
_IN_READING = (
    _l("a value"),
    _l("a key in double quotes"),
    _l("':' after the key"),
    _l("',' or '}'"),
    _l("',' or ']'"),
    _l("an array"),
    _l("a string"),
    _l("a number"),
    _l("something else"),
)
_IN_VALIDATION = (
    _l("the record"),
    _l("the document"),
    _l("sources"),
    _l("it here"),
    _l("an object"),
    _l("an empty object"),
    _l("a list"),
    _l("an empty list"),
    _l("an empty string"),
    _l("a number of more than 18 digits"),
    _l("a text"),
    _l("a whole number"),
    _l("true or false"),
    _l("another value"),
    _l("a text that is not empty"),
    _l("at most %(limit)s characters"),
    _l("at least %(limit)s entry"),
    _l("at least %(limit)s entries"),
    _l("at least %(limit)s member"),
    _l("%(limit)s or more"),
    _l("a text of the form %(pattern)s"),
    _l("%(kind)s such as %(example)s"),
    _l("%(one)s or %(other)s"),
    _l("the number %(number)s"),
    _l("a huggingface source"),
    _l('a list such as ["none"] or ["Q4_K_M", "Q8_0"]'),
    _l('a positive whole number, or a string such as "1_8" for 1.8 billion'),
    _l("a whole number of Unix seconds"),
    _l("an address that starts with https://"),
    _l("at least one form of the model"),
    _l('at least one hub, such as {"huggingface": {"model_id": …}}'),
    _l('it, as model_file_name_template is ""'),
    _l("the GGUF file's name with {quantization} in it"),
    _l("add it"),
    _l("add an entry"),
    _l("fill it in, or leave it out where it is optional"),
    _l("correct it"),
    _l("rename %(guess)s"),
    _l("set it to %(number)s"),
    _l("add a huggingface source: clients do not start again after an image list with a record without one"),
    _l("add both, or name single files in model_file_name_template"),
    _l(
        'add it; where every quantization is split into parts, give "" here and model_file_name_split_template '
        "with quantization_parts"
    ),
    _l("add where the weights lie"),
    _l("leave it out, the hub sets it"),
    _l('write 7 for 7 billion and "1_8" for 1.8 billion'),
    _l("write %(guess)s"),
    _l("choose one of them"),
    _l("leave it out, or keep it as a note"),
    _l("it is a folder's own name"),
    _l("it starts with a dot"),
    _l("it starts with a hyphen"),
    _l("it holds two dots in a row"),
    _l("it ends in .lock"),
    _l("it ends in a dot"),
)
_OF_CLIENTS = (
    _l("the release packages %(name)s without updated_at and compares with it"),
    _l("it does not know model_specs and looks for model_src"),
    _l("it needs %(fields)s"),
    _l("version must be %(versions)s"),
    _l("it does not know the ability %(ability)s"),
    _l("it takes one string for %(option)s, not a list"),
    _l("it does not know the format %(format)s"),
    _l("(none)"),
    _l("format %(format)s needs %(fields)s"),
    _l("it has no source, and the release takes the first"),
    _l("it finds no source in model_src"),
    _l("it has no huggingface source, and the release takes the first of them"),
    _l("updated_at must be a number of seconds"),
    _l("updated_at is missing, and the release compares by it"),
    _l("it keeps only the newest record of the name and loses %(sources)s"),
    _l("%(name)s must be %(expected)s"),
    _l('a whole number or a string such as "1_8"'),
    _l("a list of strings"),
    _l("a list of whole numbers"),
    _l("a list of objects"),
    _l("a string or a list of strings"),
    _l("a string where it is given"),
    _l("an object of lists of strings"),
    _l("an object of hubs"),
    _l("a JSON object"),
    _l("a record must be a JSON object"),
    _l("each of model_specs must be an object"),
    _l("virtualenv needs packages, a list of strings"),
    _l("%(hub)s needs quantizations, a list of strings"),
    _l("a controlnet needs %(fields)s, all strings"),
)
_OF_MODELS = (
    _l("unpublished"),
    _l("published"),
    _l("deprecated"),
    _l("archived"),
    _l("quarantined"),
    _l("draft"),
    _l("submitted"),
    _l("approved"),
    _l("rejected"),
    _l("withdrawn"),
    _l("superseded"),
    _l("imported"),
    _l("public"),
    _l("enterprise"),
    _l("private"),
    _l("feature"),
    _l("deprecate"),
)
SENTENCES = (*READING, *CLIENTS, *REFUSALS)
PHRASES = (*_IN_READING, *_IN_VALIDATION, *_OF_CLIENTS, *_OF_MODELS)
