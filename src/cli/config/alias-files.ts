/** Reads what sends mail on: aliases of domains, and the secrets of rewritten senders. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Domain, Parsed } from '../../names/domain.ts';
import { type Alias, readAliases, resolveAliases } from '../../relay/aliases.ts';
import type { LocalDomain } from '../../relay/domains.ts';
import type { Config, DomainConfig } from './config.ts';
import type { Findings } from './files.ts';
import { readLine, readText } from './text-file.ts';

const LEAST_SECRET_BYTES = 16;

/** @param path of the domain's table. @returns undefined where the file is wrong, which is among the findings. */
export async function readDomainAliases(
  { aliases }: DomainConfig,
  path: string,
  findings: Findings,
): Promise<readonly Alias[] | undefined> {
  if (aliases === null) return [];
  return aliases.kind === 'here'
    ? aliases.value
    : findings.take(`${path}.aliases_file`, await readAliasFile(aliases.path));
}

async function readAliasFile(file: string): Promise<Parsed<readonly Alias[]>> {
  const text = await readText(file);
  if (text.kind === 'invalid') return { kind: 'invalid', because: `${file}: ${text.because}` };
  const aliases = readAliases(text.value);
  return aliases.kind === 'ok' ? aliases : { kind: 'invalid', because: `${file}, ${aliases.because}` };
}

/** What is wrong with where aliases lead. @param domains all of the configuration. */
export function checkAliases(
  domains: readonly LocalDomain[],
  { domains: configured, forwarding }: Config,
  findings: Findings,
): void {
  const complain = (index: number, because: string): void => {
    const key = configured[index]?.aliases?.kind === 'file' ? 'aliases_file' : 'aliases';
    findings.take(`domain[${index}].${key}`, { kind: 'invalid', because });
  };
  const { table, faults } = resolveAliases(domains);
  for (const { index, because } of faults) complain(index, because);
  if (forwarding !== null) return;
  const own = new Set<string>(domains.map(({ name }) => name));
  for (const [index, { name, aliases }] of domains.entries()) {
    for (const alias of aliases) {
      const away = table
        .get(`${alias.name}@${name}`)
        ?.find(({ at }) => at.kind === 'domain' && !own.has(at.domain));
      if (away === undefined) continue;
      complain(
        index,
        `the alias "${alias.name}" leads to ${away.text}, which is elsewhere: that needs [forwarding]`,
      );
    }
  }
}

/** What rewritten senders are made with. */
export interface ForwardingFiles {
  readonly domain: Domain;
  readonly secret: KeyObject;
}

/** null: mail is not sent on. */
export async function readForwarding(
  { forwarding }: Config,
  findings: Findings,
): Promise<ForwardingFiles | null | undefined> {
  if (forwarding === null) return null;
  const secret = await readSecret(forwarding.secretFile, 'forwarding.srs_secret_file', findings);
  if (secret === undefined) return undefined;
  return { domain: forwarding.srsDomain, secret };
}

/** null: addresses get no tag. */
export async function readVerpSecret(
  { bounces: { secretFile } }: Config,
  findings: Findings,
): Promise<KeyObject | null | undefined> {
  if (secretFile === null) return null;
  return await readSecret(secretFile, 'bounces.secret_file', findings);
}

async function readSecret(file: string, key: string, findings: Findings): Promise<KeyObject | undefined> {
  const secret = findings.take(key, longEnough(await readLine(file), file));
  return secret === undefined ? undefined : createSecretKey(Buffer.from(secret));
}

function longEnough(line: Parsed<string>, file: string): Parsed<string> {
  if (line.kind === 'invalid') return { kind: 'invalid', because: `${file}: ${line.because}` };
  const octets = Buffer.byteLength(line.value);
  return octets >= LEAST_SECRET_BYTES
    ? line
    : {
        kind: 'invalid',
        because: `${file} holds a secret of ${octets} octets, at least ${LEAST_SECRET_BYTES} are needed`,
      };
}
