/** Mail of every kind that SPF, DKIM, ARC and DMARC tell apart, with what ours says and where others say otherwise. */
import type { ScriptedZone } from '../../support/scripted-zone.ts';
import { ed25519Key, rsaKey, type Signing, signed } from '../../support/signed-mail.ts';
import type { JudgedMail, Order, OtherWords } from './other-judges.ts';

export interface Words {
  readonly spf: string;
  readonly dkim: readonly string[];
  readonly arc: string;
  readonly dmarc: string;
}

export interface JudgedCase extends JudgedMail {
  /** Its subject, too. */
  readonly name: string;
  readonly ours: Words;
  /** What others say that is not what ours says. */
  readonly differs: Partial<OtherWords>;
}

interface Made {
  readonly zone: ScriptedZone;
  /** What python3-dkim is to sign first, by name. */
  readonly orders: ReadonlyMap<string, Order>;
  readonly cases: readonly JudgedCase[];
}

const rsa = rsaKey(2048);
const small = rsaKey(768);
const edwards = ed25519Key();
/** Seed of the key, as python3-dkim wants it. */
const seed = edwards.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64');
const pem = rsa.privateKey.export({ format: 'pem', type: 'pkcs1' });

/** Behind a network that a record names; and one that none does. */
const INSIDE = '127.0.1.1';
const OUTSIDE = '127.0.9.9';

const keyTexts = (record: string): readonly string[] => [
  (record.match(/.{1,200}/g) ?? []).map((part) => `"${part}"`).join(' '),
];

/** Mail of that domain; the case's name is its subject. */
function letter(name: string, domain: string, body = 'Hello Ben,\r\n\r\nthis is it.\r\n'): string {
  return `From: Anna <anna@${domain}>\r\nTo: ben@example.test\r\nSubject: ${name}\r\nDate: Sat, 28 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${domain}@x>\r\n\r\n${body}`;
}

const nothing = { dkim: [], arc: 'none', dmarc: 'none' };

interface SpfCase {
  readonly zone: ScriptedZone;
  readonly result: string;
  readonly more?: Partial<JudgedMail>;
  readonly differs?: Partial<OtherWords>;
}

const txt = (text: string): readonly string[] => [`"${text}"`];
const many = (count: number, term: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => term(index)).join(' ');

/** By name; the name is the first label of the domain. */
const spfCases: Readonly<Record<string, SpfCase>> = {
  pass: { zone: { 'pass.test TXT': txt('v=spf1 ip4:127.0.0.0/21 -all') }, result: 'pass' },
  fail: { zone: { 'fail.test TXT': txt('v=spf1 ip4:192.0.2.1 -all') }, result: 'fail' },
  softfail: { zone: { 'softfail.test TXT': txt('v=spf1 ~all') }, result: 'softfail' },
  neutral: { zone: { 'neutral.test TXT': txt('v=spf1 ?all') }, result: 'neutral' },
  none: { zone: { 'none.test TXT': txt('v=spf2 -all') }, result: 'none' },
  mechanism: { zone: { 'mechanism.test TXT': txt('v=spf1 foo:bar -all') }, result: 'permerror' },
  behind: { zone: { 'behind.test TXT': txt('v=spf1 ip4:127.0.1.1 foo:bar -all') }, result: 'permerror' },
  two: { zone: { 'two.test TXT': ['"v=spf1 -all"', '"v=spf1 +all"'] }, result: 'permerror' },
  lost: { zone: { 'lost.test TXT': 'unknown' }, result: 'temperror' },
  loop: {
    zone: {
      'loop.test TXT': txt('v=spf1 include:loop2.test -all'),
      'loop2.test TXT': txt('v=spf1 include:loop.test -all'),
    },
    result: 'permerror',
  },
  eleven: {
    zone: {
      'eleven.test TXT': txt(`v=spf1 ${many(11, (index) => `a:h${index}.eleven.test`)} +all`),
      ...Object.fromEntries(
        Array.from({ length: 11 }, (_, index) => [`h${index}.eleven.test A`, ['192.0.2.1']]),
      ),
    },
    result: 'permerror',
  },
  void: {
    zone: { 'void.test TXT': txt('v=spf1 a:a.nowhere.test a:b.nowhere.test a:c.nowhere.test +all') },
    result: 'permerror',
  },
  macro: {
    zone: {
      'macro.test TXT': txt('v=spf1 exists:%{ir}.%{l}.%{d2} -all'),
      '1.1.0.127.anna.macro.test A': ['127.0.0.2'],
    },
    result: 'pass',
  },
  mx: {
    zone: {
      'mx.test TXT': txt('v=spf1 mx/24 -all'),
      'mx.test MX': ['10 h.mx.test.'],
      'h.mx.test A': ['127.0.1.200'],
    },
    result: 'pass',
  },
  redirect: {
    zone: { 'redirect.test TXT': txt('v=spf1 redirect=pass.test') },
    result: 'pass',
  },
  unfinished: { zone: { 'unfinished.test TXT': txt('v=spf1 include:none.test -all') }, result: 'permerror' },
  badip: { zone: { 'badip.test TXT': txt('v=spf1 ip4:127.0.1.300 -all') }, result: 'permerror' },
  ptr: {
    zone: {
      'ptr.test TXT': txt('v=spf1 ptr -all'),
      '1.1.0.127.in-addr.arpa PTR': ['h.ptr.test.'],
      'h.ptr.test A': [INSIDE],
    },
    result: 'pass',
  },
  spaces: { zone: { 'spaces.test TXT': txt(' v=spf1 +all') }, result: 'none' },
  helo: {
    zone: { 'helo.test TXT': txt('v=spf1 ip4:127.0.1.0/24 -all') },
    result: 'pass',
    more: { sender: '', hello: 'helo.test' },
  },
};

interface DkimCase {
  readonly by?: Partial<Signing>;
  /** Signed by python3-dkim instead. */
  readonly order?: Partial<Order>;
  readonly key?: readonly string[] | 'unknown' | 'none';
  readonly change?: (mail: string) => string;
  readonly body?: string;
  readonly result: string;
  readonly dmarc?: string;
  readonly differs?: Partial<OtherWords>;
}

const old = { signTime: new Date('2020-01-01T00:00:00Z'), expires: new Date('2020-02-01T00:00:00Z') };

/** Each from a domain with `p=reject`, from a host that SPF knows nothing of. */
const dkimCases: Readonly<Record<string, DkimCase>> = {
  relaxed: { result: 'pass' },
  simple: { order: { canonical: ['simple', 'simple'] }, result: 'pass' },
  halfsimple: { order: { canonical: ['relaxed', 'simple'] }, result: 'pass' },
  edwards: {
    order: { key: seed, algorithm: 'ed25519-sha256' },
    key: [`"${edwards.record}"`],
    result: 'pass',
  },
  edwardsours: { by: { key: edwards }, key: [`"${edwards.record}"`], result: 'pass' },
  empty: { body: '', result: 'pass' },
  body: { change: (mail) => mail.replace('this is', 'this was'), result: 'fail' },
  header: { change: (mail) => mail.replace('To: ben', 'To: tom'), result: 'fail' },
  limited: { by: { maxBodyLength: 10 }, change: (mail) => `${mail}and more\r\n`, result: 'pass' },
  expired: { by: old, result: 'neutral' },
  revoked: { key: ['"v=DKIM1; p="'], result: 'neutral' },
  nokey: { key: 'none', result: 'neutral' },
  lostkey: { key: 'unknown', result: 'temperror', dmarc: 'temperror' },
  testing: { key: keyTexts(`${rsa.record}; t=y`), result: 'pass' },
  service: { key: keyTexts(`${rsa.record}; s=other`), result: 'neutral' },
  smallkey: { by: { key: small }, key: keyTexts(small.record), result: 'policy' },
  sha1: { by: { algorithm: 'rsa-sha1' }, result: 'policy' },
};

/** The sender that `opendmarc -t` has, whatever it is told. */
const PLAIN = 'sender@example.org';

/** With its own record, and its own sender. */
const dmarcCases: readonly {
  readonly name: string;
  readonly record: readonly string[] | 'unknown';
  readonly sender: string;
  /** Domain in From. */
  readonly author?: string;
  /** Where the record is. */
  readonly at?: string;
  readonly dmarc: string;
  readonly change?: (mail: string) => string;
  readonly differs?: Partial<OtherWords>;
}[] = [
  { name: 'aligned', record: txt('v=DMARC1; p=reject'), sender: PLAIN, author: 'example.org', dmarc: 'pass' },
  {
    name: 'below',
    record: txt('v=DMARC1; p=reject'),
    sender: PLAIN,
    author: 'below.example.org',
    dmarc: 'pass',
  },
  {
    name: 'strict',
    record: txt('v=DMARC1; p=reject; aspf=s'),
    sender: PLAIN,
    author: 'strict.example.org',
    dmarc: 'fail',
  },
  { name: 'foreign', record: txt('v=DMARC1; p=none'), sender: 'a@pass.test', dmarc: 'fail' },
  {
    name: 'subpolicy',
    record: txt('v=DMARC1; p=none; sp=reject'),
    sender: 'a@pass.test',
    author: 'x.subpolicy.test',
    at: 'subpolicy.test',
    dmarc: 'fail',
  },
  { name: 'trying', record: txt('v=DMARC1; p=reject; t=y'), sender: 'a@pass.test', dmarc: 'fail' },
  {
    name: 'tworecords',
    record: ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'],
    sender: 'a@pass.test',
    dmarc: 'none',
  },
  { name: 'lostrecord', record: 'unknown', sender: 'a@pass.test', dmarc: 'temperror' },
  {
    name: 'authors',
    record: txt('v=DMARC1; p=none'),
    sender: 'a@authors.test',
    change: (mail) => `From: ceo@pass.test\r\n${mail}`,
    dmarc: 'permerror',
  },
];

/** Names of cases and what others say of them; docs/authentication.md says why. */
export type Differences = Readonly<Record<string, Partial<OtherWords>>>;

export async function judgedCases(differences: Differences): Promise<Made> {
  const zone: Record<string, readonly string[] | 'unknown'> = {};
  const orders = new Map<string, Order>();
  const cases: JudgedCase[] = [];
  const add = (name: string, ours: Words, mail: JudgedMail): void => {
    cases.push({ name, ours, differs: differences[name] ?? {}, ...mail });
  };
  const from = (domain: string, client: string) => ({
    client,
    hello: 'client.other.test',
    sender: `anna@${domain}`,
  });

  for (const [name, { zone: own, result, more }] of Object.entries(spfCases)) {
    Object.assign(zone, own);
    const mail = letter(name, `${name}.test`);
    add(name, { spf: result, ...nothing }, { ...from(`${name}.test`, INSIDE), mail, ...more });
  }
  for (const [name, one] of Object.entries(dkimCases)) {
    const domain = `${name}.test`;
    const { key = keyTexts(rsa.record), result, by, order, change = (mail: string) => mail, body } = one;
    zone[`_dmarc.${domain} TXT`] = txt('v=DMARC1; p=reject');
    if (key !== 'none') zone[`s1._domainkey.${domain} TXT`] = key;
    const plain = letter(name, domain, body);
    const dmarc = one.dmarc ?? (result === 'pass' ? 'pass' : 'fail');
    const usual = { domain, selector: 's1' };
    if (order !== undefined)
      orders.set(name, {
        mail: plain,
        kind: 'dkim',
        ...usual,
        key: pem,
        algorithm: 'rsa-sha256',
        canonical: ['relaxed', 'relaxed'],
        ...order,
      });
    const mail = order === undefined ? change(await signed(plain, { ...usual, key: rsa, ...by })) : plain;
    add(name, { spf: 'none', dkim: [result], arc: 'none', dmarc }, { ...from(domain, OUTSIDE), mail });
  }
  for (const {
    name,
    record,
    sender,
    author = `${name}.test`,
    at = author,
    dmarc,
    change = (mail: string) => mail,
  } of dmarcCases) {
    zone[`_dmarc.${at} TXT`] = record;
    const domain = sender.slice(sender.indexOf('@') + 1);
    zone[`${domain} TXT`] = txt('v=spf1 ip4:127.0.1.0/24 -all');
    zone[`${author} A`] = [INSIDE];
    const mail = change(letter(name, author));
    add(name, { spf: 'pass', dkim: [], arc: 'none', dmarc }, { ...from(domain, INSIDE), sender, mail });
  }
  await addSealed(zone, orders, add);
  return { zone, orders, cases };
}

/** Two signatures, and chains that python3-dkim sealed. */
async function addSealed(
  zone: Record<string, readonly string[] | 'unknown'>,
  orders: Map<string, Order>,
  add: (name: string, ours: Words, mail: JudgedMail) => void,
): Promise<void> {
  const envelope = { client: OUTSIDE, hello: 'client.other.test', sender: 'a@none.test' };
  for (const name of ['twosigned', 'sealed', 'resealed']) {
    zone[`s1._domainkey.${name}.test TXT`] = keyTexts(rsa.record);
    zone[`_dmarc.${name}.test TXT`] = txt('v=DMARC1; p=reject');
  }
  const by = { selector: 's1', key: rsa };
  const once = await signed(letter('twosigned', 'twosigned.test'), { ...by, domain: 'other.test' });
  const twice = await signed(once, { ...by, domain: 'twosigned.test' });
  add(
    'twosigned',
    { spf: 'none', dkim: ['pass', 'neutral'], arc: 'none', dmarc: 'pass' },
    { ...envelope, mail: twice },
  );
  for (const [name, arc] of [
    ['sealed', 'pass'],
    ['resealed', 'fail'],
  ] as const) {
    const domain = `${name}.test`;
    const mail = `Authentication-Results: ${domain}; dmarc=pass header.from=${domain}\r\n${letter(name, domain)}`;
    orders.set(name, {
      mail,
      kind: 'arc',
      domain,
      selector: 's1',
      key: pem,
      algorithm: 'rsa-sha256',
      canonical: ['relaxed', 'relaxed'],
    });
    add(name, { spf: 'none', dkim: [], arc, dmarc: 'fail' }, { ...envelope, mail });
  }
}
