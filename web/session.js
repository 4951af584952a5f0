import { isOwnTab } from './tab.js';

const storageKey = 'tidemark.refresh-token';
/** Tokens are exchanged when this part of their life is over. */
const refreshAt = 0.8;
const retryMs = 5_000;

/** What a request failed with, in words for the reader. */
export class Problem extends Error {
  constructor(status, { title = 'Something went wrong', code, detail, errors = [] } = {}) {
    const fields = errors.map(({ pointer, detail: what }) => `${pointer.split('/').at(-1)} ${what}`);
    super([title, detail, ...fields].filter(Boolean).join(' – '));
    this.status = status;
    this.code = code;
  }
}

/** What a request fails with when the session it was made in is over: of no interest to anybody any more. */
export class Ended extends Error {}

/** This tab's sign-in: the access token in memory, the refresh token in the tab's storage. */
export class Session {
  #accessToken;
  #timer;
  #refreshing;
  /** Aborts what is under way when the session ends. */
  #life = new AbortController();
  /** How far our own writes went: reads must not be older. */
  #seen;
  #onRefreshed;
  #onEnded;

  constructor({ onRefreshed, onEnded }) {
    this.#onRefreshed = onRefreshed;
    this.#onEnded = onEnded;
  }

  get accessToken() {
    return this.#accessToken;
  }

  /** Whether the tab was signed in before it was loaded. A copied tab is not: a refresh token that two use ends both. */
  async resume() {
    const own = await isOwnTab();
    if (!sessionStorage.getItem(storageKey)) return false;
    if (!own) {
      sessionStorage.removeItem(storageKey);
      throw new Error('This tab is a copy of another one, which stays signed in. Sign in here too.');
    }
    await this.refresh();
    return true;
  }

  async signIn(email, password) {
    const { data } = await this.#send('POST', '/v1/sessions', { body: { email, password } });
    this.#keep(data);
  }

  async register(body, idempotencyKey) {
    const headers = { 'idempotency-key': idempotencyKey };
    this.#note(await this.#send('POST', '/v1/users', { body, headers }));
    await this.signIn(body.email, body.password);
  }

  /** One exchange at a time: a refresh token works once. */
  refresh() {
    if (this.#refreshing) return this.#refreshing;
    const exchange = this.#exchange().finally(() => {
      if (this.#refreshing === exchange) this.#refreshing = undefined;
    });
    this.#refreshing = exchange;
    return exchange;
  }

  async signOut() {
    await this.call('DELETE', '/v1/sessions/current').catch(() => undefined);
    this.end();
  }

  end(reason) {
    clearTimeout(this.#timer);
    this.#life.abort(new Ended());
    this.#life = new AbortController();
    this.#refreshing = undefined;
    sessionStorage.removeItem(storageKey);
    this.#accessToken = undefined;
    this.#seen = undefined;
    this.#onEnded(reason);
  }

  /** Asks as the user: `{data, token}`, the token being how far the answer reaches. */
  async call(method, path, body) {
    const attempt = () => {
      const authorization = `Bearer ${this.#accessToken}`;
      const seen = method === 'GET' && this.#seen ? { 'consistency-token': this.#seen } : {};
      return this.#send(method, path, { body, headers: { authorization, ...seen } });
    };
    const answer = await attempt().catch(async (problem) => {
      if (problem.status === 401) await this.refresh();
      else if (problem.code === 'store-replaced') this.#seen = undefined;
      else if (problem.code !== 'view-behind') throw problem;
      return attempt();
    });
    if (method !== 'GET') this.#note(answer);
    return answer;
  }

  #note({ token }) {
    this.#seen = token ?? this.#seen;
  }

  async #send(method, path, { body, headers = {} }) {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const { signal } = this.#life;
    const response = await fetch(path, { method, ...json, headers: { ...type, ...headers }, signal });
    const data = response.status === 204 ? undefined : await response.json().catch(() => undefined);
    signal.throwIfAborted();
    if (!response.ok) throw new Problem(response.status, data);
    return { data, token: response.headers.get('consistency-token') };
  }

  async #exchange() {
    const { signal } = this.#life;
    try {
      const body = { refreshToken: sessionStorage.getItem(storageKey) ?? '' };
      const { data } = await this.#send('POST', '/v1/sessions/refresh', { body });
      this.#keep(data);
      this.#onRefreshed();
    } catch (problem) {
      if (problem.status === 401 || problem.status === 422) this.end('Your session has ended. Sign in again.');
      signal.throwIfAborted();
      if (this.#accessToken) this.#later(retryMs);
      throw problem;
    }
  }

  #keep({ accessToken, refreshToken, expiresInSeconds }) {
    this.#accessToken = accessToken;
    sessionStorage.setItem(storageKey, refreshToken);
    this.#later(expiresInSeconds * 1_000 * refreshAt);
  }

  #later(ms) {
    clearTimeout(this.#timer);
    // What it failed with is shown by whoever asks next.
    this.#timer = setTimeout(() => this.refresh().catch(() => undefined), ms);
  }
}
