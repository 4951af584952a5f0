/** What happened, in fields, and in words. Nothing personal in either. */
type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Where the operator reads. An error goes under `err`. */
export interface Log {
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}
