/** sslscan: versions and suites with OpenSSL and with hellos of its own, groups, certificates; it judges none. */
import { fingerprintsIn, ianaGroup, ianaSuite } from '../names.ts';
import { listed, type Sighting, type VersionName, versionNames } from '../sighting.ts';
import { quoted, shell, type Tool } from '../tool.ts';
import { attributes, element } from '../xml.ts';

export const sslscan: Tool = {
  name: 'sslscan',
  peer: 'scanners',
  starttls: {
    smtp: ['--starttls-smtp'],
    submission: ['--starttls-smtp'],
    imap: ['--starttls-imap'],
    pop3: ['--starttls-pop3'],
    ldap: ['--starttls-ldap'],
    ftp: ['--starttls-ftp'],
    xmpp: ['--starttls-xmpp'],
    'xmpp-server': ['--starttls-xmpp'],
    postgres: ['--starttls-psql'],
    mysql: ['--starttls-mysql'],
  },
  async look(sandbox, { host, port }, words) {
    const options = ['--show-certificate', '--no-heartbleed', '--no-renegotiation', '--no-fallback'];
    const call = ['sslscan', ...words, ...options, `--sni-name=${host}`, '--xml=/peer/out.xml'];
    const lines = `${[...call, `${host}:${port}`].map(quoted).join(' ')} >/dev/null; cat /peer/out.xml`;
    return sightingOf(await shell(sandbox, lines, 120));
  },
};

export function sightingOf(xml: string): Sighting {
  const versions = new Map<VersionName, boolean>();
  for (const { type, version, enabled } of attributes(xml, 'protocol')) {
    const name = versionOf(`${type === 'ssl' ? 'SSLv' : 'TLSv'}${version}`);
    if (name !== undefined) versions.set(name, enabled === '1');
  }
  const suites = new Map<VersionName, string[]>();
  for (const { sslversion = '', id = '' } of attributes(xml, 'cipher')) {
    const version = versionOf(sslversion);
    if (version === undefined) continue;
    suites.set(version, [...(suites.get(version) ?? []), ianaSuite(id.slice(2))]);
  }
  const groups = attributes(xml, 'group').map(({ name = '' }) => ianaGroup(name.replace(/ \(.*/, '')));
  return {
    versions,
    suites: new Map([...suites].map(([version, names]) => [version, listed(names, true)])),
    groups: listed(groups, groups.length > 0),
    // Of one handshake.
    certificates: listed(fingerprintsIn(element(xml, 'certificate-blob')), false),
    verified: { kind: 'unsaid' },
  };
}

function versionOf(text: string): VersionName | undefined {
  const name = text === 'TLSv1.0' ? 'TLSv1' : text;
  return versionNames.find((one) => one === name);
}
