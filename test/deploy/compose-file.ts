import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** What the tests look at of a service. */
export interface ComposeService {
  readonly build?: { readonly context: string; readonly target: string };
  readonly image?: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly group_add?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly init?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly privileged?: boolean;
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly stop_grace_period?: string;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly container_name?: string;
  readonly [other: string]: unknown;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** `${NAME:-default}` and `$$`, all that the file uses of the compose specification's interpolation. */
const interpolate = (text: string, environment: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$\$|\$\{(\w+):-([^}]*)\}/g, (found, name: string, otherwise: string) =>
    found === '$$' ? '$' : environment[name] || otherwise,
  );

const interpolated = (value: unknown, environment: Readonly<Record<string, string>>): unknown => {
  if (typeof value === 'string') return interpolate(value, environment);
  if (Array.isArray(value)) return value.map((one) => interpolated(one, environment));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, interpolated(one, environment)]));
};

/** `docker-compose.yml`, as compose would read it in this environment. */
export const readComposeFile = (environment: Readonly<Record<string, string>> = {}): ComposeFile =>
  interpolated(parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }), environment) as ComposeFile;

/** Services whose image is built here. */
export const ours = ({ services }: ComposeFile): readonly [string, ComposeService][] =>
  Object.entries(services).filter(([, { build }]) => build !== undefined);

/** Where a service has what: `source:target[:ro]`. */
export const mounts = ({ volumes = [] }: ComposeService) =>
  volumes.map((volume) => {
    const [source, target, mode] = volume.split(':') as [string, string, string?];
    return { source, target, readOnly: mode === 'ro' };
  });
