/** nmap with ssl-enum-ciphers and ssl-cert: versions and suites by hellos of its own, one certificate; it judges none. */
import { fingerprintsIn, ianaGroup } from '../names.ts';
import { listed, type Sighting, type VersionName, versionNames } from '../sighting.ts';
import { quoted, shell, type Tool } from '../tool.ts';
import { plainText } from '../xml.ts';

export const nmap: Tool = {
  name: 'nmap',
  peer: 'scanners',
  // By its name of the port; 24 is `priv-mail` to it, and 4190 `sieve`.
  starttls: {
    smtp: [],
    submission: [],
    imap: [],
    pop3: [],
    ldap: [],
    nntp: [],
    ftp: [],
    xmpp: [],
    'xmpp-server': [],
    postgres: [],
    mysql: [],
  },
  async look(sandbox, { host, port }) {
    // Over XMPP it asks for the name that the address leads back to.
    const call = [
      'nmap',
      '--system-dns',
      '-Pn',
      '-sT',
      '-p',
      String(port),
      '--script',
      '+ssl-enum-ciphers,+ssl-cert',
    ];
    const names = ['--script-args', `tls.servername=${host}`, '-oX', '-', host];
    return sightingOf(await shell(sandbox, [...call, ...names].map(quoted).join(' '), 120));
  },
};

/** TLS 1.3 has no way of key exchange in its names; nmap writes one. */
function ianaName(name: string): string {
  return name.replace('TLS_AKE_WITH_', 'TLS_');
}

export function sightingOf(xml: string): Sighting {
  const versions = new Map<VersionName, boolean>();
  const suites = new Map<VersionName, string[]>();
  const groups = new Set<string>();
  const said = /<script id="ssl-enum-ciphers" output="([^"]*)"/.exec(xml)?.[1];
  let version: VersionName | undefined;
  for (const line of plainText(said ?? '').split('\n')) {
    const heading = /^ {2}(\S+): *$/.exec(line)?.[1];
    if (heading !== undefined) version = versionOf(heading);
    const suite = /^ {6}(TLS_\w+|SSL_\w+)(?: \((.*?)\))? - /.exec(line);
    if (suite === null || version === undefined) continue;
    suites.set(version, [...(suites.get(version) ?? []), ianaName(suite[1] ?? '')]);
    const group = suite[2] ?? '';
    if (!/^(?:rsa|dh|dsa|ecdsa) /.test(group) && group !== '') groups.add(ianaGroup(group));
  }
  // It asks for every version but SSL 2.0.
  for (const name of versionNames) if (name !== 'SSLv2') versions.set(name, suites.has(name));
  return {
    versions,
    suites: new Map([...suites].map(([name, names]) => [name, listed(names, true)])),
    groups: listed(groups, false),
    certificates: listed(fingerprintsIn(plainText(xml)).slice(0, 1), false),
    verified: { kind: 'unsaid' },
  };
}

function versionOf(text: string): VersionName | undefined {
  const name = text === 'TLSv1.0' ? 'TLSv1' : text;
  return versionNames.find((one) => one === name);
}
