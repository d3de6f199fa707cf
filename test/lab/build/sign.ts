/** Signs zones with real signers, each in one sandbox for all of its zones. */
import { readFile } from 'node:fs/promises';
import { openSandbox } from '../../peers/support/sandbox.ts';
import { type Signer, type Signing, signers } from '../zone.ts';
import type { Line } from './edits.ts';
import { showDnskey } from './keys.ts';
import { type KeyedZone, readSigned } from './zone-text.ts';

/** A zone before it is signed. */
export interface Unsigned {
  readonly keyed: KeyedZone;
  readonly signing: Signing & { readonly by: Signer };
  /** The zone file. */
  readonly text: string;
}

const aDay = 86_400;
const folder = '/peer/zones';

/** @returns the records of each zone, in the order given. */
export async function signAll(
  roots: Readonly<Record<Signer, string>>,
  zones: readonly Unsigned[],
  now: number,
): Promise<ReadonlyMap<Unsigned, readonly Line[]>> {
  const signed = new Map<Unsigned, readonly Line[]>();
  await Promise.all(
    signers.map(async (signer) => {
      const its = zones.filter((zone) => zone.signing.by === signer);
      const texts = await signWith(roots[signer], signer, its, now);
      its.forEach((zone, index) => signed.set(zone, readSigned(texts[index] ?? '')));
    }),
  );
  return signed;
}

async function signWith(
  root: string,
  signer: Signer,
  zones: readonly Unsigned[],
  now: number,
): Promise<string[]> {
  const files: Record<string, string> = {};
  const lines: string[] = ['set -e', `mkdir -p ${folder}/out ${folder}/kasp`, `cd ${folder}`];
  zones.forEach((unsigned, index) => {
    files[`${folder}/${index}.zone`] = unsigned.text;
    for (const [name, text] of Object.entries(keyFiles(unsigned.keyed))) files[`${folder}/${name}`] = text;
    lines.push(commands[signer](unsigned, index, now));
  });
  if (signer === 'knot') files[`${folder}/knot.conf`] = knotConfiguration(zones);
  const sandbox = await openSandbox(root, { files });
  try {
    const done = await sandbox.run('sh', ['-c', lines.join('\n')]);
    if (done.code !== 0) throw new Error(`${signer} does not sign: ${done.stdout}${done.stderr}`);
    return await Promise.all(
      zones.map((_, index) => readFile(sandbox.path(`${folder}/out/${index}`), 'utf8')),
    );
  } finally {
    await sandbox.close();
  }
}

/** The keys of a zone as BIND's files, by their names. */
export function keyFiles({ zone, keys }: KeyedZone): Record<string, string> {
  return Object.fromEntries(
    keys.flatMap((key) => [
      [`${key.file}.key`, `${dot(zone.name)} 300 IN DNSKEY ${showDnskey(key.rdata)}\n`],
      [`${key.file}.private`, key.privateText],
    ]),
  );
}

const commands: Readonly<Record<Signer, (zone: Unsigned, index: number, now: number) => string>> = {
  bind({ keyed: { zone, keys }, signing }, index, now) {
    const { from, until } = span(signing, now);
    const { denial } = signing;
    const hashed =
      denial === 'NSEC'
        ? ''
        : `-3 ${denial.salt || '-'} -H ${denial.iterations} ${denial.optOut ? '-A' : ''}`;
    const acting = keys.filter((key) => key.plan.idle !== true);
    // With a zone-signing key the others sign the keys alone; without one they sign all.
    const roles = acting.some((key) => (key.plan.flags & 1) === 0) ? '-x' : '-z';
    return [
      // -P: some of these zones are not to be found good.
      `dnssec-signzone -q -P -n 1 -O full ${roles} ${hashed} -s ${stamp(from)} -e ${stamp(until)}`,
      `-o ${dot(zone.name)} -f out/${index} ${index}.zone ${acting.map((key) => key.file).join(' ')} >out/log 2>&1`,
      '|| { cat out/log >&2; exit 1; }',
    ].join(' ');
  },
  ldns({ keyed: { zone, keys }, signing }, index, now) {
    const { from, until } = span(signing, now);
    const { denial } = signing;
    const hashed =
      denial === 'NSEC'
        ? ''
        : `-n -t ${denial.iterations} ${denial.salt === '' ? '' : `-s ${denial.salt}`} ${denial.optOut ? '-p' : ''}`;
    const files = keys.filter((key) => key.plan.idle !== true).map((key) => key.file);
    return [
      `ldns-signzone ${hashed} -i ${from} -e ${until} -o ${dot(zone.name)} -f out/${index} ${index}.zone`,
      `${files.join(' ')} 2>out/log || { cat out/log >&2; exit 1; }`,
    ].join(' ');
  },
  knot({ keyed: { zone, keys }, signing }, index, now) {
    const name = dot(zone.name);
    const { from } = span(signing, now);
    const keymgr = `keymgr -c knot.conf ${name}`;
    const { denial } = signing;
    return [
      ...keys.map((key) => `${keymgr} import-bind ${key.file}.key`),
      ...(denial === 'NSEC' || denial.salt === '' ? [] : [`${keymgr} nsec3-salt ${denial.salt}`]),
      `kzonesign -c knot.conf -t ${from} -o out/${index}.d ${name}`,
      `mv out/${index}.d/* out/${index}`,
    ]
      .map((line) => (line.startsWith('mv') ? line : `${line} >>log 2>&1 || { cat log >&2; exit 1; }`))
      .join('\n');
  },
};

function knotConfiguration(zones: readonly Unsigned[]): string {
  const policies = zones.map(({ signing }, index) => {
    const { denial } = signing;
    const hashed =
      denial === 'NSEC'
        ? ['nsec3: off']
        : [
            'nsec3: on',
            `nsec3-iterations: ${denial.iterations}`,
            `nsec3-salt-length: ${denial.salt.length / 2}`,
            `nsec3-opt-out: ${denial.optOut ? 'on' : 'off'}`,
          ];
    return [
      ` - id: p${index}`,
      '   manual: on',
      '   rrsig-lifetime: 30d',
      '   dnskey-ttl: 300',
      ...hashed.map((line) => `   ${line}`),
    ].join('\n');
  });
  const domains = zones.map(({ keyed }, index) =>
    [
      ` - domain: ${dot(keyed.zone.name)}`,
      `   file: ${folder}/${index}.zone`,
      '   dnssec-signing: on',
      `   dnssec-policy: p${index}`,
    ].join('\n'),
  );
  const database = `database:\n  storage: ${folder}/kasp`;
  return [database, 'policy:', ...policies, 'zone:', ...domains, ''].join('\n');
}

/** Seconds since 1970 from when and until when signatures hold. */
function span({ valid = 'now' }: Signing, now: number): { from: number; until: number } {
  const shift = { now: 0, past: -60 * aDay, future: 60 * aDay }[valid];
  return { from: now + shift - aDay, until: now + shift + 30 * aDay };
}

/** As dnssec-signzone reads times: YYYYMMDDHHMMSS, UTC. */
function stamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

function dot(name: string): string {
  return name === '.' ? '.' : `${name}.`;
}
