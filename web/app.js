import { drawCandles } from './chart.js';
import { byId, dateOf, element, timeOf } from './element.js';
import { listen } from './live.js';
import { PriceTable } from './prices.js';
import { Ended, Session } from './session.js';
import { newKey } from './tab.js';

const mostNotices = 30;
const minuteMs = 60_000;
const words = { 'user.created': 'registered', 'user.updated': 'changed', 'user.deleted': 'was deleted' };

let live;
let everyMinute;
let me;
const session = new Session({ onRefreshed: () => live?.reconnect(), onEnded: leave });
const table = new PriceTable(() => keepUp(showCandles));
/** Whether the message says that the page could not keep up. */
let behind = false;

function say(message) {
  byId('message').textContent = message ?? '';
  byId('message').hidden = !message;
  behind = false;
}

function complain(problem) {
  if (!(problem instanceof Ended)) say(problem.message);
}

/** Does what the reader asked for, and shows what it failed with. */
async function attempt(work) {
  try {
    await work();
  } catch (problem) {
    complain(problem);
  }
}

/** Reads what nobody asked for; what it failed with is shown until it works again. */
async function keepUp(work) {
  try {
    await work();
    if (behind) say();
  } catch (problem) {
    complain(problem);
    behind = true;
  }
}

function showUser(user) {
  me = user;
  byId('user-name').textContent = user.name;
  byId('user-email').textContent = user.email;
  byId('user-role').textContent = user.role;
  byId('user-since').replaceChildren(dateOf(user.createdAt));
}

async function readAll() {
  const { data, token } = await session.call('GET', '/v1/dashboard');
  showUser(data.user);
  table.show(data.prices);
  return token;
}

async function readPrices() {
  const { data } = await session.call('GET', '/v1/prices');
  table.show(data.items);
}

async function showCandles() {
  const symbol = table.chosen;
  if (!symbol) return;
  const { data } = await session.call('GET', `/v1/prices/${symbol}/candles?limit=60`);
  if (symbol === table.chosen) byId('chart').replaceChildren(drawCandles(symbol, data.items));
}

function addNotice({ type, time, subject, data }) {
  const who = subject === me?.id ? 'You' : (data.name ?? `User ${subject.slice(0, 8)}…`);
  byId('notices').prepend(element('li', {}, timeOf(time), ` ${who} ${words[type]}`));
  while (byId('notices').children.length > mostNotices) byId('notices').lastChild.remove();
}

function onUser(notice) {
  addNotice(notice);
  if (notice.subject !== me?.id) return;
  if (notice.type === 'user.deleted') session.end('Your account was deleted.');
  else if (notice.data.name !== undefined) showUser(notice.data);
}

function connection(state) {
  byId('connection').textContent = state;
  byId('connection').className = state;
  byId('connection').hidden = false;
}

async function enter() {
  const cursor = await readAll();
  say();
  byId('door').hidden = true;
  byId('dashboard').hidden = false;
  byId('sign-out').hidden = false;
  connection('connecting');
  let connectedBefore = false;
  live = listen({
    session,
    cursor,
    onUser,
    onPrice: ({ data }) => table.update(data),
    onReady: () => {
      connection('live');
      // Prices are not resumed: after an interruption they are read anew.
      if (connectedBefore) void keepUp(readPrices);
      connectedBefore = true;
    },
    onResync: () => keepUp(readAll),
    onAway: () => connection('away'),
  });
  everyMinute = setInterval(() => keepUp(() => Promise.all([readPrices(), showCandles()])), minuteMs);
}

function stopListening() {
  live?.stop();
  live = undefined;
  clearInterval(everyMinute);
}

function leave(reason) {
  stopListening();
  me = undefined;
  table.clear();
  for (const id of ['user-name', 'user-email', 'user-role', 'user-since', 'chart', 'notices'])
    byId(id).replaceChildren();
  for (const id of ['dashboard', 'sign-out', 'connection']) byId(id).hidden = true;
  byId('door').hidden = false;
  say(reason);
}

/** Sends the form's fields, one submission at a time. */
function onSubmit(id, work) {
  const form = byId(id);
  const button = form.querySelector('button');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    say();
    await attempt(async () => {
      await work(Object.fromEntries(new FormData(form)));
      form.reset();
    });
    button.disabled = false;
  });
}

/** The same key for the same fields, so that a repeat after a lost answer registers once. */
const attempted = { fields: '', key: '' };
const keyFor = (fields) => {
  const text = JSON.stringify(fields);
  if (attempted.fields !== text) Object.assign(attempted, { fields: text, key: newKey() });
  return attempted.key;
};

onSubmit('sign-in', async ({ email, password }) => {
  await session.signIn(email, password);
  await enter();
});
onSubmit('register', async (fields) => {
  await session.register(fields, keyFor(fields));
  Object.assign(attempted, { fields: '', key: '' });
  await enter();
});
onSubmit('rename', async ({ name }) => {
  const { data } = await session.call('PATCH', '/v1/me', { name });
  showUser(data);
});
byId('sign-out').addEventListener('click', () => {
  // First, or else it hears the session end and takes it for news.
  stopListening();
  void attempt(() => session.signOut());
});

await attempt(async () => {
  if (await session.resume()) await enter();
});
byId('door').hidden = !byId('dashboard').hidden;
