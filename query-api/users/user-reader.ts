import { LRUCache } from 'lru-cache';
import { DomainError } from '../../contracts/errors.ts';
import type { User } from '../../contracts/http/user-operations.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { FindOptions, ViewDefinition, ViewRow, ViewStore } from '../../contracts/ports/view-store.ts';
import { type UserProfile, userProfiles } from '../../projector/users/user-profile.projection.ts';
import type { PersonalData } from '../../runtime/personal-data.ts';
import type { ViewProgress } from '../../runtime/view-progress.ts';
import { positionFrom, waitForMinimum } from '../wait-for-minimum.ts';

export interface ShownUser {
  readonly user: User;
  /** Of the user's stream. */
  readonly revision: number;
}

export interface ReadUser extends ShownUser {
  /** JSON of the user. */
  readonly bytes: string;
  /** How far the view was before the row was read. */
  readonly position: Position;
}

/** For those who ask again and again. As long as the view stands still there is nothing new to read. */
const remembered = { max: 10_000, ttl: 5_000 };

/** Users as the API shows them: rows are sealed, and opened here. */
export class UserReader {
  readonly #remembered = new LRUCache<string, ReadUser>(remembered);
  readonly #views: ViewStore;
  readonly #progress: ViewProgress;
  readonly #personalData: PersonalData;

  constructor(views: ViewStore, progress: ViewProgress, personalData: PersonalData) {
    this.#views = views;
    this.#progress = progress;
    this.#personalData = personalData;
  }

  /**
   * How far the view is, not before `minimum`. To be asked before reading: whoever listens from there on misses nothing.
   * @throws DomainError 'view-behind', 'store-unavailable'
   */
  async position(minimum?: Position): Promise<Position> {
    return (await positionFrom(this.#progress, userProfiles, minimum)).position;
  }

  /** The user at this position or later. @throws DomainError 'view-behind', 'store-unavailable' */
  async find(id: string, minimum?: Position): Promise<ShownUser | undefined> {
    return this.#findIn(await waitForMinimum(this.#progress, userProfiles, minimum), id);
  }

  /** @throws DomainError 'user-not-found', 'view-behind', 'store-unavailable' */
  async read(id: string, minimum?: Position): Promise<ReadUser> {
    const { view, position } = await positionFrom(this.#progress, userProfiles, minimum);
    const known = this.#remembered.get(id);
    if (known?.position === position) return known;
    const shown = await this.#findIn(view, id);
    if (!shown) throw new DomainError('user-not-found');
    const read = { ...shown, bytes: JSON.stringify(shown.user), position };
    this.#remembered.set(id, read);
    return read;
  }

  /** In the order of the ids; and how far the view was before. @throws DomainError 'view-behind', 'store-unavailable' */
  async list(
    options: FindOptions,
    minimum?: Position,
  ): Promise<{ readonly users: readonly User[]; readonly position: Position }> {
    const { view, position } = await positionFrom(this.#progress, userProfiles, minimum);
    const users: User[] = [];
    for (const row of await this.#views.find(view, options)) users.push((await this.#show(row)).user);
    return { users, position };
  }

  async #findIn(view: ViewDefinition, id: string): Promise<ShownUser | undefined> {
    const row = await this.#views.get(view, id);
    return row && this.#show(row);
  }

  async #show({ key: id, value }: ViewRow): Promise<ShownUser> {
    const { email, name, role, revision, createdAt, updatedAt } = value as UserProfile;
    const user = {
      id,
      email: await this.#personalData.open(id, 'email', email),
      name: await this.#personalData.open(id, 'name', name),
      role,
      createdAt,
      updatedAt,
    };
    return { user, revision };
  }
}
