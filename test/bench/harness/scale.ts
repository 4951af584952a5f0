/** How much of everything. */
export interface Scale {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** So many that none of them collects a long history while it is measured. */
  readonly users: number;
  readonly sockets: number;
  /** Commands a second while latency to the sockets is measured. */
  readonly commandsPerSecond: number;
  readonly socketSeconds: number;
  readonly registrationSeconds: number;
  readonly historyEvents: number;
  readonly starts: number;
  /** Between a start and the look at its memory. */
  readonly settleSeconds: number;
  /** Where the profiles of the app go, when it is to be profiled (`--profile=<directory>`). */
  readonly profileDirectory?: string;
}

export const full: Scale = {
  rounds: 5,
  warmUpMs: 3_000,
  measureMs: 3_000,
  users: 4_000,
  sockets: 1_000,
  commandsPerSecond: 50,
  socketSeconds: 20,
  registrationSeconds: 5,
  historyEvents: 300_000,
  starts: 5,
  settleSeconds: 8,
};

/** Shows that everything runs. Its figures are worth little. */
export const quick: Scale = {
  rounds: 1,
  warmUpMs: 300,
  measureMs: 500,
  users: 200,
  sockets: 100,
  commandsPerSecond: 50,
  socketSeconds: 1,
  registrationSeconds: 1,
  historyEvents: 20_000,
  starts: 1,
  settleSeconds: 1,
};
