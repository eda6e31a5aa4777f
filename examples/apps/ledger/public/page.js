// The page: what is in the accounts, and what one does with them.
const element = (id) => document.getElementById(id);

async function ask(method, path, body, signal) {
  const response = await fetch(path, { method, signal, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.error), { isFinal: response.status < 500 });
  return answer;
}

/** Does something, and tells what went wrong with it. */
async function attempt(work) {
  element('fault').textContent = '';
  try {
    await work();
  } catch (error) {
    if (error.name !== 'AbortError') element('fault').textContent = error.message;
  }
}

async function show() {
  const rows = (await ask('GET', '/accounts')).map(({ name, balance }) => {
    const row = document.createElement('tr');
    for (const text of [name, balance]) row.insertCell().textContent = text;
    return row;
  });
  element('accounts').replaceChildren(...rows);
}

element('open').onsubmit = (event) => {
  event.preventDefault();
  const { name, balance } = event.target.elements;
  attempt(async () => {
    await ask('PUT', `/accounts/${encodeURIComponent(name.value)}`, { balance: balance.valueAsNumber });
    name.value = '';
    await show();
  });
};

// A transfer has its id from here: whoever does not know whether it arrived sends it again, and it is one.
let id = crypto.randomUUID();

element('transfer').onsubmit = (event) => {
  event.preventDefault();
  const { source, target, amount } = event.target.elements;
  const body = { source: source.value, target: target.value, amount: amount.valueAsNumber };
  attempt(async () => {
    element('state').textContent = 'under way ...';
    for (let attempts = 1; ; attempts += 1) {
      try {
        await ask('PUT', `/transfers/${id}`, body);
        break;
      } catch (error) {
        if (error.isFinal || attempts === 5) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
    await show();
  }).finally(() => {
    element('state').textContent = '';
    id = crypto.randomUUID();
  });
};

let looking;
element('stop').onclick = () => looking.abort();
element('look').onclick = () => {
  looking = new AbortController();
  element('stop').disabled = false;
  element('circles').replaceChildren();
  attempt(async () => {
    for (const { one, two, three, times } of await ask('GET', '/circles', undefined, looking.signal)) {
      const item = document.createElement('li');
      item.textContent = `${one} → ${two} → ${three} → ${one}, ${times} times`;
      element('circles').append(item);
    }
  }).finally(() => {
    element('stop').disabled = true;
  });
};

await attempt(show);
