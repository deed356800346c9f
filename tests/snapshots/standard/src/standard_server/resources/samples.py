"""Resources that are part of the program."""

from fastmcp.resources import resource

SAMPLE = """\
name,value,category
Item A,100,Electronics
Item B,200,Books
Item C,150,Electronics
"""


@resource("file://data/sample.csv", mime_type="text/csv")
def sample_data() -> str:
    """Sample dataset."""
    return SAMPLE
