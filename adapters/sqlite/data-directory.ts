import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';

/** A directory that one process at a time may use. */
export interface DataDirectory {
  file(name: string): string;
  close(): void;
}

/**
 * Takes the directory for this process. The lock is the operating system's, on an SQLite file, so that it is gone
 * with the process however that ends.
 * @throws Error when another process has it
 */
export const openDataDirectory = (path: string): DataDirectory => {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = new Database(join(path, 'lock.db'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw new Error(`DATA_DIR ${path} is in use by another Tidemark process: stop it, or choose another directory`, {
      cause: error,
    });
  }
  return { file: (name) => join(path, name), close: () => lock.close() };
};

/** The master key of an installation without `MASTER_KEY`: made once, readable by its owner only. 32 bytes. */
export const masterKeyIn = (directory: DataDirectory): Buffer => {
  const file = directory.file('master.key');
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, randomBytes(32).toString('base64'), { mode: 0o600, flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  chmodSync(file, 0o600);
  return Buffer.from(readFileSync(file, 'utf8'), 'base64');
};
