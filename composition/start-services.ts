import { commandApiPart } from './command-api.part.ts';
import { ingestPart } from './ingest.part.ts';
import type { Part, PartNeeds } from './part.ts';
import { projectorPart } from './projector.part.ts';
import { queryApiPart } from './query-api.part.ts';
import type { Service } from './services.ts';

const starters: { readonly [Name in Service]: (needs: PartNeeds) => Promise<Part> } = {
  'command-api': commandApiPart,
  'query-api': queryApiPart,
  projector: projectorPart,
  ingest: ingestPart,
};

/** Starts the services that this process has. What they show together is what each shows. */
export const startServices = async (needs: PartNeeds): Promise<Part & Required<Pick<Part, 'routes'>>> => {
  const parts: Part[] = [];
  for (const service of needs.services) parts.push(await starters[service](needs));
  return {
    ...Object.assign({}, ...parts),
    routes: parts.flatMap(({ routes = [] }) => routes),
    checks: parts.flatMap(({ checks }) => checks),
  };
};
