import OpenAI from 'openai';
const fetch = async (url, init) => {
  const body = init.body && JSON.parse(init.body);
  if (body?.stream)
    return new Response(
      ['{"id":1,"choices":[{"delta":{"content":"he"}}]}', '{"id":1,"choices":[{"delta":{"content":"y"}}]}', '[DONE]']
        .map((x) => `data: ${x}\n\n`)
        .join(''),
      { headers: { 'content-type': 'text/event-stream' } },
    );
  return Response.json({ url: String(url), model: body?.model, auth: new Headers(init.headers).get('authorization') });
};
const client = new OpenAI({ apiKey: 'k', fetch });
console.log(await client.chat.completions.create({ model: 'm', messages: [] }));
for await (const part of await client.chat.completions.create({ model: 'm', messages: [], stream: true }))
  console.log(part.choices[0].delta.content);
