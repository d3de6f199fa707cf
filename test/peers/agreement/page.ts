/** docs/agreement.md: what came of all programs at all servers. */
import { join } from 'node:path';
import { type Explained, sorted } from './differences.ts';
import { differencesIn, factsOf, kinds, type Met, type Result } from './result.ts';
import { type ToolName, toolNames } from './tool.ts';

export const pageFile = join(import.meta.dirname, '../../../docs/agreement.md');

const introduction = `# Agreement with other programs

What \`waxwing check --depth deep --suites all\` says of a server, compared with what testssl.sh, sslscan, nmap, openssl, gnutls-cli and
posttls-finger say of the same one in the same run: which versions of TLS there are, which suites of each, which groups, which
certificates by their SHA-256, and whether the certificate is good for its host. The servers are those of the [zoo](zoo.md), and some
with TLS as none has today. \`node_modules/.bin/node test/peers/agreement/run.ts\` writes this page; a difference that is not
explained below fails it, and so does an explanation without a difference.

A fact is compared where both programs speak of it: a program that lists all suites differs by each that it does not name, one that
shows the suite of its handshake by that one only. Connections are counted in front of the server.
`;

/** What each of them does, for whoever reads the numbers. */
const asked: Readonly<Record<ToolName, string>> = {
  sslscan:
    '2.0.7: versions, all suites that its OpenSSL 3.0 has and some more, groups, one certificate; judges none',
  nmap: '7.93, ssl-enum-ciphers and ssl-cert: versions, all suites that it knows, one certificate; judges none',
  'testssl.sh':
    '3.0.8 with -p -S -f -E: versions, all suites, groups, certificates of both keys, trust. It takes a minute each time, so it looks at one set-up of every program and at those whose TLS is special',
  openssl:
    '3.0, s_client thirty times: versions from TLS 1.0 on with one suite of each, certificates of both keys, groups, trust',
  'gnutls-cli': '3.7, fifteen times: versions from TLS 1.0 on, groups, one certificate, trust',
  'posttls-finger': 'of Postfix 3.7 at the level `secure`, once: what one delivery sees',
};

/** @param servers how many there are; fewer results are of a run that was broken off, and the page says so. */
export function agreementPage(results: readonly Result[], servers: number): string {
  const differences = differencesIn(results);
  const { rows } = sorted(results, differences);
  const facts = results.flatMap(({ tools }) =>
    tools.map((tool) => (tool.kind === 'seen' ? factsOf(tool) : 0)),
  );
  const total = facts.reduce((sum, count) => sum + count, 0);
  return [
    introduction,
    `${results.length}${results.length === servers ? '' : ` of ${servers}`} servers, ${total.toLocaleString('en')} facts, ${differences.length} of which differ, for ${rows.filter(({ met }) => met.length > 0).length} reasons.\n`,
    [
      '| program | what is asked |',
      '|---|---|',
      ...toolNames.map((name) => `| ${name} | ${asked[name]} |`),
    ].join('\n'),
    '\n## Facts\n',
    'Of each kind: how many were compared. Connections: the median of all servers, and the most.\n',
    sumsOf(results),
    '\n## Differences\n',
    ...rows.flatMap(({ row, met }) => (met.length === 0 ? [] : [differenceLines(row, met)])),
    '\n## Servers\n',
    'Of each program: facts that were compared, how many of them differ, and connections. `-`: it cannot; `·`: not asked.\n',
    tableOf(results),
    '\n## What they cannot\n',
    cannotTable(results),
    '',
  ].join('\n');
}

const kindNames: Readonly<Record<(typeof kinds)[number], string>> = {
  tls: 'TLS at all',
  version: 'versions',
  suite: 'suites',
  group: 'groups',
  certificate: 'certificates',
  verified: 'good or not',
};

/** Facts of each kind, and how many of them differ; and what it costs. */
function sumsOf(results: readonly Result[]): string {
  const rows = toolNames.map((name) => {
    const seen = results.flatMap(({ tools }) =>
      tools.flatMap((tool) => (tool.kind === 'seen' && tool.name === name ? [tool] : [])),
    );
    const cells = kinds.map((kind) => {
      const facts = seen.reduce((sum, { compared }) => sum + compared[kind], 0);
      const differ = seen.flatMap(({ differences }) => differences).filter((one) => one.kind === kind).length;
      return `${facts}${differ === 0 ? '' : `, **${differ} differ**`}`;
    });
    return [name, String(seen.length), ...cells, averageOf(seen)];
  });
  const ours = [
    'waxwing',
    String(results.length),
    ...kinds.map(() => ''),
    averageOf(results.map((one) => one.ours)),
  ];
  const heading = ['program', 'servers', ...kinds.map((kind) => kindNames[kind]), 'connections to a server'];
  return [heading, heading.map(() => '---'), ...rows, ours]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function averageOf(visits: readonly { readonly connections: number }[]): string {
  const all = visits.map(({ connections }) => connections).toSorted((a, b) => a - b);
  const [middle, most] = [all[all.length >> 1], all.at(-1)];
  return middle === undefined ? '' : `${middle}, at most ${most}`;
}

const says: Readonly<Record<Explained['right'], string>> = {
  waxwing: 'Waxwing is right',
  'the other': 'the other one is right',
  both: 'both are right',
};

function differenceLines({ why, right, tools }: Explained, met: readonly Met[]): string {
  const servers = [...new Set(met.map(({ server }) => server))];
  const shown =
    servers.length > 4
      ? `${servers.slice(0, 3).join(', ')} and ${servers.length - 3} more`
      : servers.join(', ');
  const what = [
    ...new Set(
      met.map(
        ({ kind, what: name, ours, theirs }) =>
          `${kind === 'certificate' ? 'a certificate' : name} (${ours} / ${theirs})`,
      ),
    ),
  ];
  const some =
    what.length > 4 ? `${what.slice(0, 3).join(', ')} and ${what.length - 3} more` : what.join(', ');
  return `- **${tools.join(', ')}**: ${why} *${says[right]}.* ${met.length} at ${shown}; ours / theirs: ${some}.`;
}

function tableOf(results: readonly Result[]): string {
  const heading = ['server', 'TLS', 'groups seen', 'certificate', 'Waxwing', ...toolNames];
  return [
    `| ${heading.join(' | ')} |`,
    `|${heading.map(() => '---').join('|')}|`,
    ...results.map((result) => `| ${rowOf(result).join(' | ')} |`),
  ].join('\n');
}

function rowOf({ name, protocol, tls, ours, tools }: Result): readonly string[] {
  const versions = ours.versions.map(
    ({ name: version, suites }) => `${version.replace('TLSv', '')}: ${suites}`,
  );
  return [
    `${name} (${protocol}${tls === 'implicit' ? ', TLS first' : ''})`,
    versions.join(', ') || 'none',
    ours.groups.join(' '),
    ours.certificates === 0
      ? ''
      : `${ours.certificates}, ${ours.verified === 'yes' ? 'good' : ours.verified}`,
    `${ours.connections} connections`,
    ...toolNames.map((tool) => {
      const seen = tools.find((one) => one.name === tool);
      if (seen === undefined) return '·';
      if (seen.kind === 'cannot') return '-';
      const differ = seen.differences.length === 0 ? '' : `, **${seen.differences.length} differ**`;
      return `${factsOf(seen)}${differ}; ${seen.connections}`;
    }),
  ];
}

function cannotTable(results: readonly Result[]): string {
  const reasons = new Set(
    results.flatMap(({ tools }) => tools.flatMap((tool) => (tool.kind === 'cannot' ? [tool.because] : []))),
  );
  return [...reasons]
    .toSorted()
    .map((because) => `- ${because}`)
    .join('\n');
}
