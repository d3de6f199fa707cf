/** docs/findings.md: what each check is, why it matters and what helps, out of the catalogue. */
import type { Catalogue, CheckEntry, Remedy, Repairer, Software } from '../../src/findings/check.ts';

const head = `# What a check can find

Made from the catalogue in [src/findings/catalogue](../src/findings/catalogue) by
\`node_modules/.bin/node test/findings/run.ts --write\`; a test says when it is out of date.

Ids are stable: none is given another meaning. A finding has a state: \`pass\`, \`fail\` (wrong), \`warn\` (works, and is weak or
will go wrong), \`absent\` (could be there and is not), \`not-tested\` (could not be looked at, which is no \`fail\`). The
severity below is that of a failure where no policy makes it worse or better; what is found has its own. How they are used:
[check.md](check.md).
`;

const repairers: Readonly<Record<Repairer, string>> = {
  'dns-owner': 'DNS zone',
  'mail-provider': 'mail server',
  'web-host': 'policy host',
  registrar: 'registrar',
  tester: 'this host',
};

const sectionNames: Readonly<Record<string, string>> = {
  dns: 'DNS',
  srv: 'SRV records',
  mx: 'Mail hosts',
  caa: 'Authorities (CAA)',
  conn: 'Connections',
  smtp: 'SMTP',
  starttls: 'STARTTLS',
  imap: 'IMAP',
  pop3: 'POP3',
  sieve: 'ManageSieve',
  'implicit-tls': 'TLS from the first octet',
  legacy: 'Ports in clear',
  tls: 'TLS',
  cert: 'Certificates',
  dnssec: 'DNSSEC',
  dane: 'DANE',
  mtasts: 'MTA-STS',
  tlsrpt: 'TLS-RPT',
  spf: 'SPF',
  dkim: 'DKIM',
  dmarc: 'DMARC',
  bimi: 'BIMI',
  parked: 'Domains without mail',
};

/** The whole page. */
export function findingsPage(catalogue: Catalogue): string {
  const sections = new Map<string, [string, CheckEntry][]>();
  for (const [id, entry] of Object.entries(catalogue)) {
    const name = id.split('.')[0] ?? id;
    sections.set(name, [...(sections.get(name) ?? []), [id, entry]]);
  }
  const contents = [...sections].map(
    ([name, entries]) =>
      `| [${titleOf(name)}](#${anchorOf(titleOf(name))}) | \`${name}\` | ${entries.length} |`,
  );
  return [
    head,
    ['| section | begins with | checks |', '|---|---|---|', ...contents, ''].join('\n'),
    ...[...sections].map(([name, entries]) =>
      [`## ${titleOf(name)}\n`, ...entries.map(([id, entry]) => entryText(id, entry))].join('\n'),
    ),
  ].join('\n');
}

function titleOf(section: string): string {
  return sectionNames[section] ?? section;
}

/** As GitHub makes it of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}

function entryText(id: string, { title, severity, why, fix, reference }: CheckEntry): string {
  return [
    `### ${id}\n`,
    `**${title}** · ${severity} · ${reference}\n`,
    `${why}\n`,
    ...fix.map((remedy) => remedyText(remedy)),
    '',
  ].join('\n');
}

function remedyText({ who, do: order, lines = [], verify }: Remedy): string {
  const programs = new Map<Software, string[]>();
  for (const line of lines) programs.set(line.for, [...(programs.get(line.for) ?? []), line.text]);
  return [
    `- ${repairers[who]}: ${order}`,
    ...[...programs].map(([program, texts]) => `  - ${program}: ${texts.map(code).join(' ')}`),
    ...(verify === undefined ? [] : [`  - to see that it is done: ${code(verify)}`]),
  ].join('\n');
}

/** As Markdown has it where backticks stand inside. */
function code(text: string): string {
  const ticks = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  if (ticks === 0) return `\`${text}\``;
  const fence = '`'.repeat(ticks + 1);
  return `${fence} ${text} ${fence}`;
}
