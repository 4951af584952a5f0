import { readFileSync } from 'node:fs';

export interface Instruction {
  readonly name: string;
  /** With its continuation lines. */
  readonly rest: string;
}

export interface Stage {
  readonly name: string;
  /** An image, or an earlier stage. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile, in their order. */
export const readStages = (text: string = readFileSync('Dockerfile', 'utf8')): readonly Stage[] => {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  const lines = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n\s*/g, ' ');
  for (const line of lines.split('\n').filter(Boolean)) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    const [, from = '', stage = ''] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(rest) ?? [];
    if (name === 'FROM') stages.push({ name: stage, from, instructions: [] });
    else stages.at(-1)!.instructions.push({ name, rest });
  }
  return stages;
};

/** What a stage inherits and adds, the oldest first. */
export const lineage = (stages: readonly Stage[], name: string): readonly Instruction[] => {
  const stage = stages.find((one) => one.name === name);
  return stage === undefined ? [] : [...lineage(stages, stage.from), ...stage.instructions];
};

/** What the last of these instructions says. */
export const last = (instructions: readonly Instruction[], name: string): string | undefined =>
  instructions.findLast((one) => one.name === name)?.rest;
