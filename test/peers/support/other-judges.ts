/** What python3-spf, python3-dkim, opendkim and opendmarc make of mail; and mail that python3-dkim signed. */
import { writeFile } from 'node:fs/promises';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** A message with its envelope. */
export interface JudgedMail {
  readonly client: string;
  readonly hello: string;
  /** Empty: the null sender. */
  readonly sender: string;
  readonly mail: string;
}

/** Words as each of them has them. */
export interface OtherWords {
  readonly pyspf: string;
  /** `pass` or `fail` for each signature: it knows nothing in between. */
  readonly dkimpy: readonly string[];
  /** `none`, `pass` or `fail`. */
  readonly dkimpyArc: string;
  readonly opendkim: readonly string[];
  /** Given SPF by python3-spf and DKIM by opendkim. */
  readonly opendmarc: string;
}

export interface Order {
  readonly mail: string;
  readonly kind: 'dkim' | 'arc';
  readonly domain: string;
  readonly selector: string;
  /** PEM; of Ed25519 the seed in base64. */
  readonly key: string;
  readonly algorithm: string;
  readonly canonical: readonly [string, string];
}

export interface OtherJudges {
  /** The mail with what was ordered in front. */
  sign(orders: readonly Order[]): Promise<readonly string[]>;
  judge(all: readonly JudgedMail[]): Promise<readonly OtherWords[]>;
  close(): Promise<void>;
}

const judgeScript = `
import json, sys
import spf, dkim
def each(message):
    found = []
    for index in range(len([h for h in dkim.rfc822_parse(message)[0] if h[0].lower() == b'dkim-signature'])):
        try:
            found.append('pass' if dkim.DKIM(message).verify(idx=index) else 'fail')
        except dkim.DKIMException:
            found.append('fail')
    return found
def chain(message):
    try:
        return dkim.ARC(message).verify()[0].decode()
    except Exception as error:
        return type(error).__name__
out = []
for one in json.load(sys.stdin):
    message = one['mail'].encode('latin1')
    said = spf.check2(i=one['client'], s=one['sender'], h=one['hello'])
    out.append({'pyspf': said[0], 'dkimpy': each(message), 'dkimpyArc': chain(message)})
json.dump(out, sys.stdout)
`;

const signScript = `
import json, sys
import dkim
out = []
for one in json.load(sys.stdin):
    message = one['mail'].encode('latin1')
    b = lambda name: one[name].encode()
    if one['kind'] == 'arc':
        said = b''.join(dkim.arc_sign(message, b('selector'), b('domain'), b('key'), b('domain')))
    else:
        said = dkim.sign(message, b('selector'), b('domain'), b('key'), signature_algorithm=b('algorithm'),
                         canonicalize=tuple(c.encode() for c in one['canonical']))
    out.append((said + message).decode('latin1'))
json.dump(out, sys.stdout)
`;

/** @param root of the set `mailauth`. @param resolver asked by all of them, at port 53. */
export async function openOtherJudges(root: string, resolver: string): Promise<OtherJudges> {
  const sandbox = await openSandbox(root, {
    files: {
      '/etc/resolv.conf': `nameserver ${resolver}\noptions timeout:1 attempts:1\n`,
      '/peer/judge.py': judgeScript,
      '/peer/sign.py': signScript,
      // All the suffixes that the tests use.
      '/peer/suffixes': 'test\norg\n',
      '/peer/opendkim.conf':
        'Mode v\nSyslog no\nAlwaysAddARHeader yes\nAuthservID opendkim\nUserID root\nDNSTimeout 2\nResolverConfiguration /peer/unbound.conf\n',
      // It asks by libunbound, which asks neither this host nor for names in .test unless it is told to.
      '/peer/unbound.conf': `server:\n do-not-query-localhost: no\n local-zone: "test." transparent\n module-config: "iterator"\nforward-zone:\n name: "."\n forward-addr: ${resolver}\n`,
      '/peer/opendmarc.conf':
        'AuthservID opendmarc\nSyslog false\nTrustedAuthservIDs opendkim\nPublicSuffixList /peer/suffixes\n',
    },
  });
  return {
    sign: (orders) => python<readonly string[]>(sandbox, 'sign', orders),
    async judge(all) {
      const words = await python<readonly Omit<OtherWords, 'opendkim' | 'opendmarc'>[]>(
        sandbox,
        'judge',
        all,
      );
      if (words.length !== all.length) throw new Error(`python3 judged ${words.length} of ${all.length}`);
      const signatures = await milter(
        sandbox,
        'opendkim',
        '-x',
        all.map(({ mail }) => mail),
      );
      const withResults = all.map(({ mail, sender, hello }, index) => {
        // With the address instead of its domain it believes no SPF.
        const identity =
          sender === '' ? `smtp.helo=${hello}` : `smtp.mailfrom=${sender.slice(sender.indexOf('@') + 1)}`;
        const spf = `opendkim; spf=${words[index]?.pyspf} ${identity}`;
        return [spf, signatures[index]?.replaceAll('\n', '\r\n') ?? '']
          .map((value) => `Authentication-Results: ${value}\r\n`)
          .join('')
          .concat(mail);
      });
      const policies = await milter(sandbox, 'opendmarc', '-c', withResults);
      return words.map((one, index) => ({
        ...one,
        opendkim: wordsOf(signatures[index] ?? '', 'dkim'),
        opendmarc: wordsOf(policies[index] ?? '', 'dmarc')[0] ?? 'nothing',
      }));
    },
    close: () => sandbox.close(),
  };
}

async function python<Result>(sandbox: Sandbox, script: string, input: unknown): Promise<Result> {
  const done = await sandbox.run('/usr/bin/python3', [`/peer/${script}.py`], {
    input: JSON.stringify(input),
  });
  if (done.code !== 0) throw new Error(`${script}.py: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

/** @returns the value of the field that the milter would add to each, one after the other. */
async function milter(
  sandbox: Sandbox,
  name: 'opendkim' | 'opendmarc',
  option: string,
  mails: readonly string[],
): Promise<readonly string[]> {
  for (const [index, mail] of mails.entries())
    await writeFile(sandbox.path(`/peer/${name}-${index}.eml`), mail, 'latin1');
  const one = `/usr/sbin/${name} ${option} /peer/${name}.conf -vvv -t "/peer/${name}-$i.eml" 2>&1`;
  const numbers = [...mails.keys()].join(' ');
  const done = await sandbox.run('/bin/sh', ['-c', `for i in ${numbers}; do echo "@@@$i"; ${one}; done`]);
  return done.stdout
    .split(/^@@@\d+\n/m)
    .slice(1)
    .map((said) => /hname='Authentication-Results' hvalue='([^']*)'/.exec(said)?.[1] ?? `nothing; ${said}`);
}

function wordsOf(value: string, method: string): readonly string[] {
  return [...value.matchAll(new RegExp(`\\b${method}=([a-z]+)`, 'g'))].map(([, word]) => word ?? '');
}
