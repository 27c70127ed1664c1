"""Mistakes that users make with streams, operators, sinks and options, and what they are told: one row each.

The code of a row is run with the names of `PRELUDE`; it raises the class, and the message holds the words.
"""

from __future__ import annotations

import streamkit as sk
from streamkit.errors import SinkError

PRELUDE = """
import io, math, re, sys
from dataclasses import dataclass
from functools import partial
from unittest.mock import AsyncMock, Mock
import httpx
import pydantic
import reactivex.operators as rxo
import streamkit as sk
from streamkit import bus, ops, sinks

class Lines:
    def __init__(self, size=1):
        self.size = size
    def feed(self, item):
        return [item]
    def flush(self):
        return []

class Of(Lines):
    def __init__(self, size):
        super().__init__(size)

class NoFeed:
    def flush(self):
        return []

class NoFlush:
    def feed(self, item):
        return [item]

class Forgetful(Lines):
    def feed(self, item):
        [item]

class Waiting(Lines):
    def feed(self, item):
        return answer(item)

class Bare(Lines):
    def feed(self, item):
        return item

class Late(Lines):
    async def feed(self, item):
        return [item]

class City(pydantic.BaseModel):
    name: str = ""

@dataclass
class Town:
    name: str = ""

async def answer(question):
    return question

class Answering:
    async def __call__(self, question):
        return question

def pieces(item):
    yield item

async def later():
    yield Lines()

class Yielding:
    def __call__(self):
        yield Lines()

def stream():
    return sk.from_text(["Hello."])

client = sk.Client("http://localhost:1/v1", "key", model="m")
replies = bus.memory()
here = bus.Placed("1-0.0", sk.Start())
class Base(Lines, sk.StageBase):
    pass

one = Base()
shared = ops.stage(lambda: one)
"""

STAGES = [
    ("ops.stage(Lines())", TypeError, "an instance of Lines: write ops.stage(Lines)"),
    ("ops.stage(Of)", TypeError, "write ops.stage(lambda: Of(...))"),
    ("ops.stage(NoFeed)", TypeError, "no method feed: write def feed(self, item)"),
    ("ops.stage(NoFlush)", TypeError, "no method flush: write def flush(self)"),
    ("list(stream().pipe(ops.stage(Late)))", TypeError, "Late.feed is async"),
    ("ops.stage(answer)", TypeError, "answer is async"),
    ("ops.stage(later)", TypeError, "later is async or has a yield"),
    ("ops.stage(Yielding())", TypeError, "Yielding is async or has a yield"),
    ("ops.stage(answer('Hi'))", TypeError, "not the coroutine answer()"),
    ("ops.stage(ops.text())", TypeError, "ops.text() is an operator already"),
    ("ops.stage(ops.text)", TypeError, "write stream.pipe(ops.text())"),
    ("ops.stage(sk.Stage)", TypeError, "write ops.stage(Mine)"),
    ("ops.stage(ops.StageBase)", TypeError, "write ops.stage(Mine)"),
    ("ops.stage(stream())", TypeError, "takes a class with feed and flush"),
    ("ops.stage(5)", TypeError, "takes a class with feed and flush"),
    ("list(stream().pipe(ops.stage(lambda: None)))", TypeError, "got None instead of a stage"),
    ("list(stream().pipe(ops.stage(lambda: Lines)))", TypeError, "lambda: Lines()"),
    ("list(stream().pipe(ops.stage(lambda: NoFlush())))", TypeError, "no method flush"),
    ("list(stream().pipe(ops.stage(lambda: answer('Hi'))))", TypeError, "got a coroutine instead of a stage"),
    ("list(stream().pipe(ops.stage(Forgetful)))", TypeError, "Forgetful.feed gave None instead of a list"),
    (
        "list(stream().pipe(ops.stage(Waiting)))",
        TypeError,
        "Waiting.feed gave a coroutine, and a stage answers",
    ),
    ("list(stream().pipe(ops.text(), ops.stage(Bare)))", TypeError, "not 'Hello.': write return [item]"),
    ("list(stream().pipe(ops.stage(Bare)))", TypeError, "not an instance of Start: write return [item]"),
    ("[list(stream().pipe(shared)) for _ in range(2)]", TypeError, "gave the same Base twice"),
    ("ops.rewrite(Lines())", TypeError, "write ops.rewrite(Lines)"),
    ("ops.rewrite(Of)", TypeError, "write ops.rewrite(lambda: Of(...))"),
    ("list(stream().pipe(ops.rewrite(Forgetful)))", TypeError, "Forgetful.feed gave None instead of a list"),
    ("list(stream().pipe(ops.rewrite(Bare)))", TypeError, "write return [item]"),
]
PLACES = [
    (
        "sk.run(stream(), ops.text())",
        TypeError,
        "write sk.run(stream.pipe(ops.text()), ...) or",
    ),
    ("sk.run(stream(), rxo.map(str))", TypeError, "rxo.map(...) is an operator, not a sink"),
    ("sk.run(stream(), rxo.to_list())", TypeError, "is an operator, not a sink"),
    ("sk.run(stream(), ops.text)", TypeError, "write sk.run(stream.pipe(ops.text()), ...)"),
    ("sk.run(stream(), sinks.console)", TypeError, "write sinks.console(...)"),
    ("sk.run(stream(), sk.on)", TypeError, "write sk.on(...)"),
    ("sk.run(stream(), stream())", TypeError, "is not a sink but a stream"),
    ("sk.run(stream(), Lines)", TypeError, "write sk.branch(ops.stage(Lines), into=sink)"),
    ("sk.run(stream(), [print, print])", TypeError, "write sk.run(stream, *sinks)"),
    ("sk.run(stream(), 'log.jsonl')", TypeError, "write sinks.jsonl('log.jsonl')"),
    ("sk.run(stream(), answer('Hi'))", TypeError, "answer() was called already: write answer"),
    ("sk.run(stream(), pieces)", TypeError, "has a yield in it"),
    ("sk.run(stream(), sys.stdout)", TypeError, "takes no reply, as that of a sink does: give sys.stdout.write as"),
    ("sk.run(stream(), Mock())", TypeError, "Mock(spec=['write'])"),
    ("sk.branch(into=ops.text())", TypeError, "is an operator, not a sink"),
    ("sk.branch(into=sk.branch(into=print))", TypeError, "as it is"),
    ("sk.branch(print)", TypeError, "'into'"),
    ("sk.branch(ops.text, into=print)", TypeError, "ops.text is not called: write ops.text()"),
    ("sk.branch(stream(), into=print)", TypeError, "takes operators, not a stream"),
    ("ops.attach(ops.text())", TypeError, "is an operator, not a sink"),
    ("stream().pipe(print)", TypeError, "write sk.run(stream, print)"),
    ("stream().pipe([].append)", TypeError, "gives nothing, and an operator gives a stream"),
    ("stream().pipe(ops.text(), io.StringIO().write)", TypeError, "write sk.run(stream, thing.write)"),
    ("stream().pipe(lambda source: None, ops.text())", TypeError, "gave nothing, and an operator gives a stream"),
    ("stream().pipe(lambda source: answer(source), ops.text())", TypeError, "gave the coroutine answer()"),
    ("sk.run(stream(), sk.branch(lambda source: None, into=print))", SinkError, "gave nothing"),
    ("stream() | ops.text()", TypeError, "write stream.pipe(ops.text())"),
    ("stream() | print", TypeError, "operators are applied by pipe, not by |"),
    ("stream()['a']", TypeError, "sk.run(stream) gives a Reply"),
    ("sk.start(stream()).text", AttributeError, "its Reply has: write run.reply"),
    ("stream().pipe(sinks.jsonl('log.jsonl'))", TypeError, "is a sink: write sk.run(stream, sink)"),
    ("stream().pipe(sinks.console)", TypeError, "sinks.console makes a sink"),
    ("stream().pipe(sk.branch(into=print))", TypeError, "write sk.run(stream, branch)"),
    ("stream().pipe(ops.text)", TypeError, "write ops.text()"),
    ("stream().pipe(rxo.map)", TypeError, "write rxo.map()"),
    ("stream() + 'Hi'", TypeError, "write stream.concat(sk.stream([...]))"),
    ("stream() + ['Hi']", TypeError, "write stream.concat(sk.stream([...]))"),
    ("'Hi' + stream()", TypeError, "write sk.stream([...]).concat(stream)"),
    ("sum([stream(), stream()])", TypeError, "write sum(streams[1:], streams[0])"),
    ("stream() + 5", TypeError, "unsupported operand"),
    ("stream().pipe(stream())", TypeError, "takes operators, not a stream"),
    ("stream().pipe(Lines)", TypeError, "write ops.stage(Lines)"),
    ("stream().pipe(answer, ops.text())", TypeError, "write ops.map_async(answer)"),
    ("sk.branch(answer, into=print)", TypeError, "write ops.map_async(answer)"),
    ("stream().pipe([ops.text()])", TypeError, "write *operators"),
    ("stream().pipe(None)", TypeError, "like ops.text(), not None"),
    ("stream().pipe(lambda source: 5, ops.text())", TypeError, "makes 5, not a stream"),
    ("stream().pipe(rxo.share)", TypeError, "write rxo.share()"),
    ("ops.text()('Hi')", TypeError, "ops.text() is applied to a stream, not to 'Hi'"),
    ("sk.run(sk.start(stream()))", TypeError, "write run.result()"),
    ("sk.run(None)", TypeError, "not None"),
    ("stream().subscribe(5)", TypeError, "subscribe(print)"),
    ("stream().subscribe(ops.text())", TypeError, "write stream.pipe(ops.text()).subscribe(...)"),
    ("sk.run(client)", TypeError, "write sk.run(client.chat(...))"),
    ("sk.run(client.chat)", TypeError, "call it"),
    ("sk.run('Hi')", TypeError, "write sk.run(sk.chat('Hi'))"),
    ("sk.run(answer('Hi'))", TypeError, "not the coroutine answer()"),
    ("sk.run([stream(), stream()])", TypeError, "sk.run(sk.race(*streams))"),
    ("list(sk.stream(lambda: 'abc'))", TypeError, "not of str"),
    ("list(sk.stream(lambda: 3))", TypeError, "not of int"),
    ("sk.run(['Hi'])", TypeError, "write sk.run(sk.stream(items))"),
    ("sk.run(print, stream())", TypeError, "write sk.run(stream, print)"),
    ("sk.run(ops.text())", TypeError, "write sk.run(stream.pipe(ops.text()), ...)"),
    ("sk.run()", TypeError, "'stream'"),
    ("sk.start('Hi')", TypeError, "sk.start takes a stream"),
    ("sk.sse('Hi')", TypeError, "sk.sse takes a stream"),
    ("sk.stream(ops.text())", TypeError, "is an operator, which goes into pipe"),
    ("sk.stream(answer('Hi'))", TypeError, "not of coroutine"),
    ("sk.on(print)", TypeError, "write sk.on(text=print)"),
    ("sk.on(txt=print)", TypeError, "sk.on has no callback txt=: write text="),
    ("sk.on(tool_result=print)", TypeError, "or event= for all events"),
    ("sk.on(text='Hi')", TypeError, "text is a function"),
    ("sk.on(text=pieces)", TypeError, "pieces has a yield in it"),
    ("sk.race([stream(), stream()])", TypeError, "write sk.race(*streams)"),
    ("sk.side_by_side([stream()])", TypeError, "write {'one': stream, 'two': other}"),
    ("sk.share([stream()], 5)", TypeError, "sk.share takes a stream"),
    ("ops.fallback(client.chat)", TypeError, "not the function Client.chat: call it"),
]
FUNCTIONS = [
    ("ops.stop_when('END')", TypeError, "to stop at a text or a pattern write ops.stop_at(...)"),
    ("ops.stop_when(re.compile('END'))", TypeError, "write ops.stop_at(...)"),
    ("ops.stop_when(answer)", TypeError, "answer is async"),
    ("ops.stop_when(partial(answer, 1))", TypeError, "answer is async"),
    ("list(stream().pipe(ops.stop_when(lambda event: answer(event))))", TypeError, "not a coroutine"),
    ("list(stream().pipe(ops.stop_when(AsyncMock())))", TypeError, "not a coroutine"),
    ("ops.continue_with(partial(answer))", TypeError, "answer is async"),
    ("sk.batch(['Hi'], client.chat, key=partial(answer))", TypeError, "answer is async"),
    ("ops.map_async(answer('Hi'))", TypeError, "Pass answer itself, without calling it"),
    ("ops.map_async(stream())", TypeError, "write lambda question: client.chat(question)"),
    ("ops.map_async(pieces)", TypeError, "pieces has a yield in it"),
    ("list(stream().pipe(ops.map_async(str)))", TypeError, "a plain function goes into rxo.map(fn)"),
    ("ops.stage(lambda item: [item])", TypeError, "goes into rxo.map(fn)"),
    ("ops.rewrite(str.upper)", TypeError, "without arguments"),
    ("ops.json_items(on_invalid=answer)", TypeError, "cannot be a coroutine function"),
    ("ops.json_items(on_invalid=Answering())", TypeError, "cannot be a coroutine function"),
    ("ops.guard(True)", TypeError, "check(text) gives True, False or another text"),
    ("ops.guard(ops.text())", TypeError, "ops.text() is an operator"),
    ("ops.continue_with(client.chat('Hi'))", TypeError, "ask(partial) gives the stream that goes on"),
    ("ops.continue_with(answer)", TypeError, "answer is async"),
    ("sk.tool_loop(client, 'Hi', [])", TypeError, "write client.chat"),
    ("sk.tool_loop(client.chat('Hi'), 'Hi', [])", TypeError, "ask(messages) gives the stream of one round"),
    ("sk.batch(['Hi'], client.chat('Hi'))", TypeError, "ask(prompt) gives the stream of its reply"),
    ("sk.batch(['Hi'], client.chat, key='name')", TypeError, "key(prompt) gives a name for the ledger"),
    ("sk.batch(['Hi'], client.chat, key=answer)", TypeError, "answer is async"),
    ("ops.redact(answer)", TypeError, "the function answer is async"),
    ("ops.redact(Answering())", TypeError, "an instance of Answering is async"),
]
OPTIONS = [
    ("sk.Client(retry=3)", TypeError, "write retry=sk.Retry(attempts=2)"),
    ("sk.Client(limits=30)", TypeError, "write limits=sk.Limits(total=60)"),
    ("sk.Client(headers=['x'])", TypeError, "headers is a mapping"),
    ("sk.Client(query='a=b')", TypeError, "query is a mapping"),
    ("sk.Client(api='claude')", ValueError, "unknown api 'claude': one of chat, completions, responses"),
    ("sk.Client(api='completions')", ValueError, "ask by client.complete(prompt)"),
    ("sk.Client(api='anthropic').complete('Hi')", ValueError, "ask it by client.chat(messages)"),
    ("sk.Client(model=5)", TypeError, "model is a str or None, not 5"),
    ("sk.Client(5)", TypeError, "base_url is a str, not int"),
    ("sk.Client(api_key=12345)", TypeError, "api_key is a str, or a function that gives one, not int"),
    ("sk.Client(allow_private='false')", TypeError, "allow_private is True or False"),
    ("sk.Client(transport='http')", ValueError, "transport is 'aiohttp' or 'httpx', not 'http'"),
    ("sk.Client(transport=httpx.Client())", TypeError, "an httpx.AsyncClient"),
    ("client.chat('Hi', model=5)", TypeError, "model is a str or None, not 5"),
    ("client.chat('Hi', extra=['top_k'])", TypeError, "extra is a mapping"),
    ("client.chat({'role': 'user', 'content': 'Hi'})", TypeError, "write [message]"),
    ("client.chat(['Hi'])", TypeError, "write sk.user(text)"),
    ("client.chat([42])", TypeError, "not of int: write sk.user(text)"),
    ("client.chat([sk.Reply()])", TypeError, "write *reply.messages"),
    ("client.chat(sk.Reply())", TypeError, "not Reply: of a reply write reply.messages"),
    ("client.chat([sk.user('Hi'), *sk.user('Hi')])", TypeError, "write history.append(message)"),
    (
        "client.respond([*sk.ToolCall('1', 'look', '{}', api='responses').result(2)])",
        TypeError,
        "history.append(message)",
    ),
    ("client.chat([sk.user('Hi'), stream()])", TypeError, "reply.messages are what to add"),
    ("client.respond('Hi', previous_response_id=sk.Reply())", TypeError, "write reply.id"),
    (
        "client.chat([{'role': 'assistant', 'tool_calls': [sk.ToolCall('1', 'f', '{}')]}])",
        TypeError,
        "add reply.messages, which have the calls",
    ),
    ("client.chat('Hi', user=City())", TypeError, "a request is JSON, which cannot hold a value of type City"),
    ("sk.to_json(sk.Reply().messages)", TypeError, "to_json takes an event, such as a Reply, not list"),
    ("sk.to_json(sk.user('Hi'))", TypeError, "of a conversation store its replies"),
    ("sk.from_json({})", TypeError, "from_json takes a line that to_json wrote, not dict"),
    ("client.chat([sk.user('Hi'), sk.Reply().messages])", TypeError, "history += reply.messages"),
    ("client.respond([sk.user('Hi'), sk.Reply().messages])", TypeError, "history += reply.messages"),
    ("client.chat([sk.ToolCall('1', 'look', '{}')])", TypeError, "call.result(value) answers one"),
    ("client.chat([sk.ToolResult(sk.ToolCall('1', 'look', '{}'), 2)])", TypeError, "write result.message"),
    ("sk.ToolCall('1', 'look', '{}').result(stream())", TypeError, "type ReplyStream: await it first"),
    ("client.chat([{'content': 'Hi'}])", TypeError, "a message is a dict with a role"),
    ("client.chat(answer('Hi'))", TypeError, "not coroutine"),
    ("client.chat('Hi', tools=print)", TypeError, "write tools=[...]"),
    ("client.chat('Hi', tools='search')", TypeError, "write tools=[...]"),
    ("client.chat('Hi', tools={'look': answer}.values())", TypeError, "write tools=list(...)"),
    ("client.chat(stream())", TypeError, "sk.run(stream) gives its reply, and reply.text what it says"),
    ("client.complete(stream())", TypeError, "sk.run(stream) gives its reply, and reply.text what it says"),
    ("client.complete([sk.user('Hi')])", TypeError, "a conversation is for client.chat(messages)"),
    ("client.complete(3)", TypeError, "a prompt is a str, or a list of str, of tokens (int)"),
    ("client.complete(['Hi', 3])", TypeError, "not of several kinds"),
    ("sk.tool_loop(client.chat, 'Hi', None)", TypeError, "write [function], or [] if there are none"),
    ("sk.strict_tool('search')", TypeError, "strict_tool takes a function or a model, not 'search'"),
    ("sk.strict_tool(lambda city: city)", TypeError, "a tool needs a name"),
    ("sk.fit({'role': 'user', 'content': 'Hi'}, 'gpt-4o', tokens=100)", TypeError, "write [message]"),
    ("sk.fit('Hi', 'gpt-4o', tokens='100')", TypeError, "tokens is a whole number, not '100'"),
    ("sk.fit('Hi', 'gpt-4o', tokens=0)", ValueError, "tokens"),
    ("sk.fit('Hi', 'gpt-4o', tokens=100, tools=print)", TypeError, "write tools=[...]"),
    ("sk.tool_loop(client.chat, 'Hi', [{'type': 'function'}])", TypeError, "partial(client.chat, tools=[...])"),
    ("sk.tool_loop(client.chat, 'Hi', {'look up': answer})", ValueError, "{'look_up': ...}"),
    ("client.chat('Hi', response_format=City())", TypeError, "response_format is the class City, not an instance"),
    ("client.chat('Hi', response_format=Town())", TypeError, "response_format is the class Town, not an instance"),
    ("client.chat('Hi', response_format=dict)", TypeError, "names no fields"),
    ("client.chat('Hi', response_format='json_object')", TypeError, "{'type': 'json_object'}"),
    ("client.chat('Hi', response_format=[City])", TypeError, "response_format cannot be of type list"),
    ("client.chat('Hi', response_format={'type': 'object'})", TypeError, "'type': 'json_schema'"),
    ("client.respond('Hi', response_format=City())", TypeError, "response_format is the class City"),
    ("sk.Reply().parse(City())", TypeError, "model is the class City, not an instance"),
    ("ops.json_values(City())", TypeError, "model is the class City, not an instance"),
    ("ops.json_values('City')", TypeError, "model is a class or another type"),
    ("ops.json_values(tool=5)", TypeError, "tool is the name of a tool"),
    ("ops.json_items(5)", TypeError, "path is"),
    ("sk.Retry(attempts='2')", TypeError, "Retry.attempts is a whole number, not '2'"),
    ("sk.Retry(attempts=-1)", ValueError, "Retry.attempts must be 0 or more, not -1"),
    ("sk.Retry(first=math.inf)", ValueError, "Retry.first must be 0 or more and finite, not inf"),
    ("sk.Limits(total='60')", TypeError, "Limits.total is a number of seconds or None, not '60'"),
    ("sk.Limits(total=True)", TypeError, "Limits.total is a number of seconds or None, not True"),
    ("sk.Limits(total=math.nan)", ValueError, "Limits.total must be positive or None, not nan"),
    ("sk.Limits(total=math.inf)", ValueError, "None sets no limit"),
    ("sk.Limits(keep_text='no')", TypeError, "Limits.keep_text is True or False, not 'no'"),
    ("ops.retry_unstarted(3)", TypeError, "write ops.retry_unstarted(sk.Retry(attempts=3))"),
    ("ops.time_limits(first='5')", TypeError, "first is a number of seconds or None, not '5'"),
    ("ops.time_limits()", ValueError, "needs at least one limit"),
    ("ops.smooth(every='1')", TypeError, "every is a number, not '1'"),
    ("ops.smooth(lag=math.nan)", ValueError, "lag must be 0 or more, not nan"),
    ("ops.throttle_text('1')", TypeError, "every is a number, not '1'"),
    ("ops.snapshots(every='1')", TypeError, "every is a number or None, not '1'"),
    ("ops.snapshots(every=math.nan)", ValueError, "every must be positive or None, not nan"),
    ("ops.segments(max_chars='5')", TypeError, "max_chars is a whole number or None, not '5'"),
    ("ops.segments(unit=5)", TypeError, "unit is one of"),
    ("ops.segments('sentences')", ValueError, "unit is one of sentence, word, line, paragraph, not 'sentences'"),
    ("ops.segments(lang=None)", TypeError, "lang is a str, not None"),
    ("ops.segments(lang=5)", TypeError, "lang is a str, not 5"),
    ("ops.segments(judge=5)", TypeError, "judge has a method is_boundary"),
    ("ops.smooth(finish=True)", TypeError, "finish is one of at_once, keep_pace"),
    ("ops.stop_at(['END'])", TypeError, "write ops.stop_at(*patterns)"),
    ("ops.json_values(unfinished=None)", TypeError, "unfinished is one of error, keep, not None"),
    ("sk.sse(stream(), format=5)", TypeError, "format is one of openai, events, text, not 5"),
    ("sk.from_bytes('data: {}')", TypeError, "bytes do not come from a str"),
    ("sk.user(sk.Reply())", TypeError, "write reply.text"),
    ("sk.user(5)", TypeError, "the text of a message is a str, not int"),
    ("ops.sentences(spoken='yes')", TypeError, "spoken is True or False"),
    ("ops.guard(bool, concurrency='2')", TypeError, "concurrency is a whole number, not '2'"),
    ("ops.map_async(answer, concurrency=2.5)", TypeError, "concurrency is a whole number, not 2.5"),
    ("ops.map_async(answer, ordered='no')", TypeError, "ordered is True or False"),
    ("ops.budget(tokens='5')", TypeError, "tokens is a whole number or None, not '5'"),
    ("ops.budget(tokens=2.5)", TypeError, "tokens is a whole number or None, not 2.5"),
    ("sk.Prices(input=None, output=1)", TypeError, "Prices.input is a price per million tokens, not None"),
    ("sk.Prices(input=1, output='1')", TypeError, "Prices.output is a price per million tokens, not '1'"),
    ("sk.Prices(input=1, output=-1)", ValueError, "Prices.output must be 0 or more, not -1"),
    ("sk.Prices(input=1, output=1, cache_write='2')", TypeError, "Prices.cache_write is a price per million tokens"),
    ("sk.Prices(input=1, output=1, request=-1)", ValueError, "Prices.request must be 0 or more, not -1"),
    ("sk.Prices(input=1, output=1, above={200_000: 2})", TypeError, "Prices.above is {prompt tokens: Prices}"),
    ("sk.Prices(input=1, output=1, service_tiers={'flex': 2})", TypeError, "Prices.service_tiers is {name: Prices}"),
    ("ops.meter(sk.price_list)", TypeError, "a list that others keep as sk.price_list(), not the function price_list"),
    ("sk.price_list(5)", TypeError, "a price list is the path of a file in litellm's format, or a mapping, not 5"),
    ("sk.Limits(total=(i for i in 'a'))", TypeError, "not a generator"),
    ("ops.budget(tokens=True)", TypeError, "tokens is a whole number or None, not True"),
    ("ops.choice('1')", TypeError, "index is a whole number, not '1'"),
    ("ops.of_type('text')", TypeError, "of_type takes types of items"),
    ("ops.think_tags(5)", TypeError, "a tag is a str, not 5"),
    ("ops.redact('email', mask=5)", TypeError, "mask is a str, not 5"),
    ("ops.note(5)", TypeError, "name is a str, not 5"),
    ("ops.record(5)", TypeError, "path is the path of a file, not 5"),
    ("ops.continue_with(client.chat, attempts='1')", TypeError, "attempts is a whole number, not '1'"),
    ("sk.race(stream(), after='1')", TypeError, "after is a number or None, not '1'"),
    ("sk.replay('hello', speed='2')", TypeError, "speed is a factor, a number, not '2'"),
    ("sk.replay('hello', speed=math.nan)", ValueError, "speed must be 0 or more, not nan"),
    ("sk.replay(5)", TypeError, "recording"),
    ("sk.share(stream(), '5')", TypeError, "replay is a whole number, not '5'"),
    ("sk.tool_loop(client.chat, 'Hi', [], rounds='8')", TypeError, "rounds is a whole number, not '8'"),
    ("sk.batch(['Hi'], client.chat, concurrency='4')", TypeError, "concurrency is a whole number, not '4'"),
    ("sk.batch(['Hi'], client.chat, requests_per_minute='9')", TypeError, "requests_per_minute is a number"),
    ("sk.batch(['Hi'], client.chat, budget='9')", TypeError, "budget is a number or None, not '9'"),
    ("sk.branch(into=print, capacity='9')", TypeError, "capacity is a whole number, not '9'"),
    ("sk.branch(into=print, max_wait='9')", TypeError, "max_wait is a number, not '9'"),
    ("sk.branch(into=print, overflow=5)", TypeError, "overflow is a str, one of wait"),
    ("sk.branch(into=print, overflow='newest')", ValueError, "overflow is one of wait"),
    ("sk.sse(stream(), keepalive='15')", TypeError, "keepalive is a number or None, not '15'"),
    ("sk.from_text(['Hi'], model=5)", TypeError, "model is a str or None, not 5"),
]
BUSES = [
    ("sk.run(stream(), replies)", TypeError, "a bus is not a sink: write sinks.bus(replies)"),
    ("sk.branch(into=replies)", TypeError, "write sinks.bus(replies)"),
    ("stream().pipe(replies)", TypeError, "write sk.run(stream, sinks.bus(replies))"),
    ("stream().pipe(sinks.bus(replies))", TypeError, "is a sink: write sk.run(stream, sink)"),
    ("sk.run(stream(), sinks.bus)", TypeError, "write sinks.bus(...)"),
    ("sk.run(replies)", TypeError, "write replies.follow(reply_id)"),
    ("sk.run(replies.follow)", TypeError, "call it"),
    ("sk.run(replies.cancel('r-1'))", TypeError, "await it, or take its result()"),
    ("sk.run(stream(), replies.follow('r-1'))", TypeError, "is not a sink but a stream"),
    ("sk.start(replies.positions('r-1'), sinks.console())", TypeError, "follow(reply_id) gives the events themselves"),
    ("sk.run(replies.positions('r-1'), sk.on(text=print))", TypeError, "follow(reply_id) gives the events themselves"),
    ("replies.positions('r-1').pipe(ops.text())", TypeError, "follow(reply_id) gives the events themselves"),
    ("replies.positions('r-1', here)", TypeError, "write placed.position"),
    ("sk.run(replies.positions('r-1'), sinks.bus(replies))", TypeError, "sinks.bus() works on events"),
    ("sk.run(stream().pipe(ops.text()), sinks.bus(replies))", TypeError, "text(), which leaves only text"),
    ("sk.run(stream().pipe(ops.segments()), sinks.console())", TypeError, "sinks.console() works on events or text"),
    ("sinks.bus(stream())", TypeError, "such as bus.redis(url) gives, not an instance of ReplyStream"),
    ("sinks.bus('redis://localhost')", TypeError, "write bus.redis(url)"),
    ("sinks.bus(bus)", TypeError, "not the module streamkit.bus"),
    ("sinks.bus(bus.memory)", TypeError, "not the function memory: call it"),
    ("sinks.bus(bus.Bus)", TypeError, "not the class Bus: call it"),
    ("sinks.bus(answer('Hi'))", TypeError, "not the coroutine answer()"),
    ("sinks.bus(replies, 5)", TypeError, "reply_id is a str, not 5"),
    (
        "sinks.bus(replies, 'a b')",
        ValueError,
        "reply_id is 1 to 128 letters, digits and any of ._:- (ASCII), not 'a b'",
    ),
    ("bus.Bus('redis://localhost')", TypeError, "write bus.redis(url)"),
    ("bus.Bus(bus.Log)", TypeError, "the methods of bus.Log, not the class Log"),
    ("bus.Bus(replies)", TypeError, "the methods of bus.Log, not an instance of Bus"),
    ("bus.memory(kept_for=-1)", ValueError, "kept_for must be positive, not -1"),
    ("bus.memory(dead_after=math.nan)", ValueError, "dead_after must be positive, not nan"),
    ("bus.memory(reply_bytes='16')", TypeError, "reply_bytes is a whole number, not '16'"),
    ("bus.memory(total_bytes=math.nan)", ValueError, "total_bytes must be at least 1, not nan"),
    ("replies.follow(5)", TypeError, "reply_id is a str, not 5"),
    ("replies.follow(answer('Hi'))", TypeError, "not the coroutine answer()"),
    ("replies.follow(sk.start(stream()))", TypeError, "write run.id"),
    ("replies.follow('r-1\\n')", ValueError, "reply_id is 1 to 128 letters"),
    ("replies.follow('r-1', 5)", TypeError, "after is a position, which is a str, not 5"),
    ("replies.follow('r-1', here)", TypeError, "write placed.position"),
    ("replies.follow('r-1', 'x')", sk.BusError, "'x' is not a position, such as 1796044985264-0.3"),
    ("sk.run(replies.follow('r-1'))", sk.BusError, "there is no reply r-1"),
    ("replies.follow('r-1', wait=-1)", ValueError, "wait must be 0 or more, not -1"),
    ("replies.follow('r-1', wait=math.nan)", ValueError, "wait must be 0 or more, not nan"),
    ("replies.follow('r-1', wait='5')", TypeError, "wait is a number, not '5'"),
    ("replies.follow('r-1', on_dead_writer=True)", TypeError, "on_dead_writer is one of fail, restart, not True"),
    ("replies.follow('r-1', on_dead_writer='again')", ValueError, "on_dead_writer is one of fail, restart"),
    ("replies.follow('r-1', on_dead_writer='restart')", ValueError, "belong together"),
    ("replies.follow('r-1', attempt=stream())", ValueError, "belong together"),
    ("replies.follow('r-1', on_dead_writer='restart', attempt=client.chat)", TypeError, "Client.chat: call it"),
    ("replies.follow('r-1', on_dead_writer='restart', attempt=answer('Hi'))", TypeError, "the coroutine answer()"),
    (
        "replies.follow('r-1', on_dead_writer='restart', attempt=stream().pipe(ops.text()))",
        TypeError,
        "the stream of the events of a reply, as client.chat(...) gives, not an instance of Stream",
    ),
    (
        "replies.follow('r-1', on_dead_writer='restart', attempt=replies.follow('r-1'))",
        TypeError,
        "attempt asks the model again, as client.chat(...) does; to follow a reply is not that",
    ),
    ("replies.cancel(5)", TypeError, "reply_id is a str, not 5"),
    ("replies.cancel('r-1', wait=-1)", ValueError, "wait must be 0 or more, not -1"),
    ("bool(replies.cancel('r-1'))", TypeError, "the answer of a bus is not there yet: await it, or take its result()"),
    ("replies.status(5)", TypeError, "reply_id is a str, not 5"),
    ("replies.positions('r-1', on_dead_writer='restart')", ValueError, "belong together"),
]
REDIS = [
    ("bus.redis(5)", TypeError, "url is a str, not 5"),
    ("bus.redis('localhost:6379')", ValueError, "write redis://HOST:PORT/NUMBER"),
    ("bus.redis('redis://:key12345/6@localhost')", ValueError, "with %2F for a / in a password"),
    ("bus.redis('redis://localhost/zero')", ValueError, "has a path that is not the number of a database"),
    ("bus.redis('redis://localhost?nonsense=1')", ValueError, "has an option that redis-py does not know"),
    ("bus.redis('redis://localhost?protocol=3')", ValueError, "cannot set protocol, which the bus sets itself"),
    ("bus.redis('redis://localhost/1', cluster=True)", ValueError, "names a database or a socket, which a cluster"),
    ("bus.redis('redis://localhost', prefix=5)", TypeError, "prefix is a str, not 5"),
    ("bus.redis('redis://localhost', prefix='{a}')", ValueError, "prefix cannot have braces in it"),
    ("bus.redis('redis://localhost', cluster=1)", TypeError, "cluster is True or False, not 1"),
    ("bus.redis('redis://localhost', kept_for='1')", TypeError, "kept_for is a number, not '1'"),
    ("bus.redis('redis://localhost', dead_after=0)", ValueError, "dead_after must be positive, not 0"),
    (
        "bus.redis('redis://localhost', give_up_after=math.inf)",
        ValueError,
        "give_up_after must be 0 or more and finite",
    ),
]
"""Those that need redis-py."""
MISTAKES = [*STAGES, *PLACES, *FUNCTIONS, *OPTIONS, *BUSES]
