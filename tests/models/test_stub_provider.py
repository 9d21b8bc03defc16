"""The stub provider does what its script says, and says what it was asked."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from partita.testing.stub_provider import StubProvider

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(url, text="hello", path="/chat/completions", **more):
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **more}
    request = urllib.request.Request(url + path, json.dumps(body).encode())
    try:
        with OPENER.open(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as e:
        with e:
            return e.code, e.read().decode()


def post_in_vain(url):
    with contextlib.suppress(OSError):
        post(url, "wait")


def said(reply):
    return json.loads(reply[1])["choices"][0]["message"]["content"]


def test_the_first_rule_that_matches_and_is_left_answers():
    rules = [
        {"match": "b", "reply": "B", "times": 1},
        {"match": "[ab]", "reply": "A or B"},
    ]
    with StubProvider(rules) as stub:
        assert [said(post(stub.url, t)) for t in ("b", "b", "a")] == ["B", "A or B", "A or B"]
        assert post(stub.url, "c")[0] == 400


def test_the_nonce_of_the_prompt_is_put_into_the_reply():
    with StubProvider([{"reply": '<file path="a" id="{nonce}">'}]) as stub:
        assert said(post(stub.url, 'id="old1" ... id="new22"')) == '<file path="a" id="new22">'
        assert said(post(stub.url, "no nonce")) == '<file path="a" id="{nonce}">'


def test_a_stream_carries_the_same_text_as_a_document():
    text = "a text long enough for pieces, ünïcode too"
    with StubProvider([{"reply": text}]) as stub:
        _, stream = post(stub.url, stream=True)
    events = [line[6:] for line in stream.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    deltas = [json.loads(e)["choices"] for e in events[:-1]]
    assert "".join(c[0]["delta"].get("content", "") for c in deltas if c) == text


def test_requests_at_once_are_counted(tmp_path):
    log = tmp_path / "log"
    with StubProvider([{"match": "wait", "behaviour": "hang"}, {"reply": "ok"}], log=log) as stub:
        hanging = threading.Thread(target=post_in_vain, args=(stub.url,))
        hanging.start()
        while not stub.requests:
            threading.Event().wait(0.01)
        post(stub.url)
        assert stub.most_in_flight == 2
    hanging.join()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["in_flight"] for line in lines] == [2, 1]
    assert all(line["start"] <= line["end"] for line in lines)


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"messages": 3}', b"{}"])
def test_a_body_that_is_no_question_is_refused(body):
    with StubProvider([{"reply": "ok"}]) as stub:
        request = urllib.request.Request(stub.url + "/chat/completions", body)
        with pytest.raises(urllib.error.HTTPError) as caught:
            OPENER.open(request, timeout=10)
        with caught.value:
            assert caught.value.code == 400
        assert said(post(stub.url)) == "ok"
    assert stub._in_flight == 0


def test_a_script_with_an_unknown_behaviour_is_refused():
    with pytest.raises(ValueError, match="sulk"):
        StubProvider([{"behaviour": "sulk"}])


def test_it_runs_as_a_program_until_it_is_told_to_stop(tmp_path):
    script, port, log = tmp_path / "script.json", tmp_path / "port", tmp_path / "log"
    script.write_text(json.dumps([{"reply": "from a program"}]))
    command = [sys.executable, "-m", "partita.testing.stub_provider", "--script", str(script)]
    command += ["--port-file", str(port), "--log", str(log), "--latency", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert said(post(url)) == "from a program"
        while not port.exists():
            threading.Event().wait(0.01)
        assert url == f"http://127.0.0.1:{port.read_text()}/v1"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert len(log.read_text().splitlines()) == 1
