import type { Log } from '../../contracts/ports/log.ts';

export interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A log that keeps its lines. */
export const recordingLog = (): Log & { readonly lines: readonly Line[] } => {
  const lines: Line[] = [];
  const write = (level: Line['level']) => (fields: Line['fields'], message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, info: write('info'), warn: write('warn'), error: write('error') };
};
