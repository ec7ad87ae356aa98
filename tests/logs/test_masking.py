"""Secrets are hidden in every view of a log, wherever its windows begin."""

from __future__ import annotations

import time

import pytest

from jobs.logs import MASK, BadPattern, Filter, Masker, levels_named, readable
from jobs.logs.masking import MARGIN_BYTES
from jobs.registry.secrets import without_secrets
from tests.logs.reading import MASKER, reader_of, shown
from tests.waiting import patience


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("password=hunter2", "hunter2"),
        ('{"api_key": "abc def", "x": 1}', "abc def"),
        ("export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI/K7MDENG"),
        ("key id AKIAIOSFODNN7EXAMPLE here", "AKIAIOSFODNN7EXAMPLE"),
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("curl -H 'authorization: Basic dXNlcjpwdw=='", "dXNlcjpwdw=="),
        ("got bearer 0123456789abcdef", "0123456789abcdef"),
        ("Cookie: sid=1234; other=5", "sid=1234; other=5"),
        ("DATABASE_URL=postgres://app:s3cret@db/x", "s3cret"),
        ("token: ghp_abcdefghijklmnopqrstuvwxyz0123", "ghp_abcdefghijklmnopqrstuvwxyz0123"),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ", "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ"),
        ("run --api-key abc123", "abc123"),
        ("sk-proj-abcdefghijklmnop", "sk-proj-abcdefghijklmnop"),
        ("api key: SECa4zzq", "SECa4zzq"),
        ("tokens=SECa4zzq", "SECa4zzq"),
        ('{"tokens": "abcdefghijklmnopqrstuvwx"}', "abcdefghijklmnopqrstuvwx"),
        ('{"password":{"value":"SECa4zzq"},"x":1}', "SECa4zzq"),
        ('{"token": {"of": {"value": "SECa4zzq"}}}', "SECa4zzq"),
        ("{'password': ['SECa4zzq', 'b']}", "SECa4zzq"),
        ("password=a,SECa4zzq and more", "SECa4zzq"),
        ("curl -s -u user:SECa4zzq https://x", "SECa4zzq"),
        ("curl --user='user:SECa4zzq' https://x", "SECa4zzq"),
        ("mysql -h db -pSECa4zzq app", "SECa4zzq"),
        ("mysqldump -p'SECa4zzq'", "SECa4zzq"),
        ("MYSQL_PWD=SECa4zzq", "SECa4zzq"),
        ("redis-cli -h db -a SECa4zzq", "SECa4zzq"),
        ("sshpass -p SECa4zzq ssh host", "SECa4zzq"),
        ("git clone https://SECa4zzq0123456789@host/x.git", "SECa4zzq0123456789"),
        ("https://SECa4zzq:x-oauth-basic@github.com/x", "SECa4zzq"),
        ("X-Auth-Token SECa4zzq", "SECa4zzq"),
        (r'{"out": "first\nsk-proj-abcdefghijklmnop"}', "sk-proj-abcdefghijklmnop"),
        (r'{"out": "first\nghp_abcdefghijklmnopqrstuvwxyz"}', "ghp_abcdefghijklmnopqrstuvwxyz"),
        (r'password="ab\"SECa4zzq"', "SECa4zzq"),
        (r"password='ab\'SECa4zzq'", "SECa4zzq"),
        (r'{"password": "ab\"SECa4zzq", "x": 1}', "SECa4zzq"),
        (r'"{\"password\": \"ab\\\"SECa4zzq\", \"x\": 1}"', "SECa4zzq"),
        ("postgres://u:p@SECa4zzq@host/db", "SECa4zzq"),
        ("postgres://u:SECa4zzq/x@host/db", "SECa4zzq"),
        ("postgres://u:x/SECa4zzq@host/db", "SECa4zzq"),
        ('Authorization: Digest username="u", realm="x", response="SECa4zzq"', "SECa4zzq"),
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/s3/aws4_request, "
            "SignedHeaders=host;range, Signature=SECa4zzq",
            "SECa4zzq",
        ),
        ("secret: !!str SECa4zzq", "SECa4zzq"),
        ("password: !SECa4zzq", "SECa4zzq"),
        ("SECRET_KEY_BASE=SECa4zzq", "SECa4zzq"),
        ("ENCRYPTION_KEY=SECa4zzq", "SECa4zzq"),
        ("RAILS_MASTER_KEY=SECa4zzq", "SECa4zzq"),
        ("AccountName=x;AccountKey=SECa4zzq+/==;EndpointSuffix=core", "SECa4zzq"),
        ("npm_abcdefghijklmnopqrstuvwxyz0123456789", "abcdef"),
        ("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "abcdef"),
        ("pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMA", "AgEIcH"),
        ("dckr_pat_abcdefghijklmnopqrstuvwxyz0", "abcdef"),
        ("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", "TwL2iGAB"),
        ("ya29.a0AfH6SMBabcdefghijklmnopqrstuvwxyz", "a0AfH6"),
        ("https://hooks.slack.com/services/T00000000/B00000000/SECa4zzqXXXXXXXX", "SECa4zzq"),
        ("<password>SECa4zzq</password>", "SECa4zzq"),
        ('<db:userPassword type="x"> <![CDATA[SECa4zzq</db:userPassword>', "SECa4zzq"),
        ("podium_session=SECa4zzqabcdefghijklmnopqrstuvwx", "SECa4zzq"),
    ],
)
def test_common_secrets_are_masked(line: str, secret: str) -> None:
    text = shown(reader_of(f"before\n{line}\nafter\n".encode()).tail().rows)
    assert (text[0], text[2]) == ("before", "after")
    assert secret not in text[1]
    assert MASK in text[1]


@pytest.mark.parametrize(
    "line",
    [
        "tokens: 1234",
        "input_tokens=50",
        "tokens: 1,234 in, 50 out",
        "tokens: prompt and answer",
        "secrets: none were found",
        "PWD=/home/podium",
        "INIT_PWD=/home/podium OLDPWD=/home",
        "no password was given",
        "a key = b",
        "the api key is missing",
        "the X-Auth-Token header is missing",
        "curl -u asks for a password",
        "mysql -p asks for one, and mysql -u root -h db does not",
        "see https://example.org/a@b and https://john@host/x, or ssh://git@host/x.git",
        "after `curl -u` and `mysql -p`, as it is",
        '"input_tokens": checkpoint.reported_input_tokens',
        '{"passed": {"value": "yes"}}',
        r'{"out": "first\nask-me-for-what-is-known-here"}',
        "see http://host:8080/x@y and http://[::1]:80/x@y",
        "usage: login <token> or <password>, as <secret> and <token/>",
        "master key and signing keys are kept elsewhere; sort by encryption_keys",
        "hf_hub_download and npm_config_registry, ya29.x and SG.1.2",
        'password="" and token=',
        "the podium_session cookie ends",
    ],
)
def test_words_that_only_look_so_are_shown(line: str) -> None:
    assert shown(reader_of(line.encode()).tail().rows) == [line]


COLOURED = [
    ("\x1b[32mghp_abcdefghijklmnopqrstuvwxyz0123\x1b[0m", "ghp_abcdef"),
    ("\x1b[1mAKIAIOSFODNN7EXAMPLE\x1b[0m", "AKIAIOSF"),
    ("\x1b[1meyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ\x1b[0m", "eyJhbGci"),
    ("\x1b[1mAuthorization: Basic dXNlcjpwdw==\x1b[0m", "dXNlcjpwdw"),
    ("\x1b[36mpassword\x1b[0m=\x1b[35mhunter2\x1b[0m", "hunter2"),
    ("password=\x1b[0;31mhunter2", "hunter2"),
    ("ghp_abcdefghij\x1b[31mklmnopqrstuvwxyz0123", "klmnop"),
    (r"\u001b[36mpassword\u001b[0m=\u001b[35mhunter2\u001b[0m", "hunter2"),
    (r"\x1b[1msk-proj-abcdefghijklmnop\033[0m", "sk-proj"),
    ("\x1b]8;;https://user:hunter2@host/\x1b\\a link\x1b]8;;\x1b\\", "hunter2"),
]


@pytest.mark.parametrize(("line", "secret"), COLOURED)
def test_a_coloured_secret_is_masked_found_by_no_search_and_not_downloaded(
    line: str, secret: str
) -> None:
    reader = reader_of(f"before\n{line} after\nlast\n".encode())
    assert secret not in "".join(shown(reader.tail().rows))
    assert secret.encode() not in b"".join(reader.whole())
    assert reader.offsets(0, Filter.of(secret), most=9, budget_s=5)[0] == []
    assert secret not in without_secrets(line)


def test_the_colours_around_a_secret_and_all_else_stay() -> None:
    line = "\x1b[36mpassword\x1b[0m=\x1b[35mhunter2\x1b[0m; \x1b[1mtoken=abc\x1b[0;31m end"
    assert shown(reader_of(line.encode()).tail().rows) == [
        f"\x1b[36mpassword\x1b[0m=\x1b[35m{MASK}\x1b[0m; \x1b[1mtoken={MASK}\x1b[0;31m end"
    ]


def test_a_private_key_is_hidden_over_all_its_lines() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIE\nAbCd\n" * 9 + "-----END RSA PRIVATE KEY-----"
    rows = reader_of(f"x\n{key}\ny\n".encode()).tail().rows
    assert not any("MIIE" in text or "AbCd" in text for text in shown(rows))
    assert shown(rows)[-1] == "y"


BLOCK = """\
before: x
config:
  - password: |  # as it was given
      SECa4zzq

      second of it
    next: shown
  - other: shown
token: >-
\tSECa4zzq
\tsecond of it
after: shown
"""


def test_a_block_of_yaml_is_hidden_line_by_line_and_no_further() -> None:
    text = shown(reader_of(BLOCK.encode()).tail().rows)
    assert not any("SEC" in line or "second" in line for line in text)
    kept = [line for line in text if line and MASK not in line]
    assert kept == ["before: x", "config:", "    next: shown", "  - other: shown", "after: shown"]
    assert len(text) == BLOCK.count("\n")


def test_a_block_is_hidden_in_a_window_that_begins_in_it() -> None:
    data = b"password: |\n" + b"  SECa4zzq\n" * 3_000
    assert not any("SEC" in line for line in shown(reader_of(data).tail().rows))


def test_blocks_within_blocks_take_time_in_proportion() -> None:
    nested = b"".join(b" " * depth + b"token: |\n" for depth in range(1_400))
    began = time.perf_counter()
    assert MASKER.spans(nested + b"\n" * 100_000)
    assert time.perf_counter() - began < patience(5)


def test_many_secrets_beside_levels_take_time_in_proportion() -> None:
    reader = reader_of(b"ERROR password=hunter2\n" * 40_000)
    began = time.perf_counter()
    assert reader.matching_forward(0, Filter.of(levels=levels_named(["warn"])), budget_s=60)
    assert reader.matching_forward(0, Filter.of(levels=levels_named(["error"])), budget_s=60)
    assert time.perf_counter() - began < patience(5)


def test_a_secret_is_hidden_in_every_window_that_shows_a_part_of_it() -> None:
    secret = b"S" * 20_000
    data = b"x" * 3_000 + b" password=" + secret + b" end\n" + b"plain\n"
    reader = reader_of(data)
    for start in range(0, len(data), 1_500):
        for row in reader.forward(start, max_rows=1).rows:
            assert "SSSS" not in shown([row])[0]


def test_a_key_is_hidden_in_a_window_that_begins_in_its_middle() -> None:
    body = b"".join(b"MIIEabcdef%05d\n" % number for number in range(2_000))
    data = b"-----BEGIN PRIVATE KEY-----\n" + body + b"-----END PRIVATE KEY-----\nplain\n"
    assert len(data) < MARGIN_BYTES
    window = reader_of(data).backward(len(data), max_rows=5)
    assert not any("MIIE" in text for text in shown(window.rows))
    assert shown(window.rows)[-1] == "plain"


def test_a_search_does_not_find_a_secret() -> None:
    data = b"password=hunter2\nhunter2 in the open\n"
    found, _ = reader_of(data).offsets(0, Filter.of("hunter2"), most=10, budget_s=5)
    assert found == [17]


def test_a_search_cannot_tell_how_long_a_secret_is() -> None:
    texts = {readable(b"password=" + b"x" * n, [(9, 9 + n)]).data for n in (1, 5, 500)}
    assert len(texts) == 1


@pytest.mark.parametrize("block", [1_000, 4_096, 1_048_576])
def test_a_download_masks_across_its_blocks_and_once(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.logs.reader.BLOCK_BYTES", block)
    data = b"x" * 990 + b" password=" + b"S" * 9_000 + b" end\n" + b"y" * 3_000
    expected = data.replace(b"S" * 9_000, MASK.encode())
    assert b"".join(reader_of(data).whole()) == expected


def test_the_patterns_of_the_site_are_used_too() -> None:
    masker = Masker([r"ticket-(\d+)", "nightingale"])
    text = shown(reader_of(b"ticket-42 nightingale owl", masker).tail().rows)
    assert text == [f"ticket-{MASK} {MASK} owl"]


def test_a_match_in_which_the_group_has_no_part_is_masked_whole() -> None:
    masker = Masker([r"foo-(\d+)|nightingale"])
    text = shown(reader_of(b"foo-42 nightingale owl", masker).tail().rows)
    assert text == [f"foo-{MASK} {MASK} owl"]


def test_a_pattern_of_the_site_may_speak_of_codes() -> None:
    masker = Masker([r"\x1b\[8m([^\x1b]+)"])  # concealed
    assert "owl" not in shown(reader_of(b"an \x1b[8mowl\x1b[0m", masker).tail().rows)[0]


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(BadPattern, match=r"'\(x' cannot be used"):
        Masker(["(x"])


def test_masking_takes_time_in_proportion_to_the_text() -> None:
    words = [b"password", b"eyJ", b"bearer ", b"curl -u ", b"\x1b[1m", b'"token":{', b'"token":[']
    reader = reader_of(b"".join(word * 100_000 for word in words))
    assert sum(len(part) for part in reader.whole()) > 0
