// node stream.mjs CLIENT BASE_URL MODEL: streams one reply and prints what arrived as one line of JSON.
import { createRequire } from "node:module";
import OpenAI from "openai";

const [, , client, baseURL, model] = process.argv;
const messages = [{ role: "user", content: "Hi" }];
const openai = new OpenAI({ baseURL, apiKey: "test", maxRetries: 0 });

async function chat() {
  const pieces = [];
  let finish = null, usage = null, tools = "";
  const stream = await openai.chat.completions.create({
    model, messages, stream: true, stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    const [choice] = chunk.choices;
    if (choice?.delta.content) pieces.push(choice.delta.content);
    for (const call of choice?.delta.tool_calls ?? []) tools += call.function.arguments;
    finish = choice?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  return { pieces, finish, tools, tokens: usage?.completion_tokens };
}

async function helper() {
  const runner = openai.chat.completions.stream({ model, messages });
  const whole = await runner.finalChatCompletion();
  const { content, tool_calls: calls } = whole.choices[0].message;
  return { text: content, calls: (calls ?? []).map((call) => [call.function.name, call.function.arguments]) };
}

async function responses() {
  const pieces = [];
  let status = null, text = null;
  const stream = await openai.responses.create({ model, input: "Hi", stream: true });
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") pieces.push(event.delta);
    if (event.type === "response.completed") ({ status } = event.response), (text = event.response.output[0].content[0].text);
  }
  return { pieces, status, text };
}

async function whole() {
  const reply = await openai.chat.completions.create({ model, messages });
  return { text: reply.choices[0].message.content, finish: reply.choices[0].finish_reason };
}

async function abort() {
  const stream = await openai.chat.completions.create({ model, messages, stream: true });
  const pieces = [];
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content);
    if (pieces.length === 2) stream.controller.abort();
  }
  return { pieces };
}

async function api2d() {
  const Api2d = createRequire(import.meta.url)("api2d");
  const pieces = [];
  const reasoning = [];
  const api = new Api2d("sk-test", baseURL, 10_000);
  const text = await api.completion({
    model, messages, stream: true,
    onMessage: (_, piece) => pieces.push(piece),
    onReasoning: (piece) => reasoning.push(piece),
  });
  return { pieces, reasoning: reasoning.join(""), text };
}

const clients = { abort, api2d, chat, helper, responses, whole };
try {
  console.log(JSON.stringify(await clients[client]()));
} catch (error) {
  console.log(JSON.stringify({ error: error.constructor.name, status: error.status, message: error.message }));
}
