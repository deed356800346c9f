"""URIs of resources: those that are taken are read back by FastMCP as they are written."""

from __future__ import annotations

import pytest
from fastmcp.resources.template import build_regex, match_uri_template
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl

from mcpforge.errors import UsageError
from mcpforge.uris import SPECIAL_SCHEMES, URI_LENGTH, default_uri, parse_uri

NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,5}", fullmatch=True)
LITERALS = st.text("abzAZ09._~-", max_size=4)


@st.composite
def uris(draw: st.DrawFn) -> str:
    """Return texts that are URIs more often than not."""
    scheme = draw(st.sampled_from(["x", "my-server", "a+b.c", "https", "file", "s3"]))
    segments = draw(
        st.lists(
            st.one_of(
                LITERALS,
                NAMES.map("{{{}}}".format),
                NAMES.map("{{{}*}}".format),
                st.builds("{}{{{}}}{}".format, LITERALS, NAMES, LITERALS),
            ),
            min_size=1,
            max_size=4,
        )
    )
    query = draw(st.lists(NAMES, max_size=3))
    return f"{scheme}://{'/'.join(segments)}" + (f"{{?{','.join(query)}}}" if query else "")


@given(uris())
def test_fastmcp_reads_what_is_taken(text: str) -> None:
    try:
        uri = parse_uri(text)
    except UsageError:
        return
    assert str(AnyUrl(uri.sample)) == uri.sample
    assert bool(uri.parameters) == bool(uri.pattern)
    if uri.parameters:
        found = match_uri_template(uri.sample, text)
        assert found == {item.name: item.sample for item in uri.parameters}
        assert build_regex(text)
    else:
        assert uri.sample == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "x:y", "x:/y", "://y", "1x://y", "X://y", "a_b://y", "ä://y", "x ://y"),
        *("x://a b", "x://ä", "x://a#b", "x://a?b=c", "x://a%20b", 'x://"', "x://a\\b", "x://a\n"),
        *(
            "x://..",
            "x://a/../b",
            "x://a/./b",
            "x://{a}{b}",
            "x://{a",
            "x://a}",
            "x://{}",
            "x://{*}",
        ),
        *(
            "x://{class}",
            "x://{a-b}",
            "x://{1a}",
            "x://{_a}",
            "x://{ä}",
            "x://{a b}",
            "x://{a}/{a}",
        ),
        *("x://v{a*}", "x://{a*}/{b*}", "x://{?a}/b", "x://{?}", "x://{?a,}", "x://{?a,a}"),
        *("x://{a}{?a}", "x://{?a}{?b}", "x://{?a*}", "http://{a}", "http://{a}/b", "http://H/a"),
        *("http://h", "https://", "http:///a", "file://{a}", "ftp://h", f"x://{'a' * URI_LENGTH}"),
        f"x://{{{'a' * 31}}}",
    ],
)
def test_what_would_not_be_read_back_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_uri(text)
    assert caught.value.code == "bad_uri"
    assert caught.value.hint


def test_parameters_in_order() -> None:
    uri = parse_uri("notes://{topic}/{page*}/v{n}.txt{?limit,after}")
    assert [(item.name, item.annotation) for item in uri.parameters] == [
        ("topic", "str"),
        ("page", "str"),
        ("n", "str"),
        ("limit", "str | None = None"),
        ("after", "str | None = None"),
    ]
    assert uri.sample == (
        "notes://some-topic/some/page/vsome-n.txt?limit=some-limit&after=some-after"
    )
    assert uri.shape == "notes://{}/{}/v{}.txt"


@pytest.mark.parametrize("package", ["weather", "a_b_c", *sorted(SPECIAL_SCHEMES)])
def test_the_default(package: str) -> None:
    uri = parse_uri(default_uri(package, "a1_b"))
    assert str(AnyUrl(uri.text)) == uri.text
    assert uri.text.endswith("://a1_b")
