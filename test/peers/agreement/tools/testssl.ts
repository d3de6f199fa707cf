/** testssl.sh: versions, and on request every suite, with hellos of its own and openssl; groups, certificates, trust. */
import { hexOf, ianaGroup, ianaSuite } from '../names.ts';
import {
  type Fault,
  listed,
  type Sighting,
  type Verified,
  type VersionName,
  verifiedBy,
} from '../sighting.ts';
import { quoted, ROOT_FILE, shell, type Tool, type Ways } from '../tool.ts';

/** At LDAP 3.0.8 says that it is not supported yet, and ends. */
const starttls: Ways = {
  smtp: ['-t', 'smtp'],
  submission: ['-t', 'smtp'],
  lmtp: ['-t', 'lmtp'],
  imap: ['-t', 'imap'],
  pop3: ['-t', 'pop3'],
  nntp: ['-t', 'nntp'],
  ftp: ['-t', 'ftp'],
  xmpp: ['-t', 'xmpp'],
  postgres: ['-t', 'postgres'],
  mysql: ['-t', 'mysql'],
};

/** @param parts options of what it looks at: -p versions, -S certificates, -f groups, -E suites. */
export function testsslFor(parts: readonly string[]): Tool {
  return {
    name: 'testssl.sh',
    peer: 'scanners',
    starttls,
    async look(sandbox, { host, port, protocol }, words) {
      const named = protocol === 'xmpp' ? ['--xmpphost', host] : [];
      const quiet = ['--quiet', '--color', '0', '--warnings', 'off', '--nodns', 'none'];
      const call = ['testssl', ...quiet, ...words, ...named, ...parts, '--add-ca', ROOT_FILE];
      const whole = [...call, '--jsonfile', '/peer/out.json', `${host}:${port}`].map(quoted).join(' ');
      // awk is one of Debian's alternatives.
      const lines = `mkdir /tmp/bin; ln -s /usr/bin/gawk /tmp/bin/awk; export PATH=/tmp/bin:$PATH
        ${whole} </dev/null >/dev/null 2>&1; cat /peer/out.json`;
      return sightingOf(await shell(sandbox, lines, 400));
    },
  };
}

const versionIds: readonly (readonly [string, VersionName])[] = [
  ['SSLv2', 'SSLv2'],
  ['SSLv3', 'SSLv3'],
  ['TLS1', 'TLSv1'],
  ['TLS1_1', 'TLSv1.1'],
  ['TLS1_2', 'TLSv1.2'],
  ['TLS1_3', 'TLSv1.3'],
];

const suiteVersions: Readonly<Record<string, VersionName>> = {
  ssl2: 'SSLv2',
  ssl3: 'SSLv3',
  tls1: 'TLSv1',
  tls1_1: 'TLSv1.1',
  tls1_2: 'TLSv1.2',
  tls1_3: 'TLSv1.3',
};

export function sightingOf(json: string): Sighting {
  const rows = rowsOf(json);
  // It ends by itself where there is no TLS, and says how long it took where there is.
  const isCut = rows.some(({ id }) => id === 'SSLv3') && !rows.some(({ id }) => id === 'scanTime');
  if (isCut) throw new Error('testssl.sh has not come to its end in time');
  const all = (id: string): readonly string[] =>
    rows.filter((row) => row.id === id || row.id.startsWith(`${id} <cert`)).map(({ finding }) => finding);
  const suites = new Map<VersionName, string[]>();
  for (const { id } of rows) {
    const [, era = '', code = ''] = /^cipher-(\w+?)_x([0-9a-f]+)$/.exec(id) ?? [];
    const version = suiteVersions[era];
    if (version !== undefined) suites.set(version, [...(suites.get(version) ?? []), ianaSuite(code)]);
  }
  const fingerprints = all('cert_fingerprintSHA256').map(hexOf);
  const curves = all('PFS_ECDHE_curves');
  return {
    versions: new Map(
      versionIds.flatMap(([id, name]) =>
        all(id).map((said): [VersionName, boolean] => [name, /^offered|^supported/.test(said)]),
      ),
    ),
    suites: new Map([...suites].map(([version, names]) => [version, listed(names, true)])),
    groups: listed(
      curves.flatMap((said) => said.split(' ')).flatMap((name) => (name === '' ? [] : [ianaGroup(name)])),
      curves.length > 0,
    ),
    certificates: listed(fingerprints, fingerprints.length > 0),
    verified: verdictOf(all),
  };
}

interface Row {
  readonly id: string;
  readonly finding: string;
}

/** Objects of texts; what it prints where it gives up is no whole list. */
function rowsOf(json: string): readonly Row[] {
  return [...json.matchAll(/"id"\s*:\s*"([^"]*)"[^}]*?"finding"\s*:\s*"([^"]*)"/g)].map(
    ([, id = '', finding = '']) => ({ id, finding }),
  );
}

function verdictOf(all: (id: string) => readonly string[]): Verified {
  const chains = all('cert_chain_of_trust');
  if (chains.length === 0) return { kind: 'unsaid' };
  const faults = [
    ...chains.flatMap((said): Fault[] => {
      if (/passed|Ok/.test(said)) return [];
      return /expired/.test(said) ? ['time'] : ['issuer'];
    }),
    ...all('cert_trust').flatMap((said): Fault[] => (said.startsWith('Ok') ? [] : ['name'])),
    ...all('cert_expirationStatus').flatMap((said): Fault[] =>
      /^expired|not yet/i.test(said) ? ['time'] : [],
    ),
  ];
  return verifiedBy(faults);
}
